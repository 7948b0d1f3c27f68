/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/quality.h"

#include "core/csv.h"
#include "core/num.h"
#include "quant/scheme.h"
#include "support/close.h"

#include <string.h>

static struct arena arena;
static struct quality_db db;

static int setup(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (quality_db_load(&db, "workloads", &arena, &e) != COSIM_OK) {
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

static struct quality get(const char *m, const char *w, const char *a, const char *k, const char *v)
{
    struct quality q;

    quality_lookup(&db, m, w, a, k, v, &q);
    return q;
}

static void a_measured_combination_is_measured(void **state)
{
    const struct quality q = get("llama-3-8b", "q4_k_m", "bf16", "fp16", "fp16");

    (void)state;
    assert_rel(q.ppl_increase_ratio, 6.407115 / 6.23316 - 1.0, 1e-12);
    assert_rel(q.kl_nats, 0.031273, 0);
    assert_int_equal(q.origin, ORIGIN_MEASURED);
    assert_false(q.proxy || q.additive);
    assert_string_equal(q.weights.model, "llama-3-8b");
    assert_non_null(strstr(q.weights.source, "llama.cpp"));
    assert_rel(q.weights.context_tokens, 512, 0);
}

static void a_proxy_and_a_sum_are_labelled(void **state)
{
    const struct quality p = get("llama-3.1-8b", "q4_k_m", "bf16", "bf16", "bf16");
    const struct quality s = get("llama-3.1-8b", "q4_k_m", "fp16", "kivi-4", "kivi-4");

    (void)state;
    assert_rel(p.ppl_increase_ratio, 6.407115 / 6.23316 - 1.0, 1e-12);
    assert_int_equal(p.origin, ORIGIN_ASSUMED);
    assert_true(p.proxy && !p.additive);
    assert_string_equal(p.weights.model, "llama-3-8b");
    assert_non_null(strstr(p.doc, "llama-3-8b"));
    assert_rel(s.ppl_increase_ratio, (6.407115 / 6.23316) * (7.27 / 7.24) - 1.0, 1e-12);
    assert_int_equal(s.origin, ORIGIN_ASSUMED);
    assert_true(s.additive && s.proxy);
    assert_string_equal(s.cache.method, "KIVI-4");
    assert_string_equal(s.cache.model, "llama-3.1-8b-instruct");
    assert_non_null(strstr(s.doc, "additive"));
}

static void sixteen_bits_are_the_reference_and_the_unmeasured_is_unknown(void **state)
{
    (void)state;
    assert_rel(get("any", "bf16", "fp16", "bf16", "fp32").ppl_increase_ratio, 0.0, 0);
    assert_int_equal(get("any", "bf16", "fp16", "bf16", "fp32").origin, ORIGIN_DERIVED);
    assert_false(is_known(get("llama-3-8b", "nvfp4", "nvfp4", "bf16", "bf16").ppl_increase_ratio));
    assert_int_equal(get("llama-3-8b", "nvfp4", "nvfp4", "bf16", "bf16").origin, ORIGIN_UNKNOWN);
    assert_false(is_known(get("qwen2.5-7b", "q4_k_m", "bf16", "bf16", "bf16").ppl_increase_ratio));
    /* measured as a pair only */
    assert_false(
        is_known(get("llama-3.1-8b", "bf16", "bf16", "kivi-4", "kivi-2").ppl_increase_ratio));
    /* activations matter */
    assert_false(is_known(get("llama-3-8b", "q4_k_m", "int8", "bf16", "bf16").ppl_increase_ratio));
}

static void the_best_calibrated_method_stands_for_a_format(void **state)
{
    const struct quality w4 = get("llama-3-8b", "int4-g128-asym", "bf16", "bf16", "bf16");
    const struct quality qoq = get("llama-3-8b", "qoq-w4-g128", "int8", "kv4", "kv4");
    const struct quality itq = get("llama-3-8b", "itq3_s", "bf16", "bf16", "bf16");

    (void)state;
    assert_string_equal(w4.weights.method, "AWQ-W4A16-g128");
    assert_rel(w4.ppl_increase_ratio, 6.54 / 6.14 - 1.0, 1e-12);
    assert_rel(qoq.ppl_increase_ratio, 6.76 / 6.14 - 1.0, 1e-12);
    assert_int_equal(qoq.origin, ORIGIN_MEASURED);
    assert_int_equal(itq.origin, ORIGIN_ASSUMED); /* configuration uncertain */
    assert_rel(get("llama-3-8b", "int8", "int8", "bf16", "bf16").ppl_increase_ratio,
               6.258 / 6.138 - 1.0, 1e-12);
}

/* The flagship question needs a wide choice with honest labels. */
static void the_flagship_model_has_many_known_combinations(void **state)
{
    static const char *const weights[] = {
        "bf16",   "q8_0",    "q6_k",   "q5_k_m", "q5_k_s",         "q4_k_m",    "q4_k_s",
        "q4_0",   "q3_k_l",  "q3_k_m", "q3_k_s", "q2_k",           "q2_k_s",    "iq4_xs",
        "iq4_nl", "iq3_m",   "iq3_s",  "iq3_xs", "iq3_xxs",        "iq2_m",     "iq2_s",
        "iq2_xs", "iq2_xxs", "iq1_m",  "iq1_s",  "int4-g128-asym", "int4-g128", "int3-g128",
        "int4",   "itq3_s",  "spqr",   "vptq",
    };
    static const char *const caches[] = { "bf16", "kivi-4", "kivi-2" };

    (void)state;
    for (size_t w = 0; w < sizeof weights / sizeof *weights; w++)
        for (size_t k = 0; k < 3; k++) {
            const struct quality q = get("llama-3.1-8b", weights[w], "bf16", caches[k], caches[k]);
            if (!is_known(q.ppl_increase_ratio) || q.doc[0] == '\0')
                fail_msg("%s with %s cache is unknown", weights[w], caches[k]);
            assert_true(q.ppl_increase_ratio > -0.01);
        }
    assert_true(is_known(get("llama-3.1-8b", "int8", "int8", "bf16", "bf16").ppl_increase_ratio));
    assert_true(is_known(get("llama-3.1-8b", "qoq-w4", "int8", "kv4", "kv4").ppl_increase_ratio));
}

/* Every id of the map names a format or a recipe that exists and can serve. */
static void the_map_speaks_of_formats_that_exist(void **state)
{
    struct format_db formats;
    struct scheme_db schemes;
    struct csv_doc doc;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(format_db_load(&formats, "workloads/formats.csv", &arena, &e), COSIM_OK);
    assert_int_equal(scheme_db_load(&schemes, "workloads/recipes.csv", &formats, &arena, &e),
                     COSIM_OK);
    assert_int_equal(csv_load(&doc, "workloads/quality_map.csv", &arena, &e), COSIM_OK);
    for (size_t r = 0; r < doc.n_rows; r++)
        for (size_t c = 1; c <= 4; c++) {
            static const unsigned roles[] = { 0, ROLE_W, ROLE_A, ROLE_K, ROLE_V };
            const char *id = csv_cell(&doc, r, c)->text;
            const struct format *f = NULL;
            const struct scheme *s = NULL;
            if (strcmp(id, "16") == 0)
                continue;
            if ((c == 1 ? scheme_parse(&schemes, id, &s, &arena, &e)
                        : format_find(&formats, id, roles[c], &f, &e))
                != COSIM_OK)
                fail_msg("line %u, '%s': %s", csv_cell(&doc, r, c)->line, id, e.msg);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_measured_combination_is_measured),
        cmocka_unit_test(a_proxy_and_a_sum_are_labelled),
        cmocka_unit_test(sixteen_bits_are_the_reference_and_the_unmeasured_is_unknown),
        cmocka_unit_test(the_best_calibrated_method_stands_for_a_format),
        cmocka_unit_test(the_flagship_model_has_many_known_combinations),
        cmocka_unit_test(the_map_speaks_of_formats_that_exist),
    };
    return cmocka_run_group_tests_name("quant/quality", tests, setup, teardown);
}
