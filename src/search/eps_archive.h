/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * A bounded picture of a front: objective space is cut into boxes, one point stays per box that no
 * other box dominates. At most prod(range / eps) points.
 *
 * Inside a box the point nearest to the lower corner (in box widths, Euclidean) stays, then the
 * lexicographically smaller one, then the lower id: a total order that a dominating point always
 * wins. So, as with the exact archive, the content depends on the set of points added only, and
 * merge is associative, commutative and idempotent.
 * source   M. Laumanns et al., "Combining convergence and diversity in evolutionary multiobjective
 *          optimization", Evolutionary Computation 10(3), 2002; the total order is ours
 */
#ifndef SEARCH_EPS_ARCHIVE_H
#define SEARCH_EPS_ARCHIVE_H

#include "core/err.h"
#include "search/archive.h"

#include <stdbool.h>

struct eps_archive;

/** eps[j] > 0 is the width of a box, or with log_scale[j] its relative width: box
 * floor(ln f / ln(1 + eps)), f > 0. log_scale may be NULL. ERANGE for other values. */
cosim_status eps_archive_new(struct eps_archive **a, size_t n_obj, const double *eps,
                             const bool *log_scale, cosim_error *e);
void eps_archive_free(struct eps_archive *a);

/** Adds x[0..n_obj-1]. Ignored and counted: a NaN or infinity, or f <= 0 on a log scale. `entered`
 * (may be NULL): whether x is in the archive now and was not before. */
cosim_status eps_archive_add(struct eps_archive *a, uint64_t id, const double *x, int *entered,
                             cosim_error *e);

/** Both must have equal boxes (else EINTERNAL). */
cosim_status eps_archive_merge(struct eps_archive *into, const struct eps_archive *from,
                               cosim_error *e);

/** Orders the members by id. */
void eps_archive_sort(struct eps_archive *a);

size_t eps_archive_size(const struct eps_archive *a);
uint64_t eps_archive_n_ignored(const struct eps_archive *a);
/** Member i in the present order: its id, and n_obj objectives, valid until the next addition. */
uint64_t eps_archive_id(const struct eps_archive *a, size_t i);
const double *eps_archive_point(const struct eps_archive *a, size_t i);
/** The member's box indices, n_obj integers held as doubles. */
const double *eps_archive_box(const struct eps_archive *a, size_t i);

#endif
