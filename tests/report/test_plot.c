/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot.h"
#include "report/process.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cosim-plot-XXXXXX";

/* The templates lie in the source tree; tests run from its root. */
#define TEMPLATES "reports"

static const char *in_folder(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];

    (void)snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static bool have_gnuplot(void)
{
    char *image = NULL;
    size_t n;
    const char script[] = "set print '-'\nprint 1\n";
    const bool there = gnuplot_run(script, sizeof script - 1, &image, &n, NULL) == COSIM_OK;

    free(image);
    return there;
}

#define NEED_GNUPLOT()                                                                             \
    do {                                                                                           \
        if (!have_gnuplot()) {                                                                     \
            print_message("gnuplot is not installed: skipped\n");                                  \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

enum { POINT, DEVICE, LATENCY, ENERGY, FRONT, BATCH, N_COLUMNS };

static const struct column columns[] = {
    { "point", "", "", CELL_STR },      { "device", "", "", CELL_STR },
    { "latency_s", "s", "", CELL_F64 }, { "energy_j", "J", "", CELL_F64 },
    { "front", "", "", CELL_BOOL },     { "batch", "", "", CELL_U64 },
};

static struct table *points(const char *title, const char *name, size_t n)
{
    struct table *t = NULL;
    size_t r;

    assert_int_equal(table_new(&t, title, columns, N_COLUMNS, NULL), COSIM_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, POINT, name, NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, DEVICE, i % 2 ? "odd" : name, NULL), COSIM_OK);
        table_set_f64(t, r, LATENCY, 0.001 * (double)(i + 1));
        table_set_f64(t, r, ENERGY, (i % 3 == 0 ? 1.0 : 3.0) * (double)(2 * n - i));
        table_set_flag(t, r, FRONT, i % 3 == 0);
        table_set_u64(t, r, BATCH, (uint64_t)1 << i % 5);
    }
    return t;
}

static const struct plot_ceiling roofs[] = { { "d'1", "peak \"x\"", 1e12, 0 },
                                             { "d'1", "mem", 0, 1e11 },
                                             { "d2", "slow", 1e11, 0 },
                                             { "d2", "mem", 0, 1e10 } };

/* One spec per kind, all on the table above. */
static const struct plot_spec specs[] = {
    { .kind = "pareto",
      .x = { .column = "latency_s" },
      .y = { .column = "energy_j" },
      .group = "device",
      .flag = "front",
      .label = "point",
      .template_dir = TEMPLATES },
    { .kind = "roofline",
      .x = { .column = "latency_s" },
      .y = { .column = "energy_j" },
      .group = "device",
      .label = "point",
      .ceiling = roofs,
      .n_ceilings = 4,
      .template_dir = TEMPLATES },
    { .kind = "breakdown",
      .x = { .column = "batch" },
      .y = { .column = "latency_s" },
      .value = { .column = "energy_j" },
      .group = "device",
      .template_dir = TEMPLATES },
    { .kind = "heatmap",
      .x = { .column = "batch" },
      .y = { .column = "device" },
      .value = { .column = "energy_j" },
      .template_dir = TEMPLATES },
    { .kind = "map",
      .x = { .column = "device" },
      .y = { .column = "batch" },
      .group = "device",
      .label = "point",
      .template_dir = TEMPLATES },
};
#define N_SPECS (sizeof specs / sizeof *specs)

static void assert_starts_with(const char *path, const char *magic)
{
    struct file_bytes f;

    assert_int_equal(file_read(&f, path, 1u << 26, NULL), COSIM_OK);
    assert_true(f.n > 200);
    assert_memory_equal(f.data, magic, strlen(magic));
    file_release(&f);
}

static void every_kind_draws_in_every_terminal(void **state)
{
    static const char *const suffix[][2] = { { "png", "\x89PNG" },
                                             { "svg", "<?xml" },
                                             { "pdf", "%PDF" },
                                             { "gp", "# Made" },
                                             { "txt", "a title" } };
    struct table *t = points("a title", "p", 30);

    (void)state;
    NEED_GNUPLOT();
    for (size_t k = 0; k < N_SPECS; k++)
        for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
            char name[64];
            cosim_error e = { 0 };
            (void)snprintf(name, sizeof name, "%s.%s", specs[k].kind, suffix[i][0]);
            if (report_plot(t, &specs[k], in_folder(name), NULL, &e) != COSIM_OK)
                fail_msg("%s: %s", name, e.msg);
            assert_starts_with(in_folder(name), suffix[i][1]);
        }
    table_free(t);
}

/* What a user's file may hold; the commands would leave a file behind if any of them ran. */
static const char *const hostile[] = {
    "it's \"quoted\" \\ back\\slash\\",
    "line\nbreak\r\ttab\x01",
    "100% %s %d %n {/Bold x}_{y}^{2} @sub &{gap} ~a{b}",
    "`touch HACKED` $(touch HACKED) '; system('touch HACKED'); '",
    "\"; system(\"touch HACKED\"); \"",
    "]]></text><script>alert(1)</script> & &amp; <b>",
    "');alert(1)//",
    "'",
    "''leading and trailing''",
    "' . system('touch HACKED') . '",
    "unclosed { ( [ <",
    "@TITLE $data EOD\nEOD\n",
    "",
    "\xff\xfe bad utf8 \xc3",
};

static void assert_well_formed(const char *path)
{
    char tool[] = "xmllint", quiet[] = "--noout", huge[] = "--huge", file[256];
    char *const argv[] = { tool, quiet, huge, file, NULL };
    struct process_result r;

    (void)snprintf(file, sizeof file, "%s", path);
    if (process_run(argv, "", 0, &r, NULL) != COSIM_OK)
        return; /* a second look that needs a tool; the first is below */
    if (r.exit_code != 0)
        fail_msg("%s: %s", path, r.complaint);
    process_release(&r);
}

static void hostile_texts_draw_and_run_nothing(void **state)
{
    char here[4096];

    (void)state;
    NEED_GNUPLOT();
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct table *t = points(hostile[i], hostile[i], 12);
        for (size_t k = 0; k < N_SPECS; k++) {
            struct plot_spec s = specs[k];
            cosim_error e = { 0 };
            char name[64];
            s.subtitle = s.x.label = s.y.label = s.value.label = hostile[i];
            (void)snprintf(name, sizeof name, "h%zu-%s.svg", i, s.kind);
            if (report_plot(t, &s, in_folder(name), NULL, &e) != COSIM_OK)
                fail_msg("text %zu, %s: %s", i, s.kind, e.msg);
            assert_well_formed(in_folder(name));
            struct file_bytes f;
            assert_int_equal(file_read(&f, in_folder(name), 1u << 26, NULL), COSIM_OK);
            assert_null(strstr((const char *)f.data, "<script>alert"));
            assert_null(strstr((const char *)f.data, ": ');alert"));
            file_release(&f);
        }
        table_free(t);
    }
    assert_non_null(getcwd(here, sizeof here));
    assert_int_not_equal(access("HACKED", F_OK), 0);
}

static void units_in_tables_are_hostile_too(void **state)
{
    static const struct column c[] = { { "x", "it's %s \\ \"u\" `id`", "", CELL_F64 },
                                       { "y", "J/'100% `id` %s {%c}'", "", CELL_F64 } };
    struct plot_spec s = {
        .kind = "pareto", .x = { .column = "x" }, .y = { .column = "y" }, .template_dir = TEMPLATES
    };
    struct table *t = NULL;
    size_t r;

    (void)state;
    NEED_GNUPLOT();
    assert_int_equal(table_new(&t, "", c, 2, NULL), COSIM_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        table_set_f64(t, r, 0, pow(10, 5 * i));
        table_set_f64(t, r, 1, pow(10, -5 * i));
    }
    cosim_error e = { 0 };
    if (report_plot(t, &s, in_folder("units.png"), NULL, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    table_free(t);
}

/* The script of a plot as text; free it. */
static char *script_of(const struct table *t, const struct plot_spec *s)
{
    struct file_bytes f;
    cosim_error e = { 0 };

    if (report_plot(t, s, in_folder("x.gp"), NULL, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(file_read(&f, in_folder("x.gp"), 1u << 26, NULL), COSIM_OK);
    return (char *)f.data;
}

static void assert_has(const char *script, const char *want)
{
    if (!strstr(script, want))
        fail_msg("the script has no '%s'", want);
}

static struct table *two_columns(const double *xy, size_t n)
{
    static const struct column c[] = { { "x_s", "s", "", CELL_F64 }, { "y_j", "J", "", CELL_F64 } };
    struct table *t = NULL;
    size_t r;

    assert_int_equal(table_new(&t, "", c, 2, NULL), COSIM_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        table_set_f64(t, r, 0, xy[2 * i]);
        table_set_f64(t, r, 1, xy[2 * i + 1]);
    }
    return t;
}

static void the_frontier_is_a_stair_on_the_side_that_is_better(void **state)
{
    static const double xy[][2] = { { 1, 1 }, { 2, 4 }, { 3, 5 }, { 2, 2 }, { 3, 1 } };
    static const struct {
        bool x, y;
        const char *stair;
    } row[] = {
        { false, false, "$edge << EOD\n1 1 1\nEOD" },
        { false, true, "$edge << EOD\n1 1 1\n2 1 1\n2 4 1\n3 4 1\n3 5 1\nEOD" },
        { true, false, "$edge << EOD\n3 1 1\nEOD" },
        { true, true, "$edge << EOD\n3 5 1\nEOD" },
    };
    struct table *t = two_columns(xy[0], 5);

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct plot_spec s = { .kind = "pareto",
                                     .x = { .column = "x_s", .maximise = row[i].x },
                                     .y = { .column = "y_j", .maximise = row[i].y },
                                     .template_dir = TEMPLATES };
        char *script = script_of(t, &s);
        assert_has(script, row[i].stair);
        free(script);
    }
    table_free(t);
}

/* x and y are to be small; z is a third quantity whose levels part the points. */
static void a_third_value_gives_a_stair_per_level(void **state)
{
    static const struct column c[] = { { "x", "", "", CELL_F64 },
                                       { "y", "", "", CELL_F64 },
                                       { "z", "ratio", "", CELL_F64 } };
    static const double xyz[][3] = {
        { 1, 2, 0.9 }, { 2, 1, 0.8 }, { 2, 4, 0.004 }, { 3, 3, 0.005 }
    };
    struct plot_spec s = { .kind = "pareto",
                           .x = { .column = "x" },
                           .y = { .column = "y" },
                           .value = { .column = "z" },
                           .template_dir = TEMPLATES };
    struct table *t = NULL;
    size_t r;

    (void)state;
    assert_int_equal(table_new(&t, "", c, 3, NULL), COSIM_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        for (size_t k = 0; k < 3; k++)
            table_set_f64(t, r, k, xyz[i][k]);
    }
    char *script = script_of(t, &s);
    assert_has(script, "N_LEVEL = 2\narray LEVEL[2]\nLEVEL[1] = '≤ 0.005'\nLEVEL[2] = '≤ 1'\n");
    assert_has(script, "$edge << EOD\n2 4 1\n3 4 1\n3 3 1\n\n1 2 2\n2 2 2\n2 1 2\nEOD");
    assert_has(script, "$front << EOD\n1 2 1 1 2\n2 1 1 2 2\n2 4 1 3 1\n3 3 1 4 1\nEOD");
    free(script);
    s.value.maximise = true; /* large is good: 0.9 is the strictest, rounded down */
    script = script_of(t, &s);
    assert_has(script, "LEVEL[1] = '≥ 0.5'\nLEVEL[2] = '≥ 0.005'\nLEVEL[3] = '≥ 0.002'\n");
    free(script);
    table_free(t);
}

static void axes_are_logarithmic_only_beyond_a_range_of_thirty(void **state)
{
    static const struct {
        double xy[2][2];
        bool log;
        const char *label;
    } row[] = {
        { { { 1e-3, 1 }, { 29e-3, 2 } }, false, "XLABEL = 'x (ms)'" },
        { { { 1e-3, 1 }, { 31e-3, 2 } }, true, "XLABEL = 'x (ms, log scale)'" },
        { { { 0, 1 }, { 31e-3, 2 } }, false, "XLABEL = 'x (ms)'" },
        { { { -1e-3, 1 }, { 31e-3, 2 } }, false, "XLABEL = 'x (ms)'" },
        { { { 1e-9, 1 }, { 1, 2 } }, true, "XLABEL = 'x (log scale)'" },
    };
    const struct plot_spec s = { .kind = "pareto",
                                 .x = { .column = "x_s" },
                                 .y = { .column = "y_j" },
                                 .template_dir = TEMPLATES };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct table *t = two_columns(row[i].xy[0], 2);
        char *script = script_of(t, &s);
        assert_has(script, row[i].label);
        assert_int_equal(strstr(script, "set logscale x 10") != NULL, row[i].log);
        free(script);
        table_free(t);
    }
}

static void axes_cover_every_known_value_and_count_the_others(void **state)
{
    const double xy[][2] = { { 5, 1 }, { UNKNOWN_F64, 1 }, { 25, 3 }, { INF_F64, 4 }, { 40, 7 } };
    const struct plot_spec s = { .kind = "pareto",
                                 .x = { .column = "x_s" },
                                 .y = { .column = "y_j" },
                                 .template_dir = TEMPLATES };
    struct table *t = two_columns(xy[0], 5);
    char *script = script_of(t, &s);
    double lo = 0, hi = 0;

    (void)state;
    const char *range = strstr(script, "set xrange [");
    assert_non_null(range);
    assert_int_equal(sscanf(range, "set xrange [%lf:%lf]", &lo, &hi), 2);
    assert_true(lo <= 5 && hi >= 40);
    assert_has(script, "2 of 5 points have no value on one of the axes and are not drawn");
    free(script);
    table_free(t);
}

static void parts_of_a_bar_add_up_from_zero(void **state)
{
    static const struct column c[] = { { "bar", "", "", CELL_STR },
                                       { "part", "", "", CELL_STR },
                                       { "t_s", "s", "", CELL_F64 } };
    struct plot_spec s = { .kind = "breakdown",
                           .x = { .column = "bar" },
                           .y = { .column = "t_s" },
                           .group = "part",
                           .template_dir = TEMPLATES };
    struct table *t = NULL;
    size_t r;

    (void)state;
    assert_int_equal(table_new(&t, "", c, 3, NULL), COSIM_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, 0, "a", NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, 1, i % 2 ? "p" : "q", NULL), COSIM_OK);
        table_set_f64(t, r, 2, 1 + i);
    }
    char *script = script_of(t, &s);
    assert_has(script, "$part1 << EOD\n0 4 0 1 40\n4 10 0 2 60\nEOD");
    assert_has(script, "TOTAL1[1] = '10 s'");
    free(script);
    s.shares = true;
    script = script_of(t, &s);
    assert_has(script, "$part1 << EOD\n0 40 0 1 40\n40 100 0 2 60\nEOD");
    free(script);
    table_free(t);
}

static void a_cell_of_a_heat_map_shows_the_best_of_its_rows(void **state)
{
    static const struct column c[] = { { "x", "", "", CELL_U64 },
                                       { "y", "", "", CELL_STR },
                                       { "v_s", "s", "", CELL_F64 } };
    struct plot_spec s = { .kind = "heatmap",
                           .x = { .column = "x" },
                           .y = { .column = "y" },
                           .value = { .column = "v_s" },
                           .template_dir = TEMPLATES };
    struct table *t = NULL;
    size_t r;

    (void)state;
    assert_int_equal(table_new(&t, "", c, 3, NULL), COSIM_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        table_set_u64(t, r, 0, i < 2 ? 8 : 4);
        assert_int_equal(table_set_str(t, r, 1, i == 3 ? "low" : "top", NULL), COSIM_OK);
        table_set_f64(t, r, 2, 10 + i);
    }
    char *script = script_of(t, &s);
    assert_has(script, "$cell << EOD\n0 1 12 ");
    assert_has(script, "\n1 1 10 ");
    assert_has(script, "\n0 0 13 ");
    assert_has(script, "$missing << EOD\n1 0\nEOD");
    assert_has(script, "the smallest value of each is shown");
    free(script);
    s.value.maximise = true;
    script = script_of(t, &s);
    assert_has(script, "\n1 1 11 ");
    free(script);
    table_free(t);
}

static void a_kept_script_draws_the_same_picture(void **state)
{
    char gnuplot[] = "gnuplot", d[] = "-d", file[] = "k.gp";
    char *const argv[] = { gnuplot, d, file, NULL };
    char here[4096];
    struct plot_spec s = specs[0];
    struct table *t = points("t", "p", 20);
    struct file_bytes a, b;
    struct process_result r;

    (void)state;
    NEED_GNUPLOT();
    s.script_path = in_folder("kept.gp");
    assert_int_equal(report_plot(t, &s, in_folder("direct.png"), NULL, NULL), COSIM_OK);
    assert_int_equal(access(in_folder("kept.gp"), R_OK), 0);
    assert_int_equal(report_plot(t, &specs[0], in_folder("k.gp"), NULL, NULL), COSIM_OK);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(process_run(argv, "", 0, &r, NULL), COSIM_OK);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(r.exit_code, 0);
    process_release(&r);
    assert_int_equal(file_read(&a, in_folder("direct.png"), 1u << 26, NULL), COSIM_OK);
    assert_int_equal(file_read(&b, in_folder("k.png"), 1u << 26, NULL), COSIM_OK);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.data, b.data, a.n);
    file_release(&a);
    file_release(&b);
    table_free(t);
}

static void the_same_table_gives_the_same_script(void **state)
{
    struct table *t = points("t", "p", 40);

    (void)state;
    for (size_t k = 0; k < N_SPECS; k++) {
        char *a = script_of(t, &specs[k]), *b = script_of(t, &specs[k]);
        assert_string_equal(a, b);
        free(a);
        free(b);
    }
    table_free(t);
}

static void text_pictures_fit_the_terminal(void **state)
{
    struct table *t = points("a title", "p", 30);

    (void)state;
    NEED_GNUPLOT();
    for (size_t k = 0; k < N_SPECS; k++) {
        char *text = NULL;
        size_t n = 0, lines = 0;
        FILE *out = open_memstream(&text, &n);
        assert_int_equal(report_plot(t, &specs[k], NULL, out, NULL), COSIM_OK);
        assert_int_equal(fclose(out), 0);
        for (const char *l = text; *l; lines++) {
            const size_t width = strcspn(l, "\n");
            assert_true(width <= 79 + 8); /* a few characters take two bytes */
            assert_true(width == 0 || l[width - 1] != ' ');
            l += width + (l[width] == '\n');
        }
        assert_true(lines > 10 && lines <= 24);
        assert_int_equal(text[n - 1], '\n');
        free(text);
    }
    table_free(t);
}

static void what_cannot_be_drawn_is_said(void **state)
{
    static const double none[][2] = { { 0, 1 } };
    const double unknown[][2] = { { UNKNOWN_F64, 1 } };
    const struct plot_axis x = { .column = "x_s" }, y = { .column = "y_j" };
    const struct {
        struct plot_spec s;
        const double (*xy)[2];
        const char *path;
        cosim_status st;
        const char *msg, *hint;
    } row[] = {
        { { .kind = "paretto", .x = x, .y = y, .template_dir = TEMPLATES },
          none,
          "a.png",
          COSIM_EUNKNOWN,
          "unknown kind of plot 'paretto'",
          "did you mean 'pareto'?" },
        { { .kind = "pareto", .x = x, .template_dir = TEMPLATES },
          none,
          "a.png",
          COSIM_EUSAGE,
          "a pareto plot needs a column for y",
          "" },
        { { .kind = "pareto", .x = { .column = "x_" }, .y = y, .template_dir = TEMPLATES },
          none,
          "a.png",
          COSIM_EUNKNOWN,
          "no column 'x_' (for x) in the table",
          "did you mean 'x_s'?" },
        { { .kind = "pareto", .x = x, .y = y, .template_dir = TEMPLATES },
          none,
          "a.jpeg",
          COSIM_EUNKNOWN,
          "cannot tell the kind of picture from the name",
          "end the name in .png" },
        { { .kind = "pareto", .x = x, .y = y, .template_dir = TEMPLATES },
          unknown,
          "a.gp",
          COSIM_ERANGE,
          "nothing to draw: column 'x_s' has no known number",
          "" },
        { { .kind = "pareto",
            .x = { .column = "x_s", .scale = PLOT_LOG },
            .y = y,
            .template_dir = TEMPLATES },
          none,
          "a.gp",
          COSIM_ERANGE,
          "column 'x_s' has values at or below zero: no logarithmic axis",
          "" },
        { { .kind = "pareto", .x = x, .y = y, .template_dir = "/nonexistent" },
          none,
          "a.gp",
          COSIM_EIO,
          "cannot open",
          "plot templates are the reports/*.gp files" },
        { { .kind = "roofline", .x = x, .y = y, .template_dir = TEMPLATES },
          none,
          "a.gp",
          COSIM_EUSAGE,
          "a roofline plot needs ceilings",
          "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct table *t = two_columns(row[i].xy[0], 1);
        cosim_error e = { 0 };
        assert_int_equal(report_plot(t, &row[i].s, in_folder(row[i].path), NULL, &e), row[i].st);
        if (!strstr(e.msg, row[i].msg) || !strstr(e.hint, row[i].hint))
            fail_msg("row %zu: '%s', hint '%s'", i, e.msg, e.hint);
        table_free(t);
    }
}

static void an_empty_table_is_nothing_to_draw(void **state)
{
    struct table *t = points("t", "p", 0);

    (void)state;
    for (size_t k = 0; k < N_SPECS; k++) {
        cosim_error e = { 0 };
        const cosim_status st = report_plot(t, &specs[k], in_folder("none.gp"), NULL, &e);
        /* a roofline without points still shows its roofs */
        assert_int_equal(st, strcmp(specs[k].kind, "roofline") == 0 ? COSIM_OK : COSIM_ERANGE);
    }
    table_free(t);
}

static void unwritable_pictures_are_errors(void **state)
{
    static const char *const path[] = { "/nonexistent/a.png", "/nonexistent/a.gp" };
    struct table *t = points("t", "p", 10);

    (void)state;
    NEED_GNUPLOT();
    for (size_t i = 0; i < 2; i++) {
        cosim_error e = { 0 };
        assert_int_equal(report_plot(t, &specs[0], path[i], NULL, &e), COSIM_EIO);
        assert_string_equal(e.file, path[i]);
        assert_non_null(strstr(e.msg, "No such file"));
    }
    assert_int_equal(symlink("/dev/full", in_folder("full.png")), 0);
    cosim_error e = { 0 };
    assert_int_equal(report_plot(t, &specs[0], in_folder("full.png"), NULL, &e), COSIM_EIO);
    assert_non_null(strstr(e.msg, "No space left"));
    FILE *full = fopen("/dev/full", "w");
    err_clear(&e);
    assert_int_equal(report_plot(t, &specs[0], NULL, full, &e), COSIM_EIO);
    (void)fclose(full);
    table_free(t);
}

/* Runs `what` with another PATH. */
static void with_path(const char *path, void (*what)(const struct table *t))
{
    char *before = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    struct table *t = points("t", "p", 10);

    assert_int_equal(setenv("PATH", path, 1), 0);
    what(t);
    assert_int_equal(before ? setenv("PATH", before, 1) : unsetenv("PATH"), 0);
    free(before);
    table_free(t);
}

static void expect_missing(const struct table *t)
{
    cosim_error e = { 0 };

    assert_int_equal(report_plot(t, &specs[0], in_folder("m.png"), NULL, &e), COSIM_EIO);
    assert_non_null(strstr(e.msg, "cannot start 'gnuplot'"));
    assert_non_null(strstr(e.hint, "gnuplot-nox"));
    err_clear(&e);
    assert_int_equal(report_plot(t, &specs[0], in_folder("m.gp"), NULL, &e), COSIM_OK);
}

static void without_gnuplot_the_hint_says_what_to_install(void **state)
{
    (void)state;
    with_path("/nonexistent", expect_missing);
}

/* A stand-in that does what the script says and no more. */
static void make_program(const char *body)
{
    FILE *f = fopen(in_folder("gnuplot"), "w");

    assert_non_null(f);
    assert_true(fprintf(f, "#!/bin/sh\n%s\n", body) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(in_folder("gnuplot"), 0755), 0);
}

static void expect_failure(const struct table *t)
{
    static const struct {
        const char *body, *msg;
    } row[] = {
        { "exit 7", "gnuplot failed: it gave no reason" },
        { "echo 'plot x' >&2; echo '     line 3: undefined function: foo' >&2; exit 1",
          "gnuplot failed: undefined function: foo" },
        { "exit 0", "gnuplot failed: it gave no reason" },
        { "kill -9 $$", "gnuplot failed: it was killed" },
        { "exec <&-; echo 'line 1: closed its ears' >&2; exit 2",
          "gnuplot failed: closed its ears" },
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cosim_error e = { 0 };
        make_program(row[i].body);
        assert_int_equal(report_plot(t, &specs[0], in_folder("f.png"), NULL, &e), COSIM_EIO);
        assert_string_equal(e.msg, row[i].msg);
    }
    assert_int_equal(unlink(in_folder("gnuplot")), 0);
}

/* SIGPIPE has its default action here: a child that stops reading must not kill the test. */
static void a_gnuplot_that_fails_is_quoted_and_kills_nobody(void **state)
{
    char path[300];

    (void)state;
    (void)snprintf(path, sizeof path, "%s:/bin:/usr/bin", folder);
    with_path(path, expect_failure);
}

static void a_program_gets_all_its_input_and_gives_all_its_output(void **state)
{
    char cat[] = "cat";
    char *const argv[] = { cat, NULL };
    const size_t n = 3000000; /* far more than a pipe holds, both ways at once */
    char *data = malloc(n);
    struct process_result r;

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 31 % 251);
    assert_int_equal(process_run(argv, data, n, &r, NULL), COSIM_OK);
    assert_int_equal(r.exit_code, 0);
    assert_int_equal(r.n_out, n);
    assert_memory_equal(r.out, data, n);
    process_release(&r);
    free(data);
}

static void a_cloud_of_many_points_stays_small(void **state)
{
    const size_t n = 100000;
    double(*xy)[2] = malloc(n * sizeof *xy);
    const struct plot_spec s = { .kind = "pareto",
                                 .x = { .column = "x_s" },
                                 .y = { .column = "y_j" },
                                 .template_dir = TEMPLATES };

    (void)state;
    assert_non_null(xy);
    for (size_t i = 0; i < n; i++) {
        xy[i][0] = 1 + (double)(i % 100) * 1e-7;
        xy[i][1] = 1 + (double)(i % 1000) / 1000;
    }
    xy[0][0] = 2;
    struct table *t = two_columns(xy[0], n);
    char *script = script_of(t, &s);
    assert_true(strlen(script) < 100000);
    assert_has(script, "N_CLOUD = 99");
    free(script);
    free(xy);
    table_free(t);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char rm[] = "rm", rf[] = "-rf";
    char *const argv[] = { rm, rf, folder, NULL };
    struct process_result r;

    (void)state;
    const int failed = process_run(argv, "", 0, &r, NULL) != COSIM_OK;
    process_release(&r);
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_draws_in_every_terminal),
        cmocka_unit_test(hostile_texts_draw_and_run_nothing),
        cmocka_unit_test(units_in_tables_are_hostile_too),
        cmocka_unit_test(the_frontier_is_a_stair_on_the_side_that_is_better),
        cmocka_unit_test(a_third_value_gives_a_stair_per_level),
        cmocka_unit_test(axes_are_logarithmic_only_beyond_a_range_of_thirty),
        cmocka_unit_test(axes_cover_every_known_value_and_count_the_others),
        cmocka_unit_test(parts_of_a_bar_add_up_from_zero),
        cmocka_unit_test(a_cell_of_a_heat_map_shows_the_best_of_its_rows),
        cmocka_unit_test(a_kept_script_draws_the_same_picture),
        cmocka_unit_test(the_same_table_gives_the_same_script),
        cmocka_unit_test(text_pictures_fit_the_terminal),
        cmocka_unit_test(what_cannot_be_drawn_is_said),
        cmocka_unit_test(an_empty_table_is_nothing_to_draw),
        cmocka_unit_test(unwritable_pictures_are_errors),
        cmocka_unit_test(without_gnuplot_the_hint_says_what_to_install),
        cmocka_unit_test(a_gnuplot_that_fails_is_quoted_and_kills_nobody),
        cmocka_unit_test(a_program_gets_all_its_input_and_gives_all_its_output),
        cmocka_unit_test(a_cloud_of_many_points_stays_small),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
