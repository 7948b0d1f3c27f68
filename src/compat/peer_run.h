/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An estimate with a peer's rules instead of the engine's: `cosim estimate --compat genz`. */
#ifndef COMPAT_PEER_RUN_H
#define COMPAT_PEER_RUN_H

#include "core/table.h"

/* Zero or unknown means: what the comment says, or EUSAGE where it says required. */
struct peer_case {
    double hidden, intermediate, layers, heads, vocab; /* required */
    double kv_heads;                                   /* heads */
    double head_dim;                                   /* hidden / heads */
    double ffn_in;         /* 2; matrices into the feed-forward block: 2 gated, 1 not */
    double experts, top_k; /* 1 */
    double peak_flops_per_s, mem_bytes_per_s;   /* required; 16 bit peak */
    double int8_ops_per_s;                      /* peak_flops_per_s; llm-viewer only */
    double mem_bytes;                           /* no limit; genz only */
    double link_bytes_per_s, link_latency_s;    /* required with more than one rank; genz only */
    double eff_ratio;                           /* 1; genz only */
    double w_bits, a_bits, kv_bits;             /* 16; genz has one width for all three */
    double batch, prompt_tokens, output_tokens; /* 1, required, 1 */
    double tp, pp, ep;                          /* 1; llm-viewer: only 1 */
    double beam;                                /* 1; genz only */
    bool flash;                                 /* llm-viewer only */
    double onchip_bytes;                        /* required with flash */
};

struct peer_totals {
    double ttft_s; /* the prefill of the whole batch */
    double tpot_s; /* one decode step at full context: prompt and output tokens */
    double prefill_flops, decode_flops;
    double weight_bytes; /* of one rank over all pipeline stages, decode (genz); layers only
                            (llm-viewer) */
    double kv_bytes;     /* at full context */
    double tokens_per_s; /* decode, the peer's own definition */
    double prefill_kwh_reported, decode_kwh_reported; /* genz, 100 times too high; else unknown */
    bool offloaded; /* genz: does not fit, memory bandwidth reduced by its host-link rule */
};

/**
 * Prefill and one decode step with the rules that the golden validation checks.
 *
 * peer    "genz" or "llm-viewer"
 * ops     one row per operator and stage, SI units; the caller frees it with table_free
 * errors  EUNKNOWN peer; EUSAGE: a required number is missing; ERANGE: a number out of range;
 *         EUNSUPPORTED: the rules do not cover the case, the message says why; ENOMEM
 */
cosim_status peer_estimate(const char *peer, const struct peer_case *c, struct table **ops,
                           struct peer_totals *totals, cosim_error *e);

#endif
