/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/archive.h"
#include "search/eps_archive.h"
#include "search/thin.h"

#include "core/num.h"
#include "core/rng.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

#define MAX_N 3000u

struct points {
    size_t n, m;
    uint64_t id[MAX_N];
    double x[ARCHIVE_MAX_OBJ][MAX_N];
    uint8_t skip[MAX_N];
};

/* Few levels make ties and equal vectors; level 0 means real numbers. */
static void random_points(struct points *p, size_t n, size_t m, unsigned levels, uint64_t seed)
{
    struct rng r;

    rng_stream(&r, seed, 0);
    p->n = n;
    p->m = m;
    for (size_t i = 0; i < n; i++) {
        p->id[i] = (i * 7919) % n;
        p->skip[i] = rng_below(&r, 10) == 0;
        for (size_t j = 0; j < m; j++) {
            p->x[j][i] = levels ? (double)rng_below(&r, levels) : rng_f64(&r);
            if (levels && rng_below(&r, 200) == 0)
                p->x[j][i] = rng_below(&r, 3) == 0 ? UNKNOWN_F64 : (double)INFINITY;
            if (levels && p->x[j][i] == 0 && rng_below(&r, 2))
                p->x[j][i] = -0.0;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* The definition, word for word. */
static size_t brute_force(const struct points *p, uint64_t *id)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        bool stays = !p->skip[i];
        for (size_t j = 0; j < p->m; j++)
            stays = stays && !isnan(p->x[j][i]);
        for (size_t k = 0; k < p->n && stays; k++) {
            bool le = !p->skip[k], lt = false;
            for (size_t j = 0; j < p->m; j++) {
                le = le && p->x[j][k] <= p->x[j][i];
                lt = lt || p->x[j][k] < p->x[j][i];
            }
            stays = !(le && (lt || p->id[k] < p->id[i]));
        }
        if (stays)
            id[n++] = p->id[i];
    }
    qsort(id, n, sizeof *id, by_value);
    return n;
}

static void add(struct archive *a, const struct points *p, size_t from, size_t to)
{
    const double *col[ARCHIVE_MAX_OBJ];

    for (size_t j = 0; j < p->m; j++)
        col[j] = p->x[j] + from;
    assert_int_equal(archive_add_block(a, to - from, p->id + from, col, p->skip + from, NULL),
                     COSIM_OK);
}

static struct archive *fresh(size_t m)
{
    struct archive *a;

    assert_int_equal(archive_new(&a, m, NULL), COSIM_OK);
    return a;
}

static void assert_same(struct archive *a, struct archive *b)
{
    assert_int_equal(archive_sort(a, NULL), COSIM_OK);
    assert_int_equal(archive_sort(b, NULL), COSIM_OK);
    const size_t n = archive_size(a);
    assert_int_equal(n, archive_size(b));
    assert_memory_equal(archive_ids(a), archive_ids(b), n * sizeof(uint64_t));
    for (size_t j = 0; j < archive_n_obj(a); j++)
        assert_memory_equal(archive_objective(a, j), archive_objective(b, j), n * sizeof(double));
}

static void the_archive_is_the_non_dominated_set(void **state)
{
    static const struct {
        size_t n, m;
        unsigned levels;
    } row[] = {
        { 0, 2, 0 },    { 1, 3, 0 },    { 500, 1, 0 },  { 500, 1, 5 },   { 2000, 2, 0 },
        { 2000, 2, 9 }, { 3000, 3, 0 }, { 3000, 3, 7 }, { 3000, 4, 0 },  { 3000, 4, 5 },
        { 3000, 5, 0 }, { 3000, 5, 4 }, { 1500, 6, 0 }, { 1500, 7, 0 },  { 1500, 8, 0 },
        { 1500, 8, 3 }, { 3000, 5, 2 }, { 3000, 4, 1 }, { 3000, 4, 40 },
    };
    static struct points p;
    static uint64_t want[MAX_N];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct archive *a = fresh(row[i].m);
        random_points(&p, row[i].n, row[i].m, row[i].levels, i);
        add(a, &p, 0, p.n);
        assert_int_equal(archive_sort(a, NULL), COSIM_OK);
        const size_t n = brute_force(&p, want);
        assert_int_equal(archive_size(a), n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(archive_ids(a)[k], want[k]);
        archive_free(a);
    }
}

/* Sorted streams make lists of trees, shrinking ones leave empty boxes. */
static void sorted_streams_give_the_same_front(void **state)
{
    static struct points p;

    (void)state;
    for (int dir = 0; dir < 3; dir++) {
        struct archive *a = fresh(2);
        p.n = MAX_N;
        p.m = 2;
        memset(p.skip, 0, sizeof p.skip);
        size_t left = 0;
        for (size_t round = 0; round < 40; round++) {
            for (size_t i = 0; i < p.n; i++) {
                const double t = (double)(dir == 1 ? p.n - i : i + 1), k = 40.0 - (double)round;
                p.id[i] = round * p.n + i;
                p.x[0][i] = t + (dir == 2 ? k * (double)p.n : 0);
                p.x[1][i] = dir == 2 ? k : (double)p.n * 50 - t + (double)round;
            }
            add(a, &p, 0, p.n);
        }
        left = archive_size(a);
        assert_int_equal(left, dir == 2 ? 1 : MAX_N);
        archive_free(a);
    }
}

static void order_and_blocks_change_nothing(void **state)
{
    static struct points p, q;
    struct rng r;

    (void)state;
    rng_stream(&r, 5, 5);
    for (unsigned trial = 0; trial < 12; trial++) {
        struct archive *a, *b;
        uint32_t order[MAX_N];
        random_points(&p, MAX_N, 2 + trial % 4, trial % 2 ? 6 : 0, trial);
        a = fresh(p.m);
        b = fresh(p.m);
        add(a, &p, 0, p.n);
        q = p;
        for (uint32_t i = 0; i < MAX_N; i++)
            order[i] = i;
        rng_shuffle(&r, order, MAX_N);
        for (size_t i = 0; i < MAX_N; i++) {
            q.id[i] = p.id[order[i]];
            q.skip[i] = p.skip[order[i]];
            for (size_t j = 0; j < p.m; j++)
                q.x[j][i] = p.x[j][order[i]];
        }
        for (size_t at = 0; at < q.n;) {
            const size_t end = at + rng_below(&r, 700);
            add(b, &q, at, end < q.n ? end : q.n);
            at = end;
        }
        assert_same(a, b);
        assert_int_equal(archive_n_nan(a), archive_n_nan(b));
        archive_free(a);
        archive_free(b);
    }
}

static void merge_is_associative_commutative_and_idempotent(void **state)
{
    static struct points p;
    enum { N = MAX_N / 3 };

    (void)state;
    for (unsigned trial = 0; trial < 6; trial++) {
        random_points(&p, MAX_N, 3 + trial % 2, trial % 2 ? 8 : 0, 100 + trial);
        struct archive *v[9];
        for (size_t i = 0; i < 9; i++) {
            v[i] = fresh(p.m);
            add(v[i], &p, i % 3 * N, (i % 3 + 1) * N);
        }
        /* (0 + 1) + 2, 3 + (4 + 5), (8 + 7) + 6 */
        assert_int_equal(archive_merge(v[0], v[1], NULL), COSIM_OK);
        assert_int_equal(archive_merge(v[0], v[2], NULL), COSIM_OK);
        assert_int_equal(archive_merge(v[4], v[5], NULL), COSIM_OK);
        assert_int_equal(archive_merge(v[3], v[4], NULL), COSIM_OK);
        assert_int_equal(archive_merge(v[8], v[7], NULL), COSIM_OK);
        assert_int_equal(archive_merge(v[8], v[6], NULL), COSIM_OK);
        assert_same(v[0], v[3]);
        assert_same(v[0], v[8]);
        assert_int_equal(archive_merge(v[0], v[3], NULL), COSIM_OK);
        assert_int_equal(archive_merge(v[0], v[0], NULL), COSIM_OK);
        assert_same(v[0], v[3]);
        for (size_t i = 0; i < 9; i++)
            archive_free(v[i]);
    }
}

static void single_points_tell_whether_they_entered(void **state)
{
    static const double x[][2] = { { 1, 5 }, { 2, 3 }, { 3, 4 }, { 2, 3 }, { 1, 4 }, { 0, 9 } };
    static const int enters[] = { 1, 1, 0, 0, 1, 1 };
    struct archive *a = fresh(2);

    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        int entered;
        assert_int_equal(archive_add(a, 10 - i, x[i], &entered, NULL), COSIM_OK);
        assert_int_equal(entered, enters[i]);
    }
    assert_null(archive_ids(a));
    assert_int_equal(archive_sort(a, NULL), COSIM_OK);
    assert_int_equal(archive_size(a), 3);
    assert_int_equal(archive_ids(a)[0], 5); /* (0, 9) */
    assert_int_equal(archive_ids(a)[1], 6); /* (1, 4) */
    assert_int_equal(archive_ids(a)[2], 7); /* (2, 3): the lower id of the two */
    assert_true(archive_covers(a, (const double[]){ 2, 3 }));
    assert_false(archive_covers(a, (const double[]){ 0.5, 8 }));
    assert_true(archive_dominates(a, (const double[]){ 2, 4 }));
    assert_false(archive_dominates(a, (const double[]){ 2, 3 }));
    archive_free(a);
}

static void the_number_of_objectives_has_limits(void **state)
{
    struct archive *a;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(archive_new(&a, 0, &e), COSIM_ERANGE);
    assert_int_equal(archive_new(&a, 9, NULL), COSIM_ERANGE);
    assert_null(a);
    assert_non_null(strstr(e.msg, "objectives"));
}

/* Boxes of 10 %: the box archive of all points is that of the front; ids stay; a maximised
 * objective, held negative, is cut at ratios as well. */
static void a_thin_front_is_the_box_archive_of_all_points(void **state)
{
    struct archive *front;
    struct eps_archive *boxes;
    struct rng r;

    (void)state;
    rng_stream(&r, 3, 0);
    assert_int_equal(archive_new(&front, 3, NULL), COSIM_OK);
    assert_int_equal(eps_archive_new(&boxes, 3, (const double[]){ 0.1, 0.1, 0.1 },
                                     (const bool[]){ true, true, true }, NULL),
                     COSIM_OK);
    for (uint64_t id = 0; id < 20000; id++) {
        const double a = 1 + 9 * rng_f64(&r), b = 1 + 9 * rng_f64(&r),
                     c = 20 / (a + b) + rng_f64(&r);
        const double x[3] = { a, b, -1 / c }, y[3] = { a, b, c };
        assert_int_equal(archive_add(front, id, x, NULL, NULL), COSIM_OK);
        assert_int_equal(eps_archive_add(boxes, id, y, NULL, NULL), COSIM_OK);
    }
    const size_t n_all = archive_size(front);
    assert_int_equal(archive_thin(&front, 0.1, NULL), COSIM_OK);
    eps_archive_sort(boxes);
    assert_int_equal(archive_size(front), eps_archive_size(boxes));
    assert_true(archive_size(front) * 4 < n_all && archive_size(front) > 20);
    for (size_t i = 0; i < archive_size(front); i++)
        assert_int_equal(archive_ids(front)[i], eps_archive_id(boxes, i));
    archive_free(front);
    eps_archive_free(boxes);
    /* an objective with a zero is cut by its range */
    assert_int_equal(archive_new(&front, 2, NULL), COSIM_OK);
    for (uint64_t id = 0; id <= 100; id++)
        assert_int_equal(
            archive_add(front, id, (const double[]){ 200.0 - (double)id, (double)id }, NULL, NULL),
            COSIM_OK);
    assert_int_equal(archive_thin(&front, 0.5, NULL), COSIM_OK);
    assert_in_range(archive_size(front), 2, 5);
    archive_free(front);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thin_front_is_the_box_archive_of_all_points),
        cmocka_unit_test(the_archive_is_the_non_dominated_set),
        cmocka_unit_test(sorted_streams_give_the_same_front),
        cmocka_unit_test(order_and_blocks_change_nothing),
        cmocka_unit_test(merge_is_associative_commutative_and_idempotent),
        cmocka_unit_test(single_points_tell_whether_they_entered),
        cmocka_unit_test(the_number_of_objectives_has_limits),
    };
    return cmocka_run_group_tests_name("search/archive", tests, NULL, NULL);
}
