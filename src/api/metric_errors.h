/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How wrong predictions were where they could be compared (hwdb/metric_errors.csv). */
#ifndef API_METRIC_ERRORS_H
#define API_METRIC_ERRORS_H

#include "api/context.h"

struct metric_error {
    const char *metric, *source;
    double error_ratio, count; /* median absolute relative error, of so many comparisons */
};

struct metric_errors {
    const struct metric_error *row;
    size_t n;
};

/** Reads the table of the context's data; a metric that does not exist is an error. */
cosim_status metric_errors_load(struct metric_errors *m, cosim *c, struct arena *a, cosim_error *e);

/** NULL when none is stated. */
const struct metric_error *metric_error_find(const struct metric_errors *m, const char *metric);

#endif
