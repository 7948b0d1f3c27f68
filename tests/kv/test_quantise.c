/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/quantise.h"

#include "support/close.h"

#include <string.h>

static const double x4[4] = { -1, .25, .5, 2 };

static void the_worked_group_comes_out(void **state)
{
    /* T7.8: e = mean |X - X^| / |X| */
    static const struct {
        unsigned bits;
        double want[4], e;
    } row[] = {
        { 2, { -1, 0, 1, 2 }, .5 },
        { 4, { -1, .2, .6, 2 }, .1 },
        { 8, { 0 }, .005882352941 },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double y[4], e = 0;
        kv_quantise_group(KV_RULE_PAPER, row[i].bits, x4, y, 4, 1);
        for (size_t j = 0; j < 4; j++) {
            if (row[i].bits < 8)
                assert_true(fabs(y[j] - row[i].want[j]) < 1e-15);
            e += fabs(x4[j] - y[j]) / fabs(x4[j]) / 4;
        }
        assert_rel(e, row[i].e, 1e-9);
    }
}

static void halves_round_to_even(void **state)
{
    /* B = 2 over 0..6: step 2, so 1, 3, 5 stand half-way */
    const double x[5] = { 0, 1, 3, 5, 6 }, want[5] = { 0, 0, 4, 4, 6 };
    double y[5];

    (void)state;
    kv_quantise_group(KV_RULE_PAPER, 2, x, y, 5, 1);
    assert_memory_equal(y, want, sizeof y);
}

static void equal_values_and_wide_formats_stay(void **state)
{
    const double same[3] = { 7.3, 7.3, 7.3 };
    double y[4];

    (void)state;
    kv_quantise_group(KV_RULE_PAPER, 2, same, y, 3, 1);
    assert_memory_equal(y, same, sizeof same);
    kv_quantise_group(KV_RULE_PAPER, 16, x4, y, 4, 1);
    assert_memory_equal(y, x4, sizeof x4);
}

static void extreme_magnitudes_stay_finite_and_inside(void **state)
{
    const double scale[] = { 1e-300, 1e-30, 1, 1e30, 1e300 };

    (void)state;
    for (size_t i = 0; i < sizeof scale / sizeof *scale; i++)
        for (unsigned bits = 2; bits <= 8; bits *= 2) {
            double x[4], y[4];
            for (size_t j = 0; j < 4; j++)
                x[j] = x4[j] * scale[i];
            kv_quantise_group(KV_RULE_PAPER, bits, x, y, 4, 1);
            const double step = 3 * scale[i] / (double)((1 << bits) - 1);
            for (size_t j = 0; j < 4; j++)
                assert_true(fabs(y[j] - x[j]) <= step * .5000001);
        }
}

static void the_repository_rounds_its_zero_point(void **state)
{
    /* B = 2, range 3, scale 1, zero = round(-.4) + 2 = 2: levels -0..3 instead of -.4..2.6 */
    const double x[4] = { -.4, .6, 1.4, 2.6 }, want[4] = { 0, 1, 1, 3 };
    double y[4], paper[4];

    (void)state;
    kv_quantise_group(KV_RULE_REPOSITORY, 2, x, y, 4, 1);
    for (size_t j = 0; j < 4; j++)
        assert_true(fabs(y[j] - want[j]) < 1e-12);
    kv_quantise_group(KV_RULE_PAPER, 2, x, paper, 4, 1);
    assert_rel(paper[0], -.4, 0);
    /* both agree when min / scale is a whole number (T7.8) */
    kv_quantise_group(KV_RULE_REPOSITORY, 2, x4, y, 4, 1);
    kv_quantise_group(KV_RULE_PAPER, 2, x4, paper, 4, 1);
    assert_memory_equal(y, paper, sizeof y);
}

static void kivi_groups_keys_by_channel_and_values_by_token(void **state)
{
    /* two tokens, one head of two: columns 0,100 and 1,3 */
    const double x[4] = { 0, 1, 100, 3 };
    const struct kv_scheme kivi = { "kivi", true, 2, 0, KV_RULE_PAPER };
    double y[4];

    (void)state;
    kv_quantise(&kivi, KV_SIDE_K, 2, x, y, 2, 1, 2);
    assert_memory_equal(y, x, sizeof x); /* each channel has two values only: exact */
    const double t3[6] = { 0, 1, 2, 0, 1.2, 2 };
    double z[6];
    kv_quantise(&(struct kv_scheme){ "p", false, 0, 0, KV_RULE_PAPER }, KV_SIDE_V, 2, t3, z, 2, 1,
                3);
    assert_rel(z[1], 2.0 / 3 * 2, 1e-12); /* 1 of 0..2 stands half-way between 2/3 and 4/3: even */
    assert_rel(z[4], 4.0 / 3, 1e-12);
}

static void the_residual_window_is_kept(void **state)
{
    const struct kv_scheme *kivi = kv_scheme_find("kivi");
    static const size_t row[][3] = {
        /* tokens, quantised K, quantised V */
        { 1, 0, 0 },    { 32, 0, 0 },    { 33, 0, 1 },       { 63, 0, 31 },
        { 64, 32, 32 }, { 100, 64, 68 }, { 1024, 992, 992 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        assert_int_equal(kv_quantised_tokens(kivi, KV_SIDE_K, row[i][0]), row[i][1]);
        assert_int_equal(kv_quantised_tokens(kivi, KV_SIDE_V, row[i][0]), row[i][2]);
        assert_int_equal(kv_quantised_tokens(&kv_schemes[0], KV_SIDE_K, row[i][0]), row[i][0]);
    }
}

static void effective_bits_count_scales_and_window(void **state)
{
    (void)state;
    /* T2.2 */
    assert_rel(kv_bits_eff(&kv_schemes[1], 2, 128, 1024), 3.40625, 0);
    assert_rel(kv_bits_eff(&kv_schemes[0], 4, 128, 1024), 4.25, 0);
    assert_rel(kv_bits_eff(&kv_schemes[0], 16, 128, 1024), 16, 0);
    assert_rel(kv_bits_eff(&kv_schemes[1], 2, 128, 10), 16, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_group_comes_out),
        cmocka_unit_test(halves_round_to_even),
        cmocka_unit_test(equal_values_and_wide_formats_stay),
        cmocka_unit_test(extreme_magnitudes_stay_finite_and_inside),
        cmocka_unit_test(the_repository_rounds_its_zero_point),
        cmocka_unit_test(kivi_groups_keys_by_channel_and_values_by_token),
        cmocka_unit_test(the_residual_window_is_kept),
        cmocka_unit_test(effective_bits_count_scales_and_window),
    };
    return cmocka_run_group_tests_name("kv/quantise", tests, NULL, NULL);
}
