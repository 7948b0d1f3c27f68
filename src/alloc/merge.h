/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The problem without its rules: barred options gone, fusion sets turned into single groups. */
#ifndef ALLOC_MERGE_H
#define ALLOC_MERGE_H

#include "alloc/alloc.h"

/* One joint option of a set: the sums over its members. */
struct merged_item {
    uint64_t bytes;
    double loss;
    const size_t *choice; /* option index of each member */
};

struct merged_set {
    const size_t *member; /* group indices, ascending */
    size_t n_members;
    const struct merged_item *item;
    size_t n_items;
};

struct merged {
    const struct merged_set *set; /* in the order of their first members */
    size_t n_sets;
};

/** Checks the problem too. */
cosim_status merge(struct merged *m, const struct alloc_problem *p, struct arena *a,
                   cosim_error *e);

/** Writes an item's member choices into a plan's `choice`. */
void merge_apply(const struct merged_set *set, size_t item, size_t *choice);

#endif
