/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pareto local search: all neighbours of every member of the front, then again from a random point
 * when the front has no member left whose neighbours are unknown. */
#include "core/num.h"
#include "search/algo.h"
#include "search/guide.h"
#include "search/seen.h"

#include <stdlib.h>
#include <string.h>

#define GUIDE_CAP 2000u
#define ALL_VALUES 16u /* ordinal axes with more values step by one */
#define REAL_STEPS 4u  /* a tenth and a thousandth of the range, both ways */
#define N_STARTS 20u
#define MAX_RANDOM 1000u /* random points tried until one is new */

struct pls {
    const struct search_problem *p;
    struct rng rng;
    size_t n_vars, n_started;
    uint64_t n_points;
    bool exploring;
    size_t axis, option; /* the next neighbour of `centre` */
    double *centre;
    struct guide guide;
    struct seen seen;
};

static void pls_close(void *state)
{
    struct pls *s = state;

    guide_release(&s->guide);
    seen_release(&s->seen);
    free(s->centre);
    free(s);
}

static cosim_status pls_open(void **out, const struct search_problem *p,
                             const struct search_options *o, const struct archive *known,
                             cosim_error *e)
{
    struct pls *s = calloc(1, sizeof *s);

    (void)known;
    if (!s)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    s->p = p;
    s->n_vars = problem_n_vars(p);
    s->n_points = problem_n_points(p);
    s->seen.n_obj = p->n_obj;
    rng_stream(&s->rng, o->seed, 0);
    s->centre = malloc(s->n_vars * sizeof *s->centre);
    cosim_status st = guide_init(&s->guide, p, GUIDE_CAP, e);
    if (!s->centre)
        st = err_set(e, COSIM_ENOMEM, "no memory for a search");
    if (st != COSIM_OK) {
        pls_close(s);
        return st;
    }
    *out = s;
    return COSIM_OK;
}

static size_t n_neighbours(const struct search_axis *a)
{
    if (a->kind == AXIS_PERMUTATION)
        return (size_t)a->n * (a->n - 1) / 2;
    if (a->kind == AXIS_REAL)
        return REAL_STEPS;
    return a->kind == AXIS_ORDINAL && a->n > ALL_VALUES ? 2 : a->n;
}

/* Neighbour `option` of v on an axis; false if it is v itself or outside. */
static bool neighbour(const struct search_axis *a, size_t option, double *v)
{
    const double old = *v;

    if (a->kind == AXIS_PERMUTATION) {
        size_t i = 0;
        for (; option >= a->n - 1 - i; i++) /* the option-th pair (i, j), i < j */
            option -= a->n - 1 - i;
        const size_t j = i + 1 + option;
        const double t = v[i];
        v[i] = v[j];
        v[j] = t;
        return true;
    }
    if (a->kind == AXIS_REAL) {
        const double step = (option & 1 ? 1 : -1) * (option & 2 ? 1e-3 : 0.1) * (a->hi - a->lo);
        *v = old + step < a->lo ? a->lo : old + step > a->hi ? a->hi : old + step;
        return *v != old;
    }
    if (a->kind == AXIS_ORDINAL && a->n > ALL_VALUES)
        *v = option ? old + 1 : old - 1;
    else
        *v = (double)option;
    return *v != old && *v >= 0 && *v < a->n;
}

/* The next unknown neighbour of the centre. */
static bool next_neighbour(struct pls *s, double *x)
{
    struct priced f;
    size_t var = 0;

    for (size_t a = 0; a < s->axis; a++)
        var += s->p->axis[a].kind == AXIS_PERMUTATION ? s->p->axis[a].n : 1;
    for (; s->axis < s->p->n_axes; s->axis++, s->option = 0) {
        const struct search_axis *a = &s->p->axis[s->axis];
        while (s->option < n_neighbours(a)) {
            memcpy(x, s->centre, s->n_vars * sizeof *x);
            if (!neighbour(a, s->option++, x + var))
                continue;
            if (s->p->repair)
                s->p->repair(s->p->ctx, x);
            if (!s->n_points || !seen_get(&s->seen, problem_id(s->p, x), &f))
                return true;
        }
        var += a->kind == AXIS_PERMUTATION ? a->n : 1;
    }
    return false;
}

/* The next member to look around, at random among those not explored. */
static bool next_centre(struct pls *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->guide.n; i++)
        n += !s->guide.mark[i];
    if (n == 0)
        return false;
    size_t pick = (size_t)rng_below(&s->rng, n);
    for (size_t i = 0; i < s->guide.n; i++)
        if (!s->guide.mark[i] && pick-- == 0) {
            s->guide.mark[i] = 1;
            memcpy(s->centre, s->guide.row + i * s->n_vars, s->n_vars * sizeof *s->centre);
            break;
        }
    s->axis = s->option = 0;
    return true;
}

static bool start_point(struct pls *s, double *x)
{
    struct priced f;

    for (size_t i = 0; i < MAX_RANDOM; i++) {
        if (s->n_started < s->p->n_seeds)
            memcpy(x, s->p->seed + s->n_started * s->n_vars, s->n_vars * sizeof *x);
        else
            problem_random(s->p, &s->rng, x);
        s->n_started++;
        if (s->p->repair)
            s->p->repair(s->p->ctx, x);
        if (!s->n_points || !seen_get(&s->seen, problem_id(s->p, x), &f))
            return true;
    }
    return false;
}

static size_t pls_ask(void *state, double *x, size_t cap)
{
    struct pls *s = state;
    size_t n = 0;

    while (n < cap) {
        if (!s->exploring)
            s->exploring = s->n_started >= N_STARTS && next_centre(s);
        if (!s->exploring) {
            if (!start_point(s, x + n * s->n_vars))
                break;
            if (++n % N_STARTS == 0)
                break;
        } else if (next_neighbour(s, x + n * s->n_vars)) {
            n++;
        } else {
            s->exploring = false;
            if (n > 0)
                break; /* what was found may be the better centre */
        }
    }
    return n;
}

static cosim_status pls_tell(void *state, size_t n, const double *x, const double *const *obj,
                             const double *violation, cosim_error *e)
{
    struct pls *s = state;

    for (size_t i = 0; i < n; i++) {
        struct priced f = { .violation = violation[i] };
        double gain;
        bool known = is_known(violation[i]);
        for (size_t j = 0; j < s->p->n_obj; j++) {
            f.obj[j] = obj[j][i];
            known = known && is_known(f.obj[j]);
        }
        if (s->n_points)
            TRY(seen_put(&s->seen, problem_id(s->p, x + i * s->n_vars), &f, e));
        if (known && !(f.violation > 0))
            TRY(guide_add(&s->guide, x + i * s->n_vars, &f, &gain, e));
    }
    return COSIM_OK;
}

const struct search_algo algo_pls = {
    .name = "pls",
    .doc = "Pareto local search, restarted from random points",
    .source = "L. Paquete et al., Metaheuristics for Multiobjective Optimisation, LNEMS 535, 2004",
    .open = pls_open,
    .ask = pls_ask,
    .tell = pls_tell,
    .close = pls_close,
};
