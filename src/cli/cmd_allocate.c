/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static bool number(const char *text, double *v)
{
    char *end;

    *v = strtod(text, &end);
    return *text != '\0' && *end == '\0' && *v > 0.0 && *v < 1e300;
}

static bool read_options(cosim_allocate_options *o, const struct args *a, int *code)
{
    const char *blocks = args_get(a, "blocks"), *tokens = args_get(a, "training-tokens");
    const char *points = args_get(a, "points");
    double v = 0.0;

    *o = (cosim_allocate_options){
        .size = sizeof *o,
        .show = args_get(a, "show"),
        .method = args_get(a, "method"),
        .by = args_get(a, "by"),
        .split = args_has(a, "split"),
        .engine = args_get(a, "engine"),
        .container = args_get(a, "container"),
        .sensitivity = args_get(a, "sensitivity"),
        .share = args_get(a, "share"),
        .weigh = args_get(a, "weigh"),
    };
    if (blocks && (!number(blocks, &v) || v > 1e6)) {
        *code = usage_error("'--blocks' needs a number of layers, not '%.40s'", blocks);
        return false;
    }
    o->blocks = (uint64_t)v;
    v = 0.0;
    if (points && (!number(points, &v) || v > 1e6 || v < 2.0)) {
        *code = usage_error("'--points' needs a number from 2, not '%.40s'", points);
        return false;
    }
    o->points = (uint64_t)v;
    if (tokens && !number(tokens, &o->training_tokens)) {
        *code = usage_error("'--training-tokens' needs a number, not '%.40s'", tokens);
        return false;
    }
    return true;
}

static int show(cosim *c, const cosim_study *s, cosim_allocate_options *o, const char *what,
                const struct args *a, bool plain)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;

    o->show = what;
    const cosim_status st = cosim_allocate(c, s, o, &t, &e);
    int code = st == COSIM_OK ? 0 : report_error(&e);
    if (code == 0 && plain)
        for (size_t i = 0; i < cosim_table_rows(t); i++)
            (void)printf("%s\n", cosim_table_text(t, i, 0));
    else if (code == 0)
        code = write_result(c, t, a, st);
    cosim_table_free(t);
    return code;
}

/* Up to three names of a comma-separated list; NULL behind the last one. */
static void split_names(char *list, const char *name[3])
{
    for (size_t i = 0; i < 3; i++) {
        name[i] = list && *list ? list : NULL;
        list = list ? strchr(list, ',') : NULL;
        if (list)
            *list++ = '\0';
    }
}

/* A map of the plan, or the front with uniform formats beside it. */
static int draw(cosim *c, const cosim_study *s, cosim_allocate_options *o, const char *shown,
                const struct args *a)
{
    const bool map = strcmp(shown, "front") != 0 && strcmp(shown, "compare") != 0;
    const char *objectives = args_get(a, "objectives"), *name[3];
    char list[256];

    (void)snprintf(list, sizeof list, "%s", objectives ? objectives : "");
    split_names(list, name); /* what a front trades is what its picture shows */
    const cosim_plot_options usual =
        map ? (
            cosim_plot_options){ .kind = "map", .x = "layers", .y = "tensors", .group = "format" }
            : (cosim_plot_options){ .kind = "pareto",
                                    .x = name[1] ? name[1] : "weight_bytes",
                                    .y = name[1] ? name[0] : "ppl_increase_ratio",
                                    .value = name[2],
                                    .group = "formats" };
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;

    o->show = map ? "groups" : "picture";
    const cosim_status st = cosim_allocate(c, s, o, &t, &e);
    const int code = st == COSIM_OK ? draw_pictures(c, t, a, &usual) : report_error(&e);
    cosim_table_free(t);
    return code;
}

int cmd_allocate(const struct args *a)
{
    cosim_allocate_options o;
    int code = EXIT_USAGE;

    if (!read_options(&o, a, &code))
        return code;
    const bool plain = !o.show && (args_has(a, "scheme") || args_has(a, "tensor-types"));
    const char *what = o.show                   ? o.show
                       : args_has(a, "scheme")  ? "scheme"
                       : plain                  ? "tensor-types"
                       : args_has(a, "compare") ? "compare"
                       : args_has(a, "front")   ? "front"
                                                : "plan";
    cosim *c = open_context(a, &code);
    cosim_study *s = c ? open_study(a, &code) : NULL;
    if (s)
        code = show(c, s, &o, what, a, plain);
    if (s && code == 0 && args_has(a, "plot"))
        code = draw(c, s, &o, what, a);
    cosim_study_free(s);
    cosim_close(c);
    return code;
}
