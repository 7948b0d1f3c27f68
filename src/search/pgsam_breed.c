/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moves of PGSAM from members of the front that all chains share ("Pareto-guided") or of the pool:
 * single changes alone get stuck between regions that infeasible points divide. */
#include "search/pgsam.h"
#include "search/vary.h"

#include <math.h>
#include <string.h>

#define MIX_FLIPS 3u       /* a mixture is followed by fewer than this many ordinary changes */
#define LEAST_CREDIT 0.01  /* squared credit that every move keeps, whatever it earns */
#define CREDIT_KEPT 0.98   /* of a move's credit when it is used again */
#define GAIN_KEPT 0.99     /* of the mean gain of new members */
#define AXIS_KEPT 0.95     /* of an axis' credit */
#define LEAST_AXIS 0.02    /* credit that every axis keeps */
#define FRONT_ENOUGH 20u   /* members that make a front worth breeding from */
#define SMALL_FRONT 0.1    /* the credit that counts of a smaller one */
#define RANDOM_CREDIT 1e-3 /* of random points once a feasible one is known */
#define TOURNAMENT 32u     /* members of which the loneliest becomes a parent */
#define P_NEXT 0.5         /* chance that a change of an ordinal axis is to a value nearby */

/* From the front the loneliest of a few members, or any one of the pool. */
static const double *parent(const struct pgsam *s, struct pgsam_chain *c, bool pool)
{
    if (pool || s->guide.n == 0)
        return s->pool.row + rng_below(&c->rng, s->pool.n) * s->n_vars;
    size_t best = (size_t)rng_below(&c->rng, s->guide.n);
    for (size_t k = 1; k < TOURNAMENT; k++) {
        const size_t i = (size_t)rng_below(&c->rng, s->guide.n);
        if (s->guide.crowding[i] > s->guide.crowding[best])
            best = i;
    }
    return s->guide.row + best * s->n_vars;
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
            total += LEAST_AXIS + s->axis_credit[a];
    double u = rng_f64(&c->rng) * total;
    for (size_t a = 0; a < s->p->n_axes; a++) {
        if (s->offset[a + 1] == s->offset[a])
            continue;
        last = a;
        if (u < LEAST_AXIS + s->axis_credit[a])
            break;
        u -= LEAST_AXIS + s->axis_credit[a];
    }
    return last;
}

/* One axis changed: a real one to any value, as short steps are the walk's; an ordinal one often to
 * a value nearby, as fronts run along such axes. */
static void near(struct pgsam *s, struct pgsam_chain *c)
{
    const size_t axis = c->near_axis = rewarding_axis(s, c);
    const struct search_axis *a = &s->p->axis[axis];
    double *v = c->y + s->var[axis];

    memcpy(c->y, parent(s, c, c->from_pool), s->n_vars * sizeof *c->y);
    if (a->kind == AXIS_REAL) {
        *v = a->lo + (a->hi - a->lo) * rng_f64(&c->rng);
        return;
    }
    if (a->kind == AXIS_ORDINAL && rng_f64(&c->rng) < P_NEXT) {
        const double far = rng_f64(&c->rng) < 0.5 ? 1 : 2 + (double)rng_below(&c->rng, 3);
        const double to = rng_f64(&c->rng) < 0.5 ? *v - far : *v + far;
        if (to >= 0 && to < a->n) {
            *v = to;
            return;
        }
    }
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

/* How much a move is worth trying. */
static double worth(const struct pgsam *s, int move, bool pool)
{
    const double credit = s->credit[move][pool];

    if (move == MOVE_WALK || move == MOVE_RANDOM) {
        if (pool)
            return 0;
        return move == MOVE_RANDOM && s->guide.n ? RANDOM_CREDIT : LEAST_CREDIT + credit * credit;
    }
    if (!pool && s->guide.n < 2)
        return 0;
    const double w = LEAST_CREDIT + credit * credit;
    return !pool && s->guide.n < FRONT_ENOUGH ? SMALL_FRONT * w : w;
}

void pgsam_choose_move(struct pgsam *s, struct pgsam_chain *c)
{
    double total = 0;

    c->from_pool = false;
    if (s->pool.n < s->pool.cap) { /* a first look around */
        c->move = rng_f64(&c->rng) < 0.5 ? MOVE_RANDOM : MOVE_WALK;
        return;
    }
    for (int m = 0; m < N_PGSAM_MOVES; m++)
        total += worth(s, m, false) + worth(s, m, true);
    double u = rng_f64(&c->rng) * total;
    for (int i = 0; i < 2 * N_PGSAM_MOVES; i++) {
        const double w = worth(s, i / 2, i % 2 != 0);
        if (!(w > 0))
            continue;
        c->move = (enum pgsam_move)(i / 2);
        c->from_pool = i % 2 != 0;
        if (u < w)
            return;
        u -= w;
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
