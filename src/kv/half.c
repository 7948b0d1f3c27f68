/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/half.h"

#include <string.h>

static uint32_t bits_of(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u;
}

static float float_of(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

float f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u;
    const uint32_t mantissa = h & 0x3ffu;

    if (exponent == 31)
        return float_of(sign | 0x7f800000u | mantissa << 13);
    if (exponent)
        return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
    const float tiny = (float)mantissa * 0x1p-24f; /* subnormal: exact in float */
    return sign ? -tiny : tiny;
}

uint16_t f32_to_f16(float f)
{
    const uint32_t u = bits_of(f), sign = u >> 16 & 0x8000u, a = u & 0x7fffffffu;

    if (a > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (a >= 0x47800000u)
        return (uint16_t)(sign | 0x7c00u); /* 65536 and more */
    if (a < 0x38800000u) {                 /* below 2^-14: the sum rounds to a multiple of 2^-24 */
        const float sum = float_of(a) + 0.5f;
        return (uint16_t)(sign | (bits_of(sum) - 0x3f000000u));
    }
    const uint32_t odd = a >> 13 & 1u, rounded = a + 0xfffu + odd;
    return (uint16_t)(sign | ((rounded - 0x38000000u) >> 13));
}

float bf16_to_f32(uint16_t h)
{
    return float_of((uint32_t)h << 16);
}

uint16_t f32_to_bf16(float f)
{
    const uint32_t u = bits_of(f);

    if ((u & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(u >> 16 | 64u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}
