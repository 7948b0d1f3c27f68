/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route.h"

#include "api/resolve.h"
#include "core/num.h"
#include "core/rng.h"
#include "core/table.h"
#include "search/hypervolume.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 6, PLANS_MAX = 1 << 18 };

/* A small platform with random costs; `shape` decides memories, tiers and phases. */
struct made {
    struct route_problem p;
    struct route_node node[NODES_MAX];
    struct route_cost cost[N_ROUTE_PHASES * NODES_MAX * ROUTE_MEMBERS];
};

static double draw(struct rng *r, double lo, double hi)
{
    return lo + (hi - lo) * rng_f64(r);
}

static void make_problem(struct made *m, unsigned shape)
{
    struct rng r;
    struct route_problem *p = &m->p;
    double all = 0.0;

    rng_stream(&r, 77, shape);
    memset(m, 0, sizeof *m);
    p->n_members = shape % 3 == 2 ? 3 : 2;
    p->n_nodes = p->n_members == 3 ? 4 : 5 + shape % 2;
    p->n_pools = shape % 4 == 0 ? 1 : p->n_members == 3 && shape % 2 ? 3 : 2;
    p->repeats[ROUTE_PREFILL] = 1.0;
    p->repeats[ROUTE_DECODE] = shape % 5 == 4 ? 0.0 : 1.0 + shape % 7;
    p->hop_bytes[ROUTE_PREFILL] = draw(&r, 0.0, 10.0);
    p->hop_bytes[ROUTE_DECODE] = draw(&r, 0.0, 2.0);
    p->token_bytes = 0.5;
    p->n_sequences = 1.0;
    p->node = m->node;
    p->cost = m->cost;
    for (size_t i = 0; i < p->n_nodes; i++) {
        m->node[i].name = "node";
        m->node[i].layer = i > 0 && i + 1 < p->n_nodes ? i - 1 : SIZE_MAX;
        m->node[i].weight_bytes = draw(&r, 1.0, 5.0);
        if (i > 0 && i + 1 < p->n_nodes) {
            m->node[i].kv_bytes = draw(&r, 0.0, 2.0);
            m->node[i].kv_prompt_bytes = m->node[i].kv_bytes / 2.0;
        }
        all += m->node[i].weight_bytes + m->node[i].kv_bytes;
    }
    m->node[p->n_nodes - 1].tied = shape % 2;
    if (shape % 2)
        m->node[p->n_nodes - 1].weight_bytes = m->node[0].weight_bytes;
    for (size_t k = 0; k < p->n_members; k++) {
        const bool tier = k == 2 && shape % 2;
        p->runs_on[k] = tier ? 0 : k;
        p->weight_pool[k] = k < p->n_pools ? k : p->n_pools - 1;
        p->state_pool[k] = tier ? p->weight_pool[0] : p->weight_pool[k];
        p->static_w[k] = draw(&r, 0.0, 3.0);
        p->peak_flops_per_s[k] = tier ? 0.0 : draw(&r, 1.0, 4.0);
        p->capacity_bytes[k] = all * draw(&r, 0.5, 1.3);
    }
    for (size_t x = 0; x < p->n_members; x++)
        for (size_t y = 0; y < p->n_members; y++)
            if (p->runs_on[x] != p->runs_on[y])
                p->link[x][y] = (struct route_link){ 0.1, 0.05, 0.02 };
    for (size_t i = 0; i < N_ROUTE_PHASES * p->n_nodes * p->n_members; i++) {
        m->cost[i].s = draw(&r, 0.1, 3.0);
        m->cost[i].dynamic_j = draw(&r, 0.1, 9.0);
    }
    m->cost[1].s = shape % 6 == 5 ? INF_F64 : m->cost[1].s; /* cannot run there */
}

/* Objective vectors of all placements that fit. */
static size_t enumerate(const struct route_problem *p, double (*v)[N_ROUTE_OBJECTIVES],
                        struct arena *a)
{
    struct placement *plan = route_plan_new(p, 0, a);
    const size_t phases = p->repeats[ROUTE_DECODE] > 0.0 ? 2 : 1;
    size_t n = 0;

    for (;;) {
        size_t i = 0;
        route_plan_sum(p, plan);
        if (plan->fits && plan->runs) {
            assert_true(n < PLANS_MAX);
            memcpy(v[n++], plan->objective, sizeof plan->objective);
        }
        for (; i < phases * p->n_nodes; i++) {
            uint8_t *place = &plan->place[i / p->n_nodes][i % p->n_nodes];
            if (++*place < p->n_members)
                break;
            *place = 0;
        }
        if (i == phases * p->n_nodes)
            return n;
    }
}

static bool beats(const double *x, const double *y, const bool *wanted)
{
    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        if (wanted[q] && x[q] > y[q] + 1e-9 * fabs(y[q]))
            return false;
    return true;
}

static void check_front(const struct route_problem *p, const struct placement_front *f,
                        double (*v)[N_ROUTE_OBJECTIVES], size_t n, const bool *wanted)
{
    for (size_t i = 0; i < n; i++) { /* complete */
        bool covered = false;
        for (size_t j = 0; j < f->n && !covered; j++)
            covered = beats(f->plan[j].objective, v[i], wanted);
        assert_true(covered);
    }
    for (size_t i = 0; i < f->n; i++) { /* and nothing too much */
        bool exists = false;
        for (size_t j = 0; j < n && !exists; j++)
            exists = beats(v[j], f->plan[i].objective, wanted)
                     && beats(f->plan[i].objective, v[j], wanted);
        assert_true(exists);
        assert_true(f->plan[i].fits && f->plan[i].runs);
        for (size_t j = 0; j < f->n; j++)
            assert_false(j != i && beats(f->plan[j].objective, f->plan[i].objective, wanted)
                         && !beats(f->plan[i].objective, f->plan[j].objective, wanted));
    }
    assert_true(p->n_nodes > 0);
}

static const bool asked[][N_ROUTE_OBJECTIVES] = {
    { true, false, false }, { false, true, false }, { false, false, true },
    { true, true, false },  { false, true, true },  { true, true, true },
};

static void fronts_of_small_platforms_equal_the_enumerated_ones(void **state)
{
    double(*v)[N_ROUTE_OBJECTIVES] = calloc(PLANS_MAX, sizeof *v);
    size_t solved = 0;

    (void)state;
    assert_non_null(v);
    for (unsigned shape = 0; shape < 48; shape++) {
        struct arena a = { 0 };
        struct made *m = calloc(1, sizeof *m);
        assert_non_null(m);
        make_problem(m, shape);
        const size_t n = enumerate(&m->p, v, &a);
        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
            struct route_search s = { 0 };
            struct placement_front f;
            memcpy(s.wanted, asked[i], sizeof s.wanted);
            const cosim_status st = route_solve(&f, &m->p, &s, &a, NULL);
            assert_int_equal(st, n == 0 ? COSIM_ENO : COSIM_OK);
            if (n > 0)
                check_front(&m->p, &f, v, n, asked[i]);
            solved += n > 0 && i + 1 == sizeof asked / sizeof *asked;
        }
        free(m);
        arena_release(&a);
    }
    assert_true(solved >= 30);
    free(v);
}

static void an_allowed_error_is_kept(void **state)
{
    double(*v)[N_ROUTE_OBJECTIVES] = calloc(PLANS_MAX, sizeof *v);
    const struct route_search s = { .wanted = { true, true, false }, .precision = 0.05 };

    (void)state;
    assert_non_null(v);
    for (unsigned shape = 0; shape < 12; shape++) {
        struct arena a = { 0 };
        struct made *m = calloc(1, sizeof *m);
        struct placement_front f;
        assert_non_null(m);
        make_problem(m, shape);
        const size_t n = enumerate(&m->p, v, &a);
        if (n > 0 && route_solve(&f, &m->p, &s, &a, NULL) == COSIM_OK)
            for (size_t i = 0; i < n; i++) {
                double best = INF_F64;
                for (size_t j = 0; j < f.n; j++)
                    best = min_f64(best, max_f64(f.plan[j].objective[0] / v[i][0],
                                                 f.plan[j].objective[1] / v[i][1]));
                assert_true(best <= 1.05 + 1e-9);
            }
        free(m);
        arena_release(&a);
    }
    free(v);
}

/* The front of an algorithm is the exact one: as long, and covering it. */
static bool samples_the_exact_front(const struct route_problem *p, const struct route_sampling *how)
{
    const struct route_search search = { .wanted = { true, true, true } };
    struct arena a = { 0 };
    struct placement_front exact, found;
    bool same = true;

    const cosim_status st = route_solve(&exact, p, &search, &a, NULL);
    assert_int_equal(route_sample(&found, p, search.wanted, how, &a, NULL), st);
    if (st == COSIM_OK) {
        same = found.n == exact.n;
        for (size_t i = 0; i < exact.n; i++)
            same = same && placement_front_covers(&found, exact.plan[i].objective, search.wanted);
        for (size_t i = 0; i < found.n; i++)
            assert_true(placement_front_covers(&exact, found.plan[i].objective, search.wanted));
    }
    arena_release(&a);
    return same;
}

/* PGSAM may price at most half of the placements (or 1000 of the few that there are with one
 * phase): random search finds one front in 38 that way. */
static void pgsam_finds_the_fronts_of_small_platforms(void **state)
{
    struct made *m = calloc(1, sizeof *m);
    unsigned n = 0;

    (void)state;
    assert_non_null(m);
    for (unsigned shape = 0; shape < 48; shape++, n++) {
        struct route_option option[ROUTE_OPTIONS];
        make_problem(m, shape);
        const double all = pow((double)route_options(&m->p, option), (double)m->p.n_nodes);
        const struct route_sampling how = { .algorithm = "pgsam",
                                            .samples = (uint64_t)max_f64(all / 2.0, 1000.0),
                                            .seed = 1,
                                            .n_ranges = SIZE_MAX };
        if (!samples_the_exact_front(&m->p, &how))
            fail_msg("the front of platform %u is not found", shape);
    }
    assert_true(n >= 20);
    free(m);
}

static void random_search_misses_most_of_them(void **state)
{
    struct made *m = calloc(1, sizeof *m);
    unsigned missed = 0;

    (void)state;
    assert_non_null(m);
    for (unsigned shape = 1; shape < 48; shape += 6) {
        const struct route_sampling how = {
            .algorithm = "random", .samples = 500, .seed = 1, .n_ranges = SIZE_MAX
        };
        make_problem(m, shape);
        missed += !samples_the_exact_front(&m->p, &how);
    }
    assert_true(missed >= 6);
    free(m);
}

/* As many ranges as layers leave nothing out; priced one by one they are the exact front too. */
static void ranges_and_exhaustive_search_give_the_exact_front(void **state)
{
    struct made *m = calloc(1, sizeof *m);

    (void)state;
    assert_non_null(m);
    for (unsigned shape = 0; shape < 24; shape += 3) {
        const struct route_sampling apart = { .algorithm = "exhaustive", .n_ranges = SIZE_MAX };
        const struct route_sampling ranges = {
            .algorithm = "pgsam", .samples = 20000, .seed = 1, .n_ranges = 64
        };
        make_problem(m, shape);
        assert_true(samples_the_exact_front(&m->p, &apart));
        assert_true(samples_the_exact_front(&m->p, &ranges));
    }
    free(m);
}

/* --- on the data of this repository ----------------------------------------------------------- */

static cosim *open_data(void)
{
    const cosim_options o = { sizeof o, "hwdb", "workloads", "reports" };
    cosim *c = NULL;

    assert_int_equal(cosim_open(&c, &o, NULL), COSIM_OK);
    return c;
}

static cosim_study *study_of(const char *const key[][2], size_t n)
{
    cosim_study *s = NULL;

    assert_int_equal(cosim_study_new(&s, NULL), COSIM_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(cosim_study_set(s, key[i][0], key[i][1], "test", NULL), COSIM_OK);
    return s;
}

static double number(const cosim_table *t, size_t row, const char *column)
{
    return cosim_table_number(t, row, cosim_table_find(t, column));
}

static cosim_table *route(cosim *c, const cosim_study *s, const char *platform, const char *show)
{
    const cosim_route_options o = { .size = sizeof o, .show = show, .pick = COSIM_ROUTE_BEST };
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;

    if (cosim_route(c, s, platform, &o, &t, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return t;
}

/* The row of the totals with that plan. */
static size_t row_of(const cosim_table *t, const char *plan)
{
    for (size_t r = 0; r < cosim_table_rows(t); r++)
        if (strcmp(cosim_table_text(t, r, 0), plan) == 0)
            return r;
    fail_msg("no plan '%s'", plan);
    return 0;
}

static void a_single_device_costs_what_estimate_says(void **state)
{
    static const char *const keys[][2] = { { "model", "llama-3.1-8b" }, { "w", "q4_k_m" } };
    cosim *c = open_data();
    cosim_study *s = study_of(keys, 2);
    cosim_table *routed = route(c, s, "rtx-4090-3090", "totals"), *estimated = NULL;
    const size_t gpu = row_of(routed, "gpu0 alone");

    (void)state;
    assert_int_equal(cosim_study_set(s, "device", "rtx-4090", "test", NULL), COSIM_OK);
    assert_int_equal(cosim_estimate(c, s, &estimated, NULL), COSIM_OK);
    assert_rel(number(routed, gpu, "ttft_s"), number(estimated, 0, "ttft_s"), 1e-9);
    assert_rel(number(routed, gpu, "tpot_s"), number(estimated, 0, "tpot_s"), 1e-9);
    /* the other card waits at 0.15 of its 350 W */
    assert_rel(number(routed, gpu, "energy_j") - 0.15 * 350.0 * number(routed, gpu, "latency_s"),
               128.0 * number(estimated, 0, "j_per_token"), 1e-9);
    cosim_table_free(routed);
    cosim_table_free(estimated);
    cosim_study_free(s);
    cosim_close(c);
}

static void the_plan_is_never_worse_than_a_device_alone(void **state)
{
    static const char *const platform[] = { "jetson-agx-orin", "core-ultra-7-258v",
                                            "snapdragon-8-gen-3", "apple-m3-max",
                                            "ryzen-ai-max-395" };
    static const char *const keys[][2] = { { "model", "llama-3.2-3b" }, { "w", "int4-g128" } };
    cosim *c = open_data();
    cosim_study *s = study_of(keys, 2);

    (void)state;
    for (size_t i = 0; i < sizeof platform / sizeof *platform; i++) {
        cosim_table *t = route(c, s, platform[i], "totals");
        for (size_t r = 1; r < cosim_table_rows(t); r++)
            assert_true(!(number(t, r, "latency_ratio") < 1.0 - 1e-9)
                        || strstr(cosim_table_text(t, r, 0), "alone") == NULL);
        cosim_table_free(t);
    }
    cosim_study_free(s);
    cosim_close(c);
}

static void operators_add_up_to_their_phase(void **state)
{
    static const char *const keys[][2] = { { "model", "llama-3.1-8b" }, { "w", "q4_k_m" } };
    cosim *c = open_data();
    cosim_study *s = study_of(keys, 2);
    cosim_table *totals = route(c, s, "jetson-agx-orin", "totals");
    cosim_table *operators = route(c, s, "jetson-agx-orin", "operators");
    double prefill_s = 0.0;

    (void)state;
    for (size_t r = 0; r < cosim_table_rows(operators); r++) {
        const double dasi = number(operators, r, "dasi_ratio");
        const double slowest =
            max_f64(number(operators, r, "memory_s"), number(operators, r, "other_s"));
        assert_true(dasi >= 0.0 && dasi <= 1.0);
        /* arithmetic decides exactly where DASI is 1 */
        assert_int_equal(dasi >= 1.0, number(operators, r, "compute_s") >= slowest);
        assert_true(number(operators, r, "phi_ratio") > 0.0);
        if (strcmp(cosim_table_text(operators, r, 0), "prefill") == 0)
            prefill_s += number(operators, r, "total_s");
    }
    assert_rel(prefill_s, number(totals, 0, "ttft_s"), 1e-9);
    cosim_table_free(totals);
    cosim_table_free(operators);
    cosim_study_free(s);
    cosim_close(c);
}

static const struct platform *platform_of(cosim *c, struct platform_db *db, const char *id,
                                          struct arena *a)
{
    const struct platform *p = NULL;

    assert_int_equal(
        platform_db_load(db, &c->devices, "hwdb/platforms.csv", "hwdb/platform_links.csv", a, NULL),
        COSIM_OK);
    assert_int_equal(platform_find(db, id, &p, NULL), COSIM_OK);
    return p;
}

static void a_load_and_its_study_make_the_same_problem(void **state)
{
    static const char *const keys[][2] = { { "model", "gpt-oss-20b" }, { "w", "q4_k_m" } };
    cosim *c = open_data();
    cosim_study *s = study_of(keys, 2), *own = study_of(keys, 2);
    struct arena a = { 0 };
    struct platform_db db;
    const struct platform *pf = platform_of(c, &db, "rtx-4090-host", &a);
    struct route_setup from_study, from_load;
    struct resolved r;
    struct walker w;
    struct point point;

    (void)state;
    assert_int_equal(route_setup_make(&from_study, c, s, pf, true, NULL, &a, NULL), COSIM_OK);
    assert_int_equal(cosim_study_set(own, "device", "h100-sxm", "test", NULL), COSIM_OK);
    assert_int_equal(resolve(&r, c, own, NULL), COSIM_OK);
    assert_int_equal(walker_init(&w, &r.space, NULL), COSIM_OK);
    assert_int_equal(walker_point(&w, 0, &point, NULL), COSIM_OK);
    assert_int_equal(
        route_setup_from_load(&from_load, &w.load, &c->assumptions, pf, true, NULL, &a, NULL),
        COSIM_OK);
    walker_release(&w);
    resolved_release(&r);
    const struct route_problem *p = &from_study.problem, *q = &from_load.problem;
    assert_string_equal(from_load.model_id, "gpt-oss-20b");
    assert_int_equal(q->n_nodes, p->n_nodes);
    assert_int_equal(p->n_nodes, 2 * 24 + 2);
    assert_memory_equal(q->capacity_bytes, p->capacity_bytes, sizeof p->capacity_bytes);
    for (size_t i = 0; i < p->n_nodes; i++) {
        assert_string_equal(q->node[i].name, p->node[i].name);
        assert_rel(q->node[i].weight_bytes, p->node[i].weight_bytes, 1e-15);
        for (int f = 0; f < N_ROUTE_PHASES; f++)
            for (size_t m = 0; m < p->n_members; m++)
                assert_memory_equal(route_cost_at(q, (enum route_phase)f, i, m),
                                    route_cost_at(p, (enum route_phase)f, i, m),
                                    sizeof(struct route_cost));
    }
    arena_release(&a);
    cosim_study_free(s);
    cosim_study_free(own);
    cosim_close(c);
}

static double volume_of(const struct placement_front *f, const double *ref)
{
    double *v = calloc(N_ROUTE_OBJECTIVES * f->n, sizeof *v), volume = 0.0;
    const double *obj[] = { v, v + f->n, v + 2 * f->n };

    assert_non_null(v);
    for (size_t i = 0; i < f->n; i++)
        for (size_t q = 0; q < N_ROUTE_OBJECTIVES; q++)
            v[q * f->n + i] = f->plan[i].objective[q];
    assert_int_equal(hypervolume(obj, f->n, N_ROUTE_OBJECTIVES, ref, &volume, NULL), COSIM_OK);
    free(v);
    return volume;
}

/* 9^34 placements, of which 1250 are best. */
static void pgsam_comes_near_the_front_of_a_whole_model(void **state)
{
    static const char *const keys[][2] = { { "model", "llama-3.1-8b" }, { "w", "q4_k_m" } };
    const struct route_search search = { .wanted = { true, true, true } };
    const double ref[] = { 22.0, 260.0, 0.75 };
    struct route_sampling how = { .algorithm = "pgsam", .samples = 20000, .seed = 1 };
    cosim *c = open_data();
    cosim_study *s = study_of(keys, 2);
    struct arena a = { 0 };
    struct platform_db db;
    const struct platform *pf = platform_of(c, &db, "snapdragon-x-elite", &a);
    struct route_setup u;
    struct placement_front exact, ranges, apart;

    (void)state;
    assert_int_equal(route_setup_make(&u, c, s, pf, false, NULL, &a, NULL), COSIM_OK);
    assert_int_equal(route_solve(&exact, &u.problem, &search, &a, NULL), COSIM_OK);
    assert_int_equal(route_sample(&ranges, &u.problem, search.wanted, &how, &a, NULL), COSIM_OK);
    how.n_ranges = SIZE_MAX;
    assert_int_equal(route_sample(&apart, &u.problem, search.wanted, &how, &a, NULL), COSIM_OK);
    const double all = volume_of(&exact, ref);
    assert_true(exact.n > 1000);
    assert_true(volume_of(&ranges, ref) >= 0.999 * all);
    assert_true(volume_of(&ranges, ref) <= all * (1.0 + 1e-9));
    assert_true(volume_of(&apart, ref) < volume_of(&ranges, ref));
    arena_release(&a);
    cosim_study_free(s);
    cosim_close(c);
}

static void devices_and_unknown_names_are_refused(void **state)
{
    static const char *const keys[][2] = { { "model", "llama-3.2-3b" }, { "device", "rtx-4090" } };
    const cosim_route_options o = { .size = sizeof o, .show = "plan", .pick = COSIM_ROUTE_BEST };
    const cosim_route_options odd = { .size = sizeof o, .show = "plans", .pick = COSIM_ROUTE_BEST };
    cosim *c = open_data();
    cosim_study *with = study_of(keys, 2), *without = study_of(keys, 1);
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t;

    (void)state;
    assert_int_equal(cosim_route(c, with, "jetson-agx-orin", &o, &t, NULL), COSIM_EUSAGE);
    assert_int_equal(cosim_route(c, without, "jetson-agx-orion", &o, &t, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "jetson-agx-orin"));
    assert_int_equal(cosim_route(c, without, "jetson-agx-orin", &odd, &t, NULL), COSIM_EUNKNOWN);
    assert_null(t);
    cosim_study_free(with);
    cosim_study_free(without);
    cosim_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fronts_of_small_platforms_equal_the_enumerated_ones),
        cmocka_unit_test(an_allowed_error_is_kept),
        cmocka_unit_test(pgsam_finds_the_fronts_of_small_platforms),
        cmocka_unit_test(random_search_misses_most_of_them),
        cmocka_unit_test(ranges_and_exhaustive_search_give_the_exact_front),
        cmocka_unit_test(a_single_device_costs_what_estimate_says),
        cmocka_unit_test(the_plan_is_never_worse_than_a_device_alone),
        cmocka_unit_test(operators_add_up_to_their_phase),
        cmocka_unit_test(a_load_and_its_study_make_the_same_problem),
        cmocka_unit_test(pgsam_comes_near_the_front_of_a_whole_model),
        cmocka_unit_test(devices_and_unknown_names_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
