/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/scheme.h"

#include "core/arena.h"
#include "support/close.h"

#include <stdint.h>
#include <string.h>

static struct arena arena;
static struct format_db formats;
static struct scheme_db db;

static int setup(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (format_db_load(&formats, "workloads/formats.csv", &arena, &e) != COSIM_OK
        || scheme_db_load(&db, "workloads/recipes.csv", &formats, &arena, &e) != COSIM_OK) {
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

static const struct scheme_context llama8b = { 32, 32, 8, 0, 8e9, false };
static const struct scheme_context llama70b = { 80, 64, 8, 0, 70e9, false };
static const struct scheme_context mixtral = { 32, 32, 8, 8, 47e9, false };
static const struct scheme_context tied = { 32, 32, 32, 0, 1e9, true };

static const char *format_of(const char *text, const struct scheme_context *c, enum tensor_id t,
                             size_t layer)
{
    cosim_error e = { 0 };
    const struct scheme *s = NULL;

    if (scheme_parse(&db, text, &s, &arena, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    if (strchr(text, '+'))
        assert_string_equal(scheme_text(s), text);
    return scheme_format(s, c, &(struct scheme_tensor){ t, layer, 4096, 4096 })->id;
}

static void schemes_give_each_tensor_its_format(void **state)
{
    static const struct {
        const char *text;
        const struct scheme_context *c;
        enum tensor_id t;
        size_t layer;
        const char *format;
    } want[] = {
        /* plain formats: linear layers only */
        { "int4-g128", &llama8b, TENSOR_FFN_UP, 3, "int4-g128" },
        { "int4-g128", &mixtral, TENSOR_EXP_UP, 3, "int4-g128" },
        { "int4-g128", &llama8b, TENSOR_TOKEN_EMBD, SIZE_MAX, "bf16" },
        { "int4-g128", &llama8b, TENSOR_OUTPUT, SIZE_MAX, "bf16" },
        { "int4-g128", &llama8b, TENSOR_NORM, 3, "bf16" },
        { "int4-g128", &mixtral, TENSOR_ROUTER, 3, "bf16" },
        { "fp16", &llama8b, TENSOR_NORM, 3, "fp16" },
        { "fp8+*=fp8", &llama8b, TENSOR_OUTPUT, SIZE_MAX, "fp8" },
        { "fp8+*=fp8", &llama8b, TENSOR_NORM, 0, "bf16" },
        { "int4-g128+token_embd=int8+lm_head=int8", &llama8b, TENSOR_OUTPUT, SIZE_MAX, "int8" },
        /* overrides: the last that matches */
        { "int4-g128+ffn_down@0-3,31=int8", &llama8b, TENSOR_FFN_DOWN, 31, "int8" },
        { "int4-g128+ffn_down@0-3,31=int8", &llama8b, TENSOR_FFN_DOWN, 4, "int4-g128" },
        { "int4-g128+*@0=bf16+attn_v=int8", &llama8b, TENSOR_ATTN_V, 0, "int8" },
        { "int4-g128+*@0=bf16+attn_v=int8", &llama8b, TENSOR_ATTN_K, 0, "bf16" },
        { "int4-g128+*@0=bf16", &llama8b, TENSOR_TOKEN_EMBD, SIZE_MAX, "bf16" },
        /* mixtures */
        { "q4_k_m", &llama8b, TENSOR_NORM, 0, "fp32" },
        { "q4_k_m", &llama8b, TENSOR_OUTPUT, SIZE_MAX, "q6_k" },
        { "q4_k_m", &llama8b, TENSOR_TOKEN_EMBD, SIZE_MAX, "q4_k" },
        { "q4_k_m", &tied, TENSOR_TOKEN_EMBD, SIZE_MAX, "q6_k" },
        { "q4_k_m", &llama8b, TENSOR_ATTN_V, 0, "q6_k" },
        { "q4_k_m", &llama8b, TENSOR_ATTN_V, 4, "q4_k" },
        { "q4_k_m", &llama8b, TENSOR_ATTN_V, 6, "q6_k" },
        { "q4_k_m", &llama70b, TENSOR_ATTN_V, 11, "q5_k" },
        { "q4_k_m", &mixtral, TENSOR_ATTN_V, 4, "q8_0" },
        { "q4_k_m", &mixtral, TENSOR_ATTN_OUT, 4, "q5_k" },
        { "q4_k_m", &mixtral, TENSOR_EXP_DOWN, 0, "q6_k" },
        { "q4_k_m", &mixtral, TENSOR_ROUTER, 0, "fp32" },
        { "q3_k_m", &llama8b, TENSOR_FFN_DOWN, 1, "q5_k" },
        { "q3_k_m", &llama8b, TENSOR_FFN_DOWN, 2, "q4_k" },
        { "q3_k_m", &llama8b, TENSOR_ATTN_OUT, 2, "q4_k" },
        { "q2_k", &llama8b, TENSOR_ATTN_V, 0, "q4_k" },
        { "q2_k", &tied, TENSOR_ATTN_V, 0, "q3_k" },
        { "iq2_xxs", &llama8b, TENSOR_OUTPUT, SIZE_MAX, "q5_k" },
        { "iq2_xxs", &llama8b, TENSOR_TOKEN_EMBD, SIZE_MAX, "q2_k" },
        { "mxfp4_moe", &mixtral, TENSOR_EXP_UP, 0, "mxfp4" },
        { "mxfp4_moe", &mixtral, TENSOR_ATTN_Q, 0, "q8_0" },
        { "Q4_K_M+ffn_down=q8_0", &llama8b, TENSOR_FFN_DOWN, 0, "q8_0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const char *got = format_of(want[i].text, want[i].c, want[i].t, want[i].layer);
        if (strcmp(got, want[i].format) != 0)
            fail_msg("%s, %s of layer %zu: %s, want %s", want[i].text, tensor_name(want[i].t),
                     want[i].layer, got, want[i].format);
    }
}

static void a_scheme_is_called_by_its_id(void **state)
{
    const struct scheme *s = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(scheme_parse(&db, "AWQ", &s, &arena, &e), COSIM_OK);
    assert_string_equal(scheme_text(s), "int4-g128-asym");
    assert_int_equal(scheme_parse(&db, "Q4_K_M", &s, &arena, &e), COSIM_OK);
    assert_string_equal(scheme_text(s), "q4_k_m");
}

static void cache_schemes_know_no_recipes(void **state)
{
    const struct scheme_tensor k0 = { TENSOR_ATTN_K, 0, 128, 8 }, k5 = { TENSOR_ATTN_K, 5, 128, 8 },
                               odd = { TENSOR_ATTN_K, 5, 80, 8 };
    const struct scheme *s = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(scheme_parse_kv(&db, "q4_0", ROLE_K, &s, &arena, &e), COSIM_OK);
    assert_string_equal(scheme_format(s, &mixtral, &k0)->id, "q4_0");
    assert_string_equal(scheme_format(s, &mixtral, &odd)->id, "fp16"); /* 80 % 32 */
    assert_int_equal(scheme_parse_kv(&db, "kv4+*@0-1=kv8", ROLE_K, &s, &arena, &e), COSIM_OK);
    assert_string_equal(scheme_format(s, &llama8b, &k0)->id, "kv8");
    assert_string_equal(scheme_format(s, &llama8b, &k5)->id, "kv4");
    assert_int_equal(scheme_parse_kv(&db, "q4_k", ROLE_K, &s, &arena, &e), COSIM_ERANGE);
    e = (cosim_error){ 0 };
    assert_int_equal(scheme_parse_kv(&db, "kv4+ffn_up=kv8", ROLE_V, &s, &arena, &e), COSIM_ERANGE);
}

static void errors_have_a_column_and_a_suggestion(void **state)
{
    static const struct {
        const char *text;
        unsigned col;
        cosim_status st;
        const char *hint;
    } bad[] = {
        { "", 1, COSIM_ESYNTAX, "" },
        { "q4_km", 1, COSIM_EUNKNOWN, "q4_k_m" },
        { "int4-g28", 1, COSIM_EUNKNOWN, "int4-g128" },
        { "kivi-4", 1, COSIM_ERANGE, "int4" },
        { "q4_k_m+", 8, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_dwn=q6_k", 8, COSIM_EUNKNOWN, "ffn_down" },
        { "q4_k_m+ffn_down", 16, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_down=", 17, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_down=q6k", 17, COSIM_EUNKNOWN, "q6_k" },
        { "q4_k_m+ffn_down@=q6_k", 17, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_down@3-1=q6_k", 17, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_down@0,x=q6_k", 19, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_down@0-=q6_k", 19, COSIM_ESYNTAX, "" },
        { "q4_k_m+ffn_down@99999999=q6_k", 17, COSIM_ESYNTAX, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct scheme *s = NULL;
        cosim_error e = { 0 };
        const cosim_status st = scheme_parse(&db, bad[i].text, &s, &arena, &e);
        if (st != bad[i].st || e.col != bad[i].col || !strstr(e.hint, bad[i].hint))
            fail_msg("'%s': status %d, column %u, %s (%s)", bad[i].text, (int)st, e.col, e.msg,
                     e.hint);
    }
    static char longest[SCHEME_TEXT_MAX + 2];
    memset(longest, 'q', sizeof longest - 1);
    const struct scheme *s = NULL;
    assert_int_equal(scheme_parse(&db, longest, &s, &arena, NULL), COSIM_ERANGE);
}

static void tensor_bytes_count_codebooks_of_each_expert(void **state)
{
    const struct scheme_tensor dense = { TENSOR_FFN_UP, 0, 4096, 14336 },
                               experts = { TENSOR_EXP_UP, 0, 4096, 8 * 14336 };
    const struct scheme *s = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(scheme_parse(&db, "vptq", &s, &arena, &e), COSIM_OK);
    assert_rel(scheme_tensor_bytes(s, &mixtral, &dense), 4096.0 * 14336.0 * 2.142857143 / 8.0,
               1e-9);
    assert_rel(scheme_tensor_bytes(s, &mixtral, &experts),
               8.0 * scheme_tensor_bytes(s, &mixtral, &dense), 1e-12);
}

static void every_recipe_gives_every_tensor_a_gguf_format(void **state)
{
    static const struct scheme_context *const contexts[] = { &llama8b, &llama70b, &mixtral, &tied };
    const char *name;
    size_t n = 0;

    (void)state;
    for (; (name = scheme_recipe_name(&db, n)) != NULL; n++)
        for (size_t c = 0; c < 4; c++)
            for (unsigned t = 0; t < N_TENSORS; t++)
                for (size_t layer = 0; layer < contexts[c]->n_layers; layer++)
                    assert_string_not_equal(format_of(name, contexts[c], (enum tensor_id)t, layer),
                                            "bf16");
    assert_true(n >= 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemes_give_each_tensor_its_format),
        cmocka_unit_test(a_scheme_is_called_by_its_id),
        cmocka_unit_test(cache_schemes_know_no_recipes),
        cmocka_unit_test(errors_have_a_column_and_a_suggestion),
        cmocka_unit_test(tensor_bytes_count_codebooks_of_each_expert),
        cmocka_unit_test(every_recipe_gives_every_tensor_a_gguf_format),
    };
    return cmocka_run_group_tests_name("quant/scheme", tests, setup, teardown);
}
