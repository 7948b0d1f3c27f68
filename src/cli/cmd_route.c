/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* Text that is a number up to its end. */
static bool number(const char *text, double *v)
{
    char *end;

    *v = strtod(text, &end);
    return *text != '\0' && *end == '\0' && *v >= 0.0;
}

static bool read_options(cosim_route_options *o, const struct args *a, int *code)
{
    const char *pick = args_get(a, "pick"), *precision = args_get(a, "precision");
    const char *ranges = args_get(a, "ranges");
    double v = 0.0;

    *o = (cosim_route_options){
        .size = sizeof *o,
        .show = args_get(a, "show"),
        .split_layers = args_has(a, "split"),
        .pick = COSIM_ROUTE_BEST,
        .drop = args_get(a, "drop"),
        .throttle = args_get(a, "throttle"),
        .offload = args_get(a, "offload"),
        .apart = args_get(a, "apart"),
    };
    if (pick && (!number(pick, &v) || v > 1e9)) {
        *code = usage_error("'--pick' needs the number of a placement, not '%.40s'", pick);
        return false;
    }
    if (pick)
        o->pick = (uint64_t)v;
    const bool apart = ranges && strcmp(ranges, "nodes") == 0;
    if (ranges && !apart && (!number(ranges, &v) || v < 1.0 || v > 64.0)) {
        *code = usage_error("'--ranges' needs 1 to 64, or 'nodes', not '%.40s'", ranges);
        return false;
    }
    if (ranges)
        o->ranges = apart ? COSIM_ROUTE_APART : (uint64_t)v;
    if (precision && (!number(precision, &o->precision) || o->precision > 1.0)) {
        *code = usage_error("'--precision' needs a number from 0 to 1, not '%.40s'", precision);
        return false;
    }
    return true;
}

static int show(cosim *c, const cosim_study *s, const char *platform, cosim_route_options *o,
                const char *what, const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;

    o->show = what;
    const cosim_status st = cosim_route(c, s, platform, o, &t, &e);
    const int code = st == COSIM_OK ? write_result(c, t, a, st) : report_error(&e);
    cosim_table_free(t);
    return code;
}

/* The picture of a placement has one cell per node, that of a front or an offload its curve. */
static int draw(cosim *c, const cosim_study *s, const char *platform, cosim_route_options *o,
                const char *shown, const struct args *a)
{
    const bool front = strcmp(shown, "front") == 0, curve = strcmp(shown, "offload") == 0;
    const char *objectives = args_get(a, "objectives");
    const char *second =
        objectives && strstr(objectives, "underuse") ? "underuse_ratio" : "energy_j";
    const cosim_plot_options usual =
        front ? (cosim_plot_options){ .kind = "pareto", .x = "latency_s", .y = second }
        : curve
            ? (cosim_plot_options){ .kind = "curve",
                                    .x = "offloaded_layers",
                                    .y = "decode_tokens_per_s" }
            : (cosim_plot_options){ .kind = "map", .x = "phase", .y = "nodes", .group = "device" };
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;

    o->show = front || curve ? shown : "nodes";
    const cosim_status st = cosim_route(c, s, platform, o, &t, &e);
    const int code = st == COSIM_OK ? draw_pictures(c, t, a, &usual) : report_error(&e);
    cosim_table_free(t);
    return code;
}

static int list_platforms(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;
    cosim *c = open_context(a, &code);

    if (!c)
        return code;
    const cosim_status st = cosim_platforms(c, &t, &e);
    code = st == COSIM_OK ? write_result(c, t, a, st) : report_error(&e);
    cosim_table_free(t);
    cosim_close(c);
    return code;
}

int cmd_route(const struct args *a)
{
    cosim_route_options o;
    int code = EXIT_USAGE;

    if (a->n_operands == 0)
        return list_platforms(a);
    if (!read_options(&o, a, &code))
        return code;
    if (!o.show && o.offload)
        o.show = "offload";
    if (!o.show && args_has(a, "front"))
        o.show = "front";
    if (!o.show && args_has(a, "pipeline"))
        o.show = "pipeline";
    const char *only = o.show ? o.show : args_get(a, "out") ? "plan" : NULL;
    /* the platform is no study file */
    struct args rest = *a;
    rest.n_operands--;
    memmove(rest.operand, rest.operand + 1, rest.n_operands * sizeof *rest.operand);
    cosim *c = open_context(a, &code);
    cosim_study *s = c ? open_study(&rest, &code) : NULL;
    if (s) {
        code = show(c, s, a->operand[0], &o, only ? only : "plan", a);
        if (code == 0 && !only)
            code = show(c, s, a->operand[0], &o, "totals", a);
        if (code == 0 && !only && (o.drop || o.throttle))
            code = show(c, s, a->operand[0], &o, "events", a);
        if (code == 0 && args_has(a, "plot"))
            code = draw(c, s, a->operand[0], &o, only ? only : "plan", a);
    }
    cosim_study_free(s);
    cosim_close(c);
    return code;
}
