/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * The front that an algorithm steers by: rows and prices of non-dominated feasible points, thinned
 * to `cap` by crowding whenever it holds twice as many. Private to src/search.
 */
#ifndef SEARCH_GUIDE_H
#define SEARCH_GUIDE_H

#include "search/problem.h"

struct guide {
    size_t n_vars, n_obj, cap, n, n_new;
    struct priced *price;
    double *obj[8]; /* the objectives again, as columns: what loops over members read */
    double *row;
    uint8_t *mark; /* the algorithm's own, 0 for a new member */
    double *crowding, *column;
    double ideal[8], nadir[8], seen_max[8];
    bool any;
};

cosim_status guide_init(struct guide *g, const struct search_problem *p, size_t cap,
                        cosim_error *e);
void guide_release(struct guide *g);

/** Adds a feasible point that no member covers. `gain`: how much worse it could get in all
 * objectives, as a share of the front's box, until a member covers it (the additive epsilon
 * indicator's measure); infinite for the first, 0 if it did not enter. */
cosim_status guide_add(struct guide *g, const double *x, const struct priced *f, double *gain,
                       cosim_error *e);

/** Measures `crowding` again when enough members are new: until then theirs is infinite. */
cosim_status guide_refresh(struct guide *g, cosim_error *e);

size_t guide_count_dominating(const struct guide *g, const struct priced *f);

/** The member farthest from its neighbours, a boundary one only if there is no other; 0 members:
 * SIZE_MAX. */
cosim_status guide_least_crowded(struct guide *g, struct rng *r, size_t *at, cosim_error *e);

/** (f_j - ideal_j) / (nadir_j - ideal_j) over the members; where they have no range, over all
 * feasible points seen. */
void guide_normalise(const struct guide *g, const struct priced *f, double *z);

#endif
