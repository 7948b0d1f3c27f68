/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What score.c collects and score_report.c prints. */
#ifndef COMPAT_SCORE_PRIV_H
#define COMPAT_SCORE_PRIV_H

#include "compat/score.h"

#define SCORE_FAIL_MAX 200u /* failed values that are listed; all are counted */

struct score_class_info {
    const char *name;
    double tolerance;
};
extern const struct score_class_info score_class_info[N_SCORE];

struct score_value {
    struct score_value *next;
    size_t row, col;
    const char *case_id, *op, *want, *got;
    double error_ratio; /* relative; infinite for a text that differs */
    enum score_class class;
    bool failed;
};

struct score_column {
    size_t n_values, n_failed;
    struct score_value worst; /* valid when n_values > 0 */
};

struct score_class_sum {
    size_t n_rows, n_values, n_failed;
    bool row_counted;
    const struct score_value *worst;
};

struct score_skip {
    struct score_skip *next;
    const char *reason;
    size_t n_rows;
};

struct score {
    struct arena arena;
    const struct csv_doc *doc;
    const char *peer;
    size_t row;
    const char *case_id, *op;
    struct score_column *column; /* n_cols * N_SCORE */
    struct score_class_sum class[N_SCORE];
    struct score_skip *skip, *last_skip;
    struct score_value *first_failure, *last_failure;
    size_t n_failed;
};

#endif
