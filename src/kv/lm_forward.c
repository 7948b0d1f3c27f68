/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/gemm.h"
#include "kv/lm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct lm_scratch {
    size_t n_tokens;
    float *x, *norm, *q, *k, *v, *k_held, *v_held, *mix, *gate, *up;
    float *k_cols, *k_held_cols; /* [head_dim][n_tokens] of one head */
    float *score, *cosine, *sine;
    double *wide, *wide_rounded;
    void *block;
};

/* Hands out pieces of one allocation; the first pass only counts. */
static void *piece(unsigned char *base, size_t *at, size_t n, size_t size)
{
    void *p = base ? base + *at : NULL;

    *at += (n * size + 63) / 64 * 64;
    return p;
}

static size_t lay_out(struct lm_scratch *s, const struct lm_config *c, size_t n,
                      unsigned char *base)
{
    const size_t q = n * c->n_heads * c->head_dim, kv = n * c->n_kv_heads * c->head_dim;
    size_t at = 0;

    s->wide = piece(base, &at, kv, sizeof(double));
    s->wide_rounded = piece(base, &at, kv, sizeof(double));
    s->x = piece(base, &at, n * c->d_model, sizeof(float));
    s->norm = piece(base, &at, n * c->d_model, sizeof(float));
    s->q = piece(base, &at, q, sizeof(float));
    s->mix = piece(base, &at, q, sizeof(float));
    s->k = piece(base, &at, kv, sizeof(float));
    s->v = piece(base, &at, kv, sizeof(float));
    s->k_held = piece(base, &at, kv, sizeof(float));
    s->v_held = piece(base, &at, kv, sizeof(float));
    s->gate = piece(base, &at, n * c->d_ff, sizeof(float));
    s->up = piece(base, &at, n * c->d_ff, sizeof(float));
    s->k_cols = piece(base, &at, n * c->head_dim, sizeof(float));
    s->k_held_cols = piece(base, &at, n * c->head_dim, sizeof(float));
    s->score = piece(base, &at, n, sizeof(float));
    s->cosine = piece(base, &at, n * c->head_dim / 2, sizeof(float));
    s->sine = piece(base, &at, n * c->head_dim / 2, sizeof(float));
    return at;
}

static void rotary_table(struct lm_scratch *s, const struct lm_config *c)
{
    const size_t half = c->head_dim / 2;

    for (size_t t = 0; t < s->n_tokens; t++)
        for (size_t i = 0; i < half; i++) {
            const double angle =
                (double)t * pow(c->rope_base, -2.0 * (double)i / (double)c->head_dim);
            s->cosine[t * half + i] = (float)cos(angle);
            s->sine[t * half + i] = (float)sin(angle);
        }
}

cosim_status lm_scratch_new(struct lm_scratch **out, const struct lm *m, size_t n_tokens,
                            cosim_error *e)
{
    struct lm_scratch *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s)
        return err_set(e, COSIM_ENOMEM, "scratch");
    const size_t bytes = lay_out(s, &m->c, n_tokens, NULL);
    s->block = aligned_alloc(64, bytes);
    if (!s->block) {
        free(s);
        return err_set(e, COSIM_ENOMEM, "scratch of %zu bytes", bytes);
    }
    memset(s->block, 0, bytes);
    (void)lay_out(s, &m->c, n_tokens, s->block);
    s->n_tokens = n_tokens;
    rotary_table(s, &m->c);
    *out = s;
    return COSIM_OK;
}

void lm_scratch_free(struct lm_scratch *s)
{
    if (s)
        free(s->block);
    free(s);
}

static void rms_norm(const float *x, const float *gain, float *y, size_t n_tokens, size_t d,
                     float eps)
{
    for (size_t t = 0; t < n_tokens; t++, x += d, y += d) {
        double sum = 0;
        for (size_t i = 0; i < d; i++)
            sum += (double)x[i] * (double)x[i];
        const float inverse = 1 / sqrtf((float)(sum / (double)d) + eps);
        for (size_t i = 0; i < d; i++)
            y[i] = x[i] * inverse * gain[i];
    }
}

/* Pairs of neighbours turn together (llama's order in GGUF). */
static void rotate(const struct lm_scratch *s, float *x, size_t n_tokens, size_t n_heads,
                   size_t dim)
{
    for (size_t t = 0; t < n_tokens; t++)
        for (size_t h = 0; h < n_heads; h++, x += dim)
            for (size_t i = 0; i < dim / 2; i++) {
                const float c = s->cosine[t * dim / 2 + i], w = s->sine[t * dim / 2 + i];
                const float a = x[2 * i], b = x[2 * i + 1];
                x[2 * i] = a * c - b * w;
                x[2 * i + 1] = a * w + b * c;
            }
}

static void hold_scheme(struct lm_scratch *s, const struct lm_kv *kv, enum kv_side side,
                        unsigned bits, const float *x, float *held, size_t n_tokens,
                        const struct lm_config *c)
{
    const size_t n = n_tokens * c->n_kv_heads * c->head_dim;

    for (size_t i = 0; i < n; i++)
        s->wide[i] = (double)x[i];
    kv_quantise(kv->scheme, side, bits, s->wide, s->wide_rounded, n_tokens, c->n_kv_heads,
                c->head_dim);
    for (size_t i = 0; i < n; i++)
        held[i] = (float)s->wide_rounded[i];
}

static void hold_format(const struct lm_kv *kv, const struct fq_format *f, const float *x,
                        float *held, size_t n_vectors, size_t dim)
{
    memcpy(held, x, n_vectors * dim * sizeof *x);
    for (size_t v = 0; v < n_vectors; v++, held += dim) {
        if (kv->hadamard)
            fq_hadamard(held, dim);
        fq_round(f, held, held, dim);
        if (kv->hadamard)
            fq_hadamard(held, dim);
    }
}

/* Fills `held` with the cached values; returns x itself when they are held in full. */
static const float *hold(struct lm_scratch *s, const struct lm_kv *kv, enum kv_side side,
                         const float *x, float *held, size_t n_tokens, const struct lm_config *c)
{
    const unsigned bits = !kv ? 0 : side == KV_SIDE_K ? kv->k_bits : kv->v_bits;
    const struct fq_format *f = !kv ? NULL : side == KV_SIDE_K ? kv->k_format : kv->v_format;

    if (kv && kv->scheme && bits && bits < 16)
        hold_scheme(s, kv, side, bits, x, held, n_tokens, c);
    else if (f)
        hold_format(kv, f, x, held, n_tokens * c->n_kv_heads, c->head_dim);
    else
        return x;
    return held;
}

static void to_columns(const float *k, size_t n_tokens, size_t stride, size_t dim, float *cols)
{
    for (size_t d = 0; d < dim; d++)
        for (size_t t = 0; t < n_tokens; t++)
            cols[d * n_tokens + t] = k[t * stride + d];
}

static void softmax(float *x, size_t n)
{
    float max = x[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        max = x[i] > max ? x[i] : max;
    for (size_t i = 0; i < n; i++)
        sum += x[i] = expf(x[i] - max);
    const float inverse = 1 / sum;
    for (size_t i = 0; i < n; i++)
        x[i] *= inverse;
}

/* Tokens [0, old) are read as held, the newer ones in full (the residual window). */
static size_t held_tokens(const struct lm_kv *kv, enum kv_side side, size_t n)
{
    return kv && kv->scheme ? kv_quantised_tokens(kv->scheme, side, n) : n;
}

static void attend_head(const struct lm_config *c, struct lm_scratch *s, const struct lm_kv *kv,
                        const float *k_held, const float *v_held, size_t head, size_t n_tokens)
{
    const size_t dim = c->head_dim, q_width = c->n_heads * dim, kv_width = c->n_kv_heads * dim;
    const size_t at = head / (c->n_heads / c->n_kv_heads) * dim;
    const float scale = 1 / sqrtf((float)dim);

    if (head % (c->n_heads / c->n_kv_heads) == 0) {
        to_columns(s->k + at, n_tokens, kv_width, dim, s->k_cols);
        to_columns(k_held + at, n_tokens, kv_width, dim, s->k_held_cols);
    }
    for (size_t t = 0; t < n_tokens; t++) {
        const float *q = s->q + t * q_width + head * dim;
        float *o = s->mix + t * q_width + head * dim;
        const size_t n = t + 1, old_k = held_tokens(kv, KV_SIDE_K, n);
        const size_t old_v = held_tokens(kv, KV_SIDE_V, n);
        memset(s->score, 0, n * sizeof(float));
        gemm_axpys(q, dim, s->k_held_cols, n_tokens, s->score, old_k);
        gemm_axpys(q, dim, s->k_cols + old_k, n_tokens, s->score + old_k, n - old_k);
        for (size_t j = 0; j < n; j++)
            s->score[j] *= scale;
        softmax(s->score, n);
        memset(o, 0, dim * sizeof(float));
        gemm_axpys(s->score, old_v, v_held + at, kv_width, o, dim);
        gemm_axpys(s->score + old_v, n - old_v, s->v + old_v * kv_width + at, kv_width, o, dim);
    }
}

static void product(const struct lm *m, size_t matrix, const float *x, size_t n_tokens, float *y,
                    bool add)
{
    const struct lm_matrix *w = &m->matrix[matrix];

    gemm(x, n_tokens, w->n_in, w->w, w->n_out, y, add);
}

static void copy_out(float *dst, const float *src, size_t layer, size_t n)
{
    if (dst)
        memcpy(dst + layer * n, src, n * sizeof *src);
}

static void run_layer(const struct lm *m, struct lm_scratch *s, size_t l, size_t n,
                      const struct lm_kv *kv, const struct lm_capture *capture)
{
    const struct lm_config *c = &m->c;
    const struct lm_layer *y = &m->layer[l];
    const size_t q_width = c->n_heads * c->head_dim, kv_width = c->n_kv_heads * c->head_dim;

    rms_norm(s->x, y->attn_norm, s->norm, n, c->d_model, c->norm_eps);
    product(m, y->matrix[LM_Q], s->norm, n, s->q, false);
    product(m, y->matrix[LM_K], s->norm, n, s->k, false);
    product(m, y->matrix[LM_V], s->norm, n, s->v, false);
    rotate(s, s->q, n, c->n_heads, c->head_dim);
    rotate(s, s->k, n, c->n_kv_heads, c->head_dim);
    if (capture) {
        copy_out(capture->q, s->q, l, n * q_width);
        copy_out(capture->k, s->k, l, n * kv_width);
        copy_out(capture->v, s->v, l, n * kv_width);
    }
    const float *k_held = hold(s, kv, KV_SIDE_K, s->k, s->k_held, n, c);
    const float *v_held = hold(s, kv, KV_SIDE_V, s->v, s->v_held, n, c);
    for (size_t h = 0; h < c->n_heads; h++)
        attend_head(c, s, kv, k_held, v_held, h, n);
    product(m, y->matrix[LM_OUT], s->mix, n, s->x, true);

    rms_norm(s->x, y->ffn_norm, s->norm, n, c->d_model, c->norm_eps);
    product(m, y->matrix[LM_GATE], s->norm, n, s->gate, false);
    product(m, y->matrix[LM_UP], s->norm, n, s->up, false);
    for (size_t i = 0; i < n * c->d_ff; i++)
        s->gate[i] = s->gate[i] / (1 + expf(-s->gate[i])) * s->up[i];
    product(m, y->matrix[LM_DOWN], s->gate, n, s->x, true);
}

void lm_forward(const struct lm *m, struct lm_scratch *s, const uint8_t *token, size_t n_tokens,
                const struct lm_kv *kv, size_t first_layer, const float *hidden,
                const struct lm_capture *capture, float *logits)
{
    const size_t d = m->c.d_model;

    if (first_layer)
        memcpy(s->x, hidden, n_tokens * d * sizeof *hidden);
    else
        for (size_t t = 0; t < n_tokens; t++)
            memcpy(s->x + t * d, m->matrix[LM_EMBEDDING].w + token[t] * d, d * sizeof(float));
    for (size_t l = first_layer; l < m->c.n_layers; l++) {
        if (capture)
            copy_out(capture->hidden, s->x, l, n_tokens * d);
        run_layer(m, s, l, n_tokens, kv ? &kv[l] : NULL, capture);
    }
    rms_norm(s->x, m->output_norm, s->norm, n_tokens, d, m->c.norm_eps);
    product(m, LM_HEAD, s->norm, n_tokens, logits, false);
}
