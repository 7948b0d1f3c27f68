/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GLPK without its manners: quiet, its aborts turned into a status, its memory given back. */
#ifndef ALLOC_GLPK_GUARD_H
#define ALLOC_GLPK_GUARD_H

#include "core/err.h"

#include <glpk.h>

/** Calls body with GLPK ready. EINTERNAL when GLPK gives up inside of it: its problems are gone
 * then, and what body has allocated otherwise is lost to it. */
cosim_status glpk_guarded(cosim_status (*body)(void *ctx, cosim_error *e), void *ctx,
                          cosim_error *e);

/** Minimises an integer problem, gap 0. seconds 0: no limit. ENO with the text `infeasible`;
 * EINTERRUPTED after the time. */
cosim_status glpk_optimise(glp_prob *lp, double seconds, const char *infeasible, cosim_error *e);

#endif
