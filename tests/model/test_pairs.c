/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/pairs.h"

#include "core/num.h"
#include "core/rng.h"
#include "support/close.h"

/* T1.5: prefill of 2048 in chunks of 512. */
static void chunks_score_the_same_pairs_as_one_shot(void **state)
{
    double pairs = 0.0, read_again = 0.0;

    (void)state;
    for (double c = 0.0; c < 2048.0; c += 512.0) {
        pairs += pairs_causal(512, c);
        read_again += keys_read(512, c, 0) - 512.0;
    }
    assert_rel(pairs, 2098176, 0);
    assert_rel(pairs_causal(2048, 0), 2098176, 0);
    assert_rel(read_again, 3072, 0);
}

static void a_window_scores_what_the_table_says(void **state)
{
    (void)state;
    assert_rel(pairs_window(4096, 0, 1024), 3670528, 0); /* T1.6 */
    assert_rel(pairs_window(4096, 0, 1024) / pairs_causal(4096, 0), 0.4374542348, 1e-9);
    assert_rel(pairs_full(3, 5), 24, 0);
    assert_rel(keys_read(1, 5000, 1024), 1024, 0);
    assert_rel(keys_read(512, 5000, 1024), 1535, 0);
    assert_rel(keys_kept(5000, 1024), 1024, 0);
    assert_rel(keys_kept(5000, 0), 5000, 0);
}

/* The definitions 1.1 to 1.3, term by term. */
static void closed_forms_equal_the_sums(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 11, 0);
    for (int n = 0; n < 2000; n++) {
        const double s = 1.0 + (double)rng_below(&r, 60), c = (double)rng_below(&r, 90),
                     w = 1.0 + (double)rng_below(&r, 160);
        double causal = 0.0, window = 0.0;
        for (double i = 1.0; i <= s; i += 1.0) {
            causal += c + i;
            window += min_f64(c + i, w);
        }
        assert_rel(pairs_causal(s, c), causal, 0);
        assert_rel(pairs_window(s, c, w), window, 0);
        assert_true(pairs_window(s, c, w) <= pairs_causal(s, c));
        assert_true(pairs_causal(s, c) <= pairs_full(s, c));
        if (w >= s + c) {
            assert_rel(pairs_window(s, c, w), pairs_causal(s, c), 0);
            assert_rel(keys_read(s, c, w), keys_read(s, c, 0), 0);
            assert_rel(keys_kept(s + c, w), keys_kept(s + c, 0), 0);
        }
    }
}

static void expected_experts_are_those_of_the_table(void **state)
{
    static const struct {
        double e, k, t, want;
    } rows[] = {
        /* T1.8 */
        { 8, 2, 1, 2 },
        { 8, 2, 4, 5.46875 },
        { 256, 8, 64, 222.4424877 },
        { 128, 8, 32, 111.7710353 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_rel(experts_expected(rows[i].e, rows[i].k, rows[i].t), rows[i].want, 1e-9);
}

/* docs/model.md 10.3, invariant 3 */
static void expected_experts_lie_between_k_and_all_and_grow(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 12, 0);
    for (int n = 0; n < 5000; n++) {
        const double e = 2.0 + (double)rng_below(&r, 255);
        const double k = 1.0 + (double)rng_below(&r, (uint64_t)e);
        const double t = 1.0 + (double)rng_below(&r, 5000);
        const double u = experts_expected(e, k, t);
        assert_true(u >= k * (1.0 - 1e-12));
        assert_true(u <= min_f64(e, t * k) * (1.0 + 1e-12));
        assert_true(experts_expected(e, k, t + 1.0) >= u);
    }
}

static void imbalance_is_at_least_even_and_at_most_all_on_one_rank(void **state)
{
    (void)state;
    assert_rel(experts_imbalance(1, 3), 1, 0);
    assert_rel(experts_imbalance(8, 1e-9), 8, 0);
    /* 1 + sqrt(2 ln 8 / 64), section 1.5 */
    assert_rel(experts_imbalance(8, 64), 1.2549166, 1e-6);
    for (double ranks = 1; ranks <= 256; ranks *= 2)
        for (double load = 0.5; load < 1e6; load *= 3) {
            const double imb = experts_imbalance(ranks, load);
            assert_true(imb >= 1.0 && imb <= ranks);
            assert_true(experts_imbalance(ranks, 2 * load) <= imb);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_score_the_same_pairs_as_one_shot),
        cmocka_unit_test(a_window_scores_what_the_table_says),
        cmocka_unit_test(closed_forms_equal_the_sums),
        cmocka_unit_test(expected_experts_are_those_of_the_table),
        cmocka_unit_test(expected_experts_lie_between_k_and_all_and_grow),
        cmocka_unit_test(imbalance_is_at_least_even_and_at_most_all_on_one_rank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
