/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/num.h"
#include "report/plot.h"
#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct column columns[] = {
    { "width", "", "", CELL_F64 }, { "loss", "nat", "", CELL_F64 }, { "layers", "", "", CELL_F64 },
    { "what", "", "", CELL_STR },  { "mark", "", "", CELL_STR },
};

static struct table *curve(void)
{
    const double v[][3] = { { 2048, 3.2, 12 },
                            { 768, 3.6, 32 },
                            { 1024, 3.4, 31.5 },
                            { 896, 3.47, 24 },
                            { 512, UNKNOWN_F64, 3 } };
    struct table *t = NULL;

    assert_int_equal(table_new(&t, "t", columns, 5, NULL), COSIM_OK);
    for (size_t i = 0; i < 5; i++) {
        size_t r;
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        for (size_t c = 0; c < 3; c++)
            table_set_f64(t, r, c, v[i][c]);
        assert_int_equal(table_set_str(t, r, 3, "deepest", NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, 4, i == 3 ? "qwen" : NULL, NULL), COSIM_OK);
    }
    return t;
}

/* The script of the picture, which needs no gnuplot. Freed by the caller. */
static char *script_of(const struct table *t, const char *kind)
{
    char folder[] = "/tmp/cosim-curve-XXXXXX", path[64];
    const struct plot_spec s = { .kind = kind,
                                 .x = { .column = "width" },
                                 .y = { .column = "loss" },
                                 .value = { .column = strcmp(kind, "curve") ? NULL : "layers" },
                                 .group = "what",
                                 .mark = "mark",
                                 .template_dir = "reports" };
    cosim_error e = { 0 };
    struct file_bytes f;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.gp", folder);
    if (report_plot(t, &s, path, NULL, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(file_read(&f, path, 1u << 20, NULL), COSIM_OK);
    char *script = calloc(f.n + 1, 1);
    assert_non_null(script);
    memcpy(script, f.data, f.n);
    file_release(&f);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return script;
}

static void a_curve_joins_its_points_in_the_order_of_x(void **state)
{
    struct table *t = curve();
    char *script = script_of(t, "curve");

    (void)state;
    assert_non_null(strstr(script, "$curve << EOD\n768 3.6 1\n1024 3.4 1\n2048 3.2 1\n"));
    assert_non_null(strstr(script, "set label '31.5'"));
    assert_non_null(strstr(script, "1 of 5 points"));
    free(script);
    table_free(t);
}

/* In both kinds the marked row is named and is no part of a line. */
static void a_marked_row_is_named_and_on_no_line(void **state)
{
    struct table *t = curve();
    char *script = script_of(t, "curve"), *front = script_of(t, "pareto");

    (void)state;
    assert_non_null(strstr(script, "$mark << EOD\n896 3.47\nEOD\nN_MARK = 1\n"));
    assert_non_null(strstr(script, "set label 'qwen'"));
    assert_null(strstr(script, "896 3.47 1"));
    assert_non_null(strstr(front, "$mark << EOD\n896 3.47\nEOD\nN_MARK = 1\n"));
    assert_non_null(strstr(front, "set label 'qwen'"));
    assert_null(strstr(front, "896 3.47 1"));
    free(script);
    free(front);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_joins_its_points_in_the_order_of_x),
        cmocka_unit_test(a_marked_row_is_named_and_on_no_line),
    };
    return cmocka_run_group_tests_name("report/plot_curve", tests, NULL, NULL);
}
