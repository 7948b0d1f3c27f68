/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GLPK without its manners: quiet, its aborts turned into a status, its memory given back. */
#ifndef ALLOC_GLPK_GUARD_H
#define ALLOC_GLPK_GUARD_H

#include "core/err.h"

#include <glpk.h>
#include <stddef.h>

/** Calls body with GLPK ready. EINTERNAL when GLPK gives up inside of it: its problems are gone
 * then, and what body has allocated otherwise is lost to it. */
cosim_status glpk_guarded(cosim_status (*body)(void *ctx, cosim_error *e), void *ctx,
                          cosim_error *e);

/* How far glpk_optimise goes; zeros: to the proof. */
struct glpk_limit {
    double seconds;   /* then EINTERRUPTED */
    size_t max_nodes; /* of the tree: then the best solution so far will do, if there is one */
};

/**
 * Minimises an integer problem, gap 0. ENO with the text `infeasible`. bound (may be NULL): no
 * solution is below it; below the value of the solution only when max_nodes stopped the search.
 */
cosim_status glpk_optimise(glp_prob *lp, const struct glpk_limit *limit, const char *infeasible,
                           double *bound, cosim_error *e);

#endif
