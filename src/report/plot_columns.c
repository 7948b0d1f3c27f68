/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns by name and what their cells say. */
#include "core/num.h"
#include "core/text.h"
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/si.h"
#include "report/writers.h"

#include <string.h>

#define HOVER_PARTS_MAX 14u

cosim_status plot_column(const struct plot *p, const char *role, const char *name, size_t *col,
                         cosim_error *e)
{
    struct nearest near = { .want = name };

    if (!name)
        return err_set(e, COSIM_EUSAGE, "a %s plot needs a column for %s", p->s->kind, role);
    *col = table_column(p->t, name);
    if (*col != SIZE_MAX)
        return COSIM_OK;
    for (size_t i = 0; i < p->t->n_columns; i++)
        nearest_offer(&near, p->t->column[i].name);
    (void)err_set(e, COSIM_EUNKNOWN, "no column '%s' (for %s) in the table", name, role);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return COSIM_EUNKNOWN;
}

cosim_status plot_column_optional(const struct plot *p, const char *role, const char *name,
                                  size_t *col, cosim_error *e)
{
    *col = SIZE_MAX;
    return name ? plot_column(p, role, name, col, e) : COSIM_OK;
}

double plot_number(const struct table *t, size_t row, size_t col)
{
    const struct cell *v = table_cell(t, row, col);

    if (!v->known)
        return UNKNOWN_F64;
    switch (t->column[col].type) {
    case CELL_F64:
        return isfinite(v->as.f64) ? v->as.f64 : UNKNOWN_F64;
    case CELL_U64:
        return (double)v->as.u64;
    case CELL_BOOL:
        return v->as.flag ? 1 : 0;
    case CELL_STR:
        break;
    }
    return UNKNOWN_F64;
}

void plot_put_hover(const struct plot *p, size_t row)
{
    char buf[256], heading[256];
    size_t parts = 0;

    for (size_t c = 0; c < p->t->n_columns && parts < HOVER_PARTS_MAX; c++) {
        const struct cell *v = table_cell(p->t, row, c);
        if (!v->known)
            continue;
        if (parts++ > 0)
            (void)fputs(" . \"\\n\" . ", p->script);
        gnuplot_put_hover(shown_heading(p->t, c, heading, sizeof heading), p->script);
        (void)fputs(".': '.", p->script);
        gnuplot_put_hover(shown_cell(&p->t->column[c], v, buf, sizeof buf), p->script);
    }
    if (parts == 0)
        (void)fputs("''", p->script);
}

const char *plot_heading(struct plot *p, const struct plot_axis *spec, size_t col)
{
    char buf[256];

    if (spec->label)
        return spec->label;
    char *text = arena_strdup(&p->a, shown_heading(p->t, col, buf, sizeof buf));
    for (char *c = text; c && *c; c++)
        if (*c == '_')
            *c = ' ';
    return text;
}
