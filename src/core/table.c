/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for a result table");
}

cosim_status table_new(struct table **out, const char *title, const struct column *column, size_t n,
                       cosim_error *e)
{
    struct table *t = calloc(1, sizeof *t);

    *out = NULL;
    if (!t)
        return no_memory(e);
    t->title = arena_strdup(&t->arena, title);
    t->column = ARENA_NEW(&t->arena, struct column, n);
    if (!t->title || !t->column)
        goto fail;
    for (size_t i = 0; i < n; i++) {
        t->column[i] = (struct column){
            .name = arena_strdup(&t->arena, column[i].name),
            .unit = arena_strdup(&t->arena, column[i].unit ? column[i].unit : ""),
            .doc = arena_strdup(&t->arena, column[i].doc ? column[i].doc : ""),
            .type = column[i].type,
        };
        if (!t->column[i].name || !t->column[i].unit || !t->column[i].doc)
            goto fail;
    }
    t->n_columns = n;
    *out = t;
    return COSIM_OK;
fail:
    table_free(t);
    return no_memory(e);
}

void table_free(struct table *t)
{
    if (!t)
        return;
    free(t->cell);
    free(t->note);
    arena_release(&t->arena);
    free(t);
}

cosim_status table_add_row(struct table *t, size_t *row, cosim_error *e)
{
    if (t->n_rows == t->cap_rows) {
        const size_t cap = t->cap_rows ? 2 * t->cap_rows : 64;
        if (cap > SIZE_MAX / sizeof *t->cell / (t->n_columns + 1))
            return no_memory(e);
        struct cell *cell = realloc(t->cell, cap * t->n_columns * sizeof *cell);
        if (!cell)
            return no_memory(e);
        t->cell = cell;
        t->cap_rows = cap;
    }
    memset(t->cell + t->n_rows * t->n_columns, 0, t->n_columns * sizeof *t->cell);
    *row = t->n_rows++;
    return COSIM_OK;
}

static struct cell *at(struct table *t, size_t row, size_t col)
{
    return &t->cell[row * t->n_columns + col];
}

cosim_status table_set_str(struct table *t, size_t row, size_t col, const char *s, cosim_error *e)
{
    if (!s)
        return COSIM_OK;
    const char *copy = arena_strdup(&t->arena, s);
    if (!copy)
        return no_memory(e);
    *at(t, row, col) = (struct cell){ .known = true, .as.str = copy };
    return COSIM_OK;
}

void table_set_f64(struct table *t, size_t row, size_t col, double v)
{
    *at(t, row, col) = (struct cell){ .known = !isnan(v), .as.f64 = v };
}

void table_set_u64(struct table *t, size_t row, size_t col, uint64_t v)
{
    *at(t, row, col) = (struct cell){ .known = true, .as.u64 = v };
}

void table_set_flag(struct table *t, size_t row, size_t col, bool v)
{
    *at(t, row, col) = (struct cell){ .known = true, .as.flag = v };
}

cosim_status table_copy_cell(struct table *t, size_t row, size_t col, const struct table *from,
                             size_t from_row, size_t from_col, cosim_error *e)
{
    const struct cell *c = table_cell(from, from_row, from_col);

    if (!c->known)
        return COSIM_OK;
    if (from->column[from_col].type == CELL_STR)
        return table_set_str(t, row, col, c->as.str, e);
    *at(t, row, col) = *c;
    return COSIM_OK;
}

cosim_status table_note(struct table *t, cosim_error *e, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    if (t->n_notes == t->cap_notes) {
        const size_t cap = t->cap_notes ? 2 * t->cap_notes : 8;
        const char **note = realloc(t->note, cap * sizeof *note);
        if (!note)
            return no_memory(e);
        t->note = note;
        t->cap_notes = cap;
    }
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    const char *copy = arena_strdup(&t->arena, line);
    if (!copy)
        return no_memory(e);
    t->note[t->n_notes++] = copy;
    return COSIM_OK;
}

size_t table_column(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (strcmp(t->column[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}
