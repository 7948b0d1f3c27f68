/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of predictions beside measurements become one row of statistics per group. */
#ifndef VALIDATE_SUMMARY_H
#define VALIDATE_SUMMARY_H

#include "core/table.h"

#define SUMMARY_BY_MAX 12u

/**
 * Groups `rows`, which has the columns measured, predicted and error_ratio (numbers), by the text
 * columns of the comma-separated list `by` and gives one row per group in the order of their
 * names: the columns of `by`, n, mape_ratio, median_ape_ratio, p90_ape_ratio, bias_ratio and
 * spearman (validate/stats.h). An empty list makes one group. Rows with an unknown number are left
 * out. EUNKNOWN with a suggestion for a column that is not there or holds no text.
 */
cosim_status summary_of(const struct table *rows, const char *by, struct table **summary,
                        cosim_error *e);

#endif
