/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Architectures under budgets: predicted loss (law "codesign" plus the added loss of a precision)
 * against costs that the caller computes: seconds, bytes, joules. The loss law and this search know
 * no device; the cost callback does.
 *
 * source   arXiv 2602.10377v1, Eqs 1 and 4 (minimise loss under latency and memory); other costs,
 *          real depth, iso-budget curves and shadow prices are ours
 */
#ifndef LAW_ARCH_SEARCH_H
#define LAW_ARCH_SEARCH_H

#include "law/law.h"

#include <stdbool.h>

#define ARCH_COSTS_MAX 8u

/* layers and width may be fractional while searching; KV width = width / gqa. */
struct arch_design {
    double layers, width, ffn_ratio, gqa;
    double experts, active_experts; /* 1, 1 = dense */
    double vocab;                   /* costs only: the law has no term for it */
    size_t precision;               /* the caller's number of it */
};

struct arch_cost {
    bool impossible;              /* no such model can be built: nothing else is set */
    double value[ARCH_COSTS_MAX]; /* unknown (NaN): does not count against a budget */
    double added_loss;            /* of the precision, nats per token; 0 = as trained */
};

/** Costs of a design. None may fall, nor the added loss rise, when `layers` grows, all else equal;
 * whether it can be built must not depend on `layers`. */
typedef cosim_status arch_cost_fn(void *user, const struct arch_design *a, struct arch_cost *cost,
                                  cosim_error *e);

struct arch_experts {
    double experts, active;
};

/* Values to choose from; each list has at least one. layers, ascending: the first and the last
 * bound the depth. width, ascending: the only widths there are, or, with any_width, the ends. */
struct arch_axes {
    const double *layers, *width, *ffn_ratio, *gqa, *vocab;
    const struct arch_experts *experts;
    size_t n_layers, n_width, n_ffn_ratio, n_gqa, n_vocab, n_experts, n_precisions;
    bool any_width;
};

struct arch_search {
    const double *law; /* codesign parameters */
    const struct arch_axes *axes;
    size_t n_costs;
    double max[ARCH_COSTS_MAX]; /* budgets; unknown (NaN) = no limit */
    arch_cost_fn *cost;
    void *user;
};

#define ARCH_NO_BUDGET SIZE_MAX

struct arch_point {
    struct arch_design arch;
    struct arch_cost cost;
    double loss;       /* infinite: impossible */
    size_t binding;    /* the cost whose budget is used most, or ARCH_NO_BUDGET */
    double used_ratio; /* of that budget; feasible up to 1 */
};

/** Costs and loss of one design. */
cosim_status arch_evaluate(struct arch_point *p, const struct arch_search *s,
                           const struct arch_design *arch, cosim_error *e);

/** Sets `binding` and `used_ratio` from the costs. */
void arch_judge(struct arch_point *p, const struct arch_search *s);

/** Whether it can be built and no budget is exceeded. */
bool arch_fits(const struct arch_point *p);

/** Loss of a design by the law alone. */
double arch_law_loss(const struct arch_search *s, const struct arch_design *a);

/** Inside the ranges of the 170 models that the published law was fitted on (depth, width,
 * experts)? source   arXiv 2602.10377v1, section on the experiments. */
bool arch_in_law_range(const struct arch_design *a);

enum arch_depth { ARCH_DEPTH_REAL, ARCH_DEPTH_WHOLE };

/**
 * The deepest model that fits, `at` for the rest: depth saturates the budgets. Whole: rounded down.
 * ENO: not even the shallowest fits, or it cannot be built.
 */
cosim_status arch_best_depth(struct arch_point *best, const struct arch_search *s,
                             const struct arch_design *at, enum arch_depth depth, cosim_error *e);

/** As arch_best_depth, but an infinite loss instead of ENO. */
cosim_status arch_try_depth(struct arch_point *p, const struct arch_search *s,
                            const struct arch_design *at, enum arch_depth depth, cosim_error *e);

/* The axes besides layers and width as one number; precision varies fastest. */
size_t arch_n_choices(const struct arch_axes *x);
struct arch_design arch_choice(const struct arch_axes *x, size_t id);

/**
 * Least loss of one design's axes besides depth and width. Depth is raised until a budget binds
 * (the loss falls with depth); every listed width is tried, or any width by a scan and golden
 * section. An infinite loss: nothing fits.
 */
cosim_status arch_best_size(struct arch_point *best, const struct arch_search *s,
                            const struct arch_design *at, enum arch_depth depth, cosim_error *e);

/** Least loss of all choices. ENO: nothing fits. */
cosim_status arch_best(struct arch_point *best, const struct arch_search *s, enum arch_depth depth,
                       cosim_error *e);

struct arch_price {
    double loss_down, loss_up; /* best loss with 98 % and with 102 % of the budget */
    double price;              /* d loss / d ln(budget), nats; 0: it does not bind */
};

/** Shadow price of budget `cost` at an optimum, by solving again, depth real; the axes besides
 * depth and width stay at the optimum's. */
cosim_status arch_shadow(struct arch_price *price, const struct arch_search *s,
                         const struct arch_point *best, size_t cost, cosim_error *e);

#endif
