/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/graph.h"

#include "support/world.h"

static double layers_of(const struct plan *p)
{
    double n = 0.0;

    for (size_t i = 0; i < p->n_cls; i++)
        n += p->cls[i].times;
    return n;
}

/* llama.cpp gives ffn_down and attn_v more bits in some layers: so two kinds of layers. */
static void a_mixture_splits_equal_layers_into_classes(void **state)
{
    const struct model *m = world_model("qwen2.5-7b");
    const struct plan mixed = world_plan(m, "q4_k_m", "bf16"),
                      plain = world_plan(m, "int4", "bf16");

    (void)state;
    assert_int_equal(plain.n_cls, 1);
    assert_int_equal(mixed.n_cls, 2);
    assert_rel(layers_of(&mixed), 28, 0);
    for (size_t i = 0; i < mixed.n_cls; i++) {
        const bool more = mixed.cls[i].tensor[TENSOR_FFN_DOWN].format == world_format("q6_k");
        assert_rel(mixed.cls[i].times, 14, 0);
        assert_ptr_equal(mixed.cls[i].tensor[TENSOR_ATTN_V].format,
                         world_format(more ? "q6_k" : "q4_k"));
        assert_ptr_equal(mixed.cls[i].tensor[TENSOR_FFN_UP].format, world_format("q4_k"));
    }
    assert_rel(mixed.weight_bytes, 4677120000, 0);
}

static void overrides_of_some_layers_make_their_own_classes(void **state)
{
    const struct model *m = world_model("llama-3.1-8b");
    const struct plan w = world_plan(m, "int4-g128+ffn_down@0-3,31=int8", "bf16");
    const struct plan kv = world_plan(m, "int4-g128", "kv4+*@0-1,30-31=kv8");

    (void)state;
    assert_int_equal(w.n_cls, 2);
    assert_rel(w.cls[0].times, 5, 0);
    assert_rel(w.cls[1].times, 27, 0);
    /* as many bits, other arithmetic */
    assert_int_equal(world_plan(m, "nf4+ffn_up@3=nvfp4-ggml", "bf16").n_cls, 2);
    assert_int_equal(kv.n_cls, 2);
    assert_rel(kv.cls[0].times, 4, 0);
    assert_ptr_equal(kv.cls[0].k_format, world_format("kv8"));
    assert_ptr_equal(kv.cls[1].v_format, world_format("kv4"));
}

struct sum {
    const struct plan *plan;
    const struct scheme *scheme;
    struct scheme_context context;
    double bytes;
};

static int add(const struct model_tensor *t, void *user)
{
    struct sum *s = user;
    const struct scheme_tensor st = { (enum tensor_id)t->tensor, t->layer, t->row_elems,
                                      t->n_rows };

    s->bytes += scheme_tensor_bytes(s->scheme, &s->context, &st);
    return 0;
}

static const char *const schemes[] = { "bf16",  "int8",   "int4-g128", "q4_k_m",  "q2_k",
                                       "nvfp4", "iq3_xs", "fp8-block", "ternary", "fp8+*=fp8" };

static void every_model_and_scheme_adds_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < world.models.n; i++) {
        const struct model *m = &world.models.model[i];
        if (m->unsupported)
            continue;
        for (size_t k = 0; k < sizeof schemes / sizeof *schemes; k++) {
            const struct plan p = world_plan(m, schemes[k], "bf16");
            struct sum s = { &p,
                             world_scheme(schemes[k]),
                             { m->n_layers, m->layer[0].n_heads, m->layer[0].n_kv_heads,
                               m->layer[m->n_layers - 1].n_experts, m->n_params,
                               m->tied_embeddings },
                             0.0 };
            (void)model_each_tensor(m, add, &s);
            if (!(fabs(p.weight_bytes - s.bytes) <= 1e-12 * s.bytes)
                || layers_of(&p) != (double)m->n_layers || p.n_cls > m->n_layers)
                fail_msg("%s %s: plan %.17g bytes, tensors %.17g", m->id, schemes[k],
                         p.weight_bytes, s.bytes);
            assert_true((p.head.format == NULL) == m->tied_embeddings);
            assert_true((p.head_bytes > 0.0) == !m->tied_embeddings);
        }
        assert_rel(world_plan(m, "bf16", "bf16").weight_bytes, 2.0 * m->n_params, 1e-12);
    }
}

static void layers_of_different_shapes_stay_apart(void **state)
{
    static const struct {
        const char *id;
        size_t n_cls;
        double first_times;
    } rows[] = {
        { "llama-3.1-8b", 1, 32 },      { "gemma-3-4b", 2, 29 },      { "gpt-oss-20b", 2, 12 },
        { "gemma-2-9b", 2, 21 },        { "deepseek-moe-16b", 2, 1 }, { "glm-4.5", 2, 3 },
        { "mixtral-8x7b", 1, 32 },      { "openelm-270m", 16, 1 },    { "gpt-2-125m", 1, 12 },
        { "qwen1.5-moe-a2.7b", 1, 24 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct plan p = world_plan(world_model(rows[i].id), "bf16", "bf16");
        if (p.n_cls != rows[i].n_cls || p.cls[0].times != rows[i].first_times)
            fail_msg("%s: %zu classes, the first of %g layers", rows[i].id, p.n_cls,
                     p.cls[0].times);
    }
}

static void a_model_that_is_not_computed_says_so(void **state)
{
    const struct model *m = world_model("mamba-130m");
    const struct kv_formats kv = world_kv("bf16", "bf16");
    struct plan p;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(plan_make(&p, m, world_scheme("bf16"), kv.k, kv.v, &world.arena, &e),
                     COSIM_EUNSUPPORTED);
    assert_non_null(strstr(e.msg, "mamba-130m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mixture_splits_equal_layers_into_classes),
        cmocka_unit_test(overrides_of_some_layers_make_their_own_classes),
        cmocka_unit_test(every_model_and_scheme_adds_up),
        cmocka_unit_test(layers_of_different_shapes_stay_apart),
        cmocka_unit_test(a_model_that_is_not_computed_says_so),
    };

    return cmocka_run_group_tests(tests, world_load, world_release);
}
