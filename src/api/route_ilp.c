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
#include "alloc/milp.h"
#include "api/route_fork.h"
#include "core/num.h"

#include <math.h>
#include <string.h>

#define CUTS_MAX 64

struct kind {
    size_t layer, n_layers; /* the first of them */
    struct fork_way *way;
    size_t n_ways, column; /* of the first way */
};

struct ilp {
    const struct fork_problem *q;
    struct arena *a;
    struct kind *kind;
    size_t n_kinds;
    struct route_option option[ROUTE_OPTIONS];
    size_t n_options;
    /* columns: [from][to] of options; SIZE_MAX = none */
    size_t ends[ROUTE_OPTIONS][ROUTE_OPTIONS];   /* embedding, head */
    size_t start[ROUTE_OPTIONS][ROUTE_OPTIONS];  /* embedding, first layer */
    size_t finish[ROUTE_OPTIONS][ROUTE_OPTIONS]; /* last layer, head */
    size_t step[ROUTE_OPTIONS][ROUTE_OPTIONS];   /* layer, layer */
    size_t writes_out[ROUTE_MEMBERS];
    double end_bytes[ROUTE_OPTIONS][ROUTE_OPTIONS][ROUTE_MEMBERS];
    struct milp m;
    double *x;
};

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

static double count(const struct ilp *k, size_t column)
{
    return column == SIZE_MAX ? 0.0 : k->x[column];
}

/* Options that the walk cannot reach: true, and `inside` marks them. */
static bool find_circle(const struct ilp *k, bool *inside)
{
    bool reached[ROUTE_OPTIONS] = { false }, more = true, any = false;

    for (size_t x = 0; x < k->n_options; x++)
        for (size_t y = 0; y < k->n_options; y++)
            reached[y] = reached[y] || count(k, k->start[x][y]) > 0.5;
    while (more) {
        more = false;
        for (size_t x = 0; x < k->n_options; x++)
            for (size_t y = 0; y < k->n_options; y++)
                if (reached[x] && !reached[y] && count(k, k->step[x][y]) > 0.5)
                    reached[y] = more = true;
    }
    for (size_t x = 0; x < k->n_options; x++) {
        inside[x] = false;
        for (size_t y = 0; y < k->n_options && !reached[x]; y++)
            inside[x] = inside[x] || count(k, k->step[x][y]) > 0.5;
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

/* --- from counts to layers ------------------------------------------------------------------ */

/* The order in which the walk comes to its options: an Euler walk (Hierholzer), last first. */
static size_t order_of_visits(struct ilp *k, size_t *visit, size_t cap)
{
    size_t stack[2 * ROUTE_OPTIONS * ROUTE_OPTIONS], depth = 0, n = 0;
    const size_t limit = sizeof stack / sizeof *stack;

    for (size_t x = 0; x < k->n_options && depth == 0; x++)
        for (size_t y = 0; y < k->n_options && depth == 0; y++)
            if (count(k, k->start[x][y]) > 0.5)
                stack[depth++] = y;
    while (depth > 0) {
        const size_t at = stack[depth - 1];
        size_t to = 0;
        while (to < k->n_options && !(count(k, k->step[at][to]) > 0.5))
            to++;
        if (to < k->n_options && depth < limit) {
            k->x[k->step[at][to]] -= 1.0;
            stack[depth++] = to;
        } else if (n < cap) {
            visit[n++] = at;
            depth--;
        } else {
            break;
        }
    }
    for (size_t i = 0; i < n / 2; i++) {
        const size_t t = visit[i];
        visit[i] = visit[n - 1 - i];
        visit[n - 1 - i] = t;
    }
    return n;
}

/* Layers of a kind that stay at a visit: all that are left, but one for every later visit. */
static size_t stay(const struct ilp *k, const struct kind *kind, const size_t *visit, size_t n,
                   size_t v)
{
    size_t left = 0, later = 0;

    for (size_t w = 0; w < kind->n_ways; w++)
        if (kind->way[w].option == visit[v])
            left += (size_t)k->x[kind->column + w];
    for (size_t i = v + 1; i < n; i++)
        later += visit[i] == visit[v];
    return left > later ? left - later : left > 0;
}

static void place_kind(struct ilp *k, struct fork_plan *plan, const struct kind *kind,
                       const size_t *visit, size_t n)
{
    size_t layer = kind->layer;

    for (size_t v = 0; v < n; v++) {
        size_t left = stay(k, kind, visit, n, v);
        for (size_t w = 0; w < kind->n_ways && left > 0; w++)
            while (kind->way[w].option == visit[v] && left > 0 && k->x[kind->column + w] > 0.5) {
                k->x[kind->column + w] -= 1.0;
                left--;
                while (k->q->like[layer] != kind->layer)
                    layer++;
                plan->layer[layer++] = kind->way[w].choice;
            }
    }
}

static cosim_status read_plan(struct ilp *k, struct fork_plan *plan, cosim_error *e)
{
    const size_t cap = 2 * ROUTE_OPTIONS * ROUTE_OPTIONS;
    size_t *visit = ARENA_NEW(k->a, size_t, cap);

    plan->layer = ARENA_NEW(k->a, struct fork_choice, k->q->n_layers + 1);
    if (!visit || !plan->layer)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    for (size_t x = 0; x < k->n_options; x++)
        for (size_t y = 0; y < k->n_options; y++)
            if (count(k, k->ends[x][y]) > 0.5) {
                plan->embedding = k->option[x];
                plan->head = k->option[y];
            }
    const size_t n = order_of_visits(k, visit, cap);
    for (size_t i = 0; i < k->n_kinds; i++)
        place_kind(k, plan, &k->kind[i], visit, n);
    fork_plan_sum(k->q, plan);
    return COSIM_OK;
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
        const cosim_status st = milp_solve(&k->m, max_nodes, k->x, least, e);
        if (st == COSIM_ENO)
            return err_set(e, COSIM_ENO, "no placement fits the memories of the platform");
        TRY(st);
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
        TRY(read_plan(k, plan, e));
        if (plan->fits)
            return COSIM_OK;
        shrink -= attempt ? 1e-5 : 1e-6;
    }
    return err_set(e, COSIM_EINTERNAL, "the integer solver keeps missing a limit");
}
