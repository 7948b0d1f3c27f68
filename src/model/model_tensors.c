/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one enumeration of weight tensors: counts, bytes and tensor lists all come from it. */
#include "model/model.h"
#include "quant/scheme.h"

#include <stdint.h>

struct walk {
    int (*visit)(const struct model_tensor *t, void *user);
    void *user;
    size_t layer;
    int stop;
};

static void give(struct walk *w, enum tensor_id t, double row_elems, double n_rows)
{
    const struct model_tensor mt = { (int)t, w->layer, row_elems, n_rows };

    if (w->stop == 0 && row_elems > 0.0 && n_rows > 0.0)
        w->stop = w->visit(&mt, w->user);
}

static void give_norms(struct walk *w, const struct model *m, double n)
{
    for (double i = 0.0; i < n; i += 1.0)
        give(w, TENSOR_NORM, m->d_model, m->norm_bias ? 2.0 : 1.0);
}

static void walk_attention(struct walk *w, const struct model *m, const struct layer *l)
{
    const double q = l->n_heads * l->head_dim, k = l->n_kv_heads * l->head_dim,
                 v = l->n_kv_heads * l->v_head_dim;

    give(w, TENSOR_ATTN_Q, m->d_model, q);
    give(w, TENSOR_ATTN_K, m->d_model, k);
    give(w, TENSOR_ATTN_V, m->d_model, v);
    give(w, TENSOR_ATTN_OUT, l->n_heads * l->v_head_dim, m->d_model);
    if (m->attn_bias)
        give(w, TENSOR_BIAS, q + k + v, 1.0);
    if (m->attn_out_bias)
        give(w, TENSOR_BIAS, m->d_model, 1.0);
    if (m->qk_norm == 1)
        give(w, TENSOR_NORM, l->head_dim, 2.0);
    if (m->qk_norm == 2)
        give(w, TENSOR_NORM, q + k, 1.0);
}

/* gate, up and down of an FFN of `width`; n of them in one tensor. */
static void walk_ffn(struct walk *w, const struct model *m, enum tensor_id gate, double width,
                     double n)
{
    if (!(width > 0.0))
        return;
    if (m->gated_ffn)
        give(w, gate, m->d_model, width * n);
    give(w, (enum tensor_id)(gate + 1), m->d_model, width * n);
    give(w, (enum tensor_id)(gate + 2), width, m->d_model * n);
}

static void walk_layer(struct walk *w, const struct model *m, const struct layer *l)
{
    give_norms(w, m, m->norms_per_layer);
    walk_attention(w, m, l);
    if (l->n_experts > 0.0) {
        give(w, TENSOR_ROUTER, m->d_model, l->n_experts);
        walk_ffn(w, m, TENSOR_EXP_GATE, l->d_expert, l->n_experts);
        walk_ffn(w, m, TENSOR_SHEXP_GATE, l->d_shared_expert, 1.0);
    }
    walk_ffn(w, m, TENSOR_FFN_GATE, l->d_ff, 1.0);
    if (m->ffn_bias)
        give(w, TENSOR_BIAS, (m->gated_ffn ? 2.0 : 1.0) * l->d_ff + m->d_model, 1.0);
    give(w, TENSOR_BIAS, m->extra_layer_elems, 1.0);
}

int model_each_tensor(const struct model *m, int (*visit)(const struct model_tensor *t, void *user),
                      void *user)
{
    struct walk w = { visit, user, SIZE_MAX, 0 };

    if (!m->layer)
        return 0;
    give(&w, TENSOR_TOKEN_EMBD, m->d_model, m->vocab);
    if (m->learned_positions)
        give(&w, TENSOR_POS_EMBD, m->d_model, m->max_ctx_tokens);
    for (size_t i = 0; i < m->n_layers && w.stop == 0; i++) {
        w.layer = i;
        walk_layer(&w, m, &m->layer[i]);
    }
    w.layer = SIZE_MAX;
    give_norms(&w, m, 1.0);
    give(&w, TENSOR_BIAS, m->extra_elems, 1.0);
    if (!m->tied_embeddings)
        give(&w, TENSOR_OUTPUT, m->d_model, m->vocab);
    return w.stop;
}

struct count {
    const struct model *m;
    double all, active;
};

static int add(const struct model_tensor *t, void *user)
{
    struct count *c = user;
    const double n = t->row_elems * t->n_rows;
    const bool expert = t->tensor >= TENSOR_EXP_GATE && t->tensor <= TENSOR_EXP_DOWN;
    const struct layer *l = expert ? &c->m->layer[t->layer] : NULL;

    c->all += n;
    c->active += l ? n * l->n_active_experts / l->n_experts : n;
    return 0;
}

double model_count_params(const struct model *m)
{
    struct count c = { .m = m };

    (void)model_each_tensor(m, add, &c);
    return c.all;
}

double model_count_active_params(const struct model *m)
{
    struct count c = { .m = m };

    (void)model_each_tensor(m, add, &c);
    return c.active;
}
