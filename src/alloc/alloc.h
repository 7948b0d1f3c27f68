/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Bit allocation as a multiple-choice knapsack: each group of tensors takes one of its options
 * (number formats), sizes and added losses add up, and hard rules hold:
 *   - groups with the same fusion number take the same format (an engine fuses q, k and v);
 *   - a barred option is never taken (no kernel, the engine cannot load it), and says why.
 *
 * Three solvers agree on it: alloc_frontier (exact size/loss frontier by dynamic programming),
 * alloc_ilp (GLPK; several resources and any weighting) and alloc_lagrange_budget (convex hull of
 * the frontier, with a proved bound). Plain numbers only: what a byte costs is the caller's matter.
 *
 * source   S. Martello and P. Toth, "Knapsack Problems", 1990; the use for per-matrix formats after
 *          H. Guo et al., "LQ-LoRA", arXiv 2311.12023 (secondary account)
 */
#ifndef ALLOC_ALLOC_H
#define ALLOC_ALLOC_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALLOC_RESOURCES_MAX 6

/* One way to store a group. */
struct alloc_option {
    const char *name;   /* format */
    uint32_t format;    /* the same number is the same format in every group */
    uint64_t bytes;     /* with scales and zero points */
    double loss;        /* added, >= 0 or slightly below; same unit in the whole problem */
    const double *use;  /* n_resources further costs (seconds, joules); NULL = 0 */
    const char *barred; /* NULL, or why it must not be taken */
    const char *source; /* where `loss` is from; see alloc/loss_source.h */
};

struct alloc_group {
    const char *name;
    const struct alloc_option *option;
    size_t n_options;
    uint32_t fusion; /* 0 = alone */
};

struct alloc_problem {
    const struct alloc_group *group;
    size_t n_groups;
    const char *const *resource; /* names of the further costs, with unit: decode_s */
    size_t n_resources;
};

/* A choice for every group and what it adds up to (sums in the order of the groups). */
struct alloc_plan {
    const char *method; /* "dp", "ilp" or "lagrange" */
    size_t *choice;     /* option index per group */
    uint64_t bytes;
    double loss;
    double use[ALLOC_RESOURCES_MAX];
    double loss_bound; /* no plan within the same limits has less loss; NaN = not proved */
};

/** Checks names, counts, numbers, and that every group and fusion set has an allowed option. */
cosim_status alloc_check(const struct alloc_problem *p, cosim_error *e);

/** Fills the sums of a plan whose `choice` is given. */
void alloc_sum(const struct alloc_problem *p, struct alloc_plan *plan);

/* --- exact size/loss frontier ------------------------------------------------------------- */

struct alloc_point {
    uint64_t bytes;
    double loss;
};

/* Points with strictly rising size and strictly falling loss. */
struct alloc_frontier {
    const struct alloc_problem *problem;
    size_t n;
    const struct alloc_point *point;
    uint64_t bucket_bytes; /* 1 = exact; else sizes were rounded up to this while searching */
    size_t n_labels;       /* work done */
    const void *trace;     /* private */
};

/* Zero = default. */
struct alloc_limits {
    uint64_t max_bytes;  /* leave out larger plans; default none */
    uint64_t max_labels; /* memory: 8 bytes each; default 2^24. Beyond it sizes are bucketed */
};

/** The frontier; ENO when nothing fits under max_bytes. */
cosim_status alloc_frontier(struct alloc_frontier *f, const struct alloc_problem *p,
                            const struct alloc_limits *limits, struct arena *a, cosim_error *e);

/** The plan behind point i. */
cosim_status alloc_frontier_plan(struct alloc_plan *plan, const struct alloc_frontier *f, size_t i,
                                 struct arena *a, cosim_error *e);

/** The plan of least loss within a budget; ENO when even the smallest is larger. */
cosim_status alloc_frontier_best(struct alloc_plan *plan, const struct alloc_frontier *f,
                                 uint64_t budget_bytes, struct arena *a, cosim_error *e);

/* --- Lagrangian relaxation ---------------------------------------------------------------- */

/** Each group's (each fusion set's) argmin of loss + price bytes; ties go to the smaller size. */
cosim_status alloc_lagrange(struct alloc_plan *plan, const struct alloc_problem *p,
                            double loss_per_byte, struct arena *a, cosim_error *e);

/**
 * The largest plan on the convex hull of the frontier that fits, and the bound that the final price
 * proves. Groups are independent given the price: fast for any size, but it may miss better plans
 * between the hull's corners. ENO when nothing fits.
 */
cosim_status alloc_lagrange_budget(struct alloc_plan *plan, double *loss_per_byte,
                                   const struct alloc_problem *p, uint64_t budget_bytes,
                                   struct arena *a, cosim_error *e);

/* --- integer program ---------------------------------------------------------------------- */

/* What to minimise and what to keep to. Unknown (NaN) limits do not limit. */
struct alloc_ask {
    double loss_weight, bytes_weight, use_weight[ALLOC_RESOURCES_MAX];
    double max_loss, max_bytes, max_use[ALLOC_RESOURCES_MAX];
};

/** Minimise the loss, no limits: a start to set the rest on. */
struct alloc_ask alloc_ask_default(void);

/**
 * Solves by branch and cut (GLPK) to optimality; `seconds` <= 0 = no time limit. Resources and
 * limits are kept exactly (checked after the solve). ENO: infeasible; EINTERRUPTED: out of time.
 * GLPK's terminal output is off and its aborts become EINTERNAL. Its environment is per thread: it
 * is opened and closed here unless the calling thread had one, which is then kept, except after an
 * abort (GLPK's state is lost with it).
 */
cosim_status alloc_ilp(struct alloc_plan *plan, const struct alloc_problem *p,
                       const struct alloc_ask *ask, double seconds, struct arena *a,
                       cosim_error *e);

#endif
