/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Float matrix products with a fixed order of summation. Each element of C is one running sum
 * over k, so vector width, blocking and threads cannot change its bits.
 */
#ifndef KV_GEMM_H
#define KV_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#define GEMM_PANEL 16

/** Floats that a packed matrix of n_in inputs and n_out outputs takes. */
size_t gemm_packed_elems(size_t n_in, size_t n_out);

/** Packs w[out][in] into panels of 16 outputs: [panel][in][16], zero beyond n_out. */
void gemm_pack(const float *w, size_t n_in, size_t n_out, float *packed);

/** C[m][n_out] = A[m][n_in] W' (+ C when `add`); W packed. */
void gemm(const float *a, size_t m, size_t n_in, const float *packed, size_t n_out, float *c,
          bool add);

/** y[i] += sum over j of s[j] * x[j][i] in the order of j, i < n; rows of x are `stride` apart. */
void gemm_axpys(const float *s, size_t n_rows, const float *x, size_t stride, float *y, size_t n);

#endif
