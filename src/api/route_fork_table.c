/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route_fork.h"
#include "core/num.h"
#include "core/table.h"

#include <stdio.h>
#include <string.h>

static const char *const phase_name[N_ROUTE_PHASES] = { "prefill", "decode" };

enum { PHASE, NODES, DEVICE, FIRST, LAST, WEIGHT, KV, STEP, TOTAL, N_COLUMNS };

static const struct column columns[N_COLUMNS] = {
    [PHASE] = { "phase", "", "prefill or decode", CELL_STR },
    [NODES] = { "nodes", "", "what runs there", CELL_STR },
    [DEVICE] = { "device", "", "member, or how many experts each member has", CELL_STR },
    [FIRST] = { "first_layer", "", "", CELL_U64 },
    [LAST] = { "last_layer", "", "", CELL_U64 },
    [WEIGHT] = { "weight_bytes", "byte", "stored weights", CELL_F64 },
    [KV] = { "kv_bytes", "byte", "keys and values of the whole context", CELL_F64 },
    [STEP] = { "step_s", "s", "one pass, with ways out and back", CELL_F64 },
    [TOTAL] = { "total_s", "s", "all passes", CELL_F64 },
};

enum part { PART_MAIN, PART_KV, PART_SECOND, N_PARTS };

struct writing {
    struct table *t;
    const struct route_setup *u;
    const struct fork_problem *q;
    const struct fork_plan *plan;
    bool by_node;
    cosim_error *e;
};

struct line {
    enum route_phase phase;
    const char *nodes, *device;
    size_t first, last; /* layers; SIZE_MAX: none */
    double weight_bytes, kv_bytes, step_s, times;
};

static const char *member_name(const struct writing *w, size_t m)
{
    return w->u->platform->member[m].name;
}

static cosim_status add_line(const struct writing *w, const struct line *l)
{
    size_t row;

    TRY(table_add_row(w->t, &row, w->e));
    TRY(table_set_str(w->t, row, PHASE, phase_name[l->phase], w->e));
    TRY(table_set_str(w->t, row, NODES, l->nodes, w->e));
    TRY(table_set_str(w->t, row, DEVICE, l->device, w->e));
    if (l->first != SIZE_MAX) {
        table_set_u64(w->t, row, FIRST, l->first);
        table_set_u64(w->t, row, LAST, l->last);
    }
    table_set_f64(w->t, row, WEIGHT, l->weight_bytes);
    table_set_f64(w->t, row, KV, l->kv_bytes);
    table_set_f64(w->t, row, STEP, l->step_s);
    table_set_f64(w->t, row, TOTAL, l->times * l->step_s);
    return COSIM_OK;
}

static bool forked(const struct writing *w, size_t layer)
{
    return w->q->split && w->q->experts_apart
           && w->q->p->node[w->q->node[layer] + 1].n_experts > 0.0;
}

/* "gpu", or "3 gpu + 5 cpu". */
static void name_experts(const struct writing *w, const uint16_t *experts, double n, char *out,
                         size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t m = 0; m < w->q->p->n_members && at < size; m++) {
        if (experts[m] == 0)
            continue;
        if (experts[m] >= n)
            at += (size_t)snprintf(out + at, size - at, "%s", member_name(w, m));
        else
            at += (size_t)snprintf(out + at, size - at, "%s%u %s", at ? " + " : "", experts[m],
                                   member_name(w, m));
    }
}

/* A part of one layer; false: it has no such part in that phase. */
static bool fill(const struct writing *w, struct line *l, enum part part, size_t layer,
                 char *device, size_t size)
{
    const struct route_problem *p = w->q->p;
    const struct fork_choice *c = &w->plan->layer[layer];
    const size_t spine = c->spine[l->phase], node = w->q->node[layer];
    const bool apart = c->kv != FORK_WITH;
    struct fork_bill bill, with;
    struct fork_choice usual = *c;
    double joules, hop_s;

    usual.kv = FORK_WITH;
    (void)snprintf(device, size, "%s", member_name(w, spine));
    if (part == PART_MAIN) {
        const struct route_cost *cost = route_cost_at(p, l->phase, node, spine);
        l->weight_bytes += p->node[node].weight_bytes;
        l->kv_bytes += apart ? 0.0 : p->node[node].kv_bytes;
        l->step_s += cost->s - (apart && l->phase == ROUTE_DECODE ? cost->core_s : 0.0);
        return true;
    }
    if (part == PART_KV) {
        if (!apart)
            return false;
        fork_layer(w->q, layer, c, &bill);
        fork_layer(w->q, layer, &usual, &with);
        (void)snprintf(device, size, "%s", member_name(w, c->kv));
        l->kv_bytes += p->node[node].kv_bytes;
        l->step_s += l->phase == ROUTE_PREFILL
                         ? bill.once_s
                         : bill.pass_s[ROUTE_DECODE] - with.pass_s[ROUTE_DECODE]
                               + route_cost_at(p, ROUTE_DECODE, node, spine)->core_s;
        return true;
    }
    if (!w->q->split)
        return false;
    l->weight_bytes += p->node[node + 1].weight_bytes;
    if (forked(w, layer)) {
        double s;
        fork_experts(p, l->phase, node + 1, spine, c->experts[l->phase], &s, &joules, &hop_s);
        l->step_s += s;
        name_experts(w, c->experts[l->phase], p->node[node + 1].n_experts, device, size);
    } else {
        l->step_s += route_cost_at(p, l->phase, node + 1, spine)->s;
    }
    return true;
}

static const char *part_name(const struct writing *w, enum part part, size_t layer, char *buffer,
                             size_t size)
{
    if (part != PART_KV)
        return w->q->p->node[w->q->node[layer] + (part == PART_SECOND)].name;
    (void)snprintf(buffer, size, "layer %zu KV", layer);
    return buffer;
}

/* Layers first..last run alike. */
static cosim_status add_part(const struct writing *w, enum route_phase phase, enum part part,
                             size_t first, size_t last)
{
    struct line l = {
        .phase = phase, .first = first, .last = last, .times = w->q->p->repeats[phase]
    };
    char nodes[96], device[128], a[32], b[32];

    for (size_t i = first; i <= last; i++)
        if (!fill(w, &l, part, i, device, sizeof device))
            return COSIM_OK;
    if (first == last)
        (void)snprintf(nodes, sizeof nodes, "%s", part_name(w, part, first, a, sizeof a));
    else
        (void)snprintf(nodes, sizeof nodes, "%s - %s", part_name(w, part, first, a, sizeof a),
                       part_name(w, part, last, b, sizeof b));
    l.nodes = nodes;
    l.device = device;
    return add_line(w, &l);
}

static cosim_status add_end(const struct writing *w, enum route_phase phase, bool head)
{
    const struct route_problem *p = w->q->p;
    const size_t node = head ? p->n_nodes - 1 : 0;
    const size_t m = (head ? &w->plan->head : &w->plan->embedding)->place[phase];
    const struct line l = { .phase = phase,
                            .nodes = p->node[node].name,
                            .device = member_name(w, m),
                            .first = SIZE_MAX,
                            .last = SIZE_MAX,
                            .weight_bytes = p->node[node].weight_bytes,
                            .step_s = route_cost_at(p, phase, node, m)->s,
                            .times = p->repeats[phase] };

    return add_line(w, &l);
}

static bool run_alike(const struct writing *w, size_t x, size_t y)
{
    return w->q->like[x] == w->q->like[y]
           && memcmp(&w->plan->layer[x], &w->plan->layer[y], sizeof w->plan->layer[x]) == 0;
}

static cosim_status add_phase(const struct writing *w, enum route_phase phase)
{
    TRY(add_end(w, phase, false));
    for (size_t first = 0, last; first < w->q->n_layers; first = last + 1) {
        for (last = first;
             !w->by_node && last + 1 < w->q->n_layers && run_alike(w, first, last + 1); last++)
            ;
        for (int part = 0; part < N_PARTS; part++)
            TRY(add_part(w, phase, (enum part)part, first, last));
    }
    return add_end(w, phase, true);
}

static cosim_status note_proof(struct table *t, const struct fork_plan *plan, cosim_error *e)
{
    const double gap_ratio = plan->value / plan->bound - 1.0;

    TRY(table_note(t, e,
                   "GLPK: %zu columns, %zu kinds of layers; no placement is better than %.10g %s: "
                   "gap %.2g",
                   plan->n_columns, plan->n_kinds, plan->bound,
                   plan->value > plan->latency_s || plan->value < plan->latency_s ? "J" : "s",
                   gap_ratio > 1e-9 ? gap_ratio : 0.0));
    return plan->n_kinds > 1
               ? table_note(t, e,
                            "several kinds of layers: the bound does not know their order, so a "
                            "gap need not be a worse plan")
               : COSIM_OK;
}

static cosim_status add_notes(const struct writing *w)
{
    const struct route_problem *p = w->q->p;

    for (size_t k = 0; k < p->n_pools; k++)
        TRY(table_note(w->t, w->e, "memory '%s': %.4g of %.4g usable bytes",
                       w->u->platform->pool[k].name, w->plan->pool_bytes[k], p->capacity_bytes[k]));
    if (w->q->experts_apart)
        TRY(table_note(w->t, w->e,
                       "experts: uniform routing, members side by side, the slowest branch in the "
                       "mean decides (optimistic for few tokens)"));
    if (w->q->kv_apart)
        TRY(table_note(w->t, w->e,
                       "KV apart: row of the prefill = writing them out, row of a decode pass = "
                       "attention core there with the ways of q, k, v and its result"));
    TRY(table_note(w->t, w->e, "%s on %s: batch %.0f, %.0f prompt tokens, %.0f output tokens",
                   w->u->model_id, w->u->platform->id, w->u->batch, w->u->prompt_tokens,
                   w->u->output_tokens));
    return note_proof(w->t, w->plan, w->e);
}

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

cosim_status route_table_fork(struct table **t, const struct route_setup *u,
                              const struct fork_problem *q, const struct fork_plan *plan,
                              bool by_node, cosim_error *e)
{
    char title[160];

    (void)snprintf(title, sizeof title, "placement: %s on %s%s%s", u->model_id, u->platform->id,
                   q->kv_apart ? ", KV apart" : "", q->experts_apart ? ", experts apart" : "");
    TRY(table_new(t, title, columns, N_COLUMNS, e));
    const struct writing w = { *t, u, q, plan, by_node, e };
    cosim_status st = COSIM_OK;
    for (int f = 0; st == COSIM_OK && f < N_ROUTE_PHASES; f++)
        if (q->p->repeats[f] > 0.0)
            st = add_phase(&w, (enum route_phase)f);
    if (st == COSIM_OK)
        st = add_notes(&w);
    return finish(t, st);
}

cosim_status route_table_fork_totals(struct table **t, const struct fork_plan *plan,
                                     const struct fork_named *row, size_t n, cosim_error *e)
{
    static const struct column total_columns[] = {
        { "plan", "", "", CELL_STR },
        { "fits", "", "every memory holds its part", CELL_BOOL },
        { "latency_s", "s", "the whole request", CELL_F64 },
        { "energy_j", "J", "the whole request", CELL_F64 },
        { "ttft_s", "s", "prefill", CELL_F64 },
        { "tpot_s", "s", "one decode step", CELL_F64 },
        { "hop_s", "s", "transfers and hand-overs", CELL_F64 },
        { "latency_ratio", "ratio", "against the first row", CELL_F64 },
        { "energy_ratio", "ratio", "against the first row", CELL_F64 },
    };
    cosim_status st;

    TRY(table_new(t, "totals", total_columns, sizeof total_columns / sizeof *total_columns, e));
    st = note_proof(*t, plan, e);
    for (size_t i = 0; st == COSIM_OK && i < n; i++) {
        const double v[] = { row[i].latency_s,
                             row[i].energy_j,
                             row[i].ttft_s,
                             row[i].tpot_s,
                             row[i].hop_s,
                             row[i].latency_s / row[0].latency_s,
                             row[i].energy_j / row[0].energy_j };
        size_t r;
        st = table_add_row(*t, &r, e);
        if (st == COSIM_OK)
            st = table_set_str(*t, r, 0, row[i].name, e);
        if (st != COSIM_OK)
            break;
        table_set_flag(*t, r, 1, row[i].fits);
        for (size_t k = 0; row[i].latency_s < INF_F64 && k < sizeof v / sizeof *v; k++)
            table_set_f64(*t, r, 2 + k, v[k]);
    }
    return finish(t, st);
}
