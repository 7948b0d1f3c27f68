/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/codesign.h"
#include "law/law.h"

#include "support/close.h"

#include <nlopt.h>
#include <string.h>

static const double *published(void)
{
    return law_codesign.constants[0].p;
}

/* The set-ups of T8.4 and T8.4d. */
static const double flops_per_token = 0.05 * 20e12 / 1024;
static const double bytes_per_token = 4e9;
static const struct codesign_decode jetson = { 2048, 1, 2, 1032.5 };

static void the_five_terms_add_up(void **state)
{
    const double x[] = { 24, 896, 4864.0 / 896.0, 1, 128 };
    const struct codesign_terms t = codesign_terms(published(), x);

    (void)state; /* T8.2 */
    assert_rel(t.depth, 0.05604217919, 1e-6);
    assert_rel(t.experts, 0.2191425911, 1e-6);
    assert_rel(t.width, 0.5132567745, 1e-6);
    assert_rel(t.kv, 0.1569168196, 1e-6);
    assert_rel(t.floor, 2.53, 0);
    assert_rel(t.depth + t.experts + t.width + t.kv + t.floor,
               law_codesign.value(x, published(), NULL), 1e-15);
}

static void memory_alone_wants_sparser_wide_models(void **state)
{
    static const double want[][2] = { { 1024, 0.3954914692 },
                                      { 2048, 0.1730256621 },
                                      { 3072, 0.1066825583 } };
    double rho[3];

    (void)state; /* T8.3 */
    for (size_t i = 0; i < 3; i++) {
        rho[i] = codesign_active_memory(published(), want[i][0]);
        assert_rel(rho[i], want[i][1], 1e-6);
    }
    assert_rel(rho[0] / rho[1], 2.2857388, 1e-6);
    assert_rel(log(rho[1] / rho[0]) / log(2.0), -1.19266055, 1e-6);
}

static void prefill_optima(void **state)
{
    double r, gqa;

    (void)state; /* T8.4, T8.4c */
    assert_rel(flops_per_token, 976562500, 0);
    assert_int_equal(
        codesign_ffn_prefill(&r, published(), flops_per_token, 2048, 4, 1.0 / 16, NULL), COSIM_OK);
    assert_rel(r, 0.9360475401, 1e-6);
    assert_rel(codesign_xi_forward(4, r), 10.61628524, 1e-6);
    assert_rel(codesign_layers_prefill(flops_per_token, 2048, 4, r), 21.93146081, 1e-6);
    assert_int_equal(codesign_gqa_prefill(&gqa, published(), flops_per_token, 2048, 1, NULL),
                     COSIM_OK);
    assert_rel(gqa, 5.403823591, 1e-6);
}

static void decode_optima(void **state)
{
    double r, gqa;

    (void)state; /* T8.4d */
    assert_int_equal(
        codesign_ffn_decode(&r, published(), bytes_per_token, &jetson, 4, 1.0 / 16, NULL),
        COSIM_OK);
    assert_rel(r, 7.519752739, 1e-6);
    assert_int_equal(codesign_gqa_decode(&gqa, published(), bytes_per_token, &jetson, 1, NULL),
                     COSIM_OK);
    assert_rel(gqa, 0.6293854661, 1e-6);
}

static void the_corrected_ratio_meets_the_constraint_and_the_papers_does_not(void **state)
{
    const double eta = 0.35, delta = codesign_kv_share(&jetson, 4);
    double rho, xi;

    (void)state; /* T8.5, T8.5b */
    assert_rel(delta, 0.5041503906, 1e-6);
    assert_int_equal(codesign_active_decode(&rho, &xi, eta, delta, 4, 1, false, NULL), COSIM_OK);
    assert_rel(xi, 17.1547154, 1e-6);
    assert_rel(rho, 0.2047122662, 1e-6);
    assert_rel(codesign_xi_all(4, 1, rho), xi, 1e-12);
    assert_rel((codesign_xi_decode(4, 1) + delta) / codesign_xi_all(4, 1, rho), eta, 1e-12);
    assert_int_equal(codesign_active_decode(&rho, &xi, eta, delta, 4, 1, true, NULL), COSIM_OK);
    assert_rel(xi, 15.80542088, 1e-6);
    assert_rel(rho, 0.2254720107, 1e-6);
    assert_rel((codesign_xi_decode(4, 1) + delta) / xi, 0.3798791842, 1e-6);
}

static void prefill_and_memory_together(void **state)
{
    cosim_error e = { 0 };
    double rho;

    (void)state; /* T8.5c */
    assert_int_equal(codesign_active_prefill(&rho, 1.2, 1, 4, 1, NULL), COSIM_OK);
    assert_rel(rho, 0.45, 1e-12);
    assert_rel(codesign_xi_forward(4, 1) / codesign_xi_all(4, 1, rho), 1.2, 1e-12);
    assert_int_equal(codesign_active_prefill(&rho, 2.5, 1, 4, 1, &e), COSIM_ENO);
    assert_int_equal(e.status, COSIM_ENO);
    err_clear(&e);
    assert_int_equal(codesign_active_decode(&rho, &(double){ 0 }, 50, 0, 4, 1, false, &e),
                     COSIM_ENO);
}

/* Loss along a saturated budget as a function of one ratio. */
struct along {
    bool decode, search_gqa;
    double width, budget, fixed, active_ratio;
};

static double along_loss(unsigned n, const double *log_ratio, double *gradient, void *user)
{
    const struct along *a = user;
    const double ratio = exp(log_ratio[0]);
    const double gqa = a->search_gqa ? ratio : a->fixed, r = a->search_gqa ? a->fixed : ratio;
    struct codesign_decode c = jetson;

    (void)n;
    (void)gradient;
    c.width = a->width;
    const double layers = a->decode ? codesign_layers_decode(a->budget, &c, gqa, r)
                                    : codesign_layers_prefill(a->budget, a->width, gqa, r);
    const double x[] = { layers, a->width, r, a->active_ratio, a->width / gqa };
    return law_codesign.value(x, published(), NULL);
}

static double minimum(const struct along *a, double *loss)
{
    double log_ratio = 0.0;
    nlopt_opt opt = nlopt_create(NLOPT_LN_NELDERMEAD, 1);

    assert_non_null(opt);
    struct along copy = *a;
    nlopt_set_min_objective(opt, along_loss, &copy);
    nlopt_set_xtol_rel(opt, 1e-9);
    nlopt_set_maxeval(opt, 2000);
    assert_true(nlopt_optimize(opt, &log_ratio, loss) > 0);
    nlopt_destroy(opt);
    return exp(log_ratio);
}

static void closed_forms_agree_with_nlopt(void **state)
{
    static const double widths[] = { 896, 1280, 2048, 3072 };

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const double d = widths[i];
        struct codesign_decode c = jetson;
        double want, got, loss;

        c.width = d;
        got = minimum(&(struct along){ false, false, d, flops_per_token, 4, 1.0 / 16 }, &loss);
        assert_int_equal(
            codesign_ffn_prefill(&want, published(), flops_per_token, d, 4, 1.0 / 16, NULL),
            COSIM_OK);
        assert_rel(got, want, 1e-3);
        if (i == 2)
            assert_rel(loss, 3.070576297, 1e-6); /* T8.4b */
        got = minimum(&(struct along){ false, true, d, flops_per_token, 1, 1 }, &loss);
        assert_int_equal(codesign_gqa_prefill(&want, published(), flops_per_token, d, 1, NULL),
                         COSIM_OK);
        assert_rel(got, want, 1e-3);
        got = minimum(&(struct along){ true, false, d, bytes_per_token, 4, 1.0 / 16 }, &loss);
        assert_int_equal(
            codesign_ffn_decode(&want, published(), bytes_per_token, &c, 4, 1.0 / 16, NULL),
            COSIM_OK);
        assert_rel(got, want, 1e-3);
        got = minimum(&(struct along){ true, true, d, bytes_per_token, 1, 1 }, &loss);
        assert_int_equal(codesign_gqa_decode(&want, published(), bytes_per_token, &c, 1, NULL),
                         COSIM_OK);
        assert_rel(got, want, 1e-3);
    }
}

/* (8.5) by direct minimisation: stored weights fixed through r/rho = const. */
static void the_memory_only_ratio_is_a_minimum(void **state)
{
    static const double widths[] = { 1024, 2048, 3072 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const double d = widths[i], best = codesign_active_memory(published(), d);
        double at[3];

        for (int k = 0; k < 3; k++) {
            const double rho = best * (0.99 + 0.01 * k);
            const double x[] = { 16, d, 8.0 * rho, rho, d };
            at[k] = law_codesign.value(x, published(), NULL);
        }
        assert_true(at[1] < at[0] && at[1] < at[2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_five_terms_add_up),
        cmocka_unit_test(memory_alone_wants_sparser_wide_models),
        cmocka_unit_test(prefill_optima),
        cmocka_unit_test(decode_optima),
        cmocka_unit_test(the_corrected_ratio_meets_the_constraint_and_the_papers_does_not),
        cmocka_unit_test(prefill_and_memory_together),
        cmocka_unit_test(closed_forms_agree_with_nlopt),
        cmocka_unit_test(the_memory_only_ratio_is_a_minimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
