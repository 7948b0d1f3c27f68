/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "validate/stats.h"

#include "core/num.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_QUANTILE 0.9
#define SPEARMAN_MIN 3u

static bool all_equal(const double *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (v[i] < v[0] || v[i] > v[0])
            return false;
    return true;
}

static double rank_correlation(const double *x, const double *y, size_t n, double *work)
{
    if (n < SPEARMAN_MIN || all_equal(x, n) || all_equal(y, n))
        return UNKNOWN_F64;
    return gsl_stats_spearman(x, 1, y, 1, n, work);
}

cosim_status error_stats_of(struct error_stats *s, const double *error, const double *measured,
                            const double *predicted, size_t n, cosim_error *e)
{
    *s = (struct error_stats){ n, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64 };
    if (n == 0)
        return COSIM_OK;
    double *work = calloc(2 * n, sizeof *work); /* what gsl_stats_spearman asks for */
    if (!work)
        return err_set(e, COSIM_ENOMEM, "out of memory for statistics of %zu values", n);
    memcpy(work, error, n * sizeof *work);
    gsl_sort(work, 1, n);
    s->bias_ratio = gsl_stats_median_from_sorted_data(work, 1, n);
    for (size_t i = 0; i < n; i++)
        work[i] = fabs(error[i]);
    gsl_sort(work, 1, n);
    s->mape_ratio = gsl_stats_mean(work, 1, n);
    s->median_ape_ratio = gsl_stats_median_from_sorted_data(work, 1, n);
    s->p90_ape_ratio = gsl_stats_quantile_from_sorted_data(work, 1, n, TAIL_QUANTILE);
    s->spearman = rank_correlation(measured, predicted, n, work);
    free(work);
    return COSIM_OK;
}
