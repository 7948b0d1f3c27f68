/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Standard problems with known fronts, on which the search is held against others.
 *
 *   zdt1-4, zdt6   E. Zitzler et al., Evolutionary Computation 8(2), 2000
 *   dtlz1-7        K. Deb et al., "Scalable test problems", 2005 (three objectives)
 *   wfg1-9         S. Huband et al., IEEE TEC 10(5), 2006 (two objectives, k = 4, l = 20)
 *   mw1-14         Z. Ma and Y. Wang, IEEE TEC 23(6), 2019 (constrained, 15 variables)
 */
#ifndef SEARCH_TESTPROBLEM_H
#define SEARCH_TESTPROBLEM_H

#include "search/problem.h"

struct testproblem {
    const char *name, *doc;
    size_t n_vars, n_obj;
    double hi, hi_per_var;   /* variable i (from 1) lies in 0 .. hi + i hi_per_var, */
    double lo_rest, hi_rest; /* all but the first in lo_rest .. hi_rest if that is a range */
    double ref[4];           /* beyond the front, for hypervolumes */
    /* x in its own bounds; violation += for each broken constraint */
    void (*evaluate)(const struct testproblem *t, const double *x, double *f, double *violation);
    /* A point of the front from u[0..n_obj-2] in the unit cube (some are dominated or infeasible:
     * filter them); NULL: not sampled. */
    void (*front)(const struct testproblem *t, const double *u, double *f);
};

/** NULL if there is none of that name. */
const struct testproblem *testproblem_find(const char *name);

/** All of them, for lists. */
const struct testproblem *testproblem_at(size_t i);
size_t testproblem_count(void);

/** The problem to search, with axes from the caller's array of at least n_vars. */
struct search_problem testproblem_problem(const struct testproblem *t, struct search_axis *axis);

/** About n points of the true front (columns obj[j] with room for n; feasible and non-dominated
 * ones of n samples), for problems with t->front. */
cosim_status testproblem_front(const struct testproblem *t, size_t n, double *const *obj,
                               size_t *n_out, cosim_error *e);

#define TESTPROBLEM_MAX_VARS 40u

/* The tables of the families. Private to src/search. */
extern const struct testproblem testproblem_zdt[], testproblem_dtlz[], testproblem_wfg[],
    testproblem_mw[];
extern const size_t testproblem_n_zdt, testproblem_n_dtlz, testproblem_n_wfg, testproblem_n_mw;

#endif
