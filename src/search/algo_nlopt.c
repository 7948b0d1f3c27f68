/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real axes only: each objective alone, then for one weight after the other the Tchebycheff problem
 * min t, w_j z_j <= t, and the epsilon-constraint problem min f_1, f_j <= eps_j, by NLopt.
 * NLopt's generator is global: one such search at a time. */
#include "core/num.h"
#include "search/algo.h"
#include "search/guide.h"
#include "search/weights.h"

#include <nlopt.h>
#include <stdlib.h>
#include <string.h>

#define N_WEIGHTS 15u
#define X_TOLERANCE 1e-6
#define FIRST_STEP 0.1 /* of the range */
#define T_BOUND 10.0   /* Tchebycheff values are of the order of 1 */
#define CONSTRAINT_TOLERANCE 1e-8

static const struct {
    const char *name;
    nlopt_algorithm algorithm;
} method[] = {
    { "cobyla", NLOPT_LN_COBYLA }, /* local, linear models */
    { "isres", NLOPT_GN_ISRES },   /* global, evolution strategy */
};

enum target { ALONE, TCHEBYCHEFF, EPSILON };

struct solver {
    const struct search_problem *p;
    const struct search_options *o;
    const struct search_pricing *pricing;
    nlopt_algorithm algorithm;
    nlopt_opt opt;
    struct rng rng;
    size_t n;
    enum target target;
    size_t objective; /* minimised by ALONE and EPSILON */
    const double *weight;
    double ideal[8], range[8]; /* the frame, fixed while one problem is solved */
    double limit[8];           /* of EPSILON, normalised */
    double *at, *x;            /* the row that `f` is the price of; a start */
    bool has_f, over;
    struct priced f;
    struct guide guide;
    cosim_status st;
    cosim_error *e;
};

/* A point of a constraint: which one. */
struct side {
    struct solver *s;
    size_t i;
};

static const struct priced *price(struct solver *s, const double *x)
{
    double gain;

    if (s->has_f && memcmp(s->at, x, s->n * sizeof *x) == 0)
        return &s->f;
    memcpy(s->at, x, s->n * sizeof *x);
    s->has_f = s->pricing->price(s->pricing->run, x, &s->f);
    if (!s->has_f) {
        s->over = true;
        (void)nlopt_force_stop(s->opt);
        return NULL;
    }
    if (!(s->f.violation > 0) && s->st == COSIM_OK)
        s->st = guide_add(&s->guide, x, &s->f, &gain, s->e);
    return &s->f;
}

static double normalised(const struct solver *s, const struct priced *f, size_t j)
{
    return (f->obj[j] - s->ideal[j]) / s->range[j];
}

static void fix_frame(struct solver *s)
{
    for (size_t j = 0; j < s->p->n_obj; j++) {
        const double range = s->guide.nadir[j] - s->guide.ideal[j];
        s->ideal[j] = s->guide.n ? s->guide.ideal[j] : 0;
        s->range[j] = s->guide.n && range > 1e-12 ? range : 1;
    }
}

/* Variables are the row and, for Tchebycheff, t. */
static double goal(unsigned n, const double *x, double *gradient, void *data)
{
    struct solver *s = data;

    (void)gradient;
    if (s->target == TCHEBYCHEFF)
        return x[n - 1];
    const struct priced *f = price(s, x);
    return f ? normalised(s, f, s->objective) : INF_F64;
}

static double side(unsigned n, const double *x, double *gradient, void *data)
{
    const struct side *c = data;
    struct solver *s = c->s;
    const struct priced *f = price(s, x);

    (void)gradient;
    if (!f)
        return 0;
    if (c->i == s->p->n_obj)
        return f->violation;
    const double z = normalised(s, f, c->i);
    return s->target == TCHEBYCHEFF ? s->weight[c->i] * z - x[n - 1] : z - s->limit[c->i];
}

static cosim_status minimise(struct solver *s, uint64_t budget)
{
    const size_t m = s->p->n_obj, n = s->n + (s->target == TCHEBYCHEFF);
    struct side c[9];
    double *v = malloc(4 * (n + 1) * sizeof *v), value;

    if (!v)
        return err_set(s->e, COSIM_ENOMEM, "no memory for NLopt");
    s->opt = nlopt_create(s->algorithm, (unsigned)n);
    if (!s->opt) {
        free(v);
        return err_set(s->e, COSIM_ENOMEM, "no memory for NLopt");
    }
    double *lo = v + n + 1, *hi = lo + n + 1, *step = hi + n + 1;
    for (size_t i = 0; i < n; i++) {
        const bool is_t = i == s->n;
        lo[i] = is_t ? -T_BOUND : s->p->axis[i].lo;
        hi[i] = is_t ? T_BOUND : s->p->axis[i].hi;
        v[i] = is_t ? 1 : s->x[i];
        step[i] = is_t ? FIRST_STEP : FIRST_STEP * (hi[i] > lo[i] ? hi[i] - lo[i] : 1);
    }
    fix_frame(s);
    (void)nlopt_set_lower_bounds(s->opt, lo);
    (void)nlopt_set_upper_bounds(s->opt, hi);
    (void)nlopt_set_initial_step(s->opt, step);
    (void)nlopt_set_min_objective(s->opt, goal, s);
    for (size_t i = 0; i <= m; i++) {
        const bool objective =
            i < m && (s->target == TCHEBYCHEFF || (s->target == EPSILON && i != s->objective));
        c[i] = (struct side){ s, i };
        if (objective || i == m)
            (void)nlopt_add_inequality_constraint(s->opt, side, &c[i], CONSTRAINT_TOLERANCE);
    }
    (void)nlopt_set_xtol_rel(s->opt, X_TOLERANCE);
    (void)nlopt_set_maxeval(s->opt, budget < 1000000 ? (int)budget + 1 : 1000000);
    (void)nlopt_optimize(s->opt, v, &value); /* what it found is in the archive already */
    nlopt_destroy(s->opt);
    s->opt = NULL;
    free(v);
    return s->st;
}

/* From the member nearest to the weight's direction, else from a random point. */
static void choose_start(struct solver *s)
{
    double best = INF_F64, z[8];

    problem_random(s->p, &s->rng, s->x);
    for (size_t i = 0; i < s->guide.n && s->weight; i++) {
        guide_normalise(&s->guide, &s->guide.price[i], z);
        const double g = weights_tchebycheff(s->weight, z, s->p->n_obj, 0);
        if (g < best) {
            best = g;
            memcpy(s->x, s->guide.row + i * s->n, s->n * sizeof *s->x);
        }
    }
}

static cosim_status walk_weights(struct solver *s, const double *weight, size_t n_weights)
{
    const size_t m = s->p->n_obj;
    const uint64_t share = s->o->budget / (3 * m + 2 * n_weights) + 1;

    for (size_t j = 0; j < m && !s->over; j++) { /* the ends */
        s->target = ALONE;
        s->objective = j;
        for (int start = 0; start < 3 && !s->over; start++) {
            choose_start(s);
            TRY(minimise(s, share));
        }
    }
    for (uint64_t round = 0; !s->over && round < s->o->budget; round++) {
        const size_t k = (round / 2) % n_weights;
        s->target = round % 2 ? EPSILON : TCHEBYCHEFF;
        s->objective = 0;
        /* every second time around from a random point */
        s->weight = round / 2 / n_weights % 2 == 0 ? weight + k * m : NULL;
        choose_start(s);
        s->weight = weight + k * m;
        for (size_t j = 0; j < m; j++)
            s->limit[j] = 1 - s->weight[j];
        TRY(minimise(s, share));
    }
    return COSIM_OK;
}

static cosim_status nlopt_solve(const struct search_problem *p, const struct search_options *o,
                                const struct search_pricing *pricing, cosim_error *e)
{
    struct solver s = { .p = p, .o = o, .pricing = pricing, .e = e, .n = p->n_axes };
    const size_t h = weights_step_for(p->n_obj, N_WEIGHTS), n_w = weights_count(p->n_obj, h);
    const char *name = o->nlopt_method ? o->nlopt_method : "cobyla";
    size_t k = 0;

    for (size_t a = 0; a < p->n_axes; a++)
        if (p->axis[a].kind != AXIS_REAL)
            return err_set(e, COSIM_EUNSUPPORTED, "nlopt takes real axes only, '%s' is none",
                           p->axis[a].name);
    while (k < sizeof method / sizeof *method && strcmp(method[k].name, name) != 0)
        k++;
    if (k == sizeof method / sizeof *method)
        return err_set(e, COSIM_EUNKNOWN, "unknown NLopt method '%s'", name);
    s.algorithm = method[k].algorithm;
    rng_stream(&s.rng, o->seed, 0);
    nlopt_srand((unsigned long)o->seed);
    double *weight = malloc(n_w * p->n_obj * sizeof *weight);
    s.at = malloc(s.n * sizeof *s.at);
    s.x = malloc(s.n * sizeof *s.x);
    cosim_status st = guide_init(&s.guide, p, 200, e);
    if (!weight || !s.at || !s.x)
        st = err_set(e, COSIM_ENOMEM, "no memory for a search");
    if (st == COSIM_OK) {
        weights_das_dennis(p->n_obj, h, weight);
        st = walk_weights(&s, weight, n_w);
    }
    guide_release(&s.guide);
    free(weight);
    free(s.at);
    free(s.x);
    return st;
}

const struct search_algo algo_nlopt = {
    .name = "nlopt",
    .doc = "real axes: Tchebycheff and epsilon-constraint problems solved by NLopt",
    .source = "S. Johnson, The NLopt nonlinear-optimization package; COBYLA: M. Powell, 1994",
    .solve = nlopt_solve,
};
