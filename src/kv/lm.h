/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small llama-style language model (RMSNorm, rotary embedding, grouped-query attention, SwiGLU)
 * read from GGUF and run on the CPU in float, so that K/V and weight formats can be tried on real
 * tensors. One token per byte. Sums run in a fixed order: the same bits on any number of threads
 * and with or without AVX2.
 */
#ifndef KV_LM_H
#define KV_LM_H

#include "core/arena.h"
#include "core/err.h"
#include "kv/fakequant.h"
#include "kv/quantise.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lm_config {
    size_t n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ff, n_vocab;
    float norm_eps;
    double rope_base;
};

/* y[out] = W x. `stored` is [out][in] as in the file; `w` is what the forward pass uses. */
struct lm_matrix {
    const char *name;
    size_t n_in, n_out;
    const float *stored;
    float *w;       /* packed for lm_gemm, or a copy of `stored` for the embedding */
    bool is_lookup; /* token embedding: rows are looked up */
};

enum lm_role { LM_Q, LM_K, LM_V, LM_OUT, LM_GATE, LM_UP, LM_DOWN, LM_N_ROLES };

struct lm_layer {
    const float *attn_norm, *ffn_norm;
    size_t matrix[LM_N_ROLES]; /* indices into lm.matrix */
};

struct lm {
    struct lm_config c;
    struct lm_layer *layer;
    struct lm_matrix *matrix; /* n_matrices: embedding, output, then seven per layer */
    size_t n_matrices;
    const float *output_norm;
};

#define LM_EMBEDDING 0
#define LM_HEAD 1

/** Reads architecture "llama" with a byte vocabulary (256 entries). EUNSUPPORTED for others. */
cosim_status lm_load(struct lm *m, const char *path, struct arena *a, cosim_error *e);

/**
 * Rounds matrix i to a format and back (NULL: as stored). The rows are the inputs, as in ggml.
 * ERANGE when the rows do not divide into blocks. Not while another thread uses the model.
 */
cosim_status lm_set_format(struct lm *m, size_t i, const struct fq_format *f, cosim_error *e);

/* How one layer's K and V are held. All zero: in full. */
struct lm_kv {
    const struct kv_scheme *scheme; /* KVTuner's quantisers ... */
    unsigned k_bits, v_bits;
    const struct fq_format *k_format, *v_format; /* ... or ggml's, along the head dimension */
    bool hadamard;                               /* ggml's: rotate each head vector before */
};

/* What a forward pass may hand out besides logits; NULL = not wanted. All [layer][token][...]. */
struct lm_capture {
    float *hidden;    /* input of each layer, d_model */
    float *q, *k, *v; /* after the rotary embedding; heads x head_dim */
};

struct lm_scratch; /* memory of one thread */

cosim_status lm_scratch_new(struct lm_scratch **s, const struct lm *m, size_t n_tokens,
                            cosim_error *e);
void lm_scratch_free(struct lm_scratch *s);

/**
 * Runs a window of n_tokens from position 0 with causal attention, K and V rounded as they are
 * cached. kv: n_layers entries or NULL. Starts at first_layer with `hidden` (its input,
 * [n_tokens][d_model]) when first_layer > 0. Writes logits[n_tokens][n_vocab].
 */
void lm_forward(const struct lm *m, struct lm_scratch *s, const uint8_t *token, size_t n_tokens,
                const struct lm_kv *kv, size_t first_layer, const float *hidden,
                const struct lm_capture *capture, float *logits);

#endif
