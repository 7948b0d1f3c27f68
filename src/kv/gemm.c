/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/gemm.h"

#include <string.h>

#define ROWS 4

typedef float vec __attribute__((vector_size(32), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

size_t gemm_packed_elems(size_t n_in, size_t n_out)
{
    return (n_out + GEMM_PANEL - 1) / GEMM_PANEL * GEMM_PANEL * n_in;
}

void gemm_pack(const float *w, size_t n_in, size_t n_out, float *packed)
{
    for (size_t p = 0; p < n_out; p += GEMM_PANEL)
        for (size_t i = 0; i < n_in; i++)
            for (size_t o = 0; o < GEMM_PANEL; o++)
                *packed++ = p + o < n_out ? w[(p + o) * n_in + i] : 0;
}

/* `rows` is a constant at each call: the accumulators then live in registers. */
INLINE void tile(const float *a, size_t n_in, const float *panel, float *c, size_t n_out,
                 size_t width, bool add, const size_t rows)
{
    vec acc[ROWS][2];

    for (size_t r = 0; r < rows; r++)
        acc[r][0] = acc[r][1] = (vec){ 0 };
    for (size_t k = 0; k < n_in; k++) {
        const vec b0 = *(const vec *)(panel + GEMM_PANEL * k);
        const vec b1 = *(const vec *)(panel + GEMM_PANEL * k + 8);
        for (size_t r = 0; r < rows; r++) {
            const float s = a[r * n_in + k];
            acc[r][0] += s * b0;
            acc[r][1] += s * b1;
        }
    }
    for (size_t r = 0; r < rows; r++) {
        const vec sums[2] = { acc[r][0], acc[r][1] }; /* a copy: acc itself stays in registers */
        float out[GEMM_PANEL];
        memcpy(out, sums, sizeof out);
        for (size_t o = 0; o < width; o++)
            c[r * n_out + o] = add ? c[r * n_out + o] + out[o] : out[o];
    }
}

INLINE void gemm_body(const float *a, size_t m, size_t n_in, const float *packed, size_t n_out,
                      float *c, bool add)
{
    for (size_t p = 0; p < n_out; p += GEMM_PANEL, packed += GEMM_PANEL * n_in) {
        const size_t width = n_out - p < GEMM_PANEL ? n_out - p : GEMM_PANEL;
        size_t i = 0;
        for (; i + ROWS <= m; i += ROWS)
            tile(a + i * n_in, n_in, packed, c + i * n_out + p, n_out, width, add, ROWS);
        for (; i < m; i++)
            tile(a + i * n_in, n_in, packed, c + i * n_out + p, n_out, width, add, 1);
    }
}

INLINE void axpys_body(const float *s, size_t n_rows, const float *x, size_t stride, float *y,
                       size_t n)
{
    size_t j = 0;

    for (; j + 4 <= n_rows; j += 4) {
        const float *x0 = x + j * stride, *x1 = x0 + stride, *x2 = x1 + stride, *x3 = x2 + stride;
        const float s0 = s[j], s1 = s[j + 1], s2 = s[j + 2], s3 = s[j + 3];
        for (size_t i = 0; i < n; i++)
            y[i] = y[i] + s0 * x0[i] + s1 * x1[i] + s2 * x2[i] + s3 * x3[i];
    }
    for (; j < n_rows; j++)
        for (size_t i = 0; i < n; i++)
            y[i] += s[j] * x[j * stride + i];
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void gemm_avx2(const float *a, size_t m, size_t n_in,
                                                      const float *packed, size_t n_out, float *c,
                                                      bool add)
{
    gemm_body(a, m, n_in, packed, n_out, c, add);
}

__attribute__((target("avx2"))) static void
axpys_avx2(const float *s, size_t n_rows, const float *x, size_t stride, float *y, size_t n)
{
    axpys_body(s, n_rows, x, stride, y, n);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define gemm_avx2 gemm_body
#define axpys_avx2 axpys_body

static bool has_avx2(void)
{
    return false;
}
#endif

void gemm(const float *a, size_t m, size_t n_in, const float *packed, size_t n_out, float *c,
          bool add)
{
    if (has_avx2())
        gemm_avx2(a, m, n_in, packed, n_out, c, add);
    else
        gemm_body(a, m, n_in, packed, n_out, c, add);
}

void gemm_axpys(const float *s, size_t n_rows, const float *x, size_t stride, float *y, size_t n)
{
    if (has_avx2())
        axpys_avx2(s, n_rows, x, stride, y, n);
    else
        axpys_body(s, n_rows, x, stride, y, n);
}
