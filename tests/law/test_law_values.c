/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/chinchilla.h"
#include "law/law.h"
#include "law/precision_law.h"

#include "core/num.h"

#include "support/close.h"

#include <string.h>

static const struct worked {
    const char *law, *set;
    double x[LAW_INPUTS_MAX], want;
} worked[] = {
    { "chinchilla", "published", { 70e9, 1.4e12 }, 1.936645471 }, /* T8.1 */
    { "chinchilla", "published", { 8e9, 15e12 }, 1.948531638 },
    { "chinchilla", "refit", { 70e9, 1.4e12 }, 1.973881863 },
    { "kaplan_n", "published", { 8e9 }, 2.028363767 },                      /* T8.1b */
    { "codesign", NULL, { 24, 896, 4864.0 / 896.0, 1, 128 }, 3.475358364 }, /* T8.2 */
    { "codesign", NULL, { 8, 2048, 1, 1.0 / 16, 512 }, 3.337896410 },       /* T8.2b */
    { "precision",
      NULL,
      { 1e9, 26e9, INF_F64, INF_F64, INF_F64, INF_F64 },
      3.032783246 }, /* T8.6 */
    { "precision", NULL, { 1e9, 26e9, 8, 8, 8, INF_F64 }, 3.038625077 },
    { "precision", NULL, { 1e9, 26e9, 4, 4, 4, INF_F64 }, 3.069194481 },
    { "qat", "w4a4", { 595e6, 100e9, 128 }, 0.05727944955 }, /* T8.7 */
    { "qat", "w4a4", { 595e6, 100e9, 32 }, 0.04408855213 },
};

static void worked_numbers_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worked / sizeof *worked; i++) {
        const struct law *law;
        const struct law_constants *c;
        cosim_error e = { 0 };
        double loss;

        assert_int_equal(law_find(&law, worked[i].law, &e), COSIM_OK);
        assert_int_equal(law_constants_find(&c, law, worked[i].set, &e), COSIM_OK);
        assert_int_equal(law_loss(&loss, law, worked[i].x, c->p, &e), COSIM_OK);
        assert_rel(loss, worked[i].want, 1e-6);
    }
}

static void quantisation_after_training_and_its_critical_data(void **state)
{
    static const double bits_loss[][2] = { { 4, 0.01044791156 },
                                           { 3, 0.05678707964 },
                                           { 2, 0.308652346 } };
    static const double bits_tokens[][2] = { { 3, 5.450409516e10 },
                                             { 4, 2.945987742e11 },
                                             { 5, 1.592328751e12 } };
    const double *p = law_precision.constants[0].p;
    const double none = INF_F64;

    (void)state;
    assert_rel(precision_n_eff_ratio(p, 8, 8, 8), 0.9241074591, 1e-6); /* T8.6 */
    assert_rel(precision_n_eff_ratio(p, 4, 4, 4), 0.6389192936, 1e-6);
    assert_rel(precision_n_eff_ratio(p, none, none, none), 1.0, 0);
    for (size_t i = 0; i < 3; i++) { /* T8.6b */
        assert_rel(precision_ptq_loss(p, 1e9, 26e9, bits_loss[i][0]), bits_loss[i][1], 1e-6);
        assert_rel(precision_critical_tokens(p, 1e9, bits_tokens[i][0]), bits_tokens[i][1], 1e-6);
    }
}

/* Beyond the critical data size more training hurts, before it helps. */
static void critical_data_is_a_minimum(void **state)
{
    const double *p = law_precision.constants[0].p;
    const double d = precision_critical_tokens(p, 1e9, 4);
    double at[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        const double x[] = { 1e9, d * (0.9 + 0.1 * i), INF_F64, INF_F64, INF_F64, 4 };
        at[i] = law_precision.value(x, p, NULL);
    }
    assert_true(at[1] < at[0] && at[1] < at[2]);
}

static void compute_optimal_sizes(void **state)
{
    static const struct {
        const char *set;
        double n, ratio;
    } want[] = { { "published", 3.218985915e10, 92.64736676 },
                 { "refit", 7.22487025e10, 18.39124496 } }; /* T8.1c */

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct law_constants *c;

        assert_int_equal(law_constants_find(&c, &law_chinchilla, want[i].set, NULL), COSIM_OK);
        const struct chinchilla_optimum o = chinchilla_optimum(c->p, 5.76e23);
        assert_rel(o.n_params, want[i].n, 1e-6);
        assert_rel(o.n_tokens / o.n_params, want[i].ratio, 1e-6);
        assert_rel(6.0 * o.n_params * o.n_tokens, 5.76e23, 1e-12);
    }
}

/* A point inside every input's range where no term vanishes. */
static void sample(const struct law *law, double *x, double *p)
{
    static const double inputs[][LAW_INPUTS_MAX] = { { 3e8, 7e10 },
                                                     { 3e8 },
                                                     { 7e10 },
                                                     { 3e8, 7e10, 4.5, 6, 3, 3.5 },
                                                     { 3e8, 7e10, 64 },
                                                     { 3e8, 7e10, 0.7, 0.4 },
                                                     { 12, 1100, 2.5, 0.25, 300 } };

    for (size_t i = 0; i < law_count(); i++)
        if (law_at(i) == law)
            memcpy(x, inputs[i], sizeof inputs[i]);
    for (size_t i = 0; i < law->n_params; i++)
        p[i] =
            law->n_constants ? law->constants[0].p[i] : 0.5 * (law->param[i].lo + law->param[i].hi);
}

static void gradients_agree_with_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < law_count(); i++) {
        const struct law *law = law_at(i);
        double x[LAW_INPUTS_MAX], p[LAW_PARAMS_MAX], g[LAW_PARAMS_MAX];

        sample(law, x, p);
        const double loss = law->value(x, p, g);
        for (size_t k = 0; k < law->n_params; k++) {
            const double keep = p[k], h = 1e-5 * fabs(keep);
            p[k] = keep + h;
            const double up = law->value(x, p, NULL);
            p[k] = keep - h;
            const double down = law->value(x, p, NULL);
            p[k] = keep;
            const double slope = (up - down) / (2.0 * h);
            if (fabs(g[k] - slope) > 1e-6 * fabs(slope) + 1e-8 * fabs(loss / keep))
                fail_msg("%s by %s: %.12g, differences give %.12g", law->name, law->param[k].name,
                         g[k], slope);
        }
    }
}

static void wrong_names_and_values_are_explained(void **state)
{
    const struct law *law;
    const struct law_constants *c;
    cosim_error e = { 0 };
    double loss;

    (void)state;
    assert_int_equal(law_find(&law, "chinchila", &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "chinchilla"));
    err_clear(&e);
    assert_int_equal(law_constants_find(&c, &law_quartet, NULL, &e), COSIM_EUNKNOWN);
    err_clear(&e);
    const double missing[] = { 8e9, UNKNOWN_F64 };
    assert_int_equal(law_loss(&loss, &law_chinchilla, missing, law_chinchilla.constants[0].p, &e),
                     COSIM_EUSAGE);
    assert_non_null(strstr(e.msg, "n_tokens"));
    err_clear(&e);
    const double outside[] = { 24, 896, 5, 1.5, 128 };
    assert_int_equal(law_loss(&loss, &law_codesign, outside, law_codesign.constants[0].p, &e),
                     COSIM_ERANGE);
    assert_non_null(strstr(e.msg, "active_ratio"));
}

static void tables_show_every_law_and_set(void **state)
{
    struct table *t;

    (void)state;
    assert_int_equal(law_list_table(&t, NULL), COSIM_OK);
    assert_int_equal(t->n_rows, law_count());
    table_free(t);
    assert_int_equal(law_constants_table(&t, &law_qat, NULL), COSIM_OK);
    assert_int_equal(t->n_rows, law_qat.n_constants * law_qat.n_params);
    table_free(t);
    const double x[] = { 70e9, 1.4e12 };
    assert_int_equal(law_value_table(&t, &law_chinchilla, x, NULL, NULL), COSIM_OK);
    assert_int_equal(t->n_rows, 2);
    table_free(t);
    assert_int_equal(law_value_table(&t, &law_chinchilla, x, "published", NULL), COSIM_OK);
    assert_int_equal(t->n_rows, 1);
    assert_rel(table_cell(t, 0, 2)->as.f64, 1.936645471, 1e-6);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_numbers_come_out),
        cmocka_unit_test(quantisation_after_training_and_its_critical_data),
        cmocka_unit_test(critical_data_is_a_minimum),
        cmocka_unit_test(compute_optimal_sizes),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(wrong_names_and_values_are_explained),
        cmocka_unit_test(tables_show_every_law_and_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
