/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * A small population beside a front: parents that need not be non-dominated, nor feasible. It keeps
 * apart what a front throws away too early: infeasible points on the way to feasible ones, and
 * points of a region whose front is found later.
 *
 * A point is held against a random member and takes its place if it beats it, or if no member
 * beats the point. Violations up to `tolerance` count as none, which the caller lets shrink.
 * Private to src/search.
 * source  the replacement: K. Deb, M. Mohan and S. Mishra, "Evaluating the epsilon-domination based
 *         multi-objective evolutionary algorithm", Evol. Comput. 13(4), 2005; the tolerance: T.
 *         Takahama and S. Sakai, IEEE CEC 2006
 */
#ifndef SEARCH_POOL_H
#define SEARCH_POOL_H

#include "search/problem.h"

struct pool {
    size_t n_vars, n_obj, cap, n;
    double tolerance;
    struct priced *price;
    double *row;
};

cosim_status pool_init(struct pool *p, const struct search_problem *problem, size_t cap,
                       cosim_error *e);
void pool_release(struct pool *p);

/** Offers a priced row; says whether it beat the member whose place it took. */
bool pool_add(struct pool *p, const double *x, const struct priced *f, struct rng *r);

/** The violation that a share (0 .. 1) of the members does not exceed; 0 without members. */
double pool_violation_quantile(const struct pool *p, double share);

#endif
