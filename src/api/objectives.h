/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns of any table as objectives: minimised, rows with an unknown one left out. */
#ifndef API_OBJECTIVES_H
#define API_OBJECTIVES_H

#include "core/arena.h"
#include "core/table.h"
#include "search/hypervolume.h"
#include "search/indicators.h"

#include <stdbool.h>

/* Zero-initialise, release the arena. */
struct objectives {
    struct arena arena;
    size_t n, m, n_unknown;
    const char *name[HV_MAX_OBJ];
    bool maximised[HV_MAX_OBJ];
    double *obj[HV_MAX_OBJ];
    size_t *row; /* of the table, ascending */
};

/**
 * columns NULL: all columns of numbers. Columns called as metrics of this program have their sense;
 * `maximise` names further ones that are better when larger (NULL = none). EUNKNOWN for a name that
 * is no column, ESYNTAX for one without numbers.
 */
cosim_status objectives_read(struct objectives *o, const struct table *t, const char *columns,
                             const char *maximise, cosim_error *e);

/** Keeps the non-dominated points, in place. */
cosim_status objectives_keep_front(struct objectives *o, cosim_error *e);

static inline struct points objectives_points(const struct objectives *o)
{
    return (struct points){ o->n, o->m, (const double *const *)o->obj };
}

#endif
