/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells and headings as people read them. */
#include "report/si.h"
#include "report/writers.h"

#include <inttypes.h>
#include <string.h>

const char *shown_cell(const struct column *c, const struct cell *v, char *buf, size_t n)
{
    if (!v->known)
        return "-";
    switch (c->type) {
    case CELL_STR:
        return v->as.str;
    case CELL_F64:
        return si_format(buf, n, v->as.f64, c->unit);
    case CELL_BOOL:
        return v->as.flag ? "yes" : "no";
    case CELL_U64:
        break;
    }
    const struct si_unit u = si_unit_of(c->unit);
    if (*u.symbol) /* 64 bits do not fit a double, but four digits of them do */
        return si_format(buf, n, (double)v->as.u64, c->unit);
    (void)snprintf(buf, n, "%" PRIu64, v->as.u64);
    return buf;
}

const char *shown_heading(const struct table *t, size_t col, char *buf, size_t n)
{
    char other[256];

    (void)si_heading(buf, n, t->column[col].name, t->column[col].unit);
    for (size_t i = 0; i < t->n_columns; i++)
        if (i != col
            && strcmp(si_heading(other, sizeof other, t->column[i].name, t->column[i].unit), buf)
                   == 0)
            return t->column[col].name;
    return buf;
}
