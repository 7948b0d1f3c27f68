/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/peer_run.h"
#include "compat/genz.h"
#include "compat/llmviewer.h"
#include "compat/peer.h"

#include "core/num.h"

#include <math.h>

enum {
    OP_STAGE,
    OP_INDEX,
    OP_NAME,
    OP_TYPE,
    OP_REPEAT,
    OP_FLOPS,
    OP_IN,
    OP_WEIGHT,
    OP_OUT,
    OP_COMPUTE,
    OP_MEMORY,
    OP_COMM,
    OP_TIME,
    OP_BOUND,
    N_OP
};

static const struct column op_column[N_OP] = {
    [OP_STAGE] = { "stage", "", "prefill or decode", CELL_STR },
    [OP_INDEX] = { "op_index", "", "position in the peer's list", CELL_U64 },
    [OP_NAME] = { "op", "", "name of the operator in the peer", CELL_STR },
    [OP_TYPE] = { "type", "", "kind of operator in the peer", CELL_STR },
    [OP_REPEAT] = { "repeat", "", "executions in the pass", CELL_F64 },
    [OP_FLOPS] = { "flops", "flop", "of one execution", CELL_F64 },
    [OP_IN] = { "input_bytes", "byte", "activations and cache read, one execution", CELL_F64 },
    [OP_WEIGHT] = { "weight_bytes", "byte", "weights read, one execution", CELL_F64 },
    [OP_OUT] = { "output_bytes", "byte", "activations and cache written", CELL_F64 },
    [OP_COMPUTE] = { "compute_s", "s", "compute time of one execution", CELL_F64 },
    [OP_MEMORY] = { "memory_s", "s", "memory time of one execution", CELL_F64 },
    [OP_COMM] = { "comm_s", "s", "communication time of one execution", CELL_F64 },
    [OP_TIME] = { "time_s", "s", "time of one execution", CELL_F64 },
    [OP_BOUND] = { "bound", "", "what decides the time, in the peer's words", CELL_STR },
};

static bool given(double v)
{
    return is_known(v) && v != 0.0;
}

static double or_default(double v, double otherwise)
{
    return given(v) ? v : otherwise;
}

/* Defaults, and the ranges within which the rules are meant. */
static cosim_status complete(const struct peer_case *in, struct peer_case *c, cosim_error *e)
{
    *c = *in;
    const struct {
        const char *name;
        double *v;
        double otherwise; /* 0: required */
        double lo, hi;
        bool whole;
    } field[] = {
        { "hidden", &c->hidden, 0, 1, 1e9, true },
        { "intermediate", &c->intermediate, 0, 1, 1e9, true },
        { "layers", &c->layers, 0, 1, 1e6, true },
        { "heads", &c->heads, 0, 1, 1e6, true },
        { "vocab", &c->vocab, 0, 1, 1e9, true },
        { "kv_heads", &c->kv_heads, c->heads, 1, 1e6, true },
        { "head_dim", &c->head_dim, floor(c->hidden / c->heads), 1, 1e6, true },
        { "ffn_in", &c->ffn_in, 2, 1, 2, true },
        { "experts", &c->experts, 1, 1, 1e6, true },
        { "top_k", &c->top_k, 1, 1, 1e6, true },
        { "peak_flops_per_s", &c->peak_flops_per_s, 0, 1, 1e24, false },
        { "mem_bytes_per_s", &c->mem_bytes_per_s, 0, 1, 1e21, false },
        { "int8_ops_per_s", &c->int8_ops_per_s, c->peak_flops_per_s, 1, 1e24, false },
        { "mem_bytes", &c->mem_bytes, 1e300, 1, 1e300, false },
        { "eff_ratio", &c->eff_ratio, 1, 1e-6, 1, false },
        { "w_bits", &c->w_bits, 16, 0.5, 64, false },
        { "a_bits", &c->a_bits, 16, 0.5, 64, false },
        { "kv_bits", &c->kv_bits, 16, 0.5, 64, false },
        { "batch", &c->batch, 1, 1, 1e9, true },
        { "prompt_tokens", &c->prompt_tokens, 0, 1, 1e9, true },
        { "output_tokens", &c->output_tokens, 1, 1, 1e9, true },
        { "tp", &c->tp, 1, 1, 1e6, true },
        { "pp", &c->pp, 1, 1, 1e6, true },
        { "ep", &c->ep, 1, 1, 1e6, true },
        { "beam", &c->beam, 1, 1, 1e6, true },
    };

    for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
        *field[i].v = or_default(*field[i].v, field[i].otherwise);
        if (!given(*field[i].v))
            return err_set(e, COSIM_EUSAGE, "'%s' is required", field[i].name);
        if (!(*field[i].v >= field[i].lo && *field[i].v <= field[i].hi)
            || (field[i].whole && *field[i].v != floor(*field[i].v)))
            return err_set(e, COSIM_ERANGE, "'%s' = %g is not a%s number from %g to %g",
                           field[i].name, *field[i].v, field[i].whole ? " whole" : "", field[i].lo,
                           field[i].hi);
    }
    return COSIM_OK;
}

static cosim_status genz_rows(struct table *t, const struct genz_list *l, const char *stage,
                              cosim_error *e)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct genz_op *op = &l->op[i];
        size_t r;

        TRY(table_add_row(t, &r, e));
        TRY(table_set_str(t, r, OP_STAGE, stage, e));
        table_set_u64(t, r, OP_INDEX, op->index);
        TRY(table_set_str(t, r, OP_NAME, op->name, e));
        TRY(table_set_str(t, r, OP_TYPE, genz_type_name(op->type), e));
        table_set_f64(t, r, OP_REPEAT, op->repeat);
        table_set_f64(t, r, OP_FLOPS, op->flops);
        table_set_f64(t, r, OP_IN, op->in_bytes);
        table_set_f64(t, r, OP_WEIGHT, op->weight_bytes);
        table_set_f64(t, r, OP_OUT, op->out_bytes);
        table_set_f64(t, r, OP_COMPUTE, op->compute_s);
        table_set_f64(t, r, OP_MEMORY, op->memory_s);
        table_set_f64(t, r, OP_COMM, op->comm_s);
        table_set_f64(t, r, OP_TIME, op->time_s);
        TRY(table_set_str(t, r, OP_BOUND, op->bound, e));
    }
    return COSIM_OK;
}

static cosim_status genz_pass(const struct genz_case *g, const char *stage, struct table *t,
                              struct genz_totals *totals, cosim_error *e)
{
    struct arena a = { 0 };
    struct genz_list list;
    cosim_status st = genz_build(g, &list, &a, e);

    if (st == COSIM_OK) {
        genz_cost(g, &list, totals);
        st = genz_rows(t, &list, stage, e);
    }
    arena_release(&a);
    return st;
}

static cosim_status genz_case_of(const struct peer_case *c, struct genz_case *g, cosim_error *e)
{
    const bool alone = c->tp * c->pp * c->ep == 1.0;

    if (!alone && !(given(c->link_bytes_per_s) && c->link_bytes_per_s > 0.0))
        return err_set(e, COSIM_EUSAGE, "'link_bytes_per_s' is required with several ranks");
    if (is_known(c->link_latency_s) && c->link_latency_s < 0.0)
        return err_set(e, COSIM_ERANGE, "'link_latency_s' is negative");
    *g = (struct genz_case){ .hidden = c->hidden,
                             .intermediate = c->intermediate,
                             .ffn_in = c->ffn_in,
                             .layers = c->layers,
                             .heads = c->heads,
                             .kv_heads = c->kv_heads,
                             .head_dim = c->head_dim,
                             .vocab = c->vocab,
                             .experts = c->experts,
                             .top_k = c->top_k,
                             .peak_flops_per_s = c->peak_flops_per_s,
                             .mem_bytes = c->mem_bytes,
                             .mem_bytes_per_s = c->mem_bytes_per_s,
                             .link_bytes_per_s = or_default(c->link_bytes_per_s, 1.0),
                             .link_latency_s = or_default(c->link_latency_s, 0.0),
                             .eff_ratio = c->eff_ratio,
                             .batch = c->batch,
                             .input_tokens = c->prompt_tokens,
                             .output_tokens = c->output_tokens,
                             .beam = c->beam,
                             .tp = c->tp,
                             .pp = c->pp,
                             .ep = c->ep };
    g->format =
        c->w_bits == c->a_bits && c->a_bits == c->kv_bits ? genz_format_of_bits(c->w_bits) : NULL;
    if (g->format)
        return COSIM_OK;
    (void)err_set(e, COSIM_EUNSUPPORTED, "genz has no format of %g/%g/%g bits", c->w_bits,
                  c->a_bits, c->kv_bits);
    err_hint(e, "genz has one width for weights, activations and KV: 32, 16, 8, 6, 4 or 2");
    return COSIM_EUNSUPPORTED;
}

static cosim_status run_genz(const struct peer_case *c, struct table *t, struct peer_totals *totals,
                             cosim_error *e)
{
    struct genz_totals prefill, decode;
    struct genz_case g;
    const char *why;

    TRY(genz_case_of(c, &g, e));
    why = genz_refusal(&g);
    if (why)
        return err_set(e, COSIM_EUNSUPPORTED, "genz: %s", why);
    g.api = GENZ_PREFILL;
    TRY(genz_pass(&g, "prefill", t, &prefill, e));
    g.api = GENZ_DECODE;
    TRY(genz_pass(&g, "decode", t, &decode, e));
    *totals = (struct peer_totals){ .ttft_s = prefill.time_s,
                                    .tpot_s = decode.time_s,
                                    .prefill_flops = prefill.flops,
                                    .decode_flops = decode.flops,
                                    .weight_bytes = decode.weight_bytes,
                                    .kv_bytes = decode.kv_bytes,
                                    .tokens_per_s = decode.throughput_per_s,
                                    .prefill_kwh_reported = prefill.energy_kwh_reported,
                                    .decode_kwh_reported = decode.energy_kwh_reported,
                                    .offloaded = prefill.offloaded || decode.offloaded };
    return COSIM_OK;
}

static cosim_status llmviewer_rows(struct table *t, const struct llmviewer_case *v,
                                   enum llmviewer_stage stage, struct llmviewer_pass *p,
                                   cosim_error *e)
{
    llmviewer_build(v, stage, p);
    for (size_t i = 0; i < p->n; i++) {
        const struct llmviewer_op *op = &p->op[i];
        size_t r;

        TRY(table_add_row(t, &r, e));
        TRY(table_set_str(t, r, OP_STAGE, llmviewer_stage_name(stage), e));
        table_set_u64(t, r, OP_INDEX, i);
        TRY(table_set_str(t, r, OP_NAME, op->name, e));
        table_set_f64(t, r, OP_REPEAT, i + 1 == p->n ? 1.0 : v->layers);
        table_set_f64(t, r, OP_FLOPS, op->ops);
        table_set_f64(t, r, OP_IN, op->load_act_bytes + op->load_kv_bytes);
        table_set_f64(t, r, OP_WEIGHT, op->load_weight_bytes);
        table_set_f64(t, r, OP_OUT, op->store_act_bytes + op->store_kv_bytes);
        table_set_f64(t, r, OP_COMPUTE, op->compute_s);
        table_set_f64(t, r, OP_MEMORY, op->memory_s);
        table_set_f64(t, r, OP_TIME, op->time_s);
        TRY(table_set_str(t, r, OP_BOUND, op->bound, e));
    }
    return COSIM_OK;
}

static const char *llmviewer_gap(const struct peer_case *c)
{
    if (c->tp * c->pp * c->ep != 1.0)
        return "one device only: tp, pp and ep must be 1";
    if (c->experts != 1.0)
        return "no mixture of experts";
    if (c->ffn_in != 2.0)
        return "gated feed-forward only";
    if (c->head_dim * c->heads != c->hidden)
        return "heads x head_dim must be hidden";
    if (c->eff_ratio != 1.0 || c->beam != 1.0)
        return "no efficiency factor and no beams";
    return c->flash && !(given(c->onchip_bytes) && c->onchip_bytes > 0.0)
               ? "fused attention needs onchip_bytes"
               : NULL;
}

static cosim_status run_llmviewer(const struct peer_case *c, struct table *t,
                                  struct peer_totals *totals, cosim_error *e)
{
    const char *why = llmviewer_gap(c);
    struct llmviewer_pass prefill, decode;
    struct llmviewer_case v = { .hidden = c->hidden,
                                .intermediate = c->intermediate,
                                .layers = c->layers,
                                .heads = c->heads,
                                .kv_heads = c->kv_heads,
                                .vocab = c->vocab,
                                .mem_bytes_per_s = c->mem_bytes_per_s,
                                .fp16_ops_per_s = c->peak_flops_per_s,
                                .int8_ops_per_s = c->int8_ops_per_s,
                                .onchip_bytes = c->onchip_bytes,
                                .batch = c->batch,
                                .seqlen = c->prompt_tokens,
                                .w_bits = c->w_bits,
                                .a_bits = c->a_bits,
                                .kv_bits = c->kv_bits,
                                .flash = c->flash ? 1.0 : 0.0 };

    if (why)
        return err_set(e, COSIM_EUNSUPPORTED, "llm-viewer: %s", why);
    TRY(llmviewer_rows(t, &v, LLMVIEWER_PREFILL, &prefill, e));
    v.seqlen = c->prompt_tokens + c->output_tokens;
    TRY(llmviewer_rows(t, &v, LLMVIEWER_DECODE, &decode, e));
    *totals = (struct peer_totals){ .ttft_s = prefill.total.time_s,
                                    .tpot_s = decode.total.time_s,
                                    .prefill_flops = prefill.total.ops,
                                    .decode_flops = decode.total.ops,
                                    .weight_bytes = decode.weight_bytes,
                                    .kv_bytes = decode.cache_bytes,
                                    .tokens_per_s = c->batch / decode.total.time_s,
                                    .prefill_kwh_reported = UNKNOWN_F64,
                                    .decode_kwh_reported = UNKNOWN_F64 };
    return COSIM_OK;
}

static const struct {
    const struct peer *peer;
    cosim_status (*run)(const struct peer_case *c, struct table *t, struct peer_totals *totals,
                        cosim_error *e);
} runner[] = {
    { &peer_genz, run_genz },
    { &peer_llmviewer, run_llmviewer },
};

cosim_status peer_estimate(const char *peer, const struct peer_case *in, struct table **ops,
                           struct peer_totals *totals, cosim_error *e)
{
    const struct peer *p;
    struct peer_case c;
    cosim_status st;

    *ops = NULL;
    TRY(peer_find(peer, &p, e));
    TRY(complete(in, &c, e));
    for (size_t i = 0; i < sizeof runner / sizeof *runner; i++) {
        if (runner[i].peer != p)
            continue;
        TRY(table_new(ops, "operators", op_column, N_OP, e));
        st = runner[i].run(&c, *ops, totals, e);
        if (st != COSIM_OK) {
            table_free(*ops);
            *ops = NULL;
        }
        return st;
    }
    (void)err_set(e, COSIM_EUNSUPPORTED, "'%s' has rules for golden files only", p->name);
    err_hint(e, "use genz or llm-viewer");
    return COSIM_EUNSUPPORTED;
}
