/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moves of PGSAM from members of the front that all chains share ("Pareto-guided") or of the pool:
 * single changes alone get stuck between regions that infeasible points divide. */
#include "search/pgsam.h"
#include "search/vary.h"

#include <math.h>
#include <string.h>

#define MIX_FLIPS 3u     /* a mixture is followed by fewer than this many ordinary changes */
#define LEAST_SHARE 0.03 /* of proposals that each move keeps, whatever it earns */
#define CREDIT_KEPT 0.98 /* of a move's credit when it is used again */
#define AXIS_KEPT 0.95   /* of an axis' credit */
#define GAIN_KEPT 0.99   /* of the mean gain of new members */
#define FRONT_ENOUGH 20u /* members that make a front worth breeding from */
#define P_ANYWHERE 0.25  /* chance that a change of a real axis is to any value */
#define P_NEXT 0.5       /* chance that a change of an ordinal axis is to the next value */

/* Parents come from the front, or from the pool. */
static size_t n_parents(const struct pgsam *s, bool pool)
{
    return pool ? s->pool.n : s->guide.n;
}

static const double *parent(const struct pgsam *s, struct pgsam_chain *c, bool pool)
{
    if (pool || s->guide.n == 0)
        return s->pool.row + rng_below(&c->rng, s->pool.n) * s->n_vars;
    const size_t a = (size_t)rng_below(&c->rng, s->guide.n),
                 b = (size_t)rng_below(&c->rng, s->guide.n);
    return s->guide.row + (s->guide.crowding[a] >= s->guide.crowding[b] ? a : b) * s->n_vars;
}

/* Another one: of both sources, so that fronts and stragglers meet. */
static const double *partner(const struct pgsam *s, struct pgsam_chain *c)
{
    return parent(s, c, c->from_pool && rng_f64(&c->rng) < 0.5);
}

/* Whole axes from either of two: what is good together stays together. */
static void mix(struct pgsam *s, struct pgsam_chain *c)
{
    const double *a = parent(s, c, c->from_pool), *b = partner(s, c);

    memcpy(c->y, a, s->n_vars * sizeof *c->y);
    for (size_t i = 0; i < s->p->n_axes; i++)
        if (rng_u64(&c->rng) >> 63)
            memcpy(c->y + s->var[i], b + s->var[i], (s->var[i + 1] - s->var[i]) * sizeof *b);
    for (size_t n = (size_t)rng_below(&c->rng, MIX_FLIPS); c->n_flips < n;)
        pgsam_step(s, c);
}

static void cross(struct pgsam *s, struct pgsam_chain *c)
{
    const struct vary v = VARY_DEFAULT;
    const double *a = parent(s, c, c->from_pool), *b = partner(s, c);

    vary_cross(s->p, &v, &c->rng, a, b, c->y, s->spare);
    vary_mutate(s->p, &v, &c->rng, c->y);
}

static double settle(const struct search_axis *a, double v, double from, struct rng *r)
{
    const bool real = a->kind == AXIS_REAL;
    const double lo = real ? a->lo : 0, hi = real ? a->hi : (double)a->n - 1;

    if (v < lo || v > hi)
        v = from + ((v < lo ? lo : hi) - from) * rng_f64(r);
    return real ? v : floor(v + 0.5);
}

static void differ(struct pgsam *s, struct pgsam_chain *c)
{
    const struct vary v = VARY_DEFAULT;
    const double *a = parent(s, c, c->from_pool), *p = partner(s, c), *q = partner(s, c);
    const double scale = 0.2 + 0.8 * rng_f64(&c->rng), chance = rng_f64(&c->rng) < 0.5 ? 0.3 : 0.9;

    memcpy(c->y, a, s->n_vars * sizeof *c->y);
    for (size_t i = 0; i < s->p->n_axes; i++) {
        const struct search_axis *axis = &s->p->axis[i];
        const size_t k = s->var[i];
        if (axis->kind == AXIS_PERMUTATION || rng_f64(&c->rng) >= chance)
            continue;
        if (axis->kind == AXIS_CATEGORICAL)
            c->y[k] = p[k];
        else
            c->y[k] = settle(axis, a[k] + scale * (p[k] - q[k]), a[k], &c->rng);
    }
    vary_mutate(s->p, &v, &c->rng, c->y);
}

static size_t rewarding_axis(const struct pgsam *s, struct pgsam_chain *c)
{
    double total = 0;
    size_t last = 0;

    for (size_t a = 0; a < s->p->n_axes; a++)
        if (s->offset[a + 1] > s->offset[a])
            total += 0.02 + s->axis_credit[a];
    double u = rng_f64(&c->rng) * total;
    for (size_t a = 0; a < s->p->n_axes; a++) {
        if (s->offset[a + 1] == s->offset[a])
            continue;
        last = a;
        if (u < 0.02 + s->axis_credit[a])
            break;
        u -= 0.02 + s->axis_credit[a];
    }
    return last;
}

static void near(struct pgsam *s, struct pgsam_chain *c)
{
    const size_t axis = rewarding_axis(s, c);
    const struct search_axis *a = &s->p->axis[axis];
    double *v = c->y + s->var[axis];

    memcpy(c->y, parent(s, c, c->from_pool), s->n_vars * sizeof *c->y);
    if (a->kind == AXIS_ORDINAL && rng_f64(&c->rng) < P_NEXT) {
        const double far = rng_f64(&c->rng) < 0.5 ? 1 : 2 + (double)rng_below(&c->rng, 3);
        const double to = rng_f64(&c->rng) < 0.5 ? *v - far : *v + far;
        if (to >= 0 && to < a->n) {
            *v = to;
            c->near_axis = axis;
            return;
        }
    }
    c->near_axis = axis;
    if (a->kind == AXIS_REAL && rng_f64(&c->rng) < P_ANYWHERE)
        *v = a->lo + (a->hi - a->lo) * rng_f64(&c->rng);
    else
        pgsam_step_axis(s, c, axis);
}

void pgsam_breed(struct pgsam *s, struct pgsam_chain *c)
{
    switch (c->move) {
    case MOVE_MIX:
        mix(s, c);
        return;
    case MOVE_CROSS:
        cross(s, c);
        return;
    case MOVE_DIFFER:
        differ(s, c);
        return;
    case MOVE_NEAR:
        near(s, c);
        return;
    default:
        problem_random(s->p, &c->rng, c->y);
    }
}

void pgsam_choose_move(struct pgsam *s, struct pgsam_chain *c)
{
    double share[N_PGSAM_MOVES][2], total = 0;

    c->from_pool = false;
    if (s->pool.n < s->pool.cap) { /* a first look around */
        c->move = rng_f64(&c->rng) < 0.5 ? MOVE_RANDOM : MOVE_WALK;
        return;
    }
    for (int m = 0; m < N_PGSAM_MOVES; m++)
        for (int pool = 0; pool < 2; pool++) {
            const bool bred = m != MOVE_WALK && m != MOVE_RANDOM;
            share[m][pool] = LEAST_SHARE + s->credit[m][pool];
            if (pool ? !bred : bred && n_parents(s, false) < 2)
                share[m][pool] = 0;
            if (pool == 0 && bred && n_parents(s, false) < FRONT_ENOUGH)
                share[m][pool] *= 0.1;
            if (m == MOVE_RANDOM && s->guide.n)
                share[m][pool] = 0.1 * LEAST_SHARE;
            total += share[m][pool];
        }
    double u = rng_f64(&c->rng) * total;
    for (int m = 0; m < N_PGSAM_MOVES; m++)
        for (int pool = 0; pool < 2; pool++) {
            if (!(share[m][pool] > 0))
                continue;
            c->move = (enum pgsam_move)m;
            c->from_pool = pool != 0;
            if (u < share[m][pool])
                return;
            u -= share[m][pool];
        }
}

/* 0 .. 1: against the usual gain of a new member; while nothing is feasible, against the pool. */
static double share_of_credit(struct pgsam *s, const struct priced *f, double gain)
{
    if (gain > 0) {
        gain = min_f64(gain, 1);
        s->mean_gain = s->mean_gain > 0 ? GAIN_KEPT * s->mean_gain + (1 - GAIN_KEPT) * gain : gain;
        return gain / (gain + s->mean_gain);
    }
    if (s->guide.n > 0)
        return 0;
    size_t n_beaten = 0;
    for (size_t i = 0; i < s->pool.n; i++)
        n_beaten += s->pool.price[i].violation > f->violation;
    return n_beaten >= s->pool.n * 9 / 10;
}

void pgsam_credit(struct pgsam *s, const struct pgsam_chain *c, const struct priced *f, double gain)
{
    double *credit = &s->credit[c->move][c->from_pool];
    const double earned = share_of_credit(s, f, gain);

    *credit = CREDIT_KEPT * *credit + (1 - CREDIT_KEPT) * earned;
    if (c->move == MOVE_NEAR) {
        credit = &s->axis_credit[c->near_axis];
        *credit = AXIS_KEPT * *credit + (1 - AXIS_KEPT) * earned;
    }
}
