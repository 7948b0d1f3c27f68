/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/indicators.h"

#include "core/num.h"
#include "search/sort.h"

#include <stdint.h>
#include <stdlib.h>

void indicator_normalise(const struct points *p, const double *ideal, const double *nadir,
                         double *const *out)
{
    for (size_t j = 0; j < p->m; j++) {
        const double range = nadir[j] - ideal[j];
        for (size_t i = 0; i < p->n; i++)
            out[j][i] = range > 0 ? (p->obj[j][i] - ideal[j]) / range : 0;
    }
}

void indicator_range(const struct points *p, double *ideal, double *nadir)
{
    for (size_t j = 0; j < p->m; j++) {
        ideal[j] = nadir[j] = p->n ? p->obj[j][0] : UNKNOWN_F64;
        for (size_t i = 1; i < p->n; i++) {
            ideal[j] = min_f64(p->obj[j][i], ideal[j]);
            nadir[j] = max_f64(p->obj[j][i], nadir[j]);
        }
    }
}

double indicator_igd_plus(const struct points *front, const struct points *reference)
{
    double sum = 0;

    for (size_t r = 0; r < reference->n; r++) {
        double least2 = INF_F64;
        for (size_t i = 0; i < front->n; i++) {
            double d2 = 0;
            for (size_t j = 0; j < front->m; j++) {
                const double worse = front->obj[j][i] - reference->obj[j][r];
                d2 += worse > 0 ? worse * worse : 0;
            }
            least2 = min_f64(d2, least2);
        }
        sum += sqrt(least2);
    }
    return reference->n ? sum / (double)reference->n : UNKNOWN_F64;
}

double indicator_epsilon(const struct points *front, const struct points *reference)
{
    double eps = -INF_F64;

    for (size_t r = 0; r < reference->n; r++) {
        double least = INF_F64;
        for (size_t i = 0; i < front->n; i++) {
            double shift = -INF_F64;
            for (size_t j = 0; j < front->m; j++)
                shift = max_f64(front->obj[j][i] - reference->obj[j][r], shift);
            least = min_f64(shift, least);
        }
        eps = max_f64(least, eps);
    }
    return eps;
}

static double distance(const struct points *a, size_t i, const struct points *b, size_t k)
{
    double d2 = 0;

    for (size_t j = 0; j < a->m; j++) {
        const double d = a->obj[j][i] - b->obj[j][k];
        d2 += d * d;
    }
    return sqrt(d2);
}

/* From a point to the nearest one of the front other than `except`. */
static double nearest(const struct points *from, size_t i, const struct points *front,
                      size_t except)
{
    double least = INF_F64;

    for (size_t k = 0; k < front->n; k++)
        if (k != except)
            least = min_f64(distance(from, i, front, k), least);
    return least;
}

double indicator_spread(const struct points *front, const struct points *reference)
{
    double extremes = 0, mean = 0, deviation = 0;

    if (front->n < 2 || reference->n == 0)
        return 1;
    for (size_t j = 0; j < front->m; j++) {
        size_t worst = 0; /* the reference's end in objective j */
        for (size_t r = 1; r < reference->n; r++)
            if (reference->obj[j][r] > reference->obj[j][worst])
                worst = r;
        extremes += nearest(reference, worst, front, SIZE_MAX);
    }
    for (size_t i = 0; i < front->n; i++)
        mean += nearest(front, i, front, i) / (double)front->n;
    for (size_t i = 0; i < front->n; i++)
        deviation += fabs(nearest(front, i, front, i) - mean);
    const double whole = extremes + (double)front->n * mean;
    return whole > 0 ? (extremes + deviation) / whole : 0;
}

cosim_status indicator_crowding(const struct points *p, double *crowding, cosim_error *e)
{
    const size_t n = p->n;
    uint32_t *order = malloc((2 * n + 1) * sizeof *order);
    uint64_t *keys = malloc((2 * n + 1) * sizeof *keys);

    if (!order || !keys) {
        free(order);
        free(keys);
        return err_set(e, COSIM_ENOMEM, "no memory for the crowding of %zu points", n);
    }
    for (size_t i = 0; i < n; i++)
        crowding[i] = 0;
    for (size_t j = 0; j < p->m && n > 0; j++) {
        const double *v = p->obj[j];
        for (size_t i = 0; i < n; i++)
            order[i] = (uint32_t)i;
        sort_order(v, n, order, order + n, keys);
        const double range = v[order[n - 1]] - v[order[0]];
        crowding[order[0]] = crowding[order[n - 1]] = INF_F64;
        for (size_t i = 1; i + 1 < n && range > 0; i++)
            crowding[order[i]] += (v[order[i + 1]] - v[order[i - 1]]) / range;
    }
    free(order);
    free(keys);
    return COSIM_OK;
}
