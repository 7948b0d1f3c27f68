/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/arch_search.h"

#include "law/codesign.h"

#include "core/num.h"

#include <math.h>

static double arch_loss(const struct arch_search *s, const struct arch *a)
{
    const double x[CODESIGN_INPUTS] = {
        [CODESIGN_IN_LAYERS] = a->layers,           [CODESIGN_IN_WIDTH] = a->width,
        [CODESIGN_IN_FFN_RATIO] = a->ffn_ratio,     [CODESIGN_IN_ACTIVE_RATIO] = a->active_ratio,
        [CODESIGN_IN_KV_WIDTH] = a->width / a->gqa,
    };

    return law_codesign.value(x, s->law, NULL) + s->axes->precision[a->precision].added_loss;
}

static void offer(struct arch_point *p, const char *name, double used, double budget)
{
    const double ratio = used / budget;

    if (ratio > p->used_ratio || !p->binding) {
        if (!is_known(ratio))
            return;
        p->binding = name;
        p->used_ratio = ratio;
    }
}

cosim_status arch_evaluate(struct arch_point *p, const struct arch_search *s,
                           const struct arch *arch, cosim_error *e)
{
    *p = (struct arch_point){ .arch = *arch, .loss = arch_loss(s, arch) };
    TRY(s->cost(s->user, arch, &p->cost, e));
    offer(p, "seconds", p->cost.seconds, s->budget.max_s);
    offer(p, "bytes", p->cost.bytes, s->budget.max_bytes);
    offer(p, "joules", p->cost.joules, s->budget.max_j);
    return COSIM_OK;
}

static bool fits(const struct arch_point *p)
{
    return p->used_ratio <= 1.0;
}

cosim_status arch_best_depth(struct arch_point *best, const struct arch_search *s,
                             const struct arch *at, cosim_error *e)
{
    const struct arch_axes *x = s->axes;
    struct arch a = *at;
    struct arch_point p;
    double lo = x->layers[0], hi = x->layers[x->n_layers - 1];

    a.layers = lo;
    TRY(arch_evaluate(best, s, &a, e));
    if (!fits(best))
        return err_set(e, COSIM_ENO, "even %g layers of width %g exceed the %s budget", lo, a.width,
                       best->binding);
    a.layers = hi;
    TRY(arch_evaluate(&p, s, &a, e));
    if (fits(&p)) {
        *best = p;
        return COSIM_OK;
    }
    while (hi - lo > 1e-12 * hi) {
        a.layers = lo + 0.5 * (hi - lo);
        TRY(arch_evaluate(&p, s, &a, e));
        if (fits(&p)) {
            lo = a.layers;
            *best = p;
        } else {
            hi = a.layers;
        }
    }
    return COSIM_OK;
}

/* As arch_best_depth, but nothing that fits is a point of infinite loss. */
static cosim_status try_width(struct arch_point *p, const struct arch_search *s,
                              const struct arch *at, double width, cosim_error *e)
{
    struct arch a = *at;
    cosim_error why = { 0 };

    a.width = width;
    const cosim_status st = arch_best_depth(p, s, &a, &why);
    if (st == COSIM_ENO) {
        p->loss = INF_F64;
        return COSIM_OK;
    }
    if (st != COSIM_OK && e && e->status == COSIM_OK)
        *e = why;
    return st;
}

enum { SCAN = 24 };

/* Scan in equal ratios, then golden section on ln(width) beside the best of the scan. */
static cosim_status best_width(struct arch_point *best, const struct arch_search *s,
                               const struct arch *at, cosim_error *e)
{
    const double golden = 0.5 * (sqrt(5.0) - 1.0);
    const double from = log(s->axes->width[0]), to = log(s->axes->width[s->axes->n_width - 1]);
    const double step = (to - from) / SCAN;
    struct arch_point p, left, right;
    int at_best = 0;

    best->loss = INF_F64;
    for (int i = 0; i <= SCAN; i++) {
        TRY(try_width(&p, s, at, exp(from + step * i), e));
        if (p.loss < best->loss) {
            *best = p;
            at_best = i;
        }
    }
    if (isinf(best->loss) || !(step > 0.0))
        return COSIM_OK;
    double lo = from + step * (at_best > 0 ? at_best - 1 : 0);
    double hi = from + step * (at_best < SCAN ? at_best + 1 : SCAN);
    TRY(try_width(&left, s, at, exp(hi - golden * (hi - lo)), e));
    TRY(try_width(&right, s, at, exp(lo + golden * (hi - lo)), e));
    while (hi - lo > 1e-7) {
        if (left.loss <= right.loss) {
            hi = lo + golden * (hi - lo);
            right = left;
            TRY(try_width(&left, s, at, exp(hi - golden * (hi - lo)), e));
        } else {
            lo = hi - golden * (hi - lo);
            left = right;
            TRY(try_width(&right, s, at, exp(lo + golden * (hi - lo)), e));
        }
    }
    p = left.loss <= right.loss ? left : right;
    if (p.loss < best->loss)
        *best = p;
    return COSIM_OK;
}

/* The axes that stay discrete, as one number; the last varies fastest. */
static size_t n_choices(const struct arch_axes *x)
{
    return x->n_ffn_ratio * x->n_gqa * x->n_active_ratio * x->n_precision;
}

static struct arch choice(const struct arch_axes *x, size_t id)
{
    struct arch a = { .layers = x->layers[0], .width = x->width[0], .vocab = x->vocab };

    a.precision = id % x->n_precision;
    id /= x->n_precision;
    a.active_ratio = x->active_ratio[id % x->n_active_ratio];
    id /= x->n_active_ratio;
    a.gqa = x->gqa[id % x->n_gqa];
    a.ffn_ratio = x->ffn_ratio[id / x->n_gqa];
    return a;
}

cosim_status arch_best(struct arch_point *best, const struct arch_search *s, cosim_error *e)
{
    best->loss = INF_F64;
    for (size_t id = 0; id < n_choices(s->axes); id++) {
        const struct arch a = choice(s->axes, id);
        struct arch_point p;

        TRY(best_width(&p, s, &a, e));
        if (p.loss < best->loss)
            *best = p;
    }
    if (isinf(best->loss))
        return err_set(e, COSIM_ENO, "no architecture of these axes meets the budgets");
    return COSIM_OK;
}

cosim_status arch_snap(struct arch_point *snapped, const struct arch_search *s,
                       const struct arch *at, double width_step, cosim_error *e)
{
    const double base = floor(at->width / width_step);

    snapped->loss = INF_F64;
    for (int i = -1; i <= 2; i++) {
        struct arch a = *at;
        struct arch_point p;

        a.width = (base + i) * width_step;
        if (!(a.width > 0.0))
            continue;
        TRY(try_width(&p, s, &a, a.width, e));
        if (isinf(p.loss) || floor(p.arch.layers) < 1.0)
            continue;
        /* costs do not fall with depth: rounding down still fits */
        a.layers = floor(p.arch.layers * (1.0 + 1e-9));
        TRY(arch_evaluate(&p, s, &a, e));
        if (fits(&p) && p.loss < snapped->loss)
            *snapped = p;
    }
    if (isinf(snapped->loss))
        return err_set(e, COSIM_ENO, "no whole-numbered neighbour meets the budgets");
    return COSIM_OK;
}

/* --- tables ------------------------------------------------------------------------------- */

static const struct column columns[] = {
    { "layers", "", "decoder layers", CELL_F64 },
    { "width", "", "hidden size", CELL_F64 },
    { "ffn_ratio", "", "FFN width of the active experts / width", CELL_F64 },
    { "gqa", "", "query heads per KV head", CELL_F64 },
    { "active_ratio", "", "active experts / experts", CELL_F64 },
    { "precision", "", "number formats", CELL_STR },
    { "loss", "nat", "predicted, per token", CELL_F64 },
    { "latency_s", "s", "by the cost model", CELL_F64 },
    { "memory_bytes", "byte", "by the cost model", CELL_F64 },
    { "energy_j", "J", "by the cost model", CELL_F64 },
    { "feasible", "", "within all budgets", CELL_BOOL },
    { "binding", "", "the budget used most", CELL_STR },
    { "used_ratio", "", "of that budget", CELL_F64 },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static cosim_status point_row(struct table *t, const struct arch_search *s,
                              const struct arch_point *p, cosim_error *e)
{
    const double v[] = { p->arch.layers, p->arch.width, p->arch.ffn_ratio, p->arch.gqa,
                         p->arch.active_ratio };
    size_t row;

    TRY(table_add_row(t, &row, e));
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        table_set_f64(t, row, i, v[i]);
    TRY(table_set_str(t, row, 5, s->axes->precision[p->arch.precision].name, e));
    table_set_f64(t, row, 6, p->loss);
    table_set_f64(t, row, 7, p->cost.seconds);
    table_set_f64(t, row, 8, p->cost.bytes);
    table_set_f64(t, row, 9, p->cost.joules);
    table_set_flag(t, row, 10, fits(p));
    if (p->binding)
        table_set_f64(t, row, 12, p->used_ratio);
    return table_set_str(t, row, 11, p->binding, e);
}

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status region_rows(struct table *t, const struct arch_search *s, bool feasible_only,
                                cosim_error *e)
{
    const struct arch_axes *x = s->axes;
    size_t n_fit = 0, n = 0;

    for (size_t id = 0; id < n_choices(x); id++)
        for (size_t l = 0; l < x->n_layers; l++)
            for (size_t d = 0; d < x->n_width; d++) {
                struct arch a = choice(x, id);
                struct arch_point p;

                a.layers = x->layers[l];
                a.width = x->width[d];
                TRY(arch_evaluate(&p, s, &a, e));
                n++;
                n_fit += fits(&p);
                if (fits(&p) || !feasible_only)
                    TRY(point_row(t, s, &p, e));
            }
    return table_note(t, e, "%zu of %zu architectures meet the budgets", n_fit, n);
}

cosim_status arch_region_table(struct table **t, const struct arch_search *s, bool feasible_only,
                               cosim_error *e)
{
    TRY(table_new(t, "feasible region", columns, N_COLUMNS, e));
    return finish(t, region_rows(*t, s, feasible_only, e));
}

static cosim_status iso_rows(struct table *t, const struct arch_search *s, const struct arch *at,
                             cosim_error *e)
{
    for (size_t d = 0; d < s->axes->n_width; d++) {
        struct arch_point p;

        TRY(try_width(&p, s, at, s->axes->width[d], e));
        if (!isinf(p.loss))
            TRY(point_row(t, s, &p, e));
    }
    return table_note(t, e, "depth saturates the budgets at each width; it is not rounded");
}

cosim_status arch_iso_table(struct table **t, const struct arch_search *s, const struct arch *at,
                            cosim_error *e)
{
    TRY(table_new(t, "iso-budget curve", columns, N_COLUMNS, e));
    return finish(t, iso_rows(*t, s, at, e));
}

static cosim_status shadow_rows(struct table *t, const struct arch_search *s,
                                const struct arch_point *best, cosim_error *e)
{
    static const char *const names[] = { "seconds", "bytes", "joules" };
    const double budgets[] = { s->budget.max_s, s->budget.max_bytes, s->budget.max_j };

    for (size_t b = 0; b < 3; b++) {
        double loss[2];
        size_t row;

        if (!is_known(budgets[b]))
            continue;
        for (int up = 0; up < 2; up++) {
            struct arch_search moved = *s;
            double *const limit[] = { &moved.budget.max_s, &moved.budget.max_bytes,
                                      &moved.budget.max_j };
            struct arch_point p;

            *limit[b] *= up ? 1.02 : 0.98;
            TRY(best_width(&p, &moved, &best->arch, e));
            loss[up] = p.loss;
        }
        TRY(table_add_row(t, &row, e));
        TRY(table_set_str(t, row, 0, names[b], e));
        table_set_f64(t, row, 1, budgets[b]);
        table_set_f64(t, row, 2, loss[0]);
        table_set_f64(t, row, 3, loss[1]);
        table_set_f64(t, row, 4, (loss[1] - loss[0]) / log(1.02 / 0.98));
    }
    return COSIM_OK;
}

cosim_status arch_shadow_table(struct table **t, const struct arch_search *s,
                               const struct arch_point *best, cosim_error *e)
{
    static const struct column column[] = {
        { "budget", "", "which", CELL_STR },
        { "limit", "", "its value, SI", CELL_F64 },
        { "loss_at_minus_2_percent", "nat", "best loss with 98 % of it", CELL_F64 },
        { "loss_at_plus_2_percent", "nat", "best loss with 102 % of it", CELL_F64 },
        { "shadow_price", "nat", "d loss / d ln(budget)", CELL_F64 },
    };

    TRY(table_new(t, "shadow prices", column, sizeof column / sizeof *column, e));
    return finish(t, shadow_rows(*t, s, best, e));
}
