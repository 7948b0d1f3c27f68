/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/arch.h"
#include "api/arch_keys.h"
#include "api/law_quality.h"

#include "core/num.h"
#include "eval/point.h"
#include "law/codesign_check.h"
#include "law/precision_law.h"
#include "support/close.h"

#include <string.h>

static cosim *context;

static int setup(void **state)
{
    const cosim_options o = { sizeof o, "hwdb", "workloads", NULL };

    (void)state;
    return cosim_open(&context, &o, NULL) == COSIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cosim_close(context);
    return 0;
}

/* "device=x max=y --show=z": settings of the study and those of arch. */
struct asked {
    cosim_study *study;
    cosim_setting setting[32];
    size_t n;
    char text[1024];
};

static bool is_study_key(const char *name)
{
    for (size_t i = 0; cosim_study_key(i); i++)
        if (strcmp(cosim_study_key(i)->key, name) == 0)
            return true;
    return false;
}

static void ask(struct asked *q, const char *text)
{
    char *save = NULL;

    memset(q, 0, sizeof *q);
    (void)snprintf(q->text, sizeof q->text, "%s", text);
    assert_int_equal(cosim_study_new(&q->study, NULL), COSIM_OK);
    for (char *s = strtok_r(q->text, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
        char *value = strchr(s, '=');
        if (value)
            *value++ = '\0';
        s += strncmp(s, "--", 2) == 0 ? 2 : 0;
        if (is_study_key(s))
            assert_int_equal(cosim_study_set(q->study, s, value, s, NULL), COSIM_OK);
        else
            q->setting[q->n++] = (cosim_setting){ s, value };
    }
}

static struct table *arch(const char *text)
{
    cosim_error e = { 0 };
    struct table *t = NULL;
    struct asked q;

    ask(&q, text);
    if (cosim_arch(context, q.study, q.setting, q.n, &t, &e) != COSIM_OK)
        fail_msg("%s: %s (%s)", text, e.msg, e.hint);
    cosim_study_free(q.study);
    return t;
}

static double number(const struct table *t, size_t row, const char *column)
{
    const size_t c = table_column(t, column);

    if (c == SIZE_MAX)
        fail_msg("no column %s", column);
    return cosim_table_number(t, row, c);
}

static const char *text(const struct table *t, size_t row, const char *column)
{
    return cosim_table_text(t, row, table_column(t, column));
}

#define JETSON "device=jetson-agx-orin-64gb prompt=1024 output=16 threads=2 "
#define SMALL_GRID                                                                                 \
    JETSON "--layers=8..20 --width=1024..2048:+256 --ffn-ratio=0.5,1 --gqa=4 --experts=1:1,8:1 "

/* A study opened as cosim_arch does it, for what the tables do not show. */
static void open_study(struct arch_study *s, struct asked *q, const char *words, bool trained)
{
    struct arch_given g = { .trained = trained };
    cosim_error e = { 0 };

    ask(q, words);
    for (size_t i = 0; cosim_arch_key(i); i++) {
        g.key[i] = (struct setting){ cosim_arch_key(i)->def, { "test", 0, 0 } };
        for (size_t k = 0; k < q->n; k++)
            if (strcmp(q->setting[k].name, cosim_arch_key(i)->key) == 0)
                g.key[i].text = q->setting[k].value;
    }
    if (arch_study_open(s, context, q->study, &g, &e) != COSIM_OK)
        fail_msg("%s: %s", words, e.msg);
}

static void close_study(struct arch_study *s, struct asked *q)
{
    arch_study_release(s);
    cosim_study_free(q->study);
}

static void the_reference_is_the_model_that_estimate_prices(void **state)
{
    static const char *const same[] = { "ttft_s", "tpot_s", "e2e_s", "memory_bytes",
                                        "j_per_token" };
    struct table *t = arch(SMALL_GRID), *estimate = NULL;
    struct asked q;

    (void)state;
    ask(&q, "device=jetson-agx-orin-64gb prompt=1024 output=16 model=qwen2.5-0.5b");
    assert_int_equal(cosim_estimate(context, q.study, &estimate, NULL), COSIM_OK);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_rel(number(t, 0, same[i]), number(estimate, 0, same[i]), 0);
    assert_rel(number(t, 0, "loss"), 3.475358364, 1e-9); /* T8.2 */
    assert_rel(number(t, 0, "n_params"), 494032768, 0);
    assert_rel(number(t, 0, "used_e2e_s"), 1.0, 0);
    assert_string_equal(text(t, 0, "mark"), "qwen2.5-0.5b");
    table_free(t);
    table_free(estimate);
    cosim_study_free(q.study);
}

/* Layers are equal: costs are a straight line in their number, so real depths cost what the line
 * says. Checked against the plain evaluator on models laid out for each depth. */
static void costs_are_linear_in_depth(void **state)
{
    static const enum metric m[] = { METRIC_TTFT, METRIC_TPOT, METRIC_E2E, METRIC_MEMORY,
                                     METRIC_J_PER_TOKEN };
    struct arch_study s;
    struct arch_engine g;
    struct asked q;

    (void)state;
    open_study(&s, &q, JETSON "w=bf16,int4-g128", false);
    arch_engine_init(&g, &s);
    for (size_t precision = 0; precision < 2; precision++) {
        struct arch_design a = { 4, 1792, 0.5, 4, 16, 1, 151936, precision };
        struct arch_facts lo, hi, f;

        assert_int_equal(arch_engine_facts(&g, &a, &lo, NULL), COSIM_OK);
        a.layers = 32;
        assert_int_equal(arch_engine_facts(&g, &a, &hi, NULL), COSIM_OK);
        for (double l = 4; l <= 32; l += 0.5) {
            a.layers = l;
            assert_int_equal(arch_engine_facts(&g, &a, &f, NULL), COSIM_OK);
            for (size_t i = 0; i < sizeof m / sizeof *m; i++)
                assert_rel(f.metric[m[i]],
                           lo.metric[m[i]] + (hi.metric[m[i]] - lo.metric[m[i]]) * (l - 4) / 28,
                           1e-12);
            assert_rel(f.n_params, lo.n_params + (hi.n_params - lo.n_params) * (l - 4) / 28, 1e-12);
        }
    }
    arch_engine_release(&g);
    close_study(&s, &q);
}

/* llama.cpp's mixtures give some layers more bits: no straight line, whole depths are exact. */
static void mixtures_are_priced_depth_by_depth(void **state)
{
    struct arch_study s;
    struct arch_engine g;
    struct asked q;
    struct arch_facts f[3], half;
    struct arch_design a = { 0, 1792, 0.5, 4, 1, 1, 151936, 0 };

    (void)state;
    open_study(&s, &q, JETSON "w=q4_k_m", false);
    arch_engine_init(&g, &s);
    for (int i = 0; i < 3; i++) {
        a.layers = 8 + i;
        assert_int_equal(arch_engine_facts(&g, &a, &f[i], NULL), COSIM_OK);
    }
    const double step[] = { f[1].metric[METRIC_MEMORY] - f[0].metric[METRIC_MEMORY],
                            f[2].metric[METRIC_MEMORY] - f[1].metric[METRIC_MEMORY] };
    assert_true(fabs(step[0] / step[1] - 1.0) > 1e-3);
    a.layers = 8.5;
    assert_int_equal(arch_engine_facts(&g, &a, &half, NULL), COSIM_OK);
    assert_rel(half.metric[METRIC_MEMORY],
               0.5 * (f[0].metric[METRIC_MEMORY] + f[1].metric[METRIC_MEMORY]), 1e-15);
    arch_engine_release(&g);
    close_study(&s, &q);
}

/* "region" lists every design: nothing that fits is better than "best". */
static void the_best_is_the_least_of_the_region(void **state)
{
    struct table *best = arch(SMALL_GRID), *region = arch(SMALL_GRID "--show=region");
    double least = INF_F64;
    size_t n_fit = 0;

    (void)state;
    assert_int_equal(region->n_rows, 13 * 5 * 2 * 2);
    for (size_t r = 0; r < region->n_rows; r++) {
        const bool fits = strcmp(text(region, r, "feasible"), "feasible") == 0;
        assert_true(fits == (number(region, r, "used_ratio") <= 1.0));
        assert_true(number(region, r, "used_ratio") >= number(region, r, "used_e2e_s"));
        n_fit += fits;
        if (fits && number(region, r, "loss") < least)
            least = number(region, r, "loss");
    }
    assert_true(n_fit > 0 && n_fit < region->n_rows);
    assert_rel(number(best, 2, "loss"), least, 0);
    assert_true(number(best, 1, "loss") <= least); /* relaxed */
    assert_true(number(best, 2, "loss") < number(best, 0, "loss"));
    assert_true(number(best, 2, "e2e_s") <= number(best, 0, "e2e_s"));
    assert_rel(number(best, 2, "ppl_change_ratio"),
               expm1(number(best, 2, "loss") - number(best, 0, "loss")), 1e-12);
    table_free(best);
    table_free(region);
}

static bool dominates(const struct table *t, size_t a, size_t b)
{
    static const char *const by[] = { "loss", "e2e_s", "memory_bytes", "j_per_token" };
    bool better = false;

    for (size_t i = 0; i < 4; i++) {
        if (number(t, a, by[i]) > number(t, b, by[i]))
            return false;
        better = better || number(t, a, by[i]) < number(t, b, by[i]);
    }
    return better;
}

static void the_front_is_the_non_dominated_part_of_the_region(void **state)
{
    struct table *front = arch(SMALL_GRID "--show=front"),
                 *region = arch(SMALL_GRID "--show=region");
    size_t n = 0;

    (void)state;
    for (size_t r = 0; r < region->n_rows; r++) {
        bool member = strcmp(text(region, r, "feasible"), "feasible") == 0;
        for (size_t k = 0; k < region->n_rows && member; k++)
            member =
                strcmp(text(region, k, "feasible"), "feasible") != 0 || !dominates(region, k, r);
        if (!member)
            continue;
        n++;
        assert_true(n < front->n_rows);
        assert_rel(number(front, n, "point"), number(region, r, "point"), 0);
    }
    assert_int_equal(front->n_rows, n + 1); /* and the reference */
    table_free(front);
    table_free(region);
}

/* The same space above the size that is enumerated; every member is feasible and non-dominated
 * among what was found. */
static void a_huge_grid_is_searched(void **state)
{
    const char *words = JETSON "samples=3000 seed=3 --vocab=1000..151000:+1000 --show=front";
    struct table *t = arch(words), *again = arch(words);

    (void)state;
    assert_true(t->n_rows > 20);
    assert_int_equal(t->n_rows, again->n_rows);
    for (size_t r = 1; r < t->n_rows; r++) {
        assert_string_equal(text(t, r, "feasible"), "feasible");
        assert_rel(number(t, r, "loss"), number(again, r, "loss"), 0);
        for (size_t k = 1; k < t->n_rows; k++)
            assert_false(dominates(t, k, r));
    }
    table_free(t);
    table_free(again);
}

static void threads_do_not_change_a_number(void **state)
{
    struct table *one = arch(
                     "device=jetson-orin-nano-8gb threads=1 w=bf16,q4_k_m --width=768..2048:+256"),
                 *four = arch(
                     "device=jetson-orin-nano-8gb threads=4 w=bf16,q4_k_m --width=768..2048:+256");

    (void)state;
    assert_int_equal(one->n_rows, four->n_rows);
    for (size_t r = 0; r < one->n_rows; r++)
        for (size_t c = 0; c < one->n_columns; c++)
            if (one->column[c].type == CELL_F64 && table_cell(one, r, c)->known)
                assert_rel(table_cell(one, r, c)->as.f64, table_cell(four, r, c)->as.f64, 0);
    table_free(one);
    table_free(four);
}

static void shadow_prices_are_slopes_of_the_best_loss(void **state)
{
    struct table *t = arch(SMALL_GRID "max=memory_bytes=2e9 max=e2e_s=0.12 --show=shadow");
    char up[512], down[512];

    (void)state;
    assert_int_equal(t->n_rows, 2);
    assert_string_equal(text(t, 0, "budget"), "e2e_s");
    assert_true(number(t, 0, "shadow_price") <= 0.0 && number(t, 1, "shadow_price") <= 0.0);
    assert_true(number(t, 0, "shadow_price") + number(t, 1, "shadow_price") < 0.0);
    (void)snprintf(up, sizeof up, SMALL_GRID "max=memory_bytes=2e9 max=e2e_s=%.17g", 0.12 * 1.02);
    (void)snprintf(down, sizeof down, SMALL_GRID "max=memory_bytes=2e9 max=e2e_s=%.17g",
                   0.12 * 0.98);
    struct table *a = arch(up), *b = arch(down);
    /* the optimum's ratios do not change this near */
    assert_rel(number(a, 1, "loss"), number(t, 0, "loss_at_plus_2_percent"), 1e-9);
    assert_rel(number(b, 1, "loss"), number(t, 0, "loss_at_minus_2_percent"), 1e-9);
    table_free(t);
    table_free(a);
    table_free(b);
}

static void closed_forms_agree_with_nlopt(void **state)
{
    struct table *t = arch(JETSON "--show=closed");

    (void)state;
    assert_int_equal(t->n_rows, N_CODESIGN_FORMS);
    for (size_t r = 0; r < FORM_ACTIVE_DECODE_PRINTED; r++) {
        assert_true(fabs(number(t, r, "difference_ratio")) < 1e-5);
        assert_rel(number(t, r, "closed_loss"), number(t, r, "numeric_loss"), 1e-9);
    }
    /* Eq 11 of the paper misses its constraint */
    assert_true(fabs(number(t, FORM_ACTIVE_DECODE_PRINTED, "difference_ratio")) > 1e-3);
    table_free(t);
}

static void iso_curves_saturate_the_budget(void **state)
{
    struct table *t = arch(JETSON "--show=iso");

    (void)state;
    assert_true(t->n_rows > 5);
    for (size_t r = 1; r < t->n_rows; r++) {
        assert_true(number(t, r, "used_ratio") <= 1.0);
        if (number(t, r, "layers") < 32.0)
            assert_rel(number(t, r, "used_ratio"), 1.0, 1e-9);
        if (r > 1)
            assert_true(number(t, r, "layers") <= number(t, r - 1, "layers"));
    }
    table_free(t);
}

/* What formats cost, against the laws asked by hand. */
static void added_losses_come_from_the_laws(void **state)
{
    const char *words = JETSON "w=bf16,int4-g128,int8 kv=bf16,kv4";
    const double *law = law_precision.constants[0].p, n = 494032768.0;
    struct arch_study s, trained;
    struct asked q, q2;

    (void)state;
    open_study(&s, &q, words, false);
    open_study(&trained, &q2, words, true);
    const struct plan *plan = s.r.space.plan, *plan2 = trained.r.space.plan;
    const double cache =
        law[PRECLAW_A] * pow(n, -law[PRECLAW_ALPHA])
        * (pow(1.0 - exp(-4.0 / law[PRECLAW_GAMMA_KV]), -law[PRECLAW_ALPHA]) - 1.0);
    assert_rel(arch_added_loss(&s.precision[0], &s, &plan[0]) + 1.0, 1.0, 0);
    assert_rel(arch_added_loss(&s.precision[1], &s, &plan[1]), cache, 1e-9);
    assert_rel(arch_added_loss(&s.precision[2], &s, &plan[2]),
               precision_ptq_loss(law, n, LAW_TRAINING_TOKENS, 4), 1e-12);
    assert_rel(arch_added_loss(&s.precision[3], &s, &plan[3]),
               precision_ptq_loss(law, n, LAW_TRAINING_TOKENS, 4) + cache, 1e-9);
    assert_rel(arch_added_loss(&trained.precision[2], &trained, &plan2[2]),
               law_qat.value((const double[]){ n, LAW_TRAINING_TOKENS, 128 },
                             law_qat.constants[1].p, NULL),
               1e-9);
    /* no set for 8 bits: quantised afterwards */
    assert_rel(arch_added_loss(&trained.precision[4], &trained, &plan2[4]),
               precision_ptq_loss(law, n, LAW_TRAINING_TOKENS, 8), 1e-12);
    close_study(&s, &q);
    close_study(&trained, &q2);
}

/* Llama 2 was measured with 4-bit weights: that number, not the law's. */
static void measured_quality_goes_before_laws(void **state)
{
    struct arch_study s;
    struct asked q;

    (void)state;
    open_study(&s, &q, "device=h100-sxm model=llama-2-7b w=bf16,int4-g128-asym", false);
    assert_true(is_known(s.precision[1].measured_loss) && s.precision[1].measured_loss > 0.0);
    assert_non_null(strstr(s.precision[1].loss_origin, "measured"));
    assert_string_equal(s.precision[0].loss_origin, "law codesign");
    close_study(&s, &q);
}

static void wrong_questions_are_refused(void **state)
{
    static const struct {
        const char *words, *msg;
        cosim_status st;
    } bad[] = {
        { "device=jetson-agx-orin-64gb batch=1,2", "'batch' has 2 values", COSIM_EUSAGE },
        { "device=jetson-agx-orin-64gb,h100-sxm", "'device' has 2 values", COSIM_EUSAGE },
        { "prompt=10", "no device", COSIM_EUSAGE },
        { JETSON "--like=gpt-2-125m model=llama-3.2-1b", "give one", COSIM_EUSAGE },
        { JETSON "--like=nothing-7b", "unknown model", COSIM_EUNKNOWN },
        { JETSON "--show=best --layrs=4", "unknown option", COSIM_EUSAGE },
        { JETSON "--show=fronts", "cannot be shown", COSIM_EUSAGE },
        { JETSON "--layers=x", "no positive whole number", COSIM_ESYNTAX },
        { JETSON "--layers=0..4", "outside 1 to 4096", COSIM_ERANGE },
        { JETSON "--ffn-ratio=-1", "outside 0.001", COSIM_ERANGE },
        { JETSON "--ffn-ratio=nan", "no number", COSIM_ESYNTAX },
        { JETSON "--experts=8", "is no pair", COSIM_ESYNTAX },
        { JETSON "--experts=2:4", "is no pair", COSIM_ESYNTAX },
        { JETSON "--head-dim=0", "outside 1", COSIM_ERANGE },
        { JETSON "--same=tokens_per_s", "can be no budget", COSIM_EUSAGE },
        { JETSON "min=tokens_per_s=3", "can be no budget", COSIM_EUSAGE },
        { JETSON "max=power_w=10", "can be no budget", COSIM_EUSAGE },
        { JETSON "max=e2e_s=0", "above 0", COSIM_ERANGE },
        { JETSON "max=e2e_s=1e-6", "meets the budgets", COSIM_ENO },
        { JETSON "max=e2e_s=1e-6 --show=front", "meets the budgets", COSIM_ENO },
        { JETSON "--width=1000", "meets the budgets", COSIM_ENO },
        { JETSON "objectives=e2e_s,ttft_s", "--against", COSIM_EUSAGE },
        { JETSON "--against=e2e", "unknown metric", COSIM_EUNKNOWN },
        { JETSON "--show=front --against=ppl_increase_ratio", "not known", COSIM_ENO },
        { JETSON "--against=e2e_s,e2e_s", "given twice", COSIM_ESYNTAX },
        { JETSON "compat=genz", "--compat", COSIM_EUSAGE },
        { JETSON "--pick=3", "belongs to --config", COSIM_EUSAGE },
        { JETSON "--show=closed --same=none max=j_per_token=1", "budgets of time", COSIM_EUSAGE },
        { JETSON "--vocab=1..1000000 ", "more than 100000 values", COSIM_ERANGE },
        { JETSON "--vocab=1..100000 --gqa=1..60000 --width=1..90000", "more than 2^53 designs",
          COSIM_ERANGE },
        { JETSON "--vocab=1..100000", "choices are too many", COSIM_ERANGE },
        { JETSON "--show=region --vocab=1000..100000:+1000", "too many to list", COSIM_ERANGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cosim_error e = { 0 };
        struct table *t = NULL;
        struct asked q;

        ask(&q, bad[i].words);
        const cosim_status st = cosim_arch(context, q.study, q.setting, q.n, &t, &e);
        if (st != bad[i].st || !strstr(e.msg, bad[i].msg))
            fail_msg("%s: %d '%s', want %d '%s'", bad[i].words, (int)st, e.msg, (int)bad[i].st,
                     bad[i].msg);
        assert_null(t);
        cosim_study_free(q.study);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_is_the_model_that_estimate_prices),
        cmocka_unit_test(costs_are_linear_in_depth),
        cmocka_unit_test(mixtures_are_priced_depth_by_depth),
        cmocka_unit_test(the_best_is_the_least_of_the_region),
        cmocka_unit_test(the_front_is_the_non_dominated_part_of_the_region),
        cmocka_unit_test(a_huge_grid_is_searched),
        cmocka_unit_test(threads_do_not_change_a_number),
        cmocka_unit_test(shadow_prices_are_slopes_of_the_best_loss),
        cmocka_unit_test(closed_forms_agree_with_nlopt),
        cmocka_unit_test(iso_curves_saturate_the_budget),
        cmocka_unit_test(added_losses_come_from_the_laws),
        cmocka_unit_test(measured_quality_goes_before_laws),
        cmocka_unit_test(wrong_questions_are_refused),
    };
    return cmocka_run_group_tests_name("api/arch", tests, setup, teardown);
}
