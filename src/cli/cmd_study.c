/* SPDX-License-Identifier: GPL-3.0-or-later */
/* estimate, explain, sweep, roofline: a study in, a table and pictures out. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

typedef cosim_status study_call(cosim *c, const cosim_study *s, const struct args *a,
                                cosim_table **t, cosim_error *e);

static int with_study(const struct args *a, study_call *call, const cosim_plot_options *usual)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;
    cosim *c = open_context(a, &code);
    cosim_study *s = c ? open_study(a, &code) : NULL;

    if (s) {
        const cosim_status st = call(c, s, a, &t, &e);
        code = t ? write_result(c, t, a, st) : 0;
        if (code == 0 && t)
            code = draw_pictures(c, t, a, usual);
        if (st != COSIM_OK && code == 0)
            code = report_error(&e);
    }
    cosim_table_free(t);
    cosim_study_free(s);
    cosim_close(c);
    return code;
}

static cosim_status estimate(cosim *c, const cosim_study *s, const struct args *a, cosim_table **t,
                             cosim_error *e)
{
    (void)a;
    return cosim_estimate(c, s, t, e);
}

int cmd_estimate(const struct args *a)
{
    return with_study(a, estimate,
                      &(cosim_plot_options){
                          .kind = "pareto", .x = "tpot_s", .y = "j_per_token", .group = "device" });
}

static cosim_status explain(cosim *c, const cosim_study *s, const struct args *a, cosim_table **t,
                            cosim_error *e)
{
    const char *text = args_get(a, "point");
    const uint64_t point = text ? strtoull(text, NULL, 10) : 0;

    const char *signature = args_get(a, "signature");
    if (signature) {
        char have[17];
        const cosim_status st = cosim_signature(c, s, have, e);
        if (st != COSIM_OK)
            return st;
        if (strcmp(have, signature) != 0) {
            e->status = COSIM_ERANGE;
            (void)snprintf(e->msg, sizeof e->msg,
                           "the study's space has signature %s, not %.40s: its points differ", have,
                           signature);
            return COSIM_ERANGE;
        }
    }
    return cosim_explain(c, s, text ? &point : NULL, t, e);
}

int cmd_explain(const struct args *a)
{
    return with_study(
        a, explain,
        &(cosim_plot_options){ .kind = "breakdown", .x = "phase", .y = "total_s", .group = "op" });
}

static cosim_status sweep(cosim *c, const cosim_study *s, const struct args *a, cosim_table **t,
                          cosim_error *e)
{
    struct progress p;
    cosim_sweep_info info;

    progress_init(&p, a);
    catch_interrupts(c);
    const cosim_status st = cosim_sweep(c, s, progress_step, &p, t, &info, e);
    catch_interrupts(NULL);
    progress_end(&p);
    if (*t && !args_has(a, "quiet"))
        (void)fprintf(stderr,
                      "cosim: %llu points in %.3g s (%.3g points/s), %llu feasible, %llu on "
                      "the frontier\n",
                      (unsigned long long)info.n_evaluated, info.seconds,
                      (double)info.n_evaluated / info.seconds, (unsigned long long)info.n_feasible,
                      (unsigned long long)info.n_front);
    return st;
}

int cmd_sweep(const struct args *a)
{
    return with_study(
        a, sweep,
        &(cosim_plot_options){
            .kind = "pareto", .x = "tpot_s", .y = "j_per_token", .group = "device", .label = "w" });
}

static cosim_status search(cosim *c, const cosim_study *s, const struct args *a, cosim_table **t,
                           cosim_error *e)
{
    (void)a;
    catch_interrupts(c);
    const cosim_status st = cosim_search(c, s, t, e);
    catch_interrupts(NULL);
    return st;
}

/* A test problem needs no study: name, algorithm, evaluations, seed. */
static int search_problem(const struct args *a)
{
    const char *evaluations = args_get(a, "samples"), *seed = args_get(a, "seed");
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;
    cosim *c = open_context(a, &code);

    if (!c)
        return code;
    const cosim_status st =
        cosim_search_problem(c, args_get(a, "problem"), args_get(a, "algorithm"),
                             evaluations ? strtoull(evaluations, NULL, 10) : 20000,
                             seed ? strtoull(seed, NULL, 10) : 1, &t, &e);
    code = st == COSIM_OK ? write_result(c, t, a, st) : report_error(&e);
    cosim_table_free(t);
    cosim_close(c);
    return code;
}

int cmd_search(const struct args *typed)
{
    struct args renamed = *typed, *a = &renamed;

    for (size_t i = 0; i < a->n_options; i++)
        if (strcmp(a->option[i].name, "evaluations") == 0)
            a->option[i].name = "samples";
    if (args_has(a, "problem"))
        return search_problem(a);
    return with_study(a, search,
                      &(cosim_plot_options){
                          .kind = "pareto", .x = "tpot_s", .y = "j_per_token", .group = "device" });
}

static cosim_status roofline(cosim *c, const cosim_study *s, const struct args *a, cosim_table **t,
                             cosim_error *e)
{
    (void)a;
    return cosim_roofline(c, s, t, e);
}

int cmd_roofline(const struct args *a)
{
    return with_study(a, roofline, &(cosim_plot_options){ .kind = "roofline" });
}

int cmd_plot(const struct args *a)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    int code = EXIT_USAGE;

    if (a->n_operands != 1 || !args_has(a, "plot"))
        return usage_error("write: cosim plot TABLE.csv --plot FILE.png [--kind pareto] --x COLUMN "
                           "--y COLUMN");
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    code =
        cosim_table_read(a->operand[0], &t, &e) == COSIM_OK ? draw_pictures(
            c, t, a, &(cosim_plot_options){ .kind = "pareto", .x = "tpot_s", .y = "j_per_token" })
                                                            : report_error(&e);
    cosim_table_free(t);
    cosim_close(c);
    return code;
}
