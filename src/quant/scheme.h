/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A weight scheme gives every tensor of a model its format: a plain format ("int4-g128"), a recipe
 * (workloads/recipes.csv: "q4_k_m", a llama.cpp mixture) and overrides per tensor class and layers.
 *
 *   scheme   := name { "+" override }
 *   override := tensor [ "@" layers ] "=" format      ffn_down@0-3,31=q6_k
 *   tensor   := class of the list below | set | "*"
 *   set      := "linear" (the matrices of the layers) | "attn" | "ffn" (experts too) | "experts"
 *   layers   := first [ "-" last ] { "," ... }
 *
 * The last override that matches a tensor wins. A plain format quantises the matrices of the layers
 * (attention, FFN, experts) and leaves embeddings, head, norms, router and biases at 16 bits, as
 * GPTQ, AWQ and FP8 checkpoints do; "fp8+token_embd=fp8+lm_head=fp8" or "fp8+*=fp8" quantises more.
 * "*" = every weight matrix but router and position embeddings. A name that is both a recipe and a
 * format ("q8_0") is the recipe. Block formats fall back as llama.cpp does when a row does not
 * divide. Recipes are llama.cpp's mixtures for unfused q, k, v.
 */
#ifndef QUANT_SCHEME_H
#define QUANT_SCHEME_H

#include "quant/format.h"

/* id, name, gguf name: what kinds of weight tensors exist. */
#define TENSOR_LIST(X)                                                                             \
    X(TOKEN_EMBD, "token_embd", "token_embd")                                                      \
    X(POS_EMBD, "pos_embd", "position_embd")                                                       \
    X(OUTPUT, "lm_head", "output")                                                                 \
    X(ATTN_Q, "attn_q", "attn_q")                                                                  \
    X(ATTN_K, "attn_k", "attn_k")                                                                  \
    X(ATTN_V, "attn_v", "attn_v")                                                                  \
    X(ATTN_OUT, "attn_out", "attn_output")                                                         \
    X(FFN_GATE, "ffn_gate", "ffn_gate")                                                            \
    X(FFN_UP, "ffn_up", "ffn_up")                                                                  \
    X(FFN_DOWN, "ffn_down", "ffn_down")                                                            \
    X(ROUTER, "router", "ffn_gate_inp")                                                            \
    X(EXP_GATE, "exp_gate", "ffn_gate_exps")                                                       \
    X(EXP_UP, "exp_up", "ffn_up_exps")                                                             \
    X(EXP_DOWN, "exp_down", "ffn_down_exps")                                                       \
    X(SHEXP_GATE, "shexp_gate", "ffn_gate_shexp")                                                  \
    X(SHEXP_UP, "shexp_up", "ffn_up_shexp")                                                        \
    X(SHEXP_DOWN, "shexp_down", "ffn_down_shexp")                                                  \
    X(NORM, "norm", "norm")                                                                        \
    X(BIAS, "bias", "bias")

enum tensor_id {
#define TENSOR_ENUM(id, name, gguf) TENSOR_##id,
    TENSOR_LIST(TENSOR_ENUM)
#undef TENSOR_ENUM
        N_TENSORS
};

const char *tensor_name(enum tensor_id t);
const char *tensor_gguf_name(enum tensor_id t);

/** Bits (1 << tensor) of a tensor, a set or "*" by name; 0 when there is none of that name. */
unsigned tensor_set(const char *name);

/** The tensor kind of that name, or N_TENSORS. */
enum tensor_id tensor_find(const char *name);

/* What a recipe's rules may ask about a model; plain numbers, so that quant knows no model. */
struct scheme_context {
    size_t n_layers;
    double n_heads, n_kv_heads, n_experts, n_params;
    bool tied_embeddings;
};

/* One tensor: rows of row_elems (= inputs), n_rows rows (all experts counted). */
struct scheme_tensor {
    enum tensor_id id;
    size_t layer; /* SIZE_MAX outside the layers */
    double row_elems, n_rows;
};

#define SCHEME_TEXT_MAX 4096u

struct scheme; /* parsed; lives in the arena */

struct scheme_db {
    const struct format_db *formats;
    const char *path;
    const struct recipe_row *recipe; /* rows of recipes.csv in file order: first match wins */
    size_t n_recipes;
};

cosim_status scheme_db_load(struct scheme_db *db, const char *path, const struct format_db *formats,
                            struct arena *a, cosim_error *e);

/**
 * Parses the grammar above for weights. Errors name the text's column and suggest names;
 * at most SCHEME_TEXT_MAX characters.
 */
cosim_status scheme_parse(const struct scheme_db *db, const char *text, const struct scheme **s,
                          struct arena *a, cosim_error *e);

/**
 * The same grammar for one side of the KV cache (`role` ROLE_K or ROLE_V): no recipes, every format
 * must serve in that role, and overrides name attn_k, attn_v or "*": "kv4+*@0-1,30-31=kv8".
 * scheme_format is then asked with attn_k or attn_v and rows of head_dim.
 */
cosim_status scheme_parse_kv(const struct scheme_db *db, const char *text, enum role role,
                             const struct scheme **s, struct arena *a, cosim_error *e);

/** The i-th recipe name in file order, or NULL past the end. */
const char *scheme_recipe_name(const struct scheme_db *db, size_t i);

/** The text; without overrides the id of the recipe or format, whichever alias was typed. */
const char *scheme_text(const struct scheme *s);

/** The format of one tensor, after recipe rules, overrides and row-length fallbacks. */
const struct format *scheme_format(const struct scheme *s, const struct scheme_context *c,
                                   const struct scheme_tensor *t);

/** Exact stored bytes of that tensor in its format. */
double scheme_tensor_bytes(const struct scheme *s, const struct scheme_context *c,
                           const struct scheme_tensor *t);

#endif
