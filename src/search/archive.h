/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * The set of best points seen so far: an exact, streaming non-dominated archive.
 *
 * All objectives are minimised (negate what is to be maximised). The content is a function of the
 * SET of points added and of nothing else:
 *
 *   - a point stays iff no added point is <= it in every objective and < it in one;
 *   - of points with equal objectives the one with the lowest id stays;
 *   - a point with a NaN in an objective is counted and ignored; infinities are ordinary values.
 *
 * Ids identify points: the same id never comes with other objectives.
 * Hence the order of points, blocks, threads and merges cannot change a byte of the result, and
 * merge is associative, commutative and idempotent. One archive belongs to one thread at a time:
 * give each thread its own and merge them.
 *
 * How: a few good "killers" reject most points in vector loops; what is left asks who last
 * dominated something nearby (search/nd_cells.h), then a k-d tree of small leaves with bounding
 * boxes (search/nd_tree.h). source   dominance filtering by good members first: J. Bentley et al.,
 * "Fast linear expected-time algorithms for computing maxima and convex hulls", 1993 (move to
 * front); the tree is ours
 */
#ifndef SEARCH_ARCHIVE_H
#define SEARCH_ARCHIVE_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_MAX_OBJ 8u

struct archive;

/** A new empty archive for 1 .. ARCHIVE_MAX_OBJ objectives (else ERANGE); archive_free it. */
cosim_status archive_new(struct archive **a, size_t n_obj, cosim_error *e);
void archive_free(struct archive *a);

/** Adds n points: id[i] with objectives obj[0][i] .. obj[n_obj-1][i]. Points with skip[i] != 0 are
 * ignored; `skip` may be NULL. ENOMEM leaves a valid archive that has not seen the rest. */
cosim_status archive_add_block(struct archive *a, size_t n, const uint64_t *id,
                               const double *const *obj, const uint8_t *skip, cosim_error *e);

/** Adds one point x[0..n_obj-1]. `entered` (may be NULL) says whether it now is a member that was
 * none before; it depends on the order of additions, the content does not. */
cosim_status archive_add(struct archive *a, uint64_t id, const double *x, int *entered,
                         cosim_error *e);

/** Adds every member of `from` and its counts; both have the same number of objectives. Merging an
 * archive into itself changes nothing. */
cosim_status archive_merge(struct archive *into, const struct archive *from, cosim_error *e);

/** Writes the members in the order of their ids into the arrays that archive_ids and
 * archive_objective give. */
cosim_status archive_sort(struct archive *a, cosim_error *e);

size_t archive_size(const struct archive *a);
size_t archive_n_obj(const struct archive *a);
/** Points ignored because an objective was NaN. */
uint64_t archive_n_nan(const struct archive *a);

/** The members of the last archive_sort, archive_size() long; NULL if points were added since. */
const uint64_t *archive_ids(const struct archive *a);
const double *archive_objective(const struct archive *a, size_t i_obj);

/** Does a member weakly dominate x (<= in every objective)? The NaN of x dominates nothing. */
int archive_covers(const struct archive *a, const double *x);

/** Does a member dominate x (as archive_covers, and it is not equal)? */
int archive_dominates(const struct archive *a, const double *x);

#endif
