/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two objectives, K position and L distance parameters; names of the transformations (b_, s_, r_)
 * and shapes as in the paper. */
#include "search/testproblem.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define M 2u
#define K 4u
#define L 20u
#define N (K + L)

/* Transformations may leave [0, 1] by rounding. */
static double unit(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static double b_poly(double y, double alpha)
{
    return unit(pow(y, alpha));
}

static double b_flat(double y, double a, double b, double c)
{
    const double below = floor(y - b), above = floor(c - y);

    return unit(a + (below < 0 ? below : 0) * a * (b - y) / b
                - (above < 0 ? above : 0) * (1 - a) * (y - c) / (1 - c));
}

static double b_param(double y, double u, double a, double b, double c)
{
    return unit(pow(y, b + (c - b) * (a - (1 - 2 * u) * fabs(floor(0.5 - u) + a))));
}

static double s_linear(double y, double a)
{
    return unit(fabs(y - a) / fabs(floor(a - y) + a));
}

static double s_decept(double y, double a, double b, double c)
{
    const double left = floor(y - a + b) * (1 - c + (a - b) / b) / (a - b);
    const double right = floor(a + b - y) * (1 - c + (1 - a - b) / b) / (1 - a - b);

    return unit(1 + (fabs(y - a) - b) * (left + right + 1 / b));
}

static double s_multi(double y, double a, double b, double c)
{
    const double far = fabs(y - c) / (2 * (floor(c - y) + c));

    return unit((1 + cos((4 * a + 2) * PI * (0.5 - far)) + 4 * b * far * far) / (b + 2));
}

static double r_sum(const double *y, size_t n, const double *w)
{
    double sum = 0, total = 0;

    for (size_t i = 0; i < n; i++) {
        sum += (w ? w[i] : 1) * y[i];
        total += w ? w[i] : 1;
    }
    return unit(sum / total);
}

static double r_nonsep(const double *y, size_t n, size_t a)
{
    double sum = 0;
    const double half = ceil((double)a / 2);

    for (size_t j = 0; j < n; j++) {
        sum += y[j];
        for (size_t k = 0; k + 2 <= a; k++)
            sum += fabs(y[j] - y[(1 + j + k) % n]);
    }
    return unit(sum / ((double)n / (double)a * half * (1 + 2 * (double)a - 2 * half)));
}

static void start(const double *x, double *y)
{
    for (size_t i = 0; i < N; i++)
        y[i] = unit(x[i] / (2 * (double)(i + 1)));
}

static void shift_distances(double *y)
{
    for (size_t i = K; i < N; i++)
        y[i] = s_linear(y[i], 0.35);
}

/* f_m = x_M + S_m h_m with S = 2, 4. */
static void finish(const double *t, double h1, double h2, double *f)
{
    f[0] = t[1] + 2 * h1;
    f[1] = t[1] + 4 * h2;
}

/* Position after the last step: max(t_M, 1) (t_1 - 0.5) + 0.5 = t_1 for all degeneracies of 1. */
static void finish_concave(const double *t, double *f)
{
    finish(t, sin(t[0] * PI / 2), cos(t[0] * PI / 2), f);
}

static void wfg1(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N], w[N], t[M];

    (void)p;
    (void)violation;
    start(x, y);
    shift_distances(y);
    for (size_t i = 0; i < N; i++) {
        if (i >= K)
            y[i] = b_flat(y[i], 0.8, 0.75, 0.85);
        y[i] = b_poly(y[i], 0.02);
        w[i] = 2 * (double)(i + 1);
    }
    t[0] = r_sum(y, K, w);
    t[1] = r_sum(y + K, L, w + K);
    finish(t, 1 - cos(t[0] * PI / 2), 1 - t[0] - cos(2 * 5 * PI * t[0] + PI / 2) / (2 * 5 * PI), f);
}

/* Distance parameters in pairs. */
static void pair_up(const double *x, double *t)
{
    double y[N];

    start(x, y);
    shift_distances(y);
    for (size_t i = 0; i < L / 2; i++)
        y[K + i] = r_nonsep(y + K + 2 * i, 2, 2);
    t[0] = r_sum(y, K, NULL);
    t[1] = r_sum(y + K, L / 2, NULL);
}

static void wfg2(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double t[M];

    (void)p;
    (void)violation;
    pair_up(x, t);
    const double wave = cos(5 * t[0] * PI);
    finish(t, 1 - cos(t[0] * PI / 2), 1 - t[0] * wave * wave, f);
}

static void wfg3(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double t[M];

    (void)p;
    (void)violation;
    pair_up(x, t);
    finish(t, t[0], 1 - t[0], f);
}

static void sum_up(const double *y, double *f)
{
    const double t[M] = { r_sum(y, K, NULL), r_sum(y + K, L, NULL) };

    finish_concave(t, f);
}

static void wfg4(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N];

    (void)p;
    (void)violation;
    start(x, y);
    for (size_t i = 0; i < N; i++)
        y[i] = s_multi(y[i], 30, 10, 0.35);
    sum_up(y, f);
}

static void wfg5(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N];

    (void)p;
    (void)violation;
    start(x, y);
    for (size_t i = 0; i < N; i++)
        y[i] = s_decept(y[i], 0.35, 0.001, 0.05);
    sum_up(y, f);
}

static void mix_up(const double *y, double *f)
{
    const double t[M] = { r_nonsep(y, K, K), r_nonsep(y + K, L, L) };

    finish_concave(t, f);
}

static void wfg6(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N];

    (void)p;
    (void)violation;
    start(x, y);
    shift_distances(y);
    mix_up(y, f);
}

static void wfg7(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N];

    (void)p;
    (void)violation;
    start(x, y);
    for (size_t i = 0; i < K; i++)
        y[i] = b_param(y[i], r_sum(y + i + 1, N - i - 1, NULL), 0.98 / 49.98, 0.02, 50);
    shift_distances(y);
    sum_up(y, f);
}

static void wfg8(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N], z[N];

    (void)p;
    (void)violation;
    start(x, y);
    memcpy(z, y, sizeof z);
    for (size_t i = K; i < N; i++)
        z[i] = b_param(y[i], r_sum(y, i, NULL), 0.98 / 49.98, 0.02, 50);
    shift_distances(z);
    sum_up(z, f);
}

static void wfg9(const struct testproblem *p, const double *x, double *f, double *violation)
{
    double y[N];

    (void)p;
    (void)violation;
    start(x, y);
    for (size_t i = 0; i + 1 < N; i++)
        y[i] = b_param(y[i], r_sum(y + i + 1, N - i - 1, NULL), 0.98 / 49.98, 0.02, 50);
    for (size_t i = 0; i < N; i++)
        y[i] = i < K ? s_decept(y[i], 0.35, 0.001, 0.05) : s_multi(y[i], 30, 95, 0.35);
    mix_up(y, f);
}

/* On the front the distance is 0; the shapes are swept by the position. */
static void front_1(const struct testproblem *p, const double *u, double *f)
{
    const double t[M] = { u[0], 0 };

    (void)p;
    finish(t, 1 - cos(u[0] * PI / 2), 1 - u[0] - cos(10 * PI * u[0] + PI / 2) / (10 * PI), f);
}

static void front_2(const struct testproblem *p, const double *u, double *f)
{
    const double t[M] = { u[0], 0 }, wave = cos(5 * u[0] * PI);

    (void)p;
    finish(t, 1 - cos(u[0] * PI / 2), 1 - u[0] * wave * wave, f);
}

static void front_3(const struct testproblem *p, const double *u, double *f)
{
    const double t[M] = { u[0], 0 };

    (void)p;
    finish(t, u[0], 1 - u[0], f);
}

static void front_4(const struct testproblem *p, const double *u, double *f)
{
    const double t[M] = { u[0], 0 };

    (void)p;
    finish_concave(t, f);
}

#define ROW(name, doc, front)                                                                      \
    {                                                                                              \
#name, doc, N, M, 0, 2, 0, 0, { 2.2, 4.4 }, name, front                                    \
    }
const struct testproblem testproblem_wfg[] = {
    ROW(wfg1, "mixed shape, flat and biased", front_1),
    ROW(wfg2, "pieces, not separable", front_2),
    ROW(wfg3, "line, not separable", front_3),
    ROW(wfg4, "concave, many local fronts", front_4),
    ROW(wfg5, "concave, deceptive", front_4),
    ROW(wfg6, "concave, not separable", front_4),
    ROW(wfg7, "concave, positions depend on distances", front_4),
    ROW(wfg8, "concave, distances depend on positions", front_4),
    ROW(wfg9, "concave, deceptive, not separable", front_4),
};
const size_t testproblem_n_wfg = sizeof testproblem_wfg / sizeof *testproblem_wfg;
