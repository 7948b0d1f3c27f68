/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Crossover and mutation of rows with mixed axes. Private to src/search.
 * source   simulated binary crossover: K. Deb and R. Agrawal, Complex Systems 9, 1995; polynomial
 *          mutation: K. Deb and M. Goyal, Comput. Sci. Inform. 26, 1996 (both bounded, as NSGA-II
 *          uses them); order crossover: L. Davis, IJCAI 1985
 */
#ifndef SEARCH_VARY_H
#define SEARCH_VARY_H

#include "search/problem.h"

struct vary {
    double crossover_p, crossover_eta, mutation_eta;
};

/* The defaults of NSGA-II's authors for real variables. */
#define VARY_DEFAULT ((struct vary){ 0.9, 15, 20 })

/** Two children of two parents: real and ordinal axes by simulated binary crossover (ordinal
 * values rounded), categorical ones swapped by coin toss, permutations by order crossover. */
void vary_cross(const struct search_problem *p, const struct vary *v, struct rng *r,
                const double *a, const double *b, double *child_a, double *child_b);

/** Changes each axis with chance 1/n_axes: polynomial, a new category, two swapped places. */
void vary_mutate(const struct search_problem *p, const struct vary *v, struct rng *r, double *x);

#endif
