/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs over a space of design points and keeps the non-dominated ones. */
#ifndef API_SWEEP_H
#define API_SWEEP_H

#include "eval/space.h"
#include "search/archive.h"

#include <signal.h>

#define SWEEP_OBJECTIVES_MAX 5u
#define SWEEP_LIMITS_MAX 32u

struct sweep_limit {
    enum metric metric;
    int sense; /* +1: value <= bound, -1: value >= bound */
    double bound;
};

struct sweep_request {
    const struct space *space;
    size_t n_objectives, n_limits;
    enum metric objective[SWEEP_OBJECTIVES_MAX];
    struct sweep_limit limit[SWEEP_LIMITS_MAX];
    uint64_t samples, seed, cloud;
    double epsilon;   /* relative width of boxes that the front is thinned to, 0 = not */
    unsigned threads; /* 0 = all */
    const volatile sig_atomic_t *stop; /* non-zero ends the run; may be NULL */
    /* Called now and then by one thread with points done; may be NULL. */
    void (*progress)(void *user, uint64_t done, uint64_t total);
    void *progress_user;
};

struct sweep_result {
    struct archive *front; /* objectives as minimised; sorted by id */
    uint64_t evaluated, total, rejected[N_REJECTS], example[N_REJECTS]; /* lowest id of each */
    uint64_t *cloud; /* ids of sampled feasible points, ascending */
    size_t n_cloud;
    uint64_t pruned, pruned_blocks; /* points that a bound proved dominated or infeasible, and how
                                     * many blocks of all devices those are among others */
    uint64_t searched;              /* evaluations of the search for a first front */
    bool partial;
    const char *stop_reason;
};

struct sweep_algorithm {
    const char *name, *doc, *source;
    cosim_status (*run)(const struct sweep_request *q, struct sweep_result *r, cosim_error *e);
};

/* NULL-name terminated; to add an algorithm, add a row. */
extern const struct sweep_algorithm sweep_algorithm_table[];

/** EUNKNOWN with a suggestion. */
cosim_status sweep_algorithm_find(const char *name, struct src_pos at,
                                  const struct sweep_algorithm **a, cosim_error *e);

/** Threads that serve a request for so many; 0 = all cores. */
unsigned sweep_threads(unsigned asked);

void sweep_release(struct sweep_result *r);

#endif
