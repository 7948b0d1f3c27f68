/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * The architecture-aware loss law (law "codesign") and the closed-form optima that follow from it
 * under latency and memory budgets.
 *
 * source   "Hardware Co-Design Scaling Laws via Roofline Modelling for On-Device LLMs",
 *          arXiv 2602.10377v1: Eqs 2/14, 15 (coefficients, Table 6), 10-13, 70-74,
 * Theorems 5.1-5.3. Fitted there on 170 models of 10^10 training tokens, 4..32 layers, width
 * 768..3072.
 *
 * Costs of one layer in the paper's counting: xi_F d^2 flops per token forward, xi_dec d^2 weights
 * read per decoded token, xi_all d^2 weights stored. Attention's quadratic part, embeddings and
 * the head are not counted. Budgets: flops per token of the prompt, bytes per decoded token.
 */
#ifndef LAW_CODESIGN_H
#define LAW_CODESIGN_H

#include "core/err.h"

#include <stdbool.h>

enum {
    CODESIGN_KAPPA_L,
    CODESIGN_ALPHA_L,
    CODESIGN_KAPPA_RHO,
    CODESIGN_ALPHA_RHO,
    CODESIGN_ALPHA_R,
    CODESIGN_BETA_1,
    CODESIGN_KAPPA_D,
    CODESIGN_BETA_2,
    CODESIGN_KAPPA_M,
    CODESIGN_ALPHA_M,
    CODESIGN_L_INF,
    CODESIGN_PARAMS
};

/* Inputs of the law, in its order. */
enum {
    CODESIGN_IN_LAYERS,
    CODESIGN_IN_WIDTH,
    CODESIGN_IN_FFN_RATIO,
    CODESIGN_IN_ACTIVE_RATIO,
    CODESIGN_IN_KV_WIDTH,
    CODESIGN_INPUTS
};

/* The five terms of (8.3); their sum is the loss in nats per token. */
struct codesign_terms {
    double depth, experts, width, kv, floor;
};
struct codesign_terms codesign_terms(const double *p, const double *x);

/* ffn_ratio r: FFN width of the active experts together / width; gqa: query heads per KV head. */
double codesign_xi_forward(double gqa, double ffn_ratio);                  /* 4 + 4/gqa + 6r */
double codesign_xi_decode(double gqa, double ffn_ratio);                   /* half of it */
double codesign_xi_all(double gqa, double ffn_ratio, double active_ratio); /* 2 + 2/gqa + 3r/rho */

/* A decoding set-up: bytes of a stored weight and of a stored K or V element, mean KV length. */
struct codesign_decode {
    double width, w_bytes, kv_bytes, mean_kv_tokens;
};

/** Gamma: bytes that one layer reads to decode one token. */
double codesign_decode_bytes(const struct codesign_decode *c, double gqa, double ffn_ratio);

/** KV bytes against weight bytes: delta = 2 S kv_bytes / (gqa d w_bytes). */
double codesign_kv_share(const struct codesign_decode *c, double gqa);

/* Depth that uses up a budget: not rounded. */
double codesign_layers_prefill(double flops_per_token, double width, double gqa, double ffn_ratio);
double codesign_layers_decode(double bytes_per_token, const struct codesign_decode *c, double gqa,
                              double ffn_ratio);

/** (8.5) best share of active experts when only memory binds; Eq 162. May exceed 1: clamp. */
double codesign_active_memory(const double *p, double width);

/** (8.6) prefill latency and memory bind; eta = flops per token / memory bytes. ENO: no optimum. */
cosim_status codesign_active_prefill(double *rho, double eta, double w_bytes, double gqa,
                                     double ffn_ratio, cosim_error *e);

/**
 * Decode latency and memory bind; eta = bytes per token / memory bytes, delta as above.
 * (8.11): xi_all = (alpha_a + 3r + delta)/eta, rho = 3r/(xi_all - alpha_a), which solves the
 * paper's Eq 106. `paper_eq11`: the paper's Eq 11 instead, whose algebra slips between Eqs 106 and
 * 109 and which misses the constraint (compat=codesign_v1).
 */
cosim_status codesign_active_decode(double *rho, double *xi_all, double eta, double delta,
                                    double gqa, double ffn_ratio, bool paper_eq11, cosim_error *e);

/*
 * Best FFN ratio and best GQA along a saturated budget: (8.7) Eq 12, (8.8) Eq 13, (8.9) Eq 73,
 * (8.10) Eq 74. They are implicit (the cost holds the unknown): damped fixed point to 1e-12. ENO
 * when it does not settle in 500 steps. Results are not clamped to what can be built.
 */
cosim_status codesign_ffn_prefill(double *ffn_ratio, const double *p, double flops_per_token,
                                  double width, double gqa, double active_ratio, cosim_error *e);
cosim_status codesign_gqa_prefill(double *gqa, const double *p, double flops_per_token,
                                  double width, double ffn_ratio, cosim_error *e);
cosim_status codesign_ffn_decode(double *ffn_ratio, const double *p, double bytes_per_token,
                                 const struct codesign_decode *c, double gqa, double active_ratio,
                                 cosim_error *e);
cosim_status codesign_gqa_decode(double *gqa, const double *p, double bytes_per_token,
                                 const struct codesign_decode *c, double ffn_ratio, cosim_error *e);

#endif
