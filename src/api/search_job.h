/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every search has in common: options from a study, a journal, notes about the run. */
#ifndef API_SEARCH_JOB_H
#define API_SEARCH_JOB_H

#include "api/resolve.h"
#include "core/table.h"
#include "search/run.h"

/* Zero-initialise, release once. */
struct search_job {
    const struct search_algo *algo;
    struct search_options options;
    double epsilon; /* the front is thinned to, 0 = not */
    size_t n_all;   /* members before that */
    struct archive *front;
    struct search_result result;
};

/** The algorithm of that name; EUNKNOWN with a suggestion. */
cosim_status job_algorithm(struct search_job *job, struct setting name, cosim_error *e);

/** Algorithm, budget, seed, threads and stop of a study; PGSAM when it names no algorithm. */
cosim_status job_from_study(struct search_job *job, const struct study *s,
                            const struct sweep_request *q, cosim_error *e);

/**
 * Runs; the front is sorted by id. journal.text NULL: none. `labels`: a hash of axes, objectives
 * and limits; with the prices of a few points it tells a journal of another problem.
 */
cosim_status job_run(struct search_job *job, const struct search_problem *p, struct setting journal,
                     uint64_t labels, cosim_error *e);

/** Seed, evaluations, stop and what was proved, as notes. */
cosim_status job_note(struct table *t, const struct search_job *job, cosim_error *e);

void job_release(struct search_job *job);

/** A hash of objectives and limits, to go on from with the axes. */
uint64_t job_hash_request(const struct sweep_request *q);

/** How far a point is from what is asked: memory over capacity (over_ratio), limits in relative
 * terms; very far when an objective is unknown or nothing can be priced. */
double job_violation(const struct sweep_request *q, const struct point *p, double over_ratio);

/** Objective values as a search minimises them; 0 for unknown ones (the violation tells). */
void job_objectives(const struct sweep_request *q, const struct point *p, double *const *obj,
                    size_t i);

/** The axes of a space for a search, whose rows are the digits of a point. */
void job_design_axes(const struct space *s, struct search_axis axis[N_AXES]);

/** Prices row x of such a search into obj[...][i] and *violation. */
void job_price_design(const struct sweep_request *q, struct walker *w, const double *x,
                      double *const *obj, size_t i, double *violation);

#endif
