/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three distance functions, fronts cut by constraints c <= 0. */
#include "search/testproblem.h"

#include "core/num.h"
#include <math.h>

#define PI 3.14159265358979323846
#define N 15u

static void needs(double c, double *violation)
{
    *violation += c > 0 ? c : 0;
}

static double g1(const double *x, size_t m)
{
    double sum = 1;

    for (size_t i = m - 1; i < N; i++) {
        const double z = pow(x[i], (double)(N - m)) - 0.5 - (double)i / (2.0 * N);
        sum += 1 - exp(-10 * z * z);
    }
    return sum;
}

static double g2(const double *x, size_t m)
{
    double sum = 1;

    for (size_t i = m - 1; i < N; i++) {
        const double d = x[i] - (double)i / N, z = 1 - exp(-10 * d * d);
        sum += 0.1 / N * z * z + 1.5 - 1.5 * cos(2 * PI * z);
    }
    return sum;
}

static double g3(const double *x, size_t m)
{
    double sum = 1;

    for (size_t i = m - 1; i < N; i++) {
        const double d = x[i] + (x[i - 1] - 0.5) * (x[i - 1] - 0.5) - 1;
        sum += 2 * d * d;
    }
    return sum;
}

/* a sin(b l^c)^d; MW calls this LA1 with b in half turns, LA2 in radians. */
static double wave(double a, double b, double c, double d, double l)
{
    return a * pow(sin(b * pow(l, c)), d);
}

static double sqr(double v)
{
    return v * v;
}

/* Objectives of the points at distance g, so that fronts are sampled with g = 1. */
struct shape {
    double g, x0;
};

static void line(struct shape s, double slope, double *f)
{
    f[0] = s.x0;
    f[1] = s.g * (1 - slope * f[0] / s.g);
}

static void circle(struct shape s, double radius2, double *f)
{
    const double r2 = radius2 - sqr(s.x0);

    f[0] = s.g * s.x0;
    f[1] = s.g * sqrt(r2 > 0 ? r2 : 0);
}

static void limit_1(const double *f, double *v)
{
    needs(f[0] + f[1] - 1 - wave(0.5, 2 * PI, 1, 8, sqrt(2) * (f[1] - f[0])), v);
}

static void mw1(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    line((struct shape){ g1(x, 2), x[0] }, 0.85, f);
    limit_1(f, v);
}

static void mw2(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    line((struct shape){ g2(x, 2), x[0] }, 1, f);
    needs(f[0] + f[1] - 1 - wave(0.5, 3 * PI, 1, 8, sqrt(2) * (f[1] - f[0])), v);
}

static void mw3(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    line((struct shape){ g3(x, 2), x[0] }, 1, f);
    const double l = sqrt(2) * (f[1] - f[0]);
    needs(f[0] + f[1] - 1.05 - wave(0.45, 0.75 * PI, 1, 6, l), v);
    needs(0.85 - f[0] - f[1] + wave(0.3, 0.75 * PI, 1, 2, l), v);
}

static void limit_4(const double *f, double *v)
{
    needs(f[0] + f[1] + f[2] - 1 - wave(0.4, 2.5 * PI, 1, 8, f[2] - f[0] - f[1]), v);
}

static void plane(double g, const double *x, double *f)
{
    f[0] = g * (1 - x[0]) * (1 - x[1]);
    f[1] = g * (1 - x[0]) * x[1];
    f[2] = g * x[0];
}

static void mw4(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    plane(g1(x, 3), x, f);
    limit_4(f, v);
}

static void mw5(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    circle((struct shape){ g1(x, 2), x[0] }, 1, f);
    const double a = atan2(f[1], f[0]), r2 = sqr(f[0]) + sqr(f[1]);
    const double l = 0.5 * PI - 2 * fabs(a - 0.25 * PI);
    needs(r2 - sqr(1.7 - wave(0.2, 2, 1, 1, a)), v);
    needs(sqr(1 + wave(0.5, 6, 3, 1, l)) - r2, v);
    needs(sqr(1 - wave(0.45, 6, 3, 1, l)) - r2, v);
}

static void limit_6(const double *f, double *v)
{
    const double a = atan2(f[1], f[0]), c = pow(cos(6 * pow(a, 4)), 10);

    needs(sqr(f[0] / (1 + 0.15 * c)) + sqr(f[1] / (1 + 0.75 * c)) - 1, v);
}

static void mw6(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    circle((struct shape){ g2(x, 2), x[0] }, 1.21, f);
    limit_6(f, v);
}

static void mw7(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    circle((struct shape){ g3(x, 2), x[0] }, 1, f);
    const double a = atan2(f[1], f[0]), r2 = sqr(f[0]) + sqr(f[1]);
    needs(r2 - sqr(1.2 + fabs(wave(0.4, 4, 1, 16, a))), v);
    needs(sqr(1.15 - wave(0.2, 4, 1, 8, a)) - r2, v);
}

static void ball(double g, const double *x, double *f)
{
    const double a = 0.5 * PI * x[0], b = 0.5 * PI * x[1];

    f[0] = g * cos(a) * cos(b);
    f[1] = g * cos(a) * sin(b);
    f[2] = g * sin(a);
}

static void limit_8(const double *f, double *v)
{
    const double r2 = sqr(f[0]) + sqr(f[1]) + sqr(f[2]);

    needs(r2 - sqr(1.25 - wave(0.5, 6, 1, 2, asin(f[2] / sqrt(r2)))), v);
}

static void mw8(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    ball(g2(x, 3), x, f);
    limit_8(f, v);
}

static void mw9(const struct testproblem *t, const double *x, double *f, double *v)
{
    const double g = g1(x, 2);

    (void)t;
    f[0] = g * x[0];
    f[1] = g * (1 - pow(x[0], 0.6));
    const double a = (1 - 0.64 * sqr(f[0]) - f[1]) * (1 - 0.36 * sqr(f[0]) - f[1]);
    const double b = (sqr(1.35) - sqr(f[0] + 0.35) - f[1]) * (sqr(1.15) - sqr(f[0] + 0.15) - f[1]);
    needs(a < b ? a : b, v);
}

static void mw10(const struct testproblem *t, const double *x, double *f, double *v)
{
    const double g = g2(x, 2), s = pow(x[0], N);

    (void)t;
    f[0] = g * s;
    f[1] = g * (1 - s * s);
    const double q = sqr(f[0]);
    needs(-(2 - 4 * q - f[1]) * (2 - 8 * q - f[1]), v);
    needs((2 - 2 * q - f[1]) * (2 - 16 * q - f[1]), v);
    needs((1 - q - f[1]) * (1.2 - 1.2 * q - f[1]), v);
}

static void mw11(const struct testproblem *t, const double *x, double *f, double *v)
{
    (void)t;
    circle((struct shape){ g3(x, 2), x[0] }, 2, f);
    const double q = sqr(f[0]);
    needs(-(3 - q - f[1]) * (3 - 2 * q - f[1]), v);
    needs((3 - 0.625 * q - f[1]) * (3 - 7 * q - f[1]), v);
    needs(-(1.62 - 0.18 * q - f[1]) * (1.125 - 0.125 * q - f[1]), v);
    needs((2.07 - 0.23 * q - f[1]) * (0.63 - 0.07 * q - f[1]), v);
}

static void mw12(const struct testproblem *t, const double *x, double *f, double *v)
{
    const double g = g1(x, 2);

    (void)t;
    f[0] = g * x[0];
    f[1] = g * (0.85 - 0.8 * x[0] - 0.08 * fabs(sin(3.2 * PI * x[0])));
    needs(-(1 - 0.625 * f[0] - f[1] + 0.08 * sin(2 * PI * (f[1] - f[0] / 1.6)))
              * (1.4 - 0.875 * f[0] - f[1] + 0.08 * sin(2 * PI * (f[1] / 1.4 - f[0] / 1.6))),
          v);
    needs((1 - 0.8 * f[0] - f[1] + 0.08 * sin(2 * PI * (f[1] - f[0] / 1.5)))
              * (1.8 - 1.125 * f[0] - f[1] + 0.08 * sin(2 * PI * (f[1] / 1.8 - f[0] / 1.6))),
          v);
}

static void mw13(const struct testproblem *t, const double *x, double *f, double *v)
{
    const double g = g2(x, 2);

    (void)t;
    f[0] = g * x[0];
    f[1] = g * (5 - exp(x[0]) - fabs(0.5 * sin(3 * PI * x[0])));
    const double bend = 0.5 * sin(3 * PI * f[0]) + f[1];
    needs(-(5 - (1 + f[0] + 0.5 * sqr(f[0])) - bend) * (5 - (1 + 0.7 * f[0]) - bend), v);
    needs((5 - exp(f[0]) - bend) * (5 - (1 + 0.4 * f[0]) - bend), v);
}

static void bumps(double g, const double *x, double *f, double *alpha)
{
    double sum = 0;

    *alpha = 0;
    for (size_t j = 0; j < 2; j++) {
        const double bump = 1.5 * sin(1.1 * PI * sqr(x[j]));
        f[j] = x[j];
        sum += 6 - exp(x[j]) - bump;
        *alpha += 6.1 - (1 + x[j] + 0.5 * sqr(x[j]) + bump);
    }
    f[2] = g / 2 * sum;
}

static void mw14(const struct testproblem *t, const double *x, double *f, double *v)
{
    double alpha;

    (void)t;
    bumps(g3(x, 3), x, f, &alpha);
    needs(f[2] - alpha / 2, v);
}

/* Fronts on the unconstrained one, where it is feasible; what is not is pushed out of the way. */
static void only_if(double violation, size_t m, double *f)
{
    for (size_t j = 0; j < m && violation > 1e-12; j++)
        f[j] = UNKNOWN_F64;
}

static void front_1(const struct testproblem *t, const double *u, double *f)
{
    double v = 0;

    (void)t;
    line((struct shape){ 1, u[0] }, 0.85, f);
    limit_1(f, &v);
    only_if(v, 2, f);
}

static void front_2(const struct testproblem *t, const double *u, double *f)
{
    (void)t;
    line((struct shape){ 1, u[0] }, 1, f);
}

static void front_4(const struct testproblem *t, const double *u, double *f)
{
    double v = 0;

    (void)t;
    plane(1, u, f);
    limit_4(f, &v);
    only_if(v, 3, f);
}

static void front_6(const struct testproblem *t, const double *u, double *f)
{
    double v = 0;

    (void)t;
    circle((struct shape){ 1, 1.1 * u[0] }, 1.21, f);
    limit_6(f, &v);
    only_if(v, 2, f);
}

static void front_8(const struct testproblem *t, const double *u, double *f)
{
    double v = 0;

    (void)t;
    ball(1, u, f);
    limit_8(f, &v);
    only_if(v, 3, f);
}

static void front_14(const struct testproblem *t, const double *u, double *f)
{
    const double x[2] = { 1.5 * u[0], 1.5 * u[1] };
    double alpha;

    (void)t;
    bumps(1, x, f, &alpha);
}

#define ROW2(name, doc, hi, r1, r2, front)                                                         \
    {                                                                                              \
#name, doc, N, 2, hi, 0, 0, 0, { r1, r2 }, name, front                                     \
    }
#define ROW3(name, doc, hi, r1, r2, r3, front)                                                     \
    {                                                                                              \
#name, doc, N, 3, hi, 0, 0, 0, { r1, r2, r3 }, name, front                                 \
    }
const struct testproblem testproblem_mw[] = {
    ROW2(mw1, "line cut into pieces", 1, 1.1, 1.1, front_1),
    ROW2(mw2, "line, small feasible region", 1, 1.1, 1.1, front_2),
    ROW2(mw3, "line and a constraint's edge", 1, 1.1, 1.1, NULL),
    ROW3(mw4, "plane cut into pieces", 1, 1.1, 1.1, 1.1, front_4),
    ROW2(mw5, "points of an edge", 1, 1.1, 1.1, NULL),
    ROW2(mw6, "pieces of an arc", 1.1, 1.21, 1.21, front_6),
    ROW2(mw7, "arc and edge", 1, 1.3, 1.3, NULL),
    ROW3(mw8, "pieces of a sphere", 1, 1.1, 1.1, 1.1, front_8),
    ROW2(mw9, "edge", 1, 1.1, 1.1, NULL),
    ROW2(mw10, "edges", 1, 1.1, 1.1, NULL),
    ROW2(mw11, "edges", 1.4142135623730951, 2.3, 2.3, NULL),
    ROW2(mw12, "wavy, edge", 1, 1.1, 1.1, NULL),
    ROW2(mw13, "wavy, edge", 1.5, 1.8, 4.9, NULL),
    ROW3(mw14, "wavy surface", 1.5, 1.65, 1.65, 6.6, front_14),
};
const size_t testproblem_n_mw = sizeof testproblem_mw / sizeof *testproblem_mw;
