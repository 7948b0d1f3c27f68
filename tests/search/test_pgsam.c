/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PGSAM: what it becomes without its parts, what it is worth, and which axes it copes with. */
#include "search/stats.h"
#include "search/testproblem.h"

#include "support/codesign.h"

/* Numbers without any order: only the name of a category tells what it is worth; the least is 0.1.
 */
static double scatter(size_t i)
{
    return 0.1 + 0.9 * (double)((i * 73 + 141) % 200) / 200;
}

static void scattered(const void *ctx, size_t n, const double *x, double *const *obj,
                      double *violation)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        obj[0][i] = scatter((size_t)x[2 * i]);
        obj[1][i] = scatter((size_t)x[2 * i + 1]);
        violation[i] = 0;
    }
}

/* Without momentum, direction repeats, preferred and mixed moves: plain annealing. */
static void pgsam_without_its_additions_is_plain_annealing(void **state)
{
    struct search_axis axis[TESTPROBLEM_MAX_VARS];
    const struct search_problem dtlz2 = testproblem_problem(testproblem_find("dtlz2"), axis);
    const struct search_problem *const problem[] = { &codesign_problem, &dtlz2 };

    (void)state;
    for (size_t p = 0; p < 2; p++) {
        struct search_result r1, r2, r3;
        struct search_options o = { .budget = 4000, .seed = 3 };
        struct archive *plain = run(problem[p], "psa", &o, &r1);
        struct archive *full = run(problem[p], "pgsam", &o, &r2);
        o.no_momentum = o.uniform_moves = o.no_direction_repeat = o.no_archive_moves = true;
        struct archive *off = run(problem[p], "pgsam", &o, &r3);
        assert_same(plain, off);
        assert_int_equal(r1.evaluations, r3.evaluations);
        assert_memory_equal(r1.trace, r3.trace, r1.n_trace * sizeof *r1.trace);
        assert_true(memcmp(r1.trace, r2.trace, r1.n_trace * sizeof *r1.trace) != 0);
        archive_free(plain);
        archive_free(full);
        archive_free(off);
        search_result_release(&r1);
        search_result_release(&r2);
        search_result_release(&r3);
    }
}

/* The promise of docs/search.md in small: equal evaluations, many seeds, a rank test. */
static void pgsam_is_ahead_of_genetic_search_on_a_codesign_space(void **state)
{
    enum { N_SEEDS = 11 };
    static const double ref[3] = { 10, 400, 0.3 };
    double hv[2][N_SEEDS];
    struct rank_test t;

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
            const struct search_options o = { .budget = 1500, .seed = 500 + seed };
            struct search_result r;
            struct archive *a = run(&codesign_problem, k ? "nsga2" : "pgsam", &o, &r);
            assert_int_equal(r.evaluations, 1500);
            hv[k][seed] = volume(a, ref);
            archive_free(a);
            search_result_release(&r);
        }
    assert_int_equal(stats_rank_test(hv[0], N_SEEDS, hv[1], N_SEEDS, &t, NULL), COSIM_OK);
    assert_true(t.a12 > 0.5 && t.p < 0.01);
}

/* More categories than an ordinal axis may have values before it is walked in steps: the walk alone
 * has to find the best of both lists, one point of 40000. */
static void a_long_list_of_categories_is_walked_by_name(void **state)
{
    static const struct search_axis axis[] = { { "one", AXIS_CATEGORICAL, 200, 0, 0 },
                                               { "two", AXIS_CATEGORICAL, 200, 0, 0 } };
    const struct search_problem p = {
        .name = "names", .n_axes = 2, .n_obj = 2, .axis = axis, .evaluate = scattered
    };
    static const double ref[2] = { 1, 1 };
    const double best = (1 - scatter(83)) * (1 - scatter(83));
    size_t n_found = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        const struct search_options o = { .budget = 3000, .seed = seed, .no_archive_moves = true };
        struct search_result r;
        struct archive *a = run(&p, "pgsam", &o, &r);
        n_found += volume(a, ref) > best * (1 - 1e-12);
        archive_free(a);
        search_result_release(&r);
    }
    if (n_found < 10)
        fail_msg("found by %zu of 12 runs", n_found);
}

static void very_many_categories_are_no_trouble(void **state)
{
    static const struct search_axis axis[] = { { "one", AXIS_CATEGORICAL, 100000, 0, 0 },
                                               { "two", AXIS_CATEGORICAL, 2, 0, 0 } };
    const struct search_problem p = {
        .name = "names", .n_axes = 2, .n_obj = 2, .axis = axis, .evaluate = scattered
    };
    static const double ref[2] = { 1, 1 };

    (void)state;
    for (int k = 0; k < 2; k++) {
        const struct search_options o = { .budget = 2000, .seed = 3, .no_archive_moves = k };
        struct search_result r;
        struct archive *a = run(&p, "pgsam", &o, &r);
        assert_int_equal(r.evaluations, 2000);
        /* one name in 200 is the best of `one`, and 2000 are tried; 1 is the better of `two` */
        assert_true(volume(a, ref) > 0.95 * (1 - scatter(83)) * (1 - scatter(1)));
        archive_free(a);
        search_result_release(&r);
    }
}

/* A space of one point, and one whose only axis is a real one without room. */
static void the_only_point_is_found(void **state)
{
    static const struct search_axis one[] = { { "a", AXIS_ORDINAL, 1, 0, 0 },
                                              { "b", AXIS_CATEGORICAL, 1, 0, 0 } },
                                    fixed[] = { { "a", AXIS_REAL, 0, 0, 0 },
                                                { "b", AXIS_PERMUTATION, 1, 0, 0 } };
    static const struct search_axis *const axes[] = { one, fixed };
    static const char *const names[] = { "pgsam", "psa" };

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const struct search_problem p = {
            .name = "one", .n_axes = 2, .n_obj = 2, .axis = axes[k / 2], .evaluate = scattered
        };
        const struct search_options o = { .budget = 50, .seed = 1 };
        struct search_result r;
        struct archive *a = run(&p, names[k % 2], &o, &r);
        assert_int_equal(r.evaluations, 1);
        assert_int_equal(r.stop, STOP_DONE);
        assert_int_equal(archive_size(a), 1);
        assert_true(archive_objective(a, 0)[0] == scatter(0));
        archive_free(a);
        search_result_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pgsam_without_its_additions_is_plain_annealing),
        cmocka_unit_test(pgsam_is_ahead_of_genetic_search_on_a_codesign_space),
        cmocka_unit_test(a_long_list_of_categories_is_walked_by_name),
        cmocka_unit_test(very_many_categories_are_no_trouble),
        cmocka_unit_test(the_only_point_is_found),
    };
    return cmocka_run_group_tests_name("search/pgsam", tests, NULL, NULL);
}
