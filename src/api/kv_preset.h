/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cache scheme, as a joint search prints it, becomes KVTuner's pairs per layer. */
#ifndef API_KV_PRESET_H
#define API_KV_PRESET_H

#include "api/context.h"
#include "core/table.h"

struct kv_preset_options {
    const char *cache; /* "kv8:kv4", "kv4+*@0-3=kv8:kv4" */
    size_t n_layers;
    const char *preset_out; /* file to write, or NULL */
};

/** One row a layer; ERANGE for formats that are no 2, 4, 8 or 16 bits. */
cosim_status kv_preset_run(cosim *c, const struct kv_preset_options *o, struct table **t,
                           cosim_error *e);

#endif
