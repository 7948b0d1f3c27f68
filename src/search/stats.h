/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing two samples of results without assuming a distribution. */
#ifndef SEARCH_STATS_H
#define SEARCH_STATS_H

#include "core/err.h"

#include <stddef.h>

struct quartiles {
    double median, q1, q3; /* linear interpolation between order statistics (GSL) */
};

/** Of n >= 1 numbers in any order. */
cosim_status stats_quartiles(const double *v, size_t n, struct quartiles *q, cosim_error *e);

struct rank_test {
    double u;   /* pairs in which a > b, ties half */
    double a12; /* u / (n_a n_b): the chance that a random a is greater than a random b */
    double p;   /* two-sided */
};

/** Mann-Whitney U test of a against b, n_a, n_b >= 1. p is exact (by counting arrangements) for
 * n_a n_b <= 1000 without ties, else by the normal approximation with tie and continuity
 * correction. p = 1 if all values are equal.
 * source  H. Mann and D. Whitney, Ann. Math. Stat. 18(1), 1947; A. Vargha and H. Delaney, J. Educ.
 *         Behav. Stat. 25(2), 2000 */
cosim_status stats_rank_test(const double *a, size_t n_a, const double *b, size_t n_b,
                             struct rank_test *t, cosim_error *e);

#endif
