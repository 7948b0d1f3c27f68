/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/arch.h"
#include "api/arch_threads.h"

#include "core/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t arch_n_points(const struct arch_study *s)
{
    return (uint64_t)arch_n_choices(&s->axes) * s->axes.n_width * s->axes.n_layers;
}

struct arch_design arch_grid_point(const struct arch_study *s, uint64_t id)
{
    const struct arch_axes *x = &s->axes;
    const size_t layers = (size_t)(id % x->n_layers);
    const size_t width = (size_t)(id / x->n_layers % x->n_width);
    struct arch_design a = arch_choice(x, (size_t)(id / x->n_layers / x->n_width));

    a.layers = x->layers[layers];
    a.width = x->width[width];
    return a;
}

/* --- the optimum: choices are spread over threads, the least of them in their order ---------- */

struct optimum {
    const struct arch_study *s;
    enum arch_depth depth;
    struct arch_point *of_choice;
};

static cosim_status best_of_choice(struct arch_engine *g, void *user, uint64_t id, cosim_error *e)
{
    const struct optimum *o = user;
    const struct arch_search q = arch_search_of(o->s, g);
    const struct arch_design at = arch_choice(&o->s->axes, (size_t)id);

    return arch_best_size(&o->of_choice[id], &q, &at, o->depth, e);
}

#define CHOICES_MAX 200000u /* each is a search of its own over widths and depths */

cosim_status arch_optimum(struct arch_point *best, const struct arch_study *s,
                          enum arch_depth depth, cosim_error *e)
{
    const size_t n = arch_n_choices(&s->axes);
    if (n > CHOICES_MAX) {
        (void)err_set(e, COSIM_ERANGE, "%zu choices are too many to search one by one", n);
        err_hint(e, "give fewer ratios, experts, vocabularies or formats, or use '--show front'");
        return COSIM_ERANGE;
    }
    struct optimum o = { s, depth, calloc(n, sizeof *o.of_choice) };

    if (!o.of_choice)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu choices", n);
    const cosim_status st = arch_for_each(s, n, best_of_choice, &o, e);
    best->loss = INF_F64;
    for (size_t i = 0; st == COSIM_OK && i < n; i++)
        if (o.of_choice[i].loss < best->loss)
            *best = o.of_choice[i];
    free(o.of_choice);
    TRY(st);
    if (!isinf(best->loss))
        return COSIM_OK;
    (void)err_set(e, COSIM_ENO, "no architecture of these axes meets the budgets");
    err_hint(e, "'--show region' tells which budget each design exceeds");
    return COSIM_ENO;
}

/* --- tables ---------------------------------------------------------------------------------- */

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status add_point(struct table *t, const struct arch_study *s, struct arch_engine *g,
                              const char *what, const struct arch_point *p, cosim_error *e)
{
    struct arch_facts f;

    TRY(arch_engine_facts(g, &p->arch, &f, e));
    return arch_table_add(
        t, s, &(struct arch_row){ .what = what, .point = UINT64_MAX, .p = p, .facts = &f }, e);
}

static cosim_status best_rows(struct table *t, const struct arch_study *s, struct arch_engine *g,
                              cosim_error *e)
{
    struct arch_point relaxed, whole;

    TRY(arch_optimum(&relaxed, s, ARCH_DEPTH_REAL, e));
    TRY(arch_table_reference(t, s, e));
    TRY(add_point(t, s, g, "best with real depth", &relaxed, e));
    TRY(arch_optimum(&whole, s, ARCH_DEPTH_WHOLE, e));
    TRY(add_point(t, s, g, "best", &whole, e));
    TRY(arch_describe(t, s, e));
    return table_note(t, e,
                      "real depth: relaxed to any number, its costs on the line between whole "
                      "depths; best: whole depth, exact on the listed widths and ratios");
}

cosim_status arch_show_best(struct table **t, const struct arch_study *s, cosim_error *e)
{
    struct arch_engine g;

    TRY(arch_table_new(t, s, "best architecture", true, e));
    arch_engine_init(&g, s);
    const cosim_status st = best_rows(*t, s, &g, e);
    arch_engine_release(&g);
    return finish(t, st);
}

/* Rows of a table of the whole grid: points in their order. */
#define REGION_POINTS_MAX 500000u

static cosim_status region_rows(struct table *t, const struct arch_study *s, struct arch_engine *g,
                                cosim_error *e)
{
    const struct arch_search q = arch_search_of(s, g);
    uint64_t n_fit = 0, n_impossible = 0;

    for (uint64_t id = 0; id < arch_n_points(s); id++) {
        const struct arch_design a = arch_grid_point(s, id);
        const volatile sig_atomic_t *stop = s->r.request.stop;
        struct arch_facts f;
        struct arch_point p;

        if (stop && *stop)
            return err_set(e, COSIM_EINTERRUPTED, "interrupted");
        TRY(arch_evaluate(&p, &q, &a, e));
        TRY(arch_engine_facts(g, &a, &f, e));
        n_fit += arch_fits(&p);
        n_impossible += p.cost.impossible;
        TRY(arch_table_add(
            t, s, &(struct arch_row){ .what = "design", .point = id, .p = &p, .facts = &f }, e));
    }
    TRY(table_note(t, e, "%llu of %llu designs meet the budgets, %llu cannot be built",
                   (unsigned long long)n_fit, (unsigned long long)arch_n_points(s),
                   (unsigned long long)n_impossible));
    return arch_describe(t, s, e);
}

cosim_status arch_show_region(struct table **t, const struct arch_study *s, cosim_error *e)
{
    struct arch_engine g;

    if (arch_n_points(s) > REGION_POINTS_MAX) {
        const cosim_status st = err_set(e, COSIM_ERANGE, "%llu designs are too many to list",
                                        (unsigned long long)arch_n_points(s));
        err_hint(e, "give fewer values, or see '--show front'");
        return st;
    }
    TRY(arch_table_new(t, s, "feasible region", false, e));
    arch_engine_init(&g, s);
    const cosim_status st = region_rows(*t, s, &g, e);
    arch_engine_release(&g);
    return finish(t, st);
}

static cosim_status iso_rows(struct table *t, const struct arch_study *s, struct arch_engine *g,
                             cosim_error *e)
{
    const struct arch_search q = arch_search_of(s, g);
    struct arch_point best;

    TRY(arch_optimum(&best, s, ARCH_DEPTH_REAL, e));
    TRY(arch_table_reference(t, s, e));
    for (size_t d = 0; d < s->axes.n_width; d++) {
        struct arch_design at = best.arch;
        struct arch_point p;

        at.width = s->axes.width[d];
        TRY(arch_try_depth(&p, &q, &at, ARCH_DEPTH_REAL, e));
        if (!isinf(p.loss))
            TRY(add_point(t, s, g, "deepest that fits", &p, e));
    }
    TRY(table_note(t, e,
                   "ratios, experts, vocabulary and formats of the optimum; depth is a real "
                   "number: it saturates the budgets, or is the deepest of --layers"));
    return arch_describe(t, s, e);
}

cosim_status arch_show_iso(struct table **t, const struct arch_study *s, cosim_error *e)
{
    struct arch_engine g;

    TRY(arch_table_new(t, s, "iso-budget curve", true, e));
    arch_engine_init(&g, s);
    const cosim_status st = iso_rows(*t, s, &g, e);
    arch_engine_release(&g);
    return finish(t, st);
}

static cosim_status shadow_rows(struct table *t, const struct arch_study *s, struct arch_engine *g,
                                cosim_error *e)
{
    const struct arch_search q = arch_search_of(s, g);
    struct arch_point best;

    TRY(arch_optimum(&best, s, ARCH_DEPTH_REAL, e));
    for (size_t i = 0; i < N_ARCH_METRICS; i++) {
        const struct metric_info *m = &metric_table[arch_metric[i]];
        struct arch_price price;
        size_t r;

        if (!is_known(s->max[i]))
            continue;
        TRY(arch_shadow(&price, &q, &best, i, e));
        TRY(table_add_row(t, &r, e));
        TRY(table_set_str(t, r, 0, m->name, e));
        table_set_f64(t, r, 1, s->max[i]);
        TRY(table_set_str(t, r, 2, m->unit, e));
        table_set_f64(t, r, 3, best.cost.value[i] / s->max[i]);
        table_set_f64(t, r, 4, best.loss);
        table_set_f64(t, r, 5, price.loss_down);
        table_set_f64(t, r, 6, price.loss_up);
        table_set_f64(t, r, 7, price.price);
        TRY(table_set_str(t, r, 8, s->max_from[i], e));
    }
    TRY(table_note(t, e,
                   "depth is a real number; ratios, experts, vocabulary and formats stay those of "
                   "the optimum"));
    return arch_describe(t, s, e);
}

cosim_status arch_show_shadow(struct table **t, const struct arch_study *s, cosim_error *e)
{
    static const struct column column[] = {
        { "budget", "", "which", CELL_STR },
        { "limit", "", "its value", CELL_F64 },
        { "unit", "", "of the limit", CELL_STR },
        { "used_ratio", "", "share that the optimum uses", CELL_F64 },
        { "loss", "nat", "best loss with the budget as it is", CELL_F64 },
        { "loss_at_minus_2_percent", "nat", "best loss with 98 % of it", CELL_F64 },
        { "loss_at_plus_2_percent", "nat", "best loss with 102 % of it", CELL_F64 },
        { "shadow_price", "nat", "d loss / d ln(budget); 0: it does not bind", CELL_F64 },
        { "limit_from", "", "who set it", CELL_STR },
    };
    struct arch_engine g;

    TRY(table_new(t, "shadow prices of the budgets", column, sizeof column / sizeof *column, e));
    arch_engine_init(&g, s);
    const cosim_status st = shadow_rows(*t, s, &g, e);
    arch_engine_release(&g);
    return finish(t, st);
}
