/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two sets that PGSAM breeds from: the front that steers, and the pool beside it. */
#include "search/guide.h"
#include "search/pool.h"

#include "core/num.h"

#include "support/close.h"

#include <stdbool.h>
#include <string.h>

static void nothing(const void *ctx, size_t n, const double *x, double *const *obj,
                    double *violation)
{
    (void)ctx, (void)n, (void)x, (void)obj, (void)violation;
}

static const struct search_axis axis[2] = { { "a", AXIS_REAL, 0, 0, 1 },
                                            { "b", AXIS_REAL, 0, 0, 1 } };
static const struct search_problem problem = {
    .name = "two", .n_axes = 2, .n_obj = 2, .axis = axis, .evaluate = nothing
};

static struct priced at(double f0, double f1, double violation)
{
    return (struct priced){ .violation = violation, .obj = { f0, f1 } };
}

/* The gain of a new member is the additive epsilon to the front, in units of its box. */
static void a_gain_is_the_distance_until_a_member_covers(void **state)
{
    const double x[2] = { 0, 0 };
    struct guide g;
    struct priced f;
    double gain;

    (void)state;
    assert_int_equal(guide_init(&g, &problem, 100, NULL), COSIM_OK);
    f = at(0, 10, 0);
    assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    assert_true(gain == INF_F64);
    f = at(20, 0, 0);
    assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    /* in the box of 20 by 10: max(-5/20, 6/10) against (0, 10), max(15/20, -4/10) against (20, 0)
     */
    f = at(5, 4, 0);
    assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    assert_rel(gain, 0.6, 1e-15);
    assert_int_equal(g.n, 3);
    /* equal and dominated points do not enter */
    assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    assert_true(gain == 0 && g.n == 3);
    f = at(6, 4, 0);
    assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    assert_true(gain == 0 && g.n == 3);
    /* a better one takes the place of those that it beats, and the box follows */
    f = at(5, 0, 0);
    assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    assert_int_equal(g.n, 2);
    assert_true(g.ideal[0] == 0 && g.nadir[0] == 5 && g.ideal[1] == 0 && g.nadir[1] == 10);
    guide_release(&g);
}

/* Against the definition, with more members than one vector of the loops takes. */
static void members_that_dominate_are_counted(void **state)
{
    const double x[2] = { 0, 0 };
    struct guide g;
    struct rng r;
    double gain;

    (void)state;
    assert_int_equal(guide_init(&g, &problem, 300, NULL), COSIM_OK);
    for (int i = 0; i < 200; i++) {
        const struct priced f = at(i, 199 - i, 0);
        assert_int_equal(guide_add(&g, x, &f, &gain, NULL), COSIM_OK);
    }
    assert_int_equal(g.n, 200);
    rng_stream(&r, 3, 0);
    for (int k = 0; k < 200; k++) {
        const struct priced f = at((double)rng_below(&r, 220), (double)rng_below(&r, 220), 0);
        size_t n = 0;
        for (size_t i = 0; i < g.n; i++)
            n += priced_dominates(&g.price[i], &f, 2);
        assert_int_equal(guide_count_dominating(&g, &f), n);
    }
    const struct priced infeasible = at(-1, -1, 0.5);
    assert_int_equal(guide_count_dominating(&g, &infeasible), 200);
    guide_release(&g);
}

/* Violations fall, and what is good is not lost to what is worse. */
static void the_pool_gets_better(void **state)
{
    struct pool p;
    struct rng r;
    double worst_before = 0, worst = 0;

    (void)state;
    rng_stream(&r, 5, 0);
    assert_int_equal(pool_init(&p, &problem, 20, NULL), COSIM_OK);
    for (int i = 0; i < 20; i++) {
        const double x[2] = { i, 0 };
        const struct priced f = at(1, 1, 1 + i);
        pool_add(&p, x, &f, &r);
        worst_before = max_f64(f.violation, worst_before);
    }
    assert_int_equal(p.n, 20);
    for (int i = 0; i < 20; i++)
        assert_true(p.row[2 * i] == i); /* the first ones all enter */
    for (int i = 0; i < 2000; i++) {
        const double x[2] = { 100, 0 };
        const struct priced f = at(1, 1, 20 * rng_f64(&r));
        pool_add(&p, x, &f, &r);
    }
    for (size_t i = 0; i < p.n; i++)
        worst = max_f64(p.price[i].violation, worst);
    assert_int_equal(p.n, 20);
    assert_true(worst < 0.1 * worst_before);
    /* a feasible point beats every infeasible member; a dominated one never enters after it */
    for (int i = 0; i < 2000; i++) {
        const double x[2] = { 200, 0 };
        const struct priced f = at(i % 2 ? 3 : 2, i % 2 ? 3 : 2, 0);
        pool_add(&p, x, &f, &r);
    }
    for (size_t i = 0; i < p.n; i++)
        assert_true(p.price[i].violation == 0 && p.price[i].obj[0] == 2);
    pool_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gain_is_the_distance_until_a_member_covers),
        cmocka_unit_test(members_that_dominate_are_counted),
        cmocka_unit_test(the_pool_gets_better),
    };
    return cmocka_run_group_tests_name("search/pool", tests, NULL, NULL);
}
