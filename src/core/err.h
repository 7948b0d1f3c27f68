/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors with a place. The library's one error convention: see include/cosim.h. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include "cosim.h"

/* A position in an input; line and col are 1-based, 0 = not applicable. */
struct src_pos {
    const char *file;
    unsigned line, col;
};

/** Fills `e` unless it already holds an error (the FIRST one is kept); returns `st`. `e` may be
 * NULL. */
cosim_status err_at(cosim_error *e, cosim_status st, const struct src_pos *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** As err_at without a place. */
cosim_status err_set(cosim_error *e, cosim_status st, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Adds a hint to the error that is already in `e`; the first hint is kept. `e` may be NULL. */
void err_hint(cosim_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(cosim_error *e);

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        const cosim_status try_st_ = (expr);                                                       \
        if (try_st_ != COSIM_OK)                                                                   \
            return try_st_;                                                                        \
    } while (0)

#endif
