/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Architectures under budgets: predicted loss (law "codesign" plus the added loss of a precision)
 * against seconds, bytes and joules that the caller computes. The loss law and this search know no
 * device; the cost callback does.
 *
 * source   arXiv 2602.10377v1, Eqs 1 and 4 (minimise loss under latency and memory); joules, the
 *          continuous solution, the iso-budget curves and the shadow prices are ours
 */
#ifndef LAW_ARCH_SEARCH_H
#define LAW_ARCH_SEARCH_H

#include "law/law.h"

#include <stdbool.h>

/* layers and width may be fractional while searching; kv width = width / gqa. */
struct arch {
    double layers, width, ffn_ratio, gqa, active_ratio, vocab;
    size_t precision; /* index into arch_axes.precision */
};

struct arch_cost {
    double seconds, bytes, joules; /* unknown (NaN): does not count against a budget */
};

/** Costs of an architecture; must not fall when `layers` grows, all else equal. */
typedef cosim_status arch_cost_fn(void *user, const struct arch *a, struct arch_cost *cost,
                                  cosim_error *e);

struct arch_precision {
    const char *name;   /* w4a16 */
    double added_loss;  /* 0 = as trained */
    const char *source; /* measured, qat law, ptq law */
};

/* Values to choose from; each list has at least one. layers and width also give the range of the
 * continuous search: first to last, ascending. */
struct arch_axes {
    const double *layers, *width, *ffn_ratio, *gqa, *active_ratio;
    size_t n_layers, n_width, n_ffn_ratio, n_gqa, n_active_ratio;
    const struct arch_precision *precision;
    size_t n_precision;
    double vocab;
};

/* Unknown (NaN) = no limit. */
struct arch_budget {
    double max_s, max_bytes, max_j;
};

struct arch_search {
    const double *law; /* codesign parameters */
    const struct arch_axes *axes;
    struct arch_budget budget;
    arch_cost_fn *cost;
    void *user;
};

struct arch_point {
    struct arch arch;
    struct arch_cost cost;
    double loss;
    const char *binding; /* "seconds", "bytes", "joules": the budget used most; NULL: no budget */
    double used_ratio;   /* of that budget; feasible up to 1 */
};

/** Costs and loss of one architecture. */
cosim_status arch_evaluate(struct arch_point *p, const struct arch_search *s,
                           const struct arch *arch, cosim_error *e);

/**
 * Least loss with layers and width continuous: every combination of the other axes, depth raised
 * until a budget binds (the loss falls with depth), width by a scan and golden section. ENO:
 * nothing fits.
 */
cosim_status arch_best(struct arch_point *best, const struct arch_search *s, cosim_error *e);

/** As arch_best for one width: depth saturates the budgets. ENO: not even the shallowest fits. */
cosim_status arch_best_depth(struct arch_point *best, const struct arch_search *s,
                             const struct arch *at, cosim_error *e);

/** The best feasible neighbour with whole layers and the width a multiple of width_step. */
cosim_status arch_snap(struct arch_point *snapped, const struct arch_search *s,
                       const struct arch *at, double width_step, cosim_error *e);

/** Every point of the grid: costs, loss, whether it fits, what binds. */
cosim_status arch_region_table(struct table **t, const struct arch_search *s, bool feasible_only,
                               cosim_error *e);

/** Iso-budget curve: for each width of the axes the deepest model that fits, `at` for the rest. */
cosim_status arch_iso_table(struct table **t, const struct arch_search *s, const struct arch *at,
                            cosim_error *e);

/**
 * Shadow prices d loss / d ln(budget) at the optimum, by solving again with each budget at +2 % and
 * -2 %; the other axes stay at the optimum's. A price of 0: that budget does not bind.
 */
cosim_status arch_shadow_table(struct table **t, const struct arch_search *s,
                               const struct arch_point *best, cosim_error *e);

#endif
