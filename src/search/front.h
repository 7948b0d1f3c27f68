/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * The non-dominated ones of n points obj[j][i], all objectives minimised.
 *
 * If a sample says that the front is a small part, or with more than three objectives: the
 * archive. Else a sort, and for three objectives a sweep over the third with a staircase of the
 * others, O(n log n) whatever the points (H. Kung et al., "On finding the maxima of a set of
 * vectors", JACM 22(4), 1975).
 */
#ifndef SEARCH_FRONT_H
#define SEARCH_FRONT_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Writes the indices of the non-dominated points to keep (room for n), ascending; of equal points
 * the first stays; points with a NaN never do. n < 2^32, 1 <= m <= 8, else ERANGE. */
cosim_status front_filter(const double *const *obj, size_t n, size_t m, uint32_t *keep,
                          size_t *n_keep, cosim_error *e);

/** The share of a sample of many points that is on the sample's front; 1 for few points. */
cosim_status front_share(const double *const *obj, size_t n, size_t m, double *share,
                         cosim_error *e);

/* Below this share of a sample, the front of all points is a small part of them. */
#define FRONT_SMALL (1.0 / 16.0)

#endif
