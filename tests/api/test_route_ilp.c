/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route_fork.h"

#include "core/num.h"
#include "core/rng.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

enum { LAYERS_MAX = 4, NODES_MAX = 2 * LAYERS_MAX + 2, CHOICES_MAX = 4096 };

/* A small platform with random costs. */
struct made {
    struct route_problem p;
    struct route_node node[NODES_MAX];
    struct route_cost cost[N_ROUTE_PHASES * NODES_MAX * ROUTE_MEMBERS];
};

struct shape {
    size_t n_members, n_layers, n_experts; /* experts 0: layers are one node */
    bool alike, tier, decodes;
    double room; /* of the capacities, in all bytes */
};

static double draw(struct rng *r, double lo, double hi)
{
    return lo + (hi - lo) * rng_f64(r);
}

static void make_nodes(struct made *m, const struct shape *s, struct rng *r)
{
    const size_t parts = s->n_experts > 0 ? 2 : 1;

    m->p.n_nodes = 2 + parts * s->n_layers;
    for (size_t i = 0; i < m->p.n_nodes; i++) {
        const bool end = i == 0 || i + 1 == m->p.n_nodes;
        struct route_node *n = &m->node[i];
        n->name = "node";
        n->layer = end ? SIZE_MAX : (i - 1) / parts;
        n->kind = end ? 0 : (i - 1) % parts;
        if (!end && s->alike && i > parts) {
            *n = m->node[i - parts];
            n->layer = (i - 1) / parts;
            continue;
        }
        n->weight_bytes = draw(r, 1.0, 5.0);
        n->n_experts = parts == 2 && n->kind == 1 ? (double)s->n_experts : 0.0;
        if (end || n->kind == 1)
            continue;
        n->kv_bytes = draw(r, 1.0, 6.0);
        n->kv_prompt_bytes = n->kv_bytes / 2.0;
        n->core_in_bytes = draw(r, 0.0, 2.0);
        n->core_out_bytes = draw(r, 0.0, 1.0);
        n->kv_read_bytes = 0.8 * n->kv_bytes;
    }
}

static void make_costs(struct made *m, const struct shape *s, struct rng *r)
{
    const struct route_problem *p = &m->p;
    const size_t parts = s->n_experts > 0 ? 2 : 1;

    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < p->n_nodes; i++)
            for (size_t k = 0; k < p->n_members; k++) {
                struct route_cost *c = &m->cost[((size_t)f * p->n_nodes + i) * p->n_members + k];
                if (s->alike && i > parts && i + 1 < p->n_nodes) {
                    *c = *(c - parts * p->n_members);
                    continue;
                }
                c->s = draw(r, 0.1, 3.0);
                c->dynamic_j = draw(r, 0.1, 9.0);
                c->memory_s = c->s * draw(r, 0.3, 1.0);
                if (p->node[i].kv_bytes > 0.0) {
                    c->core_s = c->s * draw(r, 0.2, 0.7);
                    c->core_j = c->dynamic_j * draw(r, 0.2, 0.7);
                }
            }
}

static void make_problem(struct made *m, const struct shape *s, uint64_t number)
{
    struct rng r;
    struct route_problem *p = &m->p;
    double all = 0.0;

    rng_stream(&r, 99, number);
    memset(m, 0, sizeof *m);
    p->n_members = s->n_members;
    p->n_pools = s->n_members > 2 && !s->tier ? 3 : 2;
    p->repeats[ROUTE_PREFILL] = 1.0;
    p->repeats[ROUTE_DECODE] = s->decodes ? 1.0 + (double)(number % 5) : 0.0;
    p->hop_bytes[ROUTE_PREFILL] = draw(&r, 0.0, 10.0);
    p->hop_bytes[ROUTE_DECODE] = draw(&r, 0.0, 2.0);
    p->token_bytes = 0.5;
    p->n_sequences = 1.0;
    p->node = m->node;
    p->cost = m->cost;
    make_nodes(m, s, &r);
    m->node[p->n_nodes - 1].tied = number % 2;
    if (number % 2)
        m->node[p->n_nodes - 1].weight_bytes = m->node[0].weight_bytes;
    for (size_t i = 0; i < p->n_nodes; i++)
        all += m->node[i].weight_bytes + m->node[i].kv_bytes;
    for (size_t k = 0; k < p->n_members; k++) {
        const bool tier = s->tier && k == 2;
        p->runs_on[k] = tier ? 0 : k;
        p->weight_pool[k] = tier ? 1 : k;
        p->state_pool[k] = tier ? 0 : k;
        p->stream_bytes_per_s[k] = tier ? 20.0 : INF_F64;
        p->static_w[k] = draw(&r, 0.0, 3.0);
        p->peak_flops_per_s[k] = tier ? 0.0 : 1.0;
        p->capacity_bytes[k] = all * draw(&r, 0.6 * s->room, 1.2 * s->room);
    }
    for (size_t x = 0; x < p->n_members; x++)
        for (size_t y = 0; y < p->n_members; y++)
            if (p->runs_on[x] != p->runs_on[y])
                p->link[x][y] = (struct route_link){ 0.1, 0.05, 0.02 };
    make_costs(m, s, &r);
}

/* --- brute force ---------------------------------------------------------------------------- */

static bool next_digits(size_t *digit, size_t n, size_t base)
{
    for (size_t i = 0; i < n; i++) {
        if (++digit[i] < base)
            return true;
        digit[i] = 0;
    }
    return false;
}

/* All shares of both phases that keep every expert in one memory. */
static size_t list_choices(struct fork_choice *out, const struct fork_problem *q, size_t n_experts)
{
    const struct route_problem *p = q->p;
    const size_t d = p->n_members;
    struct route_option option[ROUTE_OPTIONS];
    const size_t n_options = route_options(p, option);
    size_t digit[2 * ROUTE_MEMBERS] = { 0 }, n = 0;

    do {
        double pool[N_ROUTE_PHASES][ROUTE_MEMBERS] = { { 0.0 } };
        size_t sum[N_ROUTE_PHASES] = { 0 };
        struct fork_choice c = { .kv = FORK_WITH };
        for (size_t i = 0; i < 2 * d; i++) {
            c.experts[i / d][i % d] = (uint16_t)digit[i];
            sum[i / d] += digit[i];
            pool[i / d][p->weight_pool[i % d]] += (double)digit[i];
        }
        if (sum[0] != n_experts || sum[1] != n_experts || memcmp(pool[0], pool[1], sizeof pool[0]))
            continue;
        for (size_t o = 0; o < n_options; o++)
            for (size_t kv = 0; kv <= (q->kv_apart ? d : 0); kv++) {
                assert_true(n < CHOICES_MAX);
                c.kv = kv == 0 ? FORK_WITH : (uint8_t)(kv - 1);
                memcpy(c.spine, option[o].place, sizeof c.spine);
                out[n++] = c;
            }
    } while (next_digits(digit, 2 * d, n_experts + 1));
    return n;
}

static double brute_force(const struct fork_problem *q, size_t n_experts)
{
    static struct fork_choice choice[CHOICES_MAX];
    struct fork_choice layer[LAYERS_MAX];
    struct fork_plan plan = { .layer = layer };
    struct route_option option[ROUTE_OPTIONS];
    const size_t n_options = route_options(q->p, option);
    const size_t n = list_choices(choice, q, n_experts);
    double best = INF_F64;

    for (size_t ends = 0; ends < n_options * n_options; ends++) {
        size_t digit[LAYERS_MAX] = { 0 };
        plan.embedding = option[ends / n_options];
        plan.head = option[ends % n_options];
        do {
            for (size_t i = 0; i < q->n_layers; i++)
                layer[i] = choice[digit[i]];
            fork_plan_sum(q, &plan);
            if (plan.fits && plan.runs && plan.value < best)
                best = plan.value;
        } while (next_digits(digit, q->n_layers, n));
    }
    return best;
}

static void check_against_brute_force(const struct shape *s, bool kv, unsigned n, unsigned *solved)
{
    struct made *m = calloc(1, sizeof *m);

    assert_non_null(m);
    for (unsigned i = 0; i < n; i++) {
        const enum route_objective lead = i % 2 ? ROUTE_ENERGY : ROUTE_LATENCY;
        struct arena a = { 0 };
        struct fork_problem q;
        struct fork_plan plan;
        make_problem(m, s, i);
        assert_int_equal(fork_make(&q, &m->p, kv, s->n_experts > 0, lead, &a, NULL), COSIM_OK);
        const double best = brute_force(&q, s->n_experts);
        const cosim_status st = fork_solve(&plan, &q, 0, &a, NULL);
        assert_int_equal(st, best < INF_F64 ? COSIM_OK : COSIM_ENO);
        if (st == COSIM_OK) {
            assert_rel(plan.value, best, 1e-9);
            assert_rel(plan.bound, best, 1e-6);
            ++*solved;
        }
        arena_release(&a);
    }
    free(m);
}

static void keys_and_values_apart_are_placed_as_brute_force_does(void **state)
{
    const struct shape two = { 2, 2, 0, true, false, true, 0.7 };
    const struct shape three = { 3, 2, 0, true, true, true, 0.5 };
    unsigned solved = 0;

    (void)state;
    check_against_brute_force(&two, true, 30, &solved);
    check_against_brute_force(&three, true, 12, &solved);
    assert_true(solved >= 25);
}

static void experts_apart_are_placed_as_brute_force_does(void **state)
{
    const struct shape two = { 2, 2, 2, true, false, true, 0.6 };
    const struct shape tier = { 3, 1, 3, true, true, true, 0.6 };
    const struct shape prefill = { 3, 1, 2, true, false, false, 0.5 };
    unsigned solved = 0;

    (void)state;
    check_against_brute_force(&two, false, 30, &solved);
    check_against_brute_force(&tier, true, 20, &solved);
    check_against_brute_force(&prefill, false, 10, &solved);
    assert_true(solved >= 40);
}

/* --- against the exact chain ---------------------------------------------------------------- */

static double chain_best(const struct route_problem *p, enum route_objective lead)
{
    struct route_search search = { .precision = 0.0 };
    struct arena a = { 0 };
    struct placement_front f;
    double best = INF_F64;

    search.wanted[lead] = true;
    if (route_solve(&f, p, &search, &a, NULL) == COSIM_OK)
        best = f.plan[0].objective[lead];
    arena_release(&a);
    return best;
}

static void a_chain_costs_what_the_labels_say(void **state)
{
    struct made *m = calloc(1, sizeof *m);
    unsigned solved = 0;

    (void)state;
    assert_non_null(m);
    for (unsigned i = 0; i < 60; i++) {
        const struct shape s = { 2 + i % 2, 4, 0, i % 4 != 3, i % 3 == 0, i % 5 != 4, 0.6 };
        const enum route_objective lead = i % 2 ? ROUTE_ENERGY : ROUTE_LATENCY;
        struct arena a = { 0 };
        struct fork_problem q;
        struct fork_plan plan;
        make_problem(m, &s, 100 + i);
        const double best = chain_best(&m->p, lead);
        assert_int_equal(fork_make(&q, &m->p, false, false, lead, &a, NULL), COSIM_OK);
        const cosim_status st = fork_solve(&plan, &q, 0, &a, NULL);
        assert_int_equal(st, best < INF_F64 ? COSIM_OK : COSIM_ENO);
        if (st == COSIM_OK) {
            assert_true(plan.fits);
            assert_true(plan.bound <= best * (1.0 + 1e-6));
            assert_true(plan.value >= best * (1.0 - 1e-9));
            if (s.alike)
                assert_rel(plan.value, best, 1e-9);
            solved++;
        }
        arena_release(&a);
    }
    assert_true(solved >= 40);
    free(m);
}

/* --- worked examples ------------------------------------------------------------------------ */

static void the_slowest_branch_decides(void **state)
{
    const struct shape s = { 2, 1, 4, true, false, true, 1.0 };
    struct made *m = calloc(1, sizeof *m);
    const uint16_t experts[ROUTE_MEMBERS] = { 3, 1 };
    double seconds, joules, hop_s;

    (void)state;
    assert_non_null(m);
    make_problem(m, &s, 1);
    m->p.hop_bytes[ROUTE_PREFILL] = 2.0;
    m->cost[2 * 2 + 0] = (struct route_cost){ .s = 0.8, .dynamic_j = 4.0 };
    m->cost[2 * 2 + 1] = (struct route_cost){ .s = 2.0, .dynamic_j = 8.0 };
    fork_experts(&m->p, ROUTE_PREFILL, 2, 0, experts, &seconds, &joules, &hop_s);
    /* here 3/4 of 0.8 s; there 1/4 of 2 s and two ways of 0.1 + 2 x 0.05 s */
    assert_rel(seconds, 0.5 + 0.4, 1e-12);
    assert_rel(hop_s, 0.4, 1e-12);
    assert_rel(joules, 3.0 + 2.0 + 2.0 * 2.0 * 0.02, 1e-12);
    free(m);
}

static void members_of_one_memory_are_not_faster_than_it(void **state)
{
    const struct shape s = { 3, 1, 4, true, true, true, 1.0 };
    struct made *m = calloc(1, sizeof *m);
    const uint16_t experts[ROUTE_MEMBERS] = { 0, 2, 2 };
    double seconds, joules, hop_s;

    (void)state;
    assert_non_null(m);
    make_problem(m, &s, 1); /* member 2 brings weights from the memory of member 1 to member 0 */
    m->cost[2 * 3 + 1] = (struct route_cost){ .s = 2.0, .memory_s = 1.8 };
    m->cost[2 * 3 + 2] = (struct route_cost){ .s = 0.9 };
    m->p.hop_bytes[ROUTE_PREFILL] = 0.0;
    m->p.link[0][1].sync_s = m->p.link[1][0].sync_s = 0.0;
    fork_experts(&m->p, ROUTE_PREFILL, 2, 0, experts, &seconds, &joules, &hop_s);
    assert_rel(seconds, 1.8, 1e-12); /* not max(2/4 x 2, 2/4 x 0.9) = 1 */
    free(m);
}

static void keys_and_values_apart_pay_two_ways(void **state)
{
    const struct shape s = { 2, 1, 0, true, false, true, 9.0 };
    struct made *m = calloc(1, sizeof *m);
    struct arena a = { 0 };
    struct fork_problem q;
    struct fork_bill with, apart;
    struct fork_choice c = { .spine = { 0, 0 }, .kv = FORK_WITH };

    (void)state;
    assert_non_null(m);
    make_problem(m, &s, 1); /* two decode passes */
    m->node[1] = (struct route_node){ .name = "layer",
                                      .weight_bytes = 3.0,
                                      .kv_bytes = 4.0,
                                      .kv_prompt_bytes = 2.0,
                                      .core_in_bytes = 1.0,
                                      .core_out_bytes = 0.5 };
    m->cost[1 * 2 + 0] = (struct route_cost){ .s = 1.0 };
    m->cost[(3 + 1) * 2 + 0] =
        (struct route_cost){ .s = 2.0, .dynamic_j = 5.0, .core_s = 0.5, .core_j = 1.0 };
    m->cost[(3 + 1) * 2 + 1] =
        (struct route_cost){ .s = 9.0, .dynamic_j = 9.0, .core_s = 0.7, .core_j = 2.0 };
    assert_int_equal(fork_make(&q, &m->p, true, false, ROUTE_LATENCY, &a, NULL), COSIM_OK);
    fork_layer(&q, 0, &c, &with);
    c.kv = 1;
    fork_layer(&q, 0, &c, &apart);
    assert_rel(with.pass_s[ROUTE_DECODE], 2.0, 1e-12);
    assert_rel(apart.pass_s[ROUTE_DECODE], 2.0 - 0.5 + 0.7 + 2.0 * 0.1 + 1.5 * 0.05, 1e-12);
    assert_rel(apart.once_s, 0.1 + 2.0 * 0.05, 1e-12);
    assert_rel(apart.dynamic_j - with.dynamic_j, 2.0 * (1.0 + 1.5 * 0.02) + 2.0 * 0.02, 1e-12);
    assert_rel(with.bytes[0], 7.0, 1e-12);
    assert_rel(apart.bytes[0], 3.0, 1e-12);
    assert_rel(apart.bytes[1], 4.0, 1e-12);
    assert_true(apart.writes_out[0] && !apart.writes_out[1]);
    arena_release(&a);
    free(m);
}

static void underuse_is_no_sum(void **state)
{
    const struct shape s = { 2, 1, 0, true, false, true, 1.0 };
    struct made *m = calloc(1, sizeof *m);
    struct arena a = { 0 };
    struct fork_problem q;

    (void)state;
    assert_non_null(m);
    make_problem(m, &s, 1);
    assert_int_equal(fork_make(&q, &m->p, false, false, ROUTE_UNDERUSE, &a, NULL),
                     COSIM_EUNSUPPORTED);
    arena_release(&a);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_values_apart_are_placed_as_brute_force_does),
        cmocka_unit_test(experts_apart_are_placed_as_brute_force_does),
        cmocka_unit_test(a_chain_costs_what_the_labels_say),
        cmocka_unit_test(the_slowest_branch_decides),
        cmocka_unit_test(members_of_one_memory_are_not_faster_than_it),
        cmocka_unit_test(keys_and_values_apart_pay_two_ways),
        cmocka_unit_test(underuse_is_no_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
