/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/graph.h"

#include "core/num.h"
#include "support/world.h"

/* Sums over the operators of a graph, by what they are (equation 1.5 and 1.6). */
struct sums {
    double linear_flops, attention_flops, head_flops, weight_bytes, kv_bytes;
};

static struct sums sums_of(const struct graph *g, struct step s)
{
    struct sums sum = { 0 };

    for (size_t i = 0; i < g->n_op; i++) {
        const struct op *op = &g->op[i];
        const struct work w = world_work(op, s);
        if (op->kind == &op_attention)
            sum.attention_flops += op->times * w.flops;
        else if (op->kind == &op_head)
            sum.head_flops += op->times * w.flops;
        else
            sum.linear_flops += op->times * w.flops;
        if (op->kind == &op_gemm || op->kind == &op_experts || op->kind == &op_head)
            sum.weight_bytes += op->times * w.w_bytes;
        sum.kv_bytes += op->times * w.kv_read_bytes;
    }
    return sum;
}

static double total_flops(struct sums s)
{
    return s.linear_flops + s.attention_flops + s.head_flops;
}

static void llama_3_1_8b_counts_as_the_reference_model(void **state)
{
    const struct model *m = world_model("llama-3.1-8b");
    const struct plan p = world_plan(m, "bf16", "bf16");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    const struct sums prefill = sums_of(&g, (struct step){ 1, 2048, 0, 1 });
    const struct sums decode = sums_of(&g, (struct step){ 1, 1, 2048, 1 });
    const struct sums verify = sums_of(&g, (struct step){ 1, 5, 2048, 5 });

    assert_rel(m->n_params, 8030261248, 0); /* T1.1 */
    assert_rel(decode.weight_bytes, 2.0 * (32.0 * 218103808 + 4096.0 * 128256), 0);
    assert_rel(prefill.linear_flops, 28587302322176, 0); /* T1.2 */
    assert_rel(prefill.attention_flops, 1100048498688, 0);
    assert_rel(prefill.head_flops, 1050673152, 0);
    assert_rel(total_flops(prefill), 29688401494016, 0);
    assert_rel(decode.linear_flops, 13958643712, 0); /* T1.3 */
    assert_rel(decode.attention_flops, 1074266112, 0);
    assert_rel(decode.head_flops, 1050673152, 0);
    assert_rel(total_flops(decode), 16083582976, 0);
    assert_rel(graph_kv_bytes(&g, 1), 131072, 0); /* T1.4 */
    assert_rel(decode.kv_bytes, 268566528, 0);
    assert_rel(total_flops(verify), 8.042315776e10, 1e-9); /* T1.14: 4 drafts and one */
    assert_rel(p.weight_bytes, 16060522496, 0);            /* T5.1 */
    graph_release(&g);
}

/* T2.5: every tensor at 4.5 bits, norms too. */
static void four_and_a_half_bits_everywhere_are_as_long_as_the_table_says(void **state)
{
    const struct plan p = world_plan(world_model("llama-3.1-8b"), "nf4+*=nf4+norm=nf4", "bf16");

    (void)state;
    assert_rel(p.weight_bytes, 4517021952, 0);
}

static void one_device_keeps_every_weight(void **state)
{
    struct graph g = { 0 };

    (void)state;
    for (size_t i = 0; i < world.models.n; i++) {
        const struct model *m = &world.models.model[i];
        if (m->unsupported)
            continue;
        const struct plan p = world_plan(m, "q4_k_m", "bf16");
        world_graph(&g, &p, NO_PARALLEL);
        if (!(fabs(g.stage_weight_bytes - p.weight_bytes) <= 1e-12 * p.weight_bytes))
            fail_msg("%s: device %.17g, model %.17g bytes", m->id, g.stage_weight_bytes,
                     p.weight_bytes);
        assert_rel(g.stage_share, 1, 0);
    }
    graph_release(&g);
}

/* Together the devices hold at least the model, and none more than the model. */
static void stages_and_ranks_hold_the_model_together(void **state)
{
    static const char *const ids[] = { "llama-3.1-8b",     "mixtral-8x7b", "gemma-2-9b",
                                       "deepseek-moe-16b", "opt-6.7b",     "openelm-3b" };
    struct graph g = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct plan p = world_plan(world_model(ids[i]), "int8", "bf16");
        for (unsigned pp = 1; pp <= 8; pp++)
            for (unsigned tp = 1; tp <= 8; tp *= 2)
                for (unsigned ep = 1; ep <= 8; ep *= 2) {
                    world_graph(&g, &p, (struct parallel){ tp, pp, ep, 1 });
                    const double sum = g.stage_weight_bytes * tp * pp * ep;
                    assert_true(sum >= p.weight_bytes * (1.0 - 1e-12));
                    assert_true(g.stage_weight_bytes <= p.weight_bytes * (1.0 + 1e-12));
                }
        /* equal stages: layers in the middle, no stage fuller than layers / pp and both ends */
        world_graph(&g, &p, (struct parallel){ 1, 4, 1, 1 });
        assert_true(g.stage_share >= 0.25);
    }
    graph_release(&g);
}

static void a_tensor_parallel_rank_does_its_exact_share(void **state)
{
    static const char *const ids[] = { "llama-3.1-8b", "mixtral-8x7b", "qwen2.5-32b",
                                       "falcon-40b" };
    const struct step s = { 4, 1, 1000, 4 };
    struct graph whole = { 0 }, part = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct plan p = world_plan(world_model(ids[i]), "int4-g128", "kv4");
        world_graph(&whole, &p, NO_PARALLEL);
        for (unsigned tp = 2; tp <= 8; tp *= 2) {
            size_t n_compared = 0;
            world_graph(&part, &p, (struct parallel){ tp, 1, 1, 1 });
            for (size_t j = 0; j < part.n_op; j++) {
                const struct op *op = &part.op[j];
                if (op->collective != COLL_NONE || op->kind == &op_elementwise
                    || op->kind == &op_embedding || strcmp(op->label, "router") == 0)
                    continue;
                const struct work x = world_work(op, s),
                                  y = world_work(world_op(&whole, op->label), s);
                assert_rel(tp * x.flops, y.flops, 0);
                assert_rel(tp * x.w_bytes, y.w_bytes, 1e-15);
                assert_rel(tp * x.kv_read_bytes, y.kv_read_bytes, 1e-15);
                assert_rel(tp * x.kv_write_bytes, y.kv_write_bytes, 1e-15);
                n_compared++;
            }
            assert_true(n_compared >= 6);
            assert_rel(tp * graph_kv_bytes(&part, 777), graph_kv_bytes(&whole, 777), 1e-15);
        }
    }
    graph_release(&whole);
    graph_release(&part);
}

/* More ranks than KV heads: each keeps a whole head (equations.md 4.2). */
static void kv_heads_are_replicated_when_there_are_too_few(void **state)
{
    const struct plan p = world_plan(world_model("llama-3.1-8b"), "bf16", "bf16");
    struct graph g8 = { 0 }, g32 = { 0 };

    (void)state;
    world_graph(&g8, &p, (struct parallel){ 8, 1, 1, 1 });
    world_graph(&g32, &p, (struct parallel){ 32, 1, 1, 1 });
    assert_rel(graph_kv_bytes(&g8, 100), 131072.0 * 100 / 8, 0);
    assert_rel(graph_kv_bytes(&g32, 100), graph_kv_bytes(&g8, 100), 0);
    graph_release(&g8);
    graph_release(&g32);
}

/* T4.2: two all-reduces a layer of T d 16-bit values. */
static void tensor_parallel_layers_reduce_twice(void **state)
{
    const struct plan p = world_plan(world_model("llama-3.1-8b"), "bf16", "bf16");
    const struct step s = { 64, 1, 2048, 64 };
    struct graph g = { 0 };
    double n = 0.0;

    (void)state;
    world_graph(&g, &p, (struct parallel){ 8, 1, 1, 1 });
    for (size_t i = 0; i < g.n_op; i++)
        if (g.op[i].collective == COLL_ALL_REDUCE) {
            assert_rel(world_work(&g.op[i], s).net_bytes, 524288, 0);
            n += g.op[i].times;
        }
    assert_rel(n, 64, 0);
    assert_rel(world_work(world_op(&g, "logits_allgather"), s).net_bytes, 64.0 * 128256 * 2, 0);
    world_graph(&g, &p, (struct parallel){ 2, 1, 1, 1 });
    assert_rel(world_op(&g, "attn_allreduce")->times, 32, 0);
    assert_rel(world_op(&g, "ffn_allreduce")->times, 32, 0);
    world_graph(&g, &p, (struct parallel){ 1, 4, 1, 1 });
    assert_rel(world_op(&g, "stage_message")->times, 3, 0);
    assert_rel(graph_kv_bytes(&g, 100), 131072.0 * 100 / 4, 0); /* of its own layers */
    graph_release(&g);
}

static void experts_are_dispatched_and_combined_between_ranks(void **state)
{
    const struct plan p = world_plan(world_model("mixtral-8x7b"), "bf16", "bf16");
    const struct step s = { 2, 1, 100, 2 };
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, (struct parallel){ 1, 1, 4, 1 });
    assert_rel(world_op(&g, "dispatch")->times, 32, 0);
    assert_rel(world_work(world_op(&g, "combine"), s).net_bytes, 2.0 * 2 * 4096 * 2, 0);
    assert_rel(world_op(&g, "exp_down")->ep, 4, 0);
    assert_rel(world_op(&g, "router")->n, 8, 0);
    graph_release(&g);
}

/* Shapes of families that differ: each row one operator that must be there. */
static void each_family_has_its_operators(void **state)
{
    static const struct {
        const char *id, *label;
        double times, n, k;
    } rows[] = {
        { "llama-3.1-8b", "qkv", 32, 6144, 4096 },
        { "llama-3.1-8b", "gate_up", 32, 28672, 4096 },
        { "llama-3.1-8b", "ffn_norm", 32, 4096, 0 },
        { "llama-3.1-8b", "lm_head", 1, 128256, 4096 },
        { "opt-6.7b", "ffn_up", 32, 16384, 4096 }, /* no gate */
        { "phi-2", "attn_norm", 32, 2560, 0 },
        { "gemma-2-9b", "attention_window", 21, 0, 0 },
        { "gemma-2-9b", "attention", 21, 0, 0 },
        { "gemma-2-9b", "lm_head", 1, 256000, 3584 }, /* tied: the embedding is read */
        { "deepseek-moe-16b", "exp_gate_up", 27, 2816, 2048 },
        { "deepseek-moe-16b", "shexp_down", 27, 2048, 2816 },
        { "deepseek-moe-16b", "gate_up", 1, 21888, 2048 }, /* the first layer is dense */
        { "openelm-270m", "qkv", 1, 0, 1280 },
    };
    struct graph g = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct plan p = world_plan(world_model(rows[i].id), "bf16", "bf16");
        world_graph(&g, &p, NO_PARALLEL);
        const struct op *op = world_op(&g, rows[i].label);
        if (op->times != rows[i].times || (rows[i].n > 0 && op->n != rows[i].n)
            || (rows[i].k > 0 && op->k != rows[i].k))
            fail_msg("%s %s: %g times, n %g, k %g", rows[i].id, rows[i].label, op->times, op->n,
                     op->k);
    }
    const struct plan parallel = world_plan(world_model("phi-2"), "bf16", "bf16");
    world_graph(&g, &parallel, NO_PARALLEL);
    for (size_t i = 0; i < g.n_op; i++)
        assert_string_not_equal(g.op[i].label, "ffn_norm"); /* one norm for both branches */
    graph_release(&g);
}

/* OpenELM: heads and widths grow with the depth, every layer is its own class. */
static void layers_of_their_own_shape_count_as_themselves(void **state)
{
    const struct model *m = world_model("openelm-270m");
    const struct plan p = world_plan(m, "bf16", "bf16");
    const struct step s = { 1, 7, 0, 1 };
    struct graph g = { 0 };
    double linear = 0.0;

    (void)state;
    for (size_t i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layer[i];
        linear += 2.0 * 7 * m->d_model
                  * ((2 * l->n_heads + 2 * l->n_kv_heads) * l->head_dim + 3 * l->d_ff);
    }
    world_graph(&g, &p, NO_PARALLEL);
    assert_rel(sums_of(&g, s).linear_flops, linear, 1e-12);
    assert_true(m->layer[0].n_heads < m->layer[m->n_layers - 1].n_heads);
    graph_release(&g);
}

static void a_window_caps_what_stays_in_the_cache(void **state)
{
    const struct plan p = world_plan(world_model("mistral-7b-v0.1"), "bf16", "bf16");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    assert_rel(graph_kv_bytes(&g, 4096), 131072.0 * 4096, 0);
    assert_rel(graph_kv_bytes(&g, 30000), 131072.0 * 4096, 0);
    graph_release(&g);
}

/* T2.2: KIVI-2 with 1024 tokens has 3.40625 bits; the newest 32 stay at 16. */
static void a_cache_with_a_residual_has_the_effective_bits(void **state)
{
    const struct plan p = world_plan(world_model("llama-3.1-8b"), "bf16", "kivi-2");
    struct graph g = { 0 };

    (void)state;
    world_graph(&g, &p, NO_PARALLEL);
    assert_rel(graph_kv_bytes(&g, 1024), 32.0 * 2 * 1024 * 1024 * 3.40625 / 8, 1e-12);
    assert_rel(graph_kv_bytes(&g, 20), 131072.0 * 20, 1e-12);
    const struct work w = world_work(world_op(&g, "attention"), (struct step){ 1, 1, 1023, 1 });
    assert_rel(32 * w.kv_read_bytes, graph_kv_bytes(&g, 1024), 1e-12);
    graph_release(&g);
}

static void a_layout_that_does_not_suit_says_why(void **state)
{
    static const struct {
        const char *id;
        struct parallel par;
        const char *why; /* NULL = fine */
    } rows[] = {
        { "llama-3.1-8b", { 32, 1, 1, 1 }, NULL },
        { "llama-3.1-8b", { 33, 1, 1, 1 }, "heads" },
        { "llama-3.1-8b", { 1, 32, 1, 9 }, NULL },
        { "llama-3.1-8b", { 1, 33, 1, 1 }, "layers" },
        { "llama-3.1-8b", { 1, 1, 2, 1 }, "mixture" },
        { "mixtral-8x7b", { 1, 1, 8, 1 }, NULL },
        { "mixtral-8x7b", { 1, 1, 9, 1 }, "experts" },
        { "deepseek-moe-16b", { 1, 1, 64, 1 }, NULL }, /* its first layer is dense */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = graph_layout_problem(world_model(rows[i].id), &rows[i].par);
        if ((why == NULL) != (rows[i].why == NULL) || (why && !strstr(why, rows[i].why)))
            fail_msg("row %zu: %s", i, why ? why : "fine");
    }
}

static void kernels_are_the_calls_of_all_operators(void **state)
{
    struct graph g = { 0 };

    (void)state;
    for (size_t i = 0; i < world.models.n; i++) {
        const struct model *m = &world.models.model[i];
        double calls = 0.0;
        if (m->unsupported)
            continue;
        const struct plan p = world_plan(m, "q4_k_m", "kv8");
        world_graph(&g, &p,
                    (struct parallel){ 2, 2, m->layer[m->n_layers - 1].n_experts > 0 ? 2 : 1, 1 });
        for (size_t j = 0; j < g.n_op; j++)
            calls += g.op[j].times;
        assert_rel(g.kernels, calls, 0);
        assert_true(g.act_bytes_per_token > 0.0);
    }
    graph_release(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama_3_1_8b_counts_as_the_reference_model),
        cmocka_unit_test(four_and_a_half_bits_everywhere_are_as_long_as_the_table_says),
        cmocka_unit_test(one_device_keeps_every_weight),
        cmocka_unit_test(stages_and_ranks_hold_the_model_together),
        cmocka_unit_test(a_tensor_parallel_rank_does_its_exact_share),
        cmocka_unit_test(kv_heads_are_replicated_when_there_are_too_few),
        cmocka_unit_test(tensor_parallel_layers_reduce_twice),
        cmocka_unit_test(experts_are_dispatched_and_combined_between_ranks),
        cmocka_unit_test(each_family_has_its_operators),
        cmocka_unit_test(layers_of_their_own_shape_count_as_themselves),
        cmocka_unit_test(a_window_caps_what_stays_in_the_cache),
        cmocka_unit_test(a_cache_with_a_residual_has_the_effective_bits),
        cmocka_unit_test(a_layout_that_does_not_suit_says_why),
        cmocka_unit_test(kernels_are_the_calls_of_all_operators),
    };

    return cmocka_run_group_tests(tests, world_load, world_release);
}
