/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/rng.h"

#include "support/close.h"

static void splitmix_matches_its_published_outputs(void **state)
{
    /* the reference generator's first outputs for the seed 1234567 */
    static const uint64_t want[] = { UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                     UINT64_C(9817491932198370423), UINT64_C(4593380528125082431) };
    uint64_t x = 1234567;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++, x += UINT64_C(0x9E3779B97F4A7C15))
        assert_true(splitmix64(x) == want[i]);
}

static void xoshiro_matches_its_published_outputs(void **state)
{
    /* the reference generator's first outputs for the state 1, 2, 3, 4 */
    static const uint64_t want[] = { 11520, 0, 1509978240, UINT64_C(1215971899390074240) };
    struct rng r = { { 1, 2, 3, 4 } };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(rng_u64(&r) == want[i]);
}

static void streams_are_reproducible_and_differ(void **state)
{
    struct rng a, b, c, d;

    (void)state;
    rng_stream(&a, 42, 0);
    rng_stream(&b, 42, 0);
    rng_stream(&c, 42, 1);
    rng_stream(&d, 43, 0);
    const uint64_t first = rng_u64(&a);
    assert_true(first == rng_u64(&b));
    assert_true(first != rng_u64(&c));
    assert_true(first != rng_u64(&d));
}

static void numbers_are_uniform_in_their_range(void **state)
{
    enum { N = 100000, K = 7 };
    struct rng r;
    size_t count[K] = { 0 };
    double sum = 0, normal = 0, normal2 = 0;

    (void)state;
    rng_stream(&r, 1, 2);
    for (int i = 0; i < N; i++) {
        const double u = rng_f64(&r), g = rng_normal(&r);
        assert_true(u >= 0 && u < 1);
        sum += u;
        normal += g;
        normal2 += g * g;
        count[rng_below(&r, K)]++;
    }
    assert_true(fabs(sum / N - 0.5) < 0.005); /* five standard errors */
    assert_true(fabs(normal / N) < 0.016);
    assert_true(fabs(normal2 / N - 1) < 0.023);
    for (int k = 0; k < K; k++)
        assert_true(fabs((double)count[k] - (double)N / K) < 5 * sqrt((double)N / K));
}

static void a_shuffle_is_a_permutation(void **state)
{
    uint32_t v[100];
    uint64_t seen = 0, moved = 0;
    struct rng r;

    (void)state;
    rng_stream(&r, 3, 0);
    for (uint32_t i = 0; i < 100; i++)
        v[i] = i;
    rng_shuffle(&r, v, 100);
    for (uint32_t i = 0; i < 100; i++) {
        seen += v[i];
        moved += v[i] != i;
    }
    assert_int_equal(seen, 4950);
    assert_true(moved > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitmix_matches_its_published_outputs),
        cmocka_unit_test(xoshiro_matches_its_published_outputs),
        cmocka_unit_test(streams_are_reproducible_and_differ),
        cmocka_unit_test(numbers_are_uniform_in_their_range),
        cmocka_unit_test(a_shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests_name("core/rng", tests, NULL, NULL);
}
