/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "validate/summary.h"

#include "core/num.h"
#include "core/text.h"
#include "validate/stats.h"

#include <stdlib.h>
#include <string.h>

enum { COL_N, COL_MAPE, COL_MEDIAN, COL_P90, COL_BIAS, COL_SPEARMAN, N_STATS };

static const struct column stat_columns[N_STATS] = {
    [COL_N] = { "n", "", "values compared", CELL_U64 },
    [COL_MAPE] = { "mape_ratio", "ratio", "mean of |predicted / measured - 1|", CELL_F64 },
    [COL_MEDIAN] = { "median_ape_ratio", "ratio", "median of the same", CELL_F64 },
    [COL_P90] = { "p90_ape_ratio", "ratio", "90th percentile of the same", CELL_F64 },
    [COL_BIAS] = { "bias_ratio", "ratio", "median signed error; > 0 predicts too much", CELL_F64 },
    [COL_SPEARMAN] = { "spearman", "ratio", "rank correlation", CELL_F64 },
};

struct grouping {
    const struct table *rows;
    size_t by[SUMMARY_BY_MAX], n_by;
    size_t measured, predicted, error;
    struct arena arena;
};

struct keyed {
    const char *key; /* group texts joined by a byte that sorts before all others */
    size_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *s = a, *t = b;
    const int order = strcmp(s->key, t->key);

    return order != 0 ? order : (s->row > t->row) - (s->row < t->row);
}

static cosim_status find_text_column(struct grouping *g, const char *name, cosim_error *e)
{
    struct nearest near = { .want = name };
    const size_t col = table_column(g->rows, name);

    if (g->n_by == SUMMARY_BY_MAX)
        return err_set(e, COSIM_ERANGE, "more than %u columns to group by", SUMMARY_BY_MAX);
    if (col != SIZE_MAX && g->rows->column[col].type == CELL_STR) {
        g->by[g->n_by++] = col;
        return COSIM_OK;
    }
    for (size_t i = 0; i < g->rows->n_columns; i++)
        if (g->rows->column[i].type == CELL_STR)
            nearest_offer(&near, g->rows->column[i].name);
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "no column '%.60s' to group by", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

static cosim_status choose_columns(struct grouping *g, const char *by, cosim_error *e)
{
    g->measured = table_column(g->rows, "measured");
    g->predicted = table_column(g->rows, "predicted");
    g->error = table_column(g->rows, "error_ratio");
    if (g->measured == SIZE_MAX || g->predicted == SIZE_MAX || g->error == SIZE_MAX)
        return err_set(e, COSIM_EUNKNOWN, "no columns measured, predicted and error_ratio");
    while (*by) {
        const size_t n = strcspn(by, ",");
        const char *name = arena_strndup(&g->arena, by, n);
        if (!name)
            return err_set(e, COSIM_ENOMEM, "out of memory for groups");
        TRY(find_text_column(g, name, e));
        by += n + (by[n] == ',');
    }
    return COSIM_OK;
}

static const char *text_of(const struct grouping *g, size_t row, size_t col)
{
    const struct cell *c = table_cell(g->rows, row, col);

    return c->known ? c->as.str : "";
}

static double number_of(const struct grouping *g, size_t row, size_t col)
{
    const struct cell *c = table_cell(g->rows, row, col);

    return c->known ? c->as.f64 : UNKNOWN_F64;
}

static const char *key_of(struct grouping *g, size_t row)
{
    const char *key = arena_strdup(&g->arena, "");

    for (size_t i = 0; key && i < g->n_by; i++)
        key = arena_printf(&g->arena, "%s\001%s", key, text_of(g, row, g->by[i]));
    return key;
}

static cosim_status sorted_rows(struct grouping *g, struct keyed **out, size_t *n, cosim_error *e)
{
    struct keyed *v = ARENA_NEW(&g->arena, struct keyed, g->rows->n_rows + 1);

    *out = v;
    *n = 0;
    if (!v)
        return err_set(e, COSIM_ENOMEM, "out of memory for groups");
    for (size_t r = 0; r < g->rows->n_rows; r++) {
        if (!is_known(number_of(g, r, g->measured)) || !is_known(number_of(g, r, g->predicted))
            || !is_known(number_of(g, r, g->error)))
            continue;
        v[*n] = (struct keyed){ key_of(g, r), r };
        if (!v[(*n)++].key)
            return err_set(e, COSIM_ENOMEM, "out of memory for groups");
    }
    qsort(v, *n, sizeof *v, by_key);
    return COSIM_OK;
}

/* The three numbers of n rows, one array after the other. */
static cosim_status stats_of(struct grouping *g, const struct keyed *v, size_t n,
                             struct error_stats *s, cosim_error *e)
{
    double *x = ARENA_NEW(&g->arena, double, 3 * n);

    if (!x)
        return err_set(e, COSIM_ENOMEM, "out of memory for groups");
    for (size_t i = 0; i < n; i++) {
        x[i] = number_of(g, v[i].row, g->error);
        x[n + i] = number_of(g, v[i].row, g->measured);
        x[2 * n + i] = number_of(g, v[i].row, g->predicted);
    }
    return error_stats_of(s, x, x + n, x + 2 * n, n, e);
}

static cosim_status add_group(struct grouping *g, const struct keyed *v, size_t n, struct table *t,
                              cosim_error *e)
{
    struct error_stats s;
    size_t row;

    TRY(stats_of(g, v, n, &s, e));
    TRY(table_add_row(t, &row, e));
    for (size_t i = 0; i < g->n_by; i++)
        TRY(table_set_str(t, row, i, text_of(g, v->row, g->by[i]), e));
    table_set_u64(t, row, g->n_by + COL_N, s.n);
    table_set_f64(t, row, g->n_by + COL_MAPE, s.mape_ratio);
    table_set_f64(t, row, g->n_by + COL_MEDIAN, s.median_ape_ratio);
    table_set_f64(t, row, g->n_by + COL_P90, s.p90_ape_ratio);
    table_set_f64(t, row, g->n_by + COL_BIAS, s.bias_ratio);
    table_set_f64(t, row, g->n_by + COL_SPEARMAN, s.spearman);
    return COSIM_OK;
}

static cosim_status fill(struct grouping *g, const char *by, struct table **t, cosim_error *e)
{
    struct column col[SUMMARY_BY_MAX + N_STATS];
    struct keyed *v = NULL;
    size_t n = 0;

    TRY(choose_columns(g, by, e));
    for (size_t i = 0; i < g->n_by; i++)
        col[i] = g->rows->column[g->by[i]];
    memcpy(col + g->n_by, stat_columns, sizeof stat_columns);
    TRY(table_new(t, g->rows->title, col, g->n_by + N_STATS, e));
    TRY(sorted_rows(g, &v, &n, e));
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(v[i].key, v[end].key) == 0;)
            end++;
        TRY(add_group(g, v + i, end - i, *t, e));
    }
    return COSIM_OK;
}

cosim_status summary_of(const struct table *rows, const char *by, struct table **summary,
                        cosim_error *e)
{
    struct grouping g = { .rows = rows };

    *summary = NULL;
    const cosim_status st = fill(&g, by, summary, e);
    arena_release(&g.arena);
    if (st != COSIM_OK) {
        table_free(*summary);
        *summary = NULL;
    }
    return st;
}
