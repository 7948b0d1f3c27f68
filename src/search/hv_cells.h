/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Hypervolume of many points: space is cut into cells until few points matter in each. A point
 * that bounds a cell in one coordinate only covers a slab of it, which is cut off; then the cell is
 * halved where most points end. Private to src/search.
 *
 * source   T. Chan, "Klee's measure problem made easy", FOCS 2013: simplify and cut. The choice of
 *          the cut (the coordinate that matters to most points, at their median) and stopping at
 *          few points, priced by hv_rows.h, are ours
 */
#ifndef SEARCH_HV_CELLS_H
#define SEARCH_HV_CELLS_H

#include "core/err.h"

#include <stddef.h>

/** The volume of n rows of d numbers, 3 <= d <= HV_MAX_OBJ, all negative, with 0 as reference. The
 * rows are left as they are. Large problems use all threads; the bits do not depend on them. */
cosim_status hv_cells(const double *row, size_t n, size_t d, double *volume, cosim_error *e);

#endif
