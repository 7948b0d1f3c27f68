/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a design point is judged by; the one list behind objectives, constraints and columns. */
#ifndef EVAL_METRIC_H
#define EVAL_METRIC_H

#include <stddef.h>

/* id, name, unit, sense (+1 smaller is better, -1 larger is better), doc */
#define METRIC_LIST(X)                                                                             \
    X(TTFT, "ttft_s", "s", 1, "time to first token: prefill of the whole batch")                   \
    X(TPOT, "tpot_s", "s", 1, "time per output token: one decode step at the mean context")        \
    X(E2E, "e2e_s", "s", 1, "time to the last token: ttft_s + (output - 1) tpot_s")                \
    X(TOKENS_PER_S, "tokens_per_s", "token/s", -1,                                                 \
      "tokens per second: output tokens over e2e_s, all devices")                                  \
    X(DECODE_TOKENS_PER_S, "decode_tokens_per_s", "token/s", -1, "output tokens while decoding")   \
    X(J_PER_TOKEN, "j_per_token", "J/token", 1, "energy per output token: prefill and decode")     \
    X(POWER, "power_w", "W", 1, "mean power: of all devices over e2e_s")                           \
    X(MEMORY, "memory_bytes", "byte", 1,                                                           \
      "memory: weights, KV cache and activations on the fullest device")                           \
    X(USD_PER_MTOK, "usd_per_mtok", "USD", 1,                                                      \
      "cost per 1e6 tokens: capital or rent and electricity")                                      \
    X(CARBON, "carbon_g_per_mtok", "g", 1, "operational CO2 per 1e6 output tokens")                \
    X(PPL_INCREASE, "ppl_increase_ratio", "ratio", 1,                                              \
      "perplexity increase: measured over 16-bit, minus 1")                                        \
    X(PRICE, "price_usd", "USD", 1, "list price of all devices")                                   \
    X(DEVICES, "n_devices", "", 1, "devices used")                                                 \
    X(LOSS, "loss_nats", "nat/token", 1,                                                           \
      "predicted loss: of a searched shape (cosim search --width ...)")                            \
    X(UNDERUSE, "underuse_ratio", "ratio", 1,                                                      \
      "idle arithmetic: of a platform's members (cosim search --platform ...)")

enum metric {
#define METRIC_ENUM(id, name, unit, sense, doc) METRIC_##id,
    METRIC_LIST(METRIC_ENUM)
#undef METRIC_ENUM
        N_METRICS
};

/* The last ones are unknown outside a joint search and no columns of other tables. */
#define N_POINT_METRICS METRIC_LOSS

struct metric_info {
    const char *name, *unit, *doc;
    int sense; /* +1 minimise, -1 maximise */
};

extern const struct metric_info metric_table[N_METRICS];

/** The metric of that name, or N_METRICS. */
enum metric metric_find(const char *name);

/* Why a point is not in the result. */
#define REJECT_LIST(X)                                                                             \
    X(NONE, "feasible", "")                                                                        \
    X(CAPACITY, "capacity", "weights, KV cache and activations exceed the memory")                 \
    X(RATE, "rate", "no rate is known for a precision that the formats need")                      \
    X(LINK, "link", "several devices but no link is known")                                        \
    X(DOMAIN, "domain",                                                                            \
      "more devices than the link joins; networks between nodes are not modelled")                 \
    X(LAYOUT, "layout", "the parallel layout does not suit the model")                             \
    X(CONTEXT, "context", "prompt and output exceed the model's context")                          \
    X(UNKNOWN, "unknown", "an objective or constraint is unknown for this point")                  \
    X(CONSTRAINT, "constraint", "a constraint is violated")

enum reject {
#define REJECT_ENUM(id, name, doc) REJECT_##id,
    REJECT_LIST(REJECT_ENUM)
#undef REJECT_ENUM
        N_REJECTS
};

const char *reject_name(enum reject r);
const char *reject_doc(enum reject r);

#endif
