/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/detmath.h"

#include "core/num.h"
#include "core/rng.h"

#include "support/close.h"

static void exp_agrees_with_libm_to_1e_15(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 1, 0);
    for (int i = 0; i < 200000; i++) {
        const double x = i % 2 ? 1400 * rng_f64(&r) - 700 : 4 * rng_f64(&r) - 2;
        assert_rel(det_exp(x), exp(x), 1e-15);
    }
}

static void log_agrees_with_libm_to_1e_15(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 2, 0);
    for (int i = 0; i < 200000; i++) {
        const double u = rng_f64(&r), x = i % 3 == 0   ? exp(1400 * u - 700)
                                          : i % 3 == 1 ? 0.5 + u
                                                       : 1 + (u - 0.5) / 1e6;
        assert_rel(det_log(x), log(x), 1e-15);
    }
}

static void edges_are_as_in_the_standard(void **state)
{
    (void)state;
    assert_true(det_exp(0) == 1);
    assert_true(det_exp(-INF_F64) == 0);
    assert_true(det_exp(INF_F64) == INF_F64);
    assert_true(det_exp(710) == INF_F64);
    assert_true(det_exp(-746) == 0);
    assert_true(isnan(det_exp(UNKNOWN_F64)));
    assert_rel(det_exp(-740), exp(-740), 1e-2);
    assert_rel(det_exp(709.7), exp(709.7), 1e-15);
    assert_true(det_log(1) == 0);
    assert_true(det_log(0) == -INF_F64);
    assert_true(det_log(INF_F64) == INF_F64);
    assert_true(isnan(det_log(-1)));
    assert_rel(det_log(5e-324), log(5e-324), 1e-15);
    assert_rel(det_pow(2, 10), 1024, 1e-14);
    assert_true(det_pow(0, 0.5) == 0);
    assert_true(det_pow(0, 0) == 1);
}

static void known_digits_are_right(void **state)
{
    (void)state;
    assert_rel(det_exp(1), 2.718281828459045, 1e-15);
    assert_rel(det_log(10), 2.302585092994046, 1e-15);
    /* T7.6: an acceptance of 0.8 for a mean worsening of 0.1, and its first accept probability */
    assert_rel(-0.1 / det_log(0.8), 0.4481420118, 1e-9);
    assert_rel(det_exp(-0.05 / (-0.1 / det_log(0.8))), 0.894427191, 1e-9);
    assert_rel(det_pow(1e-3, 1.0 / 2000), 0.9965520801, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_agrees_with_libm_to_1e_15),
        cmocka_unit_test(log_agrees_with_libm_to_1e_15),
        cmocka_unit_test(edges_are_as_in_the_standard),
        cmocka_unit_test(known_digits_are_right),
    };
    return cmocka_run_group_tests_name("core/detmath", tests, NULL, NULL);
}
