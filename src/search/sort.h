/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of a column of numbers. Private to src/search. */
#ifndef SEARCH_SORT_H
#define SEARCH_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Reorders the n indices in `order` so that v[order[i]] ascends; equal values (0.0 and -0.0 are
 * equal) keep their order. No NaN. `spare` is room for n indices, `keys` for 2 n keys.
 * source  least-significant-digit radix sort on the monotone bit image of a double */
void sort_order(const double *v, size_t n, uint32_t *order, uint32_t *spare, uint64_t *keys);

#endif
