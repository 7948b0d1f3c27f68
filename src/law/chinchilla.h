/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compute-optimal size and data under L = E + A/N^alpha + B/D^beta (law "chinchilla"). */
#ifndef LAW_CHINCHILLA_H
#define LAW_CHINCHILLA_H

enum { CHIN_E, CHIN_A, CHIN_B, CHIN_ALPHA, CHIN_BETA, CHIN_PARAMS };

struct chinchilla_optimum {
    double n_params, n_tokens;
};

/**
 * N* = G (C/6)^(beta/(alpha+beta)), D* = (C/6)^(alpha/(alpha+beta)) / G,
 * G = (alpha A / (beta B))^(1/(alpha+beta)), for C = 6 N D.
 *
 * units    train_flops > 0: all floating-point operations of the training run
 * source   J. Hoffmann et al., "Training Compute-Optimal Large Language Models", 2022, Eq. 4
 */
struct chinchilla_optimum chinchilla_optimum(const double *p, double train_flops);

#endif
