/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front of `kv search` on a device: what each assignment makes of a model's decode step. */
#ifndef API_KV_DEVICE_H
#define API_KV_DEVICE_H

#include "api/context.h"
#include "kv/kv.h"

/* --device, --model-id, --w; all NULL = none of it. */
struct kv_device_options {
    const char *device, *model, *w;
};

struct kv_device {
    const struct model *model;
    const struct scheme *w;
    struct rates rates;
};

/**
 * Looks everything up and fills what the search was not told: heads, head size, bandwidth and
 * energy of a byte. EUSAGE when one of device and model is missing.
 */
cosim_status kv_device_open(struct kv_device *d, cosim *c, const struct kv_device_options *o,
                            struct kv_search_options *search, struct arena *a, cosim_error *e);

/**
 * Replaces the search's table by one with memory_bytes, tpot_s, decode_j and feasible of one
 * sequence at the search's context. Pairs that no format of formats.csv stands for (8 bits in KIVI)
 * stay unknown. ERANGE when model and sensitivities differ in layers.
 */
cosim_status kv_device_columns(const struct kv_device *d, cosim *c,
                               const struct kv_search_options *search, struct table **t,
                               cosim_error *e);

#endif
