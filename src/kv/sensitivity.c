/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/sensitivity.h"

#include "core/num.h"

#include <gsl/gsl_cblas.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 1e-8

/* Everything that one layer needs: K and V in each width, attention and output of one head. */
struct work {
    const struct kv_layer_tensors *t;
    double *k[KV_N_BITS], *v[KV_N_BITS]; /* index 0: not quantised, not owned */
    double *a, *a_ref, *o, *o_ref;       /* n_q x n_tokens and n_q x dim */
    double *block;
};

static cosim_status work_init(struct work *w, const struct kv_layer_tensors *t,
                              const struct kv_scheme *s, cosim_error *e)
{
    const size_t n_kv = t->n_tokens * t->n_kv_heads * t->dim, n_a = t->n_q * t->n_tokens;
    const size_t n_o = t->n_q * t->dim;

    *w = (struct work){ .t = t };
    w->block = calloc(2 * (KV_N_BITS - 1) * n_kv + 2 * n_a + 2 * n_o, sizeof(double));
    if (!w->block)
        return err_set(e, COSIM_ENOMEM, "attention of %zu by %zu tokens", t->n_q, t->n_tokens);
    double *p = w->block;
    for (size_t b = 1; b < KV_N_BITS; b++, p += 2 * n_kv) {
        w->k[b] = p;
        w->v[b] = p + n_kv;
        memcpy(w->k[b], t->k, n_kv * sizeof(double));
        memcpy(w->v[b], t->v, n_kv * sizeof(double));
        kv_quantise(s, KV_SIDE_K, kv_bits_of[b], t->k, w->k[b],
                    kv_quantised_tokens(s, KV_SIDE_K, t->n_tokens), t->n_kv_heads, t->dim);
        kv_quantise(s, KV_SIDE_V, kv_bits_of[b], t->v, w->v[b],
                    kv_quantised_tokens(s, KV_SIDE_V, t->n_tokens), t->n_kv_heads, t->dim);
    }
    w->a = p;
    w->a_ref = p + n_a;
    w->o = p + 2 * n_a;
    w->o_ref = w->o + n_o;
    return COSIM_OK;
}

static const double *keys(const struct work *w, size_t b)
{
    return b ? w->k[b] : w->t->k;
}

static const double *values(const struct work *w, size_t b)
{
    return b ? w->v[b] : w->t->v;
}

/* Tokens that query i sees. */
static size_t visible(const struct kv_layer_tensors *t, size_t i)
{
    return t->causal ? t->n_tokens - t->n_q + i + 1 : t->n_tokens;
}

static void softmax_row(double *row, size_t n, size_t n_all)
{
    double max = row[0], sum = 0;

    for (size_t j = 1; j < n; j++)
        max = max_f64(max, row[j]);
    for (size_t j = 0; j < n; j++)
        sum += row[j] = exp(row[j] - max);
    for (size_t j = 0; j < n; j++)
        row[j] /= sum;
    memset(row + n, 0, (n_all - n) * sizeof *row);
}

/* a = softmax(q K' / sqrt D) of one query head with K in width b. */
static void attention(const struct work *w, size_t head, size_t b, double *a)
{
    const struct kv_layer_tensors *t = w->t;
    const size_t kv_head = head / (t->n_heads / t->n_kv_heads);

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)t->n_q, (int)t->n_tokens, (int)t->dim,
                1 / sqrt((double)t->dim), t->q + head * t->dim, (int)(t->n_heads * t->dim),
                keys(w, b) + kv_head * t->dim, (int)(t->n_kv_heads * t->dim), 0, a,
                (int)t->n_tokens);
    for (size_t i = 0; i < t->n_q; i++)
        softmax_row(a + i * t->n_tokens, visible(t, i), t->n_tokens);
}

static void output(const struct work *w, size_t head, size_t b, const double *a, double *o)
{
    const struct kv_layer_tensors *t = w->t;
    const size_t kv_head = head / (t->n_heads / t->n_kv_heads);

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)t->n_q, (int)t->dim,
                (int)t->n_tokens, 1, a, (int)t->n_tokens, values(w, b) + kv_head * t->dim,
                (int)(t->n_kv_heads * t->dim), 0, o, (int)t->dim);
}

static double relative_sum(const double *x, const double *y, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += fabs(x[i] - y[i]) / max_f64(fabs(x[i]), GUARD);
    return sum;
}

static double absolute_sum(const double *x, const double *y, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += fabs(x[i] - y[i]);
    return sum;
}

static void add_output(struct kv_error_sum *s, const double *o, const double *ref, size_t n)
{
    s->o += relative_sum(ref, o, n);
    s->n_o += (double)n;
    for (size_t i = 0; i < n; i++) {
        s->o_sq += (ref[i] - o[i]) * (ref[i] - o[i]);
        s->o_ref_sq += ref[i] * ref[i];
    }
}

static void add_head(const struct work *w, size_t head, struct kv_error_sum sum[KV_N_PAIRS])
{
    const struct kv_layer_tensors *t = w->t;
    double n_visible = 0;

    for (size_t i = 0; i < t->n_q; i++)
        n_visible += (double)visible(t, i);
    attention(w, head, 0, w->a_ref);
    output(w, head, 0, w->a_ref, w->o_ref);
    for (size_t bk = 0; bk < KV_N_BITS; bk++) {
        const double *a = bk ? w->a : w->a_ref;
        double e_a = 0;
        if (bk) {
            attention(w, head, bk, w->a);
            e_a = absolute_sum(w->a_ref, w->a, t->n_q * t->n_tokens);
        }
        for (size_t bv = 0; bv < KV_N_BITS; bv++) {
            struct kv_error_sum *s = &sum[KV_N_BITS * bk + bv];
            output(w, head, bv, a, w->o);
            add_output(s, w->o, w->o_ref, t->n_q * t->dim);
            s->a += e_a;
            s->n_a += n_visible;
        }
    }
}

static void add_kv(const struct work *w, struct kv_error_sum sum[KV_N_PAIRS])
{
    const size_t n = w->t->n_tokens * w->t->n_kv_heads * w->t->dim;

    for (size_t b = 0; b < KV_N_BITS; b++) {
        const double e_k = relative_sum(w->t->k, keys(w, b), n);
        const double e_v = relative_sum(w->t->v, values(w, b), n);
        for (size_t i = 0; i < KV_N_BITS; i++) {
            sum[KV_N_BITS * b + i].k += e_k;
            sum[KV_N_BITS * b + i].n_k += (double)n;
            sum[KV_N_BITS * i + b].v += e_v;
            sum[KV_N_BITS * i + b].n_v += (double)n;
        }
    }
}

cosim_status kv_sensitivity_add(const struct kv_layer_tensors *t, const struct kv_scheme *s,
                                struct kv_error_sum sum[KV_N_PAIRS], cosim_error *e)
{
    const size_t limit = 1u << 20;
    struct work w;

    if (!t->n_q || t->n_q > t->n_tokens || !t->dim || !t->n_kv_heads || !t->n_heads
        || t->n_heads % t->n_kv_heads || t->n_tokens > limit || t->dim > limit
        || t->n_heads > limit / t->dim)
        return err_set(e, COSIM_ERANGE,
                       "attention of %zu queries, %zu tokens, %zu heads on %zu key heads of %zu "
                       "does not fit together",
                       t->n_q, t->n_tokens, t->n_heads, t->n_kv_heads, t->dim);
    TRY(work_init(&w, t, s, e));
    add_kv(&w, sum);
    for (size_t h = 0; h < t->n_heads; h++)
        add_head(&w, h, sum);
    free(w.block);
    return COSIM_OK;
}

static double per(double sum, double n)
{
    return n > 0 ? sum / n : UNKNOWN_F64;
}

struct kv_errors kv_errors_of(const struct kv_error_sum *s)
{
    return (struct kv_errors){
        .e_k = per(s->k, s->n_k),
        .e_v = per(s->v, s->n_v),
        .e_a = per(s->a, s->n_a),
        .e_o = per(s->o, s->n_o),
        .o_rel = sqrt(per(s->o_sq, s->o_ref_sq)),
    };
}
