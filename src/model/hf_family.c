/* SPDX-License-Identifier: GPL-3.0-or-later */
/* To add a family: one row. Facts from the model code of Hugging Face transformers (recalled),
 * checked by parameter counts of the rows of workloads/models.csv. */
#include "model/hf.h"

#include <stddef.h>
#include <string.h>

#define MLA "multi-head latent attention (MLA) has no operator yet"
#define DSA "multi-head latent attention with a sparse index (DSA) has no operator yet"
#define LINEAR "linear attention layers have no operator yet"
#define SSM "state-space layers (Mamba) have no operator yet"
#define MIXED_HEADS "head counts that differ by attention type have no operator yet"
#define CHUNKED "chunked attention has no operator yet"

static const struct hf_family families[] = {
    /* dense, RMSNorm, gated */
    { "llama", .gated = true, .norms_per_layer = 2 },
    { "mistral", .gated = true, .norms_per_layer = 2, .window = HF_WINDOW_ALL },
    { "ministral", .gated = true, .norms_per_layer = 2, .window = HF_WINDOW_ALL },
    { "mistral3", .gated = true, .norms_per_layer = 2, .window = HF_WINDOW_ALL },
    { "qwen2", .gated = true, .norms_per_layer = 2, .attn_bias = 1, .window = HF_WINDOW_FLAG },
    { "qwen3", .gated = true, .norms_per_layer = 2, .qk_norm = 1, .window = HF_WINDOW_FLAG },
    { "qwen3_vl", .gated = true, .norms_per_layer = 2, .qk_norm = 1, .tied = true },
    { "qwen3_vl_text", .gated = true, .norms_per_layer = 2, .qk_norm = 1, .tied = true },
    { "mimo", .gated = true, .norms_per_layer = 2, .attn_bias = 1, .window = HF_WINDOW_FLAG },
    { "smollm3", .gated = true, .norms_per_layer = 2, .tied = true },
    { "internlm2", .gated = true, .norms_per_layer = 2 },
    { "granite", .gated = true, .norms_per_layer = 2, .tied = true },
    { "phi3", .gated = true, .norms_per_layer = 2, .window = HF_WINDOW_ALL },
    { "olmo2", .gated = true, .norms_per_layer = 2, .qk_norm = 2 },
    { "chatglm", .gated = true, .norms_per_layer = 2, .attn_bias = 1 },
    { "gemma", .gated = true, .norms_per_layer = 2, .tied = true },
    { "gemma2", .gated = true, .norms_per_layer = 4, .tied = true, .window = HF_WINDOW_1_1 },
    { "gemma3", .gated = true, .norms_per_layer = 4, .qk_norm = 1, .tied = true,
      .window = HF_WINDOW_PATTERN },
    { "gemma3_text", .gated = true, .norms_per_layer = 4, .qk_norm = 1, .tied = true,
      .window = HF_WINDOW_PATTERN },
    { "openelm", .gated = true, .norms_per_layer = 2, .qk_norm = 1, .tied = true },
    /* dense, LayerNorm */
    { "gpt2", .layernorm = true, .norm_bias = true, .norms_per_layer = 2, .attn_bias = 2,
      .ffn_bias = true, .tied = true, .learned_positions = true },
    { "gptj", .layernorm = true, .norm_bias = true, .norms_per_layer = 1, .parallel = true,
      .ffn_bias = true, .head_bias = true },
    { "gpt_neox", .layernorm = true, .norm_bias = true, .norms_per_layer = 2, .attn_bias = 2,
      .ffn_bias = true },
    { "opt", .layernorm = true, .norm_bias = true, .norms_per_layer = 2, .attn_bias = 2,
      .ffn_bias = true, .tied = true, .learned_positions = true, .extra_positions = 2 },
    { "bloom", .layernorm = true, .norm_bias = true, .norms_per_layer = 2, .attn_bias = 2,
      .ffn_bias = true, .tied = true, .embedding_norm = true },
    { "falcon", .layernorm = true, .norm_bias = true, .norms_per_layer = 1, .parallel = true,
      .tied = true },
    { "phi", .layernorm = true, .norm_bias = true, .norms_per_layer = 1, .parallel = true,
      .attn_bias = 2, .ffn_bias = true, .head_bias = true },
    { "cohere", .gated = true, .layernorm = true, .norms_per_layer = 1, .parallel = true,
      .tied = true },
    { "cohere2", .gated = true, .layernorm = true, .norms_per_layer = 1, .parallel = true,
      .tied = true, .window = HF_WINDOW_PATTERN },
    { "nemotron", .layernorm = true, .norm_bias = true, .norms_per_layer = 2 },
    { "starcoder2", .layernorm = true, .norm_bias = true, .norms_per_layer = 2, .attn_bias = 2,
      .ffn_bias = true, .tied = true, .window = HF_WINDOW_ALL },
    /* mixture of experts */
    { "mixtral", .gated = true, .norms_per_layer = 2, .window = HF_WINDOW_ALL,
      .expert_is_intermediate = true },
    { "qwen2_moe", .gated = true, .norms_per_layer = 2, .attn_bias = 1, .shared_gate = true,
      .window = HF_WINDOW_FLAG },
    { "qwen3_moe", .gated = true, .norms_per_layer = 2, .qk_norm = 1, .window = HF_WINDOW_FLAG },
    { "olmoe", .gated = true, .norms_per_layer = 2, .qk_norm = 2, .expert_is_intermediate = true },
    { "granitemoe", .gated = true, .norms_per_layer = 2, .tied = true,
      .expert_is_intermediate = true },
    { "phimoe", .gated = true, .layernorm = true, .norm_bias = true, .norms_per_layer = 2,
      .attn_bias = 2, .head_bias = true, .expert_is_intermediate = true },
    { "dbrx", .gated = true, .layernorm = true, .norms_per_layer = 2,
      .expert_is_intermediate = true },
    { "deepseek", .gated = true, .norms_per_layer = 2 },
    { "glm4_moe", .gated = true, .norms_per_layer = 2, .router_bias = true, .no_out_bias = true },
    { "minimax_m2", .gated = true, .norms_per_layer = 2, .qk_norm = 2, .router_bias = true,
      .expert_is_intermediate = true },
    { "gpt_oss", .gated = true, .norms_per_layer = 2, .attn_bias = 2, .window = HF_WINDOW_1_1,
      .expert_is_intermediate = true, .sinks = true, .router_bias = true, .expert_bias = true },
    /* known, not computed */
    { "deepseek_v2", .unsupported = MLA },
    { "deepseek_v3", .unsupported = MLA },
    { "deepseek_v32", .unsupported = DSA },
    { "deepseek_v4", .unsupported = "compressed KV attention has no operator yet" },
    { "deepseek_ref", .unsupported = "compressed KV attention has no operator yet" },
    { "kimi_k2", .unsupported = MLA },
    { "kimi_k25", .unsupported = MLA },
    { "kimi_k3", .unsupported = LINEAR },
    { "glm_moe_dsa", .unsupported = DSA },
    { "qwen3_next", .unsupported = LINEAR },
    { "qwen3_5", .unsupported = LINEAR },
    { "qwen3_5_text", .unsupported = LINEAR },
    { "qwen3_5_moe", .unsupported = LINEAR },
    { "qwen3_5_moe_text", .unsupported = LINEAR },
    { "llama4", .unsupported = CHUNKED },
    { "llama4_text", .unsupported = CHUNKED },
    { "gemma4", .unsupported = MIXED_HEADS },
    { "gemma4_text", .unsupported = MIXED_HEADS },
    { "mimo_v2_flash", .unsupported = MIXED_HEADS },
    { "step3p7", .unsupported = MIXED_HEADS },
    { "minimax_m3", .unsupported = "sparse attention has no operator yet" },
    { "minimax_m3_vl", .unsupported = "sparse attention has no operator yet" },
    { "nemotron-nas", .unsupported = "layers without attention or FFN have no operator yet" },
    { "nemotron_h", .unsupported = SSM },
    { "mamba", .unsupported = SSM },
    { "mamba2", .unsupported = SSM },
    { "falcon_mamba", .unsupported = SSM },
    { "falcon_h1", .unsupported = SSM },
    { "jamba", .unsupported = SSM },
    { "rwkv", .unsupported = "RWKV layers have no operator yet" },
};

const struct hf_family *hf_family_find(const char *model_type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].model_type, model_type) == 0)
            return &families[i];
    return NULL;
}
