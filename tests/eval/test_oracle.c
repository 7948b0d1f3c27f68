/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fast evaluator gives the bits of the plain one: over all models and devices. */
#include "support/random_space.h"

#define MODELS_OF_A_SPACE 4u
#define RUNS (24u / FEWER + 1u)
#define RUN_BLOCKS 6u
#define ALL_METRICS ((1u << N_METRICS) - 1u)

struct tally {
    uint64_t points, metrics, reject[N_REJECTS];
};

/* Unknown is unknown: the bits of a NaN say nothing. */
static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (!is_known(a) && !is_known(b));
}

static void compare_block(struct walker *fast, struct walker *plain, uint64_t block, uint32_t asked,
                          struct tally *t)
{
    const size_t n = fast->space->n_lanes;
    struct point p;
    bool any = false;

    assert_int_equal(walker_eval(fast, block, asked, NULL), COSIM_OK);
    for (size_t d = 0; d < n; d++)
        any = any || fast->block.reject[d] == REJECT_NONE;
    for (size_t d = 0; d < n; d++) {
        const uint64_t id = block * n + d;
        assert_int_equal(walker_point(plain, id, &p, NULL), COSIM_OK);
        if (p.reject != fast->block.reject[d])
            fail_msg("point %llu: %s, plain %s", (unsigned long long)id,
                     reject_name((enum reject)fast->block.reject[d]), reject_name(p.reject));
        t->reject[p.reject]++;
        t->points++;
        /* a block without a feasible device is not computed; too much memory still is */
        if (!any || (p.reject != REJECT_NONE && p.reject != REJECT_CAPACITY))
            continue;
        for (int m = 0; m < N_METRICS; m++) {
            if (!(asked & 1u << m))
                continue;
            if (!same(fast->block.metric[m][d], p.metric[m]))
                fail_msg("point %llu, %s on %s: %s = %a, plain %a", (unsigned long long)id,
                         fast->load.graph->plan->model->id, fast->space->rates[d].device->id,
                         metric_table[m].name, fast->block.metric[m][d], p.metric[m]);
            t->metrics++;
        }
    }
}

/* Runs of neighbours (what a sweep does) that start anywhere. */
static void compare_space(const struct space *s, struct rng *r, struct tally *t)
{
    struct walker fast, plain;

    assert_int_equal(walker_init(&fast, s, NULL), COSIM_OK);
    assert_int_equal(walker_init(&plain, s, NULL), COSIM_OK);
    for (unsigned i = 0; i < RUNS; i++) {
        const uint64_t first = rng_below(r, s->n_blocks);
        /* a metric is the same whatever else is asked */
        const uint32_t asked = i % 2 ? (uint32_t)rng_u64(r) & ALL_METRICS : ALL_METRICS;
        for (uint64_t b = first; b < first + RUN_BLOCKS && b < s->n_blocks; b++)
            compare_block(&fast, &plain, b, asked, t);
    }
    walker_release(&fast);
    walker_release(&plain);
}

static void the_fast_evaluator_gives_the_bits_of_the_plain_one(void **state)
{
    struct tally t = { 0 };
    struct rng r;
    size_t n_models, n_rates;
    const struct model *const *models = all_models(&n_models);
    const struct rates *rates = all_rates(&n_rates);

    (void)state;
    rng_stream(&r, 41, 0);
    for (size_t first = 0; first < n_models; first += MODELS_OF_A_SPACE) {
        const size_t n =
            n_models - first < MODELS_OF_A_SPACE ? n_models - first : MODELS_OF_A_SPACE;
        struct arena a = { NULL };
        struct space s;
        random_space(&s, &r, models + first, n, rates, n_rates, &a);
        compare_space(&s, &r, &t);
        arena_release(&a);
    }
    for (int i = 0; i < N_REJECTS; i++)
        print_message("%-10s %llu\n", reject_name((enum reject)i), (unsigned long long)t.reject[i]);
    assert_true(t.points >= 400000u / FEWER);
    assert_true(t.metrics >= 400000u / FEWER);
    for (int i = 0; i < N_REJECTS; i++)
        if (i != REJECT_UNKNOWN && i != REJECT_CONSTRAINT) /* judged later, by the sweep */
            assert_true(t.reject[i] > 100);
}

/* All dense and mixture models on every device alone, in order: also the way a sweep walks. */
static void single_devices_are_compared_for_every_model(void **state)
{
    static const double ones[] = { 1 }, prompts[] = { 1, 777 }, outputs[] = { 1, 2, 200 },
                        batches[] = { 1, 3, 130 };
    struct tally t = { 0 };
    struct arena a = { NULL };
    cosim_error e = { 0 };
    size_t n_models, n_rates;
    const struct model *const *models = all_models(&n_models);
    const struct rates *rates = all_rates(&n_rates);
    const struct scheme *w[] = { world_scheme("int4-g128"), world_scheme("q4_k_m") };
    const struct format *f[] = { world_format("bf16") };
    const struct kv_formats kv[] = { world_kv("kv8", "kv4") };
    struct space s = { .model = models, .w = w, .a = f, .kv = kv, .rates = rates };
    struct walker fast, plain;

    (void)state;
    for (int i = 0; i < N_AXES; i++) {
        s.n[i] = 1;
        s.number[i] = ones;
    }
    s.n[AXIS_MODEL] = n_models;
    s.n[AXIS_W] = 2;
    s.n[AXIS_DEVICE] = n_rates;
    s.n[AXIS_PROMPT] = 2;
    s.number[AXIS_PROMPT] = prompts;
    s.n[AXIS_OUTPUT] = 3;
    s.number[AXIS_OUTPUT] = outputs;
    s.n[AXIS_BATCH] = 3;
    s.number[AXIS_BATCH] = batches;
    if (space_finish(&s, &a, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(walker_init(&fast, &s, NULL), COSIM_OK);
    assert_int_equal(walker_init(&plain, &s, NULL), COSIM_OK);
    for (uint64_t b = 0; b<s.n_blocks; b += FEWER> 1 ? 7 : 1)
        compare_block(&fast, &plain, b, ALL_METRICS, &t);
    assert_true(t.points > 100000u / FEWER && t.reject[REJECT_NONE] > t.points / 4);
    walker_release(&fast);
    walker_release(&plain);
    arena_release(&a);
}

/* What a walker visited before must not show; half of the jumps stay within one graph. */
static void a_block_is_the_same_after_any_other(void **state)
{
    struct rng r;
    struct arena a = { NULL };
    struct space s;
    struct walker used, fresh;
    uint64_t block = 0;
    size_t n_models, n_rates;
    const struct model *const *models = all_models(&n_models);
    const struct rates *rates = all_rates(&n_rates);

    (void)state;
    rng_stream(&r, 42, 0);
    random_space(&s, &r, models + rng_below(&r, n_models - 6), 6, rates, n_rates, &a);
    const uint64_t per_graph = s.n[AXIS_PROMPT] * s.n[AXIS_BATCH] * s.n[AXIS_OUTPUT];
    assert_int_equal(walker_init(&used, &s, NULL), COSIM_OK);
    for (unsigned i = 0; i < 1000 / FEWER; i++) {
        struct point p;
        if (i % 2)
            block = block - block % per_graph + rng_below(&r, per_graph);
        else
            block = rng_below(&r, s.n_blocks);
        if (i % 3 == 0)
            assert_int_equal(walker_point(&used, rng_below(&r, s.n_points), &p, NULL), COSIM_OK);
        assert_int_equal(walker_eval(&used, block, ALL_METRICS, NULL), COSIM_OK);
        assert_int_equal(walker_init(&fresh, &s, NULL), COSIM_OK);
        assert_int_equal(walker_eval(&fresh, block, ALL_METRICS, NULL), COSIM_OK);
        assert_memory_equal(used.block.reject, fresh.block.reject, n_rates);
        for (int m = 0; m < N_METRICS; m++)
            for (size_t d = 0; d < n_rates; d++)
                if (fresh.block.reject[d] == REJECT_NONE
                    && !same(used.block.metric[m][d], fresh.block.metric[m][d]))
                    fail_msg("block %llu: %s", (unsigned long long)block, metric_table[m].name);
        walker_release(&fresh);
    }
    walker_release(&used);
    arena_release(&a);
}

/* Memory that is just enough, and one byte less. */
static void memory_that_is_just_enough_is_enough(void **state)
{
    static const double one[] = { 1 }, tokens[] = { 100 };
    const struct model *const model[] = { world_model("llama-3.1-8b") };
    const struct scheme *const w[] = { world_scheme("int4-g128") };
    const struct format *const f[] = { world_format("bf16") };
    const struct kv_formats kv[] = { world_kv("bf16", "bf16") };
    struct rates rates[2] = { world_rates("h100-sxm"), world_rates("h100-sxm") };
    struct space s = { .model = model, .w = w, .a = f, .kv = kv, .rates = rates };
    struct arena a = { NULL };
    struct walker walker;
    struct point p;

    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < N_AXES; i++) {
            s.n[i] = 1;
            s.number[i] = i == AXIS_PROMPT || i == AXIS_OUTPUT ? tokens : one;
        }
        s.n[AXIS_DEVICE] = 2;
        assert_int_equal(space_finish(&s, &a, NULL), COSIM_OK);
        assert_int_equal(walker_init(&walker, &s, NULL), COSIM_OK);
        assert_int_equal(walker_point(&walker, 0, &p, NULL), COSIM_OK);
        assert_int_equal(p.reject, REJECT_NONE);
        if (pass == 1) {
            assert_int_equal(walker_eval(&walker, 0, ALL_METRICS, NULL), COSIM_OK);
            assert_int_equal(walker.block.reject[0], REJECT_NONE);
            assert_int_equal(walker.block.reject[1], REJECT_CAPACITY);
        }
        rates[0].rate[RATE_MEM_USABLE_BYTES].value = p.metric[METRIC_MEMORY];
        rates[1].rate[RATE_MEM_USABLE_BYTES].value = p.metric[METRIC_MEMORY] - 1;
        walker_release(&walker);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fast_evaluator_gives_the_bits_of_the_plain_one),
        cmocka_unit_test(single_devices_are_compared_for_every_model),
        cmocka_unit_test(a_block_is_the_same_after_any_other),
        cmocka_unit_test(memory_that_is_just_enough_is_enough),
    };

    return cmocka_run_group_tests(tests, world_load, world_release);
}
