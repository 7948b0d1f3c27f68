/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The placements that no other beats, kept while they are found. */
#include "api/route.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums in another order differ in the last bits: below this, two values are the same. Underuse is
 * a difference from 1, so for it this is no share but the step itself. */
#define SAME_RATIO 1e-12

static double rounding(int objective, double value)
{
    return SAME_RATIO * (objective == ROUTE_UNDERUSE ? 1.0 : fabs(value));
}

static bool as_good(const double *x, const double *y, const bool *wanted)
{
    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        if (wanted[q] && x[q] > y[q] + rounding(q, y[q]))
            return false;
    return true;
}

bool placement_front_covers(const struct placement_front *f, const double *v, const bool *wanted)
{
    for (size_t i = 0; i < f->n; i++)
        if (as_good(f->plan[i].objective, v, wanted))
            return true;
    return false;
}

cosim_status placement_front_add(struct placement_front *f, const struct placement *plan,
                                 const bool *wanted, struct arena *a, cosim_error *e)
{
    size_t kept = 0;

    if (placement_front_covers(f, plan->objective, wanted))
        return COSIM_OK;
    for (size_t j = 0; j < f->n; j++)
        if (!as_good(plan->objective, f->plan[j].objective, wanted))
            f->plan[kept++] = f->plan[j];
    f->n = kept;
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        struct placement *more = ARENA_NEW(a, struct placement, f->cap);
        if (!more)
            return err_set(e, COSIM_ENOMEM, "out of memory for placements");
        if (f->n > 0)
            memcpy(more, f->plan, f->n * sizeof *more);
        f->plan = more;
    }
    f->plan[f->n++] = *plan;
    return COSIM_OK;
}

static int by_objectives(const void *x, const void *y)
{
    const struct placement *a = x, *b = y;

    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        if (a->objective[q] < b->objective[q] || a->objective[q] > b->objective[q])
            return a->objective[q] < b->objective[q] ? -1 : 1;
    return 0;
}

void placement_front_sort(struct placement_front *f, const bool *wanted)
{
    if (f->n > 1)
        qsort(f->plan, f->n, sizeof *f->plan, by_objectives);
    if (wanted[ROUTE_LATENCY] || f->n < 2)
        return;
    const int lead = wanted[ROUTE_ENERGY] ? ROUTE_ENERGY : ROUTE_UNDERUSE;
    for (size_t i = 1; i < f->n; i++) {
        const struct placement plan = f->plan[i];
        size_t j = i;
        for (; j > 0 && f->plan[j - 1].objective[lead] > plan.objective[lead]; j--)
            f->plan[j] = f->plan[j - 1];
        f->plan[j] = plan;
    }
}
