/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placements as rows of numbers, for the algorithms of src/search. */
#include "api/route.h"
#include "api/route_repair.h"
#include "core/num.h"

#include <string.h>

/* Where the option of a node stands in a row. */
size_t route_space_slot(const struct route_space *s, const double *x, size_t node)
{
    const struct route_node *n = &s->p->node[node];
    size_t range = 0;

    if (s->n_kinds == 0)
        return node;
    if (n->layer == SIZE_MAX)
        return s->n_cuts + (node > 0);
    for (size_t i = 0; i < s->n_cuts; i++)
        range += x[i] <= (double)n->layer;
    return s->n_cuts + 2 + range * s->n_kinds + n->kind;
}

void route_space_place(const struct route_space *s, const double *x, size_t node,
                       struct placement *plan)
{
    const struct route_option *o = &s->option[(size_t)x[route_space_slot(s, x, node)]];

    for (int f = 0; f < N_ROUTE_PHASES; f++)
        plan->place[f][node] = o->place[f];
}

void route_space_decode(const struct route_space *s, const double *x, struct placement *plan)
{
    for (size_t i = 0; i < s->p->n_nodes; i++)
        route_space_place(s, x, i, plan);
}

/* Bytes over the capacities, relative; what cannot run at all is worse than any of it. */
static double violation_of(const struct route_problem *p, const struct placement *plan)
{
    return route_overflow(p, plan->pool_bytes) + (plan->runs ? 0.0 : 1e6);
}

static void evaluate(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation)
{
    const struct route_space *s = ctx;
    uint8_t place[N_ROUTE_PHASES][ROUTE_NODES];
    struct placement plan = { .place = { place[0], place[1] } };

    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        route_space_decode(s, x + i * s->n_axes, &plan);
        route_plan_sum(s->p, &plan);
        violation[i] = violation_of(s->p, &plan);
        for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
            if (s->wanted[q])
                obj[j++][i] = plan.runs ? plan.objective[q] : 0.0;
    }
}

/* Seconds of a node in both phases. */
double route_node_s(const struct route_problem *p, size_t node, const struct route_option *o)
{
    double s = 0.0;

    for (int f = 0; f < N_ROUTE_PHASES; f++)
        if (p->repeats[f] > 0.0)
            s += p->repeats[f] * route_cost_at(p, (enum route_phase)f, node, o->place[f])->s;
    return s;
}

/* The fastest option of every slot, memories not regarded. */
static void seed_fastest(const struct route_space *s, double *x)
{
    for (size_t slot = s->n_cuts; slot < s->n_axes; slot++) {
        double best = INF_F64;
        for (size_t o = 0; o < s->n_options; o++) {
            double sum = 0.0;
            for (size_t i = 0; i < s->p->n_nodes; i++)
                if (route_space_slot(s, x, i) == slot)
                    sum += route_node_s(s->p, i, &s->option[o]);
            if (sum < best) {
                best = sum;
                x[slot] = (double)o;
            }
        }
    }
}

/* Ranges of equal length; then the fastest places, and every member alone. No exact solution is
 * among them. */
static cosim_status make_seeds(struct route_space *s, struct arena *a, cosim_error *e)
{
    s->seed = ARENA_NEW(a, double, (1 + s->p->n_members) * s->n_axes);
    if (!s->seed)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    for (size_t k = 0; k <= s->p->n_members; k++)
        for (size_t i = 0; i < s->n_cuts; i++)
            s->seed[k * s->n_axes + i] = (double)((i + 1) * s->n_layers / (s->n_cuts + 1));
    seed_fastest(s, s->seed);
    s->n_seeds = 1;
    for (size_t o = 0; o < s->n_options; o++) {
        if (s->option[o].place[0] != s->option[o].place[1])
            continue;
        double *x = s->seed + s->n_seeds++ * s->n_axes;
        for (size_t slot = s->n_cuts; slot < s->n_axes; slot++)
            x[slot] = (double)o;
    }
    return COSIM_OK;
}

static void count_layers(struct route_space *s)
{
    for (size_t i = 0; i < s->p->n_nodes; i++)
        if (s->p->node[i].layer != SIZE_MAX) {
            s->n_layers = s->p->node[i].layer + 1;
            s->n_kinds = s->n_kinds > s->p->node[i].kind ? s->n_kinds : s->p->node[i].kind + 1;
        }
}

cosim_status route_space_make(struct route_space *s, const struct route_problem *p,
                              const bool *wanted, size_t n_ranges, struct arena *a, cosim_error *e)
{
    *s = (struct route_space){ .p = p };
    memcpy(s->wanted, wanted, sizeof s->wanted);
    s->n_options = route_options(p, s->option);
    if (s->n_options == 0)
        return err_set(e, COSIM_ENO, "no member of the platform is left");
    if (n_ranges > 0)
        count_layers(s);
    if (s->n_kinds > 0)
        s->n_cuts = (n_ranges < s->n_layers ? n_ranges : s->n_layers) - 1;
    s->n_axes = s->n_kinds > 0 ? s->n_cuts + 2 + (s->n_cuts + 1) * s->n_kinds : p->n_nodes;
    s->axis = ARENA_NEW(a, struct search_axis, s->n_axes);
    if (!s->axis)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    for (size_t i = 0; i < s->n_axes; i++)
        s->axis[i] = i < s->n_cuts ? (struct search_axis){ .name = "cut",
                                                           .kind = AXIS_ORDINAL,
                                                           .n = (uint32_t)s->n_layers + 1 }
                                   : (struct search_axis){ .name = "places",
                                                           .kind = AXIS_CATEGORICAL,
                                                           .n = (uint32_t)s->n_options };
    return make_seeds(s, a, e);
}

struct search_problem route_space_problem(const struct route_space *s)
{
    struct search_problem problem = {
        .name = "placements",
        .n_axes = s->n_axes,
        .axis = s->axis,
        .ctx = s,
        .evaluate = evaluate,
        .repair = route_repair,
        .seed = s->seed,
        .n_seeds = s->n_seeds,
    };

    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        problem.n_obj += s->wanted[q];
    return problem;
}
