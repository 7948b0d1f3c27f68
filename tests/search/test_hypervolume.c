/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/hypervolume.h"

#include "core/num.h"
#include "core/rng.h"
#include "search/front.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

#define MAX_N 400u
#define MAX_M 6u

struct set {
    size_t n, m;
    double x[MAX_M][MAX_N];
    const double *col[MAX_M];
};

static void random_set(struct set *s, size_t n, size_t m, unsigned levels, bool front,
                       uint64_t seed)
{
    struct rng r;

    rng_stream(&r, seed, 9);
    s->n = n;
    s->m = m;
    for (size_t j = 0; j < m; j++)
        s->col[j] = s->x[j];
    for (size_t i = 0; i < n; i++) {
        double q = 0;
        for (size_t j = 0; j < m; j++) {
            s->x[j][i] = levels ? (double)rng_below(&r, levels) / levels : rng_f64(&r);
            q += s->x[j][i] * s->x[j][i];
        }
        for (size_t j = 0; j < m && front && q > 0; j++)
            s->x[j][i] /= sqrt(q);
    }
}

static double volume(const double *const *col, size_t n, size_t m, const double *ref)
{
    double v;

    assert_int_equal(hypervolume(col, n, m, ref, &v, NULL), COSIM_OK);
    return v;
}

/* The definition on a grid of integer points: count unit cells. */
static double count_cells(const struct set *s, int cells)
{
    size_t total = 1, n_in = 0;

    for (size_t j = 0; j < s->m; j++)
        total *= (size_t)cells;
    for (size_t c = 0; c < total; c++) {
        bool in = false;
        for (size_t i = 0; i < s->n && !in; i++) {
            size_t rest = c;
            in = true;
            for (size_t j = 0; j < s->m && in; j++, rest /= (size_t)cells)
                in = s->x[j][i] * cells <= (double)(rest % (size_t)cells) + 1e-9;
        }
        n_in += in;
    }
    return (double)n_in / (double)total;
}

/* Inclusion and exclusion over all subsets. */
static double by_subsets(const struct set *s, const double *ref)
{
    double v = 0;

    for (unsigned mask = 1; mask < 1u << s->n; mask++) {
        double box = 1;
        for (size_t j = 0; j < s->m; j++) {
            double worst = -INF_F64;
            for (size_t i = 0; i < s->n; i++)
                if (mask >> i & 1)
                    worst = max_f64(worst, s->x[j][i]);
            box *= worst < ref[j] ? ref[j] - worst : 0;
        }
        v += __builtin_popcount(mask) % 2 ? box : -box;
    }
    return v;
}

/* T7.1, T7.2 */
static void worked_examples(void **state)
{
    static const double x[] = { 1, 2, 4, 3, 7 }, y[] = { 5, 3, 1, 4, 0 };
    static const double a[] = { 1, 2, 3 }, b[] = { 2, 1, 3 }, c[] = { 3, 3, 1 }, d[] = { 1, 2, 3 };
    static const double ref6[] = { 6, 6 }, ref4[] = { 4, 4, 4, 4 };
    const double *const two[] = { x, y }, *const four[] = { a, b, c, d };

    (void)state;
    assert_rel(volume(two, 3, 2, ref6), 17, 0);
    assert_rel(volume(two, 5, 2, ref6), 17, 0);
    const double p[3][3] = { { 1, 2, 3 }, { 2, 1, 3 }, { 3, 3, 1 } };
    const double *const three[] = { (const double[]){ p[0][0], p[1][0], p[2][0] },
                                    (const double[]){ p[0][1], p[1][1], p[2][1] },
                                    (const double[]){ p[0][2], p[1][2], p[2][2] } };
    assert_rel(volume(three, 3, 3, ref4), 10, 0);
    const double *const with_fourth[] = { three[0], three[1], three[2],
                                          (const double[]){ 1, 2, 3 } };
    assert_rel(volume(with_fourth, 3, 4, ref4), 24, 0);
    assert_rel(volume(four, 0, 3, ref4), 0, 0);
}

/* T7.3 */
static void contributions_of_the_worked_example(void **state)
{
    const double *const two[] = { (const double[]){ 1, 2, 4 }, (const double[]){ 5, 3, 1 } };
    double got[3];

    (void)state;
    assert_int_equal(hypervolume_contributions(two, 3, 2, (const double[]){ 6, 6 }, got, NULL),
                     COSIM_OK);
    assert_rel(got[0], 1, 0);
    assert_rel(got[1], 4, 0);
    assert_rel(got[2], 4, 0);
}

static void volumes_equal_inclusion_exclusion(void **state)
{
    static const double ref[MAX_M] = { 0.9, 1.1, 1, 0.95, 1.05, 1 };
    struct set s;

    (void)state;
    for (size_t m = 1; m <= MAX_M; m++)
        for (uint64_t seed = 0; seed < 30; seed++) {
            random_set(&s, 1 + seed % 10, m, seed % 3 ? 0 : 4, seed % 2, seed);
            const double want = by_subsets(&s, ref), got = volume(s.col, s.n, m, ref);
            assert_true(fabs(got - want) <= 1e-12);
        }
}

static void volumes_equal_counted_cells(void **state)
{
    static const double ref[MAX_M] = { 1, 1, 1, 1, 1, 1 };
    static const int cells[MAX_M + 1] = { 0, 50, 30, 12, 8, 6, 4 };
    struct set s;

    (void)state;
    for (size_t m = 1; m <= 5; m++)
        for (uint64_t seed = 0; seed < 6; seed++) {
            random_set(&s, 60, m, (unsigned)cells[m], false, seed);
            assert_rel(volume(s.col, s.n, m, ref), count_cells(&s, cells[m]), 1e-12);
        }
}

static double without(const struct set *s, size_t skip, const double *ref)
{
    struct set t = { .n = s->n - 1, .m = s->m };

    for (size_t j = 0; j < s->m; j++) {
        t.col[j] = t.x[j];
        memcpy(t.x[j], s->x[j], skip * sizeof(double));
        memcpy(t.x[j] + skip, s->x[j] + skip + 1, (s->n - skip - 1) * sizeof(double));
    }
    return volume(t.col, t.n, t.m, ref);
}

static void a_contribution_is_what_is_lost_without_the_point(void **state)
{
    static const double ref[MAX_M] = { 1.1, 1.1, 1.1, 1.1, 1.1, 1.1 };
    struct set s;
    double got[MAX_N];

    (void)state;
    for (size_t m = 2; m <= 5; m++) {
        random_set(&s, 40, m, 0, true, m);
        assert_int_equal(hypervolume_contributions(s.col, s.n, m, ref, got, NULL), COSIM_OK);
        const double all = volume(s.col, s.n, m, ref);
        double sum = 0;
        for (size_t i = 0; i < s.n; i++) {
            assert_true(fabs(got[i] - (all - without(&s, i, ref))) < 1e-12);
            sum += got[i];
        }
        assert_true(sum <= all);
    }
}

/* Padding with a constant objective multiplies by its distance: 2-D, 3-D, 4-D and 5-D agree. */
static void dimensions_agree(void **state)
{
    static const double ref[MAX_M] = { 1.2, 1.2, 1.2, 3, 3, 3 };
    static double ones[MAX_N];
    struct set s;

    (void)state;
    for (size_t i = 0; i < MAX_N; i++)
        ones[i] = 1;
    for (uint64_t seed = 0; seed < 8; seed++) {
        random_set(&s, MAX_N, 3, 0, seed % 2, seed);
        const double v = volume(s.col, s.n, 3, ref);
        s.col[3] = s.col[4] = s.col[5] = ones;
        assert_rel(volume(s.col, s.n, 4, ref), 2 * v, 1e-12);
        assert_rel(volume(s.col, s.n, 5, ref), 4 * v, 1e-12);
        assert_rel(volume(s.col, s.n, 6, ref), 8 * v, 1e-12);
    }
}

static void dominated_points_and_order_change_nothing(void **state)
{
    static const double ref[MAX_M] = { 1.1, 1.1, 1.1, 1.1, 1.1, 1.1 };
    struct set s, t;

    (void)state;
    for (size_t m = 2; m <= 5; m++) {
        random_set(&s, 200, m, 0, true, m);
        const double v = volume(s.col, s.n, m, ref);
        t = s;
        t.n = 400;
        for (size_t j = 0; j < m; j++) {
            t.col[j] = t.x[j];
            for (size_t i = 0; i < 200; i++) {
                t.x[j][i] = s.x[j][199 - i];
                t.x[j][200 + i] = s.x[j][i] + (i % 2 ? 0.01 : 0);
            }
        }
        assert_rel(volume(t.col, t.n, m, ref), v, 1e-12);
    }
}

static void the_filter_keeps_the_non_dominated(void **state)
{
    struct set s;
    uint32_t keep[MAX_N];
    size_t n_keep;

    (void)state;
    for (size_t m = 1; m <= 5; m++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            random_set(&s, MAX_N, m, seed % 2 ? 0 : 6, seed % 3 == 0, seed);
            s.x[m - 1][7] = seed % 5 ? s.x[m - 1][7] : UNKNOWN_F64;
            assert_int_equal(front_filter(s.col, s.n, m, keep, &n_keep, NULL), COSIM_OK);
            size_t w = 0;
            for (size_t i = 0; i < s.n; i++) {
                bool stays = true;
                for (size_t k = 0; k < s.n && stays; k++) {
                    bool le = true, lt = false;
                    for (size_t j = 0; j < m; j++) {
                        le = le && s.x[j][k] <= s.x[j][i];
                        lt = lt || s.x[j][k] < s.x[j][i];
                    }
                    stays = !(le && (lt || k < i));
                }
                for (size_t j = 0; j < m; j++)
                    stays = stays && !isnan(s.x[j][i]);
                if (stays) {
                    assert_true(w < n_keep);
                    assert_int_equal(keep[w], i);
                    w++;
                }
            }
            assert_int_equal(w, n_keep);
        }
}

/* Many points with a small front take another way: the same result. */
static void many_points_give_the_volume_of_their_front(void **state)
{
    enum { N = 50000 };
    static const double ref[3] = { 0.9, 0.95, 1 };
    static double x[3][N];
    static uint32_t keep[N];
    const double *const col[3] = { x[0], x[1], x[2] };
    struct rng r;

    (void)state;
    rng_stream(&r, 4, 4);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < 3; j++)
            x[j][i] = i % 1000 == 7 && j == 1 ? UNKNOWN_F64 : rng_f64(&r);
    for (size_t m = 1; m <= 3; m++) {
        static double few[3][N];
        const double *const front[3] = { few[0], few[1], few[2] };
        size_t n;
        assert_int_equal(front_filter(col, N, m, keep, &n, NULL), COSIM_OK);
        assert_true(n < 2000 && n >= 1);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++)
                few[j][i] = x[j][keep[i]];
        assert_rel(volume(col, N, m, ref), volume(front, n, m, ref), 1e-12);
        for (size_t i = 0; i < N; i += 97) { /* each is covered, as without the detour */
            bool covered = m > 1 && isnan(x[1][i]);
            for (size_t k = 0; k < n && !covered; k++) {
                covered = true;
                for (size_t j = 0; j < m; j++)
                    covered = covered && few[j][k] <= x[j][i];
            }
            assert_true(covered);
        }
    }
}

static void impossible_sizes_are_errors(void **state)
{
    const double x = 0, *col[9] = { &x, &x, &x, &x, &x, &x, &x, &x, &x };
    double v;

    (void)state;
    assert_int_equal(hypervolume(col, 1, 9, &x, &v, NULL), COSIM_ERANGE);
    assert_int_equal(hypervolume(col, 1, 0, &x, &v, NULL), COSIM_ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_examples),
        cmocka_unit_test(contributions_of_the_worked_example),
        cmocka_unit_test(volumes_equal_inclusion_exclusion),
        cmocka_unit_test(volumes_equal_counted_cells),
        cmocka_unit_test(a_contribution_is_what_is_lost_without_the_point),
        cmocka_unit_test(dimensions_agree),
        cmocka_unit_test(dominated_points_and_order_change_nothing),
        cmocka_unit_test(the_filter_keeps_the_non_dominated),
        cmocka_unit_test(many_points_give_the_volume_of_their_front),
        cmocka_unit_test(impossible_sizes_are_errors),
    };
    return cmocka_run_group_tests_name("search/hypervolume", tests, NULL, NULL);
}
