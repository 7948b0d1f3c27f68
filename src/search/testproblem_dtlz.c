/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/testproblem.h"

#include <math.h>

#define PI 3.14159265358979323846
#define M 3u /* objectives: the first M - 1 variables place a point, the others its distance */

static double bumpy(const struct testproblem *t, const double *x)
{
    double sum = (double)(t->n_vars - M + 1);

    for (size_t i = M - 1; i < t->n_vars; i++)
        sum += (x[i] - 0.5) * (x[i] - 0.5) - cos(20 * PI * (x[i] - 0.5));
    return 100 * sum;
}

static double smooth(const struct testproblem *t, const double *x)
{
    double sum = 0;

    for (size_t i = M - 1; i < t->n_vars; i++)
        sum += (x[i] - 0.5) * (x[i] - 0.5);
    return sum;
}

/* A point of the sphere of radius r with angles a (in quarter turns). */
static void sphere(double r, const double *a, double *f)
{
    f[0] = r * cos(a[0] * PI / 2) * cos(a[1] * PI / 2);
    f[1] = r * cos(a[0] * PI / 2) * sin(a[1] * PI / 2);
    f[2] = r * sin(a[0] * PI / 2);
}

static void dtlz1(const struct testproblem *t, const double *x, double *f, double *violation)
{
    const double r = 0.5 * (1 + bumpy(t, x));

    (void)violation;
    f[0] = r * x[0] * x[1];
    f[1] = r * x[0] * (1 - x[1]);
    f[2] = r * (1 - x[0]);
}

static void dtlz2(const struct testproblem *t, const double *x, double *f, double *violation)
{
    (void)violation;
    sphere(1 + smooth(t, x), x, f);
}

static void dtlz3(const struct testproblem *t, const double *x, double *f, double *violation)
{
    (void)violation;
    sphere(1 + bumpy(t, x), x, f);
}

static void dtlz4(const struct testproblem *t, const double *x, double *f, double *violation)
{
    const double a[2] = { pow(x[0], 100), pow(x[1], 100) };

    (void)violation;
    sphere(1 + smooth(t, x), a, f);
}

/* The second angle is squeezed to an eighth of a turn as g vanishes: the front is a curve. */
static void curve(double g, const double *x, double *f)
{
    const double a[2] = { x[0], (1 + 2 * g * x[1]) / (2 * (1 + g)) };

    sphere(1 + g, a, f);
}

static void dtlz5(const struct testproblem *t, const double *x, double *f, double *violation)
{
    (void)violation;
    curve(smooth(t, x), x, f);
}

static void dtlz6(const struct testproblem *t, const double *x, double *f, double *violation)
{
    double g = 0;

    (void)violation;
    for (size_t i = M - 1; i < t->n_vars; i++)
        g += pow(x[i], 0.1);
    curve(g, x, f);
}

static void dtlz7(const struct testproblem *t, const double *x, double *f, double *violation)
{
    double g = 0, h = M;

    (void)violation;
    for (size_t i = M - 1; i < t->n_vars; i++)
        g += x[i];
    g = 1 + 9 * g / (double)(t->n_vars - M + 1);
    for (size_t j = 0; j + 1 < M; j++) {
        f[j] = x[j];
        h -= f[j] / (1 + g) * (1 + sin(3 * PI * f[j]));
    }
    f[M - 1] = (1 + g) * h;
}

/* The distance variables of the front are all `rest`. */
static void front_at(const struct testproblem *t, const double *u, double rest, double *f)
{
    double x[TESTPROBLEM_MAX_VARS], violation = 0;

    for (size_t i = 0; i < t->n_vars; i++)
        x[i] = i + 1 < M ? u[i] : rest;
    t->evaluate(t, x, f, &violation);
}

static void front_half(const struct testproblem *t, const double *u, double *f)
{
    front_at(t, u, 0.5, f);
}

static void front_zero(const struct testproblem *t, const double *u, double *f)
{
    front_at(t, u, 0, f);
}

static void front_sphere(const struct testproblem *t, const double *u, double *f)
{
    (void)t;
    sphere(1, u, f);
}

const struct testproblem testproblem_dtlz[] = {
    { "dtlz1",
      "plane, 11^5 - 1 local fronts",
      7,
      M,
      1,
      0,
      0,
      0,
      { .55, .55, .55 },
      dtlz1,
      front_half },
    { "dtlz2", "sphere", 12, M, 1, 0, 0, 0, { 1.1, 1.1, 1.1 }, dtlz2, front_half },
    { "dtlz3",
      "sphere, many local fronts",
      12,
      M,
      1,
      0,
      0,
      0,
      { 1.1, 1.1, 1.1 },
      dtlz3,
      front_half },
    { "dtlz4",
      "sphere, uneven density",
      12,
      M,
      1,
      0,
      0,
      0,
      { 1.1, 1.1, 1.1 },
      dtlz4,
      front_sphere },
    { "dtlz5", "curve", 12, M, 1, 0, 0, 0, { .8, .8, 1.1 }, dtlz5, front_half },
    { "dtlz6", "curve, hard to reach", 12, M, 1, 0, 0, 0, { .8, .8, 1.1 }, dtlz6, front_zero },
    { "dtlz7", "four pieces", 22, M, 1, 0, 0, 0, { 1, 1, 6.6 }, dtlz7, front_zero },
};
const size_t testproblem_n_dtlz = sizeof testproblem_dtlz / sizeof *testproblem_dtlz;
