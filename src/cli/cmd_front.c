/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hypervolume, choose, law, fit: tables from files and formulas, without a study. */
#include "cli/cli.h"

#include <stdlib.h>

/* Writes what a call gave and frees it. */
static int give(cosim *c, cosim_table *t, cosim_status st, const cosim_error *e,
                const struct args *a)
{
    const int code = st == COSIM_OK ? write_result(c, t, a, st) : report_error(e);

    cosim_table_free(t);
    return code;
}

int cmd_hypervolume(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *front = NULL, *truth = NULL, *t = NULL;
    cosim_front_options o = { .size = sizeof o,
                              .columns = args_get(a, "objectives"),
                              .maximise = args_get(a, "maximise"),
                              .reference = args_get(a, "ref") };
    int code = EXIT_USAGE;

    if (a->n_operands != 1)
        return usage_error("write: cosim hypervolume FILE.csv [--objectives LIST] [--ref NUMBERS]");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    cosim_status st = cosim_table_read(a->operand[0], &front, &e);
    if (st == COSIM_OK && args_get(a, "truth"))
        st = cosim_table_read(args_get(a, "truth"), &truth, &e);
    o.truth = truth;
    if (st == COSIM_OK)
        st = cosim_hypervolume(front, &o, &t, &e);
    code = give(c, t, st, &e, a);
    cosim_table_free(front);
    cosim_table_free(truth);
    cosim_close(c);
    return code;
}

int cmd_choose(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *front = NULL, *t = NULL;
    const char *weights = args_get(a, "weights"), *by = args_get(a, "by"),
               *top = args_get(a, "top");
    const cosim_choose_options o = {
        .size = sizeof o,
        .columns = args_get(a, "objectives"),
        .maximise = args_get(a, "maximise"),
        .weights = weights,
        .errors = args_get(a, "errors"),
        .by = by        ? by
              : weights ? "weights"
                        : "knee",
        .top = top ? strtoul(top, NULL, 10) : 10,
    };
    int code = EXIT_USAGE;

    if (a->n_operands != 1 || !o.columns)
        return usage_error("write: cosim choose FILE.csv --objectives LIST");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    cosim_status st = cosim_table_read(a->operand[0], &front, &e);
    if (st == COSIM_OK)
        st = cosim_choose(c, front, &o, &t, &e);
    code = give(c, t, st, &e, a);
    cosim_table_free(front);
    cosim_close(c);
    return code;
}

int cmd_law(const struct args *a)
{
    const char *name = a->n_operands > 0 ? a->operand[0] : NULL, *input = args_get(a, "input");
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;

    if (a->n_operands > 1 || (input && !name))
        return usage_error("write: cosim law [NAME [--input name=value,...]]");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    const cosim_status st = input ? cosim_law_value(name, args_get(a, "set"), input, &t, &e)
                                  : cosim_law_list(name, &t, &e);
    code = give(c, t, st, &e, a);
    cosim_close(c);
    return code;
}

int cmd_fit(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *parameters = NULL, *folds = NULL;
    const char *seed = args_get(a, "seed"), *bootstrap = args_get(a, "bootstrap");
    const cosim_fit_options o = {
        .size = sizeof o,
        .seed = seed ? strtoull(seed, NULL, 10) : 1,
        .n_bootstrap = bootstrap ? strtoul(bootstrap, NULL, 10) : 0,
        .no_bootstrap = args_has(a, "no-bootstrap"),
        .fold = args_get(a, "fold"),
        .fixed = args_get(a, "fix"),
    };
    int code = EXIT_USAGE;

    if (a->n_operands != 2)
        return usage_error("write: cosim fit LAW FILE.csv; 'cosim law' lists the laws");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    const cosim_status st = cosim_fit(c, a->operand[0], a->operand[1], &o, &parameters, &folds, &e);
    const bool show_folds = args_has(a, "folds");
    cosim_table_free(show_folds ? parameters : folds);
    code = give(c, show_folds ? folds : parameters, st, &e, a);
    cosim_close(c);
    return code;
}
