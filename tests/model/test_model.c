/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include "core/arena.h"
#include "core/num.h"
#include "quant/scheme.h"
#include "support/close.h"

#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct model_db db;

static int setup(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (model_db_load(&db, "workloads/models.csv", &arena, &e) != COSIM_OK) {
        fprintf(stderr, "%s:%u:%u: %s\n", e.file, e.line, e.col, e.msg);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct model *get(const char *id)
{
    cosim_error e = { 0 };
    const struct model *m = NULL;

    if (model_find(&db, id, &m, &e) != COSIM_OK)
        fail_msg("%s (%s)", e.msg, e.hint);
    return m;
}

struct sum {
    double all, layer0;
    size_t n;
};

static int add(const struct model_tensor *t, void *user)
{
    struct sum *s = user;
    const bool matrix = t->tensor != TENSOR_NORM && t->tensor != TENSOR_BIAS;

    s->all += t->row_elems * t->n_rows;
    if (t->layer == 0 && matrix)
        s->layer0 += t->row_elems * t->n_rows;
    s->n++;
    return 0;
}

static void the_reference_model_has_the_worked_counts(void **state)
{
    const struct model *m = get("llama-3.1-8b");
    struct sum s = { 0 };

    (void)state;
    assert_int_equal(model_each_tensor(m, add, &s), 0);
    assert_rel(s.all, 8030261248.0, 0);   /* T1.1 P */
    assert_rel(s.layer0, 218103808.0, 0); /* T1.1 P_layer */
    assert_rel(m->n_params, s.all, 0);
    assert_rel(m->n_active_params, s.all, 0);
    assert_int_equal(s.n, 2 + 32 * 9 + 1);
}

/* Rows whose published count is a nominal name say why; then it may be 1 % away. */
static double tolerance(const struct model *m)
{
    return m->params_accept ? 0.01 : 0.005;
}

static void counts_are_within_half_a_percent_of_the_published_ones(void **state)
{
    size_t computed = 0, tight = 0, known = 0;
    const char *worst = "";
    double worst_error = 0.0;

    (void)state;
    assert_true(db.n >= 160);
    for (size_t i = 0; i < db.n; i++) {
        const struct model *m = &db.model[i];
        computed += m->unsupported == NULL;
        if (m->unsupported || !is_known(m->n_params_published))
            continue;
        const double error = fabs(m->n_params / m->n_params_published - 1.0);
        known++;
        tight += error <= 0.001;
        if (!(error <= tolerance(m)))
            fail_msg("%s: %.6g parameters, published %.6g (%.3f %%)", m->id, m->n_params,
                     m->n_params_published, 100.0 * error);
        if (error > worst_error && tolerance(m) <= 0.005) {
            worst_error = error;
            worst = m->id;
        }
    }
    print_message("%zu models, %zu computed, %zu of %zu counts within 0.1 %%, worst %s %.3f %%\n",
                  db.n, computed, tight, known, worst, 100.0 * worst_error);
    assert_true(computed >= 130);
    assert_true(tight >= 125);
}

static void some_counts_are_known_to_the_last_parameter(void **state)
{
    static const struct {
        const char *id;
        double n;
    } want[] = {
        { "qwen2.5-7b", 7615616512.0 },    /* llama-bench's own README */
        { "llama-2-7b", 6738415616.0 },    /* model.safetensors.index.json */
        { "gpt-2-125m", 124439808.0 },     /* openai-community/gpt2 */
        { "mixtral-8x7b", 46702792704.0 }, /* model card */
        { "pythia-160m", 162322944.0 },    /* Pythia paper, table 1 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (get(want[i].id)->n_params != want[i].n)
            fail_msg("%s: %.0f parameters, want %.0f", want[i].id, get(want[i].id)->n_params,
                     want[i].n);
}

static void active_parameters_count_the_chosen_experts(void **state)
{
    (void)state;
    assert_rel(get("mixtral-8x7b")->n_active_params, 12.879e9, 1e-3);
    assert_rel(get("qwen3-235b-a22b")->n_active_params, 22.19e9, 1e-3);
    assert_rel(get("deepseek-moe-16b")->n_active_params, 2.83e9, 2e-3);
}

static void layers_know_their_window_and_their_experts(void **state)
{
    const struct model *g3 = get("gemma-3-1b"), *g2 = get("gemma-2-2b"),
                       *ds = get("deepseek-moe-16b"), *el = get("openelm-270m");

    (void)state;
    assert_rel(g3->layer[0].window_tokens, 512, 0);
    assert_rel(g3->layer[5].window_tokens, 0, 0);
    assert_rel(g3->layer[11].window_tokens, 0, 0);
    assert_rel(g2->layer[0].window_tokens, 4096, 0);
    assert_rel(g2->layer[1].window_tokens, 0, 0);
    assert_rel(get("mistral-7b-v0.1")->layer[7].window_tokens, 4096, 0);
    assert_rel(get("llama-3-8b")->layer[7].window_tokens, 0, 0);
    assert_rel(ds->layer[0].d_ff, 10944, 0);
    assert_rel(ds->layer[0].n_experts, 0, 0);
    assert_rel(ds->layer[1].n_experts, 64, 0);
    assert_rel(ds->layer[1].d_shared_expert, 2816, 0);
    assert_rel(ds->layer[1].d_ff, 0, 0);
    assert_rel(el->layer[0].n_heads, 12, 0);
    assert_rel(el->layer[0].n_kv_heads, 3, 0);
    assert_rel(el->layer[0].d_ff, 768, 0);
    assert_rel(el->layer[15].n_heads, 20, 0);
    assert_rel(el->layer[15].d_ff, 5120, 0);
    assert_memory_equal(&g2->layer[0], &g2->layer[2], sizeof(struct layer));
}

static void what_is_not_computed_says_why(void **state)
{
    static const char *const not_yet[] = {
        "deepseek-v3",           "mamba-2.8b",         "jamba-v0.1",  "kimi-k2",
        "llama-4-scout-17b-16e", "qwen3-next-80b-a3b", "falcon-h1-7b"
    };

    (void)state;
    for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++) {
        const struct model *m = get(not_yet[i]);
        assert_non_null(m->unsupported);
        assert_null(m->layer);
        assert_false(is_known(m->n_params));
        assert_int_equal(model_each_tensor(m, add, &(struct sum){ 0 }), 0);
    }
    for (size_t i = 0; i < db.n; i++)
        assert_true((db.model[i].unsupported == NULL) == (db.model[i].layer != NULL));
}

static void models_are_found_as_sources_spell_them(void **state)
{
    static const struct {
        const char *want, *id;
    } names[] = {
        { "LLAMA-3.1-8B", "llama-3.1-8b" },
        { "Meta-Llama-3-8B", "llama-3-8b" },
        { "meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b" },
        { "Llama-2-7b-chat-hf", "llama-2-7b" },
        { "LLaMA-30B", "llama-33b" },
        { "LLaMA-7B", "llama-7b" },
        { "TinyLlama-1B", "tinyllama-1.1b" },
        { "Mixtral-46.7B", "mixtral-8x7b" },
        { "Mixtral-8x7B", "mixtral-8x7b" },
        { "Mistral-7B", "mistral-7b-v0.1" },
        { "Mistral-7B-Instruct-v0.3", "mistral-7b-v0.3" },
        { "Llama-3.3-70B", "llama-3.3-70b" },
        { "Qwen2.5-7B-Instruct", "qwen2.5-7b" },
        { "gemma-3-4b-it", "gemma-3-4b" },
        { "phi-1_5", "phi-1.5" },
        { "GLM-4-9B-Chat", "glm-4-9b" },
    };
    const struct model *m;
    cosim_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(get(names[i].want)->id, names[i].id) != 0)
            fail_msg("%s found %s, want %s", names[i].want, get(names[i].want)->id, names[i].id);
    assert_int_equal(model_find(&db, "llama-3.1-8n", &m, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "llama-3.1-8b"));
    e = (cosim_error){ 0 };
    assert_int_equal(model_find(&db, "", &m, &e), COSIM_EUNKNOWN);
    assert_int_equal(model_find(&db, "meta-llama/", &m, &e), COSIM_EUNKNOWN);
}

/* Loads a small valid row with one cell changed. */
static cosim_status load_changed(const char *column, const char *value, cosim_error *e)
{
    static const char header[] =
        "id,aliases,name,hf_id,family,layers,d_model,heads,kv_heads,head_dim,v_head_dim,d_ff,gated,"
        "activation,vocab,tied_embeddings,max_ctx[token],rope,rope_theta,norm,norm_bias,"
        "norms_per_layer,qk_norm,attn_bias,ffn_bias,parallel_block,extra_layer_elems,extra_elems,"
        "experts,active_experts,shared_experts,d_expert,d_shared_expert,first_dense_layers,"
        "attention_type,q_lora_rank,kv_lora_rank,qk_rope_dim,qk_nope_dim,window[token],swa_pattern,"
        "layer_pattern,ssm_type,ssm_d_state,ssm_expand,ssm_conv,ssm_heads,ssm_head_dim,ssm_groups,"
        "ssm_d_inner,lin_k_heads,lin_v_heads,lin_k_dim,lin_v_dim,heads_per_layer,"
        "kv_heads_per_layer,d_ff_per_layer,params_published[1e9],params_published_active[1e9],"
        "unsupported,source,notes";
    static const char row[] =
        "t,,t,,t,2,64,4,2,16,,128,1,silu,100,0,2048,rope,,rmsnorm,0,2,0,0,0,0,,,,,,,,,gqa,,,,,,,,,,"
        ",,,,,,,,,,,,,,,,s,";
    char path[] = "/tmp/test_model_XXXXXX";
    const char *h = header, *r = row;
    const int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fopen(path, "w") : NULL;
    struct arena a = { 0 };
    struct model_db bad;

    assert_non_null(out);
    (void)fprintf(out, "%s\n", header);
    for (bool first = true; *h; first = false) {
        const size_t nh = strcspn(h, ","), nr = strcspn(r, ",");
        const bool here = strlen(column) == nh && strncmp(h, column, nh) == 0;
        (void)fprintf(out, "%s%.*s", first ? "" : ",", here ? (int)strlen(value) : (int)nr,
                      here ? value : r);
        h += nh + (h[nh] == ',');
        r += nr + (r[nr] == ',');
    }
    (void)fputc('\n', out);
    (void)fclose(out);
    const cosim_status st = model_db_load(&bad, path, &a, e);
    arena_release(&a);
    (void)remove(path);
    return st;
}

static void bad_rows_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *column, *value, *msg;
        cosim_status st;
    } bad[] = {
        { "layers", "0", "range", COSIM_ERANGE },
        { "layers", "1e9", "range", COSIM_ERANGE },
        { "layers", "2.5", "whole number", COSIM_ERANGE },
        { "heads", "", "heads is missing", COSIM_ESYNTAX },
        { "kv_heads", "3", "no multiple", COSIM_ERANGE },
        { "d_ff", "", "width of the FFN", COSIM_ERANGE },
        { "experts", "8", "active experts", COSIM_ERANGE },
        { "attention_type", "mla", "must say why", COSIM_EUNSUPPORTED },
        { "attention_type", "swa", "window is missing", COSIM_ERANGE },
        { "attention_type", "hybrid_swa", "window is missing", COSIM_ERANGE },
        { "heads_per_layer", "4", "2 layers", COSIM_ERANGE },
        { "heads_per_layer", "4 x", "not a list", COSIM_ERANGE },
        { "heads_per_layer", "4 4 4", "not a list", COSIM_ERANGE },
        { "vocab", "nan", "not a finite number", COSIM_ESYNTAX },
        { "d_model", "-5", "range", COSIM_ERANGE },
    };
    cosim_error e = { 0 };

    (void)state;
    if (load_changed("id", "other", &e) != COSIM_OK)
        fail_msg("the unchanged row: %s", e.msg);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = (cosim_error){ 0 };
        const cosim_status st = load_changed(bad[i].column, bad[i].value, &e);
        if (st != bad[i].st || !strstr(e.msg, bad[i].msg) || e.line != 2)
            fail_msg("%s = '%s': %u:%u %s", bad[i].column, bad[i].value, e.line, e.col, e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_model_has_the_worked_counts),
        cmocka_unit_test(counts_are_within_half_a_percent_of_the_published_ones),
        cmocka_unit_test(some_counts_are_known_to_the_last_parameter),
        cmocka_unit_test(active_parameters_count_the_chosen_experts),
        cmocka_unit_test(layers_know_their_window_and_their_experts),
        cmocka_unit_test(what_is_not_computed_says_why),
        cmocka_unit_test(models_are_found_as_sources_spell_them),
        cmocka_unit_test(bad_rows_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests_name("model/model", tests, setup, teardown);
}
