/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three qualities named after QEIL (alloc/qeil.h) of every operator of a plan. */
#include "alloc/qeil.h"
#include "api/route.h"
#include "core/num.h"
#include "core/table.h"

#include <string.h>

static const char *const phase_name[N_ROUTE_PHASES] = { "prefill", "decode" };

enum {
    PHASE,
    OPERATOR,
    DEVICE,
    CALLS,
    TOTAL,
    COMPUTE,
    MEMORY,
    OTHER,
    DYNAMIC,
    DASI,
    CPQ,
    PHI,
    N_COLUMNS
};

static const struct column columns[N_COLUMNS] = {
    [PHASE] = { "phase", "", "prefill or decode", CELL_STR },
    [OPERATOR] = { "op", "", "operator, as in cosim explain", CELL_STR },
    [DEVICE] = { "device", "", "member of the platform", CELL_STR },
    [CALLS] = { "calls", "", "in one pass, all layers there", CELL_F64 },
    [TOTAL] = { "total_s", "s", "all passes", CELL_F64 },
    [COMPUTE] = { "compute_s", "s", "arithmetic alone, all passes", CELL_F64 },
    [MEMORY] = { "memory_s", "s", "memory alone (of a tier: its stream), all passes", CELL_F64 },
    [OTHER] = { "other_s", "s", "caches or vector unit alone, all passes", CELL_F64 },
    [DYNAMIC] = { "dynamic_j", "J", "all passes", CELL_F64 },
    [DASI] = { "dasi_ratio", "ratio", "arithmetic / slowest stream", CELL_F64 },
    [CPQ] = { "cpq_ratio", "ratio", "of the memory that its weights are in", CELL_F64 },
    [PHI] = { "phi_ratio", "ratio", "dynamic / (dynamic + static) power while it runs", CELL_F64 },
};

/* Operators of that name in all classes of layers, on one member. */
static struct route_cost sum_of(const struct route_setup *u, const struct placement *plan,
                                enum route_phase phase, const char *label, size_t member)
{
    const struct route_problem *p = &u->problem;
    struct route_cost c = { 0 };

    for (size_t i = 0; i < u->n_ops; i++) {
        const struct route_cost *o = route_op_cost(u, phase, i, member);
        double n = 0.0;
        if (strcmp(u->op[i].label, label) != 0)
            continue;
        for (size_t node = 0; node < p->n_nodes; node++)
            n += p->node[node].like == u->op[i].first_node && plan->place[phase][node] == member;
        c.calls += n * o->calls;
        c.s += n * max_f64(o->s, o->stream_s);
        c.compute_s += n * o->compute_s;
        c.memory_s += n * max_f64(o->memory_s, o->stream_s);
        c.other_s += n * o->other_s;
        c.dynamic_j += n * o->dynamic_j;
    }
    return c;
}

static cosim_status add_operator(struct table *t, const struct route_setup *u,
                                 const struct placement *plan, enum route_phase phase,
                                 const char *label, size_t member, cosim_error *e)
{
    const struct route_problem *p = &u->problem;
    const struct route_cost c = sum_of(u, plan, phase, label, member);
    const double times = p->repeats[phase];
    const size_t pool = p->weight_pool[member];
    size_t row;

    if (!(c.calls > 0.0))
        return COSIM_OK;
    const struct {
        size_t column;
        double v;
    } number[] = {
        { CALLS, c.calls },
        { TOTAL, times * c.s },
        { COMPUTE, times * c.compute_s },
        { MEMORY, times * c.memory_s },
        { OTHER, times * c.other_s },
        { DYNAMIC, times * c.dynamic_j },
        { DASI, qeil_dasi(c.compute_s, c.memory_s, c.other_s, INF_F64) },
        { CPQ, qeil_cpq(plan->pool_bytes[pool], p->capacity_bytes[pool]) },
        { PHI, qeil_phi(c.dynamic_j, c.s * p->static_w[p->runs_on[member]]) },
    };
    TRY(table_add_row(t, &row, e));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        table_set_f64(t, row, number[i].column, number[i].v);
    TRY(table_set_str(t, row, PHASE, phase_name[phase], e));
    TRY(table_set_str(t, row, OPERATOR, label, e));
    return table_set_str(t, row, DEVICE, u->platform->member[member].name, e);
}

static bool comes_first(const struct route_setup *u, size_t op)
{
    for (size_t i = 0; i < op; i++)
        if (strcmp(u->op[i].label, u->op[op].label) == 0)
            return false;
    return true;
}

static cosim_status rows(struct table *t, const struct route_setup *u, const struct placement *plan,
                         cosim_error *e)
{
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < u->n_ops; i++)
            for (size_t m = 0; m < u->problem.n_members; m++)
                if (u->problem.repeats[f] > 0.0 && comes_first(u, i))
                    TRY(add_operator(t, u, plan, (enum route_phase)f, u->op[i].label, m, e));
    TRY(table_note(t, e, "%s on %s: batch %.0f, %.0f prompt tokens, %.0f output tokens",
                   u->model_id, u->platform->id, u->batch, u->prompt_tokens, u->output_tokens));
    return table_note(t, e,
                      "DASI, CPQ and Phi are our own formulas, only named after QEIL v2 "
                      "(arXiv 2602.06057v3), whose definitions were not available");
}

cosim_status route_table_operators(struct table **t, const struct route_setup *u,
                                   const struct placement *plan, cosim_error *e)
{
    TRY(table_new(t, "operators of the placement", columns, N_COLUMNS, e));
    const cosim_status st = rows(*t, u, plan, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
