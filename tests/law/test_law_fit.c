/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law_fit.h"

#include "core/num.h"
#include "core/rng.h"

#include "support/close.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 700 };

struct made {
    struct law_data data;
    double x[ROWS_MAX * LAW_INPUTS_MAX], y[ROWS_MAX];
};

/* Values that each input takes; the data are a full grid, thinned to ROWS_MAX by `step`. */
struct recipe {
    const struct law *law;
    size_t n[LAW_INPUTS_MAX], step;
    double at[LAW_INPUTS_MAX][6];
    double truth[LAW_PARAMS_MAX];
};

#define NONE INF_F64
static const struct recipe recipes[] = {
    { &law_chinchilla,
      { 6, 5 },
      1,
      { { 5e7, 2e8, 8e8, 3e9, 1e10, 7e10 }, { 2e9, 1e10, 5e10, 3e11, 2e12 } },
      { 1.75, 350, 1500, 0.33, 0.35 } },
    { &law_kaplan_n, { 6 }, 1, { { 1e7, 1e8, 1e9, 1e10, 1e11, 1e12 } }, { 5e13, 0.081 } },
    { &law_kaplan_d, { 6 }, 1, { { 1e8, 1e9, 1e10, 1e11, 1e12, 1e13 } }, { 9e13, 0.09 } },
    { &law_precision,
      { 4, 3, 4, 3, 2, 4 },
      3,
      { { 3e7, 1e8, 3e8, 2e9 },
        { 2e9, 2e10, 2e11 },
        { 3, 4, 6, NONE },
        { 4, 8, NONE },
        { 3, NONE },
        { 3, 4, 5, NONE } },
      { 3500, 0.47, 15000, 0.51, 2.6, 2.4, 2.0, 1.1, 0.07, 0.45, 0.32, 0.62 } },
    { &law_qat,
      { 4, 4, 4 },
      1,
      { { 7e7, 1.5e8, 3e8, 6e8 }, { 1e10, 3e10, 5e10, 1e11 }, { 32, 64, 128, 256 } },
      { 0.2, 0.25, 0.08, 0.7 } },
    { &law_quartet,
      { 5, 5, 2, 2 },
      1,
      { { 3e7, 1e8, 5e8, 2e9, 1e10 }, { 1e9, 1e10, 1e11, 1e12, 1e13 }, { 0.5, 1 }, { 0.8, 1 } },
      { 400, 0.5, 900, 0.55, 0.7, 1.8 } },
    { &law_codesign,
      { 5, 4, 4, 4, 3 },
      2,
      { { 4, 8, 12, 20, 32 },
        { 768, 1280, 2048, 3072 },
        { 0.5, 1, 2.5, 4 },
        { 1, 0.25, 0.125, 0.0625 },
        { 64, 256, 768 } },
      { 8, 1.4, 0.04, 1.0, 0.2, -0.28, 400, 0.9, 0.3, 0.08, 2.4 } },
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

static void make(struct made *m, const struct recipe *r, double noise, uint64_t seed)
{
    const struct law *law = r->law;
    size_t total = 1, n = 0;
    struct rng rng;

    rng_stream(&rng, seed, 0);
    for (size_t k = 0; k < law->n_inputs; k++)
        total *= r->n[k];
    for (size_t id = 0; id < total; id += r->step) {
        size_t rest = id;
        double *x = m->x + n * law->n_inputs;

        assert_true(n < ROWS_MAX);
        for (size_t k = 0; k < law->n_inputs; k++) {
            x[k] = r->at[k][rest % r->n[k]];
            rest /= r->n[k];
        }
        m->y[n++] = law->value(x, r->truth, NULL) * exp(noise * rng_normal(&rng));
    }
    m->data = (struct law_data){ law, n, m->x, m->y };
}

static void every_law_is_recovered_from_its_own_exact_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_RECIPES; i++) {
        struct made *m = malloc(sizeof *m);
        struct arena a = { 0 };
        struct law_fit fit;
        cosim_error e = { 0 };

        assert_non_null(m);
        make(m, &recipes[i], 0.0, 1);
        const struct law_fit_options o = { .seed = 7, .no_bootstrap = true };
        assert_int_equal(law_fit(&fit, &m->data, &o, &a, &e), COSIM_OK);
        if (!(fit.error.max_ratio < 1e-6))
            fail_msg("%s: max relative error %g, objective %g", recipes[i].law->name,
                     fit.error.max_ratio, fit.objective);
        if (fit.n_folds && !(fit.held_out.max_ratio < 1e-4))
            fail_msg("%s: held-out error %g", recipes[i].law->name, fit.held_out.max_ratio);
        arena_release(&a);
        free(m);
    }
}

/* 95 % intervals of 5 parameters in 8 data sets: 40 chances, at least 32 must cover. */
static void intervals_cover_the_truth_under_noise(void **state)
{
    size_t covered = 0, predicted = 0;
    const struct recipe *r = &recipes[0];
    const double far[] = { 4e11, 1.5e13 };

    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct made m;
        struct arena a = { 0 };
        struct law_fit fit;
        struct law_interval at;
        const struct law_fit_options o = {
            .seed = seed, .huber = 0.02, .no_cross_validation = true, .n_starts = 6
        };

        make(&m, r, 0.005, seed);
        assert_int_equal(law_fit(&fit, &m.data, &o, &a, NULL), COSIM_OK);
        for (size_t k = 0; k < r->law->n_params; k++) {
            assert_true(fit.lo[k] <= fit.p[k] && fit.p[k] <= fit.hi[k]);
            covered += fit.lo[k] <= r->truth[k] && r->truth[k] <= fit.hi[k];
        }
        assert_int_equal(law_fit_predict(&at, &fit, far, NULL), COSIM_OK);
        const double truth = r->law->value(far, r->truth, NULL);
        predicted += at.lo <= truth && truth <= at.hi;
        arena_release(&a);
    }
    assert_true(covered >= 32);
    assert_true(predicted >= 6);
}

static void an_outlier_hardly_moves_a_robust_fit(void **state)
{
    struct made m;
    struct arena a = { 0 };
    struct law_fit fit;
    const struct law_fit_options o = { .no_bootstrap = true, .no_cross_validation = true };

    (void)state;
    make(&m, &recipes[0], 0.0, 1);
    m.y[7] *= 1.5;
    assert_int_equal(law_fit(&fit, &m.data, &o, &a, NULL), COSIM_OK);
    assert_rel(fit.error.max_ratio, 1.0 / 3.0, 0.01);
    assert_true(fit.error.p90_ratio < 1e-3);
    arena_release(&a);
}

static void the_same_seed_gives_the_same_bits(void **state)
{
    struct made m;
    struct law_fit fit[2];
    struct arena a = { 0 };
    const struct law_fit_options o = { .seed = 3, .n_bootstrap = 20, .n_starts = 4 };

    (void)state;
    make(&m, &recipes[4], 0.01, 5);
    for (int i = 0; i < 2; i++)
        assert_int_equal(law_fit(&fit[i], &m.data, &o, &a, NULL), COSIM_OK);
    assert_memory_equal(fit[0].p, fit[1].p, sizeof fit[0].p);
    assert_memory_equal(fit[0].lo, fit[1].lo, sizeof fit[0].lo);
    assert_memory_equal(fit[0].hi, fit[1].hi, sizeof fit[0].hi);
    assert_memory_equal(&fit[0].held_out, &fit[1].held_out, sizeof fit[0].held_out);
    arena_release(&a);
}

static void fixed_parameters_stay(void **state)
{
    static const struct law_fixed fixed[] = { { "alpha", 0.33 }, { "E", 1.75 } };
    struct made m;
    struct arena a = { 0 };
    struct law_fit fit;
    struct law_fit_options o = { .fixed = fixed, .n_fixed = 2, .n_bootstrap = 10 };
    cosim_error e = { 0 };

    (void)state;
    make(&m, &recipes[0], 0.0, 1);
    assert_int_equal(law_fit(&fit, &m.data, &o, &a, &e), COSIM_OK);
    assert_true(fit.p[0] == 1.75 && fit.p[3] == 0.33 && fit.fixed[0] && !fit.fixed[1]);
    assert_rel(fit.p[1], 350, 1e-4);
    assert_rel(fit.p[2], 1500, 1e-4);
    o.fixed = &(const struct law_fixed){ "alhpa", 1 };
    o.n_fixed = 1;
    assert_int_equal(law_fit(&fit, &m.data, &o, &a, &e), COSIM_EUSAGE);
    err_clear(&e);
    m.data.n = 4;
    assert_int_equal(law_fit(&fit, &m.data, &(struct law_fit_options){ 0 }, &a, &e), COSIM_ERANGE);
    arena_release(&a);
}

static void data_come_from_a_file(void **state)
{
    static const char text[] = "loss,n_tokens,note,n_params\n2.5,1e10,a,1e8\n2.2,2e11,b,2e9\n";
    static const char bad[] = "loss,n_tokens,n_params\n2.5,1e10,1e8\n-2,2e11,2e9\n";
    static const char lacks[] = "loss,n_params\n2.5,1e8\n";
    struct arena a = { 0 };
    struct csv_doc doc;
    struct law_data d;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(csv_doc_parse(&doc, "t", text, strlen(text), &a, &e), COSIM_OK);
    assert_int_equal(law_data_read(&d, &law_chinchilla, &doc, &a, &e), COSIM_OK);
    assert_int_equal(d.n, 2);
    assert_rel(d.x[2], 2e9, 0);
    assert_rel(d.x[3], 2e11, 0);
    assert_rel(d.y[1], 2.2, 0);
    assert_int_equal(law_data_read(&d, &law_precision, &doc, &a, &e), COSIM_OK);
    assert_true(isinf(d.x[2]));
    assert_int_equal(csv_doc_parse(&doc, "t", bad, strlen(bad), &a, &e), COSIM_OK);
    assert_int_equal(law_data_read(&d, &law_chinchilla, &doc, &a, &e), COSIM_ERANGE);
    assert_int_equal(e.line, 3);
    err_clear(&e);
    assert_int_equal(csv_doc_parse(&doc, "t", lacks, strlen(lacks), &a, &e), COSIM_OK);
    assert_int_equal(law_data_read(&d, &law_chinchilla, &doc, &a, &e), COSIM_ESYNTAX);
    assert_non_null(strstr(e.msg, "n_tokens"));
    arena_release(&a);
}

static void results_are_tables(void **state)
{
    struct made m;
    struct arena a = { 0 };
    struct law_fit fit;
    struct table *t;
    const struct law_fit_options o = { .n_bootstrap = 10, .n_starts = 4 };

    (void)state;
    make(&m, &recipes[0], 0.001, 1);
    assert_int_equal(law_fit(&fit, &m.data, &o, &a, NULL), COSIM_OK);
    assert_int_equal(law_fit_table(&t, &fit, NULL), COSIM_OK);
    assert_int_equal(t->n_rows, 5);
    assert_true(t->n_notes == 4 && table_cell(t, 0, 2)->known);
    table_free(t);
    assert_int_equal(law_fold_table(&t, &fit, NULL), COSIM_OK);
    assert_int_equal(t->n_rows, 7);
    assert_int_equal(table_cell(t, 6, 1)->as.u64, m.data.n);
    table_free(t);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_law_is_recovered_from_its_own_exact_values),
        cmocka_unit_test(intervals_cover_the_truth_under_noise),
        cmocka_unit_test(an_outlier_hardly_moves_a_robust_fit),
        cmocka_unit_test(the_same_seed_gives_the_same_bits),
        cmocka_unit_test(fixed_parameters_stay),
        cmocka_unit_test(data_come_from_a_file),
        cmocka_unit_test(results_are_tables),
    };
    (void)gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
