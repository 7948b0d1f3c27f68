/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/arch_search.h"
#include "law/codesign.h"

#include "core/num.h"

#include "support/close.h"

/* The paper's counting: prefill flops per token / flop rate, weights stored in bytes. */
struct plain {
    double flops_per_s, w_bytes;
};

static cosim_status plain_cost(void *user, const struct arch *a, struct arch_cost *c,
                               cosim_error *e)
{
    const struct plain *m = user;
    const double d2 = a->width * a->width;

    (void)e;
    c->seconds = a->layers * codesign_xi_forward(a->gqa, a->ffn_ratio) * d2 / m->flops_per_s;
    c->bytes = a->layers * codesign_xi_all(a->gqa, a->ffn_ratio, a->active_ratio) * d2 * m->w_bytes;
    c->joules = UNKNOWN_F64;
    return COSIM_OK;
}

static const double layers[] = { 1, 4, 8, 16, 32, 64, 128 };
static const double widths[] = { 256, 512, 1024, 2048, 4096 };
static const double ratios[] = { 0.5, 1, 2, 4 }, gqas[] = { 1, 4 }, active[] = { 1, 0.125 };
static const struct arch_precision precisions[] = { { "bf16", 0, "none" }, { "w4", 0.05, "test" } };
static const struct arch_axes axes = {
    .layers = layers,
    .width = widths,
    .ffn_ratio = ratios,
    .gqa = gqas,
    .active_ratio = active,
    .n_layers = 7,
    .n_width = 5,
    .n_ffn_ratio = 4,
    .n_gqa = 2,
    .n_active_ratio = 2,
    .precision = precisions,
    .n_precision = 2,
    .vocab = 32000,
};

static struct arch_search setup(struct plain *m, double max_s, double max_bytes)
{
    return (struct arch_search){
        law_codesign.constants[0].p, &axes, { max_s, max_bytes, UNKNOWN_F64 }, plain_cost, m
    };
}

static struct plain unit_rate = { 1.0, 1.0 };
static const double f_bar = 976562500; /* T8.4 */

static void depth_saturates_the_budget_as_in_the_closed_form(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, UNKNOWN_F64);
    const struct arch at = { 0, 2048, 0.9360475401, 4, 1.0 / 16, 0, 0 };
    struct arch_point p;

    (void)state; /* T8.4, T8.4b */
    assert_int_equal(arch_best_depth(&p, &s, &at, NULL), COSIM_OK);
    assert_rel(p.arch.layers, 21.93146081, 1e-6);
    assert_rel(p.loss, 3.070576297, 1e-6);
    assert_string_equal(p.binding, "seconds");
    assert_rel(p.used_ratio, 1.0, 1e-9);
}

/* A fine grid of the same axes finds nothing better, and nearly as good. */
static void the_best_is_below_every_grid_point(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 3e8);
    struct arch_point best, p;
    double least = INF_F64;

    (void)state;
    assert_int_equal(arch_best(&best, &s, NULL), COSIM_OK);
    for (size_t r = 0; r < 4; r++)
        for (size_t g = 0; g < 2; g++)
            for (size_t k = 0; k < 2; k++)
                for (double d = 256; d <= 4096; d *= 1.01) {
                    const struct arch a = { 0, d, ratios[r], gqas[g], active[k], 32000, 0 };
                    if (arch_best_depth(&p, &s, &a, NULL) == COSIM_OK && p.loss < least)
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

        assert_int_equal(arch_best(&p, &s, NULL), COSIM_OK);
        assert_true(p.loss < last);
        last = p.loss;
    }
}

static void snapping_gives_a_buildable_model_that_fits(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 4e8);
    struct arch_point best, p;

    (void)state;
    assert_int_equal(arch_best(&best, &s, NULL), COSIM_OK);
    assert_int_equal(arch_snap(&p, &s, &best.arch, 64, NULL), COSIM_OK);
    assert_rel(p.arch.layers, floor(p.arch.layers), 0);
    assert_rel(fmod(p.arch.width, 64) + 1, 1, 0);
    assert_true(p.used_ratio <= 1.0 && p.loss >= best.loss);
    assert_true(p.loss < best.loss + 0.01);
}

static void shadow_prices_are_slopes(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 1e12);
    struct arch_point best, up, down;
    struct arch_search more = s, less = s;
    struct table *t;

    (void)state;
    assert_int_equal(arch_best(&best, &s, NULL), COSIM_OK);
    assert_int_equal(arch_shadow_table(&t, &s, &best, NULL), COSIM_OK);
    assert_int_equal(t->n_rows, 2);
    more.budget.max_s *= 1.001;
    less.budget.max_s *= 0.999;
    assert_int_equal(arch_best(&up, &more, NULL), COSIM_OK);
    assert_int_equal(arch_best(&down, &less, NULL), COSIM_OK);
    assert_rel(table_cell(t, 0, 4)->as.f64, (up.loss - down.loss) / log(1.001 / 0.999), 0.02);
    assert_true(table_cell(t, 0, 4)->as.f64 < 0);
    assert_true(fabs(table_cell(t, 1, 4)->as.f64) < 1e-9); /* memory does not bind */
    table_free(t);
}

static void regions_and_curves_are_tables(void **state)
{
    const struct arch_search s = setup(&unit_rate, f_bar, 4e8);
    const struct arch at = { 0, 0, 1, 4, 0.125, 32000, 0 };
    struct table *all, *feasible, *iso;
    size_t n = 0;

    (void)state;
    assert_int_equal(arch_region_table(&all, &s, false, NULL), COSIM_OK);
    assert_int_equal(all->n_rows, 7 * 5 * 4 * 2 * 2 * 2);
    for (size_t i = 0; i < all->n_rows; i++)
        n += table_cell(all, i, 10)->as.flag;
    assert_int_equal(arch_region_table(&feasible, &s, true, NULL), COSIM_OK);
    assert_int_equal(feasible->n_rows, n);
    assert_true(n > 0 && n < all->n_rows);
    assert_int_equal(arch_iso_table(&iso, &s, &at, NULL), COSIM_OK);
    assert_true(iso->n_rows > 2);
    for (size_t i = 1; i < iso->n_rows; i++) /* wider is shallower */
        assert_true(table_cell(iso, i, 0)->as.f64 <= table_cell(iso, i - 1, 0)->as.f64);
    table_free(all);
    table_free(feasible);
    table_free(iso);
}

static void nothing_fits_is_an_answer(void **state)
{
    const struct arch_search s = setup(&unit_rate, 10, UNKNOWN_F64);
    struct arch_point p;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(arch_best(&p, &s, &e), COSIM_ENO);
    assert_int_equal(e.status, COSIM_ENO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_saturates_the_budget_as_in_the_closed_form),
        cmocka_unit_test(the_best_is_below_every_grid_point),
        cmocka_unit_test(more_budget_is_never_worse),
        cmocka_unit_test(snapping_gives_a_buildable_model_that_fits),
        cmocka_unit_test(shadow_prices_are_slopes),
        cmocka_unit_test(regions_and_curves_are_tables),
        cmocka_unit_test(nothing_fits_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
