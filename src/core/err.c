/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/err.h"

#include <stdarg.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static cosim_status
set(cosim_error *e, cosim_status st, const struct src_pos *at, const char *fmt, va_list ap)
{
    if (!e || e->status != COSIM_OK)
        return st;
    memset(e, 0, sizeof *e);
    e->status = st;
    if (at) {
        e->line = at->line;
        e->col = at->col;
        if (at->file)
            (void)snprintf(e->file, sizeof e->file, "%s", at->file);
    }
    (void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    return st;
}

cosim_status err_at(cosim_error *e, cosim_status st, const struct src_pos *at, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)set(e, st, at, fmt, ap);
    va_end(ap);
    return st;
}

cosim_status err_set(cosim_error *e, cosim_status st, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)set(e, st, NULL, fmt, ap);
    va_end(ap);
    return st;
}

void err_hint(cosim_error *e, const char *fmt, ...)
{
    va_list ap;

    if (!e || e->status == COSIM_OK || e->hint[0])
        return;
    va_start(ap, fmt);
    (void)vsnprintf(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
}

void err_clear(cosim_error *e)
{
    if (e)
        memset(e, 0, sizeof *e);
}
