/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Round to a ggml format and back, without the bytes: what a weight or a cached K/V vector becomes
 * once it was stored. The grids are those of ggml's blocks (ggml_blocks.h); 32-element blocks round
 * exactly as llama.cpp's reference quantiser does, the "K" blocks have the same grid but our own
 * choice of scales (least squares over a few candidates), so single values may differ.
 */
#ifndef KV_FAKEQUANT_H
#define KV_FAKEQUANT_H

#include <stddef.h>

struct fq_format {
    const char *name;
    size_t block;
    double bits; /* stored bits per element, metadata included */
    void (*round_block)(const float *x, float *y);
};

#define FQ_N_FORMATS 14
extern const struct fq_format fq_formats[FQ_N_FORMATS];

/** By name or NULL. */
const struct fq_format *fq_find(const char *name);

/** y = x rounded; n is a multiple of f->block; x == y is allowed. */
void fq_round(const struct fq_format *f, const float *x, float *y, size_t n);

/** In place, n a power of two: the orthonormal Walsh-Hadamard transform (its own inverse). */
void fq_hadamard(float *x, size_t n);

#endif
