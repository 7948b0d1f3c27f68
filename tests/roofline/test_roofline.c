/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "roofline/roofline.h"

#include "core/rng.h"
#include "model/op.h"
#include "support/close.h"

/* GEMM(M, n, k) as operator counts. */
static struct work gemm(double m, double n, double k, double w_bits, double dequant_ops)
{
    const struct op op = {
        .kind = &op_gemm, .n = n, .k = k, .w_bits = w_bits, .a_bits = 16, .dequant_ops = dequant_ops
    };
    const struct step s = { m, 1, 0, m };
    struct work w;

    op.kind->work(&op, &s, &w);
    return w;
}

/* A100-80 of docs/model.md 0.3, and 9.75e12 lane-instructions a second. */
static struct streams on_a100(const struct work *w)
{
    return (struct streams){ .compute_s = w->flops / 312e12,
                             .memory_s = work_mem_bytes(w) / 2.039e12,
                             .vector_s = w->vector_flops / 9.75e12 };
}

static void dequantisation_takes_its_own_stream(void **state)
{
    static const struct {
        double m, memory_s, compute_s, vector_s;
    } rows[] = {
        { 16, 1.525102109e-05, 6.022590359e-06, 1.204518072e-05 },  /* T2.3 */
        { 256, 1.959008926e-05, 9.636144574e-05, 2.409036144e-05 }, /* T2.3d */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct work w = gemm(rows[i].m, 14336, 4096, 4.15625, 2);
        const struct streams t = on_a100(&w);
        assert_rel(t.memory_s, rows[i].memory_s, 1e-9);
        assert_rel(t.compute_s, rows[i].compute_s, 1e-9);
        assert_rel(t.vector_s, rows[i].vector_s, 1e-9);
    }
}

static void overlap_lies_between_the_slowest_stream_and_their_sum(void **state)
{
    const struct work w = gemm(16, 14336, 4096, 4.15625, 2), fp16 = gemm(16, 14336, 4096, 16, 0);
    const struct streams t = on_a100(&w), t16 = on_a100(&fp16);

    (void)state;
    assert_rel(roofline_overlap_s(t, 1.0), 1.525102109e-05, 1e-9); /* T2.3b */
    assert_rel(roofline_overlap_s(t, 0.0), 3.331879217e-05, 1e-9);
    assert_rel(t.vector_s / roofline_overlap_s(t, 0.0), 0.3615131262, 1e-9);
    assert_rel(roofline_overlap_s(t, 1.0), roofline_s(t), 0);
    assert_rel(t16.memory_s, 5.788638352e-05, 1e-9); /* T2.3c */
    assert_rel(t16.memory_s / t.memory_s, 3.80, 2e-3);
}

static void a_gemm_crosses_the_ridge_where_the_formula_says(void **state)
{
    static const struct {
        double m, t_s;
    } rows[] = { { 64, 7.136576955e-05 }, { 256, 7.512186269e-05 }, { 512, 1.215966474e-04 } };
    const struct work one = gemm(1, 28672, 4096, 16, 0);
    const double ridge = roofline_ridge_flop_per_byte(989e12, 3.35e12);

    (void)state;
    assert_rel(one.flops, 234881024, 0); /* T3.1 */
    assert_rel(work_mem_bytes(&one), 234946560, 0);
    assert_rel(one.flops / 989e12, 2.37493452e-07, 1e-8);
    assert_rel(work_mem_bytes(&one) / 3.35e12, 7.013330149e-05, 1e-9);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* T3.1b */
        const struct work w = gemm(rows[i].m, 28672, 4096, 16, 0);
        assert_rel(roofline_s((struct streams){ .compute_s = w.flops / 989e12,
                                                .memory_s = work_mem_bytes(&w) / 3.35e12 }),
                   rows[i].t_s, 1e-9);
    }
    assert_rel(ridge, 295.2238806, 1e-9);
    assert_rel(roofline_crossover_rows(28672, 4096, 2, 2, ridge), 321.7252709, 1e-9);
    assert_true(isinf(roofline_crossover_rows(128, 128, 2, 2, ridge)));
}

/* At the crossover compute and memory take equally long, whatever the bytes of an element. */
static void compute_and_memory_tie_at_the_crossover(void **state)
{
    struct rng r;
    int found = 0;

    (void)state;
    rng_stream(&r, 31, 0);
    for (int i = 0; i < 2000; i++) {
        const double n = 64.0 * (double)(1 + rng_below(&r, 400)),
                     k = 64.0 * (double)(1 + rng_below(&r, 400));
        const double bits = 1.0 + 15.0 * rng_f64(&r), ridge = 10.0 + 400.0 * rng_f64(&r);
        const double m = roofline_crossover_rows(n, k, bits / 8, 2, ridge);
        if (isinf(m))
            continue;
        const struct work w = gemm(m, n, k, bits, 0);
        assert_rel(w.flops / work_mem_bytes(&w), ridge, 1e-9);
        found++;
    }
    assert_true(found > 1000);
}

/* T3.5 and T3.5b: 320 kernels, 5 us a launch, 4 us latency; the bound leaves out the latency and
 * the last kernel behind the last launch. */
static void many_small_kernels_are_bound_by_their_launches(void **state)
{
    const double n = 320, launch_s = 5e-6, latency_s = 4e-6;

    (void)state;
    assert_rel(roofline_launch_s(n * 3e-6, n, launch_s) - launch_s + latency_s + 3e-6, 1602e-6,
               1e-12);
    assert_rel(roofline_launch_s(n * 12e-6, n, launch_s) + latency_s, 3844e-6, 1e-12);
    assert_rel(roofline_launch_s(1e-3, n, 0), 1e-3, 0);
}

static void the_slowest_stream_names_the_bound(void **state)
{
    static const struct {
        struct streams t;
        double floor_s;
        const char *name;
    } rows[] = {
        { { 4, 1, 2, 3 }, 1, "compute" }, { { 1, 4, 2, 3 }, 1, "memory" },
        { { 1, 2, 4, 3 }, 1, "cache" },   { { 1, 2, 3, 4 }, 1, "vector" },
        { { 1, 2, 3, 4 }, 5, "floor" },   { { 2, 2, 2, 2 }, 2, "memory" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(bound_name(roofline_bound(rows[i].t, rows[i].floor_s)), rows[i].name);
        assert_true(roofline_s(rows[i].t) <= roofline_overlap_s(rows[i].t, 0.5));
    }
    assert_string_equal(bound_name(BOUND_NETWORK), "network");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dequantisation_takes_its_own_stream),
        cmocka_unit_test(overlap_lies_between_the_slowest_stream_and_their_sum),
        cmocka_unit_test(a_gemm_crosses_the_ridge_where_the_formula_says),
        cmocka_unit_test(compute_and_memory_tie_at_the_crossover),
        cmocka_unit_test(many_small_kernels_are_bound_by_their_launches),
        cmocka_unit_test(the_slowest_stream_names_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
