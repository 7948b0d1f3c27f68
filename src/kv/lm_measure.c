/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/lm_measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct window_sum {
    double loss, kl, top1;
};

cosim_status lm_text_init(struct lm_text *t, const void *text, size_t n, size_t first,
                          size_t n_windows, cosim_error *e)
{
    const size_t have = n / LM_WINDOW;

    if (!n_windows || n_windows > have || first > have - n_windows)
        return err_set(e, COSIM_ERANGE, "windows %zu to %zu of %d bytes: the text has %zu", first,
                       first + n_windows, LM_WINDOW, have);
    *t = (struct lm_text){ (const uint8_t *)text + first * LM_WINDOW, n_windows, LM_WINDOW, LM_SKIP,
                           LM_WINDOW };
    return COSIM_OK;
}

cosim_status lm_text_span(struct lm_text *t, const void *text, size_t n, size_t span,
                          size_t n_windows, cosim_error *e)
{
    const size_t bytes = span && span < n / LM_WINDOW ? span * LM_WINDOW : n;

    TRY(lm_text_init(t, text, bytes, 0, n_windows, e));
    t->stride = bytes / LM_WINDOW / n_windows * LM_WINDOW;
    return COSIM_OK;
}

static void log_softmax(float *x, size_t n)
{
    double max = (double)x[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        max = (double)x[i] > max ? (double)x[i] : max;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    const double norm = max + log(sum);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] - norm);
}

static size_t argmax(const float *x, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

static void score_window(const struct lm_text *t, size_t vocab, const uint8_t *token,
                         const float *ref, float *logit, struct window_sum *s)
{
    for (size_t i = t->skip; i + 1 < t->window; i++) {
        const float *p = ref + i * vocab;
        float *x = logit + i * vocab;
        log_softmax(x, vocab);
        s->loss -= (double)x[token[i + 1]];
        for (size_t v = 0; v < vocab; v++)
            s->kl += exp((double)p[v]) * ((double)p[v] - (double)x[v]);
        s->top1 += argmax(x, vocab) == argmax(p, vocab) ? 1 : 0;
    }
}

/* One window on one thread. */
struct job {
    const struct lm *m;
    const struct lm_text *t;
    const struct lm_kv *kv;
    size_t first_layer;
    const struct lm_reference *ref;
    struct lm_reference *fill; /* the reference run itself */
    struct window_sum *sum;    /* n_windows */
};

static void run_window(const struct job *j, struct lm_scratch *s, float *logit, size_t w)
{
    const struct lm_config *c = &j->m->c;
    const uint8_t *token = j->t->byte + w * j->t->stride;
    const size_t n_logits = j->t->window * c->n_vocab, layer = j->t->window * c->d_model;

    if (j->fill) {
        const struct lm_capture capture = { .hidden = j->fill->hidden + w * c->n_layers * layer };
        float *out = j->fill->log_p + w * n_logits;
        lm_forward(j->m, s, token, j->t->window, NULL, 0, NULL, &capture, out);
        for (size_t i = 0; i < j->t->window; i++)
            log_softmax(out + i * c->n_vocab, c->n_vocab);
        return;
    }
    const float *hidden = j->ref->hidden + (w * c->n_layers + j->first_layer) * layer;
    lm_forward(j->m, s, token, j->t->window, j->kv, j->first_layer, hidden, NULL, logit);
    score_window(j->t, c->n_vocab, token, j->ref->log_p + w * n_logits, logit, &j->sum[w]);
}

static cosim_status run_windows(const struct job *j, cosim_error *e)
{
    bool failed = false;

#pragma omp parallel
    {
        struct lm_scratch *s = NULL;
        float *logit = malloc(j->t->window * j->m->c.n_vocab * sizeof *logit);
        if (!logit || lm_scratch_new(&s, j->m, j->t->window, NULL) != COSIM_OK) {
#pragma omp atomic write
            failed = true;
        }
#pragma omp barrier
        bool stop;
#pragma omp atomic read
        stop = failed;
#pragma omp for schedule(dynamic)
        for (size_t w = 0; w < j->t->n_windows; w++)
            if (!stop)
                run_window(j, s, logit, w);
        lm_scratch_free(s);
        free(logit);
    }
    return failed ? err_set(e, COSIM_ENOMEM, "memory of a forward pass") : COSIM_OK;
}

cosim_status lm_reference_new(struct lm_reference *r, const struct lm *m, const struct lm_text *t,
                              cosim_error *e)
{
    const size_t tokens = t->n_windows * t->window;

    r->log_p = malloc(tokens * m->c.n_vocab * sizeof(float));
    r->hidden = malloc(tokens * m->c.n_layers * m->c.d_model * sizeof(float));
    cosim_status st = r->log_p && r->hidden
                          ? COSIM_OK
                          : err_set(e, COSIM_ENOMEM, "reference of %zu tokens", tokens);
    if (st == COSIM_OK)
        st = run_windows(&(struct job){ .m = m, .t = t, .fill = r }, e);
    if (st != COSIM_OK)
        lm_reference_free(r);
    return st;
}

void lm_reference_free(struct lm_reference *r)
{
    free(r->log_p);
    free(r->hidden);
    *r = (struct lm_reference){ 0 };
}

cosim_status lm_measure(const struct lm *m, const struct lm_text *t, const struct lm_reference *ref,
                        const struct lm_kv *kv, size_t first_layer, struct lm_quality *q,
                        double *window_loss, cosim_error *e)
{
    struct window_sum *sum = calloc(t->n_windows, sizeof *sum), all = { 0 };
    const double n = (double)(t->n_windows * (t->window - t->skip - 1));

    if (!sum)
        return err_set(e, COSIM_ENOMEM, "%zu windows", t->n_windows);
    const struct job job = {
        .m = m, .t = t, .kv = kv, .first_layer = first_layer, .ref = ref, .sum = sum
    };
    const cosim_status st = run_windows(&job, e);
    for (size_t w = 0; st == COSIM_OK && w < t->n_windows; w++) {
        all.loss += sum[w].loss;
        all.kl += sum[w].kl;
        all.top1 += sum[w].top1;
        if (window_loss)
            window_loss[w] = sum[w].loss;
    }
    *q = (struct lm_quality){ all.loss / n, exp(all.loss / n), all.kl / n, all.top1 / n, n };
    free(sum);
    return st;
}

static void widen(const float *x, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (double)x[i];
}

/* The tensors of one window in all layers, in float and in double. */
struct qkv {
    struct lm_scratch *scratch;
    float *logit, *narrow; /* narrow: q, k, v of all layers */
    double *wide;          /* q, k, v of one layer */
};

static cosim_status sensitivity_window(const struct lm *m, const struct lm_text *t, size_t w,
                                       const struct kv_scheme *s, const struct qkv *b,
                                       struct kv_error_sum *sum, cosim_error *e)
{
    const struct lm_config *c = &m->c;
    const size_t n_q = t->window * c->n_heads * c->head_dim;
    const size_t n_kv = t->window * c->n_kv_heads * c->head_dim;
    const struct lm_capture capture = { .q = b->narrow,
                                        .k = b->narrow + c->n_layers * n_q,
                                        .v = b->narrow + c->n_layers * (n_q + n_kv) };
    const struct kv_layer_tensors tensors = { t->window,     t->window,     c->n_heads,
                                              c->n_kv_heads, c->head_dim,   true,
                                              b->wide,       b->wide + n_q, b->wide + n_q + n_kv };

    lm_forward(m, b->scratch, t->byte + w * t->stride, t->window, NULL, 0, NULL, &capture,
               b->logit);
    for (size_t l = 0; l < c->n_layers; l++) {
        widen(capture.q + l * n_q, b->wide, n_q);
        widen(capture.k + l * n_kv, b->wide + n_q, n_kv);
        widen(capture.v + l * n_kv, b->wide + n_q + n_kv, n_kv);
        TRY(kv_sensitivity_add(&tensors, s, sum + l * KV_N_PAIRS, e));
    }
    return COSIM_OK;
}

static void add_sum(struct kv_error_sum *a, const struct kv_error_sum *b)
{
    a->k += b->k;
    a->v += b->v;
    a->a += b->a;
    a->o += b->o;
    a->o_sq += b->o_sq;
    a->o_ref_sq += b->o_ref_sq;
    a->n_k += b->n_k;
    a->n_v += b->n_v;
    a->n_a += b->n_a;
    a->n_o += b->n_o;
}

cosim_status lm_sensitivity(const struct lm *m, const struct lm_text *t, const struct kv_scheme *s,
                            struct kv_error_sum *sum, cosim_error *e)
{
    const struct lm_config *c = &m->c;
    const size_t n_sums = c->n_layers * KV_N_PAIRS;
    const size_t n_qkv = t->window * (c->n_heads + 2 * c->n_kv_heads) * c->head_dim;
    struct kv_error_sum *part = calloc(t->n_windows * n_sums, sizeof *part);
    cosim_status worst = part ? COSIM_OK : COSIM_ENOMEM;

#pragma omp parallel for schedule(dynamic)
    for (size_t w = 0; w < t->n_windows; w++) {
        struct qkv b = { NULL, malloc(t->window * c->n_vocab * sizeof(float)),
                         malloc(c->n_layers * n_qkv * sizeof(float)),
                         malloc(n_qkv * sizeof(double)) };
        cosim_status st = COSIM_ENOMEM;
        if (part && b.logit && b.narrow && b.wide)
            st = lm_scratch_new(&b.scratch, m, t->window, NULL);
        if (st == COSIM_OK)
            st = sensitivity_window(m, t, w, s, &b, part + w * n_sums, NULL);
        lm_scratch_free(b.scratch);
        free(b.logit);
        free(b.narrow);
        free(b.wide);
        if (st != COSIM_OK) {
#pragma omp atomic write
            worst = st;
        }
    }
    memset(sum, 0, n_sums * sizeof *sum);
    for (size_t i = 0; worst == COSIM_OK && i < t->n_windows * n_sums; i++)
        add_sum(&sum[i % n_sums], &part[i]);
    free(part);
    return worst == COSIM_OK ? COSIM_OK : err_set(e, worst, "sensitivity of a window failed");
}

static double side_bits(const struct lm_kv *kv, unsigned bits, const struct fq_format *f,
                        size_t dim, double n_tokens)
{
    if (kv->scheme && bits)
        return kv_bits_eff(kv->scheme, bits, dim, n_tokens);
    return f ? f->bits : 16;
}

double lm_kv_bytes_per_token(const struct lm *m, const struct lm_kv *kv, double n_tokens)
{
    const double width = (double)(m->c.n_kv_heads * m->c.head_dim);
    double bits = 0;

    for (size_t l = 0; l < m->c.n_layers; l++)
        bits += kv ? side_bits(&kv[l], kv[l].k_bits, kv[l].k_format, m->c.head_dim, n_tokens)
                         + side_bits(&kv[l], kv[l].v_bits, kv[l].v_format, m->c.head_dim, n_tokens)
                   : 32;
    return width * bits / 8;
}
