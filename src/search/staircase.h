/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * The lower-left staircase of points in a plane whose x ranks are known beforehand: a set of ranks
 * in 64-ary bit words, so that insert, remove, next and previous take a handful of instructions.
 * Private to src/search.
 */
#ifndef SEARCH_STAIRCASE_H
#define SEARCH_STAIRCASE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAIR_LEVELS 6
#define STAIR_NONE SIZE_MAX

struct staircase {
    size_t n, n_levels;
    uint64_t *level[STAIR_LEVELS]; /* level 0: one bit per rank; above: one bit per word below */
    uint64_t *words;
};

/** An empty set of ranks 0 .. n - 1. */
cosim_status stair_init(struct staircase *s, size_t n, cosim_error *e);
void stair_release(struct staircase *s);

void stair_insert(struct staircase *s, size_t rank);
void stair_remove(struct staircase *s, size_t rank);

/** The greatest member <= rank, the least member > rank; STAIR_NONE if there is none. */
size_t stair_at_or_before(const struct staircase *s, size_t rank);
size_t stair_after(const struct staircase *s, size_t rank);

#endif
