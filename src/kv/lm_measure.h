/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Quality of a model under K/V and weight formats: loss, perplexity, KL divergence from the
 * unquantised run and agreement of the likeliest byte, over windows of a text. Windows run in
 * parallel, their sums are added in order: the same bits on any number of threads.
 */
#ifndef KV_LM_MEASURE_H
#define KV_LM_MEASURE_H

#include "kv/lm.h"
#include "kv/sensitivity.h"

/* Windows of a text, `stride` bytes apart; the first `skip` predictions of each are not scored. */
struct lm_text {
    const uint8_t *byte;
    size_t n_windows, window, skip, stride;
};

#define LM_WINDOW 256
#define LM_SKIP 32

/**
 * Windows [first, first + n_windows) of 256 bytes of a text of n bytes; ERANGE when it is too
 * short or n_windows is 0.
 */
cosim_status lm_text_init(struct lm_text *t, const void *text, size_t n, size_t first,
                          size_t n_windows, cosim_error *e);

/**
 * n_windows windows spread evenly over the first `span` windows of a text of n bytes (0 = all);
 * ERANGE when they do not fit.
 */
cosim_status lm_text_span(struct lm_text *t, const void *text, size_t n, size_t span,
                          size_t n_windows, cosim_error *e);

/* The unquantised run: log-probabilities and the input of each layer. Caller frees. */
struct lm_reference {
    float *log_p;  /* [window][token][vocab] */
    float *hidden; /* [window][layer][token][d_model] */
};

cosim_status lm_reference_new(struct lm_reference *r, const struct lm *m, const struct lm_text *t,
                              cosim_error *e);
void lm_reference_free(struct lm_reference *r);

struct lm_quality {
    double loss_nats, ppl, kl_nats, top1_ratio;
    double n_scored;
};

/**
 * Measures the model as its weights are now with K/V held as kv[n_layers] says (NULL: in full).
 * first_layer: layers below it are known to be unchanged and are not run again.
 * window_loss: NULL or n_windows sums of loss, for paired comparisons.
 */
cosim_status lm_measure(const struct lm *m, const struct lm_text *t, const struct lm_reference *ref,
                        const struct lm_kv *kv, size_t first_layer, struct lm_quality *q,
                        double *window_loss, cosim_error *e);

/**
 * Attention errors of every layer and pair from the model's own Q, K, V on the text:
 * sum[layer * KV_N_PAIRS + pair], zeroed first.
 */
cosim_status lm_sensitivity(const struct lm *m, const struct lm_text *t, const struct kv_scheme *s,
                            struct kv_error_sum *sum, cosim_error *e);

/** Bytes of K and V per cached token: binary16 where held in full; n_tokens for the window. */
double lm_kv_bytes_per_token(const struct lm *m, const struct lm_kv *kv, double n_tokens);

#endif
