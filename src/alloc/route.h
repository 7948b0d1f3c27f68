/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Placing a chain of layers on unequal devices. Layer l on device k costs cost[l][k] in each of the
 * objectives; going from one device to another between layers costs transfer[from][to]; each
 * memory holds only so much. All solvers here are exact.
 *
 * source   dynamic programming over a chain, R. Bellman 1957; with several objectives and
 * capacities as labels, P. Hansen, "Bicriterion Path Problems", 1980; bottleneck partition by
 * probing, A. Pinar and C. Aykanat, "Fast optimal load balancing algorithms for 1D partitioning",
 *          2004
 */
#ifndef ALLOC_ROUTE_H
#define ALLOC_ROUTE_H

#include "core/arena.h"
#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

#define ROUTE_OBJECTIVES_MAX 4
#define ROUTE_DEVICES_MAX 12

/* Objectives are to be minimised and are >= 0; unknown (NaN) is not allowed. */
struct route_chain {
    size_t n_layers, n_devices, n_objectives;
    const double *cost;       /* [layer][device][objective]; infinite: cannot run there */
    const double *transfer;   /* [from][to][objective], the diagonal is not read; NULL: free */
    const double *entry;      /* [device][objective], to reach the first layer; NULL: free */
    const double *leave;      /* [device][objective], after the last layer; NULL: free */
    const uint64_t *bytes;    /* [layer][device] kept there; NULL: no capacities */
    const uint64_t *capacity; /* [device]; NULL: no capacities */
};

struct route_plan {
    uint32_t *device; /* per layer */
    double objective[ROUTE_OBJECTIVES_MAX];
    uint64_t used_bytes[ROUTE_DEVICES_MAX];
    size_t n_transfers;
};

/** Fills the sums of a plan whose `device` is given. */
void route_chain_sum(const struct route_chain *c, struct route_plan *plan);

/**
 * Least weighted sum of the objectives, O(layers devices^2), capacities ignored (7.3). weight: per
 * objective, >= 0. Ties go to the lower device. ENO: some layer runs nowhere.
 */
cosim_status route_chain_best(struct route_plan *plan, const struct route_chain *c,
                              const double *weight, struct arena *a, cosim_error *e);

struct route_front {
    const struct route_plan *plan; /* by rising first objective */
    size_t n;
    size_t n_labels; /* work done */
};

/**
 * All Pareto-optimal placements that respect the capacities (one per objective vector). With one
 * objective this is the capacitated optimum. `max_labels` 0 = 2^21, about 100 bytes each; ERANGE
 * beyond. ENO: the layers do not fit.
 */
cosim_status route_chain_front(struct route_front *f, const struct route_chain *c,
                               size_t max_labels, struct arena *a, cosim_error *e);

/* A pipeline: stage s runs layers first[s] .. first[s+1]-1 on device[s]. */
struct route_pipeline {
    size_t n_stages;
    uint32_t *device;
    size_t *first;     /* n_stages + 1 */
    double bottleneck; /* cost of the slowest stage, its entry included */
};

/**
 * Contiguous stages, each device at most once, slowest stage as fast as possible. Uses objective 0,
 * entry (paid once by every device used) and the capacities; transfer and leave are not read.
 * fixed_order: devices in their order, else any order (all subsets are probed).
 */
cosim_status route_chain_pipeline(struct route_pipeline *p, const struct route_chain *c,
                                  int fixed_order, struct arena *a, cosim_error *e);

#endif
