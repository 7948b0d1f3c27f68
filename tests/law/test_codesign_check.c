/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/codesign_check.h"
#include "law/law.h"

#include "support/close.h"

#include <math.h>

/* The set-ups of T8.4 and T8.5, with a memory budget that makes both bind. */
static struct codesign_case worked(void)
{
    return (struct codesign_case){
        .p = law_codesign.constants[0].p,
        .gqa = 4,
        .ffn_ratio = 1,
        .active_ratio = 1.0 / 16,
        .decode = { 2048, 1, 2, 1032.5 },
        .flops_per_token = 976562500,
        .bytes_per_token = 4e9,
        .memory_bytes = 4e9 / 0.35,
    };
}

static void closed_forms_are_the_worked_numbers(void **state)
{
    static const struct {
        enum codesign_form form;
        double x;
    } want[] = {
        { FORM_ACTIVE_MEMORY, 0.1730256621 },         /* T8.3 */
        { FORM_GQA_PREFILL, 5.403823591 },            /* T8.4c */
        { FORM_FFN_DECODE, 7.519752739 },             /* T8.4d */
        { FORM_GQA_DECODE, 0.6293854661 },            /* T8.4d */
        { FORM_ACTIVE_DECODE, 0.2047122662 },         /* T8.5 */
        { FORM_ACTIVE_DECODE_PRINTED, 0.2254720107 }, /* T8.5 */
    };
    struct codesign_case c = worked();
    double x;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(codesign_closed(&x, want[i].form, &c, NULL), COSIM_OK);
        assert_rel(x, want[i].x, 1e-6);
    }
    c.memory_bytes = c.flops_per_token / 1.2;
    assert_int_equal(codesign_closed(&x, FORM_ACTIVE_PREFILL, &c, NULL), COSIM_OK);
    assert_rel(x, 0.45, 1e-12); /* T8.5c */
}

static void nlopt_finds_the_stationary_points(void **state)
{
    static const enum codesign_form form[] = { FORM_ACTIVE_MEMORY, FORM_FFN_PREFILL,
                                               FORM_GQA_PREFILL, FORM_FFN_DECODE, FORM_GQA_DECODE };
    const struct codesign_case c = worked();

    (void)state;
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        double closed, numeric, loss;

        assert_int_equal(codesign_closed(&closed, form[i], &c, NULL), COSIM_OK);
        assert_int_equal(codesign_minimum(&numeric, &loss, form[i], &c, NULL), COSIM_OK);
        assert_rel(numeric, closed, 1e-5);
        assert_rel(loss, codesign_along(form[i], &c, closed), 1e-10);
        for (double f = 0.5; f < 2.01; f += 0.1) /* and nothing near is lower */
            assert_true(codesign_along(form[i], &c, numeric * f) >= loss);
    }
}

/* (8.6) and (8.11) are where both budgets bind: the least loss only while memory is not so scarce
 * that fewer experts and more depth win. */
static void both_budgets_binding_is_no_minimum_when_memory_is_plenty_of_depth(void **state)
{
    struct codesign_case c = worked();
    double closed, numeric, loss;

    (void)state;
    assert_int_equal(codesign_closed(&closed, FORM_ACTIVE_DECODE, &c, NULL), COSIM_OK);
    assert_int_equal(codesign_minimum(&numeric, &loss, FORM_ACTIVE_DECODE, &c, NULL), COSIM_OK);
    assert_true(loss <= codesign_along(FORM_ACTIVE_DECODE, &c, closed));
    assert_true(numeric < 0.9 * closed); /* 300 layers: depth is worth less than sparsity */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_forms_are_the_worked_numbers),
        cmocka_unit_test(nlopt_finds_the_stationary_points),
        cmocka_unit_test(both_budgets_binding_is_no_minimum_when_memory_is_plenty_of_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
