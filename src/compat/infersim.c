/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * InferSim (commit f2293da): what can be recomputed without its kernel tables. Sizes and flops of
 * the model, memory left for the KV cache, and loads at the bandwidth of the device.
 */
#include "compat/input.h"
#include "compat/peer.h"

#include <string.h>

#define KIB 1024.0
#define MIB 1048576.0
#define GIB 1073741824.0

/* The file names a model and gives no dimensions: those of the published configurations
 * (config.json on the models' Hugging Face pages). q_lora > 0: latent attention. */
struct infersim_model {
    const char *name;
    double layers, hidden, heads, kv_heads, head_dim;
    double ffn, experts, top_k, shared; /* experts = 1: dense */
    double q_lora, kv_lora, nope, rope, v_dim;
};

static const struct infersim_model models[] = {
    { "qwen3-8B", 36, 4096, 32, 8, 128, 12288, 1, 1, 0, 0, 0, 0, 0, 0 },
    { "qwen3-30B-A3B", 48, 2048, 32, 4, 128, 768, 128, 8, 0, 0, 0, 0, 0, 0 },
    { "qwen3-235B-A22B", 94, 4096, 64, 4, 128, 1536, 128, 8, 0, 0, 0, 0, 0, 0 },
    { "deepseek_v3", 61, 7168, 128, 128, 0, 2048, 256, 8, 1, 1536, 512, 128, 64, 128 },
};

/* Capacities and bandwidths of upstream's device list; it uses 80 % of the bandwidth. */
struct infersim_device {
    const char *name;
    double mem_bytes, mem_bytes_per_s;
};

static const struct infersim_device devices[] = {
    { "H20", 96 * GIB, 4096 * 0.8 * GIB },
    { "H800", 80 * GIB, 3430 * 0.8 * GIB },
    { "H200", 141 * GIB, 4800 * 0.8 * GIB },
};

static const double reserved_bytes = 20 * GIB; /* upstream: 15 for the runtime, 5 for an encoder */

struct infersim_case {
    double world_size, tp, decode_batch, prompt_tokens, new_tokens;
    bool fp8;
};

#define DIM(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct infersim_case, member), 1, 1, INPUT_COUNT_MAX, INPUT_WHOLE, 0      \
    }

static const struct input inputs[] = {
    DIM("world_size", world_size), DIM("tp", tp),          DIM("decode_bs", decode_batch),
    DIM("isl", prompt_tokens),     DIM("osl", new_tokens),
};

/* Numbers of one layer on one rank. */
struct layer {
    double attn_bytes, expert_bytes, experts_held, kv_bytes_per_token;
    double core_flops, ffn_flops, other_flops; /* per token */
};

static void latent_attention(const struct infersim_model *m, double heads, double context,
                             double weight_bytes, struct layer *l)
{
    const double h = m->hidden, qk = m->nope + m->rope;

    l->attn_bytes = weight_bytes
                    * (h * m->q_lora + m->q_lora * heads * qk + h * m->kv_lora
                       + m->kv_lora * heads * (m->nope + m->v_dim) + heads * m->v_dim * h);
    l->kv_bytes_per_token = 2.0 * (m->kv_lora + m->rope);
    l->core_flops = 2.0 * heads * context * (2.0 * m->kv_lora + m->rope);
    l->other_flops =
        2.0
        * (h * m->q_lora + m->q_lora * heads * qk + h * (m->kv_lora + m->rope)
           + heads * m->nope * m->kv_lora + heads * m->kv_lora * m->v_dim + heads * m->v_dim * h);
}

static void grouped_attention(const struct infersim_model *m, double heads, double kv_heads,
                              double context, double weight_bytes, struct layer *l)
{
    const double params = m->hidden * m->head_dim * 2.0 * (heads + kv_heads);

    l->attn_bytes = weight_bytes * params;
    l->kv_bytes_per_token = 2.0 * 2.0 * kv_heads * m->head_dim;
    l->core_flops = 2.0 * 2.0 * heads * m->head_dim * context;
    l->other_flops = 2.0 * params;
}

static void layer_of(const struct infersim_model *m, const struct infersim_case *c, double context,
                     struct layer *l)
{
    const double weight_bytes = c->fp8 ? 1.0 : 2.0, tp = c->tp, ffn = m->ffn / tp;
    const double heads = m->heads / tp;

    if (m->q_lora > 0.0)
        latent_attention(m, heads, context, weight_bytes, l);
    else
        grouped_attention(m, heads, m->kv_heads > tp ? m->kv_heads / tp : 1.0, context,
                          weight_bytes, l);
    l->expert_bytes = weight_bytes * 3.0 * m->hidden * ffn;
    l->experts_held = m->experts > 1.0 ? m->experts / (c->world_size / tp) : 1.0;
    l->ffn_flops = (m->shared + m->top_k) * 3.0 * 2.0 * m->hidden * ffn;
}

static cosim_status compare(struct score *s, const struct infersim_model *m,
                            const struct infersim_device *d, const struct infersim_case *c,
                            cosim_error *e)
{
    const double context = c->prompt_tokens + (double)(long)(c->new_tokens / 2.0);
    const double n = m->layers, bw = d->mem_bytes_per_s;
    struct layer l;

    layer_of(m, c, context, &l);
    const double params_bytes = n * (l.attn_bytes + l.expert_bytes * (m->shared + l.experts_held));
    const double cache_bytes = d->mem_bytes - params_bytes - reserved_bytes;
    const double experts_s = l.expert_bytes * l.experts_held / bw;
    const struct {
        const char *column;
        double mine;
    } value[] = {
        { "one_attn_params_size_mb", l.attn_bytes / MIB },
        { "one_expert_params_size_mb", l.expert_bytes / MIB },
        { "per_gpu_params_size_gb", params_bytes / GIB },
        { "kv_cache_space_gb", cache_bytes / GIB },
        { "input_seq_len", c->prompt_tokens },
        { "output_seq_len", c->new_tokens },
        { "target_decode_batchsize", c->decode_batch },
        { "target_per_token_kv_cache_size_kb",
          cache_bytes / c->decode_batch / (c->prompt_tokens + c->new_tokens) / KIB },
        { "current_per_token_kv_cache_size_kb", n * l.kv_bytes_per_token / KIB },
        { "num_hidden_layers", n },
        { "per_token_per_layer_attn_core_gflops", l.core_flops / 1e9 },
        { "per_token_per_layer_moe_ffn_gflops", l.ffn_flops / 1e9 },
        { "per_token_per_layer_others_gflops", l.other_flops / 1e9 },
        { "per_token_attn_core_gflops", n * l.core_flops / 1e9 },
        { "per_token_moe_gflops", n * l.ffn_flops / 1e9 },
        { "per_token_others_gflops", n * l.other_flops / 1e9 },
        { "per_token_total_gflops", n * (l.core_flops + l.ffn_flops + l.other_flops) / 1e9 },
        { "prefill_kv_loading_latency_us", c->prompt_tokens * l.kv_bytes_per_token / bw * 1e6 },
        { "prefill_experts_loading_latency_us", experts_s * 1e6 },
        { "decode_kv_loading_latency_us",
          c->decode_batch * context * l.kv_bytes_per_token / bw * 1e6 },
        { "decode_experts_loading_latency_us", experts_s * 1e6 },
    };

    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        TRY(score_f64(s, value[i].column, value[i].mine, SCORE_PRINTED, e));
    return COSIM_OK;
}

static cosim_status validate_row(const struct csv_doc *doc, size_t row, struct score *s,
                                 cosim_error *e)
{
    const struct infersim_model *m = NULL;
    const struct infersim_device *d = NULL;
    struct infersim_case c = { 0 };

    score_row(s, row, input_text(doc, row, "case"), NULL);
    TRY(input_read(doc, row, inputs, sizeof inputs / sizeof *inputs, &c, e));
    TRY(input_bool(doc, row, "fp8_gemm", &c.fp8, e));
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i].name, input_text(doc, row, "model")) == 0)
            m = &models[i];
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (strcmp(devices[i].name, input_text(doc, row, "device")) == 0)
            d = &devices[i];
    if (!m)
        return score_skip(s, "the dimensions of this model are not known", e);
    if (!d)
        return score_skip(s, "the memory of this device is not known", e);
    TRY(compare(s, m, d, &c, e));
    return COSIM_OK;
}

static cosim_status validate(const struct csv_doc *doc, struct score *s, cosim_error *e)
{
    for (size_t row = 0; row < doc->n_rows; row++)
        TRY(validate_row(doc, row, s, e));
    return COSIM_OK;
}

const struct peer peer_infersim = {
    .name = "infersim",
    .doc = "InferSim: sizes, flops and loads of a model; its times need kernel tables",
    .source = "InferSim f2293da (2026-05-08)",
    .column = { "world_size", "decode_bs", "isl", "fp8_gemm", "one_attn_params_size_mb" },
    .gap =
        "kernel efficiencies and times, communication, TTFT, TPOT and throughput need the tool's "
        "kernel tables: these columns are not compared",
    .quirk = "latent attention's weights omit the rotary part of the down projection; 20 GiB are "
             "reserved whatever the device; only layers count as parameters, not the embeddings",
    .validate = validate,
};
