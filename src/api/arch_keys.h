/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of 'cosim arch' besides those of a study: the one list behind options and help. */
#ifndef API_ARCH_KEYS_H
#define API_ARCH_KEYS_H

#include "api/study.h"

#define ARCH_REFERENCE_DEFAULT "qwen2.5-0.5b" /* what the paper compares with */

/* id, key, argument, default, doc */
#define ARCH_KEY_LIST(X)                                                                           \
    X(SHOW, "show", "best|front|region|iso|shadow|closed", "best",                                 \
      "best: least loss beside the reference; front: loss against costs; region: every "           \
      "design, what fits; iso: deepest model of each width; shadow: what a budget is worth; "      \
      "closed: the paper's closed forms beside a numeric minimum")                                 \
    X(LIKE, "like", "MODEL", NULL,                                                                 \
      "the reference, the same as --model; default: " ARCH_REFERENCE_DEFAULT)                      \
    X(SAME, "same", "LIST", NULL,                                                                  \
      "metrics of the reference that become budgets, or none; default: e2e_s, unless --max "       \
      "limits a time")                                                                             \
    X(AGAINST, "against", "LIST", "e2e_s,memory_bytes,j_per_token",                                \
      "front: metrics that the loss is traded against")                                            \
    X(HEAD_DIM, "head-dim", "N", NULL, "size of a head; default: the reference's")                 \
    X(TRAINED, "trained", NULL, NULL,                                                              \
      "formats were trained with: QAT law where it has constants, not quantised afterwards")       \
    X(PICK, "pick", "N", NULL, "write design N of the grid (column point) with --config")          \
    X(CONFIG, "config", "FILE.json", NULL, "write the best design as a Hugging Face config.json")

enum arch_key {
#define ARCH_KEY_ENUM(id, key, arg, def, doc) KEY_##id,
    ARCH_KEY_LIST(ARCH_KEY_ENUM)
#undef ARCH_KEY_ENUM
        N_ARCH_KEYS
};

/* Lists of shapes are keys of a study; what a search over architectures takes when none is given.
 * id, default */
#define ARCH_SHAPE_LIST(X)                                                                         \
    X(LAYERS, "4..32")                                                                             \
    X(WIDTH, "768..3072:+64")                                                                      \
    X(FFN_RATIO, "0.5,1,2,4")                                                                      \
    X(GQA, "1,2,4,8")                                                                              \
    X(EXPERTS, "1:1,8:1,8:2,16:1,16:2")                                                            \
    X(VOCAB, NULL)

/* Given settings by key; text NULL = neither given nor a default. */
struct arch_given {
    struct setting key[N_ARCH_KEYS];
    bool trained;
};

#endif
