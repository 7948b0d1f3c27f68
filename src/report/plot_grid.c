/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/plot_grid.h"

#include "report/gnuplot.h"

#define CATEGORIES_MAX 400u /* finer than the pixels of a usual picture */

cosim_status grid_of(struct plot *p, struct grid *g, cosim_error *e)
{
    TRY(plot_column(p, "x", p->s->x.column, &g->x_col, e));
    TRY(plot_column(p, "y", p->s->y.column, &g->y_col, e));
    TRY(categories_of(p, g->x_col, NULL, CATEGORIES_MAX, false, &g->x, e));
    TRY(categories_of(p, g->y_col, NULL, CATEGORIES_MAX, false, &g->y, e));
    if (g->x.n == 0 || g->y.n == 0)
        return err_set(e, COSIM_ERANGE, "nothing to draw: column '%s' has no known value",
                       g->x.n == 0 ? p->s->x.column : p->s->y.column);
    return COSIM_OK;
}

cosim_status grid_lay_out(struct plot *p, struct grid *g, cosim_error *e)
{
    const char *x_label = plot_heading(p, &p->s->x, g->x_col),
               *y_label = plot_heading(p, &p->s->y, g->y_col);
    double turned;

    if (!x_label || !y_label)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    plot_leave_left(p, g->y.name, g->y.n);
    if (!p->c.text)
        p->c.left += 2 * p->c.char_height;
    g->width = (p->c.right - p->c.left) / (double)g->x.n;
    if (plot_turned(p, &g->x, g->width, &turned))
        p->c.bottom += turned - p->c.char_height;
    g->height = (p->c.top - p->c.bottom) / (double)g->y.n;
    plot_put_x_categories(p, &g->x, g->width);
    plot_put_y_categories(p, &g->y, g->height, g->from_top);
    (void)fprintf(p->script,
                  "set xrange [-0.5:%zu.5]\nset yrange [-0.5:%zu.5]\nXLABEL = ", g->x.n - 1,
                  g->y.n - 1);
    gnuplot_put_str(x_label, p->script);
    (void)fputs("\nYLABEL = ", p->script);
    gnuplot_put_str(y_label, p->script);
    (void)fputc('\n', p->script);
    return COSIM_OK;
}
