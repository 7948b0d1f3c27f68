/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arithmetic precisions that a device has a rate for; the one list of them. */
#ifndef CORE_PRECISION_H
#define CORE_PRECISION_H

/* id, name, bits of an element */
#define PRECISION_LIST(X)                                                                          \
    X(FP64, "fp64", 64)                                                                            \
    X(FP32, "fp32", 32)                                                                            \
    X(TF32, "tf32", 32)                                                                            \
    X(FP16, "fp16", 16)                                                                            \
    X(BF16, "bf16", 16)                                                                            \
    X(FP8, "fp8", 8)                                                                               \
    X(FP6, "fp6", 6)                                                                               \
    X(FP4, "fp4", 4)                                                                               \
    X(INT8, "int8", 8)                                                                             \
    X(INT4, "int4", 4)                                                                             \
    X(INT1, "int1", 1)                                                                             \
    X(VECTOR, "vector", 32) /* fp32 outside the matrix unit */

enum precision {
#define PRECISION_ENUM(id, name, bits) PREC_##id,
    PRECISION_LIST(PRECISION_ENUM)
#undef PRECISION_ENUM
        N_PREC
};

const char *precision_name(enum precision p);

/** The precision of that name, or N_PREC. */
enum precision precision_find(const char *name);

#endif
