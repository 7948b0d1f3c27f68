/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include "core/arena.h"
#include "core/num.h"
#include "support/close.h"

#include <string.h>

static struct arena arena;
static struct model_db db;

static int setup(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    return model_db_load(&db, "workloads/models.csv", &arena, &e) == COSIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static cosim_status parse(const char *text, struct model *m, cosim_error *e)
{
    return model_hf_parse(m, "models/it/config.json", text, strlen(text), &arena, e);
}

/* A config.json and the row of models.csv with the same shape: equal counts, equal layers. */
static const struct {
    const char *id, *config;
} same[] = {
    { "llama-3.1-8b",
      "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":4096,"
      "\"intermediate_size\":14336,\"num_hidden_layers\":32,\"num_attention_heads\":32,"
      "\"num_key_value_heads\":8,\"vocab_size\":128256,\"max_position_embeddings\":131072,"
      "\"attention_bias\":false,\"mlp_bias\":false,\"hidden_act\":\"silu\","
      "\"rope_scaling\":{\"factor\":8.0},\"tie_word_embeddings\":false,\"unheard_of\":[1]}" },
    { "qwen2.5-7b",
      "{\"model_type\":\"qwen2\",\"hidden_size\":3584,\"intermediate_size\":18944,"
      "\"num_hidden_layers\":28,\"num_attention_heads\":28,\"num_key_value_heads\":4,"
      "\"vocab_size\":152064,\"max_position_embeddings\":131072,\"sliding_window\":131072,"
      "\"use_sliding_window\":false,\"max_window_layers\":28,\"tie_word_embeddings\":false}" },
    { "mistral-7b-v0.1",
      "{\"model_type\":\"mistral\",\"hidden_size\":4096,\"intermediate_size\":14336,"
      "\"num_hidden_layers\":32,\"num_attention_heads\":32,\"num_key_value_heads\":8,"
      "\"vocab_size\":32000,\"max_position_embeddings\":32768,\"sliding_window\":4096,"
      "\"tie_word_embeddings\":false}" },
    { "mixtral-8x7b",
      "{\"model_type\":\"mixtral\",\"hidden_size\":4096,\"intermediate_size\":14336,"
      "\"num_hidden_layers\":32,\"num_attention_heads\":32,\"num_key_value_heads\":8,"
      "\"num_local_experts\":8,\"num_experts_per_tok\":2,\"vocab_size\":32000,"
      "\"max_position_embeddings\":32768,\"sliding_window\":null,\"tie_word_embeddings\":false}" },
    { "qwen3-30b-a3b",
      "{\"model_type\":\"qwen3_moe\",\"hidden_size\":2048,\"intermediate_size\":6144,"
      "\"moe_intermediate_size\":768,\"num_experts\":128,\"num_experts_per_tok\":8,"
      "\"head_dim\":128,\"num_hidden_layers\":48,\"num_attention_heads\":32,"
      "\"num_key_value_heads\":4,\"decoder_sparse_step\":1,\"mlp_only_layers\":[],"
      "\"attention_bias\":false,\"vocab_size\":151936,\"max_position_embeddings\":40960,"
      "\"tie_word_embeddings\":false}" },
    { "qwen1.5-moe-a2.7b",
      "{\"model_type\":\"qwen2_moe\",\"hidden_size\":2048,\"intermediate_size\":5632,"
      "\"moe_intermediate_size\":1408,\"shared_expert_intermediate_size\":5632,"
      "\"num_experts\":60,\"num_experts_per_tok\":4,\"num_hidden_layers\":24,"
      "\"num_attention_heads\":16,\"num_key_value_heads\":16,\"decoder_sparse_step\":1,"
      "\"vocab_size\":151936,\"max_position_embeddings\":8192,\"tie_word_embeddings\":false}" },
    { "deepseek-moe-16b",
      "{\"model_type\":\"deepseek\",\"hidden_size\":2048,\"intermediate_size\":10944,"
      "\"moe_intermediate_size\":1408,\"n_shared_experts\":2,\"n_routed_experts\":64,"
      "\"num_experts_per_tok\":6,\"moe_layer_freq\":1,\"first_k_dense_replace\":1,"
      "\"num_hidden_layers\":28,\"num_attention_heads\":16,\"num_key_value_heads\":16,"
      "\"vocab_size\":102400,\"max_position_embeddings\":4096,\"tie_word_embeddings\":false}" },
    { "gpt-oss-20b", "{\"model_type\":\"gpt_oss\",\"hidden_size\":2880,\"intermediate_size\":2880,"
                     "\"head_dim\":64,\"num_hidden_layers\":24,\"num_attention_heads\":64,"
                     "\"num_key_value_heads\":8,\"num_local_experts\":32,\"num_experts_per_tok\":4,"
                     "\"sliding_window\":128,\"attention_bias\":true,\"vocab_size\":201088,"
                     "\"max_position_embeddings\":131072,\"tie_word_embeddings\":false}" },
    { "glm-4.5-air",
      "{\"model_type\":\"glm4_moe\",\"hidden_size\":4096,\"intermediate_size\":10944,"
      "\"moe_intermediate_size\":1408,\"n_routed_experts\":128,\"n_shared_experts\":1,"
      "\"num_experts_per_tok\":8,\"first_k_dense_replace\":1,\"head_dim\":128,"
      "\"num_hidden_layers\":46,\"num_attention_heads\":96,\"num_key_value_heads\":8,"
      "\"attention_bias\":true,\"use_qk_norm\":false,\"vocab_size\":151552,"
      "\"max_position_embeddings\":131072,\"tie_word_embeddings\":false}" },
    { "gemma-3-1b",
      "{\"model_type\":\"gemma3_text\",\"hidden_size\":1152,\"intermediate_size\":6912,"
      "\"head_dim\":256,\"num_hidden_layers\":26,\"num_attention_heads\":4,"
      "\"num_key_value_heads\":1,\"vocab_size\":262144,\"max_position_embeddings\":32768,"
      "\"sliding_window\":512,\"sliding_window_pattern\":6}" },
    { "gemma-2-2b",
      "{\"model_type\":\"gemma2\",\"hidden_size\":2304,\"intermediate_size\":9216,"
      "\"head_dim\":256,\"num_hidden_layers\":26,\"num_attention_heads\":8,"
      "\"num_key_value_heads\":4,\"vocab_size\":256000,\"max_position_embeddings\":8192,"
      "\"sliding_window\":4096}" },
    { "gpt-2-125m",
      "{\"model_type\":\"gpt2\",\"n_embd\":768,\"n_layer\":12,\"n_head\":12,\"n_inner\":null,"
      "\"vocab_size\":50257,\"n_positions\":1024}" },
    { "opt-1.3b", "{\"model_type\":\"opt\",\"hidden_size\":2048,\"word_embed_proj_dim\":2048,"
                  "\"ffn_dim\":8192,\"num_hidden_layers\":24,\"num_attention_heads\":32,"
                  "\"vocab_size\":50272,\"max_position_embeddings\":2048}" },
    { "falcon-7b",
      "{\"model_type\":\"falcon\",\"hidden_size\":4544,\"num_hidden_layers\":32,"
      "\"num_attention_heads\":71,\"multi_query\":true,\"new_decoder_architecture\":false,"
      "\"bias\":false,\"parallel_attn\":true,\"vocab_size\":65024,\"max_seq_len\":2048}" },
    { "falcon-40b", "{\"model_type\":\"falcon\",\"hidden_size\":8192,\"num_hidden_layers\":60,"
                    "\"num_attention_heads\":128,\"num_kv_heads\":8,\"multi_query\":true,"
                    "\"new_decoder_architecture\":true,\"bias\":false,\"vocab_size\":65024,"
                    "\"max_seq_len\":2048}" },
    { "dbrx", "{\"model_type\":\"dbrx\",\"d_model\":6144,\"n_layers\":40,\"n_heads\":48,"
              "\"attn_config\":{\"kv_n_heads\":8},\"ffn_config\":{\"ffn_hidden_size\":10752,"
              "\"moe_num_experts\":16,\"moe_top_k\":4},\"vocab_size\":100352,\"max_seq_len\":32768,"
              "\"tie_word_embeddings\":false}" },
    { "phi-2", "{\"model_type\":\"phi\",\"hidden_size\":2560,\"intermediate_size\":10240,"
               "\"num_hidden_layers\":32,\"num_attention_heads\":32,\"vocab_size\":51200,"
               "\"max_position_embeddings\":2048,\"tie_word_embeddings\":false}" },
    { "glm-4-9b",
      "{\"model_type\":\"chatglm\",\"hidden_size\":4096,\"ffn_hidden_size\":13696,"
      "\"num_layers\":40,\"num_attention_heads\":32,\"kv_channels\":128,"
      "\"multi_query_attention\":true,\"multi_query_group_num\":2,\"add_qkv_bias\":true,"
      "\"padded_vocab_size\":151552,\"seq_length\":131072,\"tie_word_embeddings\":false}" },
    { "openelm-270m",
      "{\"model_type\":\"openelm\",\"model_dim\":1280,\"num_transformer_layers\":16,"
      "\"head_dim\":64,\"vocab_size\":32000,\"max_context_length\":2048,"
      "\"ffn_dim_divisor\":256,\"share_input_output_layers\":true,"
      "\"ffn_multipliers\":[0.5,0.73,0.97,1.2,1.43,1.67,1.9,2.13,2.37,2.6,2.83,3.07,3.3,3.53,"
      "3.77,4.0],\"num_query_heads\":[12,12,12,12,12,16,16,16,16,16,16,16,20,20,20,20],"
      "\"num_kv_heads\":[3,3,3,3,3,4,4,4,4,4,4,4,5,5,5,5]}" },
    { "llama-3.1-8b", /* nested, as in multimodal files */
      "{\"model_type\":\"mllm\",\"vision_config\":{\"hidden_size\":7},"
      "\"text_config\":{\"model_type\":\"llama\",\"hidden_size\":4096,"
      "\"intermediate_size\":14336,\"num_hidden_layers\":32,\"num_attention_heads\":32,"
      "\"num_key_value_heads\":8,\"vocab_size\":128256,\"max_position_embeddings\":131072}}" },
};

static void configs_give_the_models_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct model *want = NULL;
        struct model m;
        cosim_error e = { 0 };
        assert_int_equal(model_find(&db, same[i].id, &want, &e), COSIM_OK);
        if (parse(same[i].config, &m, &e) != COSIM_OK)
            fail_msg("%s: %s:%u:%u: %s", same[i].id, e.file, e.line, e.col, e.msg);
        if (m.unsupported || m.n_params != want->n_params
            || m.n_active_params != want->n_active_params)
            fail_msg("%s: %.0f parameters (%.0f active), want %.0f (%.0f)", same[i].id, m.n_params,
                     m.n_active_params, want->n_params, want->n_active_params);
        assert_int_equal(m.n_layers, want->n_layers);
        assert_memory_equal(m.layer, want->layer, m.n_layers * sizeof *m.layer);
        assert_string_equal(m.id, "it");
    }
}

static void what_was_assumed_is_listed(void **state)
{
    struct model m;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(parse("{\"model_type\":\"gpt2\",\"n_embd\":768,\"n_layer\":12,\"n_head\":12,"
                           "\"vocab_size\":50257,\"n_positions\":1024}",
                           &m, &e),
                     COSIM_OK);
    assert_non_null(strstr(m.notes, "FFN width = 4 x hidden size"));
    assert_non_null(strstr(m.notes, "tied embeddings"));
    assert_non_null(strstr(m.notes, "head_dim = hidden size / heads"));
}

static void families_with_other_operators_say_so(void **state)
{
    static const struct {
        const char *type, *why;
    } other[] = {
        { "deepseek_v3", "MLA" },     { "mamba2", "Mamba" },         { "qwen3_next", "linear" },
        { "llama4_text", "chunked" }, { "brand_new", "model_type" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        char text[256];
        struct model m;
        cosim_error e = { 0 };
        (void)snprintf(text, sizeof text,
                       "{\"model_type\":\"%s\",\"hidden_size\":64,\"num_hidden_layers\":2}",
                       other[i].type);
        assert_int_equal(parse(text, &m, &e), COSIM_OK);
        assert_non_null(m.unsupported);
        assert_non_null(strstr(m.unsupported, other[i].why));
        assert_null(m.layer);
        assert_false(is_known(m.n_params));
    }
}

#define TINY                                                                                       \
    "\"model_type\":\"llama\",\n\"num_hidden_layers\":2,\"num_attention_heads\":4,"                \
    "\"vocab_size\":100,"

static void hostile_configs_are_refused_with_a_place(void **state)
{
    static const struct {
        const char *text, *msg;
        cosim_status st;
        unsigned line;
    } bad[] = {
        { "", "JSON", COSIM_ESYNTAX, 1 },
        { "[]", "not a JSON object", COSIM_ESYNTAX, 0 },
        { "{\"a\":1,\n\"b\":}", "JSON", COSIM_ESYNTAX, 2 },
        { "{}", "model_type", COSIM_ESYNTAX, 0 },
        { "{\"model_type\":7}", "model_type", COSIM_ESYNTAX, 1 },
        { "{" TINY "\n\"hidden_size\":-1,\"intermediate_size\":128}", "hidden_size", COSIM_ERANGE,
          3 },
        { "{" TINY "\n\"hidden_size\":1e300,\"intermediate_size\":128}", "hidden_size",
          COSIM_ERANGE, 3 },
        { "{" TINY "\"hidden_size\":1e999}", "JSON", COSIM_ERANGE, 2 },
        { "{" TINY "\"hidden_size\":99999999999999999999}", "JSON", COSIM_ERANGE, 2 },
        { "{" TINY "\"hidden_size\":64.5,\"intermediate_size\":128}", "whole", COSIM_ERANGE, 2 },
        { "{" TINY "\"hidden_size\":\"64\"}", "not a number", COSIM_ESYNTAX, 2 },
        { "{" TINY "\"hidden_size\":64}", "FFN", COSIM_ERANGE, 0 },
        { "{" TINY "\"hidden_size\":64,\"intermediate_size\":128,\"num_key_value_heads\":3}",
          "multiple", COSIM_ERANGE, 0 },
        { "{" TINY "\"hidden_size\":64,\"intermediate_size\":128,\"num_key_value_heads\":0}",
          "kv_heads", COSIM_ERANGE, 0 },
        { "{" TINY "\"hidden_size\":66,\"intermediate_size\":128}", "head_dim", COSIM_ERANGE, 0 },
        { "{" TINY "\"hidden_size\":64,\"intermediate_size\":128,\"tie_word_embeddings\":3}",
          "true nor false", COSIM_ESYNTAX, 2 },
        { "{" TINY "\"hidden_size\":64,\"intermediate_size\":128,\"layer_types\":[\"x\"]}",
          "every layer", COSIM_ERANGE, 2 },
        { "{" TINY "\"hidden_size\":64,\"intermediate_size\":128,\"num_experts\":4}",
          "moe_intermediate_size", COSIM_ESYNTAX, 0 },
        { "{\"model_type\":\"llama\",\"num_hidden_layers\":100000000}", "num_hidden_layers",
          COSIM_ERANGE, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct model m;
        cosim_error e = { 0 };
        const cosim_status st = parse(bad[i].text, &m, &e);
        if (st != bad[i].st || !strstr(e.msg, bad[i].msg) || e.line != bad[i].line)
            fail_msg("case %zu: status %d, %s:%u:%u: %s", i, (int)st, e.file, e.line, e.col, e.msg);
    }
    struct model m;
    cosim_error e = { 0 };
    assert_int_equal(model_from_hf(&m, "/nowhere/config.json", &arena, &e), COSIM_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_give_the_models_of_the_table),
        cmocka_unit_test(what_was_assumed_is_listed),
        cmocka_unit_test(families_with_other_operators_say_so),
        cmocka_unit_test(hostile_configs_are_refused_with_a_place),
    };
    return cmocka_run_group_tests_name("model/hf", tests, setup, teardown);
}
