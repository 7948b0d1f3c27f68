/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/route.h"

#include "core/num.h"
#include "core/rng.h"

#include "support/close.h"

#include <string.h>

enum { LAYERS_MAX = 7, DEVICES_MAX = 4, OBJECTIVES_MAX = 3 };

/* T7.13 */
static const double worked_cost[] = { 4, 7, 4, 7, 9, 5, 9, 5, 4, 6 };
static const double one[] = { 1, 1, 1 };

static void the_worked_chain_is_routed(void **state)
{
    static const struct {
        double transfer, total;
        uint32_t device[5];
    } rows[] = { { 1.5, 25, { 0, 0, 1, 1, 0 } },
                 { 0, 22, { 0, 0, 1, 1, 0 } },
                 { 3, 27, { 0, 0, 1, 1, 1 } },
                 { 5, 29, { 0, 0, 1, 1, 1 } } };
    struct arena a = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double x = rows[i].transfer, transfer[] = { 0, x, x, 0 };
        const struct route_chain c = { .n_layers = 5,
                                       .n_devices = 2,
                                       .n_objectives = 1,
                                       .cost = worked_cost,
                                       .transfer = transfer };
        struct route_plan plan;
        struct route_front f;

        assert_int_equal(route_chain_best(&plan, &c, one, &a, NULL), COSIM_OK);
        assert_rel(plan.objective[0], rows[i].total, 0);
        assert_memory_equal(plan.device, rows[i].device, sizeof rows[i].device);
        assert_int_equal(route_chain_front(&f, &c, 0, &a, NULL), COSIM_OK);
        assert_int_equal(f.n, 1);
        assert_rel(f.plan[0].objective[0], rows[i].total, 0);
    }
    arena_release(&a);
}

struct made {
    struct route_chain c;
    double cost[LAYERS_MAX * DEVICES_MAX * OBJECTIVES_MAX];
    double transfer[DEVICES_MAX * DEVICES_MAX * OBJECTIVES_MAX];
    double entry[DEVICES_MAX * OBJECTIVES_MAX], leave[DEVICES_MAX * OBJECTIVES_MAX];
    uint64_t bytes[LAYERS_MAX * DEVICES_MAX], capacity[DEVICES_MAX];
};

/* Integer costs: all sums are exact. */
static void fill(double *v, size_t n, uint64_t below, struct rng *r)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (double)rng_below(r, below);
}

static void random_chain(struct made *m, struct rng *r, size_t n_objectives, bool limited)
{
    const size_t l = 1 + rng_below(r, LAYERS_MAX), d = 1 + rng_below(r, DEVICES_MAX);

    memset(m, 0, sizeof *m);
    m->c = (struct route_chain){ .n_layers = l,
                                 .n_devices = d,
                                 .n_objectives = n_objectives,
                                 .cost = m->cost,
                                 .transfer = m->transfer,
                                 .entry = m->entry,
                                 .leave = m->leave };
    fill(m->cost, l * d * n_objectives, 20, r);
    fill(m->transfer, d * d * n_objectives, 8, r);
    fill(m->entry, d * n_objectives, 5, r);
    fill(m->leave, d * n_objectives, 5, r);
    for (size_t i = 0; i < l * d; i++) {
        if (rng_below(r, 12) == 0)
            m->cost[i * n_objectives] = INF_F64;
        m->bytes[i] = 1 + rng_below(r, 9);
    }
    for (size_t k = 0; k < d; k++)
        m->capacity[k] = rng_below(r, 30);
    if (limited) {
        m->c.bytes = m->bytes;
        m->c.capacity = m->capacity;
    }
}

static bool next_device(const struct route_chain *c, uint32_t *device)
{
    for (size_t l = 0; l < c->n_layers; l++) {
        if (++device[l] < c->n_devices)
            return true;
        device[l] = 0;
    }
    return false;
}

static bool allowed(const struct route_chain *c, const struct route_plan *p)
{
    for (size_t q = 0; q < c->n_objectives; q++)
        if (isinf(p->objective[q]))
            return false;
    for (size_t k = 0; c->bytes && k < c->n_devices; k++)
        if (p->used_bytes[k] > c->capacity[k])
            return false;
    return true;
}

static double brute_best(const struct route_chain *c)
{
    uint32_t device[LAYERS_MAX] = { 0 };
    double best = INF_F64;

    do {
        struct route_plan p = { .device = device };
        double sum = 0;

        route_chain_sum(c, &p);
        for (size_t q = 0; q < c->n_objectives; q++)
            sum += p.objective[q];
        if (allowed(c, &p) && sum < best)
            best = sum;
    } while (next_device(c, device));
    return best;
}

static void the_best_route_is_the_best_of_all(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 1, 0);
    for (int round = 0; round < 200; round++) {
        struct made m;
        struct arena a = { 0 };
        struct route_plan p;

        random_chain(&m, &r, 1 + rng_below(&r, 3), false);
        const double want = brute_best(&m.c);
        const cosim_status st = route_chain_best(&p, &m.c, one, &a, NULL);
        assert_int_equal(st, isinf(want) ? COSIM_ENO : COSIM_OK);
        double sum = 0;
        for (size_t q = 0; st == COSIM_OK && q < m.c.n_objectives; q++)
            sum += p.objective[q];
        if (st == COSIM_OK)
            assert_rel(sum, want, 0);
        arena_release(&a);
    }
}

static bool no_worse(const double *a, const double *b, size_t n)
{
    for (size_t q = 0; q < n; q++)
        if (a[q] > b[q])
            return false;
    return true;
}

/* Every allowed placement is covered by the front, and every point of it is allowed and needed. */
static void the_front_is_the_front_of_all_placements(void **state)
{
    struct rng r;
    size_t n_points = 0, n_limited_out = 0;

    (void)state;
    rng_stream(&r, 2, 0);
    for (int round = 0; round < 150; round++) {
        uint32_t device[LAYERS_MAX] = { 0 };
        struct made m;
        struct arena a = { 0 };
        struct route_front f = { 0 };

        random_chain(&m, &r, 1 + rng_below(&r, 3), round % 2);
        const size_t n = m.c.n_objectives;
        const cosim_status st = route_chain_front(&f, &m.c, 0, &a, NULL);
        do {
            struct route_plan p = { .device = device };
            bool covered = false;

            route_chain_sum(&m.c, &p);
            if (!allowed(&m.c, &p))
                continue;
            assert_int_equal(st, COSIM_OK);
            for (size_t i = 0; i < f.n && !covered; i++)
                covered = no_worse(f.plan[i].objective, p.objective, n);
            assert_true(covered);
        } while (next_device(&m.c, device));
        n_limited_out += st == COSIM_ENO;
        for (size_t i = 0; i < f.n; i++) {
            assert_true(allowed(&m.c, &f.plan[i]));
            for (size_t k = 0; k < f.n; k++)
                assert_true(k == i || !no_worse(f.plan[k].objective, f.plan[i].objective, n));
        }
        n_points += f.n;
        arena_release(&a);
    }
    assert_true(n_points > 300 && n_limited_out > 5);
}

/* Slowest stage of the cheapest pipeline, by trying every placement whose devices do not recur. */
static double brute_pipeline(const struct route_chain *c, bool fixed_order)
{
    uint32_t device[LAYERS_MAX] = { 0 };
    double best = INF_F64;

    do {
        struct route_plan p = { .device = device };
        double stage = 0, slowest = 0;
        unsigned seen = 0;
        bool ok = true;

        route_chain_sum(c, &p);
        ok = allowed(c, &p) || !c->bytes;
        for (size_t k = 0; c->bytes && k < c->n_devices; k++)
            ok = ok && p.used_bytes[k] <= c->capacity[k];
        for (size_t l = 0; l < c->n_layers && ok; l++) {
            const size_t k = device[l];

            if (!l || device[l - 1] != k) {
                ok = !(seen >> k & 1) && !(fixed_order && seen >> k);
                seen |= 1u << k;
                stage = c->entry[k * c->n_objectives];
            }
            stage += c->cost[(l * c->n_devices + k) * c->n_objectives];
            slowest = max_f64(slowest, stage);
        }
        if (ok && slowest < best)
            best = slowest;
    } while (next_device(c, device));
    return best;
}

static void pipelines_have_the_least_bottleneck(void **state)
{
    struct rng r;
    size_t n_ok = 0;

    (void)state;
    rng_stream(&r, 3, 0);
    for (int round = 0; round < 200; round++) {
        const bool fixed_order = round / 2 % 2;
        struct made m;
        struct arena a = { 0 };
        struct route_pipeline p;

        random_chain(&m, &r, 1, round % 2);
        const double want = brute_pipeline(&m.c, fixed_order);
        const cosim_status st = route_chain_pipeline(&p, &m.c, fixed_order, &a, NULL);
        assert_int_equal(st, isinf(want) ? COSIM_ENO : COSIM_OK);
        if (st == COSIM_OK) {
            n_ok++;
            assert_rel(p.bottleneck, want, 0);
            assert_int_equal(p.first[0], 0);
            assert_int_equal(p.first[p.n_stages], m.c.n_layers);
        }
        arena_release(&a);
    }
    assert_true(n_ok > 80);
}

/* 40 equal layers, a GPU that holds 25 of them, a CPU: the GPU is filled, once, then the CPU. */
static void partial_offload_fills_the_fast_memory(void **state)
{
    enum { N = 40 };
    double cost[N * 2 * 2];
    uint64_t bytes[N * 2];
    static const uint64_t capacity[] = { 2500, 1000000 };
    static const double transfer[] = { 0, 0, 0.1, 0.2, 0.1, 0.2, 0, 0 };
    const struct route_chain c = { .n_layers = N,
                                   .n_devices = 2,
                                   .n_objectives = 2,
                                   .cost = cost,
                                   .transfer = transfer,
                                   .bytes = bytes,
                                   .capacity = capacity };
    struct arena a = { 0 };
    struct route_front f;

    (void)state;
    for (size_t l = 0; l < N; l++) {
        memcpy(cost + l * 4, (const double[]){ 1, 3, 8, 2 }, 4 * sizeof(double));
        bytes[2 * l] = bytes[2 * l + 1] = 100;
    }
    assert_int_equal(route_chain_front(&f, &c, 0, &a, NULL), COSIM_OK);
    assert_rel(f.plan[0].objective[0], 25 * 1 + 15 * 8 + 0.1, 1e-12);
    assert_int_equal(f.plan[0].used_bytes[0], 2500);
    assert_rel(f.plan[f.n - 1].objective[1], 80, 1e-12); /* all on the frugal CPU */
    assert_int_equal(f.n, 26);
    arena_release(&a);
}

static void wrong_chains_and_impossible_ones_are_told(void **state)
{
    static const double nowhere[] = { 1, 1, INF_F64, INF_F64 };
    static const double negative[] = { 1, -1 };
    const double half_known[] = { 1, UNKNOWN_F64 };
    struct arena a = { 0 };
    struct route_plan p;
    struct route_front f;
    struct route_pipeline s;
    struct route_chain c = { .n_layers = 2, .n_devices = 2, .n_objectives = 1, .cost = nowhere };

    (void)state;
    assert_int_equal(route_chain_best(&p, &c, one, &a, NULL), COSIM_ENO);
    assert_int_equal(route_chain_front(&f, &c, 0, &a, NULL), COSIM_ENO);
    assert_int_equal(route_chain_pipeline(&s, &c, 0, &a, NULL), COSIM_ENO);
    c.n_layers = 1;
    c.cost = negative;
    assert_int_equal(route_chain_best(&p, &c, one, &a, NULL), COSIM_ERANGE);
    c.cost = half_known;
    assert_int_equal(route_chain_front(&f, &c, 0, &a, NULL), COSIM_ERANGE);
    c.n_devices = ROUTE_DEVICES_MAX + 1;
    assert_int_equal(route_chain_best(&p, &c, one, &a, NULL), COSIM_EUSAGE);
    c = (struct route_chain){
        .n_layers = 5, .n_devices = 2, .n_objectives = 1, .cost = worked_cost
    };
    assert_int_equal(route_chain_front(&f, &c, 3, &a, NULL), COSIM_ERANGE);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_chain_is_routed),
        cmocka_unit_test(the_best_route_is_the_best_of_all),
        cmocka_unit_test(the_front_is_the_front_of_all_placements),
        cmocka_unit_test(pipelines_have_the_least_bottleneck),
        cmocka_unit_test(partial_offload_fills_the_fast_memory),
        cmocka_unit_test(wrong_chains_and_impossible_ones_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
