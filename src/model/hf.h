/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Families of Hugging Face configurations, inside the room only: see model_from_hf. */
#ifndef MODEL_HF_H
#define MODEL_HF_H

#include "model/hf_json.h"
#include "model/model_arch.h"

#include <stdbool.h>

enum hf_window {
    HF_WINDOW_NONE,   /* windows only where layer_types says so */
    HF_WINDOW_ALL,    /* sliding_window applies to every layer */
    HF_WINDOW_FLAG,   /* only with use_sliding_window, from layer max_window_layers on */
    HF_WINDOW_1_1,    /* windowed and global layers alternate */
    HF_WINDOW_PATTERN /* sliding_window_pattern - 1 windowed layers, then a global one */
};

/* What a family does without saying so in its config. */
struct hf_family {
    const char *model_type;
    const char *unsupported; /* NULL, or which operator is missing */
    bool gated, layernorm, norm_bias, parallel, tied, learned_positions, ffn_bias;
    int attn_bias;    /* 0 none, 1 q k v, 2 also the output */
    bool no_out_bias; /* attention_bias speaks of q, k and v alone */
    int qk_norm;
    double norms_per_layer;
    enum hf_window window;
    bool expert_is_intermediate; /* intermediate_size is the width of an expert */
    bool head_bias, router_bias, expert_bias, sinks, embedding_norm, shared_gate;
    double extra_positions;
};

/** The family of that model_type, or NULL. */
const struct hf_family *hf_family_find(const char *model_type);

/* A config while it is read: numbers that were not there are NaN or 0. */
struct hf_reading {
    struct hf_doc d;
    struct arch x;
    const struct hf_family *family;
};

/** OpenELM's heads and FFN widths of each layer. */
cosim_status hf_read_layer_lists(struct hf_reading *r);
cosim_status hf_read_ffn(struct hf_reading *r);
/** Counts and widths of experts, and which layers have them. */
cosim_status hf_read_experts(struct hf_reading *r);
/** Which layers are windowed: layer_types, or the family's habit. */
cosim_status hf_read_windows(struct hf_reading *r);

#endif
