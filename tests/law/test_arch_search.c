/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/arch_search.h"
#include "law/codesign.h"

#include "core/num.h"

#include "support/close.h"

/* The paper's counting: prefill flops per token / flop rate, weights stored in bytes. */
struct plain {
    double flops_per_s, w_bytes;
};

enum { SECONDS, BYTES, N_COSTS };

static cosim_status plain_cost(void *user, const struct arch_design *a, struct arch_cost *c,
                               cosim_error *e)
{
    const struct plain *m = user;
    const double d2 = a->width * a->width, rho = a->active_experts / a->experts;

    (void)e;
    c->value[SECONDS] = a->layers * codesign_xi_forward(a->gqa, a->ffn_ratio) * d2 / m->flops_per_s;
    c->value[BYTES] = a->layers * codesign_xi_all(a->gqa, a->ffn_ratio, rho) * d2 * m->w_bytes;
    c->added_loss = a->precision == 1 ? 0.05 : 0.0;
    return COSIM_OK;
}

static const double layers[] = { 1, 4, 8, 16, 32, 64, 128 };
static const double widths[] = { 256, 512, 1024, 2048, 4096 };
static const double ratios[] = { 0.5, 1, 2, 4 }, gqas[] = { 1, 4 }, vocab[] = { 32000 };
static const struct arch_experts experts[] = { { 1, 1 }, { 8, 1 } };
static const struct arch_axes axes = {
    .layers = layers,
    .width = widths,
    .ffn_ratio = ratios,
    .gqa = gqas,
    .experts = experts,
    .vocab = vocab,
    .n_layers = 7,
    .n_width = 5,
    .n_ffn_ratio = 4,
    .n_gqa = 2,
    .n_experts = 2,
    .n_vocab = 1,
    .n_precisions = 2,
    .any_width = true,
};

static struct arch_search setup(struct plain *m, double max_s, double max_bytes)
{
    return (struct arch_search){ law_codesign.constants[0].p, &axes,      N_COSTS,
                                 { max_s, max_bytes },        plain_cost, m };
}

static struct plain unit_rate = { 1.0, 1.0 };
static const double f_bar = 976562500; /* T8.4 */

static void depth_saturates_the_budget_as_in_the_closed_form(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, UNKNOWN_F64);
    const struct arch_design at = { 0, 2048, 0.9360475401, 4, 16, 1, 32000, 0 };
    struct arch_point p;

    (void)state; /* T8.4, T8.4b */
    assert_int_equal(arch_best_depth(&p, &s, &at, ARCH_DEPTH_REAL, NULL), COSIM_OK);
    assert_rel(p.arch.layers, 21.93146081, 1e-6);
    assert_rel(p.loss, 3.070576297, 1e-6);
    assert_int_equal(p.binding, SECONDS);
    assert_rel(p.used_ratio, 1.0, 1e-9);
}

/* A fine grid of the same axes finds nothing better, and nearly as good. */
static void the_best_is_below_every_grid_point(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 3e8);
    struct arch_point best, p;
    double least = INF_F64;

    (void)state;
    assert_int_equal(arch_best(&best, &s, ARCH_DEPTH_REAL, NULL), COSIM_OK);
    for (size_t r = 0; r < 4; r++)
        for (size_t g = 0; g < 2; g++)
            for (size_t k = 0; k < 2; k++)
                for (double d = 256; d <= 4096; d *= 1.01) {
                    const struct arch_design a = { 0, d,     ratios[r], gqas[g], experts[k].experts,
                                                   1, 32000, 0 };
                    if (arch_best_depth(&p, &s, &a, ARCH_DEPTH_REAL, NULL) == COSIM_OK
                        && p.loss < least)
                        least = p.loss;
                }
    assert_true(best.loss <= least);
    assert_rel(best.loss, least, 1e-5);
    assert_true(best.used_ratio <= 1.0);
    assert_int_equal(best.arch.precision, 0); /* the cost does not reward fewer bits here */
}

static void more_budget_is_never_worse(void **state)
{
    double last = INF_F64;

    (void)state;
    for (double f = 1e8; f < 4e9; f *= 1.5) {
        const struct arch_search s = setup(&unit_rate, f, UNKNOWN_F64);
        struct arch_point p;

        assert_int_equal(arch_best(&p, &s, ARCH_DEPTH_REAL, NULL), COSIM_OK);
        assert_true(p.loss < last);
        last = p.loss;
    }
}

static void shadow_prices_are_slopes(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 1e12);
    struct arch_point best, up, down;
    struct arch_search more = s, less = s;
    struct arch_price price[N_COSTS];

    (void)state;
    assert_int_equal(arch_best(&best, &s, ARCH_DEPTH_REAL, NULL), COSIM_OK);
    for (size_t i = 0; i < N_COSTS; i++)
        assert_int_equal(arch_shadow(&price[i], &s, &best, i, NULL), COSIM_OK);
    more.max[SECONDS] *= 1.001;
    less.max[SECONDS] *= 0.999;
    assert_int_equal(arch_best(&up, &more, ARCH_DEPTH_REAL, NULL), COSIM_OK);
    assert_int_equal(arch_best(&down, &less, ARCH_DEPTH_REAL, NULL), COSIM_OK);
    assert_rel(price[SECONDS].price, (up.loss - down.loss) / log(1.001 / 0.999), 0.02);
    assert_true(price[SECONDS].price < 0);
    assert_true(fabs(price[BYTES].price) < 1e-9); /* memory does not bind */
}

/* A list of widths: whole depths are found exactly, real ones are no worse. */
static void listed_widths_are_searched_one_by_one(void **state)
{
    struct arch_axes listed = axes;
    struct arch_search s = setup(&unit_rate, f_bar, 4e8);
    struct arch_point whole, real;
    double least = INF_F64;

    (void)state;
    listed.any_width = false;
    s.axes = &listed;
    assert_int_equal(arch_best(&whole, &s, ARCH_DEPTH_WHOLE, NULL), COSIM_OK);
    assert_int_equal(arch_best(&real, &s, ARCH_DEPTH_REAL, NULL), COSIM_OK);
    for (size_t id = 0; id < arch_n_choices(&listed); id++)
        for (double l = 1; l <= 128; l++)
            for (size_t d = 0; d < 5; d++) {
                struct arch_design a = arch_choice(&listed, id);
                struct arch_point p;

                a.layers = l;
                a.width = widths[d];
                assert_int_equal(arch_evaluate(&p, &s, &a, NULL), COSIM_OK);
                if (arch_fits(&p) && p.loss < least)
                    least = p.loss;
            }
    assert_rel(whole.loss, least, 0);
    assert_true(real.loss <= whole.loss && real.loss > whole.loss - 0.05);
}

/* Wider is shallower along a budget. */
static void depth_falls_with_width_along_a_budget(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 4e8);
    double last = INF_F64;

    (void)state;
    for (size_t d = 0; d < 5; d++) {
        const struct arch_design at = { 0, widths[d], 1, 4, 8, 1, 32000, 0 };
        struct arch_point p;

        assert_int_equal(arch_try_depth(&p, &s, &at, ARCH_DEPTH_REAL, NULL), COSIM_OK);
        if (isinf(p.loss))
            continue;
        assert_true(p.arch.layers <= last);
        last = p.arch.layers;
    }
    assert_true(last < 128);
}

static void the_range_of_the_law_is_that_of_its_models(void **state)
{
    const struct arch_design inside = { 32, 3072, 0.5, 4, 16, 2, 32000, 0 };
    struct arch_design a = inside;

    (void)state;
    assert_true(arch_in_law_range(&a));
    a.layers = 33;
    assert_false(arch_in_law_range(&a));
    a = inside;
    a.width = 640;
    assert_false(arch_in_law_range(&a));
    a = inside;
    a.experts = 32;
    assert_false(arch_in_law_range(&a));
}

static void nothing_fits_is_an_answer(void **state)
{
    const struct arch_search s = setup(&unit_rate, 10, UNKNOWN_F64);
    struct arch_point p;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(arch_best(&p, &s, ARCH_DEPTH_REAL, &e), COSIM_ENO);
    assert_int_equal(e.status, COSIM_ENO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_saturates_the_budget_as_in_the_closed_form),
        cmocka_unit_test(the_best_is_below_every_grid_point),
        cmocka_unit_test(more_budget_is_never_worse),
        cmocka_unit_test(shadow_prices_are_slopes),
        cmocka_unit_test(listed_widths_are_searched_one_by_one),
        cmocka_unit_test(depth_falls_with_width_along_a_budget),
        cmocka_unit_test(the_range_of_the_law_is_that_of_its_models),
        cmocka_unit_test(nothing_fits_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
