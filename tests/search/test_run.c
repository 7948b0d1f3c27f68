/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/run.h"

#include "core/num.h"
#include "search/hypervolume.h"
#include "search/testproblem.h"
#include "search/weights.h"

#include "support/codesign.h"

#include <stdlib.h>
#include <string.h>

static void every_algorithm_is_reproducible_on_any_thread_count(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_search_algos; k++) {
        const char *name = search_algos[k]->name;
        struct search_axis axis[TESTPROBLEM_MAX_VARS];
        const struct search_problem zdt1 = testproblem_problem(testproblem_find("zdt1"), axis);
        const bool real_only = strcmp(name, "nlopt") == 0;
        const struct search_problem *p = real_only ? &zdt1 : &codesign_problem;
        struct search_result r1, r2, r3;
        struct search_options o = { .budget = 3000, .seed = 7, .threads = 1 };
        struct archive *a = run(p, name, &o, &r1);
        o.threads = 2;
        struct archive *b = run(p, name, &o, &r2);
        o.no_trace = true;
        struct search_result r4;
        struct archive *d = run(p, name, &o, &r4);
        o.no_trace = false;
        o.seed = 8;
        struct archive *c = run(p, name, &o, &r3);
        assert_same(a, b);
        assert_same(a, d);
        archive_free(d);
        search_result_release(&r4);
        assert_true(archive_size(a) > 5);
        assert_true(r1.evaluations <= 3000 && r1.evaluations == r2.evaluations);
        assert_int_equal(r1.stop, r2.stop);
        assert_true(r1.n_trace > 50);
        for (size_t i = 1; i < r1.n_trace; i++)
            assert_true(r1.trace[i].volume >= r1.trace[i - 1].volume * (1 - 1e-12));
        if (strcmp(name, "exhaustive") != 0)
            assert_true(
                archive_size(a) != archive_size(c)
                || memcmp(archive_ids(a), archive_ids(c), archive_size(a) * sizeof(uint64_t)) != 0);
        /* members are what they say */
        double x[TESTPROBLEM_MAX_VARS], f[3], v = 0;
        for (size_t i = 0; i < archive_size(a); i++) {
            assert_true(search_result_point(&r1, archive_ids(a)[i], x));
            if (real_only)
                testproblem_find("zdt1")->evaluate(testproblem_find("zdt1"), x, f, &v);
            else
                codesign_one(x, f, &v);
            assert_true(v == 0);
            for (size_t j = 0; j < p->n_obj; j++)
                assert_true(f[j] == archive_objective(a, j)[i]);
        }
        archive_free(a);
        archive_free(b);
        archive_free(c);
        search_result_release(&r1);
        search_result_release(&r2);
        search_result_release(&r3);
    }
}

static void pruning_leaves_the_exhaustive_front_as_it_is(void **state)
{
    struct search_problem bounded = codesign_problem;
    struct search_result all, pruned;
    const struct search_options o = { 0 };

    (void)state;
    bounded.bound = codesign_bound;
    struct archive *a = run(&codesign_problem, "exhaustive", &o, &all),
                   *b = run(&bounded, "exhaustive", &o, &pruned);
    assert_same(a, b);
    assert_int_equal(all.evaluations, 8 * 40 * 9 * 4 * 6);
    assert_int_equal(all.stop, STOP_DONE);
    assert_int_equal(pruned.stop, STOP_DONE);
    assert_int_equal(pruned.evaluations + pruned.proof.n_pruned_points, all.evaluations);
    assert_true(pruned.proof.n_pruned_points > all.evaluations / 4);
    assert_true(pruned.proof.n_pruned_subtrees > 0);
    archive_free(a);
    archive_free(b);
}

static void guided_search_finds_the_front_of_a_codesign_space(void **state)
{
    static const double ref[3] = { 20, 60, 0.3 };
    struct search_result r;
    const struct search_options all = { 0 };
    struct archive *exact = run(&codesign_problem, "exhaustive", &all, &r);
    const double want = volume(exact, ref);

    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        const struct search_options o = { .budget = 3456, .seed = seed }; /* 5 % */
        struct archive *a = run(&codesign_problem, "pgsam", &o, &r);
        assert_true(volume(a, ref) > 0.995 * want && volume(a, ref) <= want);
        archive_free(a);
    }
    archive_free(exact);
}

static void genetic_search_reaches_known_fronts(void **state)
{
    static const struct {
        const char *problem, *algo;
        double share; /* of the front's volume */
    } row[] = {
        { "zdt1", "nsga2", 0.97 }, { "zdt1", "moead", 0.9 },  { "zdt2", "nsga2", 0.95 },
        { "zdt3", "nsga2", 0.97 }, { "dtlz2", "nsga2", 0.9 }, { "mw2", "nsga2", 0.85 },
        { "zdt1", "nlopt", 0.9 },  { "dtlz2", "nlopt", 0.8 }, { "zdt1", "pgsam", 0.9 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        enum { N = 4000 };
        static double col[3][N];
        double *obj[3] = { col[0], col[1], col[2] }, best;
        const struct testproblem *t = testproblem_find(row[i].problem);
        struct search_axis axis[TESTPROBLEM_MAX_VARS];
        const struct search_problem p = testproblem_problem(t, axis);
        const bool nlopt = strcmp(row[i].algo, "nlopt") == 0; /* its own time is what is spent */
        const struct search_options o = { .budget = nlopt ? 10000 : 20000, .seed = 1 };
        struct search_result r;
        size_t n;
        struct archive *a = run(&p, row[i].algo, &o, &r);
        assert_int_equal(testproblem_front(t, N, obj, &n, NULL), COSIM_OK);
        assert_int_equal(hypervolume((const double *const *)obj, n, t->n_obj, t->ref, &best, NULL),
                         COSIM_OK);
        if (!(volume(a, t->ref) > row[i].share * best))
            fail_msg("%s on %s: %g of %g", row[i].algo, t->name, volume(a, t->ref), best);
        archive_free(a);
        search_result_release(&r);
    }
}

/* Three cities ... a permutation with two costs: sum of i p[i] and of (n - i) p[i]^2. */
static void permutation_costs(const void *ctx, size_t n, const double *x, double *const *obj,
                              double *violation)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double sum = 0, seen = 0;
        obj[0][i] = obj[1][i] = violation[i] = 0;
        for (size_t k = 0; k < 8; k++) {
            const double v = x[i * 9 + k];
            sum += v;
            seen += (double)(1u << (unsigned)v);
            obj[0][i] += (double)k * v * x[i * 9 + 8];
            obj[1][i] += (8 - (double)k) * v * v / x[i * 9 + 8];
        }
        assert_true(sum == 28 && seen == 255); /* still a permutation */
    }
}

static void permutations_stay_permutations(void **state)
{
    static const struct search_axis axis[] = { { "order", AXIS_PERMUTATION, 8, 0, 0 },
                                               { "scale", AXIS_REAL, 0, 1, 2 } };
    static const char *const algo[] = {
        "random", "sobol", "nsga2", "moead", "pgsam", "psa", "pls"
    };
    const struct search_problem p = {
        .name = "permutation", .n_axes = 2, .n_obj = 2, .axis = axis, .evaluate = permutation_costs
    };

    (void)state;
    for (size_t k = 0; k < sizeof algo / sizeof *algo; k++) {
        const struct search_options o = { .budget = 4000, .seed = 2 };
        struct search_result r;
        struct archive *a = run(&p, algo[k], &o, &r);
        assert_true(archive_size(a) > 3);
        archive_free(a);
        search_result_release(&r);
    }
}

static void every_stop_says_why(void **state)
{
    struct search_axis axis[TESTPROBLEM_MAX_VARS];
    const struct search_problem zdt1 = testproblem_problem(testproblem_find("zdt1"), axis);
    volatile int stop = 1;
    struct search_result r;
    struct search_options o = { .budget = 500, .seed = 1 };
    struct archive *a = run(&zdt1, "nsga2", &o, &r);

    (void)state;
    assert_int_equal(r.stop, STOP_BUDGET);
    assert_int_equal(r.evaluations, 500);
    assert_true(r.evaluations_to_99 > 0 && r.evaluations_to_99 <= 500);
    archive_free(a);
    search_result_release(&r);
    o.stop = &stop;
    a = run(&zdt1, "nsga2", &o, &r);
    assert_int_equal(r.stop, STOP_SIGNAL);
    assert_int_equal(r.evaluations, 0);
    archive_free(a);
    search_result_release(&r);
    o = (struct search_options){ .budget = 200000, .seed = 1, .stop_when_converged = true };
    a = run(&codesign_problem, "random", &o, &r);
    assert_int_equal(r.stop, STOP_CONVERGED);
    assert_string_equal(search_stop_name[r.stop], "converged");
    archive_free(a);
    /* pgsam knows when it has seen everything */
    o = (struct search_options){ .budget = 200, .seed = 1 };
    const struct search_axis small[5] = { { "a", AXIS_ORDINAL, 3, 0, 0 },
                                          { "b", AXIS_ORDINAL, 2, 0, 0 },
                                          { "c", AXIS_CATEGORICAL, 3, 0, 0 },
                                          { "d", AXIS_ORDINAL, 1, 0, 0 },
                                          { "e", AXIS_ORDINAL, 2, 0, 0 } };
    struct search_problem tiny = codesign_problem;
    tiny.axis = small;
    a = run(&tiny, "pgsam", &o, &r);
    struct archive *b = run(&tiny, "exhaustive", &o, &r);
    assert_same(a, b);
    archive_free(a);
    archive_free(b);
}

static void what_cannot_be_searched_is_an_error(void **state)
{
    const struct search_axis none = { "none", AXIS_ORDINAL, 0, 0, 0 },
                             real = { "real", AXIS_REAL, 0, 0, 1 };
    struct search_problem p = codesign_problem;
    const struct search_options o = { .budget = 100, .nlopt_method = "newton" };
    struct search_axis axis[TESTPROBLEM_MAX_VARS];
    const struct search_problem zdt1 = testproblem_problem(testproblem_find("zdt1"), axis);
    struct search_result r;
    struct archive *a, *b;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(archive_new(&a, 3, NULL), COSIM_OK);
    assert_int_equal(archive_new(&b, 2, NULL), COSIM_OK);
    p.n_axes = 0;
    assert_int_equal(search_run(&p, &algo_random, &o, a, &r, &e), COSIM_ERANGE);
    p.n_axes = 1;
    p.axis = &none;
    assert_int_equal(search_run(&p, &algo_random, &o, a, &r, NULL), COSIM_ERANGE);
    p.axis = &real;
    assert_int_equal(search_run(&p, &algo_exhaustive, &o, a, &r, NULL), COSIM_EUNSUPPORTED);
    assert_int_equal(search_run(&codesign_problem, &algo_nlopt, &o, a, &r, NULL),
                     COSIM_EUNSUPPORTED);
    assert_int_equal(search_run(&zdt1, &algo_nlopt, &o, b, &r, NULL), COSIM_EUNKNOWN);
    assert_null(search_algo_find("simplex"));
    archive_free(a);
    archive_free(b);
}

static void ids_are_mixed_radix_numbers(void **state)
{
    double x[5];

    (void)state;
    assert_int_equal(problem_n_points(&codesign_problem), 8 * 40 * 9 * 4 * 6);
    for (uint64_t id = 0; id < 69120; id += 77) {
        problem_point(&codesign_problem, id, x);
        assert_int_equal(problem_id(&codesign_problem, x), id);
    }
    problem_point(&codesign_problem, 1, x);
    assert_true(x[4] == 1 && x[0] == 0); /* the last axis varies fastest */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_mixed_radix_numbers),
        cmocka_unit_test(every_algorithm_is_reproducible_on_any_thread_count),
        cmocka_unit_test(pruning_leaves_the_exhaustive_front_as_it_is),
        cmocka_unit_test(guided_search_finds_the_front_of_a_codesign_space),
        cmocka_unit_test(genetic_search_reaches_known_fronts),
        cmocka_unit_test(permutations_stay_permutations),
        cmocka_unit_test(every_stop_says_why),
        cmocka_unit_test(what_cannot_be_searched_is_an_error),
    };
    return cmocka_run_group_tests_name("search/run", tests, NULL, NULL);
}
