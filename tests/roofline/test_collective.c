/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "roofline/collective.h"

#include "support/close.h"

#define ALPHA_S 1e-6
#define LINK 450e9 /* NVLink 4, docs/model.md 4.1 */

static double ring_s(struct coll_form f, double bytes)
{
    return f.ring_hops * ALPHA_S + f.ring_volume * bytes / LINK;
}

static double tree_s(struct coll_form f, double bytes)
{
    return f.tree_hops * ALPHA_S + f.tree_volume * bytes / LINK;
}

static void all_reduce_takes_what_the_table_says(void **state)
{
    const struct coll_form f = coll_all_reduce(8);
    const double m = 16.0 * 1024.0 * 1024.0;

    (void)state;
    assert_rel(ring_s(f, m), 7.924472889e-05, 1e-9); /* T4.1 */
    assert_rel(tree_s(f, m), 8.056540444e-05, 1e-9);
    assert_rel(ring_s(f, m) + 5e-6, 8.424472889e-05, 1e-9); /* GenZ's form: 5 us more */
    assert_rel(coll_s(&f, ALPHA_S, m / LINK), 7.924472889e-05, 1e-9);
    assert_rel(ring_s(f, 8192), 1.403185778e-05, 1e-9); /* T4.1c */
}

static void ring_and_tree_tie_at_the_crossover(void **state)
{
    const struct coll_form f = coll_all_reduce(8);
    const double m = coll_crossover_bytes(8, ALPHA_S, LINK);

    (void)state;
    assert_rel(m, 1.44e7, 1e-12); /* T4.1b */
    assert_rel(ring_s(f, m), 7.0e-05, 1e-12);
    assert_rel(tree_s(f, m), 7.0e-05, 1e-12);
    assert_rel(coll_s(&f, ALPHA_S, m / 2 / LINK), tree_s(f, m / 2), 1e-15);
    assert_rel(coll_s(&f, ALPHA_S, m * 2 / LINK), ring_s(f, m * 2), 1e-15);
}

/* T4.4: 64 ranks, 4096 tokens of 7168 bytes to 8 experts each, 50 GB/s. */
static void tokens_to_experts_leave_a_rank_as_the_table_says(void **state)
{
    const struct coll_form f = coll_all_to_all(64);

    (void)state;
    assert_rel(f.ring_volume * 4096 * 8 * 7168 / 50e9, 4.62422016e-03, 1e-9);
    assert_rel(f.tree_hops, 1, 0);
    assert_rel(f.ring_hops, 63, 0);
}

static void one_rank_talks_to_nobody(void **state)
{
    const struct coll_form forms[] = { coll_all_reduce(1), coll_all_gather(1), coll_all_to_all(1) };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_true(ring_s(forms[i], 1e9) == 0.0);
    const struct coll_form p2p = coll_p2p();
    assert_rel(coll_s(&p2p, ALPHA_S, 1e9 / LINK), ALPHA_S + 1e9 / LINK, 1e-15);
}

static void more_ranks_or_bytes_are_never_faster(void **state)
{
    (void)state;
    for (double n = 2; n <= 512; n *= 2)
        for (double bytes = 1; bytes < 1e10; bytes *= 10) {
            const struct coll_form f[] = { coll_all_reduce(n), coll_all_gather(n),
                                           coll_all_to_all(n) };
            const struct coll_form g[] = { coll_all_reduce(2 * n), coll_all_gather(2 * n),
                                           coll_all_to_all(2 * n) };
            for (int i = 0; i < 3; i++) {
                const double t = coll_s(&f[i], ALPHA_S, bytes / LINK);
                assert_true(coll_s(&g[i], ALPHA_S, bytes / LINK) >= t);
                assert_true(coll_s(&f[i], ALPHA_S, 2 * bytes / LINK) >= t);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_reduce_takes_what_the_table_says),
        cmocka_unit_test(ring_and_tree_tie_at_the_crossover),
        cmocka_unit_test(tokens_to_experts_leave_a_rank_as_the_table_says),
        cmocka_unit_test(one_rank_talks_to_nobody),
        cmocka_unit_test(more_ranks_or_bytes_are_never_faster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
