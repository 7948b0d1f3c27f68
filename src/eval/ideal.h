/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ideal device: the best of every rate over a set of devices. A load on it is at least as fast
 * and as frugal as on any of them, so its metrics are bounds for the whole block.
 */
#ifndef EVAL_IDEAL_H
#define EVAL_IDEAL_H

#include "core/arena.h"
#include "eval/block.h"
#include "eval/point.h"

struct ideal {
    struct device device;
    struct rates rates;
};

/** Best of each rate over rates[0..n), n >= 1; unknown ones are ignored, unknown of all stay so. */
void ideal_make(struct ideal *d, const struct rates *rates, size_t n);

/**
 * Optimistic values of a load over those devices: no device does better in any metric. Mean power
 * has the static power as its bound, as less time means more watts. False when no device can be
 * feasible.
 */
bool ideal_bound(const struct ideal *d, const struct load *l, double ppl_increase_ratio,
                 double metric[N_METRICS]);

/* Devices in groups of alike ones, each with its ideal device: closer bounds than one for all. */
struct ideal_groups {
    size_t n;
    uint32_t *first, *member;    /* group g: the devices member[first[g]] .. member[first[g+1]-1] */
    struct rate_columns columns; /* of the ideal devices, for block_eval */
};

/**
 * Splits n devices into at most `most` groups: again and again the group whose rates differ by the
 * greatest factor in one of them, at the middle of that factor. All in the arena.
 */
cosim_status ideal_groups_make(struct ideal_groups *g, const struct rates *rates, size_t n,
                               size_t most, struct arena *a, cosim_error *e);

/** Makes bounds of the metrics that block_eval found for the ideal devices, as ideal_bound. */
void ideal_groups_bound(const struct ideal_groups *g, const struct load *l,
                        double *const metric[N_METRICS]);

#endif
