/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Search over precision pairs per layer group (KVTuner step 4) for KV memory and a surrogate of
 * the accuracy lost, both minimised; exact.
 *
 *   loss = sum over layers of loss(l, P_l) * prod over j < l of (1 + gamma * loss(j, P_j))
 *
 * (docs/kvtuner.md, omega already multiplied in; ours, KVTuner measures accuracy instead). With
 * gamma = 0 it is additive and dynamic programming gives the same front as enumeration.
 */
#ifndef KV_SEARCH_H
#define KV_SEARCH_H

#include "core/arena.h"
#include "core/err.h"
#include "kv/groups.h"

#include <stdint.h>

struct kv_space {
    size_t n_layers, n_groups;
    const struct kv_group *group;
    const double *cost; /* [layer][KV_N_PAIRS], >= 0; exact sums want whole numbers (bits) */
    const double *loss; /* [layer][KV_N_PAIRS], >= 0 */
    double gamma;       /* >= 0 */
};

struct kv_point {
    double cost, loss;
    const uint8_t *choice; /* pair id of each group */
};

/* Sorted by cost ascending, loss strictly descending. */
struct kv_front {
    const struct kv_point *point;
    size_t n;
    double n_visited; /* combinations looked at, or states of the dynamic programme */
};

#define KV_ENUMERATION_MAX 2e7

/** All combinations; ERANGE beyond KV_ENUMERATION_MAX. Ties: the first in order of pair ids. */
cosim_status kv_search_enumerate(const struct kv_space *s, struct kv_front *f, struct arena *a,
                                 cosim_error *e);

/** Dynamic programming over groups with dominance; needs gamma == 0 (ERANGE otherwise). */
cosim_status kv_search_dp(const struct kv_space *s, struct kv_front *f, struct arena *a,
                          cosim_error *e);

/** Cost and loss of an assignment of pair ids to layers. */
void kv_space_evaluate(const struct kv_space *s, const size_t *pair_of_layer, double *cost,
                       double *loss);

/** The point of least loss with cost <= limit, or NULL. */
const struct kv_point *kv_front_within(const struct kv_front *f, double cost_limit);

/** Expands a point to pair ids of all layers. */
void kv_point_layers(const struct kv_space *s, const struct kv_point *p, size_t *pair_of_layer);

#endif
