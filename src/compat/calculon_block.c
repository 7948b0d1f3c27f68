/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layers of a Megatron block in calculon's order, and their forward sums. */
#include "compat/calculon.h"

#include <math.h>

struct build {
    const struct calculon_case *c;
    struct calculon_block *b;
    double whole, shard; /* elements of an activation; shard: as sequence parallelism splits it */
};

static void push(struct build *b, struct calculon_layer layer)
{
    b->b->layer[b->b->n++] = layer;
}

static void push_fork(struct build *b, double n)
{
    push(b, (struct calculon_layer){ .act_bytes = n * b->c->element_bytes });
}

static void push_norm(struct build *b)
{
    const double n = b->shard, w = 2.0 * b->c->hidden, size = b->c->element_bytes;

    push(b, (struct calculon_layer){ .flops = 9.0 * n,
                                     .mem_bytes = (2.0 * n + w) * size,
                                     .weight_bytes = w * size,
                                     .act_bytes = n * size,
                                     .act_reused = true });
}

static void push_linear(struct build *b, double in, double out, bool reused)
{
    const double m = b->c->microbatch_size * b->c->seq_size, size = b->c->element_bytes;

    push(b, (struct calculon_layer){ .flops = 2.0 * m * in * out,
                                     .mem_bytes = (m * in + m * out + in * out) * size,
                                     .weight_bytes = in * out * size,
                                     .act_bytes = m * in * size,
                                     .matrix = true,
                                     .act_reused = reused });
}

static void push_matmul(struct build *b, double batch, double m, double n, double k)
{
    const double inputs = batch * (m * n + n * k), size = b->c->element_bytes;

    push(b, (struct calculon_layer){ .flops = batch * 2.0 * m * n * k,
                                     .mem_bytes = (inputs + batch * m * k) * size,
                                     .act_bytes = inputs * size,
                                     .matrix = true });
}

static void push_vector(struct build *b, double n, double flops_each, double act_elements)
{
    const double size = b->c->element_bytes;

    push(b, (struct calculon_layer){ .flops = flops_each * n,
                                     .mem_bytes = 2.0 * n * size,
                                     .act_bytes = act_elements * size });
}

/* The mask takes one byte per element and is all that is kept. */
static void push_dropout(struct build *b, double n)
{
    push(b, (struct calculon_layer){
                .flops = n, .mem_bytes = 2.0 * n * b->c->element_bytes + n, .act_bytes = n });
}

static void push_residual(struct build *b)
{
    const double n = b->shard, size = b->c->element_bytes;

    push(b, (struct calculon_layer){ .flops = n,
                                     .mem_bytes = 3.0 * n * size,
                                     .act_bytes = 2.0 * n * size,
                                     .act_reused = true });
}

static void push_comm(struct build *b, bool conjugate)
{
    const double tp = b->c->tensor_par, bytes = b->whole * b->c->element_bytes;
    const bool split = b->c->comm == CALCULON_COMM_RS_AG;

    if (tp == 1.0)
        return;
    push(b, (struct calculon_layer){ .flops = conjugate ? b->whole * (tp - 1.0) / tp : 0.0,
                                     .mem_bytes = split || conjugate ? 2.0 * bytes : 0.0,
                                     .act_bytes = split       ? bytes / tp
                                                  : conjugate ? bytes
                                                              : 0.0,
                                     .comm = true,
                                     .conjugate = conjugate });
}

static void build_attention(struct build *b)
{
    const struct calculon_case *c = b->c;
    const double h = c->hidden, s = c->seq_size, d = c->attn_size, tp = c->tensor_par;
    const double width = floor(c->attn_heads * d / tp);
    const double kv_width = c->multiquery ? d : width;
    const double pairs = floor(c->microbatch_size * c->attn_heads / tp);
    const double scores = floor(c->attn_heads / tp) * s * s * c->microbatch_size;

    push_fork(b, b->shard);
    push_norm(b);
    push_comm(b, false);
    push_fork(b, b->whole);
    push_linear(b, h, width, true);
    push_linear(b, h, kv_width, true);
    push_linear(b, h, kv_width, true);
    push_matmul(b, pairs, s, d, s);
    push_vector(b, scores, 5.0, scores); /* softmax */
    push_dropout(b, scores);
    push_matmul(b, pairs, s, s, d);
    push_linear(b, width, h, false);
    push_comm(b, true);
    push_dropout(b, b->shard);
    push_residual(b);
}

static void build_mlp(struct build *b)
{
    const struct calculon_case *c = b->c;
    const double rows = c->microbatch_size * c->seq_size;
    const double width = floor(c->feedforward / c->tensor_par);
    const double gelu = floor(c->feedforward * rows / c->tensor_par);

    push_fork(b, b->shard);
    push_norm(b);
    push_comm(b, false);
    push_linear(b, c->hidden, width, false);
    push_vector(b, gelu, 8.0, c->fused_activation ? 0.0 : gelu);
    push_linear(b, width, c->hidden, false);
    push_comm(b, true);
    push_dropout(b, b->shard);
    push_residual(b);
}

void calculon_build(const struct calculon_case *c, struct calculon_block *block)
{
    const double rows = c->microbatch_size * c->seq_size;
    struct build b = { .c = c, .b = block, .whole = rows * c->hidden };

    b.shard = c->comm == CALCULON_COMM_RS_AG ? floor(rows / c->tensor_par) * c->hidden : b.whole;
    block->n = 0;
    block->activation_bytes = b.whole * c->element_bytes;
    build_attention(&b);
    build_mlp(&b);
}

/* Bytes and time on the link of one communication layer; `split`: as scatter and gather. */
static void add_comm(const struct calculon_case *c, const struct calculon_layer *l,
                     double whole_bytes, bool split, double *bytes, double *time_s)
{
    const struct calculon_net *net = &c->system->net[(int)c->tensor_net];
    const enum calculon_net_op op = !split         ? CALCULON_ALL_REDUCE
                                    : l->conjugate ? CALCULON_REDUCE_SCATTER
                                                   : CALCULON_ALL_GATHER;

    *time_s += calculon_vector_s(c->system, l->flops) + calculon_mem_s(c->system, l->mem_bytes);
    if (!split && !l->conjugate)
        return;
    *bytes += whole_bytes;
    *time_s += calculon_net_s(net, op, whole_bytes, c->tensor_par);
}

void calculon_sum(const struct calculon_case *c, const struct calculon_block *b,
                  struct calculon_sums *s)
{
    *s = (struct calculon_sums){ 0 };
    for (size_t i = 0; i < b->n; i++) {
        const struct calculon_layer *l = &b->layer[i];
        const double flops_s = l->matrix ? calculon_matrix_s(c->system, l->flops)
                                         : calculon_vector_s(c->system, l->flops);
        const double mem_s = calculon_mem_s(c->system, l->mem_bytes);

        s->flops += l->flops;
        s->flops_s += flops_s;
        s->mem_bytes += l->mem_bytes;
        s->mem_s += mem_s;
        s->weight_bytes += l->weight_bytes;
        s->act_storage_bytes += l->act_bytes;
        if (!l->act_reused)
            s->act_working_bytes += l->act_bytes;
        if (l->comm) {
            add_comm(c, l, b->activation_bytes, c->comm == CALCULON_COMM_RS_AG, &s->base_tp_bytes,
                     &s->base_tp_s);
            add_comm(c, l, b->activation_bytes, c->comm != CALCULON_COMM_AR, &s->edge_tp_bytes,
                     &s->edge_tp_s);
        } else {
            s->time_s += flops_s + mem_s;
        }
    }
}
