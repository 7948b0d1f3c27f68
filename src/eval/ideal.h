/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ideal device: the best of every rate over a set of devices. A load on it is at least as fast
 * and as frugal as on any of them, so its metrics are bounds for the whole block.
 */
#ifndef EVAL_IDEAL_H
#define EVAL_IDEAL_H

#include "eval/point.h"

struct ideal {
    struct device device;
    struct rates rates;
};

/** Best of each rate over rates[0..n), n >= 1; unknown ones are ignored, unknown of all stay so. */
void ideal_make(struct ideal *d, const struct rates *rates, size_t n);

/**
 * Optimistic values of a load over those devices: no device does better in any metric. Metrics
 * without a bound (mean power: less time means more watts) are the best conceivable. False when
 * no device can be feasible.
 */
bool ideal_bound(const struct ideal *d, const struct load *l, double ppl_increase_ratio,
                 double metric[N_METRICS]);

#endif
