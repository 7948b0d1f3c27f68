/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layers of a Megatron block in calculon's order. */
#include "compat/calculon.h"

#include <math.h>

#define ADAM_FLOPS 11.0 /* per weight and step; upstream's constant */

struct build {
    const struct calculon_case *c;
    struct calculon_block *b;
    double whole, shard; /* elements of an activation; shard: as sequence parallelism splits it */
    double size;         /* bytes per element */
    bool again, again_attn, again_gather, again_attn_gather; /* what the backward pass repeats */
};

static void push(struct build *b, struct calculon_layer layer)
{
    const double shards = b->c->optimizer_sharding ? b->c->data_par : 1.0;

    /* master copy and two moments in 32 bits */
    layer.work[CALCULON_OPTIM] = (struct calculon_amount){ layer.weights / shards * ADAM_FLOPS,
                                                           layer.weights * 12.0 / shards };
    b->b->layer[b->b->n++] = layer;
}

static void push_fork(struct build *b, double n, double users, bool recomputed, bool dropped)
{
    push(b, (struct calculon_layer){
                .work = { [CALCULON_AGRAD] = { users * n, n * b->size * (users + 1.0) } },
                .act_bytes = n * b->size,
                .recomputed = recomputed,
                .act_dropped = dropped });
}

static void push_norm(struct build *b)
{
    const double n = b->shard, w = 2.0 * b->c->hidden, bytes = (2.0 * n + w) * b->size;

    push(b, (struct calculon_layer){ .work = { [CALCULON_FW] = { 9.0 * n, bytes },
                                               [CALCULON_AGRAD] = { 14.0 * n, bytes },
                                               [CALCULON_WGRAD] = { 7.0 * n, bytes } },
                                     .weights = w,
                                     .act_bytes = n * b->size,
                                     .out_bytes = n * b->size,
                                     .grad_bytes = n * b->size,
                                     .act_reused = true,
                                     .act_dropped = true,
                                     .recomputed = b->again });
}

static void push_linear(struct build *b, double in, double out, bool reused, bool dropped)
{
    const double m = b->c->microbatch_size * b->c->seq_size;
    const struct calculon_amount each = { 2.0 * m * in * out,
                                          (m * in + m * out + in * out) * b->size };

    push(b, (struct calculon_layer){
                .work = { [CALCULON_FW] = each, [CALCULON_AGRAD] = each, [CALCULON_WGRAD] = each },
                .weights = in * out,
                .act_bytes = m * in * b->size,
                .out_bytes = m * out * b->size,
                .grad_bytes = m * out * b->size,
                .matrix = true,
                .act_reused = reused,
                .act_dropped = dropped,
                .recomputed = b->again });
}

static void push_matmul(struct build *b, double batch, double m, double n, double k,
                        bool recomputed, bool out_dropped)
{
    const double in_bytes = batch * (m * n + n * k) * b->size, out_bytes = batch * m * k * b->size;
    const double flops = batch * 2.0 * m * n * k, bytes = in_bytes + out_bytes;

    push(
        b,
        (struct calculon_layer){
            .work = { [CALCULON_FW] = { flops, bytes }, [CALCULON_AGRAD] = { 2.0 * flops, bytes } },
            .act_bytes = in_bytes,
            .out_bytes = out_bytes,
            .grad_bytes = out_bytes,
            .matrix = true,
            .out_dropped = out_dropped,
            .recomputed = recomputed });
}

static void push_softmax(struct build *b, double n)
{
    const double bytes = 2.0 * n * b->size;

    push(b,
         (struct calculon_layer){
             .work = { [CALCULON_FW] = { 5.0 * n, bytes }, [CALCULON_AGRAD] = { 8.0 * n, bytes } },
             .act_bytes = n * b->size,
             .out_bytes = n * b->size,
             .grad_bytes = n * b->size,
             .out_dropped = b->again_attn,
             .recomputed = b->again_attn });
}

/* A fused activation keeps nothing of its own. */
static void push_gelu(struct build *b, double n)
{
    const double bytes = 2.0 * n * b->size, kept = b->c->fused_activation ? 0.0 : n * b->size;

    push(b,
         (struct calculon_layer){
             .work = { [CALCULON_FW] = { 8.0 * n, bytes }, [CALCULON_AGRAD] = { 13.0 * n, bytes } },
             .act_bytes = kept,
             .out_bytes = n * b->size,
             .grad_bytes = kept,
             .recomputed = b->again });
}

/* The mask takes one byte per element and is all that is kept. */
static void push_dropout(struct build *b, double n, bool recomputed, bool dropped)
{
    const struct calculon_amount each = { n, 2.0 * n * b->size + n };

    push(b, (struct calculon_layer){ .work = { [CALCULON_FW] = each, [CALCULON_AGRAD] = each },
                                     .act_bytes = n,
                                     .out_bytes = n * b->size,
                                     .grad_bytes = n,
                                     .act_dropped = dropped,
                                     .recomputed = recomputed });
}

static void push_residual(struct build *b)
{
    const double n = b->shard, bytes = 3.0 * n * b->size;

    push(b, (struct calculon_layer){
                .work = { [CALCULON_FW] = { n, bytes }, [CALCULON_AGRAD] = { 2.0 * n, bytes } },
                .act_bytes = 2.0 * n * b->size,
                .out_bytes = n * b->size,
                .grad_bytes = n * b->size,
                .act_reused = true,
                .act_dropped = true,
                .recomputed = b->again });
}

/* One direction reduces, with adds on the vector unit; the other only passes on. */
static void push_comm(struct build *b, bool conjugate, bool again)
{
    const double tp = b->c->tensor_par, bytes = b->whole * b->size;
    const double adds = b->whole * (tp - 1.0) / tp;
    const bool split = b->c->comm == CALCULON_COMM_RS_AG;

    if (tp == 1.0)
        return;
    push(b, (struct calculon_layer){
                .work = { [CALCULON_FW] = { conjugate ? adds : 0.0,
                                            split || conjugate ? 2.0 * bytes : 0.0 },
                          [CALCULON_AGRAD] = { conjugate ? 0.0 : adds,
                                               split || !conjugate ? 2.0 * bytes : 0.0 } },
                .act_bytes = split       ? bytes / tp
                             : conjugate ? bytes
                                         : 0.0,
                .out_bytes = bytes,
                .grad_bytes = split       ? bytes / tp
                              : conjugate ? 0.0
                                          : bytes,
                .act_dropped = conjugate,
                .comm = true,
                .conjugate = conjugate,
                .communicated_again = again });
}

static void build_attention(struct build *b)
{
    const struct calculon_case *c = b->c;
    const double h = c->hidden, s = c->seq_size, d = c->attn_size, tp = c->tensor_par;
    const double width = floor(c->attn_heads * d / tp);
    const double kv_width = c->multiquery ? d : width;
    const double pairs = floor(c->microbatch_size * c->attn_heads / tp);
    const double scores = floor(c->attn_heads / tp) * s * s * c->microbatch_size;

    push_fork(b, b->shard, 2.0, b->again, false);
    push_norm(b);
    push_comm(b, false, b->again_attn_gather);
    push_fork(b, b->whole, 3.0, b->again_attn_gather, b->again_attn_gather);
    push_linear(b, h, width, true, true);
    push_linear(b, h, kv_width, true, true);
    push_linear(b, h, kv_width, true, true);
    push_matmul(b, pairs, s, d, s, b->again_attn, b->again_attn);
    push_softmax(b, scores);
    push_dropout(b, scores, b->again_attn, b->again_attn);
    push_matmul(b, pairs, s, s, d, b->again, false);
    push_linear(b, width, h, false, false);
    push_comm(b, true, b->again);
    push_dropout(b, b->shard, b->again, false);
    push_residual(b);
}

static void build_mlp(struct build *b)
{
    const struct calculon_case *c = b->c;
    const double rows = c->microbatch_size * c->seq_size;
    const double width = floor(c->feedforward / c->tensor_par);

    push_fork(b, b->shard, 2.0, b->again, false);
    push_norm(b);
    push_comm(b, false, b->again_gather);
    push_linear(b, c->hidden, width, false, b->again_gather);
    push_gelu(b, floor(c->feedforward * rows / c->tensor_par));
    push_linear(b, width, c->hidden, false, false);
    push_comm(b, true, b->again);
    push_dropout(b, b->shard, b->again, false);
    push_residual(b);
}

void calculon_build(const struct calculon_case *c, struct calculon_block *block)
{
    const double rows = c->microbatch_size * c->seq_size;
    struct build b = { .c = c, .b = block, .whole = rows * c->hidden, .size = c->element_bytes };

    b.shard = c->comm == CALCULON_COMM_RS_AG ? floor(rows / c->tensor_par) * c->hidden : b.whole;
    b.again = c->recompute == CALCULON_RECOMPUTE_FULL;
    b.again_attn = c->recompute != CALCULON_RECOMPUTE_NONE;
    b.again_gather = b.again || c->gather_again;
    b.again_attn_gather = b.again_attn || c->gather_again;
    block->n = 0;
    block->activation_bytes = b.whole * c->element_bytes;
    build_attention(&b);
    build_mlp(&b);
}
