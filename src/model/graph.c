/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/graph.h"

#include "core/num.h"
#include "model/pairs.h"

#include <stdlib.h>

/* Vector flops per element: docs/model.md 1 (RMSNorm, LayerNorm, act * mul). */
#define NORM_FLOPS_RMS 4.0
#define NORM_FLOPS_LAYER 7.0
#define ACT_MUL_FLOPS 5.0

const char *graph_layout_problem(const struct model *m, const struct parallel *par)
{
    for (size_t i = 0; i < m->n_layers; i++) {
        if ((double)par->tp > m->layer[i].n_heads)
            return "tp is larger than the number of heads";
        if (par->ep > 1 && m->layer[i].n_experts > 0.0 && (double)par->ep > m->layer[i].n_experts)
            return "ep is larger than the number of experts";
    }
    if (par->pp > m->n_layers)
        return "pp is larger than the number of layers";
    if (par->ep > 1 && m->layer[m->n_layers - 1].n_experts == 0.0)
        return "ep needs a mixture-of-experts model";
    return NULL;
}

void graph_release(struct graph *g)
{
    free(g->op);
    *g = (struct graph){ 0 };
}

static struct op *push(struct graph *g, const struct op_kind *kind, const char *label, double times)
{
    if (g->n_op == g->cap_op)
        return NULL;
    struct op *op = &g->op[g->n_op++];
    *op = (struct op){ .kind = kind, .label = label, .times = times, .math = PREC_VECTOR };
    g->kernels += times;
    return op;
}

struct building {
    struct graph *g;
    const struct format *a;
    double tp, ep;
    bool full; /* ran out of room for operators */
};

static void add_norm(struct building *b, const char *label, double width, double times)
{
    const struct model *m = b->g->plan->model;
    struct op *op = push(b->g, &op_elementwise, label, times);

    if (!op) {
        b->full = true;
        return;
    }
    op->n = width;
    op->w_bits = 16.0;
    op->accesses_per_elem = 2.0;
    op->flops_per_elem = m->layernorm ? NORM_FLOPS_LAYER : NORM_FLOPS_RMS;
}

/* n outputs and k inputs after sharding; math and dequantisation follow from the formats. */
static struct op *add_product(struct building *b, const struct op_kind *kind, const char *label,
                              const struct plan_tensor *t, double n, double k, double times)
{
    struct op *op = push(b->g, kind, label, times);

    if (!op) {
        b->full = true;
        return NULL;
    }
    op->n = n;
    op->k = k;
    op->w_bits = t->bits;
    op->math = format_math(t->format, b->a);
    op->a_bits = format_bits(b->a, k, k);
    op->dequant_ops = op->math == t->format->math ? 0.0 : t->format->dequant_ops;
    return op;
}

static void add_collective(struct building *b, enum collective coll, const char *label,
                           double ranks, double width, double rows_per_token, double times)
{
    struct op *op = push(b->g, &op_collective, label, times);

    if (!op) {
        b->full = true;
        return;
    }
    op->collective = coll;
    op->ranks = ranks;
    op->n = width;
    op->rows_per_token = rows_per_token;
}

static bool same_bits(const struct plan_tensor *x, const struct plan_tensor *y)
{
    return x->format == y->format && x->bits == y->bits;
}

static double kv_heads_on_rank(const struct layer *l, double tp)
{
    return max_f64(1.0, ceil(l->n_kv_heads / tp));
}

/* Kernels fuse q, k, v when their formats agree, else they run one by one. */
static void add_qkv(struct building *b, const struct plan_class *c)
{
    const struct layer *l = &c->layer;
    const struct plan_tensor *q = &c->tensor[TENSOR_ATTN_Q], *k = &c->tensor[TENSOR_ATTN_K],
                             *v = &c->tensor[TENSOR_ATTN_V];
    const double d = b->g->plan->model->d_model, kv = kv_heads_on_rank(l, b->tp);
    const double nq = ceil(l->n_heads / b->tp) * l->head_dim, nk = kv * l->head_dim,
                 nv = kv * l->v_head_dim;

    if (same_bits(q, k) && same_bits(q, v)) {
        (void)add_product(b, &op_gemm, "qkv", q, nq + nk + nv, d, c->times);
        return;
    }
    (void)add_product(b, &op_gemm, "attn_q", q, nq, d, c->times);
    (void)add_product(b, &op_gemm, "attn_k", k, nk, d, c->times);
    (void)add_product(b, &op_gemm, "attn_v", v, nv, d, c->times);
}

static void add_attention(struct building *b, const struct plan_class *c)
{
    const struct layer *l = &c->layer;
    const double d = b->g->plan->model->d_model, heads = ceil(l->n_heads / b->tp);

    add_qkv(b, c);
    struct op *op = push(b->g, &op_attention,
                         l->window_tokens > 0.0 ? "attention_window" : "attention", c->times);
    if (!op) {
        b->full = true;
        return;
    }
    op->math = b->a->math == PREC_FP16 ? PREC_FP16 : PREC_BF16;
    op->heads = heads;
    op->kv_heads = kv_heads_on_rank(l, b->tp);
    op->head_dim = l->head_dim;
    op->v_head_dim = l->v_head_dim;
    op->window = l->window_tokens;
    op->k_format = c->k_format;
    op->v_format = c->v_format;
    (void)add_product(b, &op_gemm, "attn_out", &c->tensor[TENSOR_ATTN_OUT], d,
                      heads * l->v_head_dim, c->times);
    if (b->tp > 1.0)
        add_collective(b, COLL_ALL_REDUCE, "attn_allreduce", b->tp, d, 1.0, c->times);
}

/* Up (and gate) then down, for a dense FFN, shared experts or routed experts. */
static void add_ffn(struct building *b, const struct plan_class *c, const struct op_kind *kind,
                    enum tensor_id gate_id, double width, const char *const label[4])
{
    const struct model *m = b->g->plan->model;
    const struct plan_tensor *gate = &c->tensor[gate_id], *up = &c->tensor[gate_id + 1],
                             *down = &c->tensor[gate_id + 2];
    const double n = ceil(width / b->tp);
    struct op *op[3] = { NULL, NULL, NULL };

    if (gate->format && same_bits(gate, up)) {
        op[0] = add_product(b, kind, label[0], up, 2.0 * n, m->d_model, c->times);
    } else {
        if (gate->format)
            op[1] = add_product(b, kind, label[1], gate, n, m->d_model, c->times);
        op[0] = add_product(b, kind, label[2], up, n, m->d_model, c->times);
    }
    op[2] = add_product(b, kind, label[3], down, m->d_model, n, c->times);
    for (size_t i = 0; i < 3; i++)
        if (op[i] && kind == &op_experts) {
            op[i]->experts = c->layer.n_experts;
            op[i]->active = c->layer.n_active_experts;
            op[i]->ep = b->ep;
        }
    /* act * mul is fused into the product before it: T * width elements */
    if (op[0])
        op[0]->flops_per_elem = ACT_MUL_FLOPS * n / op[0]->n;
}

static void add_moe(struct building *b, const struct plan_class *c)
{
    static const char *const routed[4] = { "exp_gate_up", "exp_gate", "exp_up", "exp_down" };
    static const char *const shared[4] = { "shexp_gate_up", "shexp_gate", "shexp_up",
                                           "shexp_down" };
    const struct layer *l = &c->layer;
    const double d = b->g->plan->model->d_model;

    (void)add_product(b, &op_gemm, "router", &c->tensor[TENSOR_ROUTER], l->n_experts, d, c->times);
    if (b->ep > 1.0)
        add_collective(b, COLL_ALL_TO_ALL, "dispatch", b->ep, d, l->n_active_experts, c->times);
    add_ffn(b, c, &op_experts, TENSOR_EXP_GATE, l->d_expert, routed);
    if (b->ep > 1.0)
        add_collective(b, COLL_ALL_TO_ALL, "combine", b->ep, d, l->n_active_experts, c->times);
    if (l->d_shared_expert > 0.0)
        add_ffn(b, c, &op_gemm, TENSOR_SHEXP_GATE, l->d_shared_expert, shared);
}

static void add_layers(struct building *b, const struct plan_class *c)
{
    static const char *const dense[4] = { "gate_up", "ffn_gate", "ffn_up", "ffn_down" };
    const struct model *m = b->g->plan->model;
    const struct layer *l = &c->layer;

    add_norm(b, "attn_norm", m->d_model, c->times);
    add_attention(b, c);
    if (!m->parallel_block)
        add_norm(b, "ffn_norm", m->d_model, c->times);
    if (l->n_experts > 0.0)
        add_moe(b, c);
    if (l->d_ff > 0.0)
        add_ffn(b, c, &op_gemm, TENSOR_FFN_GATE, l->d_ff, dense);
    if (b->tp > 1.0)
        add_collective(b, COLL_ALL_REDUCE, "ffn_allreduce", b->tp, m->d_model, 1.0, c->times);
}

static void add_ends(struct building *b, unsigned pp)
{
    const struct plan *p = b->g->plan;
    const struct model *m = p->model;
    const struct plan_tensor *head = p->head.format ? &p->head : &p->embedding;
    const double vocab = ceil(m->vocab / b->tp);

    add_norm(b, "final_norm", m->d_model, 1.0);
    (void)add_product(b, &op_head, "lm_head", head, vocab, m->d_model, 1.0);
    if (b->tp > 1.0)
        add_collective(b, COLL_ALL_GATHER, "logits_allgather", b->tp, m->vocab, 0.0, 1.0);
    if (pp > 1)
        add_collective(b, COLL_P2P, "stage_message", 2.0, m->d_model, 1.0, (double)pp - 1.0);
}

static double live_bytes_per_token(const struct model *m, const struct layer *l, double tp)
{
    const double heads = ceil(l->n_heads / tp) + 2.0 * kv_heads_on_rank(l, tp);
    const double ffn =
        max_f64(max_f64(l->d_ff, l->d_shared_expert), l->d_expert * l->n_active_experts);

    return max_f64(m->d_model + heads * l->head_dim, m->d_model + 2.0 * ffn / tp) * OUT_BITS / 8.0;
}

/* Fullest device: contiguous stages of ceil(L / pp) layers, embedding first, head last. */
static void size_stages(struct graph *g)
{
    const struct plan *p = g->plan;
    const size_t n = p->model->n_layers, pp = g->par.pp, stage = (n + pp - 1) / pp;
    const double tp = (double)g->par.tp, ep = (double)g->par.ep;

    g->stage_share = (double)stage / (double)n;
    g->stage_weight_bytes = 0.0;
    for (size_t first = 0; first < n; first += stage) {
        const size_t last = first + stage < n ? first + stage : n;
        const struct plan_bytes *x = &p->prefix[first], *y = &p->prefix[last];
        double bytes = (y->by_tp - x->by_tp) / tp + (y->by_tp_ep - x->by_tp_ep) / (tp * ep)
                       + (y->replicated - x->replicated);
        if (first == 0)
            bytes += p->embedding_bytes / tp + p->position_bytes;
        if (last == n)
            bytes += p->final_bytes
                     + (p->head.format ? p->head_bytes
                        : first == 0   ? 0.0
                                       : p->embedding_bytes)
                           / tp;
        g->stage_weight_bytes = max_f64(g->stage_weight_bytes, bytes);
    }
}

cosim_status graph_make(struct graph *g, const struct plan *p, const struct format *a,
                        const struct parallel *par, cosim_error *e)
{
    /* at most 20 operators a layer class and 8 at the ends */
    const size_t need = 20 * p->n_cls + 8;

    if (need > g->cap_op) {
        struct op *op = realloc(g->op, need * sizeof *op);
        if (!op)
            return err_set(e, COSIM_ENOMEM, "out of memory for an operator graph");
        g->op = op;
        g->cap_op = need;
    }
    g->plan = p;
    g->par = *par;
    g->n_op = 0;
    g->kernels = 0.0;
    g->act_bytes_per_token = 0.0;
    struct building b = { g, a, (double)par->tp, (double)par->ep, false };
    struct op *embedding = push(g, &op_embedding, "embedding", 1.0);
    if (embedding) {
        embedding->n = p->model->d_model;
        embedding->w_bits = p->embedding.bits;
    }
    for (size_t i = 0; i < p->n_cls; i++) {
        add_layers(&b, &p->cls[i]);
        g->act_bytes_per_token =
            max_f64(g->act_bytes_per_token, live_bytes_per_token(p->model, &p->cls[i].layer, b.tp));
    }
    add_ends(&b, par->pp);
    size_stages(g);
    return b.full ? err_set(e, COSIM_EINTERNAL, "operator graph of '%s' overflows", p->model->id)
                  : COSIM_OK;
}

double graph_kv_bytes(const struct graph *g, double n_tokens)
{
    double bytes = 0.0;

    for (size_t i = 0; i < g->plan->n_cls; i++) {
        const struct plan_class *c = &g->plan->cls[i];
        const struct layer *l = &c->layer;
        const double kept = keys_kept(n_tokens, l->window_tokens);
        const double per_head = l->head_dim * format_kv_bits(c->k_format, l->head_dim, kept)
                                + l->v_head_dim * format_kv_bits(c->v_format, l->v_head_dim, kept);
        bytes += c->times * kept * kv_heads_on_rank(l, (double)g->par.tp) * per_head / 8.0;
    }
    return bytes * g->stage_share;
}
