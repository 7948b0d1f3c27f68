/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must hold for any device, model, format and request: docs/model.md 10.3 and common sense. */
#include "support/random_space.h"

#define CASES (1500u / FEWER)

/* One random design with its device, which tests may change. */
struct design {
    struct arena arena;
    struct plan plan;
    struct graph graph;
    struct load load;
    struct rates rates;
    struct device device;
    struct request request;
};

static struct rng rng;
static const struct model *const *models;
static size_t n_models;

static int load_world(void **state)
{
    const int st = world_load(state);

    if (st == 0)
        models = all_models(&n_models);
    return st;
}

/* Log-uniform: every decade is as likely. */
static double between(double lo, double hi)
{
    return lo * pow(hi / lo, rng_f64(&rng));
}

/* A device that no data sheet has: any mixture of rates, everything known. */
static void random_device(struct design *d)
{
    static const struct {
        enum rate id;
        double lo, hi;
    } range[] = {
        { RATE_S_PER_MEM_BYTE, 1e-14, 1e-9 },
        { RATE_S_PER_CACHE_BYTE, 1e-15, 1e-10 },
        { RATE_S_PER_LINK_BYTE, 1e-13, 1e-8 },
        { RATE_LINK_LATENCY_S, 1e-8, 1e-3 },
        { RATE_COLLECTIVE_FLOOR_S, 1e-8, 1e-4 },
        { RATE_OP_FLOOR_S, 1e-9, 1e-4 },
        { RATE_LAUNCH_S, 1e-9, 1e-4 },
        { RATE_STATIC_W, 0.1, 1000 },
        { RATE_J_PER_MEM_BYTE, 1e-12, 1e-9 },
        { RATE_J_PER_CACHE_BYTE, 1e-13, 1e-10 },
        { RATE_J_PER_LINK_BYTE, 1e-12, 1e-9 },
        { RATE_CAPEX_USD_PER_S, 1e-7, 1e-2 },
        { RATE_ELECTRICITY_USD_PER_J, 1e-9, 1e-7 },
        { RATE_CARBON_G_PER_J, 1e-6, 1e-3 },
    };

    d->device = (struct device){ .id = "random", .price_usd = between(10, 1e5) };
    d->rates = (struct rates){ .device = &d->device };
    for (size_t i = 0; i < COUNT_OF(range); i++)
        d->rates.rate[range[i].id].value = between(range[i].lo, range[i].hi);
    d->rates.rate[RATE_MEM_USABLE_BYTES].value = 1e15;
    d->rates.rate[RATE_LINK_DOMAIN].value = 1e6;
    for (int p = 0; p < N_PREC; p++) {
        d->rates.s_per_flop[p].value = between(1e-16, 1e-10);
        d->rates.j_per_flop[p].value = between(1e-14, 1e-10);
        d->rates.used[p] = (enum precision)p;
    }
}

static struct parallel random_layout(const struct model *m)
{
    struct parallel par;

    do {
        par.tp = 1u << rng_below(&rng, 4);
        par.pp = 1u << rng_below(&rng, 3);
        par.ep = 1u << rng_below(&rng, 3);
        par.dp = 1u << rng_below(&rng, 3);
    } while (graph_layout_problem(m, &par));
    return par;
}

static void remake(struct design *d)
{
    cosim_error e = { 0 };

    if (load_make(&d->load, &d->graph, &d->request, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
}

static void design_with(struct design *d, const char *w, const char *kv, struct parallel par,
                        const struct model *m)
{
    const struct kv_formats pair = world_kv(kv, kv);
    cosim_error e = { 0 };

    if (plan_make(&d->plan, m, world_scheme(w), pair.k, pair.v, &d->arena, &e) != COSIM_OK
        || graph_make(&d->graph, &d->plan, world_format(PICK(&rng, random_a)), &par, &e)
               != COSIM_OK)
        fail_msg("%s", e.msg);
    remake(d);
}

/* Prompts short enough that every model's context holds them. */
static void random_design(struct design *d)
{
    const struct model *m = models[rng_below(&rng, n_models)];

    *d = (struct design){ 0 };
    d->request.batch = floor(between(1, 300));
    d->request.prompt_tokens = floor(between(1, 300));
    d->request.output_tokens = floor(between(1, 100));
    random_device(d);
    const char *w = PICK(&rng, random_w), *kv = PICK(&rng, random_kv);
    const struct parallel par = random_layout(m);
    design_with(d, w, kv, par, m);
}

static void design_release(struct design *d)
{
    load_release(&d->load);
    graph_release(&d->graph);
    arena_release(&d->arena);
}

static struct point eval(const struct design *d)
{
    struct point p;

    point_eval(&p, &d->load, &d->rates, UNKNOWN_F64);
    if (p.reject != REJECT_NONE)
        fail_msg("%s is rejected: %s", d->plan.model->id, reject_name(p.reject));
    return p;
}

static const enum metric times[] = { METRIC_TTFT, METRIC_TPOT, METRIC_E2E };

static void assert_no_slower(const struct point *fast, const struct point *slow, const char *why)
{
    for (size_t i = 0; i < COUNT_OF(times); i++)
        if (!(fast->metric[times[i]] <= slow->metric[times[i]] * (1 + 1e-12)))
            fail_msg("%s: %s grows from %.17g to %.17g", why, metric_table[times[i]].name,
                     slow->metric[times[i]], fast->metric[times[i]]);
}

static void a_better_device_is_never_slower(void **state)
{
    static const enum rate rates[] = {
        RATE_S_PER_MEM_BYTE,     RATE_S_PER_CACHE_BYTE, RATE_S_PER_LINK_BYTE, RATE_LINK_LATENCY_S,
        RATE_COLLECTIVE_FLOOR_S, RATE_OP_FLOOR_S,       RATE_LAUNCH_S
    };

    (void)state;
    rng_stream(&rng, 51, 0);
    for (unsigned i = 0; i < CASES; i++) {
        struct design d;
        random_design(&d);
        const struct point before = eval(&d);
        const size_t k = rng_below(&rng, COUNT_OF(rates) + N_PREC);
        if (k < COUNT_OF(rates))
            d.rates.rate[rates[k]].value *= rng_f64(&rng);
        else
            d.rates.s_per_flop[k - COUNT_OF(rates)].value *= rng_f64(&rng);
        const struct point after = eval(&d);
        assert_no_slower(&after, &before, "one rate is better");
        assert_true(after.metric[METRIC_J_PER_TOKEN]
                    <= before.metric[METRIC_J_PER_TOKEN] * (1 + 1e-12));
        design_release(&d);
    }
}

/* Powers of two are exact: half means half to the last bit. */
static void twice_all_rates_take_half_the_time(void **state)
{
    static const enum rate prices[] = {
        RATE_S_PER_MEM_BYTE,     RATE_S_PER_CACHE_BYTE, RATE_S_PER_LINK_BYTE, RATE_LINK_LATENCY_S,
        RATE_COLLECTIVE_FLOOR_S, RATE_OP_FLOOR_S,       RATE_LAUNCH_S
    };

    (void)state;
    rng_stream(&rng, 52, 0);
    for (unsigned i = 0; i < CASES; i++) {
        struct design d;
        random_design(&d);
        const struct point before = eval(&d);
        for (size_t k = 0; k < COUNT_OF(prices); k++)
            d.rates.rate[prices[k]].value /= 2;
        for (int p = 0; p < N_PREC; p++)
            d.rates.s_per_flop[p].value /= 2;
        const struct point after = eval(&d);
        for (size_t k = 0; k < COUNT_OF(times); k++)
            assert_rel(2 * after.metric[times[k]], before.metric[times[k]], 0);
        assert_rel(after.metric[METRIC_TOKENS_PER_S], 2 * before.metric[METRIC_TOKENS_PER_S], 0);
        design_release(&d);
    }
}

static void phase_is_the_sum_of_its_operators(const struct design *d, const struct phase *ph,
                                              const struct phase_cost *whole)
{
    double busy_s = 0.0, dynamic_j = 0.0;

    for (size_t i = 0; i < d->graph.n_op; i++) {
        struct op_cost c;
        point_op(&c, &d->load, ph, i, &d->rates);
        assert_true(c.call_s >= c.floor_s && c.total_s >= 0.0 && c.total_j >= 0.0);
        assert_true(c.flip_ratio >= 1.0 - 1e-12);
        busy_s += c.total_s;
        dynamic_j += c.total_j;
    }
    assert_rel(busy_s, whole->busy_s, 1e-12);
    assert_rel(dynamic_j, whole->dynamic_j, 1e-12);
    assert_true(whole->step_s >= whole->busy_s);
    assert_true(whole->launch_bound == (whole->step_s > whole->busy_s));
}

static void time_and_energy_add_up_over_the_operators(void **state)
{
    (void)state;
    rng_stream(&rng, 53, 0);
    for (unsigned i = 0; i < CASES; i++) {
        struct design d;
        random_design(&d);
        const struct point p = eval(&d);
        phase_is_the_sum_of_its_operators(&d, &d.load.prefill, &p.prefill);
        phase_is_the_sum_of_its_operators(&d, &d.load.decode, &p.decode);
        design_release(&d);
    }
}

/* The metrics follow from the phases: every identity of eval/metric.h. */
static void metrics_are_what_their_descriptions_say(void **state)
{
    (void)state;
    rng_stream(&rng, 54, 0);
    for (unsigned i = 0; i < CASES; i++) {
        struct design d;
        random_design(&d);
        const struct point p = eval(&d);
        const double *m = p.metric, out = d.request.output_tokens;
        const struct parallel *par = &d.graph.par;
        const double tokens = par->dp * d.request.batch * out;
        assert_rel(m[METRIC_E2E], m[METRIC_TTFT] + (out - 1) * m[METRIC_TPOT], 1e-12);
        assert_rel(m[METRIC_TOKENS_PER_S] * m[METRIC_E2E], tokens, 1e-12);
        assert_rel(m[METRIC_DECODE_TOKENS_PER_S] * m[METRIC_TPOT], par->dp * d.request.batch,
                   1e-12);
        assert_rel(m[METRIC_J_PER_TOKEN] * m[METRIC_TOKENS_PER_S], m[METRIC_POWER], 1e-12);
        assert_rel(m[METRIC_DEVICES], par->tp * par->pp * par->ep * par->dp, 0);
        assert_rel(m[METRIC_PRICE], m[METRIC_DEVICES] * d.device.price_usd, 1e-15);
        assert_rel(m[METRIC_CARBON],
                   m[METRIC_J_PER_TOKEN] * d.rates.rate[RATE_CARBON_G_PER_J].value * 1e6, 1e-12);
        assert_rel(m[METRIC_USD_PER_MTOK],
                   1e6
                       * (m[METRIC_DEVICES] * d.rates.rate[RATE_CAPEX_USD_PER_S].value
                          + m[METRIC_POWER] * d.rates.rate[RATE_ELECTRICITY_USD_PER_J].value)
                       / m[METRIC_TOKENS_PER_S],
                   1e-12);
        assert_true(m[METRIC_POWER]
                    > m[METRIC_DEVICES] * d.rates.rate[RATE_STATIC_W].value * (1 - 1e-12));
        design_release(&d);
    }
}

static void longer_prompts_and_outputs_are_never_faster_or_smaller(void **state)
{
    (void)state;
    rng_stream(&rng, 55, 0);
    for (unsigned i = 0; i < CASES; i++) {
        struct design d;
        random_design(&d);
        const struct point before = eval(&d);
        const bool prompt = rng_below(&rng, 2);
        *(prompt ? &d.request.prompt_tokens : &d.request.output_tokens) += floor(between(1, 100));
        remake(&d);
        const struct point after = eval(&d);
        assert_no_slower(&before, &after, "more tokens");
        assert_true(after.metric[METRIC_MEMORY] >= before.metric[METRIC_MEMORY]);
        if (!prompt)
            assert_rel(after.metric[METRIC_TTFT], before.metric[METRIC_TTFT], 0);
        design_release(&d);
    }
}

/*
 * Formats in the order of their bits. Dequantisation and rates of the precisions are set aside: the
 * device has only its memory.
 */
static void fewer_bits_never_need_more_memory_or_traffic(void **state)
{
    static const char *const w[] = { "fp32",      "bf16",      "int8-g128",
                                     "int4-g128", "int3-g128", "int2-g128" };
    static const char *const kv[] = { "bf16", "kv8", "kv4", "kv3", "kv2" };

    (void)state;
    rng_stream(&rng, 56, 0);
    for (unsigned i = 0; i < CASES / 2; i++) {
        struct design d, narrow;
        const struct model *m = models[rng_below(&rng, n_models)];
        const struct parallel par = random_layout(m);
        const size_t w_wide = rng_below(&rng, COUNT_OF(w)), kv_wide = rng_below(&rng, COUNT_OF(kv));
        const size_t w_narrow = w_wide + rng_below(&rng, COUNT_OF(w) - w_wide);
        const size_t kv_narrow = kv_wide + rng_below(&rng, COUNT_OF(kv) - kv_wide);
        d = (struct design){ .request = { floor(between(1, 100)), 300, 200 } };
        narrow = d;
        const struct rng before = rng; /* the same activation format twice */
        design_with(&d, w[w_wide], kv[kv_wide], par, m);
        rng = before;
        design_with(&narrow, w[w_narrow], kv[kv_narrow], par, m);
        random_device(&d);
        for (int p = 0; p < N_PREC; p++)
            d.rates.s_per_flop[p].value = 0.0;
        narrow.rates = d.rates;
        narrow.device = d.device;
        const struct point wide_point = eval(&d), narrow_point = eval(&narrow);
        assert_true(narrow.plan.weight_bytes <= d.plan.weight_bytes);
        assert_true(narrow.load.prefill.mem_bytes <= d.load.prefill.mem_bytes * (1 + 1e-12));
        assert_true(narrow.load.decode.mem_bytes <= d.load.decode.mem_bytes * (1 + 1e-12));
        assert_true(narrow_point.metric[METRIC_MEMORY] <= wide_point.metric[METRIC_MEMORY]);
        assert_no_slower(&narrow_point, &wide_point, "fewer bits");
        design_release(&d);
        design_release(&narrow);
    }
}

static bool all_bound_by_memory(const struct design *d)
{
    for (size_t i = 0; i < d->graph.n_op; i++) {
        struct op_cost c;
        point_op(&c, &d->load, &d->load.decode, i, &d->rates);
        if (c.bound != BOUND_MEMORY && c.bound != BOUND_FLOOR)
            return false;
    }
    return true;
}

/* Weights are shared: while memory binds, twice the batch decodes at least as many tokens a second.
 */
static void a_larger_batch_never_lowers_memory_bound_throughput(void **state)
{
    unsigned n = 0;

    (void)state;
    rng_stream(&rng, 57, 0);
    for (unsigned i = 0; i < CASES; i++) {
        const struct model *m = models[rng_below(&rng, n_models)];
        struct design d = { .request = { floor(between(1, 64)), 100, 100 } };
        const struct device *device = &world.devices.device[rng_below(&rng, world.devices.n)];
        const char *w = PICK(&rng, random_w), *kv = PICK(&rng, random_kv);
        design_with(&d, w, kv, NO_PARALLEL, m);
        d.rates = world_rates(device->id);
        d.rates.rate[RATE_MEM_USABLE_BYTES].value = 1e15;
        if (point_gate(&d.load, &d.rates) == REJECT_NONE && all_bound_by_memory(&d)) {
            const struct point one = eval(&d);
            d.request.batch *= 2;
            remake(&d);
            if (all_bound_by_memory(&d)) {
                const struct point two = eval(&d);
                assert_true(two.metric[METRIC_DECODE_TOKENS_PER_S]
                            >= one.metric[METRIC_DECODE_TOKENS_PER_S] * (1 - 1e-12));
                n++;
            }
        }
        design_release(&d);
    }
    print_message("%u memory-bound pairs\n", n);
    assert_true(n > CASES / 40);
}

/* Replicas share nothing: twice the devices, twice the tokens, the same time and joules a token. */
static void replicas_scale_exactly(void **state)
{
    (void)state;
    rng_stream(&rng, 58, 0);
    for (unsigned i = 0; i < CASES; i++) {
        struct design d;
        random_design(&d);
        const struct point one = eval(&d);
        d.graph.par.dp *= 2;
        remake(&d);
        const struct point two = eval(&d);
        for (size_t k = 0; k < COUNT_OF(times); k++)
            assert_rel(two.metric[times[k]], one.metric[times[k]], 0);
        assert_rel(two.metric[METRIC_TOKENS_PER_S], 2 * one.metric[METRIC_TOKENS_PER_S], 0);
        assert_rel(two.metric[METRIC_J_PER_TOKEN], one.metric[METRIC_J_PER_TOKEN], 0);
        assert_rel(two.metric[METRIC_POWER], 2 * one.metric[METRIC_POWER], 1e-15);
        assert_rel(two.metric[METRIC_USD_PER_MTOK], one.metric[METRIC_USD_PER_MTOK], 1e-12);
        design_release(&d);
    }
}

/* The window of every layer widened beyond the context: as if there were none. */
static void a_window_beyond_the_context_changes_nothing(void **state)
{
    unsigned n = 0;

    (void)state;
    rng_stream(&rng, 59, 0);
    for (size_t i = 0; i < n_models; i++) {
        struct model m = *models[i];
        struct arena a = { NULL };
        struct layer *layer = ARENA_NEW(&a, struct layer, m.n_layers);
        bool windowed = false;
        memcpy(layer, m.layer, m.n_layers * sizeof *layer);
        for (size_t j = 0; j < m.n_layers; j++)
            windowed = windowed || layer[j].window_tokens > 0.0;
        for (int pass = 0; windowed && pass < 2; pass++) {
            struct design full = { .request = { 3, 600, 100 } }, wide = full;
            m.layer = layer;
            for (size_t j = 0; j < m.n_layers; j++)
                layer[j].window_tokens = 0.0;
            const struct rng before = rng;
            design_with(&full, "int4-g128", "kv4", NO_PARALLEL, &m);
            for (size_t j = 0; j < m.n_layers; j++)
                layer[j].window_tokens = pass == 0 ? 700 : 90;
            rng = before;
            design_with(&wide, "int4-g128", "kv4", NO_PARALLEL, &m);
            random_device(&full);
            wide.rates = full.rates;
            const struct point x = eval(&full), y = eval(&wide);
            for (size_t k = 0; k < COUNT_OF(times); k++)
                if (pass == 0)
                    assert_rel(y.metric[times[k]], x.metric[times[k]], 0);
                else
                    assert_true(y.metric[times[k]] <= x.metric[times[k]]);
            if (pass == 0)
                assert_rel(y.metric[METRIC_MEMORY], x.metric[METRIC_MEMORY], 0);
            else
                assert_true(y.metric[METRIC_MEMORY] < x.metric[METRIC_MEMORY]);
            n++;
            design_release(&full);
            design_release(&wide);
        }
        arena_release(&a);
    }
    assert_true(n >= 10);
}

/* Capacity decides exactly at the usable bytes. */
static void a_point_fits_exactly_when_its_memory_is_there(void **state)
{
    (void)state;
    rng_stream(&rng, 60, 0);
    for (unsigned i = 0; i < CASES / 4; i++) {
        struct design d;
        struct point p;
        random_design(&d);
        d.rates.rate[RATE_MEM_USABLE_BYTES].value = d.load.memory_bytes;
        point_eval(&p, &d.load, &d.rates, 0.5);
        assert_int_equal(p.reject, REJECT_NONE);
        assert_rel(p.metric[METRIC_PPL_INCREASE], 0.5, 0);
        d.rates.rate[RATE_MEM_USABLE_BYTES].value = d.load.memory_bytes * (1 - 1e-15);
        point_eval(&p, &d.load, &d.rates, 0.5);
        assert_int_equal(p.reject, REJECT_CAPACITY);
        assert_true(is_known(p.metric[METRIC_TTFT])); /* what it would be, if it fitted */
        design_release(&d);
    }
}

static void what_a_device_lacks_is_the_reason(void **state)
{
    static const struct {
        enum rate id;
        double value;
        enum reject reject;
    } rows[] = {
        { RATE_S_PER_MEM_BYTE, UNKNOWN_F64, REJECT_RATE },
        { RATE_MEM_USABLE_BYTES, UNKNOWN_F64, REJECT_RATE },
        { RATE_S_PER_LINK_BYTE, UNKNOWN_F64, REJECT_LINK },
        { RATE_LINK_DOMAIN, 3, REJECT_DOMAIN },
        { RATE_LINK_DOMAIN, 4, REJECT_NONE },
        { RATE_STATIC_W, UNKNOWN_F64, REJECT_NONE },
    };
    const struct model *m = world_model("llama-3.1-8b");

    (void)state;
    rng_stream(&rng, 61, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct design d = { .request = { 1, 100, 100 } };
        struct point p;
        random_device(&d);
        design_with(&d, "bf16", "bf16", (struct parallel){ 4, 1, 1, 1 }, m);
        d.rates.rate[rows[i].id].value = rows[i].value;
        point_eval(&p, &d.load, &d.rates, UNKNOWN_F64);
        assert_string_equal(reject_name(p.reject), reject_name(rows[i].reject));
        assert_true(is_known(p.metric[METRIC_TTFT]) == (p.reject == REJECT_NONE));
        if (rows[i].id == RATE_STATIC_W) { /* unknown is not zero */
            assert_false(is_known(p.metric[METRIC_J_PER_TOKEN]));
            assert_false(is_known(p.metric[METRIC_USD_PER_MTOK]));
        }
        d.request.prompt_tokens = m->max_ctx_tokens;
        remake(&d);
        point_eval(&p, &d.load, &d.rates, UNKNOWN_F64);
        assert_int_equal(p.reject, REJECT_CONTEXT);
        design_release(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_better_device_is_never_slower),
        cmocka_unit_test(twice_all_rates_take_half_the_time),
        cmocka_unit_test(time_and_energy_add_up_over_the_operators),
        cmocka_unit_test(metrics_are_what_their_descriptions_say),
        cmocka_unit_test(longer_prompts_and_outputs_are_never_faster_or_smaller),
        cmocka_unit_test(fewer_bits_never_need_more_memory_or_traffic),
        cmocka_unit_test(a_larger_batch_never_lowers_memory_bound_throughput),
        cmocka_unit_test(replicas_scale_exactly),
        cmocka_unit_test(a_window_beyond_the_context_changes_nothing),
        cmocka_unit_test(a_point_fits_exactly_when_its_memory_is_there),
        cmocka_unit_test(what_a_device_lacks_is_the_reason),
    };

    return cmocka_run_group_tests(tests, load_world, world_release);
}
