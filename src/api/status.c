/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cosim.h"

#define TEXT(x) #x
#define DOTTED(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

static const struct {
    const char *name, *text;
    int exit_code;
} status_table[COSIM_STATUS_COUNT] = {
#define STATUS_ROW(id, code, text) { #id, text, code },
    COSIM_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
};

const char *cosim_version(void)
{
    return DOTTED(COSIM_VERSION_MAJOR, COSIM_VERSION_MINOR, COSIM_VERSION_PATCH);
}

static cosim_status clamp(cosim_status st)
{
    return (unsigned)st < COSIM_STATUS_COUNT ? st : COSIM_EINTERNAL;
}

const char *cosim_status_name(cosim_status st)
{
    return status_table[clamp(st)].name;
}

const char *cosim_status_text(cosim_status st)
{
    return status_table[clamp(st)].text;
}

int cosim_status_exit_code(cosim_status st)
{
    return status_table[clamp(st)].exit_code;
}
