/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Parts of the precision law (law "precision"): effective size, loss added by quantising after
 * training, and the data size beyond which more training hurts the quantised model.
 *
 * source   T. Kumar et al., "Scaling Laws for Precision", arXiv 2411.04330. Its fit also carries
 *          offsets n_w, n_a, n_kv, b whose use the text leaves open: they are not used here. Its
 *          authors warn that the constants do not transfer to other set-ups.
 */
#ifndef LAW_PRECISION_LAW_H
#define LAW_PRECISION_LAW_H

enum {
    PRECLAW_A,
    PRECLAW_ALPHA,
    PRECLAW_B,
    PRECLAW_BETA,
    PRECLAW_E,
    PRECLAW_GAMMA_W,
    PRECLAW_GAMMA_A,
    PRECLAW_GAMMA_KV,
    PRECLAW_C_T,
    PRECLAW_GAMMA_D,
    PRECLAW_GAMMA_N,
    PRECLAW_GAMMA_POST,
    PRECLAW_PARAMS
};

/* Inputs of the law; bits may be infinite = not quantised. post_bits: weights after training. */
enum { PRECLAW_IN_N, PRECLAW_IN_D, PRECLAW_IN_W, PRECLAW_IN_ACT, PRECLAW_IN_KV, PRECLAW_IN_POST };

/** N_eff / N = (1 - e^(-w/gamma_w)) (1 - e^(-a/gamma_a)) (1 - e^(-kv/gamma_kv)), in (0, 1]. */
double precision_n_eff_ratio(const double *p, double w_bits, double a_bits, double kv_bits);

/** delta_PTQ = C_T D^gamma_D / N^gamma_N e^(-post_bits/gamma_post), in nats per token. */
double precision_ptq_loss(const double *p, double n_params, double n_tokens, double post_bits);

/** Tokens at which the loss after quantising to post_bits is least. */
double precision_critical_tokens(const double *p, double n_params, double post_bits);

#endif
