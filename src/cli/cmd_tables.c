/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list, show, check, validate: one table in, one table out. */
#include "cli/cli.h"

#include <string.h>

/* Writes what a call gave and frees it; a table that comes with ENO is shown as well. */
static int finish(cosim *c, cosim_table *t, cosim_status st, const cosim_error *e,
                  const struct args *a)
{
    int code = t ? write_result(c, t, a, st) : 0;

    if (st != COSIM_OK && code == 0)
        code = report_error(e);
    cosim_table_free(t);
    return code;
}

int cmd_list(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;

    if (a->n_operands != 1)
        return usage_error("say what to list: devices, models, formats, recipes, scenarios, "
                           "objectives, algorithms, axes, operators or engines");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    const cosim_status st = cosim_list(c, a->operand[0], &t, &e);
    code = finish(c, t, st, &e, a);
    cosim_close(c);
    return code;
}

int cmd_show(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;

    if (a->n_operands != 1)
        return usage_error("say what to show: the id of a device, model, format or scenario");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    const cosim_status st = cosim_show(c, a->operand[0], &t, &e);
    code = finish(c, t, st, &e, a);
    cosim_close(c);
    return code;
}

/* A second table in the same file would replace the first. */
static bool one_table_a_file(const struct args *a, size_t n)
{
    if (n <= 1 || !args_get(a, "out"))
        return true;
    (void)usage_error("'--out' holds one table, this gives %zu: ask for one at a time", n);
    return false;
}

int cmd_check(const struct args *a)
{
    static const char *const both[] = { "hwdb", "workloads" };
    const char *const *what = a->n_operands > 0 ? a->operand : both;
    const size_t n = a->n_operands > 0 ? a->n_operands : 2;
    int code = EXIT_USAGE, worst = 0;

    if (!one_table_a_file(a, n))
        return EXIT_USAGE;
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    for (size_t i = 0; i < n; i++) {
        cosim_error e = { .status = COSIM_OK };
        cosim_table *t = NULL;
        const cosim_status st = cosim_check(c, what[i], &t, &e);
        code = finish(c, t, st, &e, a);
        worst = code > worst ? code : worst;
    }
    cosim_close(c);
    return worst;
}

static int validate_golden(cosim *c, const char *path, const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *summary = NULL, *largest = NULL;
    const cosim_status st = cosim_validate_golden(path, &summary, &largest, &e);
    const bool show_largest = args_has(a, "worst");

    cosim_table_free(show_largest ? summary : largest);
    return finish(c, show_largest ? largest : summary, st, &e, a);
}

static int validate_measured(cosim *c, const char *path, const struct args *a)
{
    const cosim_validate_options o = { sizeof o, args_get(a, "by"), args_get(a, "only") };
    const cosim_plot_options picture = {
        .kind = "scatter", .x = "measured", .y = "predicted", .group = "class"
    };
    cosim_error e = { .status = COSIM_OK };
    cosim_table *summary = NULL, *rows = NULL, *skipped = NULL;
    const cosim_status st =
        cosim_validate_measured(c, a->operand[0], path, &o, &summary, &rows, &skipped, &e);
    cosim_table *shown = args_has(a, "worst") ? rows : args_has(a, "skipped") ? skipped : summary;
    int code = st == COSIM_OK ? write_result(c, shown, a, st) : report_error(&e);

    if (code == 0)
        code = draw_pictures(c, rows, a, &picture);
    cosim_table_free(summary);
    cosim_table_free(rows);
    cosim_table_free(skipped);
    return code;
}

static int validate_operators(cosim *c, const char *dir, const struct args *a)
{
    const cosim_operators_options o = { sizeof o, args_get(a, "on"), args_get(a, "by"),
                                        args_get(a, "only") };
    const cosim_plot_options picture = {
        .kind = "scatter", .x = "measured", .y = "predicted", .group = "group"
    };
    cosim_error e = { .status = COSIM_OK };
    cosim_table *summary = NULL, *rows = NULL;
    const cosim_status st = cosim_validate_operators(c, dir, &o, &summary, &rows, &e);
    int code = st == COSIM_OK ? write_result(c, args_has(a, "worst") ? rows : summary, a, st)
                              : report_error(&e);

    if (code == 0)
        code = draw_pictures(c, rows, a, &picture);
    cosim_table_free(summary);
    cosim_table_free(rows);
    return code;
}

int cmd_validate(const struct args *a)
{
    int code = EXIT_USAGE, worst = 0;

    if (a->n_operands < 2)
        return usage_error(
            "write: cosim validate golden|throughput|energy|claims|operators FILE...");
    const bool golden = strcmp(a->operand[0], "golden") == 0;
    const bool operators = strcmp(a->operand[0], "operators") == 0;
    if (!one_table_a_file(a, a->n_operands - 1))
        return EXIT_USAGE;
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    for (size_t i = 1; i < a->n_operands; i++) {
        code = golden      ? validate_golden(c, a->operand[i], a)
               : operators ? validate_operators(c, a->operand[i], a)
                           : validate_measured(c, a->operand[i], a);
        worst = code > worst ? code : worst;
    }
    cosim_close(c);
    return worst;
}
