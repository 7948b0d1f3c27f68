/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/testproblem.h"

#include <math.h>

#define PI 3.14159265358979323846

static double mean_of_rest(const struct testproblem *t, const double *x)
{
    double sum = 0;

    for (size_t i = 1; i < t->n_vars; i++)
        sum += x[i];
    return sum / (double)(t->n_vars - 1);
}

static void zdt1(const struct testproblem *t, const double *x, double *f, double *violation)
{
    const double g = 1 + 9 * mean_of_rest(t, x);

    (void)violation;
    f[0] = x[0];
    f[1] = g * (1 - sqrt(f[0] / g));
}

static void zdt2(const struct testproblem *t, const double *x, double *f, double *violation)
{
    const double g = 1 + 9 * mean_of_rest(t, x), r = x[0] / g;

    (void)violation;
    f[0] = x[0];
    f[1] = g * (1 - r * r);
}

static void zdt3(const struct testproblem *t, const double *x, double *f, double *violation)
{
    const double g = 1 + 9 * mean_of_rest(t, x), r = x[0] / g;

    (void)violation;
    f[0] = x[0];
    f[1] = g * (1 - sqrt(r) - r * sin(10 * PI * x[0]));
}

static void zdt4(const struct testproblem *t, const double *x, double *f, double *violation)
{
    double g = 1 + 10 * (double)(t->n_vars - 1);

    (void)violation;
    for (size_t i = 1; i < t->n_vars; i++)
        g += x[i] * x[i] - 10 * cos(4 * PI * x[i]);
    f[0] = x[0];
    f[1] = g * (1 - sqrt(f[0] / g));
}

static void zdt6(const struct testproblem *t, const double *x, double *f, double *violation)
{
    const double g = 1 + 9 * sqrt(sqrt(mean_of_rest(t, x)));

    (void)violation;
    f[0] = 1 - exp(-4 * x[0]) * pow(sin(6 * PI * x[0]), 6);
    f[1] = g * (1 - f[0] / g * (f[0] / g));
}

/* The fronts have g = 1: the rest is 0. */
static void zdt_front(const struct testproblem *t, const double *u, double *f)
{
    double x[TESTPROBLEM_MAX_VARS] = { u[0] }, violation = 0;

    t->evaluate(t, x, f, &violation);
}

const struct testproblem testproblem_zdt[] = {
    { "zdt1", "convex", 30, 2, 1, 0, 0, 0, { 1.1, 1.1 }, zdt1, zdt_front },
    { "zdt2", "concave", 30, 2, 1, 0, 0, 0, { 1.1, 1.1 }, zdt2, zdt_front },
    { "zdt3", "five pieces", 30, 2, 1, 0, 0, 0, { 1.1, 1.1 }, zdt3, zdt_front },
    { "zdt4", "21^9 local fronts", 10, 2, 1, 0, -5, 5, { 1.1, 1.1 }, zdt4, zdt_front },
    { "zdt6", "uneven density", 10, 2, 1, 0, 0, 0, { 1.1, 1.1 }, zdt6, zdt_front },
};
const size_t testproblem_n_zdt = sizeof testproblem_zdt / sizeof *testproblem_zdt;
