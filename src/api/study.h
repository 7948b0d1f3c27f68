/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a user asks for: values per axis, objectives, limits, how to search. One list of keys is
 * behind the options of the command line, study files and cosim_study_set.
 */
#ifndef API_STUDY_H
#define API_STUDY_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* id, key, argument, default (NULL = none), doc */
#define STUDY_KEY_LIST(X)                                                                          \
    X(MODEL, "model", "LIST", NULL,                                                                \
      "models by id, glob or 'all'; a path ending in .json is read as a Hugging Face config")      \
    X(DEVICE, "device", "LIST", NULL, "devices by id, glob, 'class:gpu' or 'all'")                 \
    X(W, "w", "LIST", "bf16",                                                                      \
      "weight schemes: a format or recipe, with overrides: int4-g128+ffn_down@0-3=int8")           \
    X(A, "a", "LIST", "bf16", "activation formats")                                                \
    X(KV, "kv", "LIST", "bf16", "KV cache formats: one for both, or K:V as in kv8:kv4")            \
    X(TP, "tp", "LIST", "1", "tensor-parallel degrees")                                            \
    X(PP, "pp", "LIST", "1", "pipeline stages")                                                    \
    X(EP, "ep", "LIST", "1", "expert-parallel degrees")                                            \
    X(DP, "dp", "LIST", "1", "data-parallel replicas")                                             \
    X(CLOCK, "clock", "LIST", "1", "shares of the nominal clock: 1, 0.6..1:+0.1")                  \
    X(SCENARIO, "scenario", "ID", NULL, "sets prompt, output and batch unless they are given")     \
    X(PROMPT, "prompt", "LIST", "512", "prompt tokens: 512, 1..8, 128..4096:*2, 10..100:+10")      \
    X(OUTPUT, "output", "LIST", "128", "output tokens")                                            \
    X(BATCH, "batch", "LIST", "1", "sequences per replica")                                        \
    X(OBJECTIVES, "objectives", "LIST", "ttft_s,tpot_s,j_per_token",                               \
      "2 to 5 metrics to trade (cosim list objectives)")                                           \
    X(MAX, "max", "METRIC=VALUE", NULL, "upper limit in SI units, repeatable: ttft_s=0.5")         \
    X(MIN, "min", "METRIC=VALUE", NULL, "lower limit, repeatable: tokens_per_s=20")                \
    X(ALGORITHM, "algorithm", "NAME", "exhaustive", "how to search (cosim list algorithms)")       \
    X(SAMPLES, "samples", "N", "100000", "points that a sampling algorithm evaluates")             \
    X(SEED, "seed", "N", "1", "seed of sampling algorithms")                                       \
    X(THREADS, "threads", "N", "0", "threads, 0 = all cores; the result does not depend on it")    \
    X(CLOUD, "cloud", "N", "0", "dominated points kept for pictures")                              \
    X(EPSILON, "epsilon", "RATIO", NULL,                                                           \
      "thin the frontier: one point in boxes of that relative width (sweep, search)")              \
    X(COMPAT, "compat", "PEER", NULL,                                                              \
      "count and price as another simulator does: genz, llm-viewer (estimate, explain)")           \
    X(JOURNAL, "journal", "FILE", NULL,                                                            \
      "search: keep what was evaluated; an interrupted search goes on from there")                 \
    X(W_BLOCKS, "w-blocks", "N", "1", "search: blocks of layers with weight formats of their own") \
    X(W_APART, "w-apart", "LIST", NULL,                                                            \
      "search: tensors with formats of their own: attn, ffn, experts")                             \
    X(W_SENSITIVITY, "w-sensitivity", "FILE.csv", NULL,                                            \
      "search: losses of tensors and formats, as 'cosim allocate' reads them")                     \
    X(KV_BLOCKS, "kv-blocks", "N", "1",                                                            \
      "search: blocks of layers with cache formats of their own")                                  \
    X(KV_SENSITIVITY, "kv-sensitivity", "FILE.csv", NULL,                                          \
      "search: KL of layers and pairs, as 'cosim kv sensitivity --calibrate' gives it")            \
    X(PLATFORM, "platform", "ID", NULL,                                                            \
      "search: place the layers on its members, instead of a device")                              \
    X(STAGES, "stages", "N", "3", "search: runs of layers that are placed apart")                  \
    X(LAYERS, "layers", "LIST", NULL, "search, arch: depths of shapes; the model gives the rest")  \
    X(WIDTH, "width", "LIST", NULL, "search, arch: widths of shapes")                              \
    X(FFN_RATIO, "ffn-ratio", "LIST", NULL,                                                        \
      "search, arch: FFN width of all active experts over the width; widths become multiples of "  \
      "64")                                                                                        \
    X(GQA, "gqa", "LIST", NULL, "search, arch: query heads per KV head")                           \
    X(EXPERTS, "experts", "LIST", NULL, "search, arch: experts:active pairs, 1:1 is dense")        \
    X(VOCAB, "vocab", "LIST", NULL, "search, arch: vocabularies")

enum study_key {
#define STUDY_ENUM(id, key, arg, def, doc) STUDY_##id,
    STUDY_KEY_LIST(STUDY_ENUM)
#undef STUDY_ENUM
        N_STUDY_KEYS
};

/* The keys from here on are of a search alone; all but the journal make it a joint one. */
#define STUDY_SEARCH_FIRST STUDY_JOURNAL
#define STUDY_JOINT_FIRST STUDY_W_BLOCKS

struct study_key_info {
    const char *key, *arg, *def, *doc;
};
extern const struct study_key_info study_key_table[N_STUDY_KEYS];

/* A value with where it was written. text NULL = not given. */
struct setting {
    const char *text;
    struct src_pos at;
};

#define STUDY_LIMITS_MAX 32u

struct limit {
    struct setting setting;
    int sense; /* +1 upper, -1 lower */
};

struct study {
    struct arena arena;
    struct setting value[N_STUDY_KEYS];
    struct limit limit[STUDY_LIMITS_MAX];
    size_t n_limits;
};

/** Sets a key; `at` says where the value stands, for later errors. EUNKNOWN suggests a key. */
cosim_status study_set(struct study *s, const char *key, const char *value, struct src_pos at,
                       cosim_error *e);

/** Reads `key = value` lines; '#' begins a comment. */
cosim_status study_load(struct study *s, const char *path, cosim_error *e);
cosim_status study_parse(struct study *s, const char *name, const char *text, cosim_error *e);

/** EUSAGE when a key that only a search takes was given. */
cosim_status study_without_search(const struct study *s, cosim_error *e);

/** A copy without those keys, to be read only: it shares its memory with `s`. */
struct study study_plain(const struct study *s);

/** EUSAGE when the work is split over devices; `why` it cannot be. */
cosim_status study_refuse_split(const struct study *s, const char *why, cosim_error *e);

/** The given value, else the default; text NULL when there is neither. */
struct setting study_get(const struct study *s, enum study_key key);

/* Walks a comma-separated list; commas between '@' and '=' belong to a scheme's layers. */
#define LIST_TOKEN_MAX 4096u /* the longest scheme (quant/scheme.h) */

struct list_walk {
    struct setting list;
    size_t offset;
    char token[LIST_TOKEN_MAX + 1];
    struct src_pos at;
};

/** Next token, trimmed; false at the end. An empty or over-long token is an error in *st. */
bool list_next(struct list_walk *w, cosim_status *st, cosim_error *e);

/** A positive integer list: numbers and ranges a..b, a..b:+step, a..b:*factor; at most `max`. */
cosim_status list_numbers(const struct setting *s, double lo, double hi, double **values, size_t *n,
                          struct arena *a, cosim_error *e);

/** As list_numbers for fractions; ranges need their step: 0.5..1:+0.1. */
cosim_status list_reals(const struct setting *s, double lo, double hi, double **values, size_t *n,
                        struct arena *a, cosim_error *e);

/** A list of pairs of whole numbers, "8:2": 1 <= second <= first <= hi. */
cosim_status list_pairs(const struct setting *s, double hi, double **first, double **second,
                        size_t *n, struct arena *a, cosim_error *e);

/** One unsigned integer. */
cosim_status setting_u64(const struct setting *s, uint64_t lo, uint64_t hi, uint64_t *v,
                         cosim_error *e);

#endif
