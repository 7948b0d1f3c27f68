/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Float tensors out of files: NumPy .npy (one array), safetensors and GGUF (many). Everything is
 * bounded by the file's own size; errors name the byte. Data is row-major, the last dimension
 * contiguous (GGUF's dimensions are reversed to match).
 */
#ifndef KV_TENSOR_H
#define KV_TENSOR_H

#include "core/arena.h"
#include "core/err.h"
#include "kv/bytes.h"
#include "kv/dtype.h"

#include <stdbool.h>
#include <stddef.h>

#define KV_DIMS_MAX 6
#define KV_FILE_BYTES_MAX ((size_t)4 << 30)

struct kv_tensor {
    const char *name;                   /* "" for .npy */
    size_t n_dims, dim[KV_DIMS_MAX], n; /* n = product, >= 1 */
    const float *data;
};

struct kv_tensors {
    const char *path;
    const struct kv_tensor *tensor;
    size_t n, n_skipped; /* skipped: integer and 8-bit tensors, which hold no keys or values */
};

/**
 * One .npy array, versions 1 to 3: <f2, <f4, <f8, C or Fortran order (given back in C order).
 * Errors: ESYNTAX at a byte, EUNSUPPORTED for other element types.
 */
cosim_status kv_npy_parse(struct kv_tensor *t, const char *path, const void *data, size_t n,
                          struct arena *a, cosim_error *e);

/** All F16, BF16, F32 and F64 tensors of a safetensors file, in the file's order of names. */
cosim_status kv_safetensors_parse(struct kv_tensors *s, const char *path, const void *data,
                                  size_t n, struct arena *a, cosim_error *e);

/** Reads a file of any of the three kinds, told apart by its first bytes. */
cosim_status kv_tensors_load(struct kv_tensors *s, const char *path, struct arena *a,
                             cosim_error *e);

/** The tensor of that name or NULL. */
const struct kv_tensor *kv_tensors_find(const struct kv_tensors *s, const char *name);

/** Decodes n_elems elements of type d at p (checked by the caller) into the arena. */
cosim_status kv_tensor_decode(struct kv_tensor *t, const struct kv_dtype *d, const uint8_t *p,
                              struct arena *a, cosim_error *e);

/** Elements of a shape, ERANGE text for the caller when it overflows or a dimension is 0. */
bool kv_shape_elems(const size_t *dim, size_t n_dims, size_t *n);

#endif
