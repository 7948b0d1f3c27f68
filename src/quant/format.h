/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Number formats as rows (workloads/formats.csv): how many bits a stored element really takes. */
#ifndef QUANT_FORMAT_H
#define QUANT_FORMAT_H

#include "core/arena.h"
#include "core/err.h"
#include "core/precision.h"

#include <stdbool.h>
#include <stddef.h>

enum role { ROLE_W = 1, ROLE_A = 2, ROLE_K = 4, ROLE_V = 8 };

struct format {
    const char *id;      /* unique: int4-g128, q4_k, nvfp4, fp8-block */
    const char *aliases; /* other spellings, separated by blanks, or NULL */
    const char *doc, *origin, *source;
    const char *family; /* int float gguf codebook kv ternary ... */
    unsigned roles;     /* enum role bits */
    /* equation 2.1: bpw = payload + (scale + zero) / group + row / K + codebook / N_p + outliers;
     * column: bits once per column of a tensor, column / N (sign vectors, act-order indices) */
    double payload_bits, group, scale_bits, zero_bits, row_bits, column_bits, codebook_bits;
    double outlier_ratio, outlier_bits;
    double tensor_bits;              /* constant bits once per tensor */
    double block_bytes, block_elems; /* block formats (ggml): exact, instead of the sum above */
    double residual_tokens;          /* K/V: newest tokens kept at 16 bits (KIVI) */
    enum precision math; /* rate when BOTH operands are stored so; N_PREC: always dequantised */
    double dequant_ops;  /* vector instructions per element to dequantise (c_deq, 2.3) */
    const char *dequant_origin; /* where dequant_ops comes from; NULL when it is 0 */
    const char *fallback_id;    /* block formats: format used when the row length does not divide */
    unsigned line;
};

struct format_db {
    const char *path;
    const struct format *format;
    size_t n;
};

cosim_status format_db_load(struct format_db *db, const char *path, struct arena *a,
                            cosim_error *e);

/**
 * By id or alias, case-blind, and only with all of `roles` (0 = any). EUNKNOWN with a suggestion;
 * ERANGE with the list of what would do when the format exists but cannot serve in that role.
 */
cosim_status format_find(const struct format_db *db, const char *id, unsigned roles,
                         const struct format **f, cosim_error *e);

/**
 * Bits per element of a tensor with rows of `row_elems` and `n_elems` in all (equation 2.1).
 * Both > 0. A block format assumes that the row divides: see format_for_row.
 */
double format_bits(const struct format *f, double row_elems, double n_elems);

/** Effective K or V bits of a token vector of head_dim with n tokens cached (equation 2.2). */
double format_kv_bits(const struct format *f, double head_dim, double n_tokens);

/** Bits without metadata (what papers call "4 bit"). */
double format_nominal_bits(const struct format *f);

/** Whether a format has a block that a row of row_elems would not fill evenly. */
bool format_splits_row(const struct format *f, double row_elems);

/** `f`, or what it falls back to when row_elems is no multiple of its block (llama.cpp rules). */
const struct format *format_for_row(const struct format_db *db, const struct format *f,
                                    double row_elems);

/**
 * Precision a product of weights `w` and activations `a` is computed in: the common precision when
 * both sides have the same one (int8 x int8, fp8 x fp8, nvfp4 x nvfp4), else the weights are
 * dequantised to the activations' precision (int4 weights x bf16: bf16; int4 weights x int8: int8).
 * Activations narrower than the weights, or of another kind at equal width (int8 weights x fp8
 * activations), are widened: bf16.
 */
enum precision format_math(const struct format *w, const struct format *a);

#endif
