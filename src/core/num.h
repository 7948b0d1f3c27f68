/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers: "unknown" is a quiet NaN, only ever tested with is_known. */
#ifndef CORE_NUM_H
#define CORE_NUM_H

#include <math.h>
#include <stdbool.h>

/* NAN and INFINITY are floats: these are doubles, which clang's -Wdouble-promotion wants. */
#define UNKNOWN_F64 ((double)NAN)
#define INF_F64 ((double)INFINITY)

static inline bool is_known(double v)
{
    return !isnan(v);
}

/* fmax and fmin do not vectorise; with a NaN in a, b is returned. */
static inline double max_f64(double a, double b)
{
    return a > b ? a : b;
}

static inline double min_f64(double a, double b)
{
    return a < b ? a : b;
}

#endif
