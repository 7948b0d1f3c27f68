/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/testproblem.h"

#include "core/num.h"
#include "search/hypervolume.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

static void evaluate(const char *name, const double *x, double *f, double *violation)
{
    const struct testproblem *t = testproblem_find(name);

    assert_non_null(t);
    *violation = 0;
    t->evaluate(t, x, f, violation);
}

/* Worked by hand from the definitions. */
static void values_at_chosen_points(void **state)
{
    double x[TESTPROBLEM_MAX_VARS], f[4], v;
    const double half = sqrt(0.5);

    (void)state;
    for (size_t i = 0; i < TESTPROBLEM_MAX_VARS; i++)
        x[i] = 0.25;
    evaluate("zdt1", x, f, &v); /* g = 3.25 */
    assert_rel(f[0], 0.25, 0);
    assert_rel(f[1], 3.25 * (1 - sqrt(0.25 / 3.25)), 1e-14);
    evaluate("zdt2", x, f, &v);
    assert_rel(f[1], 3.25 * (1 - 0.0625 / (3.25 * 3.25)), 1e-14);
    evaluate("zdt3", x, f, &v); /* sin(2.5 pi) = 1 */
    assert_rel(f[1], 3.25 * (1 - sqrt(0.25 / 3.25) - 0.25 / 3.25), 1e-13);
    evaluate("zdt4", x, f, &v); /* g = 91 + 9 (0.0625 + 10) */
    assert_rel(f[1], 181.5625 * (1 - sqrt(0.25 / 181.5625)), 1e-13);
    evaluate("zdt6", x, f, &v); /* f1 = 1 - e^-1 sin(1.5 pi)^6, g = 1 + 9 0.25^0.25 */
    assert_rel(f[0], 1 - exp(-1), 1e-14);
    const double g = 1 + 9 * half;
    assert_rel(f[1], g * (1 - f[0] * f[0] / (g * g)), 1e-14);

    for (size_t i = 0; i < TESTPROBLEM_MAX_VARS; i++)
        x[i] = 0.5;
    evaluate("dtlz1", x, f, &v);
    assert_rel(f[0], 0.125, 1e-14);
    assert_rel(f[1], 0.125, 1e-14);
    assert_rel(f[2], 0.25, 1e-14);
    evaluate("dtlz2", x, f, &v);
    assert_rel(f[0], 0.5, 1e-14);
    assert_rel(f[2], half, 1e-14);
    x[11] = 0.6; /* g = 100 (1 + 0.01 - cos 2 pi) = 1 */
    evaluate("dtlz3", x, f, &v);
    assert_rel(f[2], 2 * half, 1e-12);
    evaluate("dtlz2", x, f, &v);
    assert_rel(f[2], 1.01 * half, 1e-14);
    x[11] = 0.5;
    evaluate("dtlz7", x, f, &v); /* g = 5.5; f_1 = f_2 = 0.5, sin(1.5 pi) = -1 */
    assert_rel(f[2], 6.5 * 3, 1e-14);
    evaluate("dtlz6", x, f, &v); /* g = 10 0.5^0.1 */
    assert_rel(f[2], (1 + 10 * pow(0.5, 0.1)) * half, 1e-14);

    for (size_t i = 0; i < TESTPROBLEM_MAX_VARS; i++)
        x[i] = 0;
    evaluate("wfg1", x, f, &v); /* all distances 1, all positions 0 */
    assert_rel(f[0], 1, 1e-12);
    assert_rel(f[1], 5, 1e-12);
    evaluate("mw1", x, f, &v); /* g = 1 + sum of 1 - exp(-10 (0.5 + i/30)^2), i = 1 .. 14 */
    double g1 = 1;
    for (int i = 1; i < 15; i++)
        g1 += 1 - exp(-10 * (0.5 + i / 30.0) * (0.5 + i / 30.0));
    assert_rel(f[1], g1, 1e-14);
    const double wave = sin(2 * 3.14159265358979323846 * sqrt(2) * g1);
    assert_rel(v, g1 - 1 - 0.5 * pow(wave, 8), 1e-9);
    evaluate("mw14", x, f, &v); /* g = 1 + 14 2 (0.25 - 1)^2 on 13 variables */
    assert_rel(f[2], (1 + 13 * 2 * 0.5625) * 5, 1e-14);
    assert_rel(v, f[2] - 5.1, 1e-14);
}

/* Distance parameters at 0.35 of their range are the optimum of wfg2 to wfg7 (and of wfg1, but
 * there a last bit of rounding becomes its 50th root). */
static void wfg_points_with_optimal_distances_are_on_the_front(void **state)
{
    static const struct {
        const char *name;
        bool ellipse; /* (f1/2)^2 + (f2/4)^2 = 1; else the ends of the front are checked */
    } row[] = { { "wfg2", false }, { "wfg3", false }, { "wfg4", true },
                { "wfg5", true },  { "wfg6", true },  { "wfg7", true } };
    double x[TESTPROBLEM_MAX_VARS], f[4], want[4], v;

    (void)state;
    for (size_t p = 0; p < sizeof row / sizeof *row; p++) {
        const struct testproblem *t = testproblem_find(row[p].name);
        for (int k = 0; k <= 1; k++) {
            for (size_t i = 0; i < t->n_vars; i++)
                x[i] = (i < 4 ? k : 0.35) * 2 * (double)(i + 1);
            evaluate(row[p].name, x, f, &v);
            t->front(t, (const double[]){ k }, want);
            if (row[p].ellipse)
                assert_true(fabs(f[0] * f[0] / 4 + f[1] * f[1] / 16 - 1) < 1e-9);
            else
                assert_true(fabs(f[0] - want[0]) < 1e-9 && fabs(f[1] - want[1]) < 1e-9);
            x[10] += 2; /* away from the optimum nothing gets better */
            evaluate(row[p].name, x, want, &v);
            assert_true(want[0] > f[0] && want[1] > f[1]);
        }
    }
}

static double front_volume(const struct testproblem *t, const double *ref, size_t n)
{
    double *col = malloc(n * t->n_obj * sizeof *col), volume;
    double *obj[4];
    size_t n_out;

    for (size_t j = 0; j < t->n_obj; j++)
        obj[j] = col + j * n;
    assert_int_equal(testproblem_front(t, n, obj, &n_out, NULL), COSIM_OK);
    assert_true(n_out > 10);
    assert_int_equal(hypervolume((const double *const *)obj, n_out, t->n_obj, ref, &volume, NULL),
                     COSIM_OK);
    free(col);
    return volume;
}

/* Volumes of the continuous fronts by integration: 1.1^2 - 1/3 and so on. */
static void fronts_have_their_known_volumes(void **state)
{
    static const struct {
        const char *name;
        double want, tolerance;
    } row[] = {
        { "zdt1", 1.21 - 1.0 / 3, 1e-3 },
        { "zdt2", 1.21 - 2.0 / 3, 1e-3 },
        { "zdt4", 1.21 - 1.0 / 3, 1e-3 },
        { "dtlz1", 0.55 * 0.55 * 0.55 - 0.125 / 6, 1e-2 },
        { "dtlz2", 1.331 - 3.14159265358979 / 6, 1e-2 },
        { "mw2", 1.21 - 0.5, 1e-3 },
        { "wfg3", 2.2 * 4.4 - 4, 1e-3 },
        { "wfg4", 2.2 * 4.4 - 2 * 3.14159265358979, 1e-3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct testproblem *t = testproblem_find(row[i].name);
        assert_rel(front_volume(t, t->ref, 20000), row[i].want, row[i].tolerance);
    }
}

/* No random point may dominate a point of the front. */
static void nothing_is_below_the_fronts(void **state)
{
    enum { N = 2000 };
    static double col[4][N], x[TESTPROBLEM_MAX_VARS];
    double *obj[4] = { col[0], col[1], col[2], col[3] };
    struct search_axis axis[TESTPROBLEM_MAX_VARS];
    struct rng r;

    (void)state;
    rng_stream(&r, 1, 1);
    for (size_t p = 0; p < testproblem_count(); p++) {
        const struct testproblem *t = testproblem_at(p);
        const struct search_problem sp = testproblem_problem(t, axis);
        size_t n;
        assert_int_equal(problem_check(&sp, NULL), COSIM_OK);
        if (!t->front)
            continue;
        assert_int_equal(testproblem_front(t, N, obj, &n, NULL), COSIM_OK);
        for (int trial = 0; trial < 300; trial++) {
            double f[4], v = 0;
            problem_random(&sp, &r, x);
            t->evaluate(t, x, f, &v);
            for (size_t j = 0; j < t->n_obj; j++)
                assert_true(f[j] < INF_F64);
            for (size_t i = 0; i < n && v == 0; i++) {
                bool below = true;
                for (size_t j = 0; j < t->n_obj; j++)
                    below = below && f[j] < obj[j][i] - 1e-9;
                if (below)
                    fail_msg("%s: a random point is below the front", t->name);
            }
        }
    }
}

static void the_registry_has_every_family(void **state)
{
    (void)state;
    assert_int_equal(testproblem_count(), 5 + 7 + 9 + 14);
    assert_null(testproblem_find("zdt5"));
    assert_null(testproblem_at(35));
    assert_string_equal(testproblem_at(34)->name, "mw14");
    assert_int_equal(testproblem_find("zdt4")->n_vars, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_at_chosen_points),
        cmocka_unit_test(wfg_points_with_optimal_distances_are_on_the_front),
        cmocka_unit_test(fronts_have_their_known_volumes),
        cmocka_unit_test(nothing_is_below_the_fronts),
        cmocka_unit_test(the_registry_has_every_family),
    };
    return cmocka_run_group_tests_name("search/testproblem", tests, NULL, NULL);
}
