/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/dtype.h"

#include "core/num.h"
#include "kv/bytes.h"
#include "kv/ggml_blocks.h"
#include "kv/half.h"

#include <string.h>

static void decode_f16(const uint8_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = f16_to_f32((uint16_t)bytes_le(src + 2 * i, 2));
}

static void decode_bf16(const uint8_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = bf16_to_f32((uint16_t)bytes_le(src + 2 * i, 2));
}

static void decode_f32(const uint8_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t u = (uint32_t)bytes_le(src + 4 * i, 4);
        memcpy(dst + i, &u, 4);
    }
}

static void decode_f64(const uint8_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t u = bytes_le(src + 8 * i, 8);
        double v;
        memcpy(&v, &u, 8);
        /* out of float's range: infinity by definition, not by an undefined conversion */
        dst[i] = v > 3.5e38 || v < -3.5e38 ? (float)(v > 0 ? INF_F64 : -INF_F64) : (float)v;
    }
}

/* sizes of the types without decoder: ggml's own structs */
static const struct kv_dtype dtypes[] = {
    { "f32", 0, "F32", "<f4", 1, 4, decode_f32 },
    { "f16", 1, "F16", "<f2", 1, 2, decode_f16 },
    { "bf16", 30, "BF16", NULL, 1, 2, decode_bf16 },
    { "f64", 28, "F64", "<f8", 1, 8, decode_f64 },
#define GGML_ROW(name, id, block, bytes)                                                           \
    { #name, id, NULL, NULL, block, bytes, ggml_decode_##name },
    GGML_DECODED_LIST(GGML_ROW)
#undef GGML_ROW
        { "q8_1", 9, NULL, NULL, 32, 36, NULL },
    { "q8_k", 15, NULL, NULL, 256, 292, NULL },
    { "iq2_xxs", 16, NULL, NULL, 256, 66, NULL },
    { "iq2_xs", 17, NULL, NULL, 256, 74, NULL },
    { "iq3_xxs", 18, NULL, NULL, 256, 98, NULL },
    { "iq1_s", 19, NULL, NULL, 256, 50, NULL },
    { "iq3_s", 21, NULL, NULL, 256, 110, NULL },
    { "iq2_s", 22, NULL, NULL, 256, 82, NULL },
    { "iq4_xs", 23, NULL, NULL, 256, 136, NULL },
    { "i8", 24, "I8", "|i1", 1, 1, NULL },
    { "i16", 25, "I16", "<i2", 1, 2, NULL },
    { "i32", 26, "I32", "<i4", 1, 4, NULL },
    { "i64", 27, "I64", "<i8", 1, 8, NULL },
    { "iq1_m", 29, NULL, NULL, 256, 56, NULL },
    { "tq1_0", 34, NULL, NULL, 256, 54, NULL },
    { "tq2_0", 35, NULL, NULL, 256, 66, NULL },
    { "mxfp4", 39, NULL, NULL, 32, 17, NULL },
    { "nvfp4", 40, NULL, NULL, 64, 36, NULL },
    { "q1_0", 41, NULL, NULL, 128, 18, NULL },
    { "q2_0", 42, NULL, NULL, 64, 18, NULL },
    { "u8", KV_NO_GGUF, "U8", "|u1", 1, 1, NULL },
    { "u16", KV_NO_GGUF, "U16", "<u2", 1, 2, NULL },
    { "u32", KV_NO_GGUF, "U32", "<u4", 1, 4, NULL },
    { "u64", KV_NO_GGUF, "U64", "<u8", 1, 8, NULL },
    { "bool", KV_NO_GGUF, "BOOL", "|b1", 1, 1, NULL },
    { "f8_e4m3", KV_NO_GGUF, "F8_E4M3", NULL, 1, 1, NULL },
    { "f8_e5m2", KV_NO_GGUF, "F8_E5M2", NULL, 1, 1, NULL },
};

#define N_DTYPES (sizeof dtypes / sizeof *dtypes)

const struct kv_dtype *kv_dtype_gguf(uint32_t id)
{
    for (size_t i = 0; i < N_DTYPES; i++)
        if (dtypes[i].gguf == id && id != KV_NO_GGUF)
            return &dtypes[i];
    return NULL;
}

const struct kv_dtype *kv_dtype_safetensors(const char *name)
{
    for (size_t i = 0; i < N_DTYPES; i++)
        if (dtypes[i].safetensors && !strcmp(dtypes[i].safetensors, name))
            return &dtypes[i];
    return NULL;
}

const struct kv_dtype *kv_dtype_npy(const char *descr, size_t n)
{
    for (size_t i = 0; i < N_DTYPES; i++)
        if (dtypes[i].npy && strlen(dtypes[i].npy) == n && !memcmp(dtypes[i].npy, descr, n))
            return &dtypes[i];
    return NULL;
}
