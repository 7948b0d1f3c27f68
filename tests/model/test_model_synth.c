/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model_synth.h"

#include "core/num.h"
#include "support/close.h"

#include <string.h>

static struct arena arena;
static struct model_db db;

static int setup(void **state)
{
    (void)state;
    return model_db_load(&db, "workloads/models.csv", &arena, NULL) == COSIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* The shape of a model whose layers are equal. */
static struct model_shape shape_of(const char *id)
{
    const struct model *m = NULL;

    assert_int_equal(model_find(&db, id, &m, NULL), COSIM_OK);
    const struct layer *l = m->layer;
    const bool moe = l->n_experts > 0.0;
    return (struct model_shape){
        .layers = (double)m->n_layers,
        .d_model = m->d_model,
        .head_dim = l->head_dim,
        .heads = l->n_heads,
        .gqa = l->n_heads / l->n_kv_heads,
        .ffn_ratio = (moe ? l->d_expert * l->n_active_experts : l->d_ff) / m->d_model,
        .experts = l->n_experts,
        .active_experts = l->n_active_experts,
        .vocab = m->vocab,
        .max_ctx_tokens = m->max_ctx_tokens,
        .tied_embeddings = m->tied_embeddings,
    };
}

static struct model synth(const struct model_shape *s)
{
    struct model m;
    cosim_error e = { 0 };

    if (model_synth(&m, s, &arena, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return m;
}

/* Llama and Mixtral are what a shape makes: the layers agree byte for byte. */
static void the_shape_of_a_known_model_gives_that_model(void **state)
{
    static const char *const ids[] = { "llama-3.2-1b", "llama-3.1-8b", "llama-2-7b",
                                       "mixtral-8x7b" };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct model_shape s = shape_of(ids[i]);
        const struct model m = synth(&s);
        const struct model *want = NULL;

        assert_int_equal(model_find(&db, ids[i], &want, NULL), COSIM_OK);
        assert_rel(m.n_params, want->n_params, 0);
        assert_rel(m.n_active_params, want->n_active_params, 0);
        assert_int_equal(m.n_layers, want->n_layers);
        assert_memory_equal(m.layer, want->layer, m.n_layers * sizeof *m.layer);
    }
    assert_rel(synth(&(struct model_shape){ .layers = 16,
                                            .d_model = 2048,
                                            .head_dim = 64,
                                            .gqa = 4,
                                            .ffn_ratio = 4,
                                            .vocab = 128256,
                                            .max_ctx_tokens = 131072,
                                            .tied_embeddings = true })
                   .n_params,
               1235814400.0, 0); /* model card: 1.23 B; model.safetensors */
}

/* Qwen2.5 has biases on q, k and v, which a shape has not: 24 (896 + 2 x 128). */
static void qwen_differs_by_its_biases_only(void **state)
{
    const struct model_shape s = shape_of("qwen2.5-0.5b");
    const struct model m = synth(&s);

    (void)state;
    assert_rel(m.n_params + 24 * (896 + 2 * 128), 494032768.0, 0);
    assert_rel(m.layer[0].d_ff, 4864, 0); /* 5.4286 x 896, whole again */
}

static const struct model_shape small = {
    .layers = 16,
    .d_model = 2048,
    .head_dim = 64,
    .gqa = 4,
    .ffn_ratio = 0.5,
    .experts = 8,
    .active_experts = 2,
    .vocab = 151936,
    .max_ctx_tokens = 4096,
    .tied_embeddings = true,
};

/* By hand: attention 2 d^2 + 2 d^2/gqa, experts 3 E (r d/k) d, router E d, two norms. */
static void experts_share_the_active_width(void **state)
{
    const struct model m = synth(&small);
    const double d = 2048, layer = 2.5 * d * d + 3 * 8 * 512 * d + 8 * d + 2 * d;

    (void)state;
    assert_rel(m.n_params, 16 * layer + d + 151936 * d, 0);
    assert_rel(m.n_active_params, m.n_params - 16 * 3 * 6 * 512 * d, 0);
    assert_string_equal(m.id, "synth-l16-d2048-h64-r0.5-g4-e8k2-v151936");
    assert_int_equal(m.layer[0].d_ff, 0);
}

static void ids_tell_shapes_apart(void **state)
{
    struct model_shape s = small;

    (void)state;
    s.experts = 1;
    assert_string_equal(synth(&s).id, "synth-l16-d2048-h64-r0.5-g4-v151936");
    s.tied_embeddings = false;
    assert_string_equal(synth(&s).id, "synth-l16-d2048-h64-r0.5-g4-v151936-untied");
    assert_rel(synth(&s).n_params
                   - synth(&(struct model_shape){ .layers = 16,
                                                  .d_model = 2048,
                                                  .head_dim = 64,
                                                  .gqa = 4,
                                                  .ffn_ratio = 0.5,
                                                  .vocab = 151936,
                                                  .max_ctx_tokens = 4096,
                                                  .tied_embeddings = true })
                         .n_params,
               151936.0 * 2048, 0);
}

static void shapes_that_cannot_be_built_say_what_is_wrong(void **state)
{
    static const struct {
        size_t offset;
        double value;
        const char *msg;
    } bad[] = {
        { offsetof(struct model_shape, layers), 0, "layers: 0" },
        { offsetof(struct model_shape, layers), 2.5, "layers: 2.5" },
        { offsetof(struct model_shape, layers), UNKNOWN_F64, "layers: nan" },
        { offsetof(struct model_shape, d_model), 2000, "heads (width / head size): 31.25" },
        { offsetof(struct model_shape, d_model), 64 * 14, "KV heads" },
        { offsetof(struct model_shape, d_model), INF_F64, "width: inf" },
        { offsetof(struct model_shape, head_dim), 0, "head size: 0" },
        { offsetof(struct model_shape, heads), 31.5, "heads" },
        { offsetof(struct model_shape, gqa), 0, "KV head: 0" },
        { offsetof(struct model_shape, gqa), 5, "KV heads" },
        { offsetof(struct model_shape, ffn_ratio), 0, "FFN width of an expert" },
        { offsetof(struct model_shape, ffn_ratio), 0.1, "FFN width of an expert" },
        { offsetof(struct model_shape, ffn_ratio), -1, "FFN width of an expert" },
        { offsetof(struct model_shape, experts), 8.5, "experts: 8.5" },
        { offsetof(struct model_shape, active_experts), 9, "active experts: 9" },
        { offsetof(struct model_shape, active_experts), 0, "active experts: 0" },
        { offsetof(struct model_shape, vocab), 0, "vocabulary: 0" },
        { offsetof(struct model_shape, vocab), 1e9, "vocabulary: 1e+09" },
        { offsetof(struct model_shape, max_ctx_tokens), 0, "context: 0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct model_shape s = small;
        struct model m;
        cosim_error e = { 0 };

        memcpy((char *)&s + bad[i].offset, &bad[i].value, sizeof(double));
        if (model_synth(&m, &s, &arena, &e) != COSIM_ERANGE || !strstr(e.msg, bad[i].msg))
            fail_msg("want '%s', is '%s'", bad[i].msg, e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shape_of_a_known_model_gives_that_model),
        cmocka_unit_test(qwen_differs_by_its_biases_only),
        cmocka_unit_test(experts_share_the_active_width),
        cmocka_unit_test(ids_tell_shapes_apart),
        cmocka_unit_test(shapes_that_cannot_be_built_say_what_is_wrong),
    };
    return cmocka_run_group_tests_name("model/model_synth", tests, setup, teardown);
}
