/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is where: things as rows, places as columns, a coloured cell for each that meets. Several
 * in one cell share it side by side. */
#include "report/gnuplot.h"
#include "report/plot_grid.h"
#include "report/utf8.h"

#define GROUPS_MAX 9u /* as many colours as the palette has */
#define CELL_HALF 0.46

struct map {
    struct grid grid;
    struct categories groups;
    size_t group_col, label_col;
    uint32_t *n_in_cell, *slice; /* how many share a cell; which of them a row is */
};

static bool placed(const struct map *g, size_t row)
{
    return g->grid.x.of_row[row] != CATEGORY_NONE && g->grid.y.of_row[row] != CATEGORY_NONE
           && g->groups.of_row[row] != CATEGORY_NONE;
}

static size_t cell_of(const struct map *g, size_t row)
{
    return g->grid.y.of_row[row] * g->grid.x.n + g->grid.x.of_row[row];
}

static cosim_status share_cells(struct plot *p, struct map *g, cosim_error *e)
{
    g->n_in_cell = ARENA_NEW(&p->a, uint32_t, g->grid.x.n * g->grid.y.n);
    g->slice = ARENA_NEW(&p->a, uint32_t, p->t->n_rows);
    if (!g->n_in_cell || !g->slice)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < p->t->n_rows; r++)
        if (placed(g, r))
            g->slice[r] = g->n_in_cell[cell_of(g, r)]++;
    return COSIM_OK;
}

/* $cell: middle x, left, right, y, group, number; the texts that fit in CELL[number]. */
static void put_cells(struct plot *p, const struct map *g)
{
    size_t n = 0;

    (void)fprintf(p->script, "array CELL[%zu]\n", p->t->n_rows);
    for (size_t r = 0; r < p->t->n_rows; r++) {
        if (!placed(g, r))
            continue;
        const double room = 2 * CELL_HALF * g->grid.width / g->n_in_cell[cell_of(g, r)];
        const struct cell *v = g->label_col == SIZE_MAX ? NULL : table_cell(p->t, r, g->label_col);
        const bool shown = v && v->known && p->t->column[g->label_col].type == CELL_STR
                           && (double)(utf8_columns(v->as.str) + 1) * p->c.char_width <= room
                           && p->c.char_height <= g->grid.height;
        (void)fprintf(p->script, "CELL[%zu] = ", ++n);
        gnuplot_put_str(shown ? v->as.str : "", p->script);
        (void)fputc('\n', p->script);
    }
    n = 0;
    (void)fputs("$cell << EOD\n", p->script);
    for (size_t r = 0; r < p->t->n_rows; r++) {
        if (!placed(g, r))
            continue;
        const double step = 2 * CELL_HALF / g->n_in_cell[cell_of(g, r)];
        const double left = g->grid.x.of_row[r] - CELL_HALF + step * g->slice[r];
        (void)fprintf(p->script, "%.6g %.6g %.6g %zu %zu %zu\n", left + step / 2, left, left + step,
                      grid_y(&g->grid, g->grid.y.of_row[r]), (size_t)g->groups.of_row[r] + 1, ++n);
    }
    (void)fputs("EOD\n", p->script);
}

cosim_status plot_map(struct plot *p, cosim_error *e)
{
    struct map g = { .grid.from_top = true };

    TRY(grid_of(p, &g.grid, e));
    TRY(plot_column_optional(p, "group", p->s->group, &g.group_col, e));
    TRY(plot_column_optional(p, "label", p->s->label, &g.label_col, e));
    TRY(categories_of(p, g.group_col, NULL, GROUPS_MAX, true, &g.groups, e));
    plot_put_key_room(p, g.groups.name, g.groups.n);
    plot_put_names(p, "GROUP", g.groups.name, g.groups.n);
    TRY(grid_lay_out(p, &g.grid, e));
    TRY(share_cells(p, &g, e));
    (void)fprintf(p->script, "N_X = %zu\nN_Y = %zu\n", g.grid.x.n, g.grid.y.n);
    put_cells(p, &g);
    plot_put_layout(p);
    return COSIM_OK;
}
