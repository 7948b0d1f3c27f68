/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/vary.h"

#include "core/detmath.h"

#include <math.h>
#include <string.h>

#define SAME 1e-14 /* parents closer than this are one */

static void bounds(const struct search_axis *a, double *lo, double *hi)
{
    *lo = a->kind == AXIS_REAL ? a->lo : 0;
    *hi = a->kind == AXIS_REAL ? a->hi : (double)a->n - 1;
}

static double settle(const struct search_axis *a, double v)
{
    double lo, hi;

    bounds(a, &lo, &hi);
    v = v < lo ? lo : v > hi ? hi : v;
    return a->kind == AXIS_REAL ? v : floor(v + 0.5);
}

/* The spread factor of one side; beta grows with the distance to the bound. */
static double spread(double u, double beta, double eta)
{
    const double alpha = 2 - det_pow(beta, -(eta + 1));

    return u <= 1 / alpha ? det_pow(u * alpha, 1 / (eta + 1))
                          : det_pow(1 / (2 - u * alpha), 1 / (eta + 1));
}

static void cross_number(const struct search_axis *axis, double eta, struct rng *r, double *a,
                         double *b)
{
    double lo, hi;

    bounds(axis, &lo, &hi);
    const double y1 = *a < *b ? *a : *b, y2 = *a < *b ? *b : *a, gap = y2 - y1;
    if (rng_f64(r) > 0.5 || !(gap > SAME * (hi - lo)))
        return;
    const double u = rng_f64(r);
    const double c1 = 0.5 * (y1 + y2 - spread(u, 1 + 2 * (y1 - lo) / gap, eta) * gap);
    const double c2 = 0.5 * (y1 + y2 + spread(u, 1 + 2 * (hi - y2) / gap, eta) * gap);
    const int swap = rng_f64(r) < 0.5;
    *a = settle(axis, swap ? c2 : c1);
    *b = settle(axis, swap ? c1 : c2);
}

/* A slice of `keep` stays in place, the rest follows in the order of `fill`. */
static void order_cross(size_t n, size_t from, size_t to, const double *keep, const double *fill,
                        double *out)
{
    size_t w = 0;

    for (size_t i = 0; i < n; i++) {
        int kept = 0;
        for (size_t k = from; k < to && !kept; k++)
            kept = keep[k] == fill[i];
        if (kept)
            continue;
        if (w == from)
            w = to;
        out[w++] = fill[i];
    }
    memcpy(out + from, keep + from, (to - from) * sizeof *out);
}

void vary_cross(const struct search_problem *p, const struct vary *v, struct rng *r,
                const double *a, const double *b, double *child_a, double *child_b)
{
    const size_t n_vars = problem_n_vars(p);
    size_t at = 0;

    memcpy(child_a, a, n_vars * sizeof *a);
    memcpy(child_b, b, n_vars * sizeof *b);
    if (rng_f64(r) >= v->crossover_p)
        return;
    for (size_t k = 0; k < p->n_axes; k++) {
        const struct search_axis *axis = &p->axis[k];
        if (axis->kind == AXIS_PERMUTATION) {
            const size_t n = axis->n, i = rng_below(r, n + 1), j = rng_below(r, n + 1);
            const size_t from = i < j ? i : j, to = i < j ? j : i;
            order_cross(n, from, to, a + at, b + at, child_a + at);
            order_cross(n, from, to, b + at, a + at, child_b + at);
            at += n;
            continue;
        }
        if (axis->kind == AXIS_CATEGORICAL) {
            if (rng_f64(r) < 0.5) {
                child_a[at] = b[at];
                child_b[at] = a[at];
            }
        } else {
            cross_number(axis, v->crossover_eta, r, &child_a[at], &child_b[at]);
        }
        at++;
    }
}

static double other_value(const struct search_axis *axis, struct rng *r, double now)
{
    if (axis->n < 2)
        return now;
    const double v = (double)rng_below(r, axis->n - 1);
    return v >= now ? v + 1 : v;
}

static double mutate_number(const struct search_axis *axis, double eta, struct rng *r, double x)
{
    double lo, hi;

    bounds(axis, &lo, &hi);
    const double range = hi - lo, u = rng_f64(r), power = 1 / (eta + 1);
    if (!(range > 0))
        return x;
    const double room = u < 0.5 ? 1 - (x - lo) / range : 1 - (hi - x) / range;
    const double tail = det_pow(room, eta + 1);
    const double step = u < 0.5 ? det_pow(2 * u + (1 - 2 * u) * tail, power) - 1
                                : 1 - det_pow(2 * (1 - u) + 2 * (u - 0.5) * tail, power);
    const double y = settle(axis, x + step * range);
    /* a step too short for a whole number goes to a neighbour */
    if (axis->kind == AXIS_ORDINAL && y == x)
        return settle(axis, (step < 0 && x > lo) || x >= hi ? x - 1 : x + 1);
    return y;
}

void vary_mutate(const struct search_problem *p, const struct vary *v, struct rng *r, double *x)
{
    const double chance = 1 / (double)p->n_axes;

    for (size_t k = 0; k < p->n_axes; k++) {
        const struct search_axis *axis = &p->axis[k];
        const size_t width = axis->kind == AXIS_PERMUTATION ? axis->n : 1;
        if (rng_f64(r) < chance) {
            if (axis->kind == AXIS_PERMUTATION) {
                const size_t i = rng_below(r, width), j = rng_below(r, width);
                const double t = x[i];
                x[i] = x[j];
                x[j] = t;
            } else if (axis->kind == AXIS_CATEGORICAL) {
                *x = other_value(axis, r, *x);
            } else {
                *x = mutate_number(axis, v->mutation_eta, r, *x);
            }
        }
        x += width;
    }
}
