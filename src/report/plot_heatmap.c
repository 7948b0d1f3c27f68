/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One value over two axes of a sweep. Several rows in a cell: the best of them is shown. */
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot_grid.h"

#include <string.h>

#define GAP_FROM_PX 24.0        /* cells larger than this have thin gaps between them */
#define COLOUR_BAR_COLUMNS 15.0 /* characters at the right for the bar, its ticks and its label */

struct heatmap {
    struct grid grid;
    size_t value_col;
    double *value; /* [y * n x + x], NaN = nothing known */
    struct axis axis;
};

static cosim_status fill(struct plot *p, struct heatmap *g, cosim_error *e)
{
    const size_t n = g->grid.x.n * g->grid.y.n;
    size_t n_more = 0;

    g->value = ARENA_NEW(&p->a, double, n);
    if (!g->value)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t i = 0; i < n; i++)
        g->value[i] = UNKNOWN_F64;
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const double v = plot_number(p->t, r, g->value_col);
        const uint32_t x = g->grid.x.of_row[r], y = g->grid.y.of_row[r];
        if (!is_known(v) || x == CATEGORY_NONE || y == CATEGORY_NONE)
            continue;
        double *cell = &g->value[y * g->grid.x.n + x];
        n_more += is_known(*cell) ? 1 : 0;
        if (!is_known(*cell) || (p->s->value.maximise ? v > *cell : v < *cell))
            *cell = v;
    }
    if (n_more > 0)
        plot_foot(p, "cells stand for several rows: the %s value of each is shown",
                  p->s->value.maximise ? "largest" : "smallest");
    return axis_fit(p, &p->s->value, g->value_col, g->value, n, &g->axis, e);
}

static void value_text(const struct heatmap *g, double v, char *buf, size_t n)
{
    const double shown = v / g->axis.scale;

    (void)snprintf(buf, n,
                   shown > -1000 && shown < 100000 && (shown <= -100 || shown >= 100) ? "%.0f"
                                                                                      : "%.3g",
                   shown);
}

static bool values_fit(const struct plot *p, const struct heatmap *g)
{
    char text[32];
    size_t widest = 0;

    for (size_t i = 0; i < g->grid.x.n * g->grid.y.n; i++) {
        if (!is_known(g->value[i]))
            continue;
        value_text(g, g->value[i], text, sizeof text);
        widest = strlen(text) > widest ? strlen(text) : widest;
    }
    return (double)(widest + 1) * p->c.char_width <= g->grid.width
           && p->c.char_height <= g->grid.height;
}

/* $cell: x y value fraction number; texts in CELL[number]. Missing ones go to $missing: x y. */
static void put_cells(struct plot *p, const struct heatmap *g)
{
    const bool fit = values_fit(p, g);
    const size_t n = g->grid.x.n * g->grid.y.n;
    size_t n_known = 0;
    char text[32];

    (void)fputs("$cell << EOD\n", p->script);
    for (size_t i = 0; i < n; i++)
        if (is_known(g->value[i]))
            (void)fprintf(p->script, "%zu %zu %.10g %.4f %zu\n", i % g->grid.x.n,
                          grid_y(&g->grid, i / g->grid.x.n), g->value[i] / g->axis.scale,
                          axis_fraction(&g->axis, g->value[i]), ++n_known);
    (void)fputs("EOD\n$missing << EOD\n", p->script);
    for (size_t i = 0; i < n; i++)
        if (!is_known(g->value[i]))
            (void)fprintf(p->script, "%zu %zu\n", i % g->grid.x.n,
                          grid_y(&g->grid, i / g->grid.x.n));
    (void)fprintf(p->script, "EOD\nN_MISSING = %zu\nVALUES = %d\narray CELL[%zu]\n", n - n_known,
                  fit || p->c.text, n_known);
    n_known = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_known(g->value[i]))
            continue;
        if (fit || !p->c.text)
            value_text(g, g->value[i], text, sizeof text);
        else
            (void)snprintf(text, sizeof text, "%.0f", 9 * axis_fraction(&g->axis, g->value[i]));
        (void)fprintf(p->script, "CELL[%zu] = '%s'\n", ++n_known, text);
    }
    if (!fit && p->c.text)
        plot_foot(p, "digits: 0 = %.3g, 9 = %.3g", g->axis.lo / g->axis.scale,
                  g->axis.hi / g->axis.scale);
    if (n > n_known)
        plot_foot(p, "%s: no value: not feasible, or not known", p->c.text ? "-" : "hatched");
}

cosim_status plot_heatmap(struct plot *p, cosim_error *e)
{
    struct heatmap g = { 0 };

    TRY(grid_of(p, &g.grid, e));
    TRY(plot_column(p, "value", p->s->value.column, &g.value_col, e));
    TRY(fill(p, &g, e));
    g.grid.from_top = p->t->column[g.grid.y_col].type == CELL_STR;
    if (!p->c.text)
        p->c.right -= COLOUR_BAR_COLUMNS * p->c.char_width;
    (void)fputs("KEY = 0\n", p->script);
    TRY(grid_lay_out(p, &g.grid, e));
    if (p->c.text && (g.grid.width < 1 || g.grid.height < 1))
        plot_foot(p, "too fine for this size: cells cover each other");
    (void)fprintf(p->script, "CELL_HALF = %g\n",
                  g.grid.width > GAP_FROM_PX && g.grid.height > GAP_FROM_PX ? 0.49 : 0.5);
    axis_put(p, "cb", &g.axis);
    put_cells(p, &g);
    plot_put_layout(p);
    return COSIM_OK;
}
