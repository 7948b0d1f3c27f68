/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * A small population beside a front: parents that need not be non-dominated, nor feasible. It keeps
 * apart what a front throws away too early: infeasible points on the way to feasible ones, and
 * points of a region whose front is found later.
 *
 * A point is held against a random member and takes its place if it beats it (fewer violations
 * first, then dominance), or if no member beats the point. Private to src/search.
 * source   after K. Deb, M. Mohan and S. Mishra, "Evaluating the epsilon-domination based
 *          multi-objective evolutionary algorithm", Evol. Comput. 13(4), 2005; the random opponent
 *          is ours: infeasible points are ordered, and only the best of all would ever enter
 */
#ifndef SEARCH_POOL_H
#define SEARCH_POOL_H

#include "search/problem.h"

struct pool {
    size_t n_vars, n_obj, cap, n;
    struct priced *price;
    double *row;
};

cosim_status pool_init(struct pool *p, const struct search_problem *problem, size_t cap,
                       cosim_error *e);
void pool_release(struct pool *p);

/** Offers a priced row. */
void pool_add(struct pool *p, const double *x, const struct priced *f, struct rng *r);

#endif
