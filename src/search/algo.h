/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * A search algorithm: one file algo_<name>.c and one row in algo_list.h.
 *
 * The caller asks for points, prices them (in any number of threads) and tells the prices; the
 * algorithm itself is sequential, so its trace depends on problem, options and seed only. NLopt
 * calls back, so such a row has `solve` instead of ask and tell.
 */
#ifndef SEARCH_ALGO_H
#define SEARCH_ALGO_H

#include "search/archive.h"
#include "search/journal.h"
#include "search/problem.h"

/* Zero fields of the parameters mean the default in brackets. */
struct search_options {
    uint64_t budget; /* evaluations [20000; exhaustive: the whole space] */
    uint64_t seed;
    unsigned threads;               /* [1] */
    const volatile int *stop;       /* not NULL and non-zero: stop soon */
    struct search_journal *journal; /* prices that are known; NULL = none */
    bool no_trace;                  /* measure no volumes while searching */
    bool stop_when_converged;       /* relative volume gain over 10 of 100 windows below 1e-4 */
    const char *nlopt_method;       /* of algo_nlopt.c [cobyla] */
    size_t population;              /* of nsga2 and moead [100] */
    size_t chains;                  /* of pgsam and psa [4] */
    bool no_momentum;               /* pgsam: preferences held at zero */
    bool uniform_moves;             /* pgsam: eps_u = 1 instead of 0.2 */
    bool no_direction_repeat;       /* pgsam: p_dir = 0 instead of 0.5 */
    bool no_archive_moves;          /* pgsam: no moves from members of front or pool */
    bool no_archive_guidance;       /* pgsam, psa: no penalty for dominated moves */
};

/* Prices for an algorithm that calls back. */
struct search_pricing {
    void *run;
    /** One row; false: the budget is used up or a stop was asked for, nothing was priced. */
    bool (*price)(void *run, const double *x, struct priced *out);
};

/* What an exhaustive search proved. */
struct search_proof {
    uint64_t n_pruned_points, n_pruned_subtrees, n_bounds;
};

struct search_algo {
    const char *name, *doc, *source;

    /** `known` is the archive of feasible points told so far; it outlives the state. */
    cosim_status (*open)(void **st, const struct search_problem *p, const struct search_options *o,
                         const struct archive *known, cosim_error *e);
    /** Writes at most cap rows; 0 = finished. */
    size_t (*ask)(void *st, double *x, size_t cap);
    /** Prices of the rows of the last ask, all of them, in order. */
    cosim_status (*tell)(void *st, size_t n, const double *x, const double *const *obj,
                         const double *violation, cosim_error *e);
    void (*close)(void *st);

    void (*proof)(const void *st, struct search_proof *out); /* optional */
    cosim_status (*solve)(const struct search_problem *p, const struct search_options *o,
                          const struct search_pricing *pricing, cosim_error *e);
};

#define ALGO(name) extern const struct search_algo algo_##name;
#include "search/algo_list.h"
#undef ALGO

extern const struct search_algo *const search_algos[];
extern const size_t n_search_algos;

/** NULL if there is none of that name. */
const struct search_algo *search_algo_find(const char *name);

#endif
