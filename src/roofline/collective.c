/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "roofline/collective.h"

static double tree_depth(double ranks)
{
    return ceil(log2(ranks));
}

struct coll_form coll_all_reduce(double ranks)
{
    const double n = ranks;

    return (struct coll_form){ 2.0 * (n - 1.0), 2.0 * (n - 1.0) / n, 2.0 * tree_depth(n), 2.0 };
}

struct coll_form coll_all_gather(double ranks)
{
    const double n = ranks, volume = (n - 1.0) / n;

    return (struct coll_form){ n - 1.0, volume, tree_depth(n), volume };
}

struct coll_form coll_all_to_all(double ranks)
{
    const double n = ranks, volume = (n - 1.0) / n;

    return (struct coll_form){ n - 1.0, volume, 1.0, volume };
}

struct coll_form coll_p2p(void)
{
    return (struct coll_form){ 1.0, 1.0, 1.0, 1.0 };
}

double coll_crossover_bytes(double ranks, double alpha_s, double bytes_per_s)
{
    return ranks * (ranks - 1.0 - tree_depth(ranks)) * alpha_s * bytes_per_s;
}
