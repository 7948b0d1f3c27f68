/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/alloc.h"
#include "alloc/loss_source.h"

#include "core/num.h"
#include "core/rng.h"

#include "support/close.h"

#include <glpk.h>
#include <string.h>

enum { GROUPS_MAX = 6, OPTIONS_MAX = 4 };

/* A random or written-down problem with its storage. */
struct made {
    struct alloc_problem p;
    struct alloc_group group[GROUPS_MAX];
    struct alloc_option option[GROUPS_MAX][OPTIONS_MAX];
    double use[GROUPS_MAX][OPTIONS_MAX][2];
};

static const char *const resources[] = { "decode_s", "energy_j" };
static const char *const formats[] = { "q2", "q3", "q4", "q8" };

/* T7.12: bits {2,3,4,8}, group sizes 1, 2, 1. */
static void worked(struct made *m)
{
    static const double loss[3][4] = { { .9, .3, .1, .01 },
                                       { .4, .15, .06, .008 },
                                       { 2, .8, .2, .02 } };
    static const uint64_t bits[] = { 2, 3, 4, 8 }, n[] = { 1, 2, 1 };

    memset(m, 0, sizeof *m);
    m->p = (struct alloc_problem){ m->group, 3, NULL, 0 };
    for (uint32_t i = 0; i < 3; i++) {
        m->group[i] = (struct alloc_group){ "w", m->option[i], 4, 0 };
        for (uint32_t k = 0; k < 4; k++)
            m->option[i][k] = (struct alloc_option){ .name = formats[k],
                                                     .format = k,
                                                     .bytes = n[i] * bits[k],
                                                     .loss = loss[i][k],
                                                     .source = "measured" };
    }
}

static void expect_choice(const struct alloc_plan *plan, const size_t *want)
{
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(plan->choice[i], want[i]);
}

static void all_solvers_find_the_worked_allocations(void **state)
{
    static const struct {
        uint64_t budget;
        double loss;
        size_t choice[3];
    } rows[] = { { 12, .70, { 2, 0, 2 } },
                 { 14, .45, { 2, 1, 2 } },
                 { 16, .36, { 2, 2, 2 } },
                 { 20, .18, { 2, 2, 3 } } }; /* T7.12 */
    struct made m;
    struct arena a = { 0 };
    struct alloc_frontier f;

    (void)state;
    worked(&m);
    assert_int_equal(alloc_frontier(&f, &m.p, &(struct alloc_limits){ 0 }, &a, NULL), COSIM_OK);
    assert_int_equal(f.bucket_bytes, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct alloc_ask ask = alloc_ask_default();
        struct alloc_plan plan;

        assert_int_equal(alloc_frontier_best(&plan, &f, rows[i].budget, &a, NULL), COSIM_OK);
        assert_rel(plan.loss, rows[i].loss, 1e-12);
        expect_choice(&plan, rows[i].choice);
        ask.max_bytes = (double)rows[i].budget;
        assert_int_equal(alloc_ilp(&plan, &m.p, &ask, 0, &a, NULL), COSIM_OK);
        assert_rel(plan.loss, rows[i].loss, 1e-12);
        expect_choice(&plan, rows[i].choice);
    }
    arena_release(&a);
}

static void prices_pick_corners_of_the_hull(void **state)
{
    static const struct {
        double price;
        size_t choice[3];
        uint64_t bytes;
        double loss;
    } rows[] = { { .02, { 3, 2, 3 }, 24, .09 },
                 { .1, { 2, 1, 2 }, 14, .45 },
                 { .19, { 2, 0, 2 }, 12, .70 } }; /* T7.12b */
    struct made m;
    struct arena a = { 0 };
    struct alloc_plan plan;
    cosim_error e = { 0 };

    (void)state;
    worked(&m);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(alloc_lagrange(&plan, &m.p, rows[i].price, &a, NULL), COSIM_OK);
        expect_choice(&plan, rows[i].choice);
        assert_int_equal(plan.bytes, rows[i].bytes);
        assert_rel(plan.loss, rows[i].loss, 1e-12);
    }
    assert_int_equal(alloc_lagrange(&plan, &m.p, -1, &a, &e), COSIM_ERANGE);
    arena_release(&a);
}

/* Integer losses and uses: sums are exact, so the solvers must agree to the last bit. */
static void random_problem(struct made *m, struct rng *r, bool fuse)
{
    memset(m, 0, sizeof *m);
    m->p = (struct alloc_problem){ m->group, 2 + rng_below(r, GROUPS_MAX - 1), resources, 2 };
    const uint64_t unit = 1 + rng_below(r, 5) * 64;
    for (size_t i = 0; i < m->p.n_groups; i++) {
        m->group[i] = (struct alloc_group){ "g", m->option[i], 1 + rng_below(r, OPTIONS_MAX),
                                            fuse ? (uint32_t)rng_below(r, 3) : 0 };
        if (m->group[i].fusion)
            m->group[i].n_options = OPTIONS_MAX;
        for (uint32_t k = 0; k < m->group[i].n_options; k++) {
            m->option[i][k] = (struct alloc_option){
                .name = formats[k],
                .format = k,
                .bytes = unit * (1 + rng_below(r, 40)),
                .loss = (double)rng_below(r, 100),
                .use = m->use[i][k],
                .barred = k && rng_below(r, 8) == 0 ? "no kernel" : NULL,
            };
            m->use[i][k][0] = (double)rng_below(r, 50);
            m->use[i][k][1] = (double)rng_below(r, 50);
        }
    }
}

static bool follows_the_rules(const struct made *m, const size_t *choice)
{
    for (size_t i = 0; i < m->p.n_groups; i++) {
        if (m->option[i][choice[i]].barred)
            return false;
        for (size_t k = 0; k < i; k++)
            if (m->group[i].fusion && m->group[i].fusion == m->group[k].fusion
                && m->option[i][choice[i]].format != m->option[k][choice[k]].format)
                return false;
    }
    return true;
}

static bool next_choice(const struct made *m, size_t *choice)
{
    for (size_t i = 0; i < m->p.n_groups; i++) {
        if (++choice[i] < m->group[i].n_options)
            return true;
        choice[i] = 0;
    }
    return false;
}

/* Least loss by trying everything; infinity when nothing is allowed. */
static double brute_force(const struct made *m, double max_bytes, double max_use0)
{
    size_t choice[GROUPS_MAX] = { 0 };
    double best = INF_F64;

    do {
        struct alloc_plan plan = { .choice = choice };

        if (!follows_the_rules(m, choice))
            continue;
        alloc_sum(&m->p, &plan);
        if ((double)plan.bytes <= max_bytes && plan.use[0] <= max_use0 && plan.loss < best)
            best = plan.loss;
    } while (next_choice(m, choice));
    return best;
}

static void frontier_and_brute_force_agree_on_every_point(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 42, 0);
    for (int round = 0; round < 300; round++) {
        struct made m;
        struct arena a = { 0 };
        struct alloc_frontier f;
        struct alloc_plan plan;

        random_problem(&m, &r, round % 2);
        const double free_loss = brute_force(&m, INF_F64, INF_F64);
        const cosim_status st = alloc_frontier(&f, &m.p, &(struct alloc_limits){ 0 }, &a, NULL);
        assert_int_equal(st, isinf(free_loss) ? COSIM_ENO : COSIM_OK);
        for (size_t i = 0; st == COSIM_OK && i < f.n; i++) {
            const double bytes = (double)f.point[i].bytes;

            assert_rel(f.point[i].loss, brute_force(&m, bytes, INF_F64), 0);
            assert_true(brute_force(&m, bytes - 1, INF_F64) > f.point[i].loss);
            assert_int_equal(alloc_frontier_plan(&plan, &f, i, &a, NULL), COSIM_OK);
            assert_true(follows_the_rules(&m, plan.choice));
            assert_int_equal(plan.bytes, f.point[i].bytes);
            assert_rel(plan.loss, f.point[i].loss, 0);
        }
        if (st == COSIM_OK)
            assert_rel(f.point[f.n - 1].loss, free_loss, 0);
        arena_release(&a);
    }
}

static void integer_program_and_brute_force_agree_under_two_limits(void **state)
{
    struct rng r;
    size_t n_feasible = 0;

    (void)state;
    rng_stream(&r, 43, 0);
    for (int round = 0; round < 200; round++) {
        struct made m;
        struct arena a = { 0 };
        struct alloc_plan plan;
        struct alloc_ask ask = alloc_ask_default();
        cosim_error e = { 0 };

        random_problem(&m, &r, round % 2);
        ask.max_bytes = (double)(64 * (20 + rng_below(&r, 400)));
        ask.max_use[0] = (double)(20 + rng_below(&r, 150));
        const double want = brute_force(&m, ask.max_bytes, ask.max_use[0]);
        const cosim_status st = alloc_ilp(&plan, &m.p, &ask, 0, &a, &e);
        assert_int_equal(st, isinf(want) ? COSIM_ENO : COSIM_OK);
        if (st == COSIM_OK) {
            n_feasible++;
            assert_true(follows_the_rules(&m, plan.choice));
            assert_rel(plan.loss, want, 0);
            assert_true((double)plan.bytes <= ask.max_bytes && plan.use[0] <= ask.max_use[0]);
        }
        arena_release(&a);
    }
    assert_true(n_feasible > 50 && n_feasible < 195);
}

/* The groups from `from` on become copies of the first. */
static void repeat_first_group(struct made *m, size_t from)
{
    for (size_t i = from; i < m->p.n_groups; i++) {
        m->group[i].n_options = m->group[0].n_options;
        for (size_t k = 0; k < m->group[0].n_options; k++) {
            memcpy(m->use[i][k], m->use[0][k], sizeof m->use[i][k]);
            m->option[i][k] = m->option[0][k];
            m->option[i][k].use = m->use[i][k];
        }
    }
}

static void groups_that_are_equal_are_counted_rightly(void **state)
{
    struct rng r;
    size_t n_feasible = 0, n_mixed = 0;

    (void)state;
    rng_stream(&r, 46, 0);
    for (int round = 0; round < 200; round++) {
        struct made m;
        struct arena a = { 0 };
        struct alloc_plan plan;
        struct alloc_ask ask = alloc_ask_default();

        random_problem(&m, &r, false);
        repeat_first_group(&m, 1 + rng_below(&r, 2));
        ask.max_bytes = (double)(64 * (20 + rng_below(&r, 400)));
        ask.max_use[0] = (double)(20 + rng_below(&r, 150));
        const double want = brute_force(&m, ask.max_bytes, ask.max_use[0]);
        const cosim_status st = alloc_ilp(&plan, &m.p, &ask, 0, &a, NULL);
        assert_int_equal(st, isinf(want) ? COSIM_ENO : COSIM_OK);
        if (st == COSIM_OK) {
            n_feasible++;
            assert_true(follows_the_rules(&m, plan.choice));
            assert_rel(plan.loss, want, 0);
            assert_true((double)plan.bytes <= ask.max_bytes && plan.use[0] <= ask.max_use[0]);
            for (size_t i = 3; i < m.p.n_groups; i++)
                n_mixed += plan.choice[i] != plan.choice[2];
        }
        arena_release(&a);
    }
    assert_true(n_feasible > 50 && n_feasible < 195);
    assert_true(n_mixed > 20); /* equals that take different options */
}

static void the_hull_plan_fits_and_its_bound_holds(void **state)
{
    struct rng r;
    size_t n_exact = 0, n_gap = 0;

    (void)state;
    rng_stream(&r, 44, 0);
    for (int round = 0; round < 300; round++) {
        struct made m;
        struct arena a = { 0 };
        struct alloc_plan plan;
        double price;

        random_problem(&m, &r, false);
        const double budget = (double)(64 * (10 + rng_below(&r, 600)));
        const double want = brute_force(&m, budget, INF_F64);
        const cosim_status st =
            alloc_lagrange_budget(&plan, &price, &m.p, (uint64_t)budget, &a, NULL);
        assert_int_equal(st, isinf(want) ? COSIM_ENO : COSIM_OK);
        if (st == COSIM_OK) {
            assert_true((double)plan.bytes <= budget && plan.loss >= want);
            assert_true(plan.loss_bound <= want + 1e-9);
            n_exact += plan.loss <= want;
            n_gap += plan.loss > want;
        }
        arena_release(&a);
    }
    assert_true(n_exact > 50 && n_gap > 5);
}

/* With few labels sizes are bucketed: plans stay true and within the budget, none is lost below. */
static void a_bucketed_frontier_is_honest(void **state)
{
    enum { N = 60 };
    static struct alloc_group group[N];
    static struct alloc_option option[N][3];
    struct rng r;
    struct arena a = { 0 };
    struct alloc_frontier exact, coarse;
    struct alloc_plan plan, best;
    const struct alloc_problem p = { group, N, NULL, 0 };

    (void)state;
    rng_stream(&r, 45, 0);
    for (size_t i = 0; i < N; i++) {
        group[i] = (struct alloc_group){ "g", option[i], 3, 0 };
        for (uint32_t k = 0; k < 3; k++)
            option[i][k] =
                (struct alloc_option){ .name = formats[k],
                                       .format = k,
                                       .bytes = (k + 1) * (5000 + rng_below(&r, 10000)),
                                       .loss = loss_from_bits((double)(100 + rng_below(&r, 900)),
                                                              2.0 * (k + 1)) };
    }
    assert_int_equal(alloc_frontier(&exact, &p, &(struct alloc_limits){ 0 }, &a, NULL), COSIM_OK);
    assert_int_equal(exact.bucket_bytes, 1);
    assert_int_equal(
        alloc_frontier(&coarse, &p, &(struct alloc_limits){ .max_labels = 20000 }, &a, NULL),
        COSIM_OK);
    assert_true(coarse.bucket_bytes > 1 && coarse.n_labels <= 20000);
    for (size_t i = 0; i < coarse.n; i++) {
        assert_int_equal(alloc_frontier_plan(&plan, &coarse, i, &a, NULL), COSIM_OK);
        assert_int_equal(plan.bytes, coarse.point[i].bytes);
        assert_true(!i || coarse.point[i].bytes > coarse.point[i - 1].bytes);
        assert_int_equal(alloc_frontier_best(&best, &exact, plan.bytes, &a, NULL), COSIM_OK);
        assert_true(best.loss <= plan.loss * (1.0 + 1e-12));
    }
    const uint64_t budget = exact.point[exact.n / 2].bytes;
    assert_int_equal(alloc_frontier_best(&plan, &coarse, budget, &a, NULL), COSIM_OK);
    assert_int_equal(alloc_frontier_best(&best, &exact, budget, &a, NULL), COSIM_OK);
    assert_true(plan.bytes <= budget);
    assert_true(plan.loss < 2.0 * best.loss);
    arena_release(&a);
}

/* Too large for brute force: the exact solvers hold each other to account. */
static void frontier_and_integer_program_agree_on_eighty_groups(void **state)
{
    enum { N = 80 };
    static struct alloc_group group[N];
    static struct alloc_option option[N][4];
    const struct alloc_problem p = { group, N, NULL, 0 };
    struct rng r;
    struct arena a = { 0 };
    struct alloc_frontier f;

    (void)state;
    rng_stream(&r, 46, 0);
    for (size_t i = 0; i < N; i++) {
        group[i] = (struct alloc_group){ "g", option[i], 4, i % 3 ? (uint32_t)(i / 3 + 1) : 0 };
        for (uint32_t k = 0; k < 4; k++)
            option[i][k] = (struct alloc_option){ .name = formats[k],
                                                  .format = k,
                                                  .bytes = (k + 2) * 1024 * (1 + i % 3 * 3),
                                                  .loss = (double)((4 - k) * rng_below(&r, 99)) };
    }
    assert_int_equal(alloc_frontier(&f, &p, &(struct alloc_limits){ 0 }, &a, NULL), COSIM_OK);
    for (size_t i = f.n / 8; i < f.n; i += f.n / 4) {
        struct alloc_ask ask = alloc_ask_default();
        struct alloc_plan plan, hull;
        double price;

        ask.max_bytes = (double)f.point[i].bytes;
        assert_int_equal(alloc_ilp(&plan, &p, &ask, 0, &a, NULL), COSIM_OK);
        assert_rel(plan.loss, f.point[i].loss, 0);
        assert_int_equal(alloc_lagrange_budget(&hull, &price, &p, f.point[i].bytes, &a, NULL),
                         COSIM_OK);
        assert_true(hull.loss >= f.point[i].loss && hull.loss_bound <= f.point[i].loss + 1e-9);
    }
    arena_release(&a);
}

static void impossible_demands_say_why(void **state)
{
    struct made m;
    struct arena a = { 0 };
    struct alloc_plan plan;
    struct alloc_frontier f;
    cosim_error e = { 0 };

    (void)state;
    worked(&m);
    for (int k = 0; k < 4; k++)
        m.option[1][k].barred = "the engine has no kernel";
    assert_int_equal(alloc_frontier(&f, &m.p, &(struct alloc_limits){ 0 }, &a, &e), COSIM_ENO);
    assert_non_null(strstr(e.hint, "kernel"));
    err_clear(&e);
    worked(&m);
    m.group[0].fusion = m.group[2].fusion = 9;
    m.group[0].n_options = 1;
    m.option[2][0].barred = "too coarse";
    struct alloc_ask ask = alloc_ask_default();
    assert_int_equal(alloc_frontier(&f, &m.p, &(struct alloc_limits){ 0 }, &a, &e), COSIM_ENO);
    err_clear(&e);
    assert_int_equal(alloc_ilp(&plan, &m.p, &ask, 0, &a, &e), COSIM_ENO);
    err_clear(&e);
    worked(&m);
    m.option[0][0].loss = UNKNOWN_F64;
    assert_int_equal(alloc_ilp(&plan, &m.p, &ask, 0, &a, &e), COSIM_ERANGE);
    arena_release(&a);
}

static void the_callers_glpk_environment_survives(void **state)
{
    struct made m;
    struct arena a = { 0 };
    struct alloc_plan plan;
    const struct alloc_ask ask = alloc_ask_default();

    (void)state;
    worked(&m);
    assert_int_equal(alloc_ilp(&plan, &m.p, &ask, 0, &a, NULL), COSIM_OK);
    assert_int_equal(glp_init_env(), 0); /* ours was closed */
    glp_prob *mine = glp_create_prob();
    glp_add_cols(mine, 3);
    assert_int_equal(alloc_ilp(&plan, &m.p, &ask, 0, &a, NULL), COSIM_OK);
    assert_int_equal(glp_get_num_cols(mine), 3);
    assert_int_equal(glp_init_env(), 1);
    glp_delete_prob(mine);
    glp_free_env();
    arena_release(&a);
}

/* Energy can be minimised under a loss limit: the same program read the other way round. */
static void any_quantity_can_be_the_goal(void **state)
{
    struct made m;
    struct arena a = { 0 };
    struct alloc_plan plan;
    struct alloc_ask ask = alloc_ask_default();

    (void)state;
    worked(&m);
    ask.loss_weight = 0;
    ask.bytes_weight = 1;
    ask.max_loss = 0.45;
    assert_int_equal(alloc_ilp(&plan, &m.p, &ask, 0, &a, NULL), COSIM_OK);
    assert_int_equal(plan.bytes, 14);
    arena_release(&a);
}

static void sources_are_used_in_order_and_labelled(void **state)
{
    struct alloc_option o[3] = { { .name = "q2" },
                                 { .name = "q4" },
                                 { .name = "q8", .barred = "no" } };
    struct loss_known k[3];
    cosim_error e = { 0 };

    (void)state;
    for (int i = 0; i < 3; i++)
        k[i] = (struct loss_known){ { UNKNOWN_F64, 0.5 / (i + 1), 0.7 } };
    k[1].from[LOSS_MEASURED] = 0.1;
    assert_int_equal(loss_choose(o, k, 3, "g", NULL), COSIM_OK);
    assert_string_equal(o[1].source, "sensitivity"); /* measured does not cover q2 */
    assert_rel(o[1].loss, 0.25, 0);
    k[0].from[LOSS_MEASURED] = 0.3;
    assert_int_equal(loss_choose(o, k, 3, "g", NULL), COSIM_OK);
    assert_string_equal(o[0].source, "measured");
    assert_rel(o[0].loss, 0.3, 0);
    assert_null(o[2].source);
    k[0] = (struct loss_known){ { UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64 } };
    assert_int_equal(loss_choose(o, k, 3, "g", &e), COSIM_ENO);
    assert_rel(loss_from_curvature(8, 4, 3), 3, 0);
    assert_rel(loss_from_bits(16, 2), 1, 0);
    assert_rel(loss_from_law(0.3, 1e9, 4e9), 0.075, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_solvers_find_the_worked_allocations),
        cmocka_unit_test(prices_pick_corners_of_the_hull),
        cmocka_unit_test(frontier_and_brute_force_agree_on_every_point),
        cmocka_unit_test(integer_program_and_brute_force_agree_under_two_limits),
        cmocka_unit_test(groups_that_are_equal_are_counted_rightly),
        cmocka_unit_test(the_hull_plan_fits_and_its_bound_holds),
        cmocka_unit_test(a_bucketed_frontier_is_honest),
        cmocka_unit_test(frontier_and_integer_program_agree_on_eighty_groups),
        cmocka_unit_test(impossible_demands_say_why),
        cmocka_unit_test(the_callers_glpk_environment_survives),
        cmocka_unit_test(any_quantity_can_be_the_goal),
        cmocka_unit_test(sources_are_used_in_order_and_labelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
