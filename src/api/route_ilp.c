/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forked placements by an integer problem. Layers that are alike may be exchanged, so it counts how
 * many of a kind run in each way instead of asking layer by layer: GLPK would else try the same
 * plan in every order. The order comes back as a walk of the hidden state over the spine's options:
 * from the embedding, through every option that has layers, to the head and (the token) back.
 *
 *   min   sum of the values of ways, ends and steps of the walk
 *   s.t.  ways of a kind = its layers; bytes of every memory <= capacity; the walk enters an option
 *         as often as it leaves it, at most once per layer there, and at least once if there is one
 *
 * The walk may fall apart into circles: such a part gets a row that asks for a way in, and GLPK is
 * called again. With one kind of layers the plan costs exactly the minimum. Kinds that alternate
 * along the model may need more steps than the walk counts: the minimum is then a lower bound, and
 * both are reported.
 */
#include "api/route_ilp.h"
#include "core/num.h"

#include <math.h>
#include <string.h>

#define CUTS_MAX 64

static double weigh(const struct fork_problem *q, double seconds, double joules)
{
    double static_w = 0.0;

    for (size_t m = 0; m < q->p->n_members; m++)
        static_w += q->p->static_w[m];
    return q->s_weight * seconds + q->j_weight * (joules + static_w * seconds);
}

/* Of the activations from one option to another, all passes. */
static double step_value(const struct ilp *k, size_t from, size_t to)
{
    const struct route_problem *p = k->q->p;
    double s = 0.0, j = 0.0;

    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        const size_t x = k->option[from].place[f], y = k->option[to].place[f];
        const double times = p->repeats[f];
        if (!(times > 0.0) || p->runs_on[x] == p->runs_on[y])
            continue;
        s += times * route_hop_s(p, x, y, p->hop_bytes[f]);
        j += times * p->hop_bytes[f] * p->link[x][y].j_per_byte;
    }
    return weigh(k->q, s, j);
}

/* A plan of no layers: embedding, head, and the token between them. */
static void price_ends(struct ilp *k, size_t from, size_t to, double *value)
{
    struct fork_problem none = *k->q;
    struct fork_plan plan = { .embedding = k->option[from], .head = k->option[to] };
    double steps = 0.0;

    none.n_layers = 0;
    fork_plan_sum(&none, &plan);
    memcpy(k->end_bytes[from][to], plan.pool_bytes, sizeof plan.pool_bytes);
    steps = step_value(k, from, to); /* the sum took the straight way to the head */
    *value = plan.runs ? plan.value - steps : INF_F64;
}

static void add_columns(struct ilp *k)
{
    const double n_layers = (double)k->q->n_layers;

    for (size_t i = 0; i < k->n_kinds; i++) {
        struct kind *kind = &k->kind[i];
        kind->column = k->m.n_columns;
        for (size_t w = 0; w < kind->n_ways; w++)
            milp_add_column(&k->m, kind->way[w].value, (double)kind->n_layers, true);
    }
    for (size_t x = 0; x < k->n_options; x++)
        for (size_t y = 0; y < k->n_options; y++) {
            const double hop = step_value(k, x, y);
            double value;
            price_ends(k, x, y, &value);
            k->ends[x][y] = value < INF_F64 ? milp_add_column(&k->m, value, 1.0, true) : SIZE_MAX;
            k->start[x][y] = milp_add_column(&k->m, hop, 1.0, true);
            k->finish[x][y] = milp_add_column(&k->m, hop, 1.0, true);
            k->step[x][y] = x != y ? milp_add_column(&k->m, hop, n_layers, true) : SIZE_MAX;
        }
    for (size_t p = 0; p < k->q->p->n_pools; p++)
        k->writes_out[p] = k->q->kv_apart ? milp_add_column(&k->m, 0.0, 1.0, true) : SIZE_MAX;
}

static void term(struct ilp *k, size_t column, double value)
{
    if (column != SIZE_MAX)
        milp_add_term(&k->m, column, value);
}

static void walk_rows(struct ilp *k)
{
    const size_t n = k->n_options;

    milp_add_row(&k->m, 1.0, 1.0); /* one place for the ends */
    for (size_t x = 0; x < n; x++)
        for (size_t y = 0; y < n; y++)
            term(k, k->ends[x][y], 1.0);
    for (size_t x = 0; x < n; x++) {
        milp_add_row(&k->m, 0.0, 0.0); /* from where the embedding is */
        for (size_t y = 0; y < n; y++) {
            term(k, k->start[x][y], 1.0);
            term(k, k->ends[x][y], -1.0);
        }
        milp_add_row(&k->m, 0.0, 0.0); /* to where the head is */
        for (size_t y = 0; y < n; y++) {
            term(k, k->finish[y][x], 1.0);
            term(k, k->ends[y][x], -1.0);
        }
        milp_add_row(&k->m, 0.0, 0.0); /* in and out */
        for (size_t y = 0; y < n; y++) {
            term(k, k->start[y][x], 1.0);
            term(k, k->step[y][x], 1.0);
            term(k, k->finish[x][y], -1.0);
            term(k, k->step[x][y], -1.0);
        }
    }
}

/* Adds value times the arrivals at an option (from outside of a set, if there is one). */
static void arrivals(struct ilp *k, size_t option, const bool *inside, double value)
{
    for (size_t y = 0; y < k->n_options; y++) {
        term(k, k->start[y][option], value);
        if (!inside || !inside[y])
            term(k, k->step[y][option], value);
    }
}

static void layers_at(struct ilp *k, size_t option, double value)
{
    for (size_t i = 0; i < k->n_kinds; i++)
        for (size_t w = 0; w < k->kind[i].n_ways; w++)
            if (k->kind[i].way[w].option == option)
                term(k, k->kind[i].column + w, value);
}

static void layer_rows(struct ilp *k)
{
    for (size_t i = 0; i < k->n_kinds; i++) {
        const double n = (double)k->kind[i].n_layers;
        milp_add_row(&k->m, n, n);
        for (size_t w = 0; w < k->kind[i].n_ways; w++)
            term(k, k->kind[i].column + w, 1.0);
    }
    for (size_t o = 0; o < k->n_options; o++) {
        milp_add_row(&k->m, 0.0, INF_F64); /* a visit is a layer */
        layers_at(k, o, 1.0);
        arrivals(k, o, NULL, -1.0);
        milp_add_row(&k->m, -INF_F64, 0.0); /* layers are visited */
        layers_at(k, o, 1.0);
        arrivals(k, o, NULL, -(double)k->q->n_layers);
    }
}

/* A whole number that the ways sum up to. Nothing that they do not say already, but where the value
 * is linear in it, this is what GLPK has to branch on to close the gap. */
static void add_total(struct ilp *k, double most)
{
    const size_t total = milp_add_column(&k->m, 0.0, most, true);

    milp_add_row(&k->m, 0.0, 0.0);
    term(k, total, -1.0);
}

/* Experts of a kind of layers in a memory. */
static void count_experts(struct ilp *k, const struct kind *kind, size_t pool)
{
    const struct route_problem *p = k->q->p;
    const double n_experts = p->node[k->q->node[kind->layer] + 1].n_experts;

    if (!(n_experts > 0.0))
        return;
    add_total(k, n_experts * (double)kind->n_layers);
    for (size_t w = 0; w < kind->n_ways; w++) {
        double n = 0.0;
        for (size_t m = 0; m < p->n_members; m++)
            if (p->weight_pool[m] == pool)
                n += kind->way[w].choice.experts[ROUTE_PREFILL][m];
        if (n > 0.0)
            term(k, kind->column + w, n);
    }
}

/* Layers of a kind with their keys and values in a memory. */
static void count_states(struct ilp *k, const struct kind *kind, size_t pool)
{
    const struct route_problem *p = k->q->p;

    add_total(k, (double)kind->n_layers);
    for (size_t w = 0; w < kind->n_ways; w++) {
        const struct fork_choice *c = &kind->way[w].choice;
        const size_t at =
            c->kv == FORK_WITH ? p->state_pool[c->spine[ROUTE_DECODE]] : p->weight_pool[c->kv];
        if (at == pool)
            term(k, kind->column + w, 1.0);
    }
}

static void count_rows(struct ilp *k)
{
    for (size_t i = 0; i < k->n_kinds; i++)
        for (size_t pool = 0; pool + 1 < k->q->p->n_pools; pool++) {
            if (k->q->split && k->q->experts_apart)
                count_experts(k, &k->kind[i], pool);
            if (k->q->kv_apart)
                count_states(k, &k->kind[i], pool);
        }
}

static void memory_rows(struct ilp *k, double shrink)
{
    const struct route_problem *p = k->q->p;

    for (size_t pool = 0; pool < p->n_pools; pool++) {
        const double scale = max_f64(p->capacity_bytes[pool], 1.0);
        milp_add_row(&k->m, -INF_F64, shrink * p->capacity_bytes[pool] / scale);
        for (size_t i = 0; i < k->n_kinds; i++)
            for (size_t w = 0; w < k->kind[i].n_ways; w++)
                if (k->kind[i].way[w].bytes[pool] > 0.0)
                    term(k, k->kind[i].column + w, k->kind[i].way[w].bytes[pool] / scale);
        for (size_t x = 0; x < k->n_options; x++)
            for (size_t y = 0; y < k->n_options; y++)
                if (k->end_bytes[x][y][pool] > 0.0)
                    term(k, k->ends[x][y], k->end_bytes[x][y][pool] / scale);
        if (!k->q->kv_apart)
            continue;
        term(k, k->writes_out[pool], k->q->reserve_bytes / scale);
        milp_add_row(&k->m, -INF_F64, 0.0);
        for (size_t i = 0; i < k->n_kinds; i++)
            for (size_t w = 0; w < k->kind[i].n_ways; w++)
                if (k->kind[i].way[w].writes_out[pool])
                    term(k, k->kind[i].column + w, 1.0);
        term(k, k->writes_out[pool], -(double)k->q->n_layers);
    }
}

/* Options that the walk cannot reach: true, and `inside` marks them. */
static bool find_circle(const struct ilp *k, bool *inside)
{
    bool reached[ROUTE_OPTIONS], any = false;

    ilp_reach(k, reached);
    for (size_t x = 0; x < k->n_options; x++) {
        inside[x] = false;
        for (size_t y = 0; y < k->n_options && !reached[x]; y++)
            inside[x] = inside[x] || ilp_count(k, k->step[x][y]) > 0.5;
        any = any || inside[x];
    }
    return any;
}

/* Whoever is visited in the set needs a way into the set. */
static void cut_circle(struct ilp *k, const bool *inside)
{
    for (size_t o = 0; o < k->n_options; o++) {
        if (!inside[o])
            continue;
        milp_add_row(&k->m, -INF_F64, 0.0);
        /* terms of one column may not come twice: visits from inside of the set are what counts */
        for (size_t y = 0; y < k->n_options; y++)
            if (inside[y])
                term(k, k->step[y][o], 1.0);
        for (size_t x = 0; x < k->n_options; x++)
            if (inside[x])
                arrivals(k, x, inside, -(double)k->q->n_layers);
    }
}

/* --- solving -------------------------------------------------------------------------------- */

static cosim_status list_kinds(struct ilp *k, cosim_error *e)
{
    const struct fork_problem *q = k->q;

    k->kind = ARENA_NEW(k->a, struct kind, q->n_layers + 1);
    if (!k->kind)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu layers", q->n_layers);
    for (size_t i = 0; i < q->n_layers; i++) {
        struct kind *kind = &k->kind[k->n_kinds];
        if (q->like[i] != i)
            continue;
        kind->layer = i;
        for (size_t j = i; j < q->n_layers; j++)
            kind->n_layers += q->like[j] == i;
        TRY(fork_ways(&kind->way, &kind->n_ways, q, i, k->a, e));
        k->n_kinds++;
    }
    return COSIM_OK;
}

static cosim_status solve_once(struct ilp *k, double shrink, size_t max_nodes, double *least,
                               cosim_error *e)
{
    bool inside[ROUTE_OPTIONS];

    k->m = (struct milp){ .arena = k->a };
    add_columns(k);
    walk_rows(k);
    layer_rows(k);
    memory_rows(k, shrink);
    count_rows(k);
    k->x = ARENA_NEW(k->a, double, k->m.n_columns + 1);
    if (!k->x)
        return err_set(e, COSIM_ENOMEM, "out of memory for an integer problem");
    for (int cuts = 0; cuts < CUTS_MAX; cuts++) {
        cosim_error own = { 0 };
        const cosim_status st = milp_solve(&k->m, max_nodes, k->x, least, &own);
        if (st == COSIM_ENO)
            return err_set(e, COSIM_ENO, "no placement fits the memories of the platform");
        if (st != COSIM_OK)
            return err_set(e, st, "%s", own.msg);
        if (!find_circle(k, inside))
            return COSIM_OK;
        cut_circle(k, inside);
    }
    return err_set(e, COSIM_EINTERNAL, "the walk over the devices keeps falling apart");
}

cosim_status fork_solve(struct fork_plan *plan, const struct fork_problem *q, size_t max_nodes,
                        struct arena *a, cosim_error *e)
{
    struct ilp *k = ARENA_NEW(a, struct ilp, 1);
    double shrink = 1.0, least = 0.0;

    *plan = (struct fork_plan){ .bound = UNKNOWN_F64 };
    if (!k)
        return err_set(e, COSIM_ENOMEM, "out of memory for an integer problem");
    k->q = q;
    k->a = a;
    k->n_options = route_options(q->p, k->option);
    TRY(list_kinds(k, e));
    /* a limit may be missed by the solver's tolerance: then ask for a little less */
    for (int attempt = 0; attempt < 3; attempt++) {
        TRY(solve_once(k, shrink, max_nodes, &least, e));
        plan->n_columns = k->m.n_columns;
        plan->n_kinds = k->n_kinds;
        if (attempt == 0)
            plan->bound = least;
        TRY(ilp_read_plan(k, plan, e));
        if (plan->fits)
            return COSIM_OK;
        shrink -= attempt ? 1e-5 : 1e-6;
    }
    return err_set(e, COSIM_EINTERNAL, "the integer solver keeps missing a limit");
}
