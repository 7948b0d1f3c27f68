/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GGUF files (versions 2 and 3, little-endian): metadata and tensors. Layout: ggml docs/gguf.md.
 * The parsed header points into the arena, tensor data into the caller's bytes.
 */
#ifndef KV_GGUF_H
#define KV_GGUF_H

#include "kv/tensor.h"

struct kv_gguf_value {
    const char *key;
    uint32_t type; /* GGUF value type; 9 = array */
    uint64_t u64;  /* unsigned, bool, and arrays: their length */
    int64_t i64;
    double f64;      /* any number */
    const char *str; /* type 8 */
    size_t offset;   /* byte of the value */
};

struct kv_gguf_info {
    const char *name;
    size_t n_dims, dim[4], n; /* as stored: dim[0] is contiguous */
    uint32_t type;
    const struct kv_dtype *dtype; /* NULL: unknown to us */
    const uint8_t *data;          /* checked against the file's end when dtype is known */
};

struct kv_gguf {
    const char *path;
    uint32_t version;
    size_t n_values, n_tensors;
    const struct kv_gguf_value *value;
    const struct kv_gguf_info *tensor;
};

cosim_status kv_gguf_parse(struct kv_gguf *g, const char *path, const void *data, size_t n,
                           struct arena *a, cosim_error *e);

/** Decodes tensor i to floats; EUNSUPPORTED when its type has no decoder. */
cosim_status kv_gguf_tensor(const struct kv_gguf *g, size_t i, struct kv_tensor *t, struct arena *a,
                            cosim_error *e);

/** Index of a tensor or SIZE_MAX. */
size_t kv_gguf_find(const struct kv_gguf *g, const char *name);

/** The value of a key or NULL. */
const struct kv_gguf_value *kv_gguf_value(const struct kv_gguf *g, const char *key);

#endif
