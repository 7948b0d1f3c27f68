/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Element types of tensor files as rows: GGUF id, safetensors and NumPy names, block, decoder. */
#ifndef KV_DTYPE_H
#define KV_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#define KV_NO_GGUF 255u

struct kv_dtype {
    const char *name;        /* ggml's name, lower case */
    unsigned gguf;           /* id in GGUF files, or KV_NO_GGUF */
    const char *safetensors; /* "F16", or NULL */
    const char *npy;         /* "<f2", or NULL */
    size_t block, bytes;     /* elements and bytes of a block */
    /* n_blocks blocks to floats; NULL: the size is known, the values are not decoded */
    void (*decode)(const uint8_t *src, size_t n_blocks, float *dst);
};

/** Each returns NULL when there is no such type. */
const struct kv_dtype *kv_dtype_gguf(uint32_t id);
const struct kv_dtype *kv_dtype_safetensors(const char *name);
const struct kv_dtype *kv_dtype_npy(const char *descr, size_t n);

#endif
