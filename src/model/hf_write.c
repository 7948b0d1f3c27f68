/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/hf_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_plain(const struct model *m)
{
    const struct layer *l = m->layer;

    if (m->unsupported || !l || !m->gated_ffn || m->layernorm || m->norm_bias || m->ffn_bias
        || m->attn_bias || m->attn_out_bias || m->parallel_block || m->learned_positions
        || m->qk_norm || m->extra_elems > 0.0 || m->extra_layer_elems > 0.0
        || l->d_shared_expert > 0.0 || l->window_tokens > 0.0 || l->v_head_dim < l->head_dim
        || l->v_head_dim > l->head_dim)
        return false;
    for (size_t i = 1; i < m->n_layers; i++)
        if (memcmp(l, &m->layer[i], sizeof *l) != 0)
            return false;
    return true;
}

static void put(const struct model *m, FILE *out)
{
    const struct layer *l = m->layer;
    const bool moe = l->n_experts > 0.0;

    (void)fprintf(out,
                  "{\n"
                  "  \"architectures\": [\"%s\"],\n"
                  "  \"model_type\": \"%s\",\n"
                  "  \"hidden_act\": \"silu\",\n"
                  "  \"hidden_size\": %.0f,\n"
                  "  \"num_hidden_layers\": %zu,\n"
                  "  \"num_attention_heads\": %.0f,\n"
                  "  \"num_key_value_heads\": %.0f,\n"
                  "  \"head_dim\": %.0f,\n"
                  "  \"intermediate_size\": %.0f,\n",
                  moe ? "MixtralForCausalLM" : "LlamaForCausalLM", moe ? "mixtral" : "llama",
                  m->d_model, m->n_layers, l->n_heads, l->n_kv_heads, l->head_dim,
                  moe ? l->d_expert : l->d_ff);
    if (moe)
        (void)fprintf(out,
                      "  \"num_local_experts\": %.0f,\n"
                      "  \"num_experts_per_tok\": %.0f,\n",
                      l->n_experts, l->n_active_experts);
    (void)fprintf(out,
                  "  \"vocab_size\": %.0f,\n"
                  "  \"max_position_embeddings\": %.0f,\n"
                  "  \"tie_word_embeddings\": %s\n"
                  "}\n",
                  m->vocab, m->max_ctx_tokens, m->tied_embeddings ? "true" : "false");
}

cosim_status model_to_hf(const struct model *m, const char *path, cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };

    if (!is_plain(m))
        return err_set(e, COSIM_EUNSUPPORTED, "'%s' has no plain Llama or Mixtral layers", m->id);
    FILE *out = fopen(path, "wb");
    if (!out)
        return err_at(e, COSIM_EIO, &at, "%s", strerror(errno));
    put(m, out);
    const bool failed = ferror(out) != 0;
    return fclose(out) != 0 || failed ? err_at(e, COSIM_EIO, &at, "%s", strerror(errno)) : COSIM_OK;
}
