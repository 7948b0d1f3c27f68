/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route.h"
#include "core/num.h"
#include "core/table.h"

#include <stdio.h>
#include <string.h>

static const char *const phase_name[N_ROUTE_PHASES] = { "prefill", "decode" };

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static const char *member_name(const struct route_setup *u, size_t m)
{
    return u->platform->member[m].name;
}

/* Said under every table with one of the three metrics. */
static cosim_status note_qeil(struct table *t, cosim_error *e)
{
    return table_note(t, e,
                      "DASI, CPQ and Phi are our own formulas, only named after QEIL v2 "
                      "(arXiv 2602.06057v3), whose definitions were not available");
}

cosim_status route_note_study(struct table *t, const struct route_setup *u, cosim_error *e)
{
    TRY(table_note(t, e, "%s on %s: batch %.0f, %.0f prompt tokens, %.0f output tokens",
                   u->model_id, u->platform->id, u->batch, u->prompt_tokens, u->output_tokens));
    for (size_t m = 0; m < u->platform->n_members; m++) {
        const struct platform_member *x = &u->platform->member[m];
        TRY(table_note(t, e, "%s: %s%s (%s: %s)", x->name, x->device.name,
                       x->runs_on == m ? "" : ", weights only", origin_name(x->origin), x->source));
    }
    return COSIM_OK;
}

/* --- plan ----------------------------------------------------------------------------------- */

enum {
    PLAN_PHASE,
    PLAN_NODES,
    PLAN_DEVICE,
    PLAN_FIRST,
    PLAN_LAST,
    PLAN_WEIGHT,
    PLAN_KV,
    PLAN_STEP,
    PLAN_HOP,
    PLAN_TOTAL,
    PLAN_J,
    PLAN_DASI,
    PLAN_CPQ,
    PLAN_PHI,
    N_PLAN_COLUMNS
};

static const struct column plan_columns[N_PLAN_COLUMNS] = {
    [PLAN_PHASE] = { "phase", "", "prefill or decode", CELL_STR },
    [PLAN_NODES] = { "nodes", "", "what runs there", CELL_STR },
    [PLAN_DEVICE] = { "device", "", "member of the platform", CELL_STR },
    [PLAN_FIRST] = { "first_node", "", "0 = embedding", CELL_U64 },
    [PLAN_LAST] = { "last_node", "", "last of them", CELL_U64 },
    [PLAN_WEIGHT] = { "weight_bytes", "byte", "stored weights", CELL_F64 },
    [PLAN_KV] = { "kv_bytes", "byte", "keys and values of the whole context", CELL_F64 },
    [PLAN_STEP] = { "step_s", "s", "one pass", CELL_F64 },
    [PLAN_HOP] = { "hop_s", "s", "one pass: getting there", CELL_F64 },
    [PLAN_TOTAL] = { "total_s", "s", "all passes, with getting there", CELL_F64 },
    [PLAN_J] = { "energy_j", "J", "all passes: dynamic, and static of this device", CELL_F64 },
    [PLAN_DASI] = { "dasi_ratio", "ratio", "share of the time that arithmetic needs", CELL_F64 },
    [PLAN_CPQ] = { "cpq_ratio", "ratio", "memory needed / usable", CELL_F64 },
    [PLAN_PHI] = { "phi_ratio", "ratio", "share of the power that switches", CELL_F64 },
};

static cosim_status add_run(struct table *t, const struct route_setup *u,
                            const struct placement *plan, enum route_phase phase, size_t first,
                            size_t last, cosim_error *e)
{
    const struct route_problem *p = &u->problem;
    const uint8_t *at = plan->place[phase];
    const size_t m = at[first];
    const double times = p->repeats[phase];
    double weight = 0.0, kv = 0.0, s = 0.0, j = 0.0, hop_s = 0.0;
    struct route_quality q;
    char nodes[96];
    size_t row;

    for (size_t i = first; i <= last; i++) {
        weight += p->node[i].weight_bytes;
        kv += p->node[i].kv_bytes;
        s += route_cost_at(p, phase, i, m)->s;
        j += route_cost_at(p, phase, i, m)->dynamic_j;
    }
    if (first > 0)
        hop_s = route_hop_s(p, at[first - 1], m, p->hop_bytes[phase]);
    route_quality(&q, p, plan, phase, m, first, last);
    if (first == last)
        (void)snprintf(nodes, sizeof nodes, "%s", p->node[first].name);
    else
        (void)snprintf(nodes, sizeof nodes, "%s - %s", p->node[first].name, p->node[last].name);
    const struct {
        size_t col;
        double v;
    } number[] = {
        { PLAN_WEIGHT, weight },
        { PLAN_KV, kv },
        { PLAN_STEP, s },
        { PLAN_HOP, hop_s },
        { PLAN_TOTAL, times * (s + hop_s) },
        { PLAN_J, times * (j + s * p->static_w[p->runs_on[m]]) },
        { PLAN_DASI, q.dasi },
        { PLAN_CPQ, q.cpq },
        { PLAN_PHI, q.phi },
    };
    TRY(table_add_row(t, &row, e));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        table_set_f64(t, row, number[i].col, number[i].v);
    TRY(table_set_str(t, row, PLAN_PHASE, phase_name[phase], e));
    TRY(table_set_str(t, row, PLAN_NODES, nodes, e));
    table_set_u64(t, row, PLAN_FIRST, first);
    table_set_u64(t, row, PLAN_LAST, last);
    return table_set_str(t, row, PLAN_DEVICE, member_name(u, m), e);
}

static cosim_status plan_rows(struct table *t, const struct route_setup *u,
                              const struct placement *plan, bool by_node, cosim_error *e)
{
    const struct route_problem *p = &u->problem;

    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        if (!(p->repeats[f] > 0.0))
            continue;
        for (size_t first = 0, last; first < p->n_nodes; first = last + 1) {
            for (last = first; !by_node && last + 1 < p->n_nodes
                               && plan->place[f][last + 1] == plan->place[f][first];
                 last++)
                ;
            TRY(add_run(t, u, plan, (enum route_phase)f, first, last, e));
        }
    }
    for (size_t k = 0; k < p->n_pools; k++)
        TRY(table_note(t, e, "memory '%s': %.4g of %.4g usable bytes", u->platform->pool[k].name,
                       plan->pool_bytes[k], p->capacity_bytes[k]));
    if (plan->kv_move_s > 0.0)
        TRY(table_note(t, e, "keys and values move once: %.4g s", plan->kv_move_s));
    TRY(route_note_study(t, u, e));
    return note_qeil(t, e);
}

cosim_status route_table_plan(struct table **t, const struct route_setup *u,
                              const struct placement *plan, bool by_node, cosim_error *e)
{
    const size_t m = plan->place[ROUTE_PREFILL][0];
    bool one = true;
    char title[160];

    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < u->problem.n_nodes; i++)
            one = one && (plan->place[f][i] == m || !(u->problem.repeats[f] > 0.0));
    (void)snprintf(title, sizeof title, "placement: %s on %s%s%s", u->model_id, u->platform->id,
                   one ? ", all on " : "", one ? member_name(u, m) : "");
    TRY(table_new(t, title, plan_columns, N_PLAN_COLUMNS, e));
    return finish(t, plan_rows(*t, u, plan, by_node, e));
}

/* --- front ---------------------------------------------------------------------------------- */

static const struct column objective_columns[N_ROUTE_OBJECTIVES] = {
#define OBJECTIVE_COLUMN(id, name, column, unit, doc) { column, unit, doc, CELL_F64 },
    ROUTE_OBJECTIVE_LIST(OBJECTIVE_COLUMN)
#undef OBJECTIVE_COLUMN
};

/* Places as digits: the member's number. */
static void digits(char out[], size_t size, const uint8_t *place, size_t n)
{
    size_t i = 0;

    for (; i < n && i + 1 < size; i++)
        out[i] = (char)('0' + place[i]);
    out[i] = '\0';
}

static cosim_status front_rows(struct table *t, const struct route_setup *u,
                               const struct placement_front *f, cosim_error *e)
{
    const struct route_problem *p = &u->problem;
    char map[1024];

    for (size_t i = 0; i < f->n; i++) {
        const struct placement *plan = &f->plan[i];
        size_t row;
        TRY(table_add_row(t, &row, e));
        table_set_u64(t, row, 0, i);
        for (size_t q = 0; q < N_ROUTE_OBJECTIVES; q++)
            table_set_f64(t, row, 1 + q, plan->objective[q]);
        table_set_f64(t, row, 4, plan->ttft_s);
        table_set_f64(t, row, 5, plan->tpot_s);
        table_set_u64(t, row, 6, plan->n_hops);
        for (size_t phase = 0; phase < N_ROUTE_PHASES; phase++) {
            digits(map, sizeof map, plan->place[phase], p->n_nodes);
            if (p->repeats[phase] > 0.0)
                TRY(table_set_str(t, row, 7 + phase, map, e));
        }
    }
    TRY(table_note(t, e, "%s", f->note));
    for (size_t m = 0; m < p->n_members; m++)
        TRY(table_note(t, e, "%zu = %s", m, member_name(u, m)));
    return route_note_study(t, u, e);
}

cosim_status route_table_front(struct table **t, const struct route_setup *u,
                               const struct placement_front *f, cosim_error *e)
{
    const struct column columns[] = {
        { "pick", "", "number for --pick", CELL_U64 },
        objective_columns[0],
        objective_columns[1],
        objective_columns[2],
        { "ttft_s", "s", "prefill", CELL_F64 },
        { "tpot_s", "s", "one decode step", CELL_F64 },
        { "hops", "", "changes of device, both phases", CELL_U64 },
        { "prefill_map", "", "member of each node", CELL_STR },
        { "decode_map", "", "member of each node", CELL_STR },
    };

    TRY(table_new(t, "placements that no other beats", columns, sizeof columns / sizeof *columns,
                  e));
    return finish(t, front_rows(*t, u, f, e));
}

/* --- totals --------------------------------------------------------------------------------- */

enum {
    TOTAL_PLAN,
    TOTAL_FITS,
    TOTAL_OBJECTIVE,
    TOTAL_TTFT = TOTAL_OBJECTIVE + N_ROUTE_OBJECTIVES,
    TOTAL_TPOT,
    TOTAL_J_PER_TOKEN,
    TOTAL_W,
    TOTAL_HOP_S,
    TOTAL_DASI,
    TOTAL_CPQ,
    TOTAL_PHI,
    TOTAL_UNIFIED,
    TOTAL_LATENCY_RATIO,
    TOTAL_ENERGY_RATIO,
    N_TOTAL_COLUMNS
};

static const struct column total_columns[N_TOTAL_COLUMNS] = {
    [TOTAL_PLAN] = { "plan", "", "", CELL_STR },
    [TOTAL_FITS] = { "fits", "", "every memory holds its part", CELL_BOOL },
#define TOTAL_COLUMN(id, name, column, unit, doc)                                                  \
    [TOTAL_OBJECTIVE + ROUTE_##id] = { column, unit, doc, CELL_F64 },
    ROUTE_OBJECTIVE_LIST(TOTAL_COLUMN)
#undef TOTAL_COLUMN
        [TOTAL_TTFT] = { "ttft_s", "s", "prefill", CELL_F64 },
    [TOTAL_TPOT] = { "tpot_s", "s", "one decode step", CELL_F64 },
    [TOTAL_J_PER_TOKEN] = { "j_per_token", "J", "energy / output tokens", CELL_F64 },
    [TOTAL_W] = { "power_w", "W", "energy / latency", CELL_F64 },
    [TOTAL_HOP_S] = { "hop_s", "s", "transfers and hand-overs", CELL_F64 },
    [TOTAL_DASI] = { "dasi_ratio", "ratio", "share of the time that arithmetic needs", CELL_F64 },
    [TOTAL_CPQ] = { "cpq_ratio", "ratio", "of the fullest memory", CELL_F64 },
    [TOTAL_PHI] = { "phi_ratio", "ratio", "share of the power that switches", CELL_F64 },
    [TOTAL_UNIFIED] = { "unified_j", "J", "energy with memory pressure, devices while they work",
                        CELL_F64 },
    [TOTAL_LATENCY_RATIO] = { "latency_ratio", "ratio", "against the first row", CELL_F64 },
    [TOTAL_ENERGY_RATIO] = { "energy_ratio", "ratio", "against the first row", CELL_F64 },
};

static cosim_status add_total(struct table *t, const struct route_setup *u,
                              const struct route_named *n, const struct placement *base,
                              cosim_error *e)
{
    const struct route_problem *p = &u->problem;
    const struct placement *plan = n->plan;
    struct route_quality q;
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, TOTAL_PLAN, n->name, e));
    table_set_flag(t, row, TOTAL_FITS, plan->fits && plan->runs);
    if (!plan->runs)
        return COSIM_OK;
    route_quality(&q, p, plan, N_ROUTE_PHASES, p->n_members, 0, p->n_nodes - 1);
    const struct {
        size_t col;
        double v;
    } number[] = {
        { TOTAL_TTFT, plan->ttft_s },
        { TOTAL_TPOT, p->repeats[ROUTE_DECODE] > 0.0 ? plan->tpot_s : UNKNOWN_F64 },
        { TOTAL_J_PER_TOKEN, plan->objective[ROUTE_ENERGY] / (u->batch * u->output_tokens) },
        { TOTAL_W, plan->objective[ROUTE_ENERGY] / plan->objective[ROUTE_LATENCY] },
        { TOTAL_HOP_S, plan->hop_s + plan->kv_move_s },
        { TOTAL_DASI, q.dasi },
        { TOTAL_CPQ, q.cpq },
        { TOTAL_PHI, q.phi },
        { TOTAL_UNIFIED, q.unified_j },
        { TOTAL_LATENCY_RATIO, plan->objective[ROUTE_LATENCY] / base->objective[ROUTE_LATENCY] },
        { TOTAL_ENERGY_RATIO, plan->objective[ROUTE_ENERGY] / base->objective[ROUTE_ENERGY] },
    };
    for (size_t i = 0; i < N_ROUTE_OBJECTIVES; i++)
        table_set_f64(t, row, TOTAL_OBJECTIVE + i, plan->objective[i]);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        table_set_f64(t, row, number[i].col, number[i].v);
    return COSIM_OK;
}

static cosim_status total_rows(struct table *t, const struct route_setup *u,
                               const struct route_named *plan, size_t n, cosim_error *e)
{
    for (size_t i = 0; i < n; i++)
        TRY(add_total(t, u, &plan[i], plan[0].plan, e));
    TRY(table_note(t, e,
                   "energy pays the static power of every member for the whole time, also "
                   "of those that wait"));
    return note_qeil(t, e);
}

cosim_status route_table_totals(struct table **t, const struct route_setup *u,
                                const struct route_named *plan, size_t n, cosim_error *e)
{
    TRY(table_new(t, "totals", total_columns, N_TOTAL_COLUMNS, e));
    return finish(t, total_rows(*t, u, plan, n, e));
}
