/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fronts of plans, and plans beside uniform formats. */
#include "api/allocate.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

#define COUNT(x) (sizeof(x) / sizeof *(x))
#define POINTS_DEFAULT 100u
#define STEPS_DEFAULT 16u
#define LIMIT_SLACK 1e-9 /* the ends of a grid are plans: they must stay within its limits */

enum {
    FRONT_WHAT,
    FRONT_ON,
    FRONT_WEIGHT_BYTES,
    FRONT_BITS,
    FRONT_LOSS,
    FRONT_METRIC /* N_ALLOCATE_METRICS of them */
};
#define N_FRONT_COLUMNS (FRONT_METRIC + N_ALLOCATE_METRICS)

static cosim_status front_new(struct allocation *al, struct table **t, cosim_error *e)
{
    struct column column[N_FRONT_COLUMNS] = {
        [FRONT_WHAT] = { "formats", "", "a uniform format, or mixed", CELL_STR },
        [FRONT_ON] = { "on_front", "", "no other row beats it", CELL_BOOL },
        [FRONT_WEIGHT_BYTES] = { "weight_bytes", "byte", "weights of the whole model", CELL_F64 },
        [FRONT_BITS] = { "bits_per_weight", "bit", "of the allocated weights", CELL_F64 },
        [FRONT_LOSS] = { "added_loss_nats", "nat", "sum over the groups", CELL_F64 },
    };
    const char *title = arena_printf(&al->arena, "weight formats of %s on %s", al->model->id,
                                     al->rates->device->id);

    if (!title)
        return err_set(e, COSIM_ENOMEM, "out of memory for a title");
    for (int m = 0; m < N_ALLOCATE_METRICS; m++) {
        const struct metric_info *info =
            &metric_table[metric_find(allocate_metric_name((enum allocate_metric)m))];
        column[FRONT_METRIC + m] = (struct column){ info->name, info->unit, info->doc, CELL_F64 };
    }
    column[FRONT_METRIC + ALLOCATE_PPL].doc = "predicted perplexity over 16-bit, minus 1";
    return table_new(t, title, column, N_FRONT_COLUMNS, e);
}

static cosim_status add_row(const struct allocation *al, struct table *t, const char *what,
                            const struct alloc_plan *plan, cosim_error *e)
{
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, FRONT_WHAT, what, e));
    table_set_f64(t, row, FRONT_WEIGHT_BYTES, al->fixed.bytes + (double)plan->bytes);
    table_set_f64(t, row, FRONT_BITS, 8.0 * (double)plan->bytes / al->n_weights);
    table_set_f64(t, row, FRONT_LOSS, plan->loss);
    for (int m = 0; m < N_ALLOCATE_METRICS; m++)
        table_set_f64(t, row, FRONT_METRIC + (size_t)m,
                      allocate_value(al, plan, (enum allocate_metric)m));
    return COSIM_OK;
}

/* --- which rows no other beats ------------------------------------------------------------------
 */

struct axes {
    enum allocate_metric metric[N_ALLOCATE_METRICS];
    size_t n;
};

static bool beats(const struct table *t, const struct axes *x, size_t a, size_t b)
{
    bool better = false;

    for (size_t i = 0; i < x->n; i++) {
        const double u = table_cell(t, a, FRONT_METRIC + x->metric[i])->as.f64,
                     v = table_cell(t, b, FRONT_METRIC + x->metric[i])->as.f64;
        if (u > v)
            return false;
        better = better || u < v;
    }
    return better;
}

static void flag_front(struct table *t, const struct axes *x)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        bool on = true;
        for (size_t k = 0; k < t->n_rows && on; k++)
            on = !beats(t, x, k, i);
        table_set_flag(t, i, FRONT_ON, on);
    }
}

/* No point of the front has no more bytes and less loss, or fewer bytes and no more loss. */
static bool on_exact_front(const struct alloc_frontier *f, const struct alloc_plan *plan)
{
    const double slack = 1e-12 * max_f64(1e-3, fabs(plan->loss));

    for (size_t i = 0; i < f->n && f->point[i].bytes <= plan->bytes; i++)
        if (f->point[i].loss < plan->loss - slack
            || (f->point[i].bytes < plan->bytes && f->point[i].loss < plan->loss + slack))
            return false;
    return true;
}

/* Uniform formats; `exact` tells which of them lie on the front, whichever of its points are shown.
 */
static cosim_status uniform_rows(struct allocation *al, struct table *t,
                                 const struct alloc_frontier *exact, cosim_error *e)
{
    for (size_t f = 0; f < al->n_formats; f++) {
        struct alloc_plan plan;
        const cosim_status st = allocate_uniform(al, f, &plan, e);
        if (st == COSIM_ENO)
            continue;
        TRY(st);
        TRY(add_row(al, t, al->format[f].format->id, &plan, e));
        if (exact)
            table_set_flag(t, t->n_rows - 1, FRONT_ON, on_exact_front(exact, &plan));
    }
    return COSIM_OK;
}

/* --- size against loss: exact -------------------------------------------------------------------
 */

static cosim_status exact_rows(struct allocation *al, struct table *t, struct alloc_frontier *f,
                               cosim_error *e)
{
    const size_t most = al->o->points ? (size_t)al->o->points : POINTS_DEFAULT;
    const double budget = allocate_byte_budget(al);

    if (!(budget >= 1.0))
        return err_set(e, COSIM_ENO, "no allocation meets all limits");
    TRY(alloc_frontier(f, &al->problem, &(struct alloc_limits){ .max_bytes = (uint64_t)budget },
                       &al->arena, e));
    const size_t n = f->n < most ? f->n : most;
    for (size_t i = 0; i < n; i++) {
        struct alloc_plan plan;
        const size_t at = n > 1 ? i * (f->n - 1) / (n - 1) : 0;
        TRY(alloc_frontier_plan(&plan, f, at, &al->arena, e));
        TRY(add_row(al, t, "mixed", &plan, e));
        table_set_flag(t, t->n_rows - 1, FRONT_ON, true);
    }
    if (n < f->n)
        TRY(table_note(t, e, "%zu of %zu points of the front, evenly spread; --points shows more",
                       n, f->n));
    if (f->bucket_bytes == 1)
        return table_note(t, e, "the front in size and loss is exact (dynamic programming)");
    return table_note(t, e,
                      "sizes were rounded up to %llu bytes per group while searching: better plans "
                      "may be missing",
                      (unsigned long long)f->bucket_bytes);
}

/* --- other objectives: the first one is minimised under a grid of limits on the others -----------
 */

/* Replaces what is asked for one solve. */
static cosim_status solve_for(struct allocation *al, enum allocate_metric m,
                              const double max[N_ALLOCATE_METRICS], struct alloc_plan *plan,
                              cosim_error *e)
{
    const struct allocate_ask kept = al->ask;

    al->ask.n_objectives = 1;
    al->ask.objective[0] = m;
    for (int i = 0; i < N_ALLOCATE_METRICS; i++) {
        al->ask.weight[i] = i == (int)m ? 1.0 : 0.0;
        al->ask.max[i] = is_known(kept.max[i]) ? min_f64(kept.max[i], max[i]) : max[i];
    }
    const cosim_status st = allocate_solve(al, plan, e);
    al->ask = kept;
    return st;
}

/* Least and most of each objective over the plans that are best in one of them. */
static cosim_status find_ends(struct allocation *al, const struct axes *x, double *least,
                              double *most, cosim_error *e)
{
    const double none[N_ALLOCATE_METRICS] = { UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64 };

    for (size_t i = 0; i < x->n; i++) {
        least[i] = INF_F64;
        most[i] = -INF_F64;
    }
    for (size_t i = 0; i < x->n; i++) {
        struct alloc_plan plan;
        TRY(solve_for(al, x->metric[i], none, &plan, e));
        for (size_t k = 0; k < x->n; k++) {
            const double v = allocate_value(al, &plan, x->metric[k]);
            least[k] = min_f64(least[k], v);
            most[k] = max_f64(most[k], v);
        }
    }
    return COSIM_OK;
}

/* Several limits may have one answer. */
static bool listed(const struct allocation *al, const struct table *t,
                   const struct alloc_plan *plan)
{
    const double bytes = al->fixed.bytes + (double)plan->bytes;

    for (size_t r = 0; r < t->n_rows; r++) {
        const double loss = table_cell(t, r, FRONT_LOSS)->as.f64;
        if (fabs(table_cell(t, r, FRONT_WEIGHT_BYTES)->as.f64 - bytes) < 0.5
            && fabs(loss - plan->loss) <= 1e-12 * fabs(loss))
            return true;
    }
    return false;
}

static cosim_status grid_rows(struct allocation *al, struct table *t, const struct axes *x,
                              cosim_error *e)
{
    const size_t steps = al->o->points ? (size_t)al->o->points : STEPS_DEFAULT;
    double least[N_ALLOCATE_METRICS], most[N_ALLOCATE_METRICS];
    size_t n = 1;

    TRY(find_ends(al, x, least, most, e));
    for (size_t i = 1; i < x->n; i++)
        n *= steps;
    if (n > 10000)
        return err_set(e, COSIM_ERANGE, "%zu integer programs are too many; lower --points", n);
    for (size_t i = 0; i < n; i++) {
        double max[N_ALLOCATE_METRICS] = { UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64 };
        struct alloc_plan plan;
        cosim_error own = { 0 };
        size_t rest = i;
        for (size_t k = 1; k < x->n; k++, rest /= steps)
            max[x->metric[k]] =
                (least[k] + (most[k] - least[k]) * (double)(rest % steps) / (double)(steps - 1))
                * (1.0 + LIMIT_SLACK);
        const cosim_status st = solve_for(al, x->metric[0], max, &plan, &own);
        if (st == COSIM_ENO)
            continue; /* these limits leave no plan */
        if (st != COSIM_OK)
            return err_set(e, st, "%s", own.msg);
        if (!listed(al, t, &plan))
            TRY(add_row(al, t, "mixed", &plan, e));
    }
    return table_note(t, e,
                      "least %s under %zu limits on the other objectives, each proved by the "
                      "integer program; other points of the front may lie between",
                      allocate_metric_name(x->metric[0]), n);
}

static cosim_status show_front(struct allocation *al, bool picture, struct table **t,
                               cosim_error *e)
{
    struct axes x = { { ALLOCATE_MEMORY, ALLOCATE_PPL }, 2 };
    struct alloc_frontier f;

    if (al->ask.n_objectives > 1) {
        x.n = al->ask.n_objectives;
        memcpy(x.metric, al->ask.objective, sizeof x.metric);
    }
    bool exact = true;
    for (size_t i = 0; i < x.n; i++)
        exact = exact && (x.metric[i] == ALLOCATE_MEMORY || x.metric[i] == ALLOCATE_PPL);
    for (int m = 0; m < N_ALLOCATE_METRICS; m++)
        exact = exact && (m == ALLOCATE_MEMORY || !is_known(al->ask.max[m]));
    TRY(front_new(al, t, e));
    TRY(exact ? exact_rows(al, *t, &f, e) : grid_rows(al, *t, &x, e));
    const size_t n_mixed = (*t)->n_rows;
    TRY(uniform_rows(al, *t, exact ? &f : NULL, e));
    if (!exact)
        flag_front(*t, &x);
    for (size_t i = 0; picture && i < (*t)->n_rows; i++) {
        struct cell *ppl = &(*t)->cell[i * N_FRONT_COLUMNS + FRONT_METRIC + ALLOCATE_PPL];
        if (i >= n_mixed)
            table_set_flag(*t, i, FRONT_ON, true);    /* a point, not a dot of a cloud */
        ppl->known = ppl->known && ppl->as.f64 > 0.0; /* for a logarithmic axis */
    }
    return allocate_note_losses(al, *t, e);
}

cosim_status allocate_table_front(struct allocation *al, struct table **t, cosim_error *e)
{
    return show_front(al, false, t, e);
}

cosim_status allocate_table_picture(struct allocation *al, struct table **t, cosim_error *e)
{
    return show_front(al, true, t, e);
}

/* --- uniform formats beside the plan of no more bytes --------------------------------------------
 */

enum {
    COMPARE_FORMAT,
    COMPARE_BITS,
    COMPARE_BYTES,
    COMPARE_PPL,
    COMPARE_TPOT,
    COMPARE_PLAN_BYTES,
    COMPARE_PLAN_PPL,
    COMPARE_PLAN_TPOT,
    COMPARE_CHANGE,
    COMPARE_PLAN,
    COMPARE_SOURCE
};

static const struct column compare_columns[] = {
    [COMPARE_FORMAT] = { "uniform", "", "one format everywhere", CELL_STR },
    [COMPARE_BITS] = { "bits_per_weight", "bit", "stored, with scales", CELL_F64 },
    [COMPARE_BYTES] = { "weight_bytes", "byte", "weights of the whole model", CELL_F64 },
    [COMPARE_PPL] = { "ppl_increase_ratio", "ratio", "of the uniform format", CELL_F64 },
    [COMPARE_TPOT] = { "tpot_s", "s", "decode step of the uniform format", CELL_F64 },
    [COMPARE_PLAN_BYTES] = { "plan_weight_bytes", "byte", "the plan: no more bytes", CELL_F64 },
    [COMPARE_PLAN_PPL] = { "plan_ppl_increase_ratio", "ratio", "predicted for the plan", CELL_F64 },
    [COMPARE_PLAN_TPOT] = { "plan_tpot_s", "s", "decode step of the plan", CELL_F64 },
    [COMPARE_CHANGE] = { "added_loss_change_nats", "nat", "plan minus uniform", CELL_F64 },
    [COMPARE_PLAN] = { "plan", "", "formats of the plan and their share of the weights", CELL_STR },
    [COMPARE_SOURCE] = { "quality_origin", "", "where the uniform format's quality is from",
                         CELL_STR },
};

/* "q6_k 60 %, q4_0 40 %" of the allocated weights. */
static void describe_plan(const struct allocation *al, const struct alloc_plan *plan, char *out,
                          size_t size)
{
    double weights[ALLOCATE_FORMATS_MAX] = { 0.0 };
    size_t n = 0;

    for (size_t i = 0; i < al->problem.n_groups; i++)
        weights[plan->choice[i]] += al->group[i].n_weights;
    out[0] = '\0';
    for (size_t f = 0; f < al->n_formats && n < size; f++)
        if (weights[f] > 0.0)
            n += (size_t)snprintf(out + n, size - n, "%s%s %.3g %%", n ? ", " : "",
                                  al->format[f].format->id, 100.0 * weights[f] / al->n_weights);
}

static cosim_status compare_row(struct allocation *al, struct table *t,
                                const struct alloc_frontier *f, size_t format, cosim_error *e)
{
    struct alloc_plan uniform, plan;
    const cosim_status st = allocate_uniform(al, format, &uniform, e);
    char text[256];
    size_t row;

    if (st == COSIM_ENO)
        return COSIM_OK;
    TRY(st);
    TRY(allocate_best_within(al, f, uniform.bytes, &plan, e));
    describe_plan(al, &plan, text, sizeof text);
    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, COMPARE_FORMAT, al->format[format].format->id, e));
    table_set_f64(t, row, COMPARE_BITS, 8.0 * (double)uniform.bytes / al->n_weights);
    table_set_f64(t, row, COMPARE_BYTES, al->fixed.bytes + (double)uniform.bytes);
    table_set_f64(t, row, COMPARE_PPL, allocate_value(al, &uniform, ALLOCATE_PPL));
    table_set_f64(t, row, COMPARE_TPOT, allocate_value(al, &uniform, ALLOCATE_TPOT));
    table_set_f64(t, row, COMPARE_PLAN_BYTES, al->fixed.bytes + (double)plan.bytes);
    table_set_f64(t, row, COMPARE_PLAN_PPL, allocate_value(al, &plan, ALLOCATE_PPL));
    table_set_f64(t, row, COMPARE_PLAN_TPOT, allocate_value(al, &plan, ALLOCATE_TPOT));
    table_set_f64(t, row, COMPARE_CHANGE, plan.loss - uniform.loss);
    TRY(table_set_str(t, row, COMPARE_PLAN, text, e));
    return table_set_str(t, row, COMPARE_SOURCE, al->format[format].quality_doc, e);
}

cosim_status allocate_table_compare(struct allocation *al, struct table **t, cosim_error *e)
{
    struct alloc_frontier f;

    TRY(table_new(t, "uniform formats beside plans of no more bytes", compare_columns,
                  COUNT(compare_columns), e));
    TRY(alloc_frontier(&f, &al->problem, &(struct alloc_limits){ 0 }, &al->arena, e));
    for (size_t i = 0; i < al->n_formats; i++)
        TRY(compare_row(al, *t, &f, i, e));
    TRY(allocate_note_losses(al, *t, e));
    TRY(table_note(*t, e, "plans by dynamic programming: %s",
                   f.bucket_bytes == 1 ? "exact"
                                       : "sizes were bucketed; the best of it, of the hull and of "
                                         "the uniform formats, within the printed bound"));
    return table_note(*t, e,
                      "limits are not applied here: a uniform format need not fit the device");
}
