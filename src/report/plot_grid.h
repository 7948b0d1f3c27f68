/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows and columns of cells: what heatmap and map share. Private to report. */
#ifndef REPORT_PLOT_GRID_H
#define REPORT_PLOT_GRID_H

#include "report/plot_parts.h"

struct grid {
    size_t x_col, y_col;
    struct categories x, y;
    bool from_top;        /* the first row is the highest */
    double width, height; /* of a cell, in pixels; set by grid_lay_out */
};

/** Reads both columns; ERANGE when no row has both, or when there are more than fit. */
cosim_status grid_of(struct plot *p, struct grid *g, cosim_error *e);

/** Margins, ticks, ranges, labels. Call after anything that takes room on the right. */
cosim_status grid_lay_out(struct plot *p, struct grid *g, cosim_error *e);

/** Where row category i is drawn. */
static inline size_t grid_y(const struct grid *g, size_t i)
{
    return g->from_top ? g->y.n - 1 - i : i;
}

#endif
