/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/fakequant.h"

#include "kv/ggml_blocks.h"
#include "kv/half.h"

#include <math.h>
#include <string.h>

static void round_f32(const float *x, float *y)
{
    *y = *x;
}

static void round_f16(const float *x, float *y)
{
    *y = f16_round(*x);
}

static void round_bf16(const float *x, float *y)
{
    *y = bf16_to_f32(f32_to_bf16(*x));
}

static int clamp_int(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* The element of greatest magnitude, with its sign. */
static float extreme(const float *x, int n)
{
    float best = 0;

    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(best))
            best = x[i];
    return best;
}

/* q4_0, q5_0: the extreme value takes the level -2^(bits-1); the other side has one level less. */
static void round_signed(const float *x, float *y, int bits)
{
    const int half = 1 << (bits - 1);
    const float d = extreme(x, 32) / (float)-half, inverse = d != 0 ? 1 / d : 0;
    const float stored = f16_round(d);

    for (int i = 0; i < 32; i++) {
        const int q = (int)(x[i] * inverse + ((float)half + .5f));
        y[i] = (float)(clamp_int(q, 0, 2 * half - 1) - half) * stored;
    }
}

static void round_affine(const float *x, float *y, int bits)
{
    const int top = (1 << bits) - 1;
    float min = x[0], max = x[0];

    for (int i = 1; i < 32; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    const float d = (max - min) / (float)top, inverse = d != 0 ? 1 / d : 0;
    const float stored = f16_round(d), low = f16_round(min);
    for (int i = 0; i < 32; i++)
        y[i] = (float)clamp_int((int)((x[i] - min) * inverse + .5f), 0, top) * stored + low;
}

static void round_q4_0(const float *x, float *y)
{
    round_signed(x, y, 4);
}

static void round_q5_0(const float *x, float *y)
{
    round_signed(x, y, 5);
}

static void round_q4_1(const float *x, float *y)
{
    round_affine(x, y, 4);
}

static void round_q5_1(const float *x, float *y)
{
    round_affine(x, y, 5);
}

static void round_q8_0(const float *x, float *y)
{
    const float d = fabsf(extreme(x, 32)) / 127, inverse = d != 0 ? 1 / d : 0;
    const float stored = f16_round(d);

    for (int i = 0; i < 32; i++)
        y[i] = roundf(x[i] * inverse) * stored;
}

static void round_iq4_nl(const float *x, float *y)
{
    const float top = extreme(x, 32);
    float best_error = HUGE_VALF, best_d = 0;

    for (int c = -7; c <= 7; c++) { /* the scale that puts the extreme near the outermost level */
        const float d = top / ((float)ggml_iq4_nl_level[0] + (float)c);
        float xq = 0, qq = 0, error = 0;
        for (int i = 0; i < 32 && d != 0; i++) {
            int l = 0;
            for (int k = 1; k < 16; k++)
                if (fabsf(x[i] / d - (float)ggml_iq4_nl_level[k])
                    < fabsf(x[i] / d - (float)ggml_iq4_nl_level[l]))
                    l = k;
            const float q = (float)ggml_iq4_nl_level[l];
            xq += x[i] * q;
            qq += q * q;
            error += x[i] * x[i];
        }
        error -= qq > 0 ? xq * xq / qq : 0;
        if (qq > 0 && error < best_error) {
            best_error = error;
            best_d = xq / qq;
        }
    }
    const float stored = f16_round(best_d);
    for (int i = 0; i < 32; i++) {
        int l = 0;
        for (int k = 1; k < 16; k++)
            if (fabsf(x[i] - stored * (float)ggml_iq4_nl_level[k])
                < fabsf(x[i] - stored * (float)ggml_iq4_nl_level[l]))
                l = k;
        y[i] = stored * (float)ggml_iq4_nl_level[l];
    }
}

/* Scale and offset of one sub-block: x ~ scale * q - min, q in 0..top, min >= 0. */
struct affine {
    float scale, min, error;
};

static void refine(const float *x, int n, int top, float inverse, float low, struct affine *best)
{
    float q[32], sx = 0, sq = 0, sqq = 0, sxq = 0, error = 0;

    for (int i = 0; i < n; i++) {
        q[i] = (float)clamp_int((int)lrintf((x[i] - low) * inverse), 0, top);
        sx += x[i];
        sq += q[i];
        sqq += q[i] * q[i];
        sxq += x[i] * q[i];
    }
    const float det = (float)n * sqq - sq * sq;
    if (!(det > 0))
        return;
    float scale = ((float)n * sxq - sx * sq) / det, offset = (sx - scale * sq) / (float)n;
    if (offset > 0) { /* the format can only lower */
        offset = 0;
        scale = sqq > 0 ? sxq / sqq : 0;
    }
    for (int i = 0; i < n; i++)
        error += (scale * q[i] + offset - x[i]) * (scale * q[i] + offset - x[i]);
    if (scale > 0 && error < best->error)
        *best = (struct affine){ scale, -offset, error };
}

static struct affine fit_affine(const float *x, int n, int top)
{
    float min = 0, max = x[0];

    for (int i = 0; i < n; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    if (!(max > min))
        return (struct affine){ 0, -min, 0 };
    struct affine best = { (max - min) / (float)top, -min, HUGE_VALF };
    for (int c = -10; c <= 10; c++)
        refine(x, n, top, ((float)top + .1f * (float)c) / (max - min), min, &best);
    return best;
}

/* q2_K, q4_K, q5_K: sub-blocks with quantised scale and minimum. */
static void round_k_affine(const float *x, float *y, int bits, int sub, int scale_top)
{
    struct affine fit[16];
    const int n = 256 / sub, top = (1 << bits) - 1;
    float scale_max = 0, min_max = 0;

    for (int s = 0; s < n; s++) {
        fit[s] = fit_affine(x + s * sub, sub, top);
        scale_max = fit[s].scale > scale_max ? fit[s].scale : scale_max;
        min_max = fit[s].min > min_max ? fit[s].min : min_max;
    }
    const float d = f16_round(scale_max / (float)scale_top),
                m = f16_round(min_max / (float)scale_top);
    for (int s = 0; s < n; s++) {
        const float step =
            d > 0 ? d * (float)clamp_int((int)lrintf(fit[s].scale / d), 0, scale_top) : 0;
        const float low =
            m > 0 ? m * (float)clamp_int((int)lrintf(fit[s].min / m), 0, scale_top) : 0;
        for (int i = s * sub; i < (s + 1) * sub; i++) {
            const int q = step > 0 ? (int)lrintf((x[i] + low) / step) : 0;
            y[i] = step * (float)clamp_int(q, 0, top) - low;
        }
    }
}

/* Best scale of a sub-block with levels -half .. half - 1, by least squares over candidates. */
static float fit_signed(const float *x, int n, int half)
{
    const float top = extreme(x, n);
    float best = 0, gain = 0;

    for (int c = -9; c <= 9 && top != 0; c++) {
        const float inverse = -((float)half + .1f * (float)c) / top;
        float xq = 0, qq = 0;
        for (int i = 0; i < n; i++) {
            const float q = (float)clamp_int((int)lrintf(x[i] * inverse), -half, half - 1);
            xq += x[i] * q;
            qq += q * q;
        }
        if (qq > 0 && xq * xq > gain * qq) {
            gain = xq * xq / qq;
            best = xq / qq;
        }
    }
    return best;
}

/* q3_K, q6_K: sub-blocks of 16 with a signed quantised scale. */
static void round_k_signed(const float *x, float *y, int bits, int scale_half)
{
    const int half = 1 << (bits - 1);
    float fit[16];

    for (int s = 0; s < 16; s++)
        fit[s] = fit_signed(x + 16 * s, 16, half);
    const float d = f16_round(extreme(fit, 16) / (float)-scale_half);
    for (int s = 0; s < 16; s++) {
        const int scale =
            d != 0 ? clamp_int((int)lrintf(fit[s] / d), -scale_half, scale_half - 1) : 0;
        const float step = d * (float)scale;
        for (int i = 16 * s; i < 16 * (s + 1); i++) {
            const int q = step != 0 ? (int)lrintf(x[i] / step) : 0;
            y[i] = step * (float)clamp_int(q, -half, half - 1);
        }
    }
}

static void round_q2_k(const float *x, float *y)
{
    round_k_affine(x, y, 2, 16, 15);
}

static void round_q3_k(const float *x, float *y)
{
    round_k_signed(x, y, 3, 32);
}

static void round_q4_k(const float *x, float *y)
{
    round_k_affine(x, y, 4, 32, 63);
}

static void round_q5_k(const float *x, float *y)
{
    round_k_affine(x, y, 5, 32, 63);
}

static void round_q6_k(const float *x, float *y)
{
    round_k_signed(x, y, 6, 128);
}

const struct fq_format fq_formats[FQ_N_FORMATS] = {
    { "f32", 1, 32, round_f32 },         { "f16", 1, 16, round_f16 },
    { "bf16", 1, 16, round_bf16 },       { "q8_0", 32, 8.5, round_q8_0 },
    { "q6_k", 256, 6.5625, round_q6_k }, { "q5_1", 32, 6, round_q5_1 },
    { "q5_0", 32, 5.5, round_q5_0 },     { "q5_k", 256, 5.5, round_q5_k },
    { "q4_1", 32, 5, round_q4_1 },       { "q4_0", 32, 4.5, round_q4_0 },
    { "iq4_nl", 32, 4.5, round_iq4_nl }, { "q4_k", 256, 4.5, round_q4_k },
    { "q3_k", 256, 3.4375, round_q3_k }, { "q2_k", 256, 2.625, round_q2_k },
};

const struct fq_format *fq_find(const char *name)
{
    for (size_t i = 0; i < FQ_N_FORMATS; i++)
        if (!strcmp(fq_formats[i].name, name))
            return &fq_formats[i];
    return NULL;
}

void fq_round(const struct fq_format *f, const float *x, float *y, size_t n)
{
    float block[256];

    for (size_t i = 0; i + f->block <= n; i += f->block) {
        f->round_block(x + i, block);
        memcpy(y + i, block, f->block * sizeof *y);
    }
}

void fq_hadamard(float *x, size_t n)
{
    for (size_t h = 1; h < n; h *= 2)
        for (size_t i = 0; i < n; i += 2 * h)
            for (size_t j = i; j < i + h; j++) {
                const float a = x[j], b = x[j + h];
                x[j] = a + b;
                x[j + h] = a - b;
            }
    const float norm = 1 / sqrtf((float)n);
    for (size_t i = 0; i < n; i++)
        x[i] *= norm;
}
