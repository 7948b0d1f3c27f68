/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVTuner preset files: a YAML map from layer to { nbits_key, nbits_value }, in block or flow
 * style, as FlexibleQuantizedCacheConfig's per_layer_config_path reads it.
 */
#ifndef KV_PRESET_H
#define KV_PRESET_H

#include "core/arena.h"
#include "core/err.h"

#include <stdio.h>

struct kv_preset_file {
    size_t n_layers;
    const size_t *pair; /* pair id of each layer */
};

/**
 * Parses a preset; every layer from 0 on exactly once, any order. Errors with line and column:
 * ESYNTAX, ERANGE for widths other than 2, 4, 8, 16, EUNSUPPORTED for files with bits per head.
 */
cosim_status kv_preset_parse(struct kv_preset_file *p, const char *path, const char *text, size_t n,
                             struct arena *a, cosim_error *e);

cosim_status kv_preset_load(struct kv_preset_file *p, const char *path, struct arena *a,
                            cosim_error *e);

/** Writes block style; EIO when the stream fails. */
cosim_status kv_preset_write(FILE *f, const size_t *pair, size_t n_layers, cosim_error *e);

#endif
