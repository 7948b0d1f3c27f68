/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IEEE binary16 and bfloat16, bit patterns to and from float; rounding is half to even. */
#ifndef KV_HALF_H
#define KV_HALF_H

#include <stdint.h>

float f16_to_f32(uint16_t h);

/** Overflow gives infinity, NaN stays NaN, subnormals are kept. */
uint16_t f32_to_f16(float f);

float bf16_to_f32(uint16_t h);
uint16_t f32_to_bf16(float f);

/** The nearest binary16 value. */
static inline float f16_round(float f)
{
    return f16_to_f32(f32_to_f16(f));
}

#endif
