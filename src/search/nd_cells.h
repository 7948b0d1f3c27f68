/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * A memory of who dominated whom: objective space is cut into cells at quantiles of the points
 * that reached it, each cell remembers the last two points that dominated something in it.
 * Neighbours mostly have the same dominator, so this answers most of what the archive's global
 * killers do not. Only speed depends on it. Private to src/search.
 */
#ifndef SEARCH_ND_CELLS_H
#define SEARCH_ND_CELLS_H

#include <stddef.h>
#include <stdint.h>

#define CELLS_MAX_OBJ 8u
#define CELLS_MAX_CUTS 15u
#define CELLS_SAMPLE 2048u

/* Zero-initialise, set n_obj. */
struct nd_cells {
    size_t n_obj, n_cuts; /* n_cuts + 1 levels per objective */
    double cut[CELLS_MAX_OBJ][CELLS_MAX_CUTS];
    double *dominator; /* per cell: two points, n_obj numbers each; NaN = none */
    double *sample;    /* per objective CELLS_SAMPLE numbers */
    size_t n_sample;
    uint64_t n_seen, learn_at;
};

void cells_release(struct nd_cells *c);

/** Tells of n points col[j][i] (without NaN) and, once enough were told, gives the cell of each.
 * Returns 0 while there are no cells. */
int cells_of(struct nd_cells *c, const double *const *col, size_t n, uint32_t *cell);

/** Was something remembered in the cell that dominates x (and does not only equal it)? */
int cells_kill(const struct nd_cells *c, uint32_t cell, const double *x);

/** Remembers that y dominated something in the cell. */
void cells_remember(struct nd_cells *c, uint32_t cell, const double *y);

#endif
