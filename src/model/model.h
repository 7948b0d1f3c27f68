/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Architectures (workloads/models.csv, or a Hugging Face config.json). NULL and NaN = unknown. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

enum mixer { MIXER_ATTENTION, MIXER_OTHER };

/* One layer; equal layers compare equal byte for byte (zero the struct first). */
struct layer {
    enum mixer mixer;
    double n_heads, n_kv_heads, head_dim, v_head_dim;
    double window_tokens;                         /* 0 = full attention */
    double d_ff;                                  /* dense FFN width; 0 = none */
    double n_experts, n_active_experts, d_expert; /* 0 = dense */
    double d_shared_expert;                       /* total width of the shared experts, 0 = none */
};

struct model {
    const char *id;      /* unique: llama-3.1-8b */
    const char *aliases; /* other names, separated by blanks, or NULL */
    const char *name, *hf_id, *family, *activation, *source, *notes;
    double d_model, vocab, max_ctx_tokens;
    size_t n_layers;
    const struct layer *layer; /* n_layers */
    bool gated_ffn, tied_embeddings, learned_positions, layernorm, norm_bias, ffn_bias;
    bool attn_bias, attn_out_bias;    /* of q, k and v; of the output projection */
    bool parallel_block;              /* attention and FFN share one norm and run side by side */
    int qk_norm;                      /* 0 none, 1 per head dim, 2 full width */
    double norms_per_layer;           /* norms of width d_model, without qk norms */
    double extra_layer_elems;         /* sinks, sub-norms, router and expert biases of each layer */
    double extra_elems;               /* embedding norm, head bias, extra positions */
    double n_params, n_active_params; /* counted by formula from this struct; NaN if unsupported */
    double n_params_published, n_active_params_published; /* NaN = unknown */
    const char *params_accept; /* why the published count is not exact; NULL = it should be */
    const char *unsupported;   /* NULL, or why the engine cannot compute it yet; then no layers */
    unsigned line;
};

struct model_db {
    const char *path;
    const struct model *model; /* sorted by id */
    size_t n;
};

cosim_status model_db_load(struct model_db *db, const char *path, struct arena *a, cosim_error *e);

/**
 * Reads a Hugging Face config.json (design in docs: families and key aliases). The id is the name
 * of the folder of the file, or of the file. Assumed values are listed in model->notes, unknown
 * keys are ignored. ESYNTAX with line and column for broken JSON, ERANGE for numbers no model can
 * have; families that need other operators are read and get `unsupported`.
 */
cosim_status model_from_hf(struct model *m, const char *path, struct arena *a, cosim_error *e);

/** As model_from_hf from memory; `name` stands for the path. */
cosim_status model_hf_parse(struct model *m, const char *name, const void *data, size_t n,
                            struct arena *a, cosim_error *e);

/**
 * By id, alias, name or hf_id, case-blind, "_" as "-", an organisation before "/" and the words
 * meta, instruct, chat, it, hf and base dropped; EUNKNOWN with a suggestion.
 */
cosim_status model_find(const struct model_db *db, const char *id, const struct model **m,
                        cosim_error *e);

/* One weight tensor of the model; the experts of a layer are one tensor. */
struct model_tensor {
    int tensor;               /* enum tensor_id */
    size_t layer;             /* SIZE_MAX outside the layers */
    double row_elems, n_rows; /* row_elems = inputs; n_rows counts all experts */
};

/**
 * Calls `visit` for every weight tensor in file order (embedding, layers 0.., final norm, head).
 * The sum of row_elems * n_rows is the parameter count. Stops and returns when visit is non-zero.
 */
int model_each_tensor(const struct model *m, int (*visit)(const struct model_tensor *t, void *user),
                      void *user);

double model_count_params(const struct model *m);
double model_count_active_params(const struct model *m);

#endif
