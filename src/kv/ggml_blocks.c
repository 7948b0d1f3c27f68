/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/ggml_blocks.h"

#include "kv/bytes.h"
#include "kv/half.h"

const int8_t ggml_iq4_nl_level[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113 };

static float half_at(const uint8_t *p)
{
    return f16_to_f32((uint16_t)bytes_le(p, 2));
}

void ggml_decode_q4_0(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 18, dst += 32) {
        const float d = half_at(src);
        for (int j = 0; j < 16; j++) {
            dst[j] = (float)((src[2 + j] & 15) - 8) * d;
            dst[j + 16] = (float)((src[2 + j] >> 4) - 8) * d;
        }
    }
}

void ggml_decode_q4_1(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 20, dst += 32) {
        const float d = half_at(src), m = half_at(src + 2);
        for (int j = 0; j < 16; j++) {
            dst[j] = (float)(src[4 + j] & 15) * d + m;
            dst[j + 16] = (float)(src[4 + j] >> 4) * d + m;
        }
    }
}

/* The fifth bits of a q5 block are one 32-bit word, element j at bit j. */
static int five_bits(unsigned nibble, uint32_t high, int j)
{
    return (int)(nibble | (high >> j & 1u) << 4);
}

void ggml_decode_q5_0(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 22, dst += 32) {
        const float d = half_at(src);
        const uint32_t high = (uint32_t)bytes_le(src + 2, 4);
        for (int j = 0; j < 16; j++) {
            dst[j] = (float)(five_bits(src[6 + j] & 15u, high, j) - 16) * d;
            dst[j + 16] = (float)(five_bits(src[6 + j] >> 4, high, j + 16) - 16) * d;
        }
    }
}

void ggml_decode_q5_1(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 24, dst += 32) {
        const float d = half_at(src), m = half_at(src + 2);
        const uint32_t high = (uint32_t)bytes_le(src + 4, 4);
        for (int j = 0; j < 16; j++) {
            dst[j] = (float)five_bits(src[8 + j] & 15u, high, j) * d + m;
            dst[j + 16] = (float)five_bits(src[8 + j] >> 4, high, j + 16) * d + m;
        }
    }
}

void ggml_decode_q8_0(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 34, dst += 32) {
        const float d = half_at(src);
        for (int j = 0; j < 32; j++)
            dst[j] = (float)(int8_t)src[2 + j] * d;
    }
}

void ggml_decode_iq4_nl(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 18, dst += 32) {
        const float d = half_at(src);
        for (int j = 0; j < 16; j++) {
            dst[j] = (float)ggml_iq4_nl_level[src[2 + j] & 15] * d;
            dst[j + 16] = (float)ggml_iq4_nl_level[src[2 + j] >> 4] * d;
        }
    }
}

void ggml_decode_q2_k(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 84, dst += 256) {
        const uint8_t *scale = src, *q = src + 16;
        const float d = half_at(src + 80), dmin = half_at(src + 82);
        for (int i = 0; i < 256; i++) {
            const int sub = i / 16, half = i / 128, shift = 2 * (i % 128 / 32);
            const float step = d * (float)(scale[sub] & 15), low = dmin * (float)(scale[sub] >> 4);
            dst[i] = step * (float)(q[32 * half + i % 32] >> shift & 3) - low;
        }
    }
}

void ggml_decode_q3_k(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 110, dst += 256) {
        const uint8_t *high = src, *q = src + 32, *s = src + 96;
        const float d = half_at(src + 108);
        for (int i = 0; i < 256; i++) {
            const int sub = i / 16, half = i / 128, part = i % 128 / 32;
            const int low4 = sub < 8 ? s[sub] & 15 : s[sub - 8] >> 4;
            const int scale = (low4 | (s[8 + sub % 4] >> 2 * (sub / 4) & 3) << 4) - 32;
            const int two = q[32 * half + i % 32] >> 2 * part & 3;
            const int set = high[i % 32] >> (4 * half + part) & 1;
            dst[i] = d * (float)scale * (float)(set ? two : two - 4);
        }
    }
}

/* Eight 6-bit scales and eight 6-bit minima packed into 12 bytes. */
static void scale_and_min(const uint8_t *s, int sub, int *scale, int *min)
{
    if (sub < 4) {
        *scale = s[sub] & 63;
        *min = s[sub + 4] & 63;
    } else {
        *scale = (s[sub + 4] & 15) | s[sub - 4] >> 6 << 4;
        *min = s[sub + 4] >> 4 | s[sub] >> 6 << 4;
    }
}

void ggml_decode_q4_k(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 144, dst += 256) {
        const float d = half_at(src), dmin = half_at(src + 2);
        for (int i = 0; i < 256; i++) {
            int scale, min;
            scale_and_min(src + 4, i / 32, &scale, &min);
            const int q = src[16 + 32 * (i / 64) + i % 32] >> (i / 32 % 2 ? 4 : 0) & 15;
            dst[i] = d * (float)scale * (float)q - dmin * (float)min;
        }
    }
}

void ggml_decode_q5_k(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 176, dst += 256) {
        const float d = half_at(src), dmin = half_at(src + 2);
        for (int i = 0; i < 256; i++) {
            int scale, min;
            scale_and_min(src + 4, i / 32, &scale, &min);
            const int low = src[48 + 32 * (i / 64) + i % 32] >> (i / 32 % 2 ? 4 : 0) & 15;
            const int q = low | (src[16 + i % 32] >> i / 32 & 1) << 4;
            dst[i] = d * (float)scale * (float)q - dmin * (float)min;
        }
    }
}

void ggml_decode_q6_k(const uint8_t *src, size_t n_blocks, float *dst)
{
    for (; n_blocks--; src += 210, dst += 256) {
        const float d = half_at(src + 208);
        for (int i = 0; i < 256; i++) {
            const int half = i / 128, part = i % 128 / 32, l = i % 32;
            const int low = src[64 * half + 32 * (part % 2) + l] >> (part / 2 ? 4 : 0) & 15;
            const int top = src[128 + 32 * half + l] >> 2 * part & 3;
            const int scale = (int8_t)src[192 + i / 16];
            dst[i] = d * (float)scale * (float)((low | top << 4) - 32);
        }
    }
}
