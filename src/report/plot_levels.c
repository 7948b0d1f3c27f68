/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "report/plot_parts.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The next of 1, 2, 5, 10, ... times a power of ten; the slack keeps 0.2 at 0.2. */
static double round_away(double magnitude, bool up)
{
    static const double digit[] = { 1, 2, 5, 10 };
    const double decade = pow(10, floor(log10(magnitude)));
    double below = decade;

    for (size_t i = 0; i < sizeof digit / sizeof *digit; i++) {
        const double v = digit[i] * decade;
        if (up && v >= magnitude * (1 - 1e-9))
            return v;
        if (v <= magnitude * (1 + 1e-9))
            below = v;
    }
    return below;
}

static double limit_of(double cost)
{
    if (cost == 0.0)
        return 0.0;
    return cost > 0 ? round_away(cost, true) : -round_away(-cost, false);
}

cosim_status levels_of(struct plot *p, const double *v, size_t n, bool maximise, struct levels *l,
                       cosim_error *e)
{
    double *cost = ARENA_NEW(&p->a, double, n + 1);
    size_t known = 0;

    l->n = 0;
    if (!cost)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t i = 0; i < n; i++)
        if (is_known(v[i]))
            cost[known++] = maximise ? -v[i] : v[i];
    qsort(cost, known, sizeof *cost, ascending);
    for (size_t i = 1; i <= LEVELS_MAX && known > 0; i++) {
        const double limit = limit_of(cost[i * known / LEVELS_MAX - (i * known >= LEVELS_MAX)]);
        if (l->n == 0 || limit > (maximise ? -1 : 1) * l->limit[l->n - 1])
            l->limit[l->n++] = maximise ? -limit : limit;
    }
    return COSIM_OK;
}

bool level_holds(double v, double limit, bool maximise)
{
    return maximise ? v >= limit : v <= limit;
}
