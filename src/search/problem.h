/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * What is searched: axes, objectives, and a function that prices blocks of points. Plain numbers:
 * nothing here knows what an axis means.
 *
 * A point is a row of n_vars numbers, the axes one after the other: an ordinal or categorical axis
 * is one whole number 0 .. n - 1, a real axis one number in lo .. hi, a permutation axis of n is n
 * whole numbers that are 0 .. n - 1 in some order.
 */
#ifndef SEARCH_PROBLEM_H
#define SEARCH_PROBLEM_H

#include "core/err.h"
#include "core/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum search_axis_kind {
    AXIS_ORDINAL,     /* neighbours are alike: batch, bits */
    AXIS_CATEGORICAL, /* no order: device, format */
    AXIS_REAL,
    AXIS_PERMUTATION,
};

struct search_axis {
    const char *name;
    enum search_axis_kind kind;
    uint32_t n;    /* values, or the length of a permutation; 0 for a real axis */
    double lo, hi; /* real axes */
};

struct search_problem {
    const char *name;
    size_t n_axes, n_obj; /* n_obj 1 .. 8, all minimised */
    const struct search_axis *axis;
    const void *ctx;

    /** Prices n rows of n_vars: obj[j][i], and violation[i]: 0 = feasible, else how badly not.
     * Called from several threads at once; the same row always gives the same numbers. */
    void (*evaluate)(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation);

    /** Pricing a row takes so long (10 microseconds or more) that a few are worth spreading over
     * threads. */
    bool costly;

    /** Optional: moves a row to a better one (a full device sheds its largest layers). */
    void (*repair)(const void *ctx, double *x);

    /** Optional: with the first n_fixed variables given, lower[j] <= objective j of every feasible
     * completion; false = no completion is feasible. */
    bool (*bound)(const void *ctx, const double *x, size_t n_fixed, double *lower);

    /** Optional rows to start from, best known first. */
    const double *seed;
    size_t n_seeds;
};

/** Numbers in a row. */
size_t problem_n_vars(const struct search_problem *p);

/** Sensible? 1 .. 8 objectives, an axis at least, n >= 1, lo <= hi, an evaluate function. */
cosim_status problem_check(const struct search_problem *p, cosim_error *e);

/** Points of a space of ordinal and categorical axes only, below 2^63; 0 if it is no such space. */
uint64_t problem_n_points(const struct search_problem *p);

/** Id of a row and back, for such spaces: a mixed-radix number, the last axis varies fastest. */
uint64_t problem_id(const struct search_problem *p, const double *x);
void problem_point(const struct search_problem *p, uint64_t id, double *x);

/** A uniformly random row. */
void problem_random(const struct search_problem *p, struct rng *r, double *x);

/** The row at u[0..n_vars-1] in the unit cube; a permutation is the order of its numbers. */
void problem_from_unit(const struct search_problem *p, const double *u, double *x);

/* Comparing two priced points: fewer violations first, then dominance (K. Deb, "An efficient
 * constraint handling method for genetic algorithms", CMAME 186, 2000). */
struct priced {
    double violation;
    double obj[8];
};

/** Does a beat b? */
bool priced_dominates(const struct priced *a, const struct priced *b, size_t n_obj);

#endif
