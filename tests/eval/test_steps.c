/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole steps against docs/model.md 4.6, 5.4, 6.7 and 10.1. Those numbers keep of the bytes only
 * the weights of the products and the KV cache that is read, and take the maximum over the whole
 * step.
 */
#include "core/num.h"
#include "energy/energy.h"
#include "eval/load.h"
#include "roofline/roofline.h"
#include "support/world.h"

#define H100_FLOPS_PER_S 989e12
#define H100_BYTES_PER_S 3.35e12

struct counts {
    double flops, bytes;
};

static struct counts count(const struct graph *g, struct step s)
{
    struct counts sum = { 0, 0 };

    for (size_t i = 0; i < g->n_op; i++) {
        const struct op *op = &g->op[i];
        const struct work w = world_work(op, s);
        const bool product =
            op->kind == &op_gemm || op->kind == &op_experts || op->kind == &op_head;
        sum.flops += op->times * w.flops;
        sum.bytes += op->times * ((product ? w.w_bytes : 0.0) + w.kv_read_bytes);
    }
    return sum;
}

static double step_s(const struct graph *g, struct step s, double flops_per_s, double bytes_per_s)
{
    const struct counts c = count(g, s);

    return roofline_s(
        (struct streams){ .compute_s = c.flops / flops_per_s, .memory_s = c.bytes / bytes_per_s });
}

static struct plan ref8b(const char *w)
{
    return world_plan(world_model("llama-3.1-8b"), w, "bf16");
}

/* T10.1: every one of the 256 decode steps, n = 2049 .. 2304. */
static void a_request_takes_what_the_table_says(void **state)
{
    const double flops_per_s = 0.7 * H100_FLOPS_PER_S, bytes_per_s = 0.85 * H100_BYTES_PER_S;
    const struct plan p = ref8b("bf16");
    struct graph g = { 0 };
    double decode_s = 0.0;

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    const double ttft_s = step_s(&g, (struct step){ 1, 2048, 0, 1 }, flops_per_s, bytes_per_s);
    for (double n = 2049; n <= 2304; n += 1)
        decode_s += step_s(&g, (struct step){ 1, 1, n - 1, 1 }, flops_per_s, bytes_per_s);
    assert_rel(ttft_s, 0.04288372309, 1e-9);
    assert_rel(decode_s, 1.375036467, 1e-9);
    assert_rel(decode_s / 256, 0.005371236197, 1e-9);
    assert_rel(ttft_s + decode_s, 1.417920190, 1e-9);
    graph_release(&g);
}

/* T10.2: 4.5 bits a weight, head too, on 40e12 flop/s and 200e9 byte/s at 50 and 80 %. */
static void an_edge_device_takes_what_the_table_says(void **state)
{
    const struct plan p = ref8b("nf4+lm_head=nf4");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    const double tpot_s = step_s(&g, (struct step){ 1, 1, 1055.5, 1 }, 20e12, 160e9);
    const struct counts prefill = count(&g, (struct step){ 1, 1024, 0, 1 });
    assert_rel(tpot_s, 0.0272490496, 1e-9);
    assert_rel(1 / tpot_s, 36.69852764, 1e-9);
    assert_rel(prefill.flops / 20e12, 0.7284924088, 1e-9);
    graph_release(&g);
}

/* T10.3: nominal bits of the cache, batch 64, n = 2048. */
static void fewer_cache_bits_are_as_much_faster_as_the_table_says(void **state)
{
    static const struct {
        double bits, step_s, tokens_per_s;
    } rows[] = {
        { 16, 0.01130436736, 5661.52868 },
        { 8, 0.008287709028, 7722.278833 },
        { 4, 0.006779379863, 9440.391495 },
        { 3.25, 0.006496568145, 9851.355142 },
    };
    const struct plan p = ref8b("bf16");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct format nominal = { .id = "nominal", .payload_bits = rows[i].bits };
        for (size_t j = 0; j < g.n_op; j++)
            g.op[j].k_format = g.op[j].v_format = &nominal;
        const double t =
            step_s(&g, (struct step){ 64, 1, 2047, 64 }, INF_F64, 0.85 * H100_BYTES_PER_S);
        assert_rel(t, rows[i].step_s, 1e-9);
        assert_rel(64 / t, rows[i].tokens_per_s, 1e-9);
    }
    graph_release(&g);
}

/* T10.4 through a real mixture-of-experts model; its layers have exactly that shape. */
static void mixtral_layers_read_the_expected_experts(void **state)
{
    const struct plan p = world_plan(world_model("mixtral-8x7b"), "bf16", "bf16");
    const struct step s = { 4, 1, 100, 4 };
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    const double bytes = world_work(world_op(&g, "exp_gate_up"), s).w_bytes
                         + world_work(world_op(&g, "exp_down"), s).w_bytes;
    assert_rel(bytes, 1926758400, 0);
    assert_rel(bytes / (0.85 * H100_BYTES_PER_S), 6.766491308e-04, 1e-9);
    graph_release(&g);
}

/* T4.2 and T10.5: 8 ranks, batch 64, ring all-reduces at 1 us and 450e9 byte/s. */
static void eight_ranks_take_what_the_table_says(void **state)
{
    const struct plan p = ref8b("bf16");
    const struct step s = { 64, 1, 2048, 64 };
    struct graph g = { 0 };
    double reduce_s = 0.0;

    (void)state;
    world_graph(&g, &p, (struct parallel){ 8, 1, 1, 1 });
    for (size_t i = 0; i < g.n_op; i++)
        if (g.op[i].collective == COLL_ALL_REDUCE) {
            const struct coll_form f = load_coll_form(&g.op[i]);
            reduce_s +=
                g.op[i].times
                * (f.ring_hops * 1e-6 + f.ring_volume * world_work(&g.op[i], s).net_bytes / 450e9);
        }
    const double memory_s = count(&g, s).bytes / (0.85 * H100_BYTES_PER_S);
    assert_rel(memory_s, 1.413414164e-03, 1e-9);
    assert_rel(reduce_s, 1.026489458e-03, 1e-9);
    assert_rel(memory_s + reduce_s, 2.439903622e-03, 1e-9);
    graph_release(&g);
}

/* T5.1: 80e9 bytes at 90 %, 2e9 reserved, sequences of 4096. */
static void as_many_sequences_fit_as_the_table_says(void **state)
{
    const struct plan p = ref8b("bf16");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    assert_rel(g.stage_weight_bytes, 16060522496, 0);
    assert_rel(floor((0.9 * 80e9 - 2e9 - g.stage_weight_bytes) / graph_kv_bytes(&g, 4096)), 100, 0);
    graph_release(&g);
}

/* T6.3 and T6.3b: 0.35 pJ/flop, 40 pJ/byte, 100 W, 85 % of the bandwidth. */
static void a_decode_step_takes_the_energy_of_the_table(void **state)
{
    const double bytes_per_s = 0.85 * H100_BYTES_PER_S;
    const struct plan p = ref8b("bf16");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    const struct counts one = count(&g, (struct step){ 1, 1, 2048, 1 });
    assert_rel(one.flops, 16083582976, 0);
    assert_rel(one.bytes, 15277883392, 0);
    const double t = one.bytes / bytes_per_s;
    const double compute_j = 0.35e-12 * one.flops, memory_j = 40e-12 * one.bytes;
    assert_rel(t, 5.365367302e-03, 1e-9);
    assert_rel(compute_j, 5.629254043e-03, 1e-9);
    assert_rel(memory_j, 0.6111153357, 1e-9);
    assert_rel(energy_j(0, 100, t), 0.5365367302, 1e-9);
    assert_rel(energy_j(compute_j + memory_j, 100, t), 1.153281320, 1e-9);
    assert_rel(energy_j(compute_j + memory_j, 100, t) / t, 214.9491834, 1e-9);

    const struct counts many = count(&g, (struct step){ 32, 1, 2048, 32 });
    const double t32 = many.bytes / bytes_per_s;
    const double j32 = energy_j(0.35e-12 * many.flops + 40e-12 * many.bytes, 100, t32);
    assert_rel(t32, 8.289182005e-03, 1e-9);
    assert_rel(j32 / 32, 0.06103725501, 1e-9);
    assert_rel(j32 / t32, 235.6314723, 1e-9);
    graph_release(&g);
}

/*
 * Equation 4.3: (m + p - 1) stage times for m micro-batches through p stages; a stage takes 1 / p
 * of a pass. T4.3's m = 8, p = 4 is not scheduled: there are at most p micro-batches.
 */
static void a_pipeline_has_the_bubble_of_its_stages(void **state)
{
    const struct plan p = ref8b("bf16");
    struct graph g = { 0 };
    struct load l = { 0 };

    (void)state;
    for (unsigned pp = 1; pp <= 32; pp *= 2)
        for (double batch = 1; batch <= 70; batch += 3) {
            world_graph(&g, &p, (struct parallel){ 1, pp, 1, 1 });
            const struct request r = { batch, 100, 10 };
            assert_int_equal(load_make(&l, &g, &r, NULL), COSIM_OK);
            const double m = l.micro_batches, ideal = m / pp;
            assert_true(m <= pp && m * l.prefill.step.batch >= batch);
            assert_rel(l.prefill_fill, (m + pp - 1) / pp, 1e-15);
            assert_true(fabs((l.prefill_fill - ideal) / ideal - (pp - 1) / m) < 1e-12);
            assert_true(fabs((l.prefill_fill - ideal) / l.prefill_fill - (pp - 1) / (m + pp - 1))
                        < 1e-12);
        }
    load_release(&l);
    graph_release(&g);
}

/* docs/model.md 1.3: the mean of keys over the decode steps that follow the first token. */
static void decode_runs_at_the_mean_context(void **state)
{
    const struct plan p = ref8b("bf16");
    struct graph g = { 0 };
    struct load l = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    for (double out = 1; out <= 300; out += 13) {
        const struct request r = { 2, 100, out };
        double keys = 0.0;
        assert_int_equal(load_make(&l, &g, &r, NULL), COSIM_OK);
        for (double i = 1; i < out; i += 1)
            keys += 100 + i;
        assert_rel(l.decode_steps, out - 1, 0);
        if (out > 1)
            assert_rel(l.decode.step.cached + 1, keys / (out - 1), 1e-12);
        assert_rel(l.kv_bytes, 2 * graph_kv_bytes(&g, 100 + out), 0);
        assert_rel(l.memory_bytes, l.weight_bytes + l.kv_bytes + l.act_bytes, 0);
    }
    load_release(&l);
    graph_release(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_takes_what_the_table_says),
        cmocka_unit_test(an_edge_device_takes_what_the_table_says),
        cmocka_unit_test(fewer_cache_bits_are_as_much_faster_as_the_table_says),
        cmocka_unit_test(mixtral_layers_read_the_expected_experts),
        cmocka_unit_test(eight_ranks_take_what_the_table_says),
        cmocka_unit_test(as_many_sequences_fit_as_the_table_says),
        cmocka_unit_test(a_decode_step_takes_the_energy_of_the_table),
        cmocka_unit_test(a_pipeline_has_the_bubble_of_its_stages),
        cmocka_unit_test(decode_runs_at_the_mean_context),
    };

    return cmocka_run_group_tests(tests, world_load, world_release);
}
