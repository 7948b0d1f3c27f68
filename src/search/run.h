/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs an algorithm on a problem: prices what it asks for, keeps the front, says why it stopped. */
#ifndef SEARCH_RUN_H
#define SEARCH_RUN_H

#include "search/algo.h"

#define SEARCH_WINDOWS 100u

enum search_stop { STOP_DONE, STOP_BUDGET, STOP_CONVERGED, STOP_SIGNAL };

/* For people: "done", "budget", "converged", "signal". */
extern const char *const search_stop_name[];

/* Dominated volume of the front after so many evaluations, in the frame of the result. */
struct search_trace {
    uint64_t evaluations;
    double volume;
};

struct search_result {
    enum search_stop stop;
    uint64_t evaluations, infeasible, known; /* known: taken from the journal */
    struct search_proof proof;
    /* The frame of the volumes: the box of the feasible points of the first window, normalised to
     * the unit cube, reference 1.1; points outside count as far as they reach. */
    double ideal[ARCHIVE_MAX_OBJ], nadir[ARCHIVE_MAX_OBJ];
    size_t n_trace; /* with more than 3 objectives, only while the front has up to 500 members */
    struct search_trace trace[SEARCH_WINDOWS + 2];
    uint64_t evaluations_to_99; /* first trace entry with 99 % of the last volume; 0 = unknown */
    /* Rows of the members of the archive whose space has no ids of its own. */
    struct search_store *store;
    const struct search_problem *problem;
};

/**
 * Searches; feasible points go to `archive` (made for p->n_obj objectives). The id of a point is
 * problem_id() where the space has one, else the number of its evaluation, from 0. `archive`
 * belongs to this run alone in the second case. Byte for byte the same for any number of threads.
 * errors   ERANGE for an impossible problem, EUNSUPPORTED when the algorithm cannot take its axes
 */
cosim_status search_run(const struct search_problem *p, const struct search_algo *a,
                        const struct search_options *o, struct archive *archive,
                        struct search_result *r, cosim_error *e);

/** The row of an archived point; false if the id is none of them. */
bool search_result_point(const struct search_result *r, uint64_t id, double *x);

void search_result_release(struct search_result *r);

#endif
