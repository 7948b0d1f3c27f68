/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "core/table.h"

void cosim_table_free(cosim_table *t)
{
    table_free(t);
}

size_t cosim_table_rows(const cosim_table *t)
{
    return t->n_rows;
}

size_t cosim_table_columns(const cosim_table *t)
{
    return t->n_columns;
}

const char *cosim_table_column_name(const cosim_table *t, size_t column)
{
    return column < t->n_columns ? t->column[column].name : NULL;
}

const char *cosim_table_column_unit(const cosim_table *t, size_t column)
{
    return column < t->n_columns ? t->column[column].unit : NULL;
}

size_t cosim_table_find(const cosim_table *t, const char *column)
{
    return table_column(t, column);
}

static const struct cell *known_cell(const cosim_table *t, size_t row, size_t column)
{
    if (row >= t->n_rows || column >= t->n_columns)
        return NULL;
    const struct cell *c = table_cell(t, row, column);
    return c->known ? c : NULL;
}

double cosim_table_number(const cosim_table *t, size_t row, size_t column)
{
    const struct cell *c = known_cell(t, row, column);

    if (!c)
        return UNKNOWN_F64;
    switch (t->column[column].type) {
    case CELL_F64:
        return c->as.f64;
    case CELL_U64:
        return (double)c->as.u64;
    case CELL_BOOL:
        return c->as.flag ? 1.0 : 0.0;
    case CELL_STR:
        break;
    }
    return UNKNOWN_F64;
}

const char *cosim_table_text(const cosim_table *t, size_t row, size_t column)
{
    const struct cell *c = known_cell(t, row, column);

    return c && t->column[column].type == CELL_STR ? c->as.str : NULL;
}
