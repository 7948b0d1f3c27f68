/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/study.h"

#include "core/rng.h"
#include "support/close.h"

#include <stdlib.h>
#include <string.h>

static cosim_status parse(struct study *s, const char *text, cosim_error *e)
{
    *s = (struct study){ 0 };
    *e = (cosim_error){ 0 };
    return study_parse(s, "s.study", text, e);
}

static void lines_become_settings_with_their_places(void **state)
{
    struct study s;
    cosim_error e;

    (void)state;
    assert_int_equal(parse(&s,
                           "# a study\n"
                           "\n"
                           "model = llama-3.1-8b , qwen2.5-7b  # two\r\n"
                           "\tdevice=h100-sxm\n"
                           "max = ttft_s=0.5\n"
                           "min = tokens_per_s=20\n"
                           "max = memory_bytes=1e9",
                           &e),
                     COSIM_OK);
    const struct setting model = study_get(&s, STUDY_MODEL), device = study_get(&s, STUDY_DEVICE);
    assert_string_equal(model.text, "llama-3.1-8b , qwen2.5-7b");
    assert_string_equal(model.at.file, "s.study");
    assert_int_equal(model.at.line, 3);
    assert_int_equal(model.at.col, 9);
    assert_string_equal(device.text, "h100-sxm");
    assert_int_equal(device.at.line, 4);
    assert_int_equal(device.at.col, 9);
    assert_int_equal(s.n_limits, 3);
    assert_string_equal(s.limit[0].setting.text, "ttft_s=0.5");
    assert_int_equal(s.limit[0].sense, 1);
    assert_int_equal(s.limit[1].sense, -1);
    assert_int_equal(s.limit[2].setting.at.line, 7);
    assert_string_equal(study_get(&s, STUDY_W).text, "bf16"); /* the default */
    assert_null(study_get(&s, STUDY_SCENARIO).text);
    arena_release(&s.arena);
}

static void the_last_value_of_a_key_counts(void **state)
{
    struct study s;
    cosim_error e;

    (void)state;
    assert_int_equal(parse(&s, "batch = 1\nbatch = 2", &e), COSIM_OK);
    assert_int_equal(study_set(&s, "batch", "3", (struct src_pos){ "--batch", 0, 0 }, &e),
                     COSIM_OK);
    assert_string_equal(study_get(&s, STUDY_BATCH).text, "3");
    assert_string_equal(study_get(&s, STUDY_BATCH).at.file, "--batch");
    arena_release(&s.arena);
}

static void mistakes_have_their_place(void **state)
{
    static const struct {
        const char *text;
        cosim_status st;
        unsigned line, col;
        const char *msg;
    } rows[] = {
        { "model = x\nmodle = y", COSIM_EUNKNOWN, 2, 1, "modle" },
        { "  prompt 5", COSIM_ESYNTAX, 1, 3, "no '='" },
        { "\n\nbatch =   ", COSIM_ESYNTAX, 3, 0, "no value" },
        { "batch = # 3", COSIM_ESYNTAX, 1, 0, "no value" },
        { "= 3", COSIM_EUNKNOWN, 1, 1, "''" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct study s;
        cosim_error e;
        const cosim_status st = parse(&s, rows[i].text, &e);
        arena_release(&s.arena);
        if (st != rows[i].st || e.line != rows[i].line || (rows[i].col && e.col != rows[i].col)
            || !strstr(e.msg, rows[i].msg))
            fail_msg("'%s': %s %u:%u %s", rows[i].text, cosim_status_name(st), e.line, e.col,
                     e.msg);
        assert_string_equal(e.file, "s.study");
    }
}

static void too_many_limits_are_an_error(void **state)
{
    struct study s = { 0 };
    cosim_error e = { 0 };

    (void)state;
    for (unsigned i = 0; i < STUDY_LIMITS_MAX; i++)
        assert_int_equal(study_set(&s, "max", "tpot_s=1", (struct src_pos){ 0 }, &e), COSIM_OK);
    assert_int_equal(study_set(&s, "min", "tpot_s=1", (struct src_pos){ 0 }, &e), COSIM_ERANGE);
    arena_release(&s.arena);
}

static void a_list_is_split_at_commas_but_not_within_layers(void **state)
{
    static const char *const want[] = { "int4-g128+ffn_down@0-3,31=q6_k", "bf16",
                                        "fp8+*@1,2=bf16+lm_head=fp8", "x" };
    struct list_walk w = {
        .list = { " int4-g128+ffn_down@0-3,31=q6_k,bf16 ,\tfp8+*@1,2=bf16+lm_head=fp8, x ",
                  { "f", 7, 10 } }
    };
    static const unsigned col[] = { 11, 42, 49, 77 };
    cosim_error e = { 0 };
    cosim_status st;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(list_next(&w, &st, &e));
        assert_string_equal(w.token, want[i]);
        assert_int_equal(w.at.line, 7);
        assert_int_equal(w.at.col, col[i]);
    }
    assert_false(list_next(&w, &st, &e));
    assert_int_equal(st, COSIM_OK);
}

static void empty_and_endless_entries_are_errors(void **state)
{
    char longest[LIST_TOKEN_MAX + 2];
    const char *const lists[] = { "", ",", "a,", ",a", "a,,b", "a, ,b", longest };

    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct list_walk w = { .list = { lists[i], { "f", 1, 1 } } };
        cosim_error e = { 0 };
        cosim_status st;
        int n = 0;
        while (list_next(&w, &st, &e))
            n++;
        if (st != COSIM_ESYNTAX || n > 1)
            fail_msg("'%.20s': %d entries, %s", lists[i], n, cosim_status_name(st));
    }
}

static void numbers_may_be_ranges(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        double v[8];
    } rows[] = {
        { "512", 1, { 512 } },
        { "3,1,2", 3, { 3, 1, 2 } },
        { "1..4", 4, { 1, 2, 3, 4 } },
        { "7..7", 1, { 7 } },
        { "128..2048:*2", 5, { 128, 256, 512, 1024, 2048 } },
        { "10..40:+15", 3, { 10, 25, 40 } },
        { "10..39:+15", 2, { 10, 25 } },
        { "1..100:*10, 5", 4, { 1, 10, 100, 5 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct setting s = { rows[i].text, { "f", 1, 1 } };
        struct arena a = { NULL };
        cosim_error e = { 0 };
        double *v;
        size_t n;
        if (list_numbers(&s, 1, 1e6, &v, &n, &a, &e) != COSIM_OK)
            fail_msg("'%s': %s", rows[i].text, e.msg);
        assert_int_equal(n, rows[i].n);
        for (size_t k = 0; k < n; k++)
            assert_rel(v[k], rows[i].v[k], 0);
        arena_release(&a);
    }
}

static void bad_numbers_are_refused(void **state)
{
    static const struct {
        const char *text;
        cosim_status st;
    } rows[] = {
        { "0", COSIM_ERANGE },         { "1001", COSIM_ERANGE },
        { "-1", COSIM_ESYNTAX },       { "1.5", COSIM_ESYNTAX },
        { "1e3", COSIM_ESYNTAX },      { "nan", COSIM_ESYNTAX },
        { "0x10", COSIM_ESYNTAX },     { "4..1", COSIM_ESYNTAX },
        { "1..", COSIM_ESYNTAX },      { "..4", COSIM_ESYNTAX },
        { "1..4:", COSIM_ESYNTAX },    { "1..4:2", COSIM_ESYNTAX },
        { "1..4:*1", COSIM_ESYNTAX },  { "1..4:*0", COSIM_ESYNTAX },
        { "1..4:+0", COSIM_ESYNTAX },  { "0..4", COSIM_ERANGE },
        { "1..1001", COSIM_ERANGE },   { "1...4", COSIM_ESYNTAX },
        { "1..4:+-1", COSIM_ESYNTAX }, { "18446744073709551616", COSIM_ERANGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct setting s = { rows[i].text, { "f", 2, 5 } };
        struct arena a = { NULL };
        cosim_error e = { 0 };
        double *v;
        size_t n;
        const cosim_status st = list_numbers(&s, 1, 1000, &v, &n, &a, &e);
        if (st != rows[i].st || e.line != 2 || e.col != 5)
            fail_msg("'%s': %s at %u:%u", rows[i].text, cosim_status_name(st), e.line, e.col);
        arena_release(&a);
    }
    const struct setting many = { "1..200000", { 0 } };
    struct arena a = { NULL };
    double *v;
    size_t n;
    assert_int_equal(list_numbers(&many, 1, 1e8, &v, &n, &a, NULL), COSIM_ERANGE);
    arena_release(&a);
}

static void fractions_may_be_ranges_with_a_step(void **state)
{
    static const struct {
        const char *text;
        cosim_status st;
        size_t n;
        double v[6];
    } rows[] = {
        { "0.5", COSIM_OK, 1, { 0.5 } },
        { "0.5..1:+0.1", COSIM_OK, 6, { 0.5, 0.6, 0.7, 0.8, 0.9, 1.0 } },
        { "0.25..2:*2, 5", COSIM_OK, 5, { 0.25, 0.5, 1, 2, 5 } },
        { "1..1.5:+0.4", COSIM_OK, 2, { 1, 1.4 } },
        { "0.5..1", COSIM_ESYNTAX, 0, { 0 } },
        { "1..0.5:+0.1", COSIM_ESYNTAX, 0, { 0 } },
        { "0.5..1:+0", COSIM_ESYNTAX, 0, { 0 } },
        { "0.5..1:*0.5", COSIM_ESYNTAX, 0, { 0 } },
        { "0.01", COSIM_ERANGE, 0, { 0 } },
        { "1..11:+1", COSIM_ERANGE, 0, { 0 } },
        { "nan", COSIM_ESYNTAX, 0, { 0 } },
        { "0.1..1:+1e-9", COSIM_ERANGE, 0, { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct setting s = { rows[i].text, { "f", 2, 5 } };
        struct arena a = { NULL };
        cosim_error e = { 0 };
        double *v = NULL;
        size_t n = 0;
        if (list_reals(&s, 0.1, 10, &v, &n, &a, &e) != rows[i].st)
            fail_msg("'%s': %s", rows[i].text, e.msg);
        assert_true(rows[i].st == COSIM_OK || (e.line == 2 && e.col == 5));
        assert_int_equal(n, rows[i].n);
        for (size_t k = 0; k < n; k++)
            assert_rel(v[k], rows[i].v[k], 1e-12);
        arena_release(&a);
    }
}

static void a_single_number_is_checked_too(void **state)
{
    const struct setting ok = { "18446744073709551615", { 0 } }, bad = { "1,2", { 0 } };
    uint64_t v;

    (void)state;
    assert_int_equal(setting_u64(&ok, 0, UINT64_MAX, &v, NULL), COSIM_OK);
    assert_true(v == UINT64_MAX);
    assert_int_equal(setting_u64(&ok, 0, 5, &v, NULL), COSIM_ERANGE);
    assert_int_equal(setting_u64(&bad, 0, 5, &v, NULL), COSIM_ESYNTAX);
}

/* Every byte may be anything: an answer or an error, with a place inside the text. */
static void any_text_is_read_or_refused(void **state)
{
    static const char letters[] = "model=dvic #\n\r\t,.:*+@-0123456789\x80\xffwax";
    struct rng r;

    (void)state;
    rng_stream(&r, 81, 0);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        const size_t n = rng_below(&r, sizeof text);
        struct study s;
        cosim_error e;
        for (size_t k = 0; k < n; k++)
            text[k] = letters[rng_below(&r, sizeof letters - 1)];
        text[n] = '\0';
        const cosim_status st = parse(&s, text, &e);
        assert_true((st == COSIM_OK) == (e.status == COSIM_OK));
        if (st != COSIM_OK)
            assert_true(e.line >= 1 && e.line <= n + 1 && e.col <= n + 1);
        arena_release(&s.arena);
    }
}

static void files_that_are_no_studies_are_refused(void **state)
{
    struct study s = { 0 };
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(study_load(&s, "/no/such/file", &e), COSIM_EIO);
    e = (cosim_error){ 0 };
    assert_int_equal(study_load(&s, "tests", &e), COSIM_EIO); /* a folder */
    e = (cosim_error){ 0 };
    assert_int_not_equal(study_load(&s, "hwdb/devices.csv", &e), COSIM_OK);
    assert_string_equal(e.file, "hwdb/devices.csv");
    arena_release(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_settings_with_their_places),
        cmocka_unit_test(the_last_value_of_a_key_counts),
        cmocka_unit_test(mistakes_have_their_place),
        cmocka_unit_test(too_many_limits_are_an_error),
        cmocka_unit_test(a_list_is_split_at_commas_but_not_within_layers),
        cmocka_unit_test(empty_and_endless_entries_are_errors),
        cmocka_unit_test(numbers_may_be_ranges),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(fractions_may_be_ranges_with_a_step),
        cmocka_unit_test(a_single_number_is_checked_too),
        cmocka_unit_test(any_text_is_read_or_refused),
        cmocka_unit_test(files_that_are_no_studies_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
