/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One local fit of a law: the inner step of law_fit, of its bootstrap and of its folds. */
#ifndef LAW_SOLVE_H
#define LAW_SOLVE_H

#include "law/law_fit.h"

#include "core/rng.h"

/* Which observations take part (an index may repeat), and how. */
struct law_task {
    const struct law_data *data;
    const uint32_t *row;
    size_t n_rows;
    const bool *fixed; /* n_params */
    double huber;
};

/** Sum of Huber losses of the log residuals at p; infinity where the law has no positive value. */
double law_objective(const struct law_task *task, const double *p);

/**
 * Levenberg-Marquardt from p, in place; the result is never worse than the start.
 * ENOMEM; a search that goes nowhere is not an error.
 */
cosim_status law_solve(const struct law_task *task, double *p, double *objective, cosim_error *e);

/** A random point of the parameters' boxes (fixed ones keep their value). */
void law_draw(const struct law *law, const bool *fixed, struct rng *rng, double *p);

#endif
