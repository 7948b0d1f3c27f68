/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * LLM-Viewer's rules (commit 472f71f): one decoder layer of a Llama-like model on one device,
 * time of an operator = max(ops / peak, bytes / bandwidth), one prefill and one decode step.
 */
#ifndef COMPAT_LLMVIEWER_H
#define COMPAT_LLMVIEWER_H

#include <stdbool.h>
#include <stddef.h>

struct llmviewer_case {
    double hidden, intermediate, layers, heads, kv_heads, vocab;
    double mem_bytes_per_s, fp16_ops_per_s, int8_ops_per_s, onchip_bytes;
    double batch, seqlen, w_bits, a_bits, kv_bits;
    double flash; /* 1: fused attention */
};

enum llmviewer_stage { LLMVIEWER_PREFILL, LLMVIEWER_DECODE, N_LLMVIEWER_STAGE };
const char *llmviewer_stage_name(enum llmviewer_stage st);

struct llmviewer_op {
    const char *name;
    double ops, load_weight_bytes, load_act_bytes, store_act_bytes, load_kv_bytes, store_kv_bytes;
    double compute_s, memory_s, time_s;
    const char *bound; /* "memory" or "compute" */
};

#define LLMVIEWER_OPS_MAX 16

struct llmviewer_pass {
    struct llmviewer_op op[LLMVIEWER_OPS_MAX]; /* of one layer, lm_head last */
    size_t n;
    struct llmviewer_op total;        /* layers times the sum without lm_head, plus lm_head */
    double weight_bytes, cache_bytes; /* of all layers, without lm_head; KV of the context */
    double footprint_bytes; /* weights of the layers, KV of the prefill, one layer's outputs */
};

/** Whether heads divide hidden, which the rules need: or why not. */
const char *llmviewer_refusal(const struct llmviewer_case *c);

void llmviewer_build(const struct llmviewer_case *c, enum llmviewer_stage stage,
                     struct llmviewer_pass *p);

#endif
