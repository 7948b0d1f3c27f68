/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No device is better than the ideal of its group, and groups are a partition of alike devices. */
#include "eval/ideal.h"

#include "support/random_space.h"

#include <string.h>

static struct rng rng;
static const struct model *const *models;
static const struct rates *rates;
static size_t n_models, n_rates;

static int load_world(void **state)
{
    const int st = world_load(state);

    if (st == 0) {
        models = all_models(&n_models);
        rates = all_rates(&n_rates);
    }
    return st;
}

static void groups_are_a_partition(void **state)
{
    (void)state;
    for (size_t most = 1; most <= n_rates + 3; most += 7) {
        struct arena a = { NULL };
        struct ideal_groups g;
        unsigned char *seen = ARENA_NEW(&a, unsigned char, n_rates);
        assert_int_equal(ideal_groups_make(&g, rates, n_rates, most, &a, NULL), COSIM_OK);
        assert_true(g.n >= 1 && g.n <= most && g.n <= n_rates);
        assert_int_equal(g.columns.n, g.n);
        assert_int_equal(g.first[0], 0);
        assert_int_equal(g.first[g.n], n_rates);
        memset(seen, 0, n_rates);
        for (size_t i = 0; i < g.n; i++) {
            assert_true(g.first[i] < g.first[i + 1]);
            for (uint32_t k = g.first[i]; k < g.first[i + 1]; k++)
                assert_int_equal(seen[g.member[k]]++, 0);
        }
        if (most >= 8)
            assert_true(g.n > 4); /* shipped devices are not all alike */
        arena_release(&a);
    }
}

/* The split is at the greatest factor between two devices: phones do not stand with servers. */
static void alike_devices_stand_together(void **state)
{
    struct arena a = { NULL };
    struct ideal_groups g;
    struct rates four[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        four[i] = rates[0];
        four[i].rate[RATE_S_PER_MEM_BYTE].value = (i % 2 ? 1e-12 : 1e-10) * (1.0 + 0.1 * (double)i);
    }
    assert_int_equal(ideal_groups_make(&g, four, 4, 2, &a, NULL), COSIM_OK);
    assert_int_equal(g.n, 2);
    assert_true(g.member[0] == 1 && g.member[1] == 3 && g.member[2] == 0 && g.member[3] == 2);
    assert_true(g.columns.rate[RATE_S_PER_MEM_BYTE][0] == four[1].rate[RATE_S_PER_MEM_BYTE].value);
    assert_true(g.columns.rate[RATE_S_PER_MEM_BYTE][1] == four[0].rate[RATE_S_PER_MEM_BYTE].value);
    arena_release(&a);
}

/* Every metric of every device of a group against the group's bound, in the metric's own sense. */
static void hold_to_bounds(const struct ideal_groups *g, const struct space *s, struct walker *w,
                           struct block *bound)
{
    for (size_t i = 0; i < g->n; i++)
        for (uint32_t k = g->first[i]; k < g->first[i + 1]; k++) {
            struct point p;
            point_eval(&p, &w->load, &s->rates[g->member[k]], w->ppl_increase_ratio);
            if (p.reject != REJECT_NONE)
                continue;
            assert_int_equal(bound->reject[i], REJECT_NONE);
            for (int m = 0; m < N_METRICS; m++) {
                const double b = bound->metric[m][i], v = p.metric[m];
                if (!is_known(v))
                    continue;
                assert_true(is_known(b));
                if (metric_table[m].sense > 0 ? b > v : b < v)
                    fail_msg("%s: %.17g is better than the bound %.17g", metric_table[m].name, v,
                             b);
            }
        }
}

static void no_device_is_better_than_its_ideal(void **state)
{
    const uint32_t all = (UINT32_C(1) << N_METRICS) - 1;
    size_t held = 0;

    (void)state;
    rng_stream(&rng, 91, 0);
    for (unsigned i = 0; i < 40 / FEWER; i++) {
        struct arena a = { NULL };
        struct space s;
        struct ideal_groups g;
        struct ideal one;
        struct walker w;
        struct block bound;
        random_space(&s, &rng, &models[rng_below(&rng, n_models)], 1, rates, n_rates, &a);
        assert_int_equal(ideal_groups_make(&g, rates, n_rates, 1 + rng_below(&rng, 40), &a, NULL),
                         COSIM_OK);
        ideal_make(&one, rates, n_rates);
        assert_int_equal(block_init(&bound, &g.columns, &a, NULL), COSIM_OK);
        assert_int_equal(walker_init(&w, &s, NULL), COSIM_OK);
        for (unsigned k = 0; k < 20; k++) {
            bool layout_ok;
            double whole[N_METRICS];
            assert_int_equal(walker_prepare(&w, rng_below(&rng, s.n_blocks), &layout_ok, NULL),
                             COSIM_OK);
            if (!layout_ok)
                continue;
            block_set_graph(&bound, &w.load);
            block_set_prefill(&bound);
            block_eval(&bound, &w.load, w.ppl_increase_ratio, all);
            ideal_groups_bound(&g, &w.load, bound.metric);
            hold_to_bounds(&g, &s, &w, &bound);
            /* and one ideal for all is no better bound than those of the groups */
            if (!ideal_bound(&one, &w.load, w.ppl_increase_ratio, whole))
                continue;
            for (size_t j = 0; j < g.n; j++)
                if (bound.reject[j] == REJECT_NONE) {
                    assert_true(whole[METRIC_TPOT] <= bound.metric[METRIC_TPOT][j]);
                    assert_true(whole[METRIC_POWER] <= bound.metric[METRIC_POWER][j]);
                    held++;
                }
        }
        walker_release(&w);
        arena_release(&a);
    }
    assert_true(held > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_a_partition),
        cmocka_unit_test(alike_devices_stand_together),
        cmocka_unit_test(no_device_is_better_than_its_ideal),
    };
    return cmocka_run_group_tests_name("eval/ideal", tests, load_world, world_release);
}
