/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mixed-integer linear problem, minimised by GLPK with a proof. */
#ifndef ALLOC_MILP_H
#define ALLOC_MILP_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

struct milp_column {
    double cost, most; /* 0 <= x <= most */
    bool integer;
};

struct milp_term {
    size_t column;
    double value;
};

/* lowest <= sum of the terms <= highest; either may be infinite, equal bounds mean "=". */
struct milp_row {
    double lowest, highest;
    size_t first, n; /* terms */
};

/* Grows in an arena; zero-initialise, set the arena. */
struct milp {
    struct arena *arena;
    struct milp_column *column;
    struct milp_row *row;
    struct milp_term *term;
    size_t n_columns, n_rows, n_terms;
    size_t cap_columns, cap_rows, cap_terms;
    bool failed; /* memory was out while it grew: milp_solve says so */
};

/** Its number. */
size_t milp_add_column(struct milp *m, double cost, double most, bool integer);

/** A row without terms; milp_add_term adds to the last row. */
void milp_add_row(struct milp *m, double lowest, double highest);
void milp_add_term(struct milp *m, size_t column, double value);

/** x: n_columns, whole numbers exactly; *bound: nothing is below it, and it is the value of x
 * unless max_nodes of the search tree (0 = no limit) did not suffice for the proof. ENO:
 * infeasible. ERANGE: nothing found in so many nodes. */
cosim_status milp_solve(const struct milp *m, size_t max_nodes, double *x, double *bound,
                        cosim_error *e);

#endif
