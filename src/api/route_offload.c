/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The curve of partial offload, layer by layer. */
#include "api/route_fork.h"
#include "core/table.h"

#include <string.h>

static const char *member_name(const struct route_setup *u, size_t m)
{
    return u->platform->member[m].name;
}

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

/* Keys and values stay at `rest`, also those of layers that went. */
static cosim_status keep_state(struct placement *plan, const struct fork_problem *q, size_t rest,
                               struct arena *a, cosim_error *e)
{
    const size_t last = q->p->n_nodes - 1;
    struct fork_plan f = { .layer = ARENA_NEW(a, struct fork_choice, q->n_layers) };

    if (!f.layer)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    for (int phase = 0; phase < N_ROUTE_PHASES; phase++) {
        f.embedding.place[phase] = plan->place[phase][0];
        f.head.place[phase] = plan->place[phase][last];
        for (size_t i = 0; i < q->n_layers; i++)
            f.layer[i].spine[phase] = plan->place[phase][q->node[i]];
    }
    for (size_t i = 0; i < q->n_layers; i++)
        f.layer[i].kv = f.layer[i].spine[ROUTE_DECODE] == rest ? FORK_WITH : (uint8_t)rest;
    fork_plan_sum(q, &f);
    plan->ttft_s = f.ttft_s;
    plan->tpot_s = f.tpot_s;
    plan->objective[ROUTE_ENERGY] = f.energy_j;
    plan->fits = f.fits;
    plan->runs = f.runs;
    memcpy(plan->pool_bytes, f.pool_bytes, sizeof plan->pool_bytes);
    return COSIM_OK;
}

static cosim_status offload_rows(struct table *t, const struct route_setup *u, size_t on,
                                 size_t rest, bool kv_stays, struct arena *a, cosim_error *e)
{
    const struct route_problem *p = &u->problem;
    struct fork_problem q;

    TRY(fork_make(&q, p, kv_stays, false, ROUTE_LATENCY, a, e));
    if (kv_stays && q.split)
        return err_set(e, COSIM_EUNSUPPORTED, "an offload with KV apart moves whole layers");

    for (size_t n = 0; n + 1 <= p->n_nodes; n++) {
        struct placement *plan = route_plan_new(p, rest, a);
        size_t row;
        if (!plan)
            return err_set(e, COSIM_ENOMEM, "out of memory for placements");
        /* n up to the number of layers: the last n of them; one more: the head too */
        const size_t last = n + 1 == p->n_nodes ? p->n_nodes - 1 : p->n_nodes - 2;
        for (int f = 0; f < N_ROUTE_PHASES; f++)
            for (size_t i = 0; i < n; i++)
                plan->place[f][last - i] = (uint8_t)on;
        route_plan_sum(p, plan);
        if (kv_stays)
            TRY(keep_state(plan, &q, rest, a, e));
        TRY(table_add_row(t, &row, e));
        table_set_u64(t, row, 0, n);
        table_set_flag(t, row, 1, plan->fits);
        if (!plan->runs)
            continue;
        table_set_f64(t, row, 2, plan->ttft_s);
        table_set_f64(t, row, 3, u->batch * u->prompt_tokens / plan->ttft_s);
        if (p->repeats[ROUTE_DECODE] > 0.0) {
            table_set_f64(t, row, 4, plan->tpot_s);
            table_set_f64(t, row, 5, u->batch / plan->tpot_s);
        }
        table_set_f64(t, row, 6, plan->objective[ROUTE_ENERGY]);
        table_set_f64(t, row, 7, plan->pool_bytes[p->weight_pool[on]]);
    }
    TRY(table_note(t, e,
                   "the last layers run on '%s', the others, the embedding and (but in the "
                   "last row) the head on '%s'",
                   member_name(u, on), member_name(u, rest)));
    if (kv_stays)
        TRY(table_note(t, e, "keys and values stay on '%s': decode passes go there for attention",
                       member_name(u, rest)));
    return route_note_study(t, u, e);
}

cosim_status route_table_offload(struct table **t, const struct route_setup *u, size_t on,
                                 size_t rest, bool kv_stays, struct arena *a, cosim_error *e)
{
    static const struct column columns[] = {
        { "offloaded_layers", "", "layers, then the head as one more", CELL_U64 },
        { "fits", "", "every memory holds its part", CELL_BOOL },
        { "ttft_s", "s", "prefill", CELL_F64 },
        { "prefill_tokens_per_s", "1/s", "", CELL_F64 },
        { "tpot_s", "s", "one decode step", CELL_F64 },
        { "decode_tokens_per_s", "1/s", "", CELL_F64 },
        { "energy_j", "J", "the whole request", CELL_F64 },
        { "offloaded_bytes", "byte", "weights and KV there", CELL_F64 },
    };

    TRY(table_new(t, "partial offload", columns, sizeof columns / sizeof *columns, e));
    return finish(t, offload_rows(*t, u, on, rest, kv_stays, a, e));
}
