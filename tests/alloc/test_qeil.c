/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/qeil.h"

#include "core/num.h"

#include "support/close.h"

#include <gsl/gsl_errno.h>

static const struct qeil_pressure usual = { 0 };
static const struct qeil_package package = { 35, 0.4 };
static const struct qeil_leakage leakage = { 10, 50, 30 };

static void memory_pressure_rises_from_the_knee(void **state)
{
    static const double want[][2] = {
        { .5, 1 }, { .85, 1.016666667 }, { .90, 1.1 }, { .95, 1.45 }, { .98, 2.62 }
    };

    (void)state;
    assert_rel(qeil_cpq(16.06e9 + 4.29e9 * 1.04 + 1e9, 24e9), 0.8967333333, 1e-6); /* T5.3 */
    for (size_t i = 0; i < 5; i++)                                                 /* T5.4 */
        assert_rel(qeil_pressure(want[i][0], &usual), want[i][1], 1e-6);
    assert_rel(qeil_pressure(3.0, &usual), qeil_pressure(0.98, &usual), 0);
    assert_rel(qeil_pressure(0.8, &usual), 1.0, 0);
    assert_rel(qeil_pressure(0.9, &(struct qeil_pressure){ 2, 0.7, 0.95 }), 1.8, 1e-12);
}

static void leakage_doubles(void **state)
{
    static const double want[][2] = {
        { 65, 14.14213562 }, { 80, 20 }, { 95, 28.28427125 }, { 110, 40 }
    };

    (void)state; /* T6.4, T6.4b */
    for (size_t i = 0; i < 4; i++)
        assert_rel(qeil_leak(&leakage, want[i][0]), want[i][1], 1e-6);
    const double ratio = qeil_subthreshold_ratio(85, 25, 0.35, 1.3);
    assert_rel(ratio, 8.349655332, 1e-6);
    assert_rel(60 / log2(ratio), 19.59684940, 1e-6);
}

static void the_steady_state_is_a_fixed_point(void **state)
{
    struct qeil_steady s;

    (void)state; /* T6.5, T6.5c */
    assert_int_equal(qeil_steady_state(&s, &package, &leakage, 60, NULL), COSIM_OK);
    assert_rel(s.z, 0.1137819039, 1e-6);
    assert_rel(s.temperature_c, 64.60553096, 1e-6);
    assert_rel(s.leak_w, 14.01382739, 1e-6);
    assert_rel(s.loop_gain, 0.129515266, 1e-6);
    assert_rel(package.ambient_c + package.k_per_w * (60 + s.leak_w), s.temperature_c, 1e-12);
    assert_rel(qeil_phi(60, s.leak_w), 0.8106593337, 1e-6);
    assert_rel(qeil_sustained_w(&package, &leakage, 85), 102.550759, 1e-6);
    assert_int_equal(qeil_steady_state(&s, &package, &leakage, 102.550759, NULL), COSIM_OK);
    assert_rel(s.temperature_c, 85, 1e-6);
}

static void runaway_exactly_beyond_1_over_e(void **state)
{
    const struct qeil_package weak = { 35, 0.5 };
    const struct qeil_leakage hot = { 20, 50, 25 };
    struct qeil_steady s;
    cosim_error e = { 0 };

    (void)state; /* T6.5b */
    assert_int_equal(qeil_steady_state(&s, &weak, &hot, 60, &e), COSIM_ENO);
    assert_rel(s.z, 0.4202458659, 1e-6);
    assert_false(is_known(s.temperature_c));
    for (double w = 0; w < 120; w += 1.0) {
        const cosim_status st = qeil_steady_state(&s, &weak, &hot, w, NULL);
        assert_int_equal(st, s.z <= exp(-1.0) ? COSIM_OK : COSIM_ENO);
        if (st == COSIM_OK)
            assert_true(s.loop_gain <= 1.0);
    }
}

static void throttling_takes_its_time(void **state)
{
    const struct qeil_package p = { 35, 0.5 };

    (void)state; /* T6.5d */
    assert_rel(qeil_throttle_s(&p, 40, 120, 85), 35.83518938, 1e-6);
    assert_true(isinf(qeil_throttle_s(&p, 40, 100, 85)));
}

static void decode_starves_the_arithmetic_and_prefill_feeds_it(void **state)
{
    const double flops_per_s = 989e12, bytes_per_s = 3.35e12;

    (void)state; /* T6.7: decode of T6.3 with a hard max, prefill of 2048 tokens with p = 4 */
    assert_rel(qeil_dasi(16083582976 / flops_per_s, 15277883392 / bytes_per_s, 0, INF_F64),
               0.003565891532, 1e-6);
    assert_rel(qeil_dasi(29688401494016 / flops_per_s, 15277752320 / bytes_per_s, 0, 4),
               0.9998668651, 1e-9);
    assert_rel(qeil_dasi(3, 4, 0, 2), 0.6, 1e-15);
    assert_rel(qeil_dasi(1, 2, 1, 1), 0.25, 1e-15);
    assert_rel(qeil_dasi(0, 0, 0, 4), 0, 0);
}

static void the_unified_energy(void **state)
{
    const struct qeil_work w = { 16083582976, 15277883392, 5.365367302e-03, 0.35e-12, 40e-12, 100 };
    const double g = qeil_pressure(0.8967333333, &usual);

    (void)state; /* T6.8 */
    assert_rel(g, 1.090613342, 1e-6);
    const struct qeil_work dynamic = { w.flops, w.bytes, w.time_s, w.j_per_flop, w.j_per_byte, 0 };
    assert_rel(qeil_energy(&dynamic, g, 1), 0.6721197925, 1e-6);
    assert_rel(qeil_energy(&dynamic, g, 0.8106593337), 0.8291026385, 1e-6);
    assert_rel(qeil_energy(&w, g, 0.8106593337), 1.365639369, 1e-6);
}

/* E_dyn / Phi = E_dyn + P_leak t, when Phi is of this very work. */
static void phi_accounts_for_exactly_the_leakage(void **state)
{
    (void)state;
    for (double leak = 0.5; leak < 40; leak *= 1.7)
        for (double t = 1e-4; t < 10; t *= 7) {
            const struct qeil_work w = { 3e12, 2e10, t, 0.5e-12, 30e-12, 0 };
            const double dynamic = qeil_energy(&w, 1, 1);
            const double phi = qeil_phi(dynamic / t, leak);
            assert_rel(qeil_energy(&w, 1, phi), dynamic + leak * t, 1e-13);
        }
}

static void underuse_counts_idle_devices(void **state)
{
    static const double busy[] = { 2, 1 }, weight[] = { 3, 1 };

    (void)state;
    assert_rel(qeil_underuse(busy, NULL, 2, 2), 0.25, 1e-15);
    assert_rel(qeil_underuse(busy, weight, 2, 2), 0.125, 1e-15);
    assert_rel(qeil_underuse(busy, NULL, 2, 0), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_pressure_rises_from_the_knee),
        cmocka_unit_test(leakage_doubles),
        cmocka_unit_test(the_steady_state_is_a_fixed_point),
        cmocka_unit_test(runaway_exactly_beyond_1_over_e),
        cmocka_unit_test(throttling_takes_its_time),
        cmocka_unit_test(decode_starves_the_arithmetic_and_prefill_feeds_it),
        cmocka_unit_test(the_unified_energy),
        cmocka_unit_test(phi_accounts_for_exactly_the_leakage),
        cmocka_unit_test(underuse_counts_idle_devices),
    };
    (void)gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
