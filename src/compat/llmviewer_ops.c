/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/llmviewer.h"

#include "core/num.h"

#include <math.h>

const char *llmviewer_stage_name(enum llmviewer_stage st)
{
    return st == LLMVIEWER_PREFILL ? "prefill" : "decode";
}

const char *llmviewer_refusal(const struct llmviewer_case *c)
{
    if (fmod(c->hidden, c->heads) != 0.0)
        return "hidden is no multiple of heads";
    return NULL;
}

/* w, a, kv: bytes per element; t: tokens of the pass; d: width of a head */
struct build {
    const struct llmviewer_case *c;
    struct llmviewer_pass *p;
    double w, a, kv, t, d, peak_ops_per_s;
    enum llmviewer_stage stage;
};

static void push(struct build *b, struct llmviewer_op op)
{
    const double bytes = op.load_weight_bytes + op.load_act_bytes + op.store_act_bytes
                         + op.load_kv_bytes + op.store_kv_bytes;

    op.compute_s = op.ops / b->peak_ops_per_s;
    op.memory_s = bytes / b->c->mem_bytes_per_s;
    op.time_s = max_f64(op.compute_s, op.memory_s);
    op.bound = op.memory_s > op.compute_s ? "memory" : "compute";
    b->p->op[b->p->n++] = op;
}

static void push_linear(struct build *b, const char *name, double in, double out, bool to_cache)
{
    const double rows = b->c->batch * b->t;

    push(b, (struct llmviewer_op){ .name = name,
                                   .ops = 2.0 * in * out * rows,
                                   .load_weight_bytes = in * out * b->w,
                                   .load_act_bytes = in * rows * b->a,
                                   .store_act_bytes = to_cache ? 0.0 : out * rows * b->a,
                                   .store_kv_bytes = to_cache ? out * rows * b->kv : 0.0 });
}

static void push_projections(struct build *b)
{
    const struct llmviewer_case *c = b->c;
    const double h = c->hidden, kv_width = h * c->kv_heads / c->heads;

    push_linear(b, "q_proj", h, h, false);
    push_linear(b, "k_proj", h, kv_width, true);
    push_linear(b, "v_proj", h, kv_width, true);
    push_linear(b, "out_proj", h, h, false);
    push_linear(b, "gate_proj", h, c->intermediate, false);
    push_linear(b, "up_proj", h, c->intermediate, false);
    push_linear(b, "down_proj", c->intermediate, h, false);
}

static void push_plain_attention(struct build *b)
{
    const struct llmviewer_case *c = b->c;
    const double s = c->seqlen, h = c->heads, n = c->batch, t = b->t, d = b->d;
    const double ops = 2.0 * t * s * d * h * n, scores_bytes = t * s * n * h * b->a;
    const double kv_bytes = s * d * n * c->kv_heads * b->kv;
    /* upstream counts the query with the kv heads in prefill */
    const double q_heads = b->stage == LLMVIEWER_PREFILL ? c->kv_heads : h;

    push(b, (struct llmviewer_op){ .name = "qk_matmul",
                                   .ops = ops,
                                   .load_act_bytes = t * d * n * q_heads * b->a,
                                   .store_act_bytes = scores_bytes,
                                   .load_kv_bytes = kv_bytes });
    push(b, (struct llmviewer_op){ .name = "sv_matmul",
                                   .ops = ops,
                                   .load_act_bytes = scores_bytes,
                                   .store_act_bytes = t * d * n * h * b->a,
                                   .load_kv_bytes = kv_bytes });
    push(b, (struct llmviewer_op){ .name = "softmax",
                                   .ops = 5.0 * n * h * s * t,
                                   .load_act_bytes = scores_bytes,
                                   .store_act_bytes = scores_bytes });
}

/* Writes T x s instead of T x d and ignores grouped heads, as upstream does. */
static void push_flash_attention(struct build *b)
{
    const struct llmviewer_case *c = b->c;
    const double s = c->seqlen, h = c->heads, n = c->batch, t = b->t, d = b->d;
    const double block = min_f64(ceil(c->onchip_bytes / (b->kv * d)), d);

    push(b,
         (struct llmviewer_op){ .name = "fused_attention",
                                .ops = 4.0 * t * s * d * h * n + 5.0 * n * h * s * t,
                                .load_act_bytes = t * d * n * h * b->a,
                                .store_act_bytes = 2.0 * t * s * n * h * b->a,
                                .load_kv_bytes = ceil(t / block) * s * d * n * h * b->kv * 2.0 });
}

static void push_elementwise(struct build *b, const char *name, double ops_each, double inputs)
{
    const double n = b->c->batch * b->c->hidden * b->t;

    push(b, (struct llmviewer_op){ .name = name,
                                   .ops = ops_each * n,
                                   .load_act_bytes = inputs * n * b->a,
                                   .store_act_bytes = n * b->a });
}

/* One op per multiply-add and the activations of one token, as upstream does. */
static void push_head(struct build *b)
{
    const struct llmviewer_case *c = b->c;

    push(b, (struct llmviewer_op){ .name = "lm_head",
                                   .ops = c->batch * c->hidden * c->vocab,
                                   .load_weight_bytes = c->hidden * c->vocab * b->w,
                                   .load_act_bytes = c->hidden * b->a,
                                   .store_act_bytes = c->vocab * b->a });
}

static void add(struct llmviewer_op *sum, const struct llmviewer_op *op, double times)
{
    sum->ops += op->ops * times;
    sum->load_weight_bytes += op->load_weight_bytes * times;
    sum->load_act_bytes += op->load_act_bytes * times;
    sum->store_act_bytes += op->store_act_bytes * times;
    sum->load_kv_bytes += op->load_kv_bytes * times;
    sum->store_kv_bytes += op->store_kv_bytes * times;
    sum->time_s += op->time_s * times;
}

static void sum_up(struct build *b)
{
    const struct llmviewer_case *c = b->c;
    struct llmviewer_pass *p = b->p;
    struct llmviewer_op layer = { 0 };

    p->cache_bytes =
        2.0 * c->layers * (c->hidden * c->kv_heads / c->heads) * c->batch * c->seqlen * b->kv;
    for (size_t i = 0; i + 1 < p->n; i++)
        add(&layer, &p->op[i], 1.0);
    p->total = (struct llmviewer_op){ .name = "TOTAL", .bound = "" };
    add(&p->total, &layer, c->layers);
    add(&p->total, &p->op[p->n - 1], 1.0);
    p->weight_bytes = layer.load_weight_bytes * c->layers;
    p->footprint_bytes = p->weight_bytes + p->cache_bytes + layer.store_act_bytes;
}

void llmviewer_build(const struct llmviewer_case *c, enum llmviewer_stage stage,
                     struct llmviewer_pass *p)
{
    const bool narrow = c->w_bits <= 8.0 && c->a_bits <= 8.0 && c->kv_bits <= 8.0;
    struct build b = { .c = c,
                       .p = p,
                       .w = c->w_bits / 8.0,
                       .a = c->a_bits / 8.0,
                       .kv = c->kv_bits / 8.0,
                       .t = stage == LLMVIEWER_PREFILL ? c->seqlen : 1.0,
                       .d = c->hidden / c->heads,
                       .peak_ops_per_s = narrow ? c->int8_ops_per_s : c->fp16_ops_per_s,
                       .stage = stage };

    p->n = 0;
    push_projections(&b);
    if (c->flash != 0.0)
        push_flash_attention(&b);
    else
        push_plain_attention(&b);
    push_elementwise(&b, "attn_norm", 7.0, 1.0);
    push_elementwise(&b, "mlp_norm", 7.0, 1.0);
    push_elementwise(&b, "attn_add", 1.0, 1.0);
    push_elementwise(&b, "mlp_add", 1.0, 1.0);
    push_elementwise(&b, "mlp_act", 2.0, 2.0);
    push_head(&b);
    sum_up(&b);
}
