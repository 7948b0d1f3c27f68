/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVTuner as commands: each run reads files, computes, and gives a new table (table_free). What a
 * command line needs to know is in the option structs; NULL and 0 mean the default that is named.
 */
#ifndef KV_KV_H
#define KV_KV_H

#include "core/table.h"
#include "kv/prune.h"

/* ---- sensitivity: e_k, e_v, e_a, e_o of every layer and pair ------------------------------- */

struct kv_sensitivity_options {
    /* either a model and a text: Q, K, V come from our own forward pass ... */
    const char *model, *text; /* GGUF (byte llama), UTF-8 or any bytes */
    size_t n_windows;         /* of 256 bytes; 0 = 8 */
    size_t span_windows;      /* spread evenly over so many first windows; 0 = the whole text */
    bool calibrate;           /* also measure one KL per layer and side and fill kl_nats */
    /* ... or dumped tensors: one file with tensors "layer.N.q", ".k", ".v" [tokens][heads][dim]
     * (safetensors, GGUF), or three files [layers][tokens][heads][dim] (.npy) */
    const char *tensors, *q, *k, *v;
    bool heads_first;     /* tensors are [heads][tokens][dim], as Hugging Face caches them */
    const char *mode;     /* "pertoken" (default) or "kivi" */
    bool repository_rule; /* rounded zero point, as KVTuner's repository */
};

/** Columns layer, pair, e_k, e_v, e_a, e_o, o_rel, kl_nats: as CSV it is what search reads. */
cosim_status kv_sensitivity_run(const struct kv_sensitivity_options *o, struct table **t,
                                cosim_error *e);

/* ---- search: pairs per layer group --------------------------------------------------------- */

struct kv_search_options {
    const char *sensitivity;    /* CSV of the run above */
    const char *groups, *model; /* groups.csv and a model of it; NULL: prune and cluster here */
    const char *mode;           /* "pertoken" (default) or "kivi": stored bits, groups.csv rows */
    const char *loss;           /* "e_o" (default, the paper's) or "kl_nats" */
    double omega;               /* weight of each layer's error; 0 = 1 / layers for e_o, 1 for KL */
    double gamma;               /* how errors grow through layers; > 0 enumerates */
    double eps;    /* DBSCAN; 0 = 0.05 for e_o, and no clustering for kl_nats (other scale) */
    bool no_prune; /* all known pairs stay candidates, each layer its own group */
    double n_kv_heads, head_dim, context_tokens; /* 0 = 1, 128, 1024 */
    double bytes_per_s, j_per_byte;              /* of the device's memory; 0 = unknown */
    double limit_bits;                           /* average nominal bits; 0 = none */
    const char *preset_out;                      /* YAML of the best point within limit_bits */
};

/**
 * The front: average_bits, kv_bytes_per_token, loss, decode_kv_s and decode_kv_j (reading the
 * whole cache once, per token and sequence), within_limit, pairs. Notes: groups, candidate sets,
 * combinations, method.
 */
cosim_status kv_search_run(const struct kv_search_options *o, struct table **t, cosim_error *e);

/* ---- presets: the 32 published ones against our front -------------------------------------- */

/**
 * dir holds groups.csv, presets.csv, anchors.csv. One row per preset and surrogate: its bits and
 * loss, on the front or dominated, by how much at equal bits and at equal loss. The surrogate is
 * the published error of each pair averaged over layers ("e_o", Table 3, of Llama-3.1-8B per token,
 * used for all models), or the growth of ln(perplexity) of that model (Table 2, KIVI).
 */
cosim_status kv_presets_check(const char *dir, struct table **t, cosim_error *e);

/* ---- measure: quality of a small model under K/V and weight formats ------------------------ */

struct kv_measure_options {
    const char *model, *text;
    size_t n_windows, span_windows; /* as above; 0 = 16 windows */
    const char *mode;               /* for pairs and presets */
    /* what to try, separated by commas: KV8, K8V4 ... (mode's quantiser), q8_0/q4_0 (ggml K/V),
     * w:q4_k (all weights), or the path of a preset YAML (ends in .yaml or .yml) */
    const char *formats;
    bool hadamard; /* rotate K and V before ggml formats, as llama.cpp does */
};

/** Rows: format, kv_bytes_per_token, weight_bytes, loss_nats, ppl, kl_nats, top1_ratio. */
cosim_status kv_measure_run(const struct kv_measure_options *o, struct table **t, cosim_error *e);

/* ---- tune: the whole loop on a small model -------------------------------------------------- */

struct kv_tune_options {
    const char *model, *text, *mode;
    size_t calibration_windows, test_windows; /* 0 = 8 and 16: spread over the text's halves */
    bool weights;           /* search weight formats per matrix instead of K/V pairs */
    const char *losses_out; /* weights: CSV of each matrix and format, for cosim allocate */
    bool single_layers; /* K/V: also measure each layer and pair alone (for the rank correlation) */
};

/*
 * What the loop found besides its table. Rank correlations (Spearman) of predicted sensitivity and
 * measured KL on the test windows over layers and pairs; NaN when single_layers is off.
 */
struct kv_tune_result {
    double rank_e_o, rank_o_rel, rank_predicted;
    /* searched against uniform at equal bytes; the last: by more than two standard errors */
    size_t n_compared, n_kl_worse, n_loss_worse, n_loss_worse_2se;
};

/**
 * Calibrates on one half of the text, searches, measures on the other. One row per uniform format:
 * its bytes and measured loss beside those of the searched assignment with no more bytes. A mixed
 * assignment is taken only when its KL on the calibration text is lower by a fifth at least.
 */
cosim_status kv_tune_run(const struct kv_tune_options *o, struct kv_tune_result *r,
                         struct table **t, cosim_error *e);

#endif
