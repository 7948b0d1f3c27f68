/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "roofline/roofline.h"

const char *bound_name(enum bound b)
{
    static const char *const name[] = {
#define BOUND_NAME(id, text, doc) text,
        BOUND_LIST(BOUND_NAME)
#undef BOUND_NAME
    };

    return name[b];
}

enum bound roofline_bound(struct streams t, double floor_s)
{
    const double work_s = roofline_s(t);

    if (floor_s > work_s)
        return BOUND_FLOOR;
    if (t.memory_s >= work_s)
        return BOUND_MEMORY;
    if (t.compute_s >= work_s)
        return BOUND_COMPUTE;
    return t.cache_s >= work_s ? BOUND_CACHE : BOUND_VECTOR;
}

double roofline_overlap_s(struct streams t, double omega)
{
    return omega * roofline_s(t)
           + (1.0 - omega) * (t.compute_s + t.memory_s + t.cache_s + t.vector_s);
}

double roofline_ridge_flop_per_byte(double flops_per_s, double bytes_per_s)
{
    return flops_per_s / bytes_per_s;
}

double roofline_crossover_rows(double n, double k, double w_bytes, double a_bytes,
                               double ridge_flop_per_byte)
{
    const double half = ridge_flop_per_byte / 2.0;
    const double left = n * k - half * (n + k) * a_bytes;

    return left > 0.0 ? half * n * k * w_bytes / left : INF_F64;
}
