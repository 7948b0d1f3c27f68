/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Fits a law to data: least Huber loss of ln(predicted) - ln(observed), by Levenberg-Marquardt
 * (GSL) from many starts, with bootstrap intervals and leave-one-size-out cross-validation.
 *
 * The Huber loss is minimised exactly: a residual r beyond h becomes sign(r) sqrt(2 h |r| - h^2),
 * whose square is twice the Huber loss. Positive parameters are fitted as logarithms.
 * The same data, options and seed give the same bytes.
 *
 * GSL's error handler must be off (gsl_set_error_handler_off), which cosim_open sees to.
 *
 * source   P. Huber, "Robust Estimation of a Location Parameter", 1964; J. Hoffmann et al. 2022 for
 *          the use on log loss; B. Efron and R. Tibshirani, "An Introduction to the Bootstrap",
 * 1993
 */
#ifndef LAW_LAW_FIT_H
#define LAW_LAW_FIT_H

#include "law/law.h"

#include "core/csv.h"

#include <stdint.h>

/* Observations: x[row * law->n_inputs + input], y[row] > 0. */
struct law_data {
    const struct law *law;
    size_t n;
    const double *x, *y;
};

/**
 * Reads observations from a table whose columns are the law's inputs and its result ("loss" or
 * "added_loss"), in any order; other columns are ignored. An input
 * with a default may be absent or empty. Errors have a position.
 */
cosim_status law_data_read(struct law_data *data, const struct law *law, const struct csv_doc *doc,
                           struct arena *a, cosim_error *e);

/* A parameter that is not fitted. */
struct law_fixed {
    const char *param;
    double value;
};

/* Zero = default. */
struct law_fit_options {
    uint64_t seed;
    size_t n_starts;    /* local searches; default 24, of 200 times as many random points */
    size_t n_bootstrap; /* resamples; default 200 */
    bool no_bootstrap, no_cross_validation;
    double huber;          /* h; default 1e-3, i.e. errors beyond 0.1 % count linearly */
    double coverage_ratio; /* of the intervals; default 0.95 */
    const struct law_fixed *fixed;
    size_t n_fixed;
    const char *fold_input; /* held out value by value; default the law's size */
};

/* Absolute relative errors |predicted - observed| / observed. */
struct law_error_stats {
    size_t n;
    double mean_ratio, median_ratio, p90_ratio, max_ratio;
};

/* One held-out value of the fold input. */
struct law_fold {
    double held_out;
    struct law_error_stats error;
};

struct law_fit {
    const struct law *law;
    double p[LAW_PARAMS_MAX], lo[LAW_PARAMS_MAX], hi[LAW_PARAMS_MAX]; /* intervals: NaN = none */
    bool fixed[LAW_PARAMS_MAX];
    double objective;                   /* sum of Huber losses */
    double log_rmse;                    /* of the log residuals */
    struct law_error_stats error;       /* on the data that were fitted */
    size_t n_starts, n_starts_agreeing; /* local searches that ended within 1e-6 of the best */
    double coverage_ratio;
    size_t n_samples; /* bootstrap resamples, n_params numbers each */
    const double *sample;
    const char *fold_input;
    size_t n_folds; /* 0: too few values to hold one out */
    const struct law_fold *fold;
    struct law_error_stats held_out; /* all held-out predictions together */
};

/**
 * Fits; arrays of `fit` live in the arena. EUSAGE: unknown fixed parameter or fold input; ERANGE:
 * fewer observations than free parameters; ENO: no start led anywhere.
 */
cosim_status law_fit(struct law_fit *fit, const struct law_data *data,
                     const struct law_fit_options *options, struct arena *a, cosim_error *e);

struct law_interval {
    double value, lo, hi; /* lo, hi: NaN without bootstrap */
};

/** Prediction at complete inputs x; the interval is of the curve, not of a new observation. */
cosim_status law_fit_predict(struct law_interval *out, const struct law_fit *fit, const double *x,
                             cosim_error *e);

/** Parameters with intervals; the notes carry the quality of the fit and of the held-out values. */
cosim_status law_fit_table(struct table **t, const struct law_fit *fit, cosim_error *e);

/** Errors by held-out value, and over all of them in the last row. */
cosim_status law_fold_table(struct table **t, const struct law_fit *fit, cosim_error *e);

#endif
