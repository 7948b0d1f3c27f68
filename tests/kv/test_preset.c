/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/groups.h"
#include "kv/preset.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

static cosim_status parse(const char *text, struct kv_preset_file *p, struct arena *a,
                          cosim_error *e)
{
    return kv_preset_parse(p, "p.yaml", text, strlen(text), a, e);
}

static void both_styles_are_read(void **state)
{
    static const char *const text[] = {
        "0:\n  nbits_key: 8\n  nbits_value: 4\n1:\n  nbits_key: 4\n  nbits_value: 2\n",
        "0: {nbits_key: 8, nbits_value: 4}\n1: {nbits_value: 2, nbits_key: 4}\n",
        ("# comment\r\n1: {nbits_key: 4, nbits_value: 2} # x\r\n\r\n0:\r\n"
         "    nbits_value: 4\r\n    nbits_key: 8"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        struct kv_preset_file p;
        struct arena a = { 0 };
        cosim_error e = { 0 };
        if (parse(text[i], &p, &a, &e) != COSIM_OK)
            fail_msg("%zu: %u:%u: %s", i, e.line, e.col, e.msg);
        assert_int_equal(p.n_layers, 2);
        assert_int_equal(p.pair[0], kv_pair_parse("K8V4"));
        assert_int_equal(p.pair[1], kv_pair_parse("K4V2"));
        arena_release(&a);
    }
}

static void errors_have_line_and_column(void **state)
{
    static const struct {
        const char *text, *msg;
        unsigned line, col;
        cosim_status st;
    } row[] = {
        { "", "no layers", 1, 1, COSIM_ESYNTAX },
        { "0: {nbits_key: 3, nbits_value: 4}", "bits are 2, 4, 8 or 16", 1, 16, COSIM_ERANGE },
        { "0: {nbits_key: 8, nbits_key: 4}", "same key twice", 1, 19, COSIM_ESYNTAX },
        { "0: {nbits_key: 8, nbits_value: 8}\n0: {nbits_key: 8, nbits_value: 8}",
          "stands in the file already", 2, 1, COSIM_ESYNTAX },
        { "1: {nbits_key: 8, nbits_value: 8}", "layer 0 is missing", 1, 0, COSIM_ESYNTAX },
        { "0:\n  0: {nbits_key: 8, nbits_value: 8}", "bits per head", 2, 3, COSIM_EUNSUPPORTED },
        { "0:\nnbits_key: 8\n", "indented", 2, 1, COSIM_ESYNTAX },
        { "0: {nbits_key: 8, nbits_value: 8} x", "text after", 1, 35, COSIM_ESYNTAX },
        { "9999: {nbits_key: 8, nbits_value: 8}", "1024 or more", 1, 4, COSIM_ERANGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct kv_preset_file p;
        struct arena a = { 0 };
        cosim_error e = { 0 };
        assert_int_equal(parse(row[i].text, &p, &a, &e), row[i].st);
        if (!strstr(e.msg, row[i].msg) || e.line != row[i].line || e.col != row[i].col)
            fail_msg("%zu: %u:%u: %s", i, e.line, e.col, e.msg);
        arena_release(&a);
    }
}

static void every_published_preset_survives_writing_and_reading(void **state)
{
    struct arena a = { 0 };
    struct kv_presets all;

    (void)state;
    assert_int_equal(kv_presets_load(&all, "workloads/kvtuner/presets.csv", &a, NULL), COSIM_OK);
    for (size_t i = 0; i < all.n; i++) {
        const struct kv_preset *x = &all.preset[i];
        struct kv_preset_file p;
        char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        assert_int_equal(kv_preset_write(f, x->pair, x->n_layers, NULL), COSIM_OK);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(kv_preset_parse(&p, "p", text, n, &a, NULL), COSIM_OK);
        assert_int_equal(p.n_layers, x->n_layers);
        assert_memory_equal(p.pair, x->pair, x->n_layers * sizeof *x->pair);
        free(text);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_styles_are_read),
        cmocka_unit_test(errors_have_line_and_column),
        cmocka_unit_test(every_published_preset_survives_writing_and_reading),
    };
    return cmocka_run_group_tests_name("kv/preset", tests, NULL, NULL);
}
