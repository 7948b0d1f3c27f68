/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses of single matrices as the sensitivity table that `cosim allocate` reads. */
#ifndef KV_KV_LOSSES_H
#define KV_KV_LOSSES_H

#include "kv/lm.h"

/**
 * Writes tensor, layer, format, loss_nats for the matrices of the layers (the embedding and the
 * head are not in it): loss[i * stride + f] is matrix i in format f. EIO.
 */
cosim_status kv_losses_write(const char *path, const struct lm *m, const double *loss,
                             size_t stride, const char *const *format, size_t n_formats,
                             cosim_error *e);

#endif
