/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which point of a frontier to take, and how sure that is. */
#include "api/context.h"
#include "api/metric_errors.h"
#include "api/objectives.h"
#include "core/num.h"
#include "core/text.h"
#include "search/choice.h"
#include "search/weights.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000u  /* every row is held against every other */
#define WEIGHTS_MAX 200u /* that regret is taken over */

enum {
    COL_BULGE,
    COL_REGRET_MAX,
    COL_REGRET_MEAN,
    COL_VALUE,
    COL_CERTAIN,
    COL_POSSIBLE,
    COL_TOLERANCE,
    N_EXTRA
};

static const struct column extra[N_EXTRA] = {
    { "knee_bulge", "ratio", "how far below the plane through the ends of the front", CELL_F64 },
    { "regret_max", "ratio", "most that anybody's weights lose by it", CELL_F64 },
    { "regret_mean", "ratio", "mean over all weights", CELL_F64 },
    { "weighted", "ratio", "augmented Tchebycheff value for the weights, 0 is best", CELL_F64 },
    { "certainly_dominated", "", "rows that are better whatever the errors are", CELL_U64 },
    { "possibly_dominated", "", "rows that some errors within their limits make better", CELL_U64 },
    { "tolerance", "ratio", "errors may grow by this factor until a row can be better", CELL_F64 },
};

struct choosing {
    struct objectives o;
    double *value[N_EXTRA];
    double error_ratio[HV_MAX_OBJ], weight[HV_MAX_OBJ];
    size_t *order;
};

/* --- numbers of options -------------------------------------------------------------------- */

static cosim_status read_weights(struct choosing *k, const char *text, cosim_error *e)
{
    struct list_walk w = { .list = { text, { "--weights", 0, 0 } } };
    cosim_status st = COSIM_OK;
    size_t n = 0;

    for (size_t j = 0; j < k->o.m; j++)
        k->weight[j] = 1.0;
    while (text && list_next(&w, &st, e)) {
        if (n == k->o.m || !text_to_f64(w.token, &k->weight[n]) || !(k->weight[n] > 0.0))
            return err_at(e, COSIM_EUSAGE, &w.at, "%zu positive weights are needed: '%s'", k->o.m,
                          text);
        n++;
    }
    if (st == COSIM_OK && text && n != k->o.m)
        return err_at(e, COSIM_EUSAGE, &w.at, "%zu positive weights are needed: '%s'", k->o.m,
                      text);
    return st;
}

static cosim_status read_errors(struct choosing *k, const char *text, cosim_error *e)
{
    struct list_walk w = { .list = { text, { "--errors", 0, 0 } } };
    cosim_status st = COSIM_OK;

    while (list_next(&w, &st, e)) {
        char *equal = strchr(w.token, '=');
        double v = UNKNOWN_F64;
        size_t j = 0;
        if (equal)
            *equal = '\0';
        while (j < k->o.m && strcmp(k->o.name[j], w.token) != 0)
            j++;
        if (j == k->o.m)
            return err_at(e, COSIM_EUNKNOWN, &w.at, "'%s' is none of the objectives", w.token);
        if (!equal || !text_to_f64(equal + 1, &v) || !(v >= 0.0 && v < 1.0))
            return err_at(e, COSIM_EUSAGE, &w.at, "'%s' needs an error from 0 to below 1: %s=0.2",
                          w.token, w.token);
        k->error_ratio[j] = v;
    }
    return st;
}

/* --- judging ------------------------------------------------------------------------------- */

static cosim_status judge(struct choosing *k, cosim_error *e)
{
    const struct points front = objectives_points(&k->o);
    struct regret *r = ARENA_NEW(&k->o.arena, struct regret, front.n);
    size_t h = 1;

    for (int i = 0; i < N_EXTRA; i++)
        if (!(k->value[i] = ARENA_NEW(&k->o.arena, double, front.n)))
            return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", front.n);
    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", front.n);
    while (weights_count(front.m, h + 1) <= WEIGHTS_MAX)
        h++;
    (void)choice_knee(&front, k->value[COL_BULGE]);
    TRY(choice_regrets(&front, h, r, e));
    choice_values(&front, k->weight, k->value[COL_VALUE]);
    for (size_t i = 0; i < front.n; i++) {
        struct robustness b;
        choice_robustness(&front, i, k->error_ratio, &b);
        k->value[COL_REGRET_MAX][i] = r[i].max;
        k->value[COL_REGRET_MEAN][i] = r[i].mean;
        k->value[COL_CERTAIN][i] = (double)b.certainly_dominated;
        k->value[COL_POSSIBLE][i] = (double)b.possibly_dominated;
        k->value[COL_TOLERANCE][i] = b.tolerance;
    }
    return COSIM_OK;
}

/* What comes first, smaller or larger; the second key breaks ties. */
static const struct {
    const char *name;
    int column, sense, then;
} orders[] = {
    { "knee", COL_BULGE, -1, COL_REGRET_MAX },
    { "regret", COL_REGRET_MAX, 1, COL_REGRET_MEAN },
    { "robust", COL_POSSIBLE, 1, COL_REGRET_MAX },
    { "weights", COL_VALUE, 1, COL_REGRET_MAX },
};

static bool before(const struct choosing *k, size_t by, size_t x, size_t y)
{
    const double *v = k->value[orders[by].column], *then = k->value[orders[by].then];
    const double a = orders[by].sense * v[x], b = orders[by].sense * v[y];

    if (a < b || a > b)
        return a < b;
    return then[x] < then[y] || (!(then[x] > then[y]) && x < y);
}

/* Few rows are shown: the best are picked one by one. */
static cosim_status sort(struct choosing *k, const char *name, size_t top, cosim_error *e)
{
    struct nearest near = { .want = name };
    size_t by = 0;

    while (by < sizeof orders / sizeof *orders && strcmp(orders[by].name, name) != 0)
        nearest_offer(&near, orders[by++].name);
    if (by == sizeof orders / sizeof *orders) {
        const cosim_status st = err_set(e, COSIM_EUNKNOWN, "rows cannot be chosen by '%s'", name);
        err_hint(e, "there are knee, regret, robust and weights");
        return st;
    }
    k->order = ARENA_NEW(&k->o.arena, size_t, k->o.n);
    if (!k->order)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", k->o.n);
    for (size_t i = 0; i < k->o.n; i++)
        k->order[i] = i;
    for (size_t i = 0; i < k->o.n && i < top; i++)
        for (size_t j = i + 1; j < k->o.n; j++)
            if (before(k, by, k->order[j], k->order[i])) {
                const size_t swap = k->order[i];
                k->order[i] = k->order[j];
                k->order[j] = swap;
            }
    return COSIM_OK;
}

/* --- the table ----------------------------------------------------------------------------- */

static cosim_status new_table(struct table **t, const struct table *front, cosim_error *e)
{
    const size_t n = front->n_columns + N_EXTRA;
    struct column *col = calloc(n, sizeof *col);

    if (!col)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu columns", n);
    memcpy(col, front->column, front->n_columns * sizeof *col);
    memcpy(col + front->n_columns, extra, sizeof extra);
    const cosim_status st = table_new(t, "choice", col, n, e);
    free(col);
    return st;
}

static cosim_status add_rows(struct table *t, const struct choosing *k, const struct table *front,
                             size_t top, cosim_error *e)
{
    for (size_t n = 0; n < k->o.n && n < top; n++) {
        const size_t i = k->order[n];
        size_t row;
        TRY(table_add_row(t, &row, e));
        for (size_t c = 0; c < front->n_columns; c++)
            TRY(table_copy_cell(t, row, c, front, k->o.row[i], c, e));
        for (int x = 0; x < N_EXTRA; x++) {
            const size_t col = front->n_columns + (size_t)x;
            if (extra[x].type == CELL_U64)
                table_set_u64(t, row, col, (uint64_t)k->value[x][i]);
            else
                table_set_f64(t, row, col, k->value[x][i]);
        }
    }
    return COSIM_OK;
}

static cosim_status add_notes(struct table *t, const struct choosing *k, const char *by,
                              const struct metric_errors *stated, cosim_error *e)
{
    TRY(table_note(t, e, "%zu of the rows are not dominated; best by %s first", k->o.n, by));
    if (k->o.n_unknown > 0)
        TRY(table_note(t, e, "rows left out because an objective is unknown: %zu", k->o.n_unknown));
    for (size_t j = 0; j < k->o.m; j++) {
        const struct metric_error *m = stated ? metric_error_find(stated, k->o.name[j]) : NULL;
        if (m)
            TRY(table_note(t, e, "error of %s: %g (%s; n = %.0f)", m->metric, m->error_ratio,
                           m->source, m->count));
        else
            TRY(table_note(t, e, "error of %s: %g%s", k->o.name[j], k->error_ratio[j],
                           stated ? " (none is stated: taken as exact)" : " (given)"));
    }
    return table_note(
        t, e,
        "errors are taken as independent from row to row, the worst case: rows of one "
        "device and kind of format err together");
}

static cosim_status choose(struct choosing *k, cosim *c, const struct table *front,
                           const cosim_choose_options *opt, struct table **t, cosim_error *e)
{
    const char *by = opt->by ? opt->by : "knee";
    const size_t top = opt->top ? opt->top : SIZE_MAX;
    struct metric_errors stated = { .n = 0 };

    TRY(objectives_read(&k->o, front, opt->columns, opt->maximise, e));
    if (k->o.m < 2)
        return err_set(e, COSIM_EUSAGE, "a choice is between two objectives or more, not %zu",
                       k->o.m);
    if (k->o.n == 0)
        return err_set(e, COSIM_ENO, "no row has all objectives");
    TRY(objectives_keep_front(&k->o, e));
    if (k->o.n > ROWS_MAX)
        return err_set(e, COSIM_ERANGE, "more than %u rows are on the frontier", ROWS_MAX);
    TRY(read_weights(k, opt->weights, e));
    if (opt->errors)
        TRY(read_errors(k, opt->errors, e));
    else
        TRY(metric_errors_load(&stated, c, &k->o.arena, e));
    for (size_t j = 0; j < k->o.m && !opt->errors; j++) {
        const struct metric_error *m = metric_error_find(&stated, k->o.name[j]);
        k->error_ratio[j] = m ? m->error_ratio : 0.0;
    }
    TRY(judge(k, e));
    TRY(sort(k, by, top, e));
    TRY(new_table(t, front, e));
    TRY(add_rows(*t, k, front, top, e));
    return add_notes(*t, k, by, opt->errors ? NULL : &stated, e);
}

cosim_status cosim_choose(cosim *c, const cosim_table *front, const cosim_choose_options *o,
                          cosim_table **t, cosim_error *e)
{
    struct choosing k = { .o = { .n = 0 } };

    *t = NULL;
    if (!o || o->size < sizeof *o)
        return err_set(e, COSIM_EUSAGE, "cosim_choose_options needs its size");
    const cosim_status st = choose(&k, c, front, o, t, e);
    arena_release(&k.o.arena);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
