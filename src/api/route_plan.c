/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a given placement costs; written without the solver, so that one can check the other. */
#include "alloc/qeil.h"
#include "api/route.h"
#include "core/num.h"

#include <string.h>

struct placement *route_plan_new(const struct route_problem *p, size_t member, struct arena *a)
{
    struct placement *plan = ARENA_NEW(a, struct placement, 1);

    for (int phase = 0; plan && phase < N_ROUTE_PHASES; phase++) {
        plan->place[phase] = ARENA_NEW(a, uint8_t, p->n_nodes);
        if (!plan->place[phase])
            return NULL;
        memset(plan->place[phase], (int)member, p->n_nodes);
    }
    return plan;
}

size_t route_options(const struct route_problem *p, struct route_option option[ROUTE_OPTIONS])
{
    size_t n = 0;

    for (size_t x = 0; x < p->n_members; x++)
        for (size_t y = 0; y < p->n_members; y++) {
            if (p->down[x] || p->down[y] || (x != y && !(p->repeats[ROUTE_DECODE] > 0.0)))
                continue;
            option[n++] = (struct route_option){ { (uint8_t)x, (uint8_t)y } };
        }
    return n;
}

static void add_hop(const struct route_problem *p, struct placement *plan, size_t from, size_t to,
                    double bytes, double times)
{
    plan->hop_s += times * route_hop_s(p, from, to, bytes);
    plan->link_j += times * bytes * p->link[from][to].j_per_byte;
    plan->n_hops += p->runs_on[from] != p->runs_on[to];
}

/* Seconds of one pass with the hops between its nodes. */
static double add_phase(const struct route_problem *p, struct placement *plan,
                        enum route_phase phase)
{
    const uint8_t *at = plan->place[phase];
    const double times = p->repeats[phase];
    double pass_s = 0.0;

    if (!(times > 0.0))
        return 0.0;
    for (size_t i = 0; i < p->n_nodes; i++) {
        const struct route_cost *c = route_cost_at(p, phase, i, at[i]);
        if (i > 0) {
            add_hop(p, plan, at[i - 1], at[i], p->hop_bytes[phase], times);
            pass_s += route_hop_s(p, at[i - 1], at[i], p->hop_bytes[phase]);
        }
        pass_s += c->s;
        plan->runs = plan->runs && c->s < INF_F64 && !p->down[at[i]];
        plan->dynamic_j += times * c->dynamic_j;
        plan->busy_s[p->runs_on[at[i]]] += times * c->s;
    }
    return pass_s;
}

/* The token of each pass goes back to the embedding of the next. */
static double add_tokens(const struct route_problem *p, struct placement *plan)
{
    const size_t last = p->n_nodes - 1, first = plan->place[ROUTE_DECODE][0];
    const size_t from = plan->place[ROUTE_PREFILL][last], again = plan->place[ROUTE_DECODE][last];
    const double steps = p->repeats[ROUTE_DECODE];

    if (!(steps > 0.0))
        return 0.0;
    add_hop(p, plan, from, first, p->token_bytes, 1.0);
    if (steps > 1.0)
        add_hop(p, plan, again, first, p->token_bytes, steps - 1.0);
    return route_hop_s(p, from, first, p->token_bytes)
           + (steps - 1.0) * route_hop_s(p, again, first, p->token_bytes);
}

void route_node_holds(const struct route_problem *p, const struct placement *plan, size_t node,
                      double sign, double pool_bytes[ROUTE_MEMBERS])
{
    const struct route_node *n = &p->node[node];
    const bool decodes = p->repeats[ROUTE_DECODE] > 0.0;
    const size_t x = plan->place[ROUTE_PREFILL][node];
    const size_t y = decodes ? plan->place[ROUTE_DECODE][node] : x;
    bool pool[ROUTE_MEMBERS] = { false };

    pool[p->weight_pool[x]] = pool[p->weight_pool[y]] = true;
    if (n->tied) {
        pool[p->weight_pool[plan->place[ROUTE_PREFILL][0]]] = false;
        if (decodes)
            pool[p->weight_pool[plan->place[ROUTE_DECODE][0]]] = false;
    }
    for (size_t k = 0; k < p->n_pools; k++)
        if (pool[k])
            pool_bytes[k] += sign * n->weight_bytes;
    pool_bytes[p->state_pool[y]] += sign * n->kv_bytes;
    if (p->state_pool[x] != p->state_pool[y])
        pool_bytes[p->state_pool[x]] += sign * n->kv_prompt_bytes;
}

static void add_state(const struct route_problem *p, struct placement *plan)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        const struct route_node *n = &p->node[i];
        const size_t x = plan->place[ROUTE_PREFILL][i];
        const size_t y = p->repeats[ROUTE_DECODE] > 0.0 ? plan->place[ROUTE_DECODE][i] : x;

        route_node_holds(p, plan, i, 1.0, plan->pool_bytes);
        if (p->state_pool[x] != p->state_pool[y] && n->kv_prompt_bytes > 0.0) {
            plan->kv_move_s += route_hop_s(p, x, y, n->kv_prompt_bytes);
            plan->link_j += n->kv_prompt_bytes * p->link[x][y].j_per_byte;
        }
    }
}

void route_plan_sum(const struct route_problem *p, struct placement *plan)
{
    uint8_t *const place[] = { plan->place[0], plan->place[1] };
    double static_w = 0.0;

    *plan = (struct placement){ .place = { place[0], place[1] }, .fits = true, .runs = true };
    plan->ttft_s = add_phase(p, plan, ROUTE_PREFILL);
    const double pass_s = add_phase(p, plan, ROUTE_DECODE);
    const double decode_s = pass_s * p->repeats[ROUTE_DECODE] + add_tokens(p, plan);
    add_state(p, plan);
    plan->tpot_s = p->repeats[ROUTE_DECODE] > 0.0 ? decode_s / p->repeats[ROUTE_DECODE] : 0.0;
    plan->objective[ROUTE_LATENCY] = plan->ttft_s + plan->kv_move_s + decode_s;
    for (size_t m = 0; m < p->n_members; m++)
        static_w += p->static_w[m];
    plan->objective[ROUTE_ENERGY] =
        plan->dynamic_j + plan->link_j + static_w * plan->objective[ROUTE_LATENCY];
    const double underuse_ratio = qeil_underuse(plan->busy_s, p->peak_flops_per_s, p->n_members,
                                                plan->objective[ROUTE_LATENCY]);
    plan->objective[ROUTE_UNDERUSE] = max_f64(0.0, underuse_ratio); /* rounding */
    for (size_t k = 0; k < p->n_pools; k++)
        plan->fits = plan->fits && plan->pool_bytes[k] <= p->capacity_bytes[k];
}

void route_quality(struct route_quality *q, const struct route_problem *p,
                   const struct placement *plan, enum route_phase phase, size_t member,
                   size_t first, size_t last)
{
    double compute_s = 0.0, stream_s = 0.0, leak_j = 0.0, dynamic_j = 0.0, pressed_j = 0.0;
    const bool all = member == p->n_members;

    q->cpq = 0.0;
    for (size_t k = 0; k < p->n_pools; k++)
        if (all || k == p->weight_pool[member])
            q->cpq = max_f64(q->cpq, qeil_cpq(plan->pool_bytes[k], p->capacity_bytes[k]));
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = first; i <= last; i++) {
            const size_t m = plan->place[f][i];
            const struct route_cost *c = route_cost_at(p, (enum route_phase)f, i, m);
            const double times = p->repeats[f];
            if (!(times > 0.0) || (phase != N_ROUTE_PHASES && f != (int)phase)
                || (!all && m != member))
                continue;
            const double cpq =
                qeil_cpq(plan->pool_bytes[p->weight_pool[m]], p->capacity_bytes[p->weight_pool[m]]);
            const double g = qeil_pressure(cpq, &(struct qeil_pressure){ 0 });
            compute_s += times * c->compute_s;
            stream_s += times * qeil_combine(c->compute_s, c->memory_s, c->other_s, INF_F64);
            dynamic_j += times * c->dynamic_j;
            pressed_j += times * (c->dynamic_j + (g - 1.0) * c->memory_j);
            leak_j += times * c->s * p->static_w[p->runs_on[m]];
        }
    q->dasi = stream_s > 0.0 ? compute_s / stream_s : 0.0;
    q->phi = qeil_phi(dynamic_j, leak_j);
    q->unified_j = q->phi > 0.0 ? pressed_j / q->phi : leak_j;
}
