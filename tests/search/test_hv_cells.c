/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cutting space into cells gives the volume that the recursion over dimensions gives. */
#include "search/hv_cells.h"

#include "core/rng.h"
#include "search/hv_rows.h"
#include "search/hypervolume.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#define MANY 9000u

enum shape { CUBE, SPHERE, GRID, CORNER, N_SHAPES };

/* Rows of d negative numbers; GRID has many equal coordinates and repeated points, CORNER has a
 * point that dominates most others. */
static void random_rows(double *row, size_t n, size_t d, enum shape shape, uint64_t seed)
{
    struct rng r;

    rng_stream(&r, seed, 4);
    for (size_t i = 0; i < n; i++, row += d) {
        double q = 0;
        for (size_t j = 0; j < d; j++) {
            const double u = rng_f64(&r);
            row[j] = shape == GRID ? -1.0 - (double)rng_below(&r, 4) : -0.01 - u;
            q += u * u;
            if (shape == SPHERE)
                row[j] = -u;
        }
        for (size_t j = 0; j < d && shape == SPHERE; j++)
            row[j] = -1.1 - row[j] / sqrt(q); /* none dominates another */
        for (size_t j = 0; j < d && shape == CORNER && i == n / 2; j++)
            row[j] = -0.9;
    }
}

static double by_recursion(const double *row, size_t n, size_t d)
{
    struct hv h;

    assert_int_equal(hv_new(&h, n, d, NULL), COSIM_OK);
    memcpy(h.level[d].row, row, n * d * sizeof *row);
    const double v = hv_volume(&h, n, d);
    hv_free(&h);
    return v;
}

static double by_cells(const double *row, size_t n, size_t d)
{
    double v;

    assert_int_equal(hv_cells(row, n, d, &v, NULL), COSIM_OK);
    return v;
}

static void cells_and_recursion_agree(void **state)
{
    static const size_t n_of[] = { 1, 2, 19, 20, 21, 60, 300 };
    static double row[300 * HV_MAX_OBJ], before[300 * HV_MAX_OBJ];

    (void)state;
    for (size_t d = 3; d <= 6; d++)
        for (int shape = 0; shape < N_SHAPES; shape++)
            for (size_t k = 0; k < sizeof n_of / sizeof *n_of; k++) {
                const size_t n = d == 6 && n_of[k] > 100 ? 100 : n_of[k];
                random_rows(row, n, d, (enum shape)shape, 10 * d + k);
                memcpy(before, row, n * d * sizeof *row);
                const double v = by_cells(row, n, d);
                assert_true(v > 0);
                assert_rel(v, by_recursion(row, n, d), 1e-11);
                assert_memory_equal(row, before, n * d * sizeof *row);
            }
}

static void no_points_have_no_volume(void **state)
{
    const double row[4] = { -1, -2, -3, -0.5 };

    (void)state;
    assert_true(by_cells(row, 0, 4) == 0.0);
    assert_true(by_cells(row, 1, 4) == 3.0);
}

/* So many that cells are left to threads; a constant coordinate only scales the volume of three,
 * which is found in quite another way. */
static void many_points_agree_with_three_objectives(void **state)
{
    double *row = malloc((size_t)MANY * 5 * sizeof *row), *three = malloc((size_t)MANY * 3 * 8);
    const double *col[3], ref[3] = { 0 };
    double v;

    (void)state;
    assert_true(row && three);
    random_rows(three, MANY, 3, SPHERE, 77);
    for (size_t d = 4; d <= 5; d++) {
        for (size_t i = 0; i < MANY; i++)
            for (size_t j = 0; j < d; j++)
                row[i * d + j] = j < 3 ? three[3 * i + j] : -2.0;
        double *sorted = malloc((size_t)MANY * 3 * sizeof *sorted);
        assert_non_null(sorted);
        for (size_t j = 0; j < 3; j++) {
            col[j] = sorted + j * MANY;
            for (size_t i = 0; i < MANY; i++)
                sorted[j * MANY + i] = three[3 * i + j];
        }
        assert_int_equal(hypervolume(col, MANY, 3, ref, &v, NULL), COSIM_OK);
        assert_rel(by_cells(row, MANY, d), (d == 4 ? 2 : 4) * v, 1e-10);
        free(sorted);
    }
    free(row);
    free(three);
}

static void threads_do_not_change_a_bit(void **state)
{
    double *row = malloc((size_t)MANY * 4 * sizeof *row);

    (void)state;
    assert_non_null(row);
    random_rows(row, MANY, 4, SPHERE, 5);
#ifdef _OPENMP
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    const double one = by_cells(row, MANY, 4);
    for (int n = 2; n <= 5; n++) {
        omp_set_num_threads(n);
        const double v = by_cells(row, MANY, 4);
        assert_memory_equal(&v, &one, sizeof v);
    }
    omp_set_num_threads(before);
#else
    assert_true(by_cells(row, MANY, 4) > 0);
#endif
    free(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_and_recursion_agree),
        cmocka_unit_test(no_points_have_no_volume),
        cmocka_unit_test(many_points_agree_with_three_objectives),
        cmocka_unit_test(threads_do_not_change_a_bit),
    };
    return cmocka_run_group_tests_name("search/hv_cells", tests, NULL, NULL);
}
