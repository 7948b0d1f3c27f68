/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operators: what one kernel does in one step, in flops and bytes. Counts know no device.
 * To add an operator: src/model/ops/<name>.c and a row of OP_LIST.
 */
#ifndef MODEL_OP_H
#define MODEL_OP_H

#include "core/precision.h"
#include "quant/scheme.h"

#include <stddef.h>

/* One forward step of one device: B sequences with S new tokens each after c cached ones. */
struct step {
    double batch;      /* B, sequences on this device */
    double new_tokens; /* S */
    double cached;     /* c, may be a mean and so fractional */
    double head_rows;  /* T_h, rows that need logits */
};

/* What one call of an operator does. One multiply-add is 2 flops. */
struct work {
    double flops;        /* on the matrix unit, at op->math */
    double vector_flops; /* outside the matrix unit: softmax, norms, dequantisation */
    double w_bytes;      /* weights read from memory */
    double a_bytes;      /* activations read and written */
    double kv_read_bytes, kv_write_bytes;
    double cache_bytes; /* last-level cache to cores: operands again for every output tile */
    double net_bytes;   /* payload of a collective: full buffer per rank */
};

enum collective { COLL_NONE, COLL_ALL_REDUCE, COLL_ALL_GATHER, COLL_ALL_TO_ALL, COLL_P2P };

/* One operator class: equal calls of a step, `times` of them. */
struct op {
    const struct op_kind *kind;
    const char *label; /* "qkv", "attn_v", "ffn_down": for people */
    double times;      /* calls per step on one device */
    enum precision math;
    /* matrix product Y[m,n] = X[m,k] W[k,n] of T rows, after sharding */
    double n, k;
    double w_bits, a_bits, dequant_ops; /* per stored weight; in; vector instructions per weight */
    /* attention, after sharding */
    double heads, kv_heads, head_dim, v_head_dim, window;
    const struct format *k_format, *v_format;
    /* experts: of the whole model; ep ranks share them */
    double experts, active, ep;
    /* element-wise: vector flops per row element of width n */
    double flops_per_elem, accesses_per_elem;
    /* communication */
    enum collective collective;
    double ranks, rows_per_token; /* payload rows; 0 = one per row that needs logits */
};

struct op_kind {
    const char *name, *doc, *formula, *source;
    void (*work)(const struct op *op, const struct step *s, struct work *out);
};

#define OP_LIST(X)                                                                                 \
    X(embedding)                                                                                   \
    X(elementwise)                                                                                 \
    X(gemm)                                                                                        \
    X(head)                                                                                        \
    X(attention)                                                                                   \
    X(experts)                                                                                     \
    X(collective)

#define OP_DECLARE(name) extern const struct op_kind op_##name;
OP_LIST(OP_DECLARE)
#undef OP_DECLARE

/* Activations leave the matrix unit, and residuals live, at 16 bits in every format [ours]. */
#define OUT_BITS 16.0

/* Rows and columns of an output tile: a weight is dequantised (equation 2.3), and operands are
 * fetched from the last-level cache (section 3.1, Q_L2), once per tile [ours]. */
#define TILE_ROWS 128.0
#define TILE_COLS 128.0

static inline double work_mem_bytes(const struct work *w)
{
    return w->w_bytes + w->a_bytes + w->kv_read_bytes + w->kv_write_bytes;
}

#endif
