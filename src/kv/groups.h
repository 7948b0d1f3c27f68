/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVTuner's published search spaces, presets and anchors as data (workloads/kvtuner/): layer
 * groups with their candidate pairs, the searched presets, and per-pair errors of whole models.
 */
#ifndef KV_GROUPS_H
#define KV_GROUPS_H

#include "core/arena.h"
#include "core/err.h"
#include "kv/prune.h"

#include <stddef.h>

#define KV_LAYERS_MAX 1024

struct kv_group {
    size_t n_layers;
    const size_t *layer; /* ascending */
    kv_pair_set set;
};

/* One model and mode; its groups cover each of n_layers layers exactly once. */
struct kv_grouping {
    const char *model, *mode, *source;
    size_t n_layers, n_groups;
    const struct kv_group *group;
};

struct kv_groupings {
    const struct kv_grouping *grouping;
    size_t n;
};

/**
 * Reads groups.csv: model,mode,n_layers,layers,pairs,source; rows of a model and mode follow one
 * another. A layer that stands in two groups, lies beyond n_layers or is missing is an error at
 * the cell (the published Qwen2.5-14B and -32B lists have such duplicates).
 */
cosim_status kv_groupings_load(struct kv_groupings *g, const char *path, struct arena *a,
                               cosim_error *e);

/** Product of the groups' set sizes; a double because 9^32 is asked for too. */
double kv_combinations(const struct kv_grouping *g);

const struct kv_grouping *kv_grouping_find(const struct kv_groupings *g, const char *model,
                                           const char *mode);

struct kv_preset {
    const char *model, *mode, *name; /* name: "4_0": soft limit 4 bits, first preset */
    double budget_bits, average_bits;
    size_t n_layers;
    const size_t *pair; /* pair id of each layer */
};

struct kv_presets {
    const struct kv_preset *preset;
    size_t n;
};

/**
 * Reads presets.csv: model,mode,budget_bits,preset,average_bits,pairs,source. average_bits is the
 * published one, to four digits; a row that does not give it is an error.
 */
cosim_status kv_presets_load(struct kv_presets *p, const char *path, struct arena *a,
                             cosim_error *e);

/** sum (K bits + V bits) / (2 L), nominal. */
double kv_average_bits(const size_t *pair, size_t n_layers);

/* A published number for all nine pairs of a model: an error, or perplexity. */
struct kv_anchor {
    const char *model, *mode, *quantity, *source;
    double value[KV_N_PAIRS]; /* NaN where there is none */
};

struct kv_anchors {
    const struct kv_anchor *anchor;
    size_t n;
};

/** Reads anchors.csv: model,mode,quantity,pair,value,source. */
cosim_status kv_anchors_load(struct kv_anchors *k, const char *path, struct arena *a,
                             cosim_error *e);

/** The anchor of that model, mode and quantity, or NULL. */
const struct kv_anchor *kv_anchor_find(const struct kv_anchors *k, const char *model,
                                       const char *mode, const char *quantity);

/** "KV8 K8V4 ..." as pair ids, at most `cap`; EUNKNOWN at `at` for other words. */
cosim_status kv_pairs_parse(const char *text, const struct src_pos *at, size_t *pair, size_t cap,
                            size_t *n, cosim_error *e);

#endif
