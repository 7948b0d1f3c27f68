/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows that a picture points out by name: a reference among what was found. */
#include "core/num.h"
#include "report/plot_parts.h"

bool plot_is_mark(const struct plot *p, size_t mark_col, size_t row)
{
    return mark_col != SIZE_MAX && p->t->column[mark_col].type == CELL_STR
           && table_cell(p->t, row, mark_col)->known;
}

void plot_put_marks(const struct plot *p, const struct plot_marks *m, struct label_room *room)
{
    size_t n = 0;

    (void)fputs("$mark << EOD\n", p->script);
    for (size_t r = 0; r < p->t->n_rows; r++) {
        if (!plot_is_mark(p, m->col, r) || !is_known(m->x[r]) || !is_known(m->y[r]))
            continue;
        (void)fprintf(p->script, "%.10g %.10g\n", m->x[r] / m->ax->scale, m->y[r] / m->ay->scale);
        n++;
    }
    (void)fprintf(p->script, "EOD\nN_MARK = %zu\n", n);
    for (size_t r = 0; n > 0 && r < p->t->n_rows; r++)
        if (plot_is_mark(p, m->col, r) && is_known(m->x[r]) && is_known(m->y[r]))
            (void)labels_put(p, room, plot_px_x(p, m->ax, m->x[r]), plot_px_y(p, m->ay, m->y[r]),
                             table_cell(p->t, r, m->col)->as.str, "front boxed textcolor rgb INK");
}
