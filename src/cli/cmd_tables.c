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
                           "objectives, algorithms, axes or operators");
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

int cmd_check(const struct args *a)
{
    static const char *const both[] = { "hwdb", "workloads" };
    const char *const *what = a->n_operands > 0 ? a->operand : both;
    const size_t n = a->n_operands > 0 ? a->n_operands : 2;
    int code = EXIT_USAGE, worst = 0;
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

static int validate_file(cosim *c, const char *path, const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *summary = NULL, *largest = NULL;
    const cosim_status st = cosim_validate_golden(path, &summary, &largest, &e);
    const bool show_largest = args_has(a, "worst");

    cosim_table_free(show_largest ? summary : largest);
    return finish(c, show_largest ? largest : summary, st, &e, a);
}

int cmd_validate(const struct args *a)
{
    int code = EXIT_USAGE, worst = 0;

    if (a->n_operands < 2 || strcmp(a->operand[0], "golden") != 0)
        return usage_error("write: cosim validate golden FILE.csv...");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    for (size_t i = 1; i < a->n_operands; i++) {
        code = validate_file(c, a->operand[i], a);
        worst = code > worst ? code : worst;
    }
    cosim_close(c);
    return worst;
}
