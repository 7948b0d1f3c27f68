/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/indicators.h"

#include "core/num.h"
#include "core/rng.h"
#include "search/choice.h"
#include "search/eps_archive.h"
#include "search/stats.h"
#include "search/weights.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

/* T7.4 */
static void crowding_of_the_worked_example(void **state)
{
    const double x[] = { 0, 1, 4, 10 }, y[] = { 10, 6, 3, 0 };
    const double *const col[] = { x, y };
    double d[4];

    (void)state;
    assert_int_equal(indicator_crowding(&(struct points){ 4, 2, col }, d, NULL), COSIM_OK);
    assert_true(d[0] == INF_F64 && d[3] == INF_F64);
    assert_rel(d[1], 1.1, 1e-15);
    assert_rel(d[2], 1.5, 1e-15);
    const double flat[] = { 2, 2, 2, 2 };
    const double *const with_flat[] = { x, flat };
    assert_int_equal(indicator_crowding(&(struct points){ 4, 2, with_flat }, d, NULL), COSIM_OK);
    assert_rel(d[1], 0.4, 1e-15);
}

/* T7.5 */
static void epsilon_boxes_of_the_worked_example(void **state)
{
    static const double x[3][2] = { { 1.0, 5.0 }, { 1.2, 4.9 }, { 1.3, 4.6 } };
    static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

    (void)state;
    for (int o = 0; o < 6; o++) {
        struct eps_archive *a;
        assert_int_equal(eps_archive_new(&a, 2, (const double[]){ 0.5, 0.5 }, NULL, NULL),
                         COSIM_OK);
        for (int i = 0; i < 3; i++)
            assert_int_equal(eps_archive_add(a, (uint64_t)order[o][i], x[order[o][i]], NULL, NULL),
                             COSIM_OK);
        assert_int_equal(eps_archive_size(a), 1);
        assert_int_equal(eps_archive_id(a, 0), 2);
        assert_rel(eps_archive_box(a, 0)[0], 2, 0);
        assert_rel(eps_archive_box(a, 0)[1], 9, 0);
        eps_archive_free(a);
    }
}

static struct eps_archive *boxes(size_t from, size_t to, double (*x)[3], bool log_scale)
{
    const double eps[3] = { 0.1, 0.1, 0.1 };
    const bool is_log[3] = { log_scale, log_scale, log_scale };
    struct eps_archive *a;

    assert_int_equal(eps_archive_new(&a, 3, eps, is_log, NULL), COSIM_OK);
    for (size_t i = from; i < to; i++)
        assert_int_equal(eps_archive_add(a, i, x[i], NULL, NULL), COSIM_OK);
    return a;
}

static void assert_same_boxes(struct eps_archive *a, struct eps_archive *b)
{
    eps_archive_sort(a);
    eps_archive_sort(b);
    assert_int_equal(eps_archive_size(a), eps_archive_size(b));
    for (size_t i = 0; i < eps_archive_size(a); i++) {
        assert_int_equal(eps_archive_id(a, i), eps_archive_id(b, i));
        assert_memory_equal(eps_archive_point(a, i), eps_archive_point(b, i), 3 * sizeof(double));
    }
}

static void an_epsilon_archive_is_a_set_with_a_merge(void **state)
{
    enum { N = 3000 };
    static double x[N][3];
    struct rng r;

    (void)state;
    rng_stream(&r, 7, 7);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < 3; j++)
            x[i][j] = (double)rng_below(&r, 60) / 40;
    for (int is_log = 0; is_log < 2; is_log++) {
        struct eps_archive *all = boxes(0, N, x, is_log), *a = boxes(0, N / 3, x, is_log),
                           *b = boxes(N / 3, N / 2, x, is_log), *c = boxes(N / 2, N, x, is_log);
        assert_int_equal(eps_archive_merge(c, a, NULL), COSIM_OK);
        assert_int_equal(eps_archive_merge(c, b, NULL), COSIM_OK);
        assert_same_boxes(c, all);
        assert_int_equal(eps_archive_merge(c, all, NULL), COSIM_OK);
        assert_same_boxes(c, all);
        assert_true(is_log == (eps_archive_n_ignored(all) > 0));
        /* every point is covered up to one box */
        for (size_t i = 0; i < N && !is_log; i++) {
            bool covered = false;
            for (size_t k = 0; k < eps_archive_size(all) && !covered; k++) {
                covered = true;
                for (size_t j = 0; j < 3; j++)
                    covered = covered && eps_archive_point(all, k)[j] <= x[i][j] + 0.1 + 1e-12;
            }
            assert_true(covered);
        }
        eps_archive_free(all);
        eps_archive_free(a);
        eps_archive_free(b);
        eps_archive_free(c);
    }
    struct eps_archive *a = boxes(0, 1, x, false), *b = boxes(0, 0, x, true), *none;
    assert_int_equal(eps_archive_merge(a, b, NULL), COSIM_EINTERNAL);
    assert_int_equal(eps_archive_new(&none, 1, (const double[]){ 0 }, NULL, NULL), COSIM_ERANGE);
    eps_archive_free(a);
    eps_archive_free(b);
}

static void indicators_of_a_small_front(void **state)
{
    const double *const ref[] = { (const double[]){ 0, 0.5, 1 }, (const double[]){ 1, 0.5, 0 } };
    const double *const front[] = { (const double[]){ 0.1, 1 }, (const double[]){ 1, 0.2 } };
    const struct points r = { 3, 2, ref }, f = { 2, 2, front }, none = { 0, 2, front };

    (void)state;
    /* distances counting only what is worse: 0.1; min(0.5, 0.5); 0.2 */
    assert_rel(indicator_igd_plus(&f, &r), (0.1 + 0.5 + 0.2) / 3, 1e-14);
    assert_rel(indicator_epsilon(&f, &r), 0.5, 1e-15);
    assert_true(indicator_igd_plus(&r, &r) == 0);
    assert_true(indicator_epsilon(&r, &r) == 0);
    assert_true(indicator_igd_plus(&none, &r) == INF_F64);
    assert_true(indicator_spread(&r, &r) < 1e-15);
    assert_true(indicator_spread(&f, &r) > 0.05);
}

/* T7.7 and the counts of section 7.2 */
static void weights_and_scalar_function(void **state)
{
    double w[21 * 3], sum = 0;

    (void)state;
    assert_rel(weights_tchebycheff((const double[]){ .5, .3, .2 }, (const double[]){ .2, .6, .1 },
                                   3, 0.05),
               0.195, 1e-14);
    assert_int_equal(weights_count(3, 5), 21);
    assert_int_equal(weights_count(2, 99), 100);
    assert_int_equal(weights_count(1, 7), 1);
    assert_int_equal(weights_step_for(3, 21), 5);
    assert_int_equal(weights_step_for(3, 22), 6);
    weights_das_dennis(3, 5, w);
    for (size_t i = 0; i < 21; i++) {
        assert_rel(w[3 * i] + w[3 * i + 1] + w[3 * i + 2], 1, 1e-15);
        for (size_t k = 0; k < i; k++)
            assert_true(memcmp(w + 3 * i, w + 3 * k, 3 * sizeof *w) != 0);
        sum += w[3 * i + 1];
    }
    assert_rel(sum, 7, 1e-14); /* by symmetry */
}

static void knees_regret_and_robustness(void **state)
{
    const double *const col[] = { (const double[]){ 1, 2, 10 }, (const double[]){ 10, 2, 1 } };
    const struct points f = { 3, 2, col };
    struct regret r[3];
    struct robustness rb;
    double bulge[3];

    (void)state;
    assert_int_equal(choice_knee(&f, bulge), 1);
    assert_true(fabs(bulge[0]) < 1e-15);
    assert_rel(bulge[1], (1 - 2.0 / 9) / sqrt(2), 1e-14);
    assert_int_equal(choice_regrets(&f, 10, r, NULL), COSIM_OK);
    assert_true(r[1].max < r[0].max && r[1].mean < r[0].mean);
    assert_rel(r[0].max, r[2].max, 1e-14); /* by symmetry */
    /* weight all on the second objective: (1 - 0) (1 + 0.05) */
    assert_rel(r[0].max, 1.05, 1e-14);
    /* twice as much for the first: 2/3 of it, and 0.05 of the weighted sum */
    double value[3];
    choice_values(&f, (const double[]){ 2, 1 }, value);
    assert_rel(value[0], 1.0 / 3 + 0.05 / 3, 1e-14);
    assert_rel(value[1], 2.0 / 27 + 0.05 / 9, 1e-14);
    assert_rel(value[2], 2.0 / 3 + 0.05 * 2 / 3, 1e-14);
    /* (1, 10) can dominate (2, 2) when 10 (1 - t e) <= 2 (1 + t e): t e = 8/12 */
    choice_robustness(&f, 1, (const double[]){ 0.1, 0.1 }, &rb);
    assert_int_equal(rb.certainly_dominated, 0);
    assert_int_equal(rb.possibly_dominated, 0);
    assert_rel(rb.tolerance, 8.0 / 12 / 0.1, 1e-14);
    choice_robustness(&f, 1, (const double[]){ 0.7, 0.7 }, &rb);
    assert_int_equal(rb.possibly_dominated, 2);
    const double *const two[] = { (const double[]){ 1, 2 }, (const double[]){ 1, 2 } };
    choice_robustness(&(struct points){ 2, 2, two }, 1, (const double[]){ 0.1, 0.1 }, &rb);
    assert_int_equal(rb.certainly_dominated, 1);
    assert_true(rb.tolerance == 0);
}

static void rank_tests_match_known_values(void **state)
{
    /* 1 .. 5 against 6 .. 10: of 252 arrangements one is as extreme on each side */
    const double a[] = { 1, 2, 3, 4, 5 }, b[] = { 6, 7, 8, 9, 10 };
    const double c[] = { 1, 4, 2, 9 }, d[] = { 3, 5, 6, 7, 8 }, same[] = { 4, 4, 4 };
    struct rank_test t;
    struct quartiles q;
    double big_a[40], big_b[40];

    (void)state;
    assert_int_equal(stats_rank_test(a, 5, b, 5, &t, NULL), COSIM_OK);
    assert_true(t.u == 0 && t.a12 == 0);
    assert_rel(t.p, 2.0 / 252, 1e-14);
    assert_int_equal(stats_rank_test(c, 4, d, 5, &t, NULL), COSIM_OK);
    assert_rel(t.u, 6, 0); /* 4 beats 3; 9 beats all five */
    /* arrangements of 4 and 5 with U <= 6: 1, 1, 2, 3, 5, 6, 8 (partitions in a 4 x 5 box) of 126
     */
    assert_rel(t.p, 2 * 26.0 / 126, 1e-14);
    assert_int_equal(stats_rank_test(same, 3, same, 3, &t, NULL), COSIM_OK);
    assert_true(t.p == 1 && t.a12 == 0.5);
    for (int i = 0; i < 40; i++) {
        big_a[i] = i;
        big_b[i] = i + 10.5;
    }
    assert_int_equal(stats_rank_test(big_a, 40, big_b, 40, &t, NULL), COSIM_OK);
    /* 435 pairs; z = (800 - 435 - 0.5) / sqrt(1600 * 81 / 12) */
    assert_rel(t.u, 435, 0);
    assert_rel(t.p, erfc(364.5 / sqrt(10800) / sqrt(2)), 1e-10);
    assert_int_equal(stats_quartiles(d, 5, &q, NULL), COSIM_OK);
    assert_true(q.q1 == 5 && q.median == 6 && q.q3 == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowding_of_the_worked_example),
        cmocka_unit_test(epsilon_boxes_of_the_worked_example),
        cmocka_unit_test(an_epsilon_archive_is_a_set_with_a_merge),
        cmocka_unit_test(indicators_of_a_small_front),
        cmocka_unit_test(weights_and_scalar_function),
        cmocka_unit_test(knees_regret_and_robustness),
        cmocka_unit_test(rank_tests_match_known_values),
    };
    return cmocka_run_group_tests_name("search/indicators", tests, NULL, NULL);
}
