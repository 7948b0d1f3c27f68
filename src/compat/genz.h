/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GenZ-LLM-Analyzer's rules (commit 091bdd0): an operator list built from the case, a roofline per
 * operator with tensors that are "on chip" read at a fixed bandwidth, and sums over the list.
 * Used by the golden validation and by peer_run; never by the engine's own models.
 */
#ifndef COMPAT_GENZ_H
#define COMPAT_GENZ_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

enum genz_api { GENZ_PREFILL, GENZ_DECODE, GENZ_CHUNKED };

/* One word for weights, activations and KV together. */
struct genz_format {
    const char *name;
    double bits;  /* nominal, to find the word of a width; bf16 comes before others of 16 */
    double bytes; /* per element */
    double compute_factor; /* time of a flop relative to bf16 */
};

const struct genz_format *genz_format_find(const char *name);
/** The word that GenZ has for a width in bits (integers first), or NULL. */
const struct genz_format *genz_format_of_bits(double bits);

/* Prefill request: `past` tokens in the cache, `n` new ones. Decode entry: `n` sequences that have
 * `past` tokens each. */
struct genz_span {
    double past, n;
};

struct genz_case {
    double hidden, intermediate, ffn_in, layers, heads, kv_heads, head_dim, vocab, experts, top_k;
    double d_state, d_conv, expand, dt_rank; /* d_state = 0: no state-space layers */
    double peak_flops_per_s, mem_bytes, mem_bytes_per_s, link_bytes_per_s, link_latency_s;
    double eff_ratio;
    double batch, input_tokens, output_tokens, beam, tp, pp, ep;
    enum genz_api api;
    const struct genz_format *format;
    const struct genz_span *prefill, *decode; /* chunked only */
    size_t n_prefill, n_decode;
};

enum genz_type {
    GENZ_GEMM,
    GENZ_LOGIT,
    GENZ_ATTEND,
    GENZ_CONV1D,
    GENZ_EINSUM,
    GENZ_SYNC,
    N_GENZ_TYPE
};
const char *genz_type_name(enum genz_type t);

/* Tensors held on chip. */
enum { GENZ_IN = 1, GENZ_WEIGHT = 2, GENZ_OUT = 4 };

enum genz_collective { GENZ_ALL_REDUCE, GENZ_ALL_GATHER, GENZ_ALL_TO_ALL, GENZ_MESSAGE };

/* What an operator's latency counts towards in the totals; bits. */
enum { GENZ_MHA = 1, GENZ_FFN = 2 };

struct genz_tensor {
    double dim[4];
    int n;
};

struct genz_op {
    const char *name;
    enum genz_type type;
    unsigned index;  /* position in GenZ's list, which also counts repeat markers */
    double repeat;   /* executions in the whole pass */
    unsigned group;  /* GENZ_MHA | GENZ_FFN */
    unsigned onchip; /* GENZ_IN | GENZ_WEIGHT | GENZ_OUT */
    struct genz_tensor in, weight, out; /* Sync: payload in `in` */
    enum genz_collective collective;
    double ranks;
    /* filled by genz_cost, of ONE execution */
    double flops, in_bytes, weight_bytes, out_bytes;
    double compute_s, memory_s, comm_s, time_s;
    const char *bound; /* "Compute", "Memory" or "Collective" */
};

struct genz_list {
    struct genz_op *op; /* in the arena */
    size_t n, cap;
    unsigned index; /* of the next operator or marker */
};

struct genz_totals {
    double time_s, throughput_per_s, flops, weight_bytes, kv_bytes;
    double attn_s, linear_s, comm_s, mha_s, ffn_s, collective_s;
    double energy_kwh_reported; /* 100 times too high: percentages are not divided by 100 */
    bool offloaded;             /* weights and KV do not fit: the memory bandwidth was reduced */
};

/** Why the rules do not cover a case, or NULL. */
const char *genz_refusal(const struct genz_case *c);

/** Builds the list with shapes; call after genz_refusal. ENOMEM. */
cosim_status genz_build(const struct genz_case *c, struct genz_list *l, struct arena *a,
                        cosim_error *e);

/** Fills flops, bytes and times of every operator and the totals. */
void genz_cost(const struct genz_case *c, struct genz_list *l, struct genz_totals *t);

/** "((1x128x4096)x(4096x4096)x(1x128x4096))" and its variants, as GenZ prints it. */
void genz_dims(const struct genz_op *op, char *buf, size_t n);

#endif
