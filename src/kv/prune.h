/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVTuner steps 2 and 3 (arXiv 2502.04420; docs/kvtuner.md): which pairs of a layer are worth
 * considering, and which layers behave alike.
 */
#ifndef KV_PRUNE_H
#define KV_PRUNE_H

#include "core/err.h"
#include "kv/pair.h"

#include <stdint.h>

/* A set of pairs: bit i = pair id i. */
typedef uint16_t kv_pair_set;

/* {2,4,8} x {2,4,8}: KVTuner's nine. */
#define KV_SET_KVTUNER ((kv_pair_set)0xeee0)
#define KV_SET_ALL ((kv_pair_set)0xffff)

/**
 * The pairs of `candidates` on the Pareto front of (nominal bits, error[pair]), both minimised.
 * Of equal points the one with the smaller difference of K and V bits stays, then the lower id.
 */
kv_pair_set kv_prune(const double error[KV_N_PAIRS], kv_pair_set candidates);

#define KV_DBSCAN_EPS 0.05
#define KV_DBSCAN_MIN 2
#define KV_NOISE SIZE_MAX

/**
 * DBSCAN: points x[n][dim], Euclidean distance <= eps counts as near, a core has `min` points
 * near it (itself included); clusters are numbered in index order of their first core, noise is
 * KV_NOISE. Errors: ENOMEM.
 */
cosim_status kv_dbscan(const double *x, size_t n, size_t dim, double eps, size_t min,
                       size_t *cluster, cosim_error *e);

/**
 * Groups layers that have the same pair set and whose errors over that set cluster; noise layers
 * stand alone. error[layer][pair]. Groups are numbered by their first layer. Errors: ENOMEM.
 */
cosim_status kv_group_layers(const double *error, const kv_pair_set *set, size_t n_layers,
                             double eps, size_t min, size_t *group, size_t *n_groups,
                             cosim_error *e);

/** Number of pairs in a set. */
size_t kv_set_count(kv_pair_set s);

#endif
