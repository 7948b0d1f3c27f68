/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed of the search room: one line `name value unit` per number. */
#include "core/rng.h"
#include "search/archive.h"
#include "search/front.h"
#include "search/hypervolume.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BLOCK 4096u

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void line(const char *name, double value, const char *unit)
{
    printf("%s %.4g %s\n", name, value, unit);
}

typedef void (*point_fn)(struct rng *r, uint64_t i, size_t m, double *x);

static void uniform_cube(struct rng *r, uint64_t i, size_t m, double *x)
{
    (void)i;
    for (size_t j = 0; j < m; j++)
        x[j] = rng_f64(r);
}

/* As a sweep over devices, formats and batches gives them: seconds follow bytes, joules follow
 * seconds, the loss of quality is one of few levels and rises as bytes fall, price per token is
 * seconds times a price. */
static void correlated(struct rng *r, uint64_t i, size_t m, double *x)
{
    (void)i;
    const double bits = (double)(2 + rng_below(r, 15)), batch = (double)(1 + rng_below(r, 64));
    const double bandwidth = 1 + 9 * rng_f64(r), watts = 20 + 80 * rng_f64(r) * bandwidth;
    const double bytes = bits * (1 + 0.1 * rng_f64(r)) + 0.3 * batch;
    const double s = bytes / bandwidth;

    x[0] = s;
    x[1] = s * watts / batch;
    x[2] = 1 / (bits * bits);
    if (m > 3)
        x[3] = s * (0.2 + bandwidth * bandwidth * (0.5 + rng_f64(r))) / batch;
}

/* The shape of a real sweep with made-up prices: device innermost, then frequency, split, batch,
 * key-value bits, weight bits; seconds, joules, loss and money per token. */
static void sweep(struct rng *r, uint64_t i, size_t m, double *x)
{
    static const double weight_bits[] = {
        2.06, 2.6, 3.4, 4.13, 4.5, 4.85, 5.5, 6.6, 8, 8.5, 12, 16
    };
    static const double kv_bits[] = { 2, 3, 4, 5, 6, 7, 8, 10, 12, 16 };
    const uint64_t device = i % 48, step = i / 48 % 12, split = 1u << (i / 576 % 4);
    const double batch = (double)(1 + i / 2304 % 64), kv = kv_bits[i / 147456 % 10];
    const double w = weight_bits[i / 1474560 % 12], n = (double)split;

    rng_stream(r, device, 1);
    const double bandwidth = 50e9 * (1 + 99 * rng_f64(r)), peak = 200 * bandwidth * rng_f64(r);
    const double static_w = 10 + 200 * rng_f64(r), price = (0.2 + rng_f64(r)) * bandwidth / 1e12;
    const double f = 0.4 + 0.05 * (double)step, bytes = 1e9 * w + 8e6 * kv * batch;
    const double memory_s = bytes / (bandwidth * n), math_s = 16e9 * batch / (peak * n * f);
    const double s = (memory_s > math_s ? memory_s : math_s) + 4e-4 * (n - 1);

    x[0] = s;
    x[1] = (bytes * 6e-11 + 16e9 * batch * 1e-12 * f * f + static_w * f * s * n) / batch;
    x[2] = 1 / (w * w * w) + 0.1 / (kv * kv * kv);
    if (m > 3)
        x[3] = price * s * n / batch;
}

/* All points on the unit sphere: none dominates another. */
static void sphere(struct rng *r, uint64_t i, size_t m, double *x)
{
    double q = 0;

    (void)i;
    for (size_t j = 0; j < m; j++) {
        x[j] = rng_normal(r);
        q += x[j] * x[j];
    }
    for (size_t j = 0; j < m; j++)
        x[j] = 1 - (x[j] < 0 ? -x[j] : x[j]) / __builtin_sqrt(q);
}

/* Fills n points from the stream; returns the columns in one allocation. */
static double *make_points(point_fn f, uint64_t first, size_t n, size_t m)
{
    double *col = malloc(n * m * sizeof *col), x[ARCHIVE_MAX_OBJ];
    struct rng r;

    if (!col)
        exit(4);
    rng_stream(&r, first, 0);
    for (size_t i = 0; i < n; i++) {
        f(&r, first + i, m, x);
        for (size_t j = 0; j < m; j++)
            col[j * n + i] = x[j];
    }
    return col;
}

static void bench_archive(const char *name, point_fn f, size_t n, size_t m)
{
    static uint64_t id[BLOCK];
    struct archive *a;
    double spent_s = 0, late_s = 0;
    char text[96];

    if (archive_new(&a, m, NULL) != COSIM_OK)
        exit(4);
    for (size_t at = 0; at < n; at += BLOCK) {
        double *col = make_points(f, at, BLOCK, m);
        const double *obj[ARCHIVE_MAX_OBJ];
        for (size_t j = 0; j < m; j++)
            obj[j] = col + j * BLOCK;
        for (size_t i = 0; i < BLOCK; i++)
            id[i] = at + i;
        const double t0 = now_s();
        if (archive_add_block(a, BLOCK, id, obj, NULL, NULL) != COSIM_OK)
            exit(4);
        const double dt = now_s() - t0;
        spent_s += dt;
        late_s += at >= n / 2 ? dt : 0;
        free(col);
    }
    (void)snprintf(text, sizeof text, "archive_ns_per_point%s", name);
    line(text, 1e9 * spent_s / (double)n, "ns");
    (void)snprintf(text, sizeof text, "archive_late_ns_per_point%s", name);
    line(text, 2e9 * late_s / (double)n, "ns");
    (void)snprintf(text, sizeof text, "archive_members%s", name);
    line(text, (double)archive_size(a), "points");
    archive_free(a);
}

static void bench_volume(const char *name, point_fn f, size_t n, size_t m)
{
    static const double ref[ARCHIVE_MAX_OBJ] = { 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1 };
    double *col = make_points(f, 0, n, m), volume;
    const double *obj[ARCHIVE_MAX_OBJ];
    char text[96];

    for (size_t j = 0; j < m; j++)
        obj[j] = col + j * n;
    const double t0 = now_s();
    if (hypervolume(obj, n, m, ref, &volume, NULL) != COSIM_OK)
        exit(4);
    (void)snprintf(text, sizeof text, "hypervolume_%zud_%s_s", m, name);
    line(text, now_s() - t0, "s");
    free(col);
}

static void bench_filter(const char *name, point_fn f, size_t n, size_t m)
{
    double *col = make_points(f, 0, n, m);
    uint32_t *keep = malloc(n * sizeof *keep);
    const double *obj[ARCHIVE_MAX_OBJ];
    size_t n_keep;
    char text[96];

    for (size_t j = 0; j < m; j++)
        obj[j] = col + j * n;
    const double t0 = now_s();
    if (!keep || front_filter(obj, n, m, keep, &n_keep, NULL) != COSIM_OK)
        exit(4);
    (void)snprintf(text, sizeof text, "nondominated_%zud_%s_s", m, name);
    line(text, now_s() - t0, "s");
    (void)snprintf(text, sizeof text, "nondominated_%zud_%s_members", m, name);
    line(text, (double)n_keep, "points");
    free(keep);
    free(col);
}

/* The names without a shape are uniform points in a cube, whose front is small; on a sphere every
 * point is on the front, the worst case. */
static void bench_fronts(void)
{
    bench_filter("1e4_sphere", sphere, 10000, 3);
    bench_filter("1e5_sphere", sphere, 100000, 3);
    bench_filter("1e6", uniform_cube, 1000000, 3);
    bench_filter("1e6_sphere", sphere, 1000000, 3);
    bench_filter("1e5", uniform_cube, 100000, 5);
    bench_volume("1e4_sphere", sphere, 10000, 3);
    bench_volume("1e5_sphere", sphere, 100000, 3);
    bench_volume("1e6", uniform_cube, 1000000, 3);
    bench_volume("1e6_sphere", sphere, 1000000, 3);
    bench_volume("1e3_sphere", sphere, 1000, 4);
    bench_volume("1e4_sphere", sphere, 10000, 4);
    bench_volume("1e5", uniform_cube, 100000, 4);
    bench_volume("1e5_sphere", sphere, 100000, 4);
    bench_volume("1e2_sphere", sphere, 100, 5);
    bench_volume("1e3_sphere", sphere, 1000, 5);
    bench_volume("1e4_sphere", sphere, 10000, 5);
    bench_volume("1e5_sphere", sphere, 100000, 5);
    bench_volume("1e5", uniform_cube, 100000, 5);
}

int main(void)
{
    bench_fronts();
    bench_archive("", sweep, 48u * 12 * 4 * 64 * 10 * 12, 4);
    bench_archive("_correlated", correlated, 1u << 24, 4);
    bench_archive("_uniform", uniform_cube, 1u << 24, 4);
    bench_archive("_sphere", sphere, 1u << 16, 4);
    return 0;
}
