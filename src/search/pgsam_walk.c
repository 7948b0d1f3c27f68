/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moves of PGSAM from where a chain stands. */
#include "search/pgsam.h"

#include <math.h>
#include <string.h>

#define EPS_U 0.2         /* chance of a uniform move */
#define TAU_M 0.5         /* softmax temperature of the preferences */
#define P_DIRECTION 0.5   /* chance to repeat a rewarded direction */
#define P_MULTI 0.1       /* chance of 2 to 4 moves at once */
#define STEP_SPAN 4.60517 /* real steps differ by up to e^4.6 = 100 at one temperature */
#define STEP_MAX 0.5      /* of the range at the first temperature */

/* Does an option mean "down" or "up" rather than a value? */
static bool steps(const struct search_axis *a)
{
    return a->kind == AXIS_REAL || (a->kind == AXIS_ORDINAL && a->n > PGSAM_MAX_OPTIONS);
}

/* So many names that keeping a preference for each would cost more than it teaches. */
static bool is_nameless(const struct search_axis *a)
{
    return a->kind == AXIS_CATEGORICAL && a->n > PGSAM_MAX_NAMES;
}

uint32_t pgsam_options(const struct search_axis *a)
{
    if (a->kind == AXIS_PERMUTATION)
        return a->n > 1 ? 1 : 0;
    if (a->kind == AXIS_REAL)
        return a->hi > a->lo ? 2 : 0;
    return a->n < 2 ? 0 : steps(a) ? 2 : is_nameless(a) ? 1 : a->n;
}

static void take_step(const struct search_axis *a, struct pgsam_chain *c, double *v, bool up)
{
    const bool real = a->kind == AXIS_REAL;
    const double lo = real ? a->lo : 0, hi = real ? a->hi : (double)a->n - 1;
    const double far = STEP_MAX * sqrt(pgsam_heat(c)) * det_exp(-STEP_SPAN * rng_f64(&c->rng));
    double step = far * (hi - lo);

    if (!real)
        step = step < 1 ? 1 : floor(step);
    const double to = up ? *v + step : *v - step;
    *v = to < lo ? lo : to > hi ? hi : to;
}

/* Two places swapped, or one entry put elsewhere, or what lies between turned around. */
static void reorder(size_t n, double *v, struct rng *r)
{
    const size_t kind = (size_t)rng_below(r, 3), i = (size_t)rng_below(r, n),
                 k = (size_t)rng_below(r, n - 1), j = k >= i ? k + 1 : k;
    const double moved = v[i];

    if (kind == 0) {
        v[i] = v[j];
        v[j] = moved;
    } else if (kind == 1) {
        if (i < j)
            memmove(v + i, v + i + 1, (j - i) * sizeof *v);
        else
            memmove(v + j + 1, v + j, (i - j) * sizeof *v);
        v[j] = moved;
    } else {
        for (size_t a = i < j ? i : j, b = i < j ? j : i; a < b; a++, b--) {
            const double t = v[a];
            v[a] = v[b];
            v[b] = t;
        }
    }
}

static uint32_t uniform_option(struct pgsam_chain *c, uint32_t n, uint32_t now)
{
    if (now >= n)
        return (uint32_t)rng_below(&c->rng, n);
    const uint32_t v = (uint32_t)rng_below(&c->rng, n - 1);
    return v >= now ? v + 1 : v;
}

static void apply(struct pgsam *s, struct pgsam_chain *c, size_t axis, uint32_t option)
{
    const struct search_axis *a = &s->p->axis[axis];
    double *v = c->y + s->var[axis];

    if (a->kind == AXIS_PERMUTATION) {
        reorder(a->n, v, &c->rng);
    } else if (steps(a)) {
        take_step(a, c, v, option == 1);
    } else if (is_nameless(a)) {
        *v = uniform_option(c, a->n, (uint32_t)*v);
    } else {
        *v = option;
    }
    c->flip[c->n_flips++] = (struct pgsam_flip){ (uint32_t)axis, option };
}

/* The option that means "stay", or n_options if there is none. */
static uint32_t present(const struct pgsam *s, const struct pgsam_chain *c, size_t axis)
{
    const struct search_axis *a = &s->p->axis[axis];

    return steps(a) || is_nameless(a) || a->kind == AXIS_PERMUTATION ? pgsam_options(a)
                                                                     : (uint32_t)c->y[s->var[axis]];
}

/* The weights are found twice rather than kept: an axis may have any number of values. */
static uint32_t preferred_option(struct pgsam_chain *c, const double *m, uint32_t n, uint32_t now)
{
    double sum = 0;

    for (uint32_t v = 0; v < n; v++)
        sum += v == now ? 0 : det_exp(m[v] / TAU_M);
    double u = rng_f64(&c->rng) * sum;
    uint32_t last = now == 0 ? 1 : 0;
    for (uint32_t v = 0; v < n; v++) {
        if (v == now)
            continue;
        const double weight = det_exp(m[v] / TAU_M);
        last = v;
        if (u < weight)
            break;
        u -= weight;
    }
    return last;
}

static size_t preferred_axis(const struct pgsam *s, struct pgsam_chain *c)
{
    double total = 0;
    size_t at = 0;

    for (int pass = 0; pass < 2; pass++) {
        double u = pass ? rng_f64(&c->rng) * total : 0;
        for (size_t a = 0; a < s->p->n_axes; a++) {
            double most = 0;
            if (s->offset[a + 1] == s->offset[a])
                continue;
            for (size_t k = s->offset[a]; k < s->offset[a + 1]; k++)
                most = max_f64(fabs(c->preference[k]), most);
            if (pass == 0) {
                total += 1 + most;
                continue;
            }
            at = a;
            if (u < 1 + most)
                return a;
            u -= 1 + most;
        }
    }
    return at;
}

void pgsam_step_axis(struct pgsam *s, struct pgsam_chain *c, size_t axis)
{
    const struct search_axis *a = &s->p->axis[axis];
    const uint32_t n = pgsam_options(a), now = present(s, c, axis);
    const int direction = c->direction[axis];

    if (direction && !s->o->no_direction_repeat && rng_f64(&c->rng) < P_DIRECTION) {
        const double v = c->y[s->var[axis]];
        if (steps(a)) {
            apply(s, c, axis, direction > 0);
            return;
        }
        if (direction > 0 ? v < (double)a->n - 1 : v > 0) {
            apply(s, c, axis, (uint32_t)(direction > 0 ? v + 1 : v - 1));
            return;
        }
    }
    const bool uniform = s->o->uniform_moves || n == 1 || rng_f64(&c->rng) < EPS_U;
    apply(s, c, axis,
          uniform ? uniform_option(c, n, now)
                  : preferred_option(c, c->preference + s->offset[axis], n, now));
}

/* Plain annealing: any axis, any other value. */
static void step_plain(struct pgsam *s, struct pgsam_chain *c)
{
    size_t n_movable = 0, axis = 0;

    for (size_t a = 0; a < s->p->n_axes; a++)
        n_movable += pgsam_options(&s->p->axis[a]) > 0;
    size_t pick = (size_t)(rng_f64(&c->rng) * (double)n_movable);
    for (size_t a = 0; a < s->p->n_axes; a++)
        if (pgsam_options(&s->p->axis[a]) > 0 && pick-- == 0) {
            axis = a;
            break;
        }
    apply(s, c, axis, uniform_option(c, pgsam_options(&s->p->axis[axis]), present(s, c, axis)));
}

void pgsam_step(struct pgsam *s, struct pgsam_chain *c)
{
    if (s->plain)
        step_plain(s, c);
    else
        pgsam_step_axis(s, c, preferred_axis(s, c));
}

void pgsam_walk(struct pgsam *s, struct pgsam_chain *c)
{
    const size_t n = rng_f64(&c->rng) < P_MULTI ? 2 + (size_t)rng_below(&c->rng, 3) : 1;

    memcpy(c->y, c->x, s->n_vars * sizeof *c->y);
    while (c->n_flips < n)
        pgsam_step(s, c);
}
