/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/objectives.h"

#include "api/study.h"
#include "core/num.h"
#include "core/text.h"
#include "eval/metric.h"
#include "search/front.h"

#include <string.h>

static cosim_status no_column(const struct table *t, const char *name, cosim_error *e)
{
    struct nearest near = { .want = name };

    for (size_t i = 0; i < t->n_columns; i++)
        nearest_offer(&near, t->column[i].name);
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "there is no column '%s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

/* A column became text by a cell that is no number: the first one is told. */
static cosim_status no_numbers(const struct table *t, size_t col, cosim_error *e)
{
    const char *name = t->column[col].name;
    double v;

    for (size_t row = 0; row < t->n_rows; row++) {
        const struct cell *cell = table_cell(t, row, col);
        if (cell->known && !text_to_f64(cell->as.str, &v))
            return err_set(e, COSIM_ESYNTAX, "%s: column '%s' has '%s' in row %zu: no number",
                           t->title, name, cell->as.str, row + 1);
    }
    return err_set(e, COSIM_ESYNTAX, "%s: column '%s' is empty", t->title, name);
}

static cosim_status add_column(struct objectives *o, const struct table *t, size_t *at, size_t col,
                               cosim_error *e)
{
    if (o->m == HV_MAX_OBJ)
        return err_set(e, COSIM_ERANGE, "more than %u objectives", HV_MAX_OBJ);
    if (t->column[col].type == CELL_STR)
        return no_numbers(t, col, e);
    o->name[o->m] = t->column[col].name;
    at[o->m++] = col;
    return COSIM_OK;
}

static cosim_status choose_columns(struct objectives *o, const struct table *t, const char *list,
                                   size_t at[HV_MAX_OBJ], cosim_error *e)
{
    cosim_status st = COSIM_OK;

    if (!list) {
        for (size_t i = 0; i < t->n_columns; i++)
            if (t->column[i].type == CELL_F64)
                TRY(add_column(o, t, at, i, e));
    } else {
        struct list_walk w = { .list = { list, { "--objectives", 0, 0 } } };
        while (list_next(&w, &st, e)) {
            const size_t col = table_column(t, w.token);
            if (col == SIZE_MAX)
                return no_column(t, w.token, e);
            TRY(add_column(o, t, at, col, e));
        }
    }
    if (st == COSIM_OK && o->m == 0)
        return err_set(e, COSIM_ESYNTAX, "the table has no column of numbers");
    return st;
}

static cosim_status choose_senses(struct objectives *o, const char *list, cosim_error *e)
{
    struct list_walk w = { .list = { list, { "--maximise", 0, 0 } } };
    cosim_status st = COSIM_OK;

    for (size_t i = 0; i < o->m; i++) {
        const enum metric metric = metric_find(o->name[i]);
        o->maximised[i] = metric != N_METRICS && metric_table[metric].sense < 0;
    }
    while (list && list_next(&w, &st, e)) {
        size_t i = 0;
        while (i < o->m && strcmp(o->name[i], w.token) != 0)
            i++;
        if (i == o->m)
            return err_set(e, COSIM_EUNKNOWN, "'%s' is none of the objectives", w.token);
        o->maximised[i] = true;
    }
    return st;
}

/* Rows with an unknown objective are counted, not used. */
cosim_status objectives_read(struct objectives *o, const struct table *t, const char *columns,
                             const char *maximise, cosim_error *e)
{
    size_t at[HV_MAX_OBJ];

    TRY(choose_columns(o, t, columns, at, e));
    TRY(choose_senses(o, maximise, e));
    for (size_t j = 0; j < o->m; j++)
        if (!(o->obj[j] = ARENA_NEW(&o->arena, double, t->n_rows)))
            return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", t->n_rows);
    o->row = ARENA_NEW(&o->arena, size_t, t->n_rows);
    if (!o->row)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", t->n_rows);
    for (size_t r = 0; r < t->n_rows; r++) {
        bool known = true;
        for (size_t j = 0; j < o->m; j++) {
            const double v = cosim_table_number(t, r, at[j]);
            known = known && is_known(v);
            o->obj[j][o->n] = o->maximised[j] ? -v : v;
        }
        o->row[o->n] = r;
        o->n += known;
        o->n_unknown += !known;
    }
    return COSIM_OK;
}

cosim_status objectives_keep_front(struct objectives *o, cosim_error *e)
{
    uint32_t *keep = ARENA_NEW(&o->arena, uint32_t, o->n);
    size_t n = 0;

    if (!keep)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu points", o->n);
    TRY(front_filter((const double *const *)o->obj, o->n, o->m, keep, &n, e));
    for (size_t j = 0; j < o->m; j++)
        for (size_t i = 0; i < n; i++)
            o->obj[j][i] = o->obj[j][keep[i]]; /* keep ascends: never read behind a write */
    for (size_t i = 0; i < n; i++)
        o->row[i] = o->row[keep[i]];
    o->n = n;
    return COSIM_OK;
}
