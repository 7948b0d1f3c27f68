/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sensitivities of a small model from its own Q, K and V and a few measured losses. */
#ifndef KV_CALIBRATE_H
#define KV_CALIBRATE_H

#include "kv/lm_measure.h"
#include "kv/sens_table.h"

#define KV_PROBE_BITS 2u /* the width whose KL stands clear of rounding noise */

/**
 * Attention errors on the text; with `probe` also the KL with one layer's K, then V, at
 * KV_PROBE_BITS (2 forward passes per layer), from which all KLs are predicted (kv_sens_predict).
 */
cosim_status kv_calibrate(const struct lm *m, const struct lm_text *t, const struct kv_scheme *s,
                          bool probe, struct kv_sens *out, struct arena *a, cosim_error *e);

/**
 * KL with only one layer's K and V held at a pair's widths. kv: n_layers entries of scratch,
 * zero on entry and exit.
 */
cosim_status kv_measure_single(const struct lm *m, const struct lm_text *t,
                               const struct lm_reference *ref, const struct kv_scheme *s,
                               size_t layer, struct kv_pair pair, struct lm_kv *kv, double *kl_nats,
                               cosim_error *e);

#endif
