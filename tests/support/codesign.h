/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small co-design space with a capacity limit, and runs of algorithms on it. */
#ifndef TESTS_SUPPORT_CODESIGN_H
#define TESTS_SUPPORT_CODESIGN_H

#include "core/num.h"
#include "search/hypervolume.h"
#include "search/run.h"
#include "support/close.h"

#include <string.h>

/* Bits, batch, device, split: a small co-design space with a capacity limit. */
static const struct search_axis codesign_axis[] = {
    { "bits", AXIS_ORDINAL, 8, 0, 0 },       { "batch", AXIS_ORDINAL, 40, 0, 0 },
    { "device", AXIS_CATEGORICAL, 9, 0, 0 }, { "split", AXIS_ORDINAL, 4, 0, 0 },
    { "step", AXIS_ORDINAL, 6, 0, 0 },
};
static const double bandwidth[9] = { 1, 2.5, 3.3, 0.4, 7, 5.1, 0.9, 4.2, 6.3 };
static const double watts[9] = { 30, 90, 60, 8, 400, 210, 20, 180, 320 };
static const double capacity[9] = { 16, 24, 40, 8, 80, 80, 12, 32, 64 };

static inline void codesign_one(const double *x, double *f, double *violation)
{
    const double bits = 2 + 2 * x[0], batch = 1 + x[1], split = 1 + x[3], hz = 0.5 + 0.1 * x[4];
    const size_t d = (size_t)x[2];
    const double bytes = bits + 0.25 * batch;
    const double memory_s = bytes / (bandwidth[d] * split), math_s = 0.01 * batch / (split * hz);
    const double s = (memory_s > math_s ? memory_s : math_s) + 0.05 * (split - 1);

    f[0] = s;
    f[1] = (0.5 + hz * hz * 0.5) * s * watts[d] * split / batch;
    f[2] = 1 / (bits * bits);
    *violation = bytes > capacity[d] * split ? bytes - capacity[d] * split : 0;
}

static inline void codesign(const void *ctx, size_t n, const double *x, double *const *obj,
                            double *violation)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double f[3];
        codesign_one(x + 5 * i, f, &violation[i]);
        for (size_t j = 0; j < 3; j++)
            obj[j][i] = f[j];
    }
}

/* Optimistic: every axis not fixed yet takes its best value for each term. */
static inline bool codesign_bound(const void *ctx, const double *x, size_t n_fixed, double *lower)
{
    const double bits_lo = n_fixed > 0 ? 2 + 2 * x[0] : 2, bits_hi = n_fixed > 0 ? bits_lo : 16;
    const double batch_lo = n_fixed > 1 ? 1 + x[1] : 1, batch_hi = n_fixed > 1 ? batch_lo : 40;
    double bw = 7, w_per_bw = INF_F64, cap = 80;

    (void)ctx;
    for (size_t d = 0; d < 9; d++)
        w_per_bw = min_f64(watts[d] / bandwidth[d], w_per_bw);
    if (n_fixed > 2) {
        const size_t d = (size_t)x[2];
        bw = bandwidth[d];
        cap = capacity[d];
        w_per_bw = watts[d] / bw;
    }
    const double split = n_fixed > 3 ? 1 + x[3] : 4, bytes = bits_lo + 0.25 * batch_lo;
    lower[0] = bytes / (bw * split);
    /* joules: s watts split / batch >= bytes / bandwidth watts / batch, falling in batch */
    lower[1] = 0.625 * (bits_lo / batch_hi + 0.25) * w_per_bw * (1 - 1e-12);
    lower[2] = 1 / (bits_hi * bits_hi);
    return bytes <= cap * split;
}

static const struct search_problem codesign_problem = {
    .name = "codesign",
    .n_axes = 5,
    .n_obj = 3,
    .axis = codesign_axis,
    .evaluate = codesign,
};

static inline struct archive *run(const struct search_problem *p, const char *algo,
                                  const struct search_options *o, struct search_result *r)
{
    struct archive *a;
    cosim_error e = { 0 };

    assert_int_equal(archive_new(&a, p->n_obj, NULL), COSIM_OK);
    if (search_run(p, search_algo_find(algo), o, a, r, &e) != COSIM_OK)
        fail_msg("%s on %s: %s", algo, p->name, e.msg);
    assert_int_equal(archive_sort(a, NULL), COSIM_OK);
    return a;
}

static inline void assert_same(struct archive *a, struct archive *b)
{
    const size_t n = archive_size(a);

    assert_int_equal(n, archive_size(b));
    assert_memory_equal(archive_ids(a), archive_ids(b), n * sizeof(uint64_t));
    for (size_t j = 0; j < archive_n_obj(a); j++)
        assert_memory_equal(archive_objective(a, j), archive_objective(b, j), n * sizeof(double));
}

static inline double volume(const struct archive *a, const double *ref)
{
    const double *obj[ARCHIVE_MAX_OBJ];
    double v;

    for (size_t j = 0; j < archive_n_obj(a); j++)
        obj[j] = archive_objective(a, j);
    assert_int_equal(hypervolume(obj, archive_size(a), archive_n_obj(a), ref, &v, NULL), COSIM_OK);
    return v;
}

#endif
