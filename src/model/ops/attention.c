/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"
#include "model/pairs.h"

#include <math.h>

/* Fused (flash) attention: scores and probabilities never reach memory. */
static void work(const struct op *op, const struct step *s, struct work *out)
{
    const double rows = s->batch * s->new_tokens;
    const double pairs = op->window > 0.0 ? pairs_window(s->new_tokens, s->cached, op->window)
                                          : pairs_causal(s->new_tokens, s->cached);
    const double keys = keys_read(s->new_tokens, s->cached, op->window);
    const double k_bytes =
        op->kv_heads * op->head_dim * format_kv_bits(op->k_format, op->head_dim, keys) / 8.0;
    const double v_bytes =
        op->kv_heads * op->v_head_dim * format_kv_bits(op->v_format, op->v_head_dim, keys) / 8.0;
    const double dequant =
        op->kv_heads
        * (op->head_dim * op->k_format->dequant_ops + op->v_head_dim * op->v_format->dequant_ops);

    /* query rows that share a KV head are packed: a key tile serves 128 of them */
    const double reloads = ceil(s->new_tokens * op->heads / op->kv_heads / TILE_ROWS);

    *out = (struct work){
        .flops = 2.0 * s->batch * op->heads * (op->head_dim + op->v_head_dim) * pairs,
        .vector_flops = 5.0 * s->batch * op->heads * pairs + s->batch * keys * dequant,
        .a_bytes = rows * op->heads * (op->head_dim + op->v_head_dim) * OUT_BITS / 8.0,
        .kv_read_bytes = s->batch * keys * (k_bytes + v_bytes),
        .cache_bytes = s->batch * keys * (k_bytes + v_bytes) * reloads
                       + rows * op->heads * (op->head_dim + op->v_head_dim) * OUT_BITS / 8.0,
        .kv_write_bytes = rows * (k_bytes + v_bytes),
    };
}

const struct op_kind op_attention = {
    .name = "attention",
    .doc = "fused attention over the KV cache: scores, softmax, weighted sum, cache append",
    .formula = "flops = 2 B h (d_k + d_v) pairs; softmax 5 B h pairs; "
               "KV read B h_kv keys (d_k b_k + d_v b_v), written T h_kv (...); "
               "cache bytes: KV again for every 128 query rows of a KV head",
    .source = "docs/model.md 1; softmax count from LLM-Viewer",
    .work = work,
};
