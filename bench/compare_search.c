/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Search algorithms after equal evaluations: the tables of docs/search.md.
 *
 *   compare_search [EVALUATIONS [SEEDS [PROBLEM...]]]   default 10000 evaluations, seeds 1 .. 31
 *   compare_search parts [PROBLEM...]                   pgsam without each of its parts
 *
 * Discrete problems are this file's own co-design spaces with made-up prices; the standard ones are
 * those of search/testproblem.h. Each number is a dominated volume relative to the best volume
 * known for the problem: the true front where it can be sampled, else the merged front of all runs
 * shown. A mark says whether the rank test (p < 0.05) puts the algorithm before (+) or behind (-)
 * NSGA-II, or the search without a part before or behind the whole one. */
#include "core/rng.h"
#include "search/hypervolume.h"
#include "search/run.h"
#include "search/stats.h"
#include "search/testproblem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SEEDS 64u
#define FRONT 20000u

enum { N_COLUMNS = 6 };

/* What is compared, and with which column. */
static const struct contest {
    size_t reference;
    struct {
        const char *name, *algo;
        struct search_options o;
    } column[N_COLUMNS];
} algorithms = { 1,
                 { { .name = "random", .algo = "random" },
                   { .name = "nsga2", .algo = "nsga2" },
                   { .name = "moead", .algo = "moead" },
                   { .name = "psa", .algo = "psa" },
                   { .name = "pgsam", .algo = "pgsam" },
                   { .name = "pls", .algo = "pls" } } },
  parts = { 0,
            { { .name = "pgsam", .algo = "pgsam" },
              { "no momentum", "pgsam", { .no_momentum = true } },
              { "no repeated directions", "pgsam", { .no_direction_repeat = true } },
              { "uniform steps", "pgsam", { .uniform_moves = true } },
              { "no penalty", "pgsam", { .no_archive_guidance = true } },
              { "no members as parents", "pgsam", { .no_archive_moves = true } } } };

/* Weight bits of 28 groups: bytes, loss, and seconds where mixed neighbours pay for a switch. */
static void bit_groups(const void *ctx, size_t n, const double *x, double *const *obj,
                       double *violation)
{
    static const double bits[6] = { 2.1, 3.4, 4.5, 5.5, 6.6, 8.5 };

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double bytes = 0, loss = 0, s = 0;
        for (size_t g = 0; g < 28; g++) {
            const size_t b = (size_t)x[i * 28 + g];
            const double size = 1 + (double)(g * 7 % 5), care = 1 + (double)(g * 11 % 9);
            bytes += size * bits[b];
            loss += care * exp2(-2 * bits[b]) * 100;
            s += size * bits[b] / (b < 2 ? 0.8 : 1);
            s += g > 0 && x[i * 28 + g] != x[i * 28 + g - 1] ? 1.5 : 0;
        }
        obj[0][i] = bytes;
        obj[1][i] = loss;
        obj[2][i] = s;
        violation[i] = 0;
    }
}

/* 24 layers on 5 unlike devices: joules, seconds, idle share; memories are limited. */
static void layer_route(const void *ctx, size_t n, const double *x, double *const *obj,
                        double *violation)
{
    static const double speed[5] = { 1, 3, 8, 2, 5 }, joules[5] = { 1, 2.2, 4.5, 0.8, 3 },
                        room[5] = { 40, 12, 20, 6, 10 };

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double s = 0, j = 0, used[5] = { 0 }, busy[5] = { 0 }, over = 0, most = 0, sum = 0;
        for (size_t l = 0; l < 24; l++) {
            const size_t d = (size_t)x[i * 24 + l];
            const double work = 1 + (double)(l * 5 % 7) / 3;
            used[d] += work;
            busy[d] += work / speed[d];
            s += work / speed[d];
            j += work * joules[d] / speed[d] * 2;
            if (l > 0 && x[i * 24 + l] != x[i * 24 + l - 1]) {
                s += 0.15;
                j += 0.1;
            }
        }
        for (size_t d = 0; d < 5; d++) {
            over += used[d] > room[d] ? used[d] - room[d] : 0;
            most = busy[d] > most ? busy[d] : most;
            sum += busy[d];
        }
        obj[0][i] = j;
        obj[1][i] = s;
        obj[2][i] = 1 - sum / (5 * most);
        violation[i] = over;
    }
}

/* Device, formats, batch, split, frequency: seconds, joules, loss and money per token. */
static void sweep_space(const void *ctx, size_t n, const double *x, double *const *obj,
                        double *violation)
{
    static const double w_bits[12] = { 2.06, 2.6, 3.4, 4.13, 4.5, 4.85, 5.5, 6.6, 8, 8.5, 12, 16 };

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        const double *v = x + i * 7;
        struct rng r;
        rng_stream(&r, (uint64_t)v[6], 1);
        const double bw = 50 * (1 + 99 * rng_f64(&r)), peak = 200 * bw * rng_f64(&r);
        const double idle_w = 10 + 200 * rng_f64(&r), price = (0.2 + rng_f64(&r)) * bw / 1e3;
        const double memory = 8 + 180 * rng_f64(&r), w = w_bits[(size_t)v[0]];
        const double k = 2 + v[1], u = 2 + v[2], batch = 1 + v[3], split = exp2(v[4]);
        const double f = 0.4 + 0.05 * v[5], bytes = w + (6e-3 * k + 2e-3 * u) * batch;
        const double ms = bytes / (bw * split), cs = 16 * batch / (peak * split * f);
        const double s = (ms > cs ? ms : cs) + 4e-4 * (split - 1);
        obj[0][i] = s;
        obj[1][i] = (bytes * 0.06 + 0.016 * batch * f * f + idle_w * f * s * split) / batch;
        obj[2][i] = 1 / (w * w * w) + 0.15 / (k * k * k) + 0.05 / (u * u * u);
        obj[3][i] = price * s * split / batch;
        violation[i] = bytes > memory * split ? bytes - memory * split : 0;
    }
}

/* An order of 12 stages and a frequency for each half. */
static void stage_order(const void *ctx, size_t n, const double *x, double *const *obj,
                        double *violation)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        const double *v = x + i * 14;
        double late = 0, t = 0, j = 0;
        for (size_t k = 0; k < 12; k++) {
            const double f = 0.3 + 0.1 * v[k < 6 ? 12 : 13], work = 1 + fmod(v[k] * 5, 7);
            t += work / f + (k > 0 ? 0.2 * fabs(v[k] - v[k - 1]) : 0);
            j += work * f * f;
            late += t * (1 + fmod(v[k] * 3, 4));
        }
        obj[0][i] = late;
        obj[1][i] = j + 0.3 * t;
        violation[i] = 0;
    }
}

static struct search_axis bits_axis[28], route_axis[24];
static const struct search_axis sweep_axis[7] = {
    { "w", AXIS_ORDINAL, 12, 0, 0 },          { "k", AXIS_ORDINAL, 15, 0, 0 },
    { "v", AXIS_ORDINAL, 15, 0, 0 },          { "batch", AXIS_ORDINAL, 64, 0, 0 },
    { "split", AXIS_ORDINAL, 4, 0, 0 },       { "step", AXIS_ORDINAL, 12, 0, 0 },
    { "device", AXIS_CATEGORICAL, 48, 0, 0 },
};
static const struct search_axis order_axis[3] = {
    { "order", AXIS_PERMUTATION, 12, 0, 0 },
    { "first", AXIS_ORDINAL, 8, 0, 0 },
    { "second", AXIS_ORDINAL, 8, 0, 0 },
};
static const struct {
    struct search_problem p;
    double ref[4];
} discrete[] = {
    { { .name = "bits", .n_axes = 28, .n_obj = 3, .axis = bits_axis, .evaluate = bit_groups },
      { 700, 1200, 800 } },
    { { .name = "route", .n_axes = 24, .n_obj = 3, .axis = route_axis, .evaluate = layer_route },
      { 120, 45, 1 } },
    { { .name = "sweep", .n_axes = 7, .n_obj = 4, .axis = sweep_axis, .evaluate = sweep_space },
      { 0.1, 3, 0.2, 0.1 } },
    { { .name = "order", .n_axes = 3, .n_obj = 2, .axis = order_axis, .evaluate = stage_order },
      { 8000, 80 } },
};
enum { N_DISCRETE = sizeof discrete / sizeof *discrete };

static double volume_of(struct archive *a, const double *ref)
{
    const double *obj[ARCHIVE_MAX_OBJ];
    double v;

    if (archive_sort(a, NULL) != COSIM_OK)
        exit(4);
    for (size_t j = 0; j < archive_n_obj(a); j++)
        obj[j] = archive_objective(a, j);
    if (hypervolume(obj, archive_size(a), archive_n_obj(a), ref, &v, NULL) != COSIM_OK)
        exit(4);
    return v;
}

static double true_volume(const struct testproblem *t)
{
    static double col[4][FRONT];
    double *obj[4] = { col[0], col[1], col[2], col[3] }, v;
    size_t n;

    if (!t || !t->front || testproblem_front(t, FRONT, obj, &n, NULL) != COSIM_OK)
        return 0;
    if (hypervolume((const double *const *)obj, n, t->n_obj, t->ref, &v, NULL) != COSIM_OK)
        exit(4);
    return v;
}

static void compare(const struct contest *contest, const struct search_problem *p,
                    const double *ref, double best, uint64_t budget, size_t n_seeds)
{
    static double v[N_COLUMNS][MAX_SEEDS];
    struct archive *all;

    if (archive_new(&all, p->n_obj, NULL) != COSIM_OK)
        exit(4);
    for (size_t k = 0; k < N_COLUMNS; k++)
        for (size_t s = 0; s < n_seeds; s++) {
            struct search_options o = contest->column[k].o;
            o.budget = budget;
            o.seed = s + 1;
            o.no_trace = true;
            struct archive *a;
            struct search_result r;
            if (archive_new(&a, p->n_obj, NULL) != COSIM_OK
                || search_run(p, search_algo_find(contest->column[k].algo), &o, a, &r, NULL)
                       != COSIM_OK)
                exit(4);
            v[k][s] = volume_of(a, ref);
            if (archive_merge(all, a, NULL) != COSIM_OK)
                exit(4);
            archive_free(a);
            search_result_release(&r);
        }
    const char *const known = best > 0 ? "front" : "merged";
    if (!(best > 0))
        best = volume_of(all, ref);
    printf("| %s | %s |", p->name, known);
    for (size_t k = 0; k < N_COLUMNS; k++) {
        struct quartiles q;
        struct rank_test t;
        if (stats_quartiles(v[k], n_seeds, &q, NULL) != COSIM_OK
            || stats_rank_test(v[k], n_seeds, v[contest->reference], n_seeds, &t, NULL) != COSIM_OK)
            exit(4);
        printf(" %.4f (%.4f)%s |", q.median / best, (q.q3 - q.q1) / best,
               k == contest->reference || t.p >= 0.05 ? ""
               : t.a12 > 0.5                          ? " +"
                                                      : " -");
    }
    printf("\n");
    (void)fflush(stdout);
    archive_free(all);
}

static int wanted(const char *name, int first, int argc, char **argv)
{
    for (int i = first; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return argc <= first;
}

int main(int argc, char **argv)
{
    const int by_parts = argc > 1 && strcmp(argv[1], "parts") == 0, first = by_parts ? 2 : 3;
    const struct contest *contest = by_parts ? &parts : &algorithms;
    const uint64_t budget = argc > 1 && !by_parts ? strtoull(argv[1], NULL, 10) : 10000;
    const size_t n_seeds = argc > 2 && !by_parts ? strtoull(argv[2], NULL, 10) : 31;

    if (budget == 0 || n_seeds == 0 || n_seeds > MAX_SEEDS)
        return 2;
    for (size_t i = 0; i < 28; i++)
        bits_axis[i] = (struct search_axis){ "bits", AXIS_ORDINAL, 6, 0, 0 };
    for (size_t i = 0; i < 24; i++)
        route_axis[i] = (struct search_axis){ "device", AXIS_CATEGORICAL, 5, 0, 0 };
    printf("| problem | best known |");
    for (size_t k = 0; k < N_COLUMNS; k++)
        printf(" %s |", contest->column[k].name);
    printf("\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < N_DISCRETE; i++)
        if (wanted(discrete[i].p.name, first, argc, argv))
            compare(contest, &discrete[i].p, discrete[i].ref, 0, budget, n_seeds);
    for (size_t i = 0; i < testproblem_count(); i++) {
        const struct testproblem *t = testproblem_at(i);
        struct search_axis axis[TESTPROBLEM_MAX_VARS];
        const struct search_problem p = testproblem_problem(t, axis);
        if (wanted(t->name, first, argc, argv))
            compare(contest, &p, t->ref, true_volume(t), budget, n_seeds);
    }
    return 0;
}
