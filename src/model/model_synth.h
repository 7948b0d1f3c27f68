/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model from a handful of numbers: what a search over architectures hands to the engine. */
#ifndef MODEL_SYNTH_H
#define MODEL_SYNTH_H

#include "model/model.h"

/* A decoder of equal layers as Llama has them: RMSNorm twice a layer and once at the end, gated
 * FFN, no biases, full attention; with experts as Mixtral has them (a router, none shared). */
struct model_shape {
    double layers, d_model;
    double head_dim;
    double heads;          /* 0 = d_model / head_dim */
    double gqa;            /* query heads per KV head */
    double ffn_ratio;      /* FFN width of the active experts together / d_model */
    double experts;        /* 0 or 1 = dense */
    double active_experts; /* of each token; dense: not read */
    double vocab, max_ctx_tokens;
    bool tied_embeddings;
};

/** Heads of the shape, and the FFN width of one expert (of the layer, when dense): not rounded. */
double model_shape_heads(const struct model_shape *s);
double model_shape_expert_width(const struct model_shape *s);

/**
 * Why no such model can be built ("heads: 14.5 is no whole number"), or NULL. `buffer` holds the
 * text.
 */
const char *model_shape_problem(const struct model_shape *s, char buffer[160]);

/**
 * Lays out the model; its id names the shape: synth-l16-d2048-h64-r0.5-g4-e8k1-v151936, with
 * -untied when the head is a matrix of its own. ERANGE for shapes that cannot be built.
 */
cosim_status model_synth(struct model *m, const struct model_shape *s, struct arena *a,
                         cosim_error *e);

#endif
