/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/milp.h"

#include "core/num.h"

#include "support/close.h"

/* Values 10, 13, 7 with sizes 3, 4, 2 in a sack of 6: 13 + 7. */
static void a_small_sack_is_filled(void **state)
{
    static const double value[] = { 10.0, 13.0, 7.0 }, size[] = { 3.0, 4.0, 2.0 };
    struct arena a = { 0 };
    struct milp m = { .arena = &a };
    double x[3], bound;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        (void)milp_add_column(&m, -value[i], 1.0, true);
    milp_add_row(&m, -INF_F64, 6.0);
    for (size_t i = 0; i < 3; i++)
        milp_add_term(&m, i, size[i]);
    assert_int_equal(milp_solve(&m, 0, x, &bound, NULL), COSIM_OK);
    assert_rel(bound, -20.0, 1e-9);
    assert_true(x[0] < 0.5 && x[1] > 0.5 && x[2] > 0.5);
    arena_release(&a);
}

static void continuous_columns_may_be_fractions(void **state)
{
    struct arena a = { 0 };
    struct milp m = { .arena = &a };
    double x[2], bound;

    (void)state;
    (void)milp_add_column(&m, 1.0, INF_F64, false);
    (void)milp_add_column(&m, 3.0, 5.0, true);
    milp_add_row(&m, 2.5, 2.5);
    milp_add_term(&m, 0, 1.0);
    milp_add_term(&m, 1, 1.0);
    assert_int_equal(milp_solve(&m, 0, x, &bound, NULL), COSIM_OK);
    assert_rel(x[0], 2.5, 1e-9);
    assert_rel(bound, 2.5, 1e-9);
    arena_release(&a);
}

static void what_cannot_be_is_said(void **state)
{
    struct arena a = { 0 };
    struct milp m = { .arena = &a };
    double x[1], bound;

    (void)state;
    (void)milp_add_column(&m, 1.0, 1.0, true);
    milp_add_row(&m, 2.0, INF_F64);
    milp_add_term(&m, 0, 1.0);
    assert_int_equal(milp_solve(&m, 0, x, &bound, NULL), COSIM_ENO);
    arena_release(&a);
}

/* 30 sizes that nearly fill half of their sum: thousands of nodes to a proof. */
static void few_nodes_leave_a_bound_below_the_value(void **state)
{
    struct arena a = { 0 };
    struct milp m = { .arena = &a };
    double x[30], bound, value = 0.0;

    (void)state;
    for (size_t i = 0; i < 30; i++)
        (void)milp_add_column(&m, -(double)(2 * (1000 + 37 * i * i % 911)), 1.0, true);
    milp_add_row(&m, -INF_F64, 20001.0); /* odd, and all sizes are even */
    for (size_t i = 0; i < 30; i++)
        milp_add_term(&m, i, (double)(2 * (1000 + 37 * i * i % 911)));
    const cosim_status st = milp_solve(&m, 50, x, &bound, NULL);
    assert_true(st == COSIM_OK || st == COSIM_ERANGE);
    if (st == COSIM_OK) {
        for (size_t i = 0; i < 30; i++)
            value += m.column[i].cost * x[i];
        assert_true(bound <= value + 1e-6);
        assert_true(bound >= -20001.0 - 1e-3);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_sack_is_filled),
        cmocka_unit_test(continuous_columns_may_be_fractions),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(few_nodes_leave_a_bound_below_the_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
