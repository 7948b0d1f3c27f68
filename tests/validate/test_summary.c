/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "support/close.h"
#include "validate/summary.h"

#include <string.h>

enum { PHASE, DEVICE, MEASURED, PREDICTED, ERROR, N_COLUMNS };

static const struct column columns[] = {
    { "phase", "", "", CELL_STR },       { "device", "", "", CELL_STR },
    { "measured", "", "", CELL_F64 },    { "predicted", "", "", CELL_F64 },
    { "error_ratio", "", "", CELL_F64 },
};

static const struct {
    const char *phase, *device;
    double measured, predicted;
} rows[] = {
    { "prefill", "b", 100, 150 }, { "decode", "b", 10, 11 }, { "decode", "a", 10, 5 },
    { "decode", "b", 20, 26 },    { "decode", "b", 30, 60 },
};
#define N_ROWS (sizeof rows / sizeof *rows)

static struct table *make(void)
{
    struct table *t = NULL;

    assert_int_equal(table_new(&t, "t", columns, N_COLUMNS, NULL), COSIM_OK);
    for (size_t i = 0; i < N_ROWS; i++) {
        size_t r;
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, PHASE, rows[i].phase, NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, DEVICE, rows[i].device, NULL), COSIM_OK);
        table_set_f64(t, r, MEASURED, rows[i].measured);
        table_set_f64(t, r, PREDICTED, rows[i].predicted);
        table_set_f64(t, r, ERROR, rows[i].predicted / rows[i].measured - 1);
    }
    return t;
}

static const char *text(const struct table *t, size_t row, const char *column)
{
    return table_cell(t, row, table_column(t, column))->as.str;
}

static double number(const struct table *t, size_t row, const char *column)
{
    return table_cell(t, row, table_column(t, column))->as.f64;
}

static uint64_t count(const struct table *t, size_t row)
{
    return table_cell(t, row, table_column(t, "n"))->as.u64;
}

static void groups_are_sorted_and_counted(void **state)
{
    (void)state;
    struct table *t = make(), *s = NULL;

    assert_int_equal(summary_of(t, "phase,device", &s, NULL), COSIM_OK);
    assert_int_equal(s->n_rows, 3);
    assert_string_equal(text(s, 0, "phase"), "decode");
    assert_string_equal(text(s, 0, "device"), "a");
    assert_string_equal(text(s, 1, "device"), "b");
    assert_string_equal(text(s, 2, "phase"), "prefill");
    assert_int_equal(count(s, 0) + count(s, 1) + count(s, 2), N_ROWS);
    /* errors .1 .3 1 */
    assert_int_equal(count(s, 1), 3);
    assert_rel(number(s, 1, "mape_ratio"), 1.4 / 3, 1e-12);
    assert_rel(number(s, 1, "median_ape_ratio"), 0.3, 1e-12);
    assert_rel(number(s, 1, "spearman"), 1.0, 1e-12);
    assert_rel(number(s, 0, "bias_ratio"), -0.5, 1e-12);
    table_free(s);
    table_free(t);
}

static void no_columns_make_one_group(void **state)
{
    (void)state;
    struct table *t = make(), *s = NULL;

    assert_int_equal(summary_of(t, "", &s, NULL), COSIM_OK);
    assert_int_equal(s->n_rows, 1);
    assert_int_equal(count(s, 0), N_ROWS);
    table_free(s);
    table_free(t);
}

static void rows_without_a_number_are_left_out(void **state)
{
    (void)state;
    struct table *t = make(), *s = NULL;

    table_set_f64(t, 2, PREDICTED, UNKNOWN_F64);
    assert_int_equal(summary_of(t, "device", &s, NULL), COSIM_OK);
    assert_int_equal(s->n_rows, 1);
    assert_int_equal(count(s, 0), N_ROWS - 1);
    table_free(s);
    table_free(t);
}

static void a_column_that_is_no_text_is_refused_with_a_suggestion(void **state)
{
    (void)state;
    struct table *t = make(), *s = NULL;
    cosim_error e = { .status = COSIM_OK };

    assert_int_equal(summary_of(t, "devize", &s, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "device"));
    assert_null(s);
    assert_int_equal(summary_of(t, "measured", &s, NULL), COSIM_EUNKNOWN);
    assert_int_equal(summary_of(t,
                                "phase,phase,phase,phase,phase,phase,phase,phase,phase,phase,"
                                "phase,phase,phase",
                                &s, NULL),
                     COSIM_ERANGE);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_sorted_and_counted),
        cmocka_unit_test(no_columns_make_one_group),
        cmocka_unit_test(rows_without_a_number_are_left_out),
        cmocka_unit_test(a_column_that_is_no_text_is_refused_with_a_suggestion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
