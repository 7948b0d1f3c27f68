/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/sweep.h"

#include "support/random_space.h"

#include <stdlib.h>

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

static const struct sweep_algorithm *algorithm(const char *name)
{
    const struct sweep_algorithm *a = NULL;

    assert_int_equal(sweep_algorithm_find(name, (struct src_pos){ 0 }, &a, NULL), COSIM_OK);
    return a;
}

static void run(const char *name, const struct sweep_request *q, struct sweep_result *r)
{
    cosim_error e = { 0 };

    if (algorithm(name)->run(q, r, &e) != COSIM_OK)
        fail_msg("%s: %s", name, e.msg);
}

/* Few devices and layouts: small enough to compare every pair of points. */
static void small_space(struct space *s, struct arena *a, size_t n_devices)
{
    static const enum axis cut[] = { AXIS_PP, AXIS_EP, AXIS_DP };
    static const double one = 1.0;
    cosim_error e = { 0 };

    const size_t model = rng_below(&rng, n_models - 2);
    const size_t device = rng_below(&rng, n_rates - n_devices + 1);

    random_space(s, &rng, models + model, 2, rates + device, n_devices, a);
    for (size_t i = 0; i < COUNT_OF(cut); i++) {
        s->n[cut[i]] = 1;
        s->number[cut[i]] = &one;
    }
    if (space_finish(s, a, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
}

/* As small_space, and some points of it fit. */
static void useful_space(struct space *s, struct arena *a, size_t n_devices)
{
    uint64_t feasible;

    do {
        struct sweep_result r;
        arena_release(a);
        *a = (struct arena){ NULL };
        small_space(s, a, n_devices);
        const struct sweep_request q = {
            .space = s, .n_objectives = 1, .objective = { METRIC_TPOT }, .threads = 1
        };
        run("exhaustive", &q, &r);
        feasible = r.rejected[REJECT_NONE];
        sweep_release(&r);
    } while (feasible < 200);
}

static struct sweep_request random_request(const struct space *s)
{
    struct sweep_request q = { .space = s,
                               .n_objectives = 2 + rng_below(&rng, 4),
                               .samples = 3000,
                               .seed = rng_u64(&rng),
                               .threads = 1 };
    bool taken[N_METRICS] = { false };

    for (size_t i = 0; i < q.n_objectives; i++) {
        do
            q.objective[i] = (enum metric)rng_below(&rng, N_METRICS);
        while (taken[q.objective[i]]);
        taken[q.objective[i]] = true;
    }
    return q;
}

/* Limits that about half of the points keep: at the value of some feasible point. */
static void add_limits(struct sweep_request *q, size_t n)
{
    struct walker w;

    assert_int_equal(walker_init(&w, q->space, NULL), COSIM_OK);
    for (int tries = 0; tries < 1000 && q->n_limits < n; tries++) {
        struct point p;
        const enum metric m = (enum metric)rng_below(&rng, N_METRICS);
        assert_int_equal(walker_point(&w, rng_below(&rng, q->space->n_points), &p, NULL), COSIM_OK);
        if (p.reject == REJECT_NONE && is_known(p.metric[m]))
            q->limit[q->n_limits++] = (struct sweep_limit){
                m, rng_below(&rng, 4) ? metric_table[m].sense : -metric_table[m].sense, p.metric[m]
            };
    }
    walker_release(&w);
}

/* --- the definition, word for word ------------------------------------------------------------ */

struct judged {
    uint64_t n, rejected[N_REJECTS], example[N_REJECTS];
    uint64_t *id; /* feasible ones */
    double *x;    /* n rows of objectives, as minimised */
};

static enum reject judge(const struct sweep_request *q, const struct point *p)
{
    if (p->reject != REJECT_NONE)
        return p->reject;
    for (size_t i = 0; i < q->n_limits; i++) {
        const double v = p->metric[q->limit[i].metric];
        if (isnan(v))
            return REJECT_UNKNOWN;
        if ((q->limit[i].sense > 0 && v > q->limit[i].bound)
            || (q->limit[i].sense < 0 && v < q->limit[i].bound))
            return REJECT_CONSTRAINT;
    }
    for (size_t i = 0; i < q->n_objectives; i++)
        if (isnan(p->metric[q->objective[i]]))
            return REJECT_UNKNOWN;
    return REJECT_NONE;
}

static void judge_all(const struct sweep_request *q, struct judged *j)
{
    struct walker w;
    struct point p;

    *j = (struct judged){ .id = calloc(q->space->n_points, sizeof *j->id),
                          .x = calloc(q->space->n_points * q->n_objectives, sizeof *j->x) };
    assert_non_null(j->id);
    assert_non_null(j->x);
    for (int i = 0; i < N_REJECTS; i++)
        j->example[i] = UINT64_MAX;
    assert_int_equal(walker_init(&w, q->space, NULL), COSIM_OK);
    for (uint64_t id = 0; id < q->space->n_points; id++) {
        assert_int_equal(walker_point(&w, id, &p, NULL), COSIM_OK);
        const enum reject why = judge(q, &p);
        if (j->rejected[why]++ == 0)
            j->example[why] = id;
        if (why != REJECT_NONE)
            continue;
        for (size_t k = 0; k < q->n_objectives; k++)
            j->x[j->n * q->n_objectives + k] =
                metric_table[q->objective[k]].sense * p.metric[q->objective[k]];
        j->id[j->n++] = id;
    }
    walker_release(&w);
}

static void judged_release(struct judged *j)
{
    free(j->id);
    free(j->x);
}

/* Equal points: the one with the lower id stays. */
static bool beats(const double *a, const double *b, size_t n, bool lower_id)
{
    bool better = false;

    for (size_t k = 0; k < n; k++) {
        if (!(a[k] <= b[k]))
            return false;
        better = better || a[k] < b[k];
    }
    return better || lower_id;
}

static void front_is_the_definition(const struct sweep_request *q, const struct judged *j,
                                    const struct archive *front)
{
    const size_t m = q->n_objectives;
    size_t n = 0;

    for (size_t i = 0; i < j->n; i++) {
        bool stays = true;
        for (size_t k = 0; k < j->n && stays; k++)
            stays = k == i || !beats(j->x + k * m, j->x + i * m, m, k < i);
        if (!stays)
            continue;
        assert_true(n < archive_size(front));
        assert_int_equal(archive_ids(front)[n], j->id[i]);
        for (size_t k = 0; k < m; k++)
            assert_rel(archive_objective(front, k)[n], j->x[i * m + k], 0);
        n++;
    }
    assert_int_equal(archive_size(front), n);
}

static void a_sweep_is_what_brute_force_finds(void **state)
{
    unsigned found = 0;

    (void)state;
    rng_stream(&rng, 71, 0);
    for (unsigned i = 0; i < 20; i++) {
        struct arena a = { NULL };
        struct space s;
        struct sweep_result r;
        struct judged j;
        useful_space(&s, &a, 1 + rng_below(&rng, 12));
        struct sweep_request q = random_request(&s);
        add_limits(&q, i % 3);
        judge_all(&q, &j);
        run("exhaustive", &q, &r);
        assert_int_equal(r.evaluated, s.n_points);
        assert_int_equal(r.total, s.n_points);
        assert_false(r.partial);
        assert_memory_equal(r.rejected, j.rejected, sizeof r.rejected);
        assert_memory_equal(r.example, j.example, sizeof r.example);
        front_is_the_definition(&q, &j, r.front);
        found += archive_size(r.front) > 3;
        sweep_release(&r);
        judged_release(&j);
        arena_release(&a);
    }
    assert_true(found >= 5);
}

/* --- one result for any way of getting it ------------------------------------------------------
 */

static void same_fronts(const struct archive *x, const struct archive *y)
{
    assert_int_equal(archive_size(x), archive_size(y));
    if (archive_size(x) == 0)
        return;
    assert_memory_equal(archive_ids(x), archive_ids(y), archive_size(x) * sizeof(uint64_t));
    for (size_t k = 0; k < archive_n_obj(x); k++)
        assert_memory_equal(archive_objective(x, k), archive_objective(y, k),
                            archive_size(x) * sizeof(double));
}

static void same_results(const struct sweep_result *x, const struct sweep_result *y)
{
    same_fronts(x->front, y->front);
    assert_int_equal(x->evaluated, y->evaluated);
    assert_int_equal(x->pruned, y->pruned);
    assert_int_equal(x->pruned_blocks, y->pruned_blocks);
    assert_memory_equal(x->rejected, y->rejected, sizeof x->rejected);
    assert_memory_equal(x->example, y->example, sizeof x->example);
    assert_int_equal(x->n_cloud, y->n_cloud);
    if (x->n_cloud > 0)
        assert_memory_equal(x->cloud, y->cloud, x->n_cloud * sizeof *x->cloud);
}

static void threads_do_not_change_a_byte(void **state)
{
    static const char *const names[] = { "exhaustive", "pruned", "random" };

    (void)state;
    rng_stream(&rng, 72, 0);
    for (unsigned i = 0; i < 12 / FEWER + 1; i++) {
        struct arena a = { NULL };
        struct space s;
        useful_space(&s, &a, n_rates / 2);
        struct sweep_request q = random_request(&s);
        q.cloud = 500;
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            struct sweep_result one, many;
            q.threads = 1;
            run(names[k], &q, &one);
            for (q.threads = 2; q.threads <= 3; q.threads++) {
                run(names[k], &q, &many);
                same_results(&one, &many);
                sweep_release(&many);
            }
            sweep_release(&one);
        }
        arena_release(&a);
    }
}

static uint64_t prune_as_exhaustive(struct sweep_request *q)
{
    struct sweep_result all, some;
    uint64_t pruned = 0;

    q->threads = 1;
    run("exhaustive", q, &all);
    for (q->threads = 1; q->threads <= 3; q->threads += 2) {
        run("pruned", q, &some);
        same_fronts(all.front, some.front);
        assert_int_equal(some.evaluated + some.pruned, q->space->n_points);
        assert_false(some.partial);
        pruned += some.pruned;
        sweep_release(&some);
    }
    sweep_release(&all);
    return pruned;
}

static void pruning_finds_the_same_frontier(void **state)
{
    uint64_t pruned = 0;

    (void)state;
    rng_stream(&rng, 73, 0);
    for (unsigned i = 0; i < 20 / FEWER; i++) {
        struct arena a = { NULL };
        struct space s;
        useful_space(&s, &a, 1 + rng_below(&rng, n_rates / 2));
        struct sweep_request q = random_request(&s);
        add_limits(&q, i % 4);
        pruned += prune_as_exhaustive(&q);
        arena_release(&a);
    }
    assert_true(pruned > 0);
}

/* A faster device may draw more: mean power has no other bound than the static power. */
static void pruning_knows_only_static_power_as_a_bound(void **state)
{
    static const enum metric with[] = { METRIC_TPOT, METRIC_MEMORY, METRIC_DEVICES,
                                        METRIC_DECODE_TOKENS_PER_S };

    (void)state;
    rng_stream(&rng, 78, 0);
    for (unsigned i = 0; i < 8 / FEWER + 1; i++) {
        struct arena a = { NULL };
        struct space s;
        useful_space(&s, &a, 2 + rng_below(&rng, 30));
        struct sweep_request q = { .space = &s,
                                   .n_objectives = 2,
                                   .objective = { METRIC_POWER, with[i % COUNT_OF(with)] } };
        (void)prune_as_exhaustive(&q);
        arena_release(&a);
    }
}

/* Replicas change neither latency nor memory: of equal points the lowest id stays. */
static void pruning_keeps_the_first_of_equal_points(void **state)
{
    static const double replicas[] = { 1, 2, 3, 4 };

    (void)state;
    rng_stream(&rng, 79, 0);
    for (unsigned i = 0; i < 8 / FEWER + 1; i++) {
        struct arena a = { NULL };
        struct space s;
        useful_space(&s, &a, 1 + i % 3);
        s.n[AXIS_DP] = COUNT_OF(replicas);
        s.number[AXIS_DP] = replicas;
        assert_int_equal(space_finish(&s, &a, NULL), COSIM_OK);
        struct sweep_request q = {
            .space = &s, .n_objectives = 2, .objective = { METRIC_TPOT, METRIC_MEMORY }, .seed = i
        };
        (void)prune_as_exhaustive(&q);
        arena_release(&a);
    }
}

static void a_random_sample_follows_its_seed_and_finds_nothing_better(void **state)
{
    struct arena a = { NULL };
    struct space s;
    struct sweep_result all, one, other;

    (void)state;
    rng_stream(&rng, 74, 0);
    small_space(&s, &a, 20);
    struct sweep_request q = { .space = &s,
                               .n_objectives = 2,
                               .objective = { METRIC_TPOT, METRIC_MEMORY },
                               .samples = 5000,
                               .seed = 5,
                               .threads = 1 };
    run("exhaustive", &q, &all);
    run("random", &q, &one);
    assert_int_equal(one.evaluated, 5000);
    assert_int_equal(one.total, 5000);
    assert_true(archive_size(one.front) > 0);
    q.seed = 6;
    run("random", &q, &other);
    assert_memory_not_equal(one.rejected, other.rejected, sizeof one.rejected);

    struct archive *both;
    assert_int_equal(archive_new(&both, 2, NULL), COSIM_OK);
    assert_int_equal(archive_merge(both, one.front, NULL), COSIM_OK);
    assert_int_equal(archive_merge(both, all.front, NULL), COSIM_OK);
    assert_int_equal(archive_sort(both, NULL), COSIM_OK);
    same_fronts(all.front, both);
    archive_free(both);
    sweep_release(&all);
    sweep_release(&one);
    sweep_release(&other);
    arena_release(&a);
}

/* --- the picture's points -----------------------------------------------------------------------
 */

static void cloud_is_feasible_ascending_and_as_large_as_asked(const char *name, double expected,
                                                              struct sweep_request *q)
{
    struct sweep_result r;
    struct walker w;
    struct point p;

    run(name, q, &r);
    const double n = (double)r.n_cloud, sigma = sqrt(expected) + 1.0;
    if (n < expected - 6 * sigma || n > expected + 6 * sigma)
        fail_msg("%s: %g points of the cloud, expected %g", name, n, expected);
    assert_int_equal(walker_init(&w, q->space, NULL), COSIM_OK);
    for (size_t i = 0; i < r.n_cloud; i++) {
        assert_true(i == 0 || r.cloud[i - 1] < r.cloud[i]);
        assert_int_equal(walker_point(&w, r.cloud[i], &p, NULL), COSIM_OK);
        assert_int_equal(judge(q, &p), REJECT_NONE);
    }
    walker_release(&w);
    sweep_release(&r);
}

static void the_cloud_is_a_sample_of_the_feasible_points(void **state)
{
    struct arena a = { NULL };
    struct space s;
    struct sweep_result r;

    (void)state;
    rng_stream(&rng, 75, 0);
    small_space(&s, &a, n_rates);
    struct sweep_request q = { .space = &s,
                               .n_objectives = 2,
                               .objective = { METRIC_TPOT, METRIC_MEMORY },
                               .seed = 9,
                               .samples = 4000,
                               .threads = 2 };
    run("exhaustive", &q, &r);
    assert_int_equal(r.n_cloud, 0); /* none asked */
    const double feasible = (double)r.rejected[REJECT_NONE] / (double)s.n_points;
    sweep_release(&r);
    assert_true(feasible > 0.02 && s.n_points > 20000);
    q.cloud = 1000; /* of all points: the feasible share of them is shown */
    cloud_is_feasible_ascending_and_as_large_as_asked("exhaustive", 1000 * feasible, &q);
    cloud_is_feasible_ascending_and_as_large_as_asked("random", 1000 * feasible, &q);
    q.cloud = s.n_points;
    cloud_is_feasible_ascending_and_as_large_as_asked("exhaustive", feasible * (double)s.n_points,
                                                      &q);
    arena_release(&a);
}

/* --- limits, unknown values and stopping ---------------------------------------------------------
 */

static void limits_and_unknown_values_are_counted(void **state)
{
    struct arena a = { NULL };
    struct space s;
    struct sweep_result free_run, limited, unknown;

    (void)state;
    rng_stream(&rng, 76, 0);
    small_space(&s, &a, 30);
    struct sweep_request q = {
        .space = &s, .n_objectives = 2, .objective = { METRIC_TPOT, METRIC_MEMORY }, .threads = 1
    };
    run("exhaustive", &q, &free_run);
    assert_true(free_run.rejected[REJECT_NONE] > 0);
    assert_int_equal(free_run.rejected[REJECT_CONSTRAINT], 0);

    q.n_limits = 1;
    q.limit[0] = (struct sweep_limit){ METRIC_TPOT, 1, 0.0 };
    run("exhaustive", &q, &limited);
    assert_int_equal(archive_size(limited.front), 0);
    assert_int_equal(limited.rejected[REJECT_CONSTRAINT], free_run.rejected[REJECT_NONE]);
    assert_int_equal(limited.example[REJECT_CONSTRAINT], free_run.example[REJECT_NONE]);

    q.n_limits = 0;
    q.objective[1] = METRIC_PPL_INCREASE;
    run("exhaustive", &q, &unknown);
    assert_true(unknown.rejected[REJECT_UNKNOWN] > 0);
    assert_int_equal(unknown.rejected[REJECT_UNKNOWN] + unknown.rejected[REJECT_NONE],
                     free_run.rejected[REJECT_NONE]);
    sweep_release(&free_run);
    sweep_release(&limited);
    sweep_release(&unknown);
    arena_release(&a);
}

struct stopper {
    volatile sig_atomic_t stop;
    uint64_t calls, last, total;
};

static void stop_soon(void *user, uint64_t done, uint64_t total)
{
    struct stopper *s = user;

    assert_true(done >= s->last && done <= total);
    s->last = done;
    s->total = total;
    if (++s->calls == 2)
        s->stop = 1;
}

static void a_stopped_sweep_gives_what_it_found(void **state)
{
    static const char *const names[] = { "exhaustive", "pruned", "random" };
    struct arena a = { NULL };
    struct space s;

    (void)state;
    rng_stream(&rng, 77, 0);
    small_space(&s, &a, n_rates);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct stopper stopper = { 0 };
        struct sweep_result r;
        struct sweep_request q = { .space = &s,
                                   .n_objectives = 2,
                                   .objective = { METRIC_TPOT, METRIC_MEMORY },
                                   .samples = 10000,
                                   .threads = 1,
                                   .stop = &stopper.stop,
                                   .progress = stop_soon,
                                   .progress_user = &stopper };
        assert_true(s.n_blocks > 300);
        run(names[i], &q, &r);
        assert_true(r.partial);
        assert_true(r.evaluated + r.pruned > 0 && r.evaluated + r.pruned < r.total);
        assert_int_equal(r.evaluated + r.pruned, stopper.last);
        assert_int_equal(stopper.total, r.total);
        assert_non_null(strstr(r.stop_reason, "stopped"));
        sweep_release(&r);

        run(names[i], &q, &r); /* the flag is still up */
        assert_true(r.partial);
        assert_int_equal(r.evaluated, 0);
        assert_int_equal(archive_size(r.front), 0);
        sweep_release(&r);
    }
    arena_release(&a);
}

static void algorithms_are_found_by_name(void **state)
{
    const struct sweep_algorithm *a;
    const struct src_pos at = { "s.study", 3, 7 };
    cosim_error e = { 0 };

    (void)state;
    assert_string_equal(algorithm("random")->name, "random");
    assert_int_equal(sweep_algorithm_find("exhaustiv", at, &a, &e), COSIM_EUNKNOWN);
    assert_int_equal(e.line, 3);
    assert_int_equal(e.col, 7);
    assert_non_null(strstr(e.hint, "exhaustive"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_is_what_brute_force_finds),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(pruning_finds_the_same_frontier),
        cmocka_unit_test(pruning_knows_only_static_power_as_a_bound),
        cmocka_unit_test(pruning_keeps_the_first_of_equal_points),
        cmocka_unit_test(a_random_sample_follows_its_seed_and_finds_nothing_better),
        cmocka_unit_test(the_cloud_is_a_sample_of_the_feasible_points),
        cmocka_unit_test(limits_and_unknown_values_are_counted),
        cmocka_unit_test(a_stopped_sweep_gives_what_it_found),
        cmocka_unit_test(algorithms_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, load_world, world_release);
}
