/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Exact hypervolume: the volume dominated by n points obj[j][i] (minimised) up to a reference
 * point. Points that are not strictly better than the reference in every objective add nothing;
 * dominated and equal points may be among them. The unit is the product of the objectives' units:
 * normalise first if that means nothing.
 *
 * Two objectives: a sort. Three: a sweep with a staircase, O(n log n). More: a sum of exclusive
 * volumes, each found one dimension lower on the points limited by the one in question.
 * source   L. While et al., "A fast way of calculating exact hypervolumes", IEEE TEC 16(1), 2012;
 *          N. Beume et al., "On the complexity of computing the hypervolume indicator", 2009
 */
#ifndef SEARCH_HYPERVOLUME_H
#define SEARCH_HYPERVOLUME_H

#include "core/err.h"

#include <stddef.h>

#define HV_MAX_OBJ 8u

/** 1 <= m <= HV_MAX_OBJ and n < 2^32, else ERANGE. */
cosim_status hypervolume(const double *const *obj, size_t n, size_t m, const double *ref,
                         double *volume, cosim_error *e);

/** contribution[i] = what point i alone dominates, for mutually non-dominated points; a repeated
 * point contributes 0. */
cosim_status hypervolume_contributions(const double *const *obj, size_t n, size_t m,
                                       const double *ref, double *contribution, cosim_error *e);

#endif
