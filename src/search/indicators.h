/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * How good a front is. All objectives minimised, points as columns obj[j][i]; distances are in the
 * units given, so normalise first (indicator_normalise).
 */
#ifndef SEARCH_INDICATORS_H
#define SEARCH_INDICATORS_H

#include "core/err.h"

#include <stddef.h>

struct points {
    size_t n, m;
    const double *const *obj;
};

/** out[j][i] = (obj[j][i] - ideal[j]) / (nadir[j] - ideal[j]); a range of 0 gives 0. */
void indicator_normalise(const struct points *p, const double *ideal, const double *nadir,
                         double *const *out);

/** Least and greatest value of each objective; UNKNOWN for no points. */
void indicator_range(const struct points *p, double *ideal, double *nadir);

/** IGD+: mean over reference points z of the distance from z to the nearest a, counting only
 * objectives in which a is worse. 0 is best; infinite for an empty front.
 * source  H. Ishibuchi et al., "Modified distance calculation in GD and IGD", EMO 2015 */
double indicator_igd_plus(const struct points *front, const struct points *reference);

/** Additive epsilon: the least shift of the front by which it weakly dominates every reference
 * point. source  E. Zitzler et al., IEEE TEC 7(2), 2003 */
double indicator_epsilon(const struct points *front, const struct points *reference);

/** Generalised spread: 0 = evenly spaced and reaching the extreme points of the reference.
 * source  A. Zhou et al., CEC 2006. Two points of the front at least, else 1. */
double indicator_spread(const struct points *front, const struct points *reference);

/** Crowding distance of each point; boundary points are infinite, an objective without range adds
 * nothing. source  K. Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II",
 * IEEE TEC 6(2), 2002 */
cosim_status indicator_crowding(const struct points *p, double *distance, cosim_error *e);

#endif
