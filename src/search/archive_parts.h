/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an archive is made of: archive.c adds points, archive_query.c asks. Private to src/search.
 */
#ifndef SEARCH_ARCHIVE_PARTS_H
#define SEARCH_ARCHIVE_PARTS_H

#include "search/archive.h"
#include "search/nd_cells.h"
#include "search/nd_tree.h"

#include <stdalign.h>
#include <stdbool.h>

#define ARCHIVE_CHUNK 256u
#define ARCHIVE_KILLERS 16u

/* A killer is a COPY of a point that was a member once: if a better one has replaced it, that one
 * dominates all that it dominates. */
struct killer {
    double x[ARCHIVE_MAX_OBJ];
    uint32_t hits;
};

struct archive {
    struct nd_tree tree;
    struct nd_cells cells;
    struct killer killer[ARCHIVE_KILLERS]; /* most hits first, the last GROUP on probation */
    size_t n_killers, next_probation;
    uint64_t n_sampled;
    uint64_t n_nan, n_chunks;
    uint64_t *sorted_id;
    double *sorted_obj;
    bool is_sorted;
    alignas(64) double col[ARCHIVE_MAX_OBJ]
                          [ARCHIVE_CHUNK]; /* points of the chunk that are still alive */
    alignas(64) double margin[ARCHIVE_CHUNK];
    uint64_t id[ARCHIVE_CHUNK];
    uint32_t cell[ARCHIVE_CHUNK];
};

#endif
