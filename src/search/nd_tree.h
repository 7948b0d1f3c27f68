/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * A k-d tree of mutually non-dominated points: leaves of up to ND_LEAF points as columns, each
 * node with its bounding box. "Does a member dominate x" visits only boxes whose lower corner is
 * <= x; "which members does x dominate" only boxes whose upper corner is >= x.
 *
 * Invariants: members are distinct and free of NaN and -0.0; boxes contain their members, but may
 * be larger after removals. Private to src/search.
 */
#ifndef SEARCH_ND_TREE_H
#define SEARCH_ND_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ND_LEAF 16u

struct nd_node {
    double pivot;   /* members with x[dim] < pivot are in `child`, the others in `child + 1` */
    uint32_t child; /* 0 = a leaf */
    uint32_t leaf;  /* of a leaf: index of its columns */
    uint32_t n;     /* of a leaf: members in it */
    uint32_t dim;
};

/* Zero-initialise, set n_obj. */
struct nd_tree {
    size_t n_obj, size;
    size_t n_nodes, cap_nodes;
    struct nd_node *node; /* 0 is the root */
    double *box;          /* per node: n_obj lower, n_obj upper corners */
    size_t n_leaves, cap_leaves;
    double *obj; /* per leaf: n_obj columns of ND_LEAF */
    uint64_t *id;
    uint32_t *stack; /* room for a depth-first walk */
    size_t cap_stack;
    size_t depth;     /* of the deepest insertion since the last rebuild */
    size_t n_changes; /* insertions and removals since the last rebuild */
    size_t n_removed;
};

/* A member: obj[(leaf * n_obj + j) * ND_LEAF + slot], id[leaf * ND_LEAF + slot]. */
struct nd_slot {
    uint32_t leaf, slot;
};

void nd_release(struct nd_tree *t);

/** Finds a member that is <= x in every objective. */
bool nd_find_dominator(const struct nd_tree *t, const double *x, struct nd_slot *at);

/** Removes all members that are >= x in every objective; gives how many. */
size_t nd_remove_dominated(struct nd_tree *t, const double *x);

/** Adds x, which no member dominates or equals; false when memory is out (the tree stays valid). */
bool nd_insert(struct nd_tree *t, uint64_t id, const double *x);

/** Copies all members, in any order: obj[j * size + i], id[i]. */
void nd_members(const struct nd_tree *t, uint64_t *id, double *obj);

#endif
