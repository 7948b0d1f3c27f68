/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "kv/gemm.h"
#include "kv/gguf.h"
#include "kv/lm.h"

#include <stdio.h>
#include <string.h>

#define LM_VOCAB 256
#define SIZE_LIMIT 65536.0 /* of any one dimension */

struct loader {
    const struct kv_gguf *g;
    struct arena *a;
    cosim_error *e;
};

static cosim_status fail(const struct loader *l, cosim_status st, const char *what, const char *key)
{
    const struct src_pos at = { l->g->path, 0, 0 };

    return err_at(l->e, st, &at, "%s: '%s'", what, key);
}

/* A metadata number; `fallback` < 0 makes it required. */
static cosim_status number(const struct loader *l, const char *key, double fallback, double lo,
                           double hi, double *v)
{
    const struct kv_gguf_value *x = kv_gguf_value(l->g, key);

    if (!x && fallback < 0)
        return fail(l, COSIM_ESYNTAX, "metadata is missing", key);
    if (x && (x->type == 8 || x->type == 9))
        return fail(l, COSIM_EUNSUPPORTED, "metadata is no single number", key);
    *v = x ? x->f64 : fallback;
    if (!(*v >= lo && *v <= hi))
        return fail(l, COSIM_ERANGE, "metadata out of range", key);
    return COSIM_OK;
}

static cosim_status count(const struct loader *l, const char *key, double fallback, size_t *n)
{
    double v;

    TRY(number(l, key, fallback, 1, SIZE_LIMIT, &v));
    *n = (size_t)v;
    return COSIM_OK;
}

static cosim_status read_config(const struct loader *l, struct lm_config *c)
{
    const struct kv_gguf_value *arch = kv_gguf_value(l->g, "general.architecture");
    double head_dim = 0, eps = 0;
    size_t rope = 0;

    if (!arch || !arch->str || strcmp(arch->str, "llama") != 0)
        return fail(l, COSIM_EUNSUPPORTED, "only architecture llama is run, this file says",
                    arch && arch->str ? arch->str : "nothing");
    if (kv_gguf_value(l->g, "llama.rope.scaling.type"))
        return fail(l, COSIM_EUNSUPPORTED, "not computed", "llama.rope.scaling.type");
    if (kv_gguf_value(l->g, "llama.expert_count"))
        return fail(l, COSIM_EUNSUPPORTED, "not computed", "llama.expert_count");
    TRY(count(l, "llama.block_count", -1, &c->n_layers));
    TRY(count(l, "llama.embedding_length", -1, &c->d_model));
    TRY(count(l, "llama.feed_forward_length", -1, &c->d_ff));
    TRY(count(l, "llama.attention.head_count", -1, &c->n_heads));
    TRY(count(l, "llama.attention.head_count_kv", (double)c->n_heads, &c->n_kv_heads));
    TRY(count(l, "llama.vocab_size", -1, &c->n_vocab));
    TRY(number(l, "llama.attention.key_length", (double)(c->d_model / c->n_heads), 2, SIZE_LIMIT,
               &head_dim));
    TRY(number(l, "llama.attention.layer_norm_rms_epsilon", -1, 0, 1, &eps));
    TRY(number(l, "llama.rope.freq_base", 10000, 1, 1e12, &c->rope_base));
    TRY(count(l, "llama.rope.dimension_count", head_dim, &rope));
    c->head_dim = (size_t)head_dim;
    c->norm_eps = (float)eps;
    if (rope != c->head_dim || c->head_dim % 2)
        return fail(l, COSIM_EUNSUPPORTED, "a rotary embedding of part of the head",
                    "llama.rope.dimension_count");
    if (c->n_heads % c->n_kv_heads || c->n_vocab != LM_VOCAB)
        return fail(l, COSIM_EUNSUPPORTED, "not a byte vocabulary, or heads do not divide",
                    "llama.vocab_size");
    return COSIM_OK;
}

/* A tensor of the shape [n_out][n_in], or [n_in] when n_out is 0. */
static cosim_status tensor(const struct loader *l, const char *name, size_t n_in, size_t n_out,
                           const float **data)
{
    const size_t i = kv_gguf_find(l->g, name);
    struct kv_tensor t;

    if (i == SIZE_MAX)
        return fail(l, COSIM_ESYNTAX, "tensor is missing", name);
    const struct kv_gguf_info *s = &l->g->tensor[i];
    if (s->dim[0] != n_in || s->n != n_in * (n_out ? n_out : 1))
        return fail(l, COSIM_ESYNTAX, "tensor has another shape than the metadata says", name);
    TRY(kv_gguf_tensor(l->g, i, &t, l->a, l->e));
    *data = t.data;
    return COSIM_OK;
}

static cosim_status matrix(const struct loader *l, struct lm *m, const char *name, size_t n_in,
                           size_t n_out)
{
    struct lm_matrix *x = &m->matrix[m->n_matrices];

    *x = (struct lm_matrix){ .name = arena_strdup(l->a, name), .n_in = n_in, .n_out = n_out };
    x->is_lookup = m->n_matrices == LM_EMBEDDING;
    x->w = ARENA_NEW(l->a, float, gemm_packed_elems(n_in, n_out));
    if (!x->name || !x->w)
        return err_set(l->e, COSIM_ENOMEM, "matrix '%s'", name);
    TRY(tensor(l, name, n_in, n_out, &x->stored));
    return lm_set_format(m, m->n_matrices++, NULL, l->e);
}

static cosim_status read_layer(const struct loader *l, struct lm *m, size_t i)
{
    static const char *const role[LM_N_ROLES] = { "attn_q",   "attn_k", "attn_v",  "attn_output",
                                                  "ffn_gate", "ffn_up", "ffn_down" };
    const struct lm_config *c = &m->c;
    const size_t q = c->n_heads * c->head_dim, kv = c->n_kv_heads * c->head_dim;
    const size_t in[LM_N_ROLES] = { c->d_model, c->d_model, c->d_model, q,
                                    c->d_model, c->d_model, c->d_ff };
    const size_t out[LM_N_ROLES] = { q, kv, kv, c->d_model, c->d_ff, c->d_ff, c->d_model };
    char name[64];

    for (size_t r = 0; r < LM_N_ROLES; r++) {
        (void)snprintf(name, sizeof name, "blk.%zu.%s.weight", i, role[r]);
        m->layer[i].matrix[r] = m->n_matrices;
        TRY(matrix(l, m, name, in[r], out[r]));
    }
    (void)snprintf(name, sizeof name, "blk.%zu.attn_norm.weight", i);
    TRY(tensor(l, name, c->d_model, 0, &m->layer[i].attn_norm));
    (void)snprintf(name, sizeof name, "blk.%zu.ffn_norm.weight", i);
    return tensor(l, name, c->d_model, 0, &m->layer[i].ffn_norm);
}

static cosim_status read_model(const struct loader *l, struct lm *m)
{
    TRY(read_config(l, &m->c));
    if (l->g->n_tensors < m->c.n_layers) /* bounds the memory asked for */
        return fail(l, COSIM_ESYNTAX, "more layers than tensors", "llama.block_count");
    m->layer = ARENA_NEW(l->a, struct lm_layer, m->c.n_layers);
    m->matrix = ARENA_NEW(l->a, struct lm_matrix, 2 + LM_N_ROLES * m->c.n_layers);
    if (!m->layer || !m->matrix)
        return err_set(l->e, COSIM_ENOMEM, "model of %zu layers", m->c.n_layers);
    TRY(matrix(l, m, "token_embd.weight", m->c.d_model, m->c.n_vocab));
    const bool tied = kv_gguf_find(l->g, "output.weight") == SIZE_MAX;
    TRY(matrix(l, m, tied ? "token_embd.weight" : "output.weight", m->c.d_model, m->c.n_vocab));
    for (size_t i = 0; i < m->c.n_layers; i++)
        TRY(read_layer(l, m, i));
    return tensor(l, "output_norm.weight", m->c.d_model, 0, &m->output_norm);
}

cosim_status lm_load(struct lm *m, const char *path, struct arena *a, cosim_error *e)
{
    struct file_bytes f = { 0 };
    struct kv_gguf g;
    const struct loader l = { &g, a, e };
    const char *own = arena_strdup(a, path);

    *m = (struct lm){ 0 };
    if (!own)
        return err_set(e, COSIM_ENOMEM, "file name");
    TRY(file_read(&f, path, KV_FILE_BYTES_MAX, e));
    cosim_status st = kv_gguf_parse(&g, own, f.data, f.n, a, e);
    if (st == COSIM_OK)
        st = read_model(&l, m);
    file_release(&f);
    return st;
}

cosim_status lm_set_format(struct lm *m, size_t i, const struct fq_format *f, cosim_error *e)
{
    struct lm_matrix *x = &m->matrix[i];
    struct arena a = { 0 };
    const size_t n = x->n_in * x->n_out;
    const float *w = x->stored;

    if (f) {
        if (x->n_in % f->block)
            return err_set(e, COSIM_ERANGE, "rows of %zu of '%s' do not divide into %s blocks",
                           x->n_in, x->name, f->name);
        float *rounded = ARENA_NEW(&a, float, n);
        if (!rounded)
            return err_set(e, COSIM_ENOMEM, "matrix '%s'", x->name);
        fq_round(f, x->stored, rounded, n);
        w = rounded;
    }
    if (x->is_lookup)
        memcpy(x->w, w, n * sizeof *w);
    else
        gemm_pack(w, x->n_in, x->n_out, x->w);
    arena_release(&a);
    return COSIM_OK;
}
