/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * llm-analysis (commit d841e40): inference of one tensor-parallel group. Per block, the larger of
 * compute and memory time; a decode step adds the KV cache read and written once.
 */
#include "compat/input.h"
#include "compat/peer.h"

#include "core/num.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GIB 1073741824.0

struct llmanalysis_case {
    double layers, heads, kv_heads, hidden, ffn, vocab;
    double mem_bytes_per_s, fp16_ops_per_s, int8_ops_per_s, int4_ops_per_s;
    double link_bytes_per_s, link_latency_s;
    double batch, prompt_tokens, new_tokens, tp, flops_eff_ratio, mem_eff_ratio;
    double w_bits, a_bits, e_bits; /* weights, activations and KV, embedding */
    double mem_bytes;
    bool gated;
};

#define DIM(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct llmanalysis_case, member), 1, 1, INPUT_COUNT_MAX, INPUT_WHOLE, 0   \
    }
#define RATE(column, member, scale)                                                                \
    {                                                                                              \
        column, offsetof(struct llmanalysis_case, member), scale, 1e-9, 1e12, 0, 0                 \
    }
#define EFF(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct llmanalysis_case, member), 1, 1e-9, 1, INPUT_DEFAULT, 1            \
    }

static const struct input inputs[] = {
    DIM("layers", layers),
    DIM("heads", heads),
    DIM("kv_heads", kv_heads),
    DIM("hidden", hidden),
    DIM("ffn", ffn),
    DIM("vocab", vocab),
    RATE("hbm_GBps", mem_bytes_per_s, 1e9),
    RATE("fp16_tflops", fp16_ops_per_s, 1e12),
    RATE("i8_tflops", int8_ops_per_s, 1e12),
    RATE("i4_tflops", int4_ops_per_s, 1e12),
    RATE("link_GBps", link_bytes_per_s, 1e9),
    { "link_min_lat_s", offsetof(struct llmanalysis_case, link_latency_s), 1, 0, 1e6, 0, 0 },
    DIM("batch_size_per_gpu", batch),
    DIM("seq_len", prompt_tokens),
    DIM("num_tokens_to_generate", new_tokens),
    DIM("tp_size", tp),
    EFF("flops_efficiency", flops_eff_ratio),
    EFF("hbm_memory_efficiency", mem_eff_ratio),
};

/* Upstream's constants: fp16 layer norms in memory counts, fp32 in their time. */
static const double norm_memory_bytes = 2.0, norm_time_bytes = 4.0;

struct model {
    double attn, mlp, norm, embedding; /* parameters: per layer, per layer, per layer, once */
    double w, a, e;                    /* bytes per element */
    double peak_ops_per_s, mem_bytes_per_s;
};

struct pass {
    double flops, activation_bytes;
    double attn_s, mlp_s, norm_s, comm_s, embedding_s, head_s, total_s;
};

static struct model model_of(const struct llmanalysis_case *c)
{
    const double h = c->hidden, kv_heads = max_f64(c->kv_heads / c->tp, 1.0) * c->tp;
    const double wide = max_f64(c->w_bits, c->a_bits);
    const double peak = wide == 4.0   ? c->int4_ops_per_s
                        : wide == 8.0 ? c->int8_ops_per_s
                                      : c->fp16_ops_per_s;

    return (struct model){
        .attn = 2.0 * h * h + 2.0 * h * (h * kv_heads / c->heads),
        .mlp = (c->gated ? 3.0 : 2.0) * h * c->ffn,
        .norm = 2.0 * h,
        .embedding = h * c->vocab,
        .w = c->w_bits / 8.0,
        .a = c->a_bits / 8.0,
        .e = c->e_bits / 8.0,
        .peak_ops_per_s = peak * c->flops_eff_ratio,
        .mem_bytes_per_s = c->mem_bytes_per_s * c->mem_eff_ratio,
    };
}

static double attn_activation_bytes(const struct llmanalysis_case *c, const struct model *m,
                                    double batch, double tokens)
{
    const double n = batch * tokens;

    return max_f64(3.0 * n * c->hidden, 2.0 * n * c->hidden + 4.0 * c->heads * n) * m->a / c->tp;
}

static double mlp_activation_bytes(const struct llmanalysis_case *c, const struct model *m,
                                   double batch, double tokens)
{
    return max_f64(c->hidden, c->ffn) * batch * tokens * m->a / c->tp;
}

static double activation_bytes(const struct llmanalysis_case *c, const struct model *m,
                               double batch, double tokens)
{
    const double norm = batch * tokens * c->hidden / c->tp * norm_memory_bytes;
    const double logits = c->vocab * batch * tokens * m->a / c->tp;
    const double attn = attn_activation_bytes(c, m, batch, tokens);
    const double mlp = mlp_activation_bytes(c, m, batch, tokens);

    return max_f64(max_f64(attn, mlp), max_f64(norm, logits));
}

static double all_reduce_s(const struct llmanalysis_case *c, double tokens, double element_bytes)
{
    const double bytes =
        2.0 * c->batch * tokens * c->hidden * (c->tp - 1.0) / c->tp * element_bytes;

    return c->tp == 1.0 ? 0.0 : max_f64(bytes / c->link_bytes_per_s, c->link_latency_s);
}

static void run_pass(const struct llmanalysis_case *c, const struct model *m, double tokens,
                     struct pass *p)
{
    const double n = c->batch * tokens, h = c->hidden, layers = c->layers, bw = m->mem_bytes_per_s;
    const double attn_flops =
        4.0 * n * h * h + 4.0 * n * h * h / (c->heads / c->kv_heads) + 4.0 * n * tokens * h;
    const double mlp_flops = (c->gated ? 6.0 : 4.0) * n * h * c->ffn;
    const double head_flops = 2.0 * n * h * c->vocab;
    const double attn_bytes =
        m->attn * m->w / c->tp + attn_activation_bytes(c, m, c->batch, tokens);
    const double mlp_bytes = m->mlp * m->w / c->tp + mlp_activation_bytes(c, m, c->batch, tokens);

    p->flops = (attn_flops + mlp_flops) * layers + head_flops;
    p->activation_bytes = activation_bytes(c, m, c->batch, tokens);
    p->attn_s = layers * max_f64(attn_flops / c->tp / m->peak_ops_per_s, attn_bytes / bw);
    p->mlp_s = layers * max_f64(mlp_flops / c->tp / m->peak_ops_per_s, mlp_bytes / bw);
    p->norm_s = layers * 2.0 * n * h / c->tp * norm_time_bytes / bw;
    p->comm_s = layers * 2.0 * all_reduce_s(c, tokens, m->a);
    p->embedding_s = m->embedding * m->e / bw + all_reduce_s(c, tokens, m->e);
    p->head_s = head_flops / c->tp / m->peak_ops_per_s;
    p->total_s = p->attn_s + p->mlp_s + p->norm_s + p->comm_s + p->embedding_s + p->head_s;
}

struct value {
    const char *column;
    double mine;
    enum score_class class;
};

static cosim_status compare(struct score *s, const struct value *v, size_t n, cosim_error *e)
{
    for (size_t i = 0; i < n; i++)
        TRY(score_f64(s, v[i].column, v[i].mine, v[i].class, e));
    return COSIM_OK;
}

static cosim_status compare_pass(struct score *s, const struct pass *p, const char *stage,
                                 double total_s, cosim_error *e)
{
    const struct value v[] = {
        { "num_flops_fwd_total", p->flops, SCORE_COUNT },
        { "activation_memory_per_gpu", p->activation_bytes, SCORE_COUNT },
        { "latency", total_s, SCORE_TIME },
        { "latency_fwd_attn", p->attn_s, SCORE_TIME },
        { "latency_fwd_mlp", p->mlp_s, SCORE_TIME },
        { "latency_fwd_layernorm", p->norm_s, SCORE_TIME },
        { "latency_fwd_tp_comm", p->comm_s, SCORE_TIME },
        { "latency_fwd_sharded_dp_comm", 0.0, SCORE_TIME },
        { "latency_fwd_input_embedding", p->embedding_s, SCORE_TIME },
        { "latency_fwd_output_embedding_loss", p->head_s, SCORE_TIME },
    };

    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        char column[80];

        (void)snprintf(column, sizeof column, "out_%s_%s", stage, v[i].column);
        TRY(score_f64(s, column, v[i].mine, v[i].class, e));
    }
    return COSIM_OK;
}

static cosim_status compare_all(struct score *s, const struct llmanalysis_case *c, cosim_error *e)
{
    const struct model m = model_of(c);
    const double params = c->layers * (m.attn + m.mlp + m.norm) + m.embedding + c->hidden;
    const double embedding_bytes = m.embedding / c->tp * m.e;
    /* norms of the layers are on every rank, the last one is divided */
    const double weight_bytes = c->layers * ((m.attn + m.mlp) / c->tp + m.norm) * m.w
                                + embedding_bytes + c->hidden * m.w / c->tp;
    const double kv_bytes = c->layers * 2.0 * c->batch * (c->prompt_tokens + c->new_tokens)
                            * (c->hidden / c->heads) * max_f64(c->kv_heads / c->tp, 1.0) * m.a;
    const double kv_s = 2.0 * kv_bytes / m.mem_bytes_per_s, left = c->mem_bytes - weight_bytes;
    struct pass prefill, decode;

    run_pass(c, &m, c->prompt_tokens, &prefill);
    run_pass(c, &m, 1.0, &decode);
    const double step_s = decode.total_s + kv_s, total_s = prefill.total_s + step_s * c->new_tokens;
    const struct value v[] = {
        { "out_ep_size", 1.0, SCORE_COUNT },
        { "out_pp_size", 1.0, SCORE_COUNT },
        { "out_num_params_total", params, SCORE_COUNT },
        { "out_num_params_total_mlp", m.mlp * c->layers, SCORE_COUNT },
        { "out_num_params_total_embedding", m.embedding, SCORE_COUNT },
        { "out_num_params_total_others", params - m.mlp * c->layers - m.embedding, SCORE_COUNT },
        { "out_num_active_params_total", params, SCORE_COUNT },
        { "out_layernorm_dtype_bytes", norm_memory_bytes, SCORE_COUNT },
        { "out_kv_cache_latency", kv_s, SCORE_TIME },
        { "out_kv_cache_memory_per_gpu", kv_bytes, SCORE_COUNT },
        { "out_weight_memory_per_gpu", weight_bytes, SCORE_COUNT },
        { "out_weight_memory_embedding_per_gpu", embedding_bytes, SCORE_COUNT },
        { "out_prefill_max_batch_size_per_gpu",
          floor(left / activation_bytes(c, &m, 1.0, c->prompt_tokens)), SCORE_COUNT },
        { "out_decode_max_batch_size_per_gpu",
          floor(left / ((decode.activation_bytes + kv_bytes) / c->batch)), SCORE_COUNT },
        { "out_total_decode_latency", step_s * c->new_tokens, SCORE_TIME },
        { "out_total_latency", total_s, SCORE_TIME },
        { "out_total_per_token_latency", total_s / c->new_tokens, SCORE_TIME },
        { "out_prefill_tokens_per_sec", c->batch * c->prompt_tokens / prefill.total_s, SCORE_TIME },
        { "out_decode_tokens_per_sec", c->batch / step_s, SCORE_TIME },
        { "out_total_tokens_per_sec", c->batch * c->new_tokens / total_s, SCORE_TIME },
    };

    TRY(compare(s, v, sizeof v / sizeof *v, e));
    TRY(compare_pass(s, &prefill, "prefill", prefill.total_s, e));
    return compare_pass(s, &decode, "decode", step_s, e);
}

/* "w4a16e16": widths of weights, activations, embedding */
static cosim_status read_widths(const struct csv_doc *doc, size_t row, struct llmanalysis_case *c,
                                cosim_error *e)
{
    const char *p = input_text(doc, row, "dtype_name");
    double *const width[] = { &c->w_bits, &c->a_bits, &c->e_bits };

    for (int i = 0; i < 3; i++) {
        unsigned bits = 0;
        int digits = 0;

        if (*p++ != "wae"[i])
            return input_bad(doc, row, "dtype_name", "is not like w4a16e16", e);
        for (; *p >= '0' && *p <= '9' && digits < 2; p++, digits++)
            bits = bits * 10 + (unsigned)(*p - '0');
        if (bits == 0)
            return input_bad(doc, row, "dtype_name", "is not like w4a16e16", e);
        *width[i] = bits;
    }
    return *p == '\0' ? COSIM_OK : input_bad(doc, row, "dtype_name", "is not like w4a16e16", e);
}

/* Capacity is not among the columns: it is in the name of the device, in GiB. */
static bool capacity(const char *gpu, double *bytes)
{
    const char *end = strstr(gpu, "gb"), *p = end;
    double gib = 0.0;

    while (p && p > gpu && p[-1] >= '0' && p[-1] <= '9')
        p--;
    for (; p && p < end && end - p <= 4; p++)
        gib = gib * 10.0 + (double)(*p - '0');
    *bytes = gib * GIB;
    return gib > 0.0;
}

static const char *refusal(const struct csv_doc *doc, size_t row, const struct llmanalysis_case *c)
{
    const double wide = max_f64(c->w_bits, c->a_bits);

    if (wide != 4.0 && wide != 8.0 && wide != 16.0)
        return "the wider of weights and activations has no rate (4, 8 or 16 bits)";
    if (strcmp(input_text(doc, row, "out_use_kv_cache"), "False") == 0)
        return "decoding without KV cache: no rule";
    return NULL;
}

static cosim_status validate_row(const struct csv_doc *doc, size_t row, struct score *s,
                                 cosim_error *e)
{
    struct llmanalysis_case c = { 0 };
    const char *why;

    score_row(s, row, input_text(doc, row, "case"), NULL);
    TRY(input_read(doc, row, inputs, sizeof inputs / sizeof *inputs, &c, e));
    TRY(input_bool(doc, row, "gated", &c.gated, e));
    TRY(read_widths(doc, row, &c, e));
    why = refusal(doc, row, &c);
    if (why)
        return score_skip(s, why, e);
    if (!capacity(input_text(doc, row, "gpu_name"), &c.mem_bytes))
        return score_skip(s, "the name of the device does not end in its capacity", e);
    return compare_all(s, &c, e);
}

static cosim_status validate(const struct csv_doc *doc, struct score *s, cosim_error *e)
{
    for (size_t row = 0; row < doc->n_rows; row++)
        TRY(validate_row(doc, row, s, e));
    return COSIM_OK;
}

const struct peer peer_llmanalysis = {
    .name = "llm-analysis",
    .doc = "llm-analysis: inference latency and memory of a tensor-parallel group",
    .source = "llm-analysis d841e40 (2024-11-13)",
    .column = { "hbm_GBps", "link_min_lat_s", "dtype_name", "num_tokens_to_generate",
                "out_prefill_latency" },
    .quirk = "a decode step's attention flops see one token of context; the KV cache is read and "
             "written whole in every step, at its final length; norms counted with 2 bytes in "
             "memory and 4 in time; one embedding is both input and output",
    .validate = validate,
};
