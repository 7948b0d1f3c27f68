/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/compat.h"

#include "compat/peer_run.h"
#include "core/num.h"

#include <string.h>

/* What the peers cannot say: one precision a role, equal layers, no shared experts. */
static cosim_status check_model(const struct model *m, cosim_error *e)
{
    for (size_t i = 1; i < m->n_layers; i++)
        if (memcmp(&m->layer[i], &m->layer[0], sizeof m->layer[0]) != 0)
            return err_set(e, COSIM_EUNSUPPORTED,
                           "the layers of '%s' differ; the peers know one kind", m->id);
    if (m->layer[0].d_shared_expert > 0.0 || m->layer[0].window_tokens > 0.0)
        return err_set(e, COSIM_EUNSUPPORTED,
                       "'%s' has shared experts or windows; the peers do not know them", m->id);
    return COSIM_OK;
}

/* Nominal bits: the peers know no scales. A scheme counts as its up projection. */
static double weight_bits(const struct plan *p)
{
    const struct plan_class *c = &p->cls[0];
    const enum tensor_id up = c->layer.n_experts > 0.0 ? TENSOR_EXP_UP : TENSOR_FFN_UP;

    return format_nominal_bits(c->tensor[up].format);
}

static double known_or_zero(double v)
{
    return is_known(v) ? v : 0.0;
}

static cosim_status make_case(struct peer_case *c, const struct space *s, const size_t d[N_AXES],
                              cosim_error *e)
{
    const struct plan *plan =
        &s->plan[(d[AXIS_MODEL] * s->n[AXIS_W] + d[AXIS_W]) * s->n[AXIS_KV] + d[AXIS_KV]];
    const struct model *m = plan->model;
    const struct layer *l = &m->layer[0];
    const struct device *dev = s->rates[space_lane(s, d)].device;
    const double fp16 = known_or_zero(dev->peak_flops_per_s[PREC_FP16]);

    TRY(check_model(m, e));
    *c = (struct peer_case){
        .hidden = m->d_model,
        .intermediate = l->n_experts > 0.0 ? l->d_expert : l->d_ff,
        .layers = (double)m->n_layers,
        .heads = l->n_heads,
        .kv_heads = l->n_kv_heads,
        .head_dim = l->head_dim,
        .vocab = m->vocab,
        .ffn_in = m->gated_ffn ? 2.0 : 1.0,
        .experts = max_f64(l->n_experts, 1.0),
        .top_k = max_f64(l->n_active_experts, 1.0),
        .peak_flops_per_s = fp16 > 0.0 ? fp16 : known_or_zero(dev->peak_flops_per_s[PREC_BF16]),
        .int8_ops_per_s = known_or_zero(dev->peak_flops_per_s[PREC_INT8]),
        .mem_bytes_per_s = dev->mem_bytes_per_s,
        .mem_bytes = dev->mem_bytes,
        .link_bytes_per_s = known_or_zero(dev->link_bytes_per_s),
        .link_latency_s = known_or_zero(s->rates[space_lane(s, d)].rate[RATE_LINK_LATENCY_S].value),
        .w_bits = weight_bits(plan),
        .a_bits = format_nominal_bits(s->a[d[AXIS_A]]),
        .kv_bits = format_nominal_bits(plan->cls[0].k_format),
        .batch = s->number[AXIS_BATCH][d[AXIS_BATCH]],
        .prompt_tokens = s->number[AXIS_PROMPT][d[AXIS_PROMPT]],
        .output_tokens = s->number[AXIS_OUTPUT][d[AXIS_OUTPUT]],
        .tp = s->number[AXIS_TP][d[AXIS_TP]],
        .pp = s->number[AXIS_PP][d[AXIS_PP]],
        .ep = s->number[AXIS_EP][d[AXIS_EP]],
        .beam = 1.0,
    };
    return COSIM_OK;
}

enum {
    COL_POINT,
    COL_MODEL,
    COL_DEVICE,
    COL_TTFT,
    COL_TPOT,
    COL_TOKENS,
    COL_PREFILL_FLOPS,
    COL_DECODE_FLOPS,
    COL_WEIGHTS,
    COL_KV,
    COL_OFFLOADED,
    N_COLS
};

static const struct column columns[N_COLS] = {
    [COL_POINT] = { "point", "", "number of the point in its space", CELL_U64 },
    [COL_MODEL] = { "model", "", "", CELL_STR },
    [COL_DEVICE] = { "device", "", "", CELL_STR },
    [COL_TTFT] = { "ttft_s", "s", "prefill of the whole batch", CELL_F64 },
    [COL_TPOT] = { "tpot_s", "s", "one decode step at full context", CELL_F64 },
    [COL_TOKENS] = { "tokens_per_s", "token/s", "decode, as the peer defines it", CELL_F64 },
    [COL_PREFILL_FLOPS] = { "prefill_flops", "flop", "", CELL_F64 },
    [COL_DECODE_FLOPS] = { "decode_flops", "flop", "", CELL_F64 },
    [COL_WEIGHTS] = { "weight_bytes", "byte", "of one rank, as the peer counts", CELL_F64 },
    [COL_KV] = { "kv_bytes", "byte", "at full context", CELL_F64 },
    [COL_OFFLOADED] = { "offloaded", "", "does not fit: bandwidth reduced by the peer's rule",
                        CELL_BOOL },
};

static cosim_status add_point(struct table *t, const struct space *s, const char *peer, uint64_t id,
                              cosim_error *e)
{
    struct peer_totals total;
    struct peer_case c;
    struct table *ops = NULL;
    size_t d[N_AXES], row;

    space_digits(s, id, d);
    TRY(make_case(&c, s, d, e));
    TRY(peer_estimate(peer, &c, &ops, &total, e));
    table_free(ops);
    TRY(table_add_row(t, &row, e));
    table_set_u64(t, row, COL_POINT, id);
    table_set_f64(t, row, COL_TTFT, total.ttft_s);
    table_set_f64(t, row, COL_TPOT, total.tpot_s);
    table_set_f64(t, row, COL_TOKENS, total.tokens_per_s);
    table_set_f64(t, row, COL_PREFILL_FLOPS, total.prefill_flops);
    table_set_f64(t, row, COL_DECODE_FLOPS, total.decode_flops);
    table_set_f64(t, row, COL_WEIGHTS, total.weight_bytes);
    table_set_f64(t, row, COL_KV, total.kv_bytes);
    table_set_flag(t, row, COL_OFFLOADED, total.offloaded);
    TRY(table_set_str(t, row, COL_MODEL, s->model[d[AXIS_MODEL]]->id, e));
    return table_set_str(t, row, COL_DEVICE, s->rates[space_lane(s, d)].device->id, e);
}

cosim_status compat_estimate(const struct resolved *r, const char *peer, struct table **t,
                             cosim_error *e)
{
    TRY(table_new(t, peer, columns, N_COLS, e));
    for (uint64_t id = 0; id < r->space.n_points; id++)
        TRY(add_point(*t, &r->space, peer, id, e));
    return table_note(
        *t, e, "rules and efficiencies of '%s', its known errors included: docs/compat.md", peer);
}

cosim_status compat_explain(const struct resolved *r, const char *peer, uint64_t id,
                            struct table **t, cosim_error *e)
{
    struct peer_totals total;
    struct peer_case c;
    size_t d[N_AXES];

    space_digits(&r->space, id, d);
    TRY(make_case(&c, &r->space, d, e));
    return peer_estimate(peer, &c, t, &total, e);
}
