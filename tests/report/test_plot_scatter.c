/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/num.h"
#include "report/plot.h"
#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct column columns[] = {
    { "measured", "token/s", "", CELL_F64 },
    { "predicted", "token/s", "", CELL_F64 },
    { "class", "", "", CELL_STR },
};

static struct table *points(const double (*xy)[2], size_t n)
{
    struct table *t = NULL;

    assert_int_equal(table_new(&t, "t", columns, 3, NULL), COSIM_OK);
    for (size_t i = 0; i < n; i++) {
        size_t r;
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        table_set_f64(t, r, 0, xy[i][0]);
        table_set_f64(t, r, 1, xy[i][1]);
        assert_int_equal(table_set_str(t, r, 2, i % 2 ? "soc" : "gpu", NULL), COSIM_OK);
    }
    return t;
}

/* The script of the picture, which needs no gnuplot. Freed by the caller. */
static cosim_status script_of(const struct table *t, char **script, cosim_error *e)
{
    char folder[] = "/tmp/cosim-scatter-XXXXXX", path[64];
    const struct plot_spec s = { .kind = "scatter",
                                 .x = { .column = "measured" },
                                 .y = { .column = "predicted" },
                                 .group = "class",
                                 .template_dir = "reports" };
    struct file_bytes f;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.gp", folder);
    const cosim_status st = report_plot(t, &s, path, NULL, e);
    *script = NULL;
    if (st == COSIM_OK) {
        assert_int_equal(file_read(&f, path, 1u << 20, NULL), COSIM_OK);
        *script = calloc(f.n + 1, 1);
        assert_non_null(*script);
        memcpy(*script, f.data, f.n);
        file_release(&f);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
    return st;
}

/* The numbers of the first and last point of a line's data block. */
static void ends_of(const char *script, const char *name, double end[4])
{
    const char *s = strstr(script, name);

    assert_non_null(s);
    s = strchr(s, '\n');
    assert_non_null(s);
    assert_int_equal(sscanf(s, "%lf %lf\n%lf %lf", &end[0], &end[1], &end[2], &end[3]), 4);
}

static void lines_lie_at_one_and_at_a_factor_of_two(void **state)
{
    (void)state;
    const double xy[][2] = { { 10, 1000 }, { 20, 21 }, { 3000, 40 } };
    struct table *t = points(xy, 3);
    char *script;
    double end[4];

    assert_int_equal(script_of(t, &script, NULL), COSIM_OK);
    ends_of(script, "$equal << EOD", end);
    assert_rel(end[1], end[0], 1e-9);
    assert_rel(end[3], end[2], 1e-9);
    assert_true(end[0] <= 10 && end[2] >= 3000); /* both axes cover both columns */
    const double lo = end[0], hi = end[2];
    ends_of(script, "$above << EOD", end);
    assert_rel(end[1], 2 * end[0], 1e-9);
    assert_rel(end[3], hi, 1e-9);
    ends_of(script, "$below << EOD", end);
    assert_rel(end[1], lo, 1e-9);
    assert_rel(end[3], end[2] / 2, 1e-9);
    assert_non_null(strstr(script, "20 21 2\n"));
    free(script);
    table_free(t);
}

static void points_without_a_logarithm_are_counted(void **state)
{
    (void)state;
    const double xy[][2] = { { 10, 20 }, { 0, 5 }, { 7, -1 } };
    struct table *t = points(xy, 3);
    char *script;

    assert_int_equal(script_of(t, &script, NULL), COSIM_OK);
    assert_non_null(strstr(script, "2 of 3 points"));
    free(script);
    table_free(t);
}

static void nothing_to_draw_is_an_error(void **state)
{
    (void)state;
    const double xy[][2] = { { 0, 20 } };
    struct table *t = points(xy, 1);
    char *script;

    assert_int_equal(script_of(t, &script, NULL), COSIM_ERANGE);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_lie_at_one_and_at_a_factor_of_two),
        cmocka_unit_test(points_without_a_logarithm_are_counted),
        cmocka_unit_test(nothing_to_draw_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
