/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVTuner's quantisers (arXiv 2502.04420, Eq 2; docs/kvtuner.md): asymmetric min/max per group,
 * round half to even, quantise and dequantise at once ("fake quantisation").
 *
 *   paper       z = min X, s = (max X - min X) / (2^B - 1), X^ = round((X - z) / s) s + z
 *   repository  signed levels, s = max(max X - min X, 1e-5) / (2^B - 1), rounded zero point
 *
 * Modes: per token (groups along the head dimension for K and V) and KIVI (K per channel over
 * groups of tokens, V per token, the newest tokens kept in full).
 */
#ifndef KV_QUANTISE_H
#define KV_QUANTISE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

enum kv_rule { KV_RULE_PAPER, KV_RULE_REPOSITORY };
enum kv_side { KV_SIDE_K, KV_SIDE_V };

struct kv_scheme {
    const char *name;   /* "pertoken", "kivi" */
    bool k_per_channel; /* KIVI */
    size_t group;       /* elements of a group; 0 = the whole head vector */
    size_t residual_tokens;
    enum kv_rule rule;
};

/* The two of the paper: per token without residual, and KIVI with group 32, residual 32. */
extern const struct kv_scheme kv_schemes[2];

/** By name, or NULL. */
const struct kv_scheme *kv_scheme_find(const char *name);

/** One group of n elements, `stride` apart. bits >= 16 copies. Non-finite elements are kept. */
void kv_quantise_group(enum kv_rule rule, unsigned bits, const double *x, double *y, size_t n,
                       size_t stride);

/**
 * Quantises y[tokens][heads][dim] from x, every token (no residual); groups at the end may be
 * shorter. For K of KIVI a group is `group` consecutive tokens of one channel.
 */
void kv_quantise(const struct kv_scheme *s, enum kv_side side, unsigned bits, const double *x,
                 double *y, size_t n_tokens, size_t n_heads, size_t dim);

/**
 * How many of the oldest tokens are held quantised while n_tokens are cached: those outside the
 * residual window; per channel only whole groups, because a group is quantised once, when its last
 * token leaves the window.
 */
size_t kv_quantised_tokens(const struct kv_scheme *s, enum kv_side side, size_t n_tokens);

/**
 * Stored bits of an element on average while n_tokens are cached (equation 2.2): B + 32 / group on
 * the quantised part (binary16 scale and zero), 16 in the residual window. n_tokens >= 1.
 */
double kv_bits_eff(const struct kv_scheme *s, unsigned bits, size_t dim, double n_tokens);

#endif
