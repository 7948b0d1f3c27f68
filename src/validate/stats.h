/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far predictions are from measurements: the one set of statistics behind every error table. */
#ifndef VALIDATE_STATS_H
#define VALIDATE_STATS_H

#include "core/err.h"

#include <stddef.h>

/* Ratios, not percentages: 0.25 is 25 %. NaN = not defined for so few values. */
struct error_stats {
    size_t n;
    double mape_ratio;       /* mean of |error| */
    double median_ape_ratio; /* median of |error| */
    double p90_ape_ratio;    /* 90th percentile of |error|, linear between order statistics */
    double bias_ratio;       /* median of the signed error: > 0 predicts too much */
    double spearman;         /* rank correlation of measured and predicted, ties share a rank */
};

/** predicted / measured - 1 */
static inline double relative_error(double measured, double predicted)
{
    return predicted / measured - 1.0;
}

/**
 * Statistics of n pairs of finite numbers. `error` is the signed error of each pair, usually
 * relative_error(). n = 0 gives NaN everywhere; Spearman needs 3 pairs that are not all equal on a
 * side. Quantiles and ranks: GSL, gsl_stats_quantile_from_sorted_data and gsl_stats_spearman.
 */
cosim_status error_stats_of(struct error_stats *s, const double *error, const double *measured,
                            const double *predicted, size_t n, cosim_error *e);

#endif
