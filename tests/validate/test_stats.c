/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "support/close.h"
#include "validate/stats.h"

/* Errors 0.1, -0.1, 0.2, -0.5, 1 worked by hand:
 * |e| sorted .1 .1 .2 .5 1: mean .38, median .2, p90 at index 3.6: .5 + .6 * .5 = .8;
 * e sorted -.5 -.1 .1 .2 1: median .1. Ranks of 10 20 30 40 50 against 11 18 36 20 100 are
 * 1 2 3 4 5 against 1 2 4 3 5: 1 - 6 * 2 / (5 * 24) = .9 */
static const double measured[] = { 10, 20, 30, 40, 50 }, predicted[] = { 11, 18, 36, 20, 100 };
#define N 5u

static void errors_of(const double *m, const double *p, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = relative_error(m[i], p[i]);
}

static void statistics_equal_the_ones_worked_by_hand(void **state)
{
    (void)state;
    struct error_stats s;
    double error[N];

    errors_of(measured, predicted, N, error);
    assert_int_equal(error_stats_of(&s, error, measured, predicted, N, NULL), COSIM_OK);
    assert_int_equal(s.n, N);
    assert_rel(s.mape_ratio, 0.38, 1e-12);
    assert_rel(s.median_ape_ratio, 0.2, 1e-12);
    assert_rel(s.p90_ape_ratio, 0.8, 1e-12);
    assert_rel(s.bias_ratio, 0.1, 1e-12);
    assert_rel(s.spearman, 0.9, 1e-12);
}

static void a_perfect_prediction_has_no_error_and_rank_correlation_one(void **state)
{
    (void)state;
    struct error_stats s;
    double error[N];

    errors_of(measured, measured, N, error);
    assert_int_equal(error_stats_of(&s, error, measured, measured, N, NULL), COSIM_OK);
    assert_rel(s.mape_ratio, 0.0, 0);
    assert_rel(s.p90_ape_ratio, 0.0, 0);
    assert_rel(s.spearman, 1.0, 1e-15);
}

static void the_order_of_the_pairs_does_not_matter(void **state)
{
    (void)state;
    struct error_stats a, b;
    double error[N], m[N], p[N], turned[N];

    for (size_t i = 0; i < N; i++) {
        m[i] = measured[N - 1 - i];
        p[i] = predicted[N - 1 - i];
    }
    errors_of(measured, predicted, N, error);
    errors_of(m, p, N, turned);
    assert_int_equal(error_stats_of(&a, error, measured, predicted, N, NULL), COSIM_OK);
    assert_int_equal(error_stats_of(&b, turned, m, p, N, NULL), COSIM_OK);
    assert_rel(a.mape_ratio, b.mape_ratio, 0);
    assert_rel(a.p90_ape_ratio, b.p90_ape_ratio, 0);
    assert_rel(a.bias_ratio, b.bias_ratio, 0);
    assert_rel(a.spearman, b.spearman, 1e-15);
}

/* Ranks 1 2.5 2.5 4 against 1 2 3 4: the covariance is 4.5, the variances 4.5 and 5. */
static void ties_share_their_rank(void **state)
{
    (void)state;
    const double x[] = { 1, 2, 2, 3 }, y[] = { 10, 20, 30, 40 };
    struct error_stats s;
    double error[4];

    errors_of(x, y, 4, error);
    assert_int_equal(error_stats_of(&s, error, x, y, 4, NULL), COSIM_OK);
    assert_rel(s.spearman, 4.5 / sqrt(4.5 * 5.0), 1e-12);
}

static void what_is_not_defined_is_unknown(void **state)
{
    (void)state;
    const double same[] = { 2, 2, 2 }, other[] = { 1, 2, 3 };
    struct error_stats s;
    double error[3];

    assert_int_equal(error_stats_of(&s, NULL, NULL, NULL, 0, NULL), COSIM_OK);
    assert_true(s.n == 0 && !is_known(s.mape_ratio) && !is_known(s.spearman));
    errors_of(other, same, 3, error);
    assert_int_equal(error_stats_of(&s, error, other, same, 3, NULL), COSIM_OK);
    assert_false(is_known(s.spearman)); /* a constant has no ranks */
    assert_int_equal(error_stats_of(&s, error, other, same, 2, NULL), COSIM_OK);
    assert_false(is_known(s.spearman)); /* two pairs always agree or disagree fully */
    assert_rel(s.mape_ratio, 0.5, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_equal_the_ones_worked_by_hand),
        cmocka_unit_test(a_perfect_prediction_has_no_error_and_rank_correlation_one),
        cmocka_unit_test(the_order_of_the_pairs_does_not_matter),
        cmocka_unit_test(ties_share_their_rank),
        cmocka_unit_test(what_is_not_defined_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
