/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A front with one point per box: what an epsilon-box archive of all points would hold. */
#ifndef SEARCH_THIN_H
#define SEARCH_THIN_H

#include "search/archive.h"

/**
 * Keeps one member per box of relative width eps > 0 (search/eps_archive.h); `*a` becomes another
 * archive, sorted by id. An objective with one sign throughout is cut at ratios of 1 + eps, one
 * that is zero somewhere or changes sign at eps times its range.
 *
 * An epsilon-box archive of all points would keep the same ones: whatever dominates a point lies in
 * a box that dominates or equals the point's, and nearer to its corner.
 */
cosim_status archive_thin(struct archive **a, double eps, cosim_error *e);

#endif
