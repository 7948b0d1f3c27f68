/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of the integer problem of forked placements: made in route_ilp.c, read in route_walk.c. */
#ifndef API_ROUTE_ILP_H
#define API_ROUTE_ILP_H

#include "alloc/milp.h"
#include "api/route_fork.h"

struct kind {
    size_t layer, n_layers; /* the first of them */
    struct fork_way *way;
    size_t n_ways, column; /* of the first way */
};

struct ilp {
    const struct fork_problem *q;
    struct arena *a;
    struct kind *kind;
    size_t n_kinds;
    struct route_option option[ROUTE_OPTIONS];
    size_t n_options;
    /* columns: [from][to] of options; SIZE_MAX = none */
    size_t ends[ROUTE_OPTIONS][ROUTE_OPTIONS];   /* embedding, head */
    size_t start[ROUTE_OPTIONS][ROUTE_OPTIONS];  /* embedding, first layer */
    size_t finish[ROUTE_OPTIONS][ROUTE_OPTIONS]; /* last layer, head */
    size_t step[ROUTE_OPTIONS][ROUTE_OPTIONS];   /* layer, layer */
    size_t writes_out[ROUTE_MEMBERS];
    double end_bytes[ROUTE_OPTIONS][ROUTE_OPTIONS][ROUTE_MEMBERS];
    struct milp m;
    double *x;
};

static inline double ilp_count(const struct ilp *k, size_t column)
{
    return column == SIZE_MAX ? 0.0 : k->x[column];
}

/** Marks the options that the walk comes to, `n_options` of them. */
void ilp_reach(const struct ilp *k, bool *reached);

/** The plan of the columns' values, which it uses up: embedding, head, and layers in the order of
 * the walk. */
cosim_status ilp_read_plan(struct ilp *k, struct fork_plan *plan, cosim_error *e);

#endif
