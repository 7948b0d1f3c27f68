/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a source file says about an architecture before it is laid out layer by layer. Inside the
 * room only: models.csv and config.json both fill a `struct arch`, one function builds the model.
 * Numbers of things a model has not are 0; list pointers are NULL when all layers are equal.
 */
#ifndef MODEL_ARCH_H
#define MODEL_ARCH_H

#include "model/model.h"

struct arch {
    struct model m; /* everything that is not per layer */
    double layers, heads, kv_heads, head_dim, v_head_dim, d_ff;
    double experts, active_experts, d_expert, d_shared_expert, first_dense_layers;
    double window_tokens, local_layers, global_layers; /* pattern local:global, local first */
    double *heads_of, *kv_heads_of, *d_ff_of;          /* per layer, or NULL */
    double *window_of;                                 /* per layer, 0 = full; or NULL */
    double *is_moe_of;                                 /* per layer, 0 or 1; or NULL */
};

/* Nothing bigger is believable, and sums of products stay exact in a double. */
#define ARCH_LAYERS_MAX 4096.0
#define ARCH_WIDTH_MAX 1048576.0
#define ARCH_COUNT_MAX 65536.0
#define ARCH_VOCAB_MAX 16777216.0
#define ARCH_CTX_MAX 1e9

/**
 * Checks that the numbers make a model and lays out its layers. `at` is where errors point.
 * ERANGE for impossible combinations. With m.unsupported set only d_model and layers are needed.
 */
cosim_status arch_to_model(const struct arch *x, struct model *m, const struct src_pos *at,
                           struct arena *a, cosim_error *e);

#endif
