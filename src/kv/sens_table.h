/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sensitivities of all layers and pairs, as a CSV: layer,pair,e_k,e_v,e_a,e_o[,o_rel][,kl_nats]. */
#ifndef KV_SENS_TABLE_H
#define KV_SENS_TABLE_H

#include "core/arena.h"
#include "core/err.h"
#include "kv/prune.h"
#include "kv/sensitivity.h"

#include <stdio.h>

struct kv_sens {
    size_t n_layers;
    struct kv_errors *error; /* [layer][KV_N_PAIRS], NaN where unknown */
    double *kl_nats;         /* [layer][KV_N_PAIRS]: predicted or measured KL, NaN where unknown */
};

/** All unknown except K16V16, which is 0. */
cosim_status kv_sens_new(struct kv_sens *s, size_t n_layers, struct arena *a, cosim_error *e);

/** Reads the CSV. Layers count from 0 without gaps; a layer and pair twice is an error. */
cosim_status kv_sens_load(struct kv_sens *s, const char *path, struct arena *a, cosim_error *e);

/** Writes the known rows with %.17g; EIO when the stream fails. */
cosim_status kv_sens_write(FILE *f, const struct kv_sens *s, cosim_error *e);

/** The pairs whose `value` (e_o or kl_nats, [layer][KV_N_PAIRS]) is known in every layer. */
kv_pair_set kv_sens_known(const double *value, size_t n_layers);

/** Copies e_o to value[layer * KV_N_PAIRS + pair]. */
void kv_sens_e_o(const struct kv_sens *s, double *value);

/**
 * Predicts the KL of each layer and pair from output errors and one measured KL per layer and
 * side (ours; small errors act squared, K and V add):
 *
 *   kl(l, k, v) = w_K,l o_rel(l, k, 16)^2 + w_V,l o_rel(l, 16, v)^2
 *   w_K,l = kl_k[l] / o_rel(l, probe, 16)^2, w_V,l likewise
 *
 * kl_k[l], kl_v[l]: measured with only layer l's K (V) at probe_bits. Fills s->kl_nats.
 */
void kv_sens_predict(struct kv_sens *s, unsigned probe_bits, const double *kl_k,
                     const double *kl_v);

#endif
