/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a forked placement costs. */
#include "api/route_fork.h"
#include "core/num.h"

#include <math.h>
#include <string.h>

static bool same_nodes(const struct fork_problem *q, size_t x, size_t y)
{
    const struct route_problem *p = q->p;

    for (size_t part = 0; part < 1u + q->split; part++) {
        const struct route_node *n = &p->node[q->node[x] + part], *m = &p->node[q->node[y] + part];
        const double a[] = { n->weight_bytes, n->kv_bytes, n->kv_prompt_bytes, n->n_experts };
        const double b[] = { m->weight_bytes, m->kv_bytes, m->kv_prompt_bytes, m->n_experts };
        for (size_t i = 0; i < sizeof a / sizeof *a; i++)
            if (fabs(a[i] - b[i]) > 1e-9 * fabs(b[i])) /* they are differences of sums */
                return false;
        for (int f = 0; f < N_ROUTE_PHASES; f++)
            if (memcmp(route_cost_at(p, (enum route_phase)f, q->node[x] + part, 0),
                       route_cost_at(p, (enum route_phase)f, q->node[y] + part, 0),
                       p->n_members * sizeof(struct route_cost))
                != 0)
                return false;
    }
    return true;
}

cosim_status fork_make(struct fork_problem *q, const struct route_problem *p, bool kv_apart,
                       bool experts_apart, enum route_objective lead, struct arena *a,
                       cosim_error *e)
{
    const size_t n_layers = p->n_nodes > 2 ? p->node[p->n_nodes - 2].layer + 1 : 0;

    *q = (struct fork_problem){ .p = p, .kv_apart = kv_apart, .experts_apart = experts_apart };
    if (lead == ROUTE_UNDERUSE)
        return err_set(e, COSIM_EUNSUPPORTED,
                       "the integer problem has no objective 'underuse': "
                       "it is no sum");
    q->n_layers = n_layers;
    q->split = n_layers > 0 && (p->n_nodes - 2) / n_layers == 2;
    q->node = ARENA_NEW(a, size_t, n_layers + 1);
    q->like = ARENA_NEW(a, size_t, n_layers + 1);
    if (!q->node || !q->like)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu layers", n_layers);
    q->s_weight = lead == ROUTE_LATENCY ? 1.0 : 0.0;
    q->j_weight = lead == ROUTE_ENERGY ? 1.0 : 0.0;
    for (size_t i = 0; i < n_layers; i++) {
        q->node[i] = 1 + i * (1u + q->split);
        q->reserve_bytes = max_f64(q->reserve_bytes, p->node[q->node[i]].kv_prompt_bytes);
        while (!same_nodes(q, q->like[i], i))
            q->like[i]++;
    }
    return COSIM_OK;
}

/* --- one layer ------------------------------------------------------------------------------ */

static void add_way(const struct route_problem *p, size_t from, size_t to, double bytes,
                    double *seconds, double *joules)
{
    if (p->runs_on[from] == p->runs_on[to])
        return;
    *seconds += route_hop_s(p, from, to, bytes);
    *joules += bytes * p->link[from][to].j_per_byte;
}

/* Seconds that the memory itself needs for all of a node: read by the fastest member at it. */
static double memory_floor_s(const struct route_problem *p, enum route_phase phase, size_t node,
                             size_t pool)
{
    double s = INF_F64;

    for (size_t m = 0; m < p->n_members; m++)
        if (p->runs_on[m] == m && p->weight_pool[m] == pool)
            s = min_f64(s, route_cost_at(p, phase, node, m)->memory_s);
    return s < INF_F64 ? s : 0.0; /* flash: its only reader is the tier, at its own rate */
}

void fork_experts(const struct route_problem *p, enum route_phase phase, size_t node, size_t spine,
                  const uint16_t *experts, double *seconds, double *joules, double *hop_s)
{
    double branch_s[ROUTE_MEMBERS] = { 0.0 }, way_s[ROUTE_MEMBERS] = { 0.0 };
    double share_of_pool[ROUTE_MEMBERS] = { 0.0 };
    size_t slowest = 0;

    *joules = 0.0;
    for (size_t m = 0; m < p->n_members; m++) {
        const struct route_cost *c = route_cost_at(p, phase, node, m);
        const size_t d = p->runs_on[m];
        const double share = experts[m] / p->node[node].n_experts;
        if (experts[m] == 0)
            continue;
        if (!(branch_s[d] > 0.0)) { /* the tokens go there and come back once */
            add_way(p, spine, d, p->hop_bytes[phase], &way_s[d], joules);
            add_way(p, d, spine, p->hop_bytes[phase], &way_s[d], joules);
        }
        branch_s[d] += share * c->s;
        share_of_pool[p->weight_pool[m]] += share;
        *joules += share * c->dynamic_j;
    }
    for (size_t d = 1; d < p->n_members; d++)
        if (branch_s[d] + way_s[d] > branch_s[slowest] + way_s[slowest])
            slowest = d;
    *seconds = branch_s[slowest] + way_s[slowest];
    *hop_s = way_s[slowest];
    for (size_t k = 0; k < p->n_pools; k++)
        if (share_of_pool[k] > 0.0)
            *seconds = max_f64(*seconds, share_of_pool[k] * memory_floor_s(p, phase, node, k));
}

static void hold(const struct route_problem *p, struct fork_bill *b, double bytes, size_t x,
                 size_t y)
{
    b->bytes[p->weight_pool[x]] += bytes;
    if (p->weight_pool[y] != p->weight_pool[x])
        b->bytes[p->weight_pool[y]] += bytes;
}

/* The attention core of a decode pass on the member that keeps keys and values. */
static void core_apart(const struct route_problem *p, const struct route_node *n,
                       const struct route_cost *here, const struct route_cost *there, size_t y,
                       size_t k, struct fork_bill *b, double times)
{
    double s = max_f64(there->core_s, n->kv_read_bytes / p->stream_bytes_per_s[k]);
    double way_s = 0.0, way_j = 0.0;

    add_way(p, y, k, n->core_in_bytes, &way_s, &way_j);
    add_way(p, k, y, n->core_out_bytes, &way_s, &way_j);
    s += way_s;
    b->pass_s[ROUTE_DECODE] += s - here->core_s;
    b->hop_s += times * way_s;
    b->dynamic_j += times * (there->core_j - here->core_j + way_j);
}

static void add_kv(const struct route_problem *p, size_t node, const struct fork_choice *c,
                   struct fork_bill *b)
{
    const struct route_node *n = &p->node[node];
    const size_t x = c->spine[ROUTE_PREFILL], y = c->spine[ROUTE_DECODE];
    const double times = p->repeats[ROUTE_DECODE];
    double move_s = 0.0;

    if (c->kv == FORK_WITH) {
        b->bytes[p->state_pool[y]] += n->kv_bytes;
        if (p->state_pool[x] == p->state_pool[y])
            return;
        b->bytes[p->state_pool[x]] += n->kv_prompt_bytes;
        if (n->kv_prompt_bytes > 0.0) {
            move_s = route_hop_s(p, x, y, n->kv_prompt_bytes);
            b->dynamic_j += n->kv_prompt_bytes * p->link[x][y].j_per_byte;
        }
    } else {
        const size_t k = c->kv;
        b->bytes[p->weight_pool[k]] += n->kv_bytes;
        if (p->state_pool[x] != p->weight_pool[k] && n->kv_prompt_bytes > 0.0) {
            b->writes_out[p->state_pool[x]] = true;
            add_way(p, x, k, n->kv_prompt_bytes, &move_s, &b->dynamic_j);
            if (p->runs_on[x] == p->runs_on[k])
                move_s += n->kv_prompt_bytes / p->stream_bytes_per_s[k];
        }
        core_apart(p, n, route_cost_at(p, ROUTE_DECODE, node, y),
                   route_cost_at(p, ROUTE_DECODE, node, k), y, k, b, times);
    }
    b->once_s += move_s;
    b->hop_s += move_s;
}

static void run_here(const struct route_problem *p, size_t node, const struct fork_choice *c,
                     struct fork_bill *b)
{
    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        const struct route_cost *cost = route_cost_at(p, (enum route_phase)f, node, c->spine[f]);
        if (!(p->repeats[f] > 0.0))
            continue;
        b->pass_s[f] += cost->s;
        b->dynamic_j += p->repeats[f] * cost->dynamic_j;
    }
    hold(p, b, p->node[node].weight_bytes, c->spine[0],
         p->repeats[ROUTE_DECODE] > 0.0 ? c->spine[1] : c->spine[0]);
}

/* Experts are kept once, where they work in the prefill (and in the decode: the same memories). */
static void run_forked(const struct route_problem *p, size_t node, const struct fork_choice *c,
                       struct fork_bill *b)
{
    const double each = p->node[node].weight_bytes / p->node[node].n_experts;

    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        double s, j, hop_s;
        if (!(p->repeats[f] > 0.0))
            continue;
        fork_experts(p, (enum route_phase)f, node, c->spine[f], c->experts[f], &s, &j, &hop_s);
        b->pass_s[f] += s;
        b->dynamic_j += p->repeats[f] * j;
        b->hop_s += p->repeats[f] * hop_s;
    }
    for (size_t m = 0; m < p->n_members; m++)
        b->bytes[p->weight_pool[m]] += c->experts[ROUTE_PREFILL][m] * each;
}

void fork_layer(const struct fork_problem *q, size_t layer, const struct fork_choice *c,
                struct fork_bill *b)
{
    const size_t node = q->node[layer];

    *b = (struct fork_bill){ .once_s = 0.0 };
    run_here(q->p, node, c, b);
    add_kv(q->p, node, c, b);
    if (!q->split)
        return;
    if (q->experts_apart && q->p->node[node + 1].n_experts > 0.0)
        run_forked(q->p, node + 1, c, b);
    else
        run_here(q->p, node + 1, c, b);
}

/* --- a plan --------------------------------------------------------------------------------- */

/* The ends cost what they cost in a chain. */
static void add_ends(const struct fork_problem *q, struct fork_plan *plan,
                     double pass_s[N_ROUTE_PHASES], double *joules)
{
    const struct route_problem *p = q->p;
    const size_t node[] = { 0, p->n_nodes - 1 };
    uint8_t place[N_ROUTE_PHASES][2];
    const struct route_option *end[] = { &plan->embedding, &plan->head };

    for (size_t i = 0; i < 2; i++)
        for (int f = 0; f < N_ROUTE_PHASES; f++) {
            const struct route_cost *c =
                route_cost_at(p, (enum route_phase)f, node[i], end[i]->place[f]);
            place[f][i] = end[i]->place[f];
            if (!(p->repeats[f] > 0.0))
                continue;
            pass_s[f] += c->s;
            *joules += p->repeats[f] * c->dynamic_j;
        }
    /* route_node_holds looks at node 0 and the node alone: a chain of the two ends */
    const struct route_node ends[] = { p->node[node[0]], p->node[node[1]] };
    struct route_problem two = *p;
    const struct placement at = { .place = { place[0], place[1] } };
    two.node = ends;
    two.n_nodes = 2;
    route_node_holds(&two, &at, 0, 1.0, plan->pool_bytes);
    route_node_holds(&two, &at, 1, 1.0, plan->pool_bytes);
}

static void add_hop(const struct route_problem *p, struct fork_plan *plan, size_t from, size_t to,
                    double bytes, double times, double *seconds, double *joules)
{
    double s = 0.0, j = 0.0;

    add_way(p, from, to, bytes, &s, &j);
    *seconds += s;
    *joules += times * j;
    plan->hop_s += times * s;
}

static void add_hops(const struct fork_problem *q, struct fork_plan *plan,
                     double pass_s[N_ROUTE_PHASES], double *once_s, double *joules)
{
    const struct route_problem *p = q->p;
    const double steps = p->repeats[ROUTE_DECODE];
    double again_s = 0.0;

    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        size_t at = plan->embedding.place[f];
        if (!(p->repeats[f] > 0.0))
            continue;
        for (size_t i = 0; i <= q->n_layers; i++) {
            const size_t to = i < q->n_layers ? plan->layer[i].spine[f] : plan->head.place[f];
            add_hop(p, plan, at, to, p->hop_bytes[f], p->repeats[f], &pass_s[f], joules);
            at = to;
        }
    }
    if (!(steps > 0.0))
        return;
    const size_t to = plan->embedding.place[ROUTE_DECODE];
    add_hop(p, plan, plan->head.place[ROUTE_PREFILL], to, p->token_bytes, 1.0, once_s, joules);
    add_hop(p, plan, plan->head.place[ROUTE_DECODE], to, p->token_bytes, steps - 1.0, &again_s,
            joules);
    *once_s += (steps - 1.0) * again_s;
}

void fork_plan_sum(const struct fork_problem *q, struct fork_plan *plan)
{
    const struct route_problem *p = q->p;
    double pass_s[N_ROUTE_PHASES] = { 0.0 }, once_s = 0.0, joules = 0.0, static_w = 0.0;
    double token_s = 0.0;
    bool writes_out[ROUTE_MEMBERS] = { false };

    memset(plan->pool_bytes, 0, sizeof plan->pool_bytes);
    plan->hop_s = 0.0;
    add_ends(q, plan, pass_s, &joules);
    for (size_t i = 0; i < q->n_layers; i++) {
        struct fork_bill b;
        fork_layer(q, i, &plan->layer[i], &b);
        for (int f = 0; f < N_ROUTE_PHASES; f++)
            pass_s[f] += b.pass_s[f];
        for (size_t k = 0; k < p->n_pools; k++) {
            plan->pool_bytes[k] += b.bytes[k];
            writes_out[k] = writes_out[k] || b.writes_out[k];
        }
        once_s += b.once_s;
        joules += b.dynamic_j;
        plan->hop_s += b.hop_s;
    }
    add_hops(q, plan, pass_s, &token_s, &joules);
    plan->fits = true;
    for (size_t k = 0; k < p->n_pools; k++) {
        plan->pool_bytes[k] += writes_out[k] ? q->reserve_bytes : 0.0;
        plan->fits = plan->fits && plan->pool_bytes[k] <= p->capacity_bytes[k];
    }
    for (size_t m = 0; m < p->n_members; m++)
        static_w += p->static_w[m];
    const double steps = p->repeats[ROUTE_DECODE];
    plan->ttft_s = pass_s[ROUTE_PREFILL];
    plan->tpot_s = steps > 0.0 ? pass_s[ROUTE_DECODE] + token_s / steps : 0.0;
    plan->latency_s = plan->ttft_s + once_s + steps * plan->tpot_s;
    plan->energy_j = joules + static_w * plan->latency_s;
    plan->runs = plan->latency_s < INF_F64;
    plan->value = q->s_weight * plan->latency_s + q->j_weight * plan->energy_j;
}
