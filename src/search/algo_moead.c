/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "search/algo.h"
#include "search/vary.h"
#include "search/weights.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_POPULATION 100u
#define NEIGHBOURS 20u
#define MAX_REPLACED 2u
#define MATE_NEAR 0.9 /* chance to mate and replace among neighbours only */

struct moead {
    const struct search_problem *p;
    struct rng rng;
    size_t n_vars, n, n_near, next; /* next: subproblem that the next child belongs to */
    bool full;
    double *weight, *row;
    uint32_t *near;
    struct priced *price;
    double ideal[ARCHIVE_MAX_OBJ], worst[ARCHIVE_MAX_OBJ];
    bool any;
};

static void moead_close(void *state)
{
    struct moead *s = state;

    free(s->weight);
    free(s->row);
    free(s->near);
    free(s->price);
    free(s);
}

static double distance2(const double *a, const double *b, size_t m)
{
    double d = 0;

    for (size_t j = 0; j < m; j++)
        d += (a[j] - b[j]) * (a[j] - b[j]);
    return d;
}

/* The n_near weights nearest to each, itself first. */
static void find_neighbours(struct moead *s)
{
    const size_t m = s->p->n_obj;

    for (size_t i = 0; i < s->n; i++) {
        uint32_t *near = s->near + i * s->n_near;
        size_t n = 0;
        for (size_t k = 0; k < s->n; k++) {
            const double d = distance2(s->weight + i * m, s->weight + k * m, m);
            size_t w = n < s->n_near ? n++ : s->n_near;
            for (; w > 0 && distance2(s->weight + i * m, s->weight + near[w - 1] * m, m) > d; w--)
                if (w < s->n_near)
                    near[w] = near[w - 1];
            if (w < s->n_near)
                near[w] = (uint32_t)k;
        }
    }
}

static cosim_status moead_open(void **out, const struct search_problem *p,
                               const struct search_options *o, const struct archive *known,
                               cosim_error *e)
{
    struct moead *s = calloc(1, sizeof *s);
    const size_t h = weights_step_for(p->n_obj, o->population ? o->population : DEFAULT_POPULATION);

    (void)known;
    if (!s)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    s->p = p;
    s->n_vars = problem_n_vars(p);
    s->n = weights_count(p->n_obj, h);
    s->n_near = s->n < NEIGHBOURS ? s->n : NEIGHBOURS;
    rng_stream(&s->rng, o->seed, 0);
    s->weight = malloc(s->n * p->n_obj * sizeof *s->weight);
    s->row = malloc((s->n + 1) * s->n_vars * sizeof *s->row);
    s->near = malloc(s->n * s->n_near * sizeof *s->near);
    s->price = malloc(s->n * sizeof *s->price);
    if (!s->weight || !s->row || !s->near || !s->price) {
        moead_close(s);
        return err_set(e, COSIM_ENOMEM, "no memory for a population");
    }
    weights_das_dennis(p->n_obj, h, s->weight);
    find_neighbours(s);
    *out = s;
    return COSIM_OK;
}

/* One generation at a time: children are bred from the parents as they stand when asked. */
static size_t moead_ask(void *state, double *x, size_t cap)
{
    struct moead *s = state;
    const struct search_problem *p = s->p;
    const struct vary v = VARY_DEFAULT;
    const size_t w = s->n_vars;
    const size_t n = s->n - s->next < cap ? s->n - s->next : cap;

    for (size_t i = 0; i < n; i++) {
        double *child = x + i * w;
        const size_t k = s->next + i;
        if (!s->full && k < p->n_seeds) {
            memcpy(child, p->seed + k * w, w * sizeof *x);
        } else if (!s->full) {
            problem_random(p, &s->rng, child);
        } else {
            const bool near = rng_f64(&s->rng) < MATE_NEAR;
            size_t parent[2];
            for (int q = 0; q < 2; q++)
                parent[q] = near ? s->near[k * s->n_near + rng_below(&s->rng, s->n_near)]
                                 : rng_below(&s->rng, s->n);
            vary_cross(p, &v, &s->rng, s->row + parent[0] * w, s->row + parent[1] * w, child,
                       s->row + s->n * w);
            vary_mutate(p, &v, &s->rng, child);
        }
        if (p->repair)
            p->repair(p->ctx, child);
    }
    return n;
}

static double scalar(const struct moead *s, const struct priced *f, const double *w)
{
    double z[ARCHIVE_MAX_OBJ], v[ARCHIVE_MAX_OBJ];

    for (size_t j = 0; j < s->p->n_obj; j++) {
        const double range = s->worst[j] - s->ideal[j];
        z[j] = (f->obj[j] - s->ideal[j]) / (range > 1e-12 ? range : 1e-12);
        v[j] = w[j] > 1e-4 ? w[j] : 1e-4; /* a zero weight would not see its objective */
    }
    return weights_tchebycheff(v, z, s->p->n_obj, 0);
}

static bool better(const struct moead *s, const struct priced *a, const struct priced *b,
                   const double *w)
{
    if (a->violation > 0 || b->violation > 0)
        return a->violation < b->violation;
    return scalar(s, a, w) < scalar(s, b, w);
}

static void place(struct moead *s, size_t k, const double *x, const struct priced *f)
{
    memcpy(s->row + k * s->n_vars, x, s->n_vars * sizeof *x);
    s->price[k] = *f;
}

static void frame(struct moead *s)
{
    for (size_t j = 0; j < s->p->n_obj; j++) {
        s->worst[j] = -INF_F64;
        for (size_t k = 0; k < s->n; k++)
            if (!(s->price[k].violation > 0))
                s->worst[j] = max_f64(s->price[k].obj[j], s->worst[j]);
    }
}

static cosim_status moead_tell(void *state, size_t n, const double *x, const double *const *obj,
                               const double *violation, cosim_error *e)
{
    struct moead *s = state;
    const size_t m = s->p->n_obj;

    (void)e;
    for (size_t i = 0; i < n; i++) {
        struct priced f = { .violation = violation[i] };
        const size_t k = s->next + i;
        for (size_t j = 0; j < m; j++) {
            f.obj[j] = obj[j][i];
            if (!is_known(f.obj[j]) || !is_known(violation[i]))
                f.violation = INF_F64;
        }
        for (size_t j = 0; j < m && !(f.violation > 0); j++)
            s->ideal[j] = s->any ? min_f64(f.obj[j], s->ideal[j]) : f.obj[j];
        s->any = s->any || !(f.violation > 0);
        if (!s->full) {
            place(s, k, x + i * s->n_vars, &f);
            continue;
        }
        size_t replaced = 0;
        for (size_t q = 0; q < s->n_near && replaced < MAX_REPLACED; q++) {
            const size_t at = s->near[k * s->n_near + q];
            if (better(s, &f, &s->price[at], s->weight + at * m)) {
                place(s, at, x + i * s->n_vars, &f);
                replaced++;
            }
        }
    }
    s->next += n;
    if (s->next == s->n) {
        s->next = 0;
        s->full = true;
        frame(s);
    }
    return COSIM_OK;
}

const struct search_algo algo_moead = {
    .name = "moead",
    .doc = "genetic, one scalar subproblem per weight vector",
    .source = "Q. Zhang and H. Li, IEEE TEC 11(6), 2007; H. Li and Q. Zhang, IEEE TEC 13(2), 2009",
    .open = moead_open,
    .ask = moead_ask,
    .tell = moead_tell,
    .close = moead_close,
};
