/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much a layer's attention suffers from quantised keys and values, from real tensors
 * (KVTuner, arXiv 2502.04420, section 4; docs/kvtuner.md):
 *
 *   e_k = mean |K - K^| / |K|   e_v likewise   e_a = mean |a - a^|   e_o = mean |o - o^| / |o|
 *   a = softmax(q K' / sqrt D), o = a V;  a^ uses K^ only, o^ = a^ V^;  |.| >= 1e-8 (ours)
 *
 * Linear algebra in double through GSL's CBLAS.
 */
#ifndef KV_SENSITIVITY_H
#define KV_SENSITIVITY_H

#include "kv/pair.h"
#include "kv/quantise.h"

#include <stdbool.h>
#include <stddef.h>

/* One layer of one prompt. Row-major [token][head][dim]; n_heads is a multiple of n_kv_heads. */
struct kv_layer_tensors {
    size_t n_q, n_tokens, n_heads, n_kv_heads, dim;
    bool causal; /* query i stands at token n_tokens - n_q + i and sees no later one */
    const double *q, *k, *v;
};

/* Sums over elements; divided only when read, so that prompts and layers add up exactly. */
struct kv_error_sum {
    double k, v, a, o;         /* the sums behind e_k, e_v, e_a, e_o */
    double o_sq, o_ref_sq;     /* sum (o - o^)^2 and sum o^2 (ours) */
    double n_k, n_v, n_a, n_o; /* how many elements were added */
};

/* Of one layer and pair, as in the CSV. */
struct kv_errors {
    double e_k, e_v, e_a, e_o;
    double o_rel; /* ours: ||o - o^|| / ||o||, not dominated by outputs near zero */
};

/**
 * Adds the errors of all 16 pairs to sum[KV_N_PAIRS]. The residual window of KIVI is honoured as
 * it stands at the end of the prompt. Errors: ENOMEM; ERANGE for shapes that do not fit.
 */
cosim_status kv_sensitivity_add(const struct kv_layer_tensors *t, const struct kv_scheme *s,
                                struct kv_error_sum sum[KV_N_PAIRS], cosim_error *e);

struct kv_errors kv_errors_of(const struct kv_error_sum *s);

#endif
