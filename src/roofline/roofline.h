/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seconds of work from plain numbers: the roofline, launch floors. No model, no device structs. */
#ifndef ROOFLINE_ROOFLINE_H
#define ROOFLINE_ROOFLINE_H

#include "core/num.h"

#include <stddef.h>

/* What decides the time of an operator. */
#define BOUND_LIST(X)                                                                              \
    X(COMPUTE, "compute", "matrix unit")                                                           \
    X(MEMORY, "memory", "memory bandwidth")                                                        \
    X(CACHE, "cache", "last-level cache bandwidth")                                                \
    X(VECTOR, "vector", "vector unit (softmax, norms, dequantisation)")                            \
    X(NETWORK, "network", "link between devices")                                                  \
    X(FLOOR, "floor", "smallest kernel time")

enum bound {
#define BOUND_ENUM(id, name, doc) BOUND_##id,
    BOUND_LIST(BOUND_ENUM)
#undef BOUND_ENUM
        N_BOUNDS
};

const char *bound_name(enum bound b);

/* Seconds of the streams of one kernel, were each alone. */
struct streams {
    double compute_s, memory_s, cache_s, vector_s;
};

/**
 * Fully overlapped multi-level roofline (equations 3.1, 3.2 with p = infinity): the slowest stream.
 * This inline is the one formula of both evaluators.
 */
static inline double roofline_s(struct streams t)
{
    return max_f64(max_f64(t.compute_s, t.memory_s), max_f64(t.cache_s, t.vector_s));
}

/** Which stream decides; a device floor above all of them is BOUND_FLOOR. */
enum bound roofline_bound(struct streams t, double floor_s);

/** Overlap of share omega in [0,1]: omega max + (1 - omega) sum (equation 2.4). */
double roofline_overlap_s(struct streams t, double omega);

/** Flop per byte at which compute and memory take equally long. */
double roofline_ridge_flop_per_byte(double flops_per_s, double bytes_per_s);

/**
 * Rows M above which C[M,n] = A[M,k] W[k,n] is compute-bound (equation 3.3 with b_w, b_a bytes an
 * element); infinite when it never is.
 */
double roofline_crossover_rows(double n, double k, double w_bytes, double a_bytes,
                               double ridge_flop_per_byte);

/**
 * A step of kernels that take busy_s in all cannot be shorter than issuing them from the host
 * (equation 3.8, graph launches have a small launch_s; the first launch's latency is left out).
 */
static inline double roofline_launch_s(double busy_s, double n_kernels, double launch_s)
{
    return max_f64(busy_s, n_kernels * launch_s);
}

#endif
