/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/precision.h"

#include <string.h>

static const char *const names[N_PREC] = {
#define PRECISION_NAME(id, name, bits) name,
    PRECISION_LIST(PRECISION_NAME)
#undef PRECISION_NAME
};

const char *precision_name(enum precision p)
{
    return names[p];
}

enum precision precision_find(const char *name)
{
    for (int p = 0; p < N_PREC; p++)
        if (strcmp(names[p], name) == 0)
            return (enum precision)p;
    return N_PREC;
}
