/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Hypervolume of few points by a sum of exclusive volumes, each found one dimension lower. Points
 * are rows of d numbers, shifted so that the reference is 0: all coordinates are negative and
 * better means more negative. Private to src/search.
 * source   L. While et al., "A fast way of calculating exact hypervolumes", IEEE TEC 16(1), 2012
 */
#ifndef SEARCH_HV_ROWS_H
#define SEARCH_HV_ROWS_H

#include "core/err.h"
#include "search/hypervolume.h"

#include <stdint.h>

struct hv_step {
    double x, y;
};

/* One set per dimension of the recursion. */
struct hv_level {
    double *row;
    uint32_t *order, *spare;
    uint64_t *keys;
    double *column;
};

/* Room for n rows of 3 .. m numbers. */
struct hv {
    size_t n;
    struct hv_level level[HV_MAX_OBJ + 1];
    struct hv_step *stair;
};

cosim_status hv_new(struct hv *h, size_t n, size_t m, cosim_error *e);
void hv_free(struct hv *h);

/** The volume of the first n rows of h->level[d].row, 3 <= d; they are used up. Time grows with
 * n^(d - 2): hv_cells.h cuts larger problems into small ones. */
double hv_volume(struct hv *h, size_t n, size_t d);

/** Volume of the box between p and the reference. */
double hv_box(const double *p, size_t d);

#endif
