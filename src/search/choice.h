/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judging one point of a front: knees, regret, and what is left when the model is a bit wrong. */
#ifndef SEARCH_CHOICE_H
#define SEARCH_CHOICE_H

#include "core/err.h"
#include "search/indicators.h"

/** How far each point bulges below the simplex through the ends of the normalised front,
 * (1 - sum of normalised objectives) / sqrt(m); the knee is the greatest. Returns its index (the
 * first of equals), SIZE_MAX for no points. `bulge` (may be NULL) has room for n.
 * source  I. Das, "On characterizing the knee of the Pareto curve", Structural Optimization 18,
 *         1999, with the simplex of the normalised box as the hyperplane */
size_t choice_knee(const struct points *front, double *bulge);

struct regret {
    double max, mean; /* over the weights, of normalised weighted sums: 0 = best for every weight */
    size_t worst_weight;
};

/** What someone with other preferences loses by each point: for every Das-Dennis weight in steps of
 * 1/h, its augmented Tchebycheff value (rho 0.05) minus the front's least one. `r` has room for n.
 */
cosim_status choice_regrets(const struct points *front, size_t h, struct regret *r, cosim_error *e);

/** The augmented Tchebycheff values of all points for one weight (made to add up to 1). */
void choice_values(const struct points *front, const double *weight, double *value);

/* Relative error e: the true value of f lies in f -/+ e |f|. */
struct robustness {
    size_t certainly_dominated; /* points better in every objective even if all errors hit them */
    size_t possibly_dominated;  /* points that some errors within the intervals make better */
    double tolerance; /* errors may grow by this factor until the first point can dominate */
};

/** Holds point `c` against all others when objective j is wrong by up to rel_error[j] (>= 0). */
void choice_robustness(const struct points *front, size_t c, const double *rel_error,
                       struct robustness *r);

#endif
