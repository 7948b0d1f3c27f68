/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evenly spread weights and the scalar function that PGSAM and MOEA/D walk along. */
#ifndef SEARCH_WEIGHTS_H
#define SEARCH_WEIGHTS_H

#include <stddef.h>

/** How many weight vectors with m parts in steps of 1/h: binomial(h + m - 1, m - 1). */
size_t weights_count(size_t m, size_t h);

/** Writes them, m numbers each that sum to 1, in lexicographic order of the parts.
 * source  I. Das and J. Dennis, "Normal-boundary intersection", SIAM J. Optim. 8(3), 1998 */
void weights_das_dennis(size_t m, size_t h, double *w);

/** The least h that gives at least n weight vectors of m parts. */
size_t weights_step_for(size_t m, size_t n);

/** Augmented Tchebycheff: max_j w_j z_j + rho sum_j w_j z_j of a normalised point z.
 * source  R. Steuer and E.-U. Choo, Mathematical Programming 26, 1983 */
double weights_tchebycheff(const double *w, const double *z, size_t m, double rho);

#endif
