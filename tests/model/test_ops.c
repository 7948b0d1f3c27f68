/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"

#include "core/rng.h"
#include "support/close.h"

static const struct format fp16 = { .id = "fp16", .payload_bits = 16 };

static struct work work_of(const struct op *op, struct step s)
{
    struct work w;

    op->kind->work(op, &s, &w);
    return w;
}

static struct op attention(double heads, double kv_heads, double window)
{
    return (struct op){ .kind = &op_attention,
                        .heads = heads,
                        .kv_heads = kv_heads,
                        .head_dim = 128,
                        .v_head_dim = 128,
                        .window = window,
                        .k_format = &fp16,
                        .v_format = &fp16 };
}

/* The rows of docs/model.md 1.2 for T = 6 tokens (B = 2, S = 3, c = 5), by hand. */
static void each_operator_counts_what_its_row_says(void **state)
{
    const struct step s = { 2, 3, 5, 2 };
    const struct op norm = {
        .kind = &op_elementwise, .n = 10, .w_bits = 16, .flops_per_elem = 4, .accesses_per_elem = 2
    };
    const struct op gemm = {
        .kind = &op_gemm, .n = 20, .k = 10, .w_bits = 4, .a_bits = 8, .flops_per_elem = 0.5
    };
    const struct op embedding = { .kind = &op_embedding, .n = 10, .w_bits = 8 };
    const struct op attn = attention(4, 2, 0);
    struct op head = gemm;
    struct work w;

    (void)state;
    w = work_of(&norm, s); /* 4 T d; 2 T d b and d b */
    assert_rel(w.vector_flops, 4 * 6 * 10, 0);
    assert_rel(w.a_bytes, 2 * 6 * 10 * 2, 0);
    assert_rel(w.w_bytes, 10 * 2, 0);
    assert_true(w.flops == 0 && w.kv_read_bytes == 0 && w.net_bytes == 0);

    w = work_of(&gemm, s); /* 2 T n k; n k b_w; T (k b_a + n b_out) */
    assert_rel(w.flops, 2 * 6 * 20 * 10, 0);
    assert_rel(w.w_bytes, 20 * 10 * 0.5, 0);
    assert_rel(w.a_bytes, 6 * (10 * 1 + 20 * 2), 0);
    assert_rel(w.vector_flops, 0.5 * 6 * 20, 0);

    head.kind = &op_head; /* only the rows that need logits */
    assert_rel(work_of(&head, s).flops, 2 * 2 * 20 * 10, 0);

    w = work_of(&embedding, s);
    assert_rel(w.w_bytes, 6 * 10 * 1, 0);
    assert_rel(w.a_bytes, 6 * 10 * 2, 0);

    w = work_of(&attn, s); /* pairs = 3*5 + 6 = 21 a sequence, keys = 8 */
    assert_rel(w.flops, 2.0 * 2 * 2 * 4 * 128 * 21, 0);
    assert_rel(w.vector_flops, 5.0 * 2 * 4 * 21, 0);
    assert_rel(w.kv_read_bytes, 2.0 * 2 * 8 * (128 + 128) * 2, 0);
    assert_rel(w.kv_write_bytes, 6.0 * 2 * (128 + 128) * 2, 0);
    assert_rel(w.a_bytes, 6.0 * 4 * (128 + 128) * 2, 0);
}

static void a_collective_carries_rows_or_logits(void **state)
{
    const struct step s = { 2, 3, 5, 4 };
    struct op op = { .kind = &op_collective, .n = 100, .ranks = 8, .rows_per_token = 1 };

    (void)state;
    assert_rel(work_of(&op, s).net_bytes, 6 * 100 * 2, 0);
    op.rows_per_token = 8; /* top-8 dispatch */
    assert_rel(work_of(&op, s).net_bytes, 8 * 6 * 100 * 2, 0);
    op.rows_per_token = 0;
    assert_rel(work_of(&op, s).net_bytes, 4 * 100 * 2, 0);
}

/* T10.4: E = 8, K = 2, d = 4096, d_ff = 14336 at 16 bits; 85 % of 3.35e12 byte/s. */
static void experts_read_the_expected_bytes(void **state)
{
    const struct op up = { .kind = &op_experts,
                           .n = 2 * 14336,
                           .k = 4096,
                           .w_bits = 16,
                           .experts = 8,
                           .active = 2,
                           .ep = 1 };
    const struct op down = {
        .kind = &op_experts, .n = 4096, .k = 14336, .w_bits = 16, .experts = 8, .active = 2, .ep = 1
    };
    const struct step four = { 4, 1, 0, 4 }, one = { 1, 1, 0, 1 };
    const double bytes_per_s = 0.85 * 3.35e12;
    const double bytes = work_of(&up, four).w_bytes + work_of(&down, four).w_bytes;

    (void)state;
    assert_rel(bytes, 1926758400, 0);
    assert_rel(bytes / bytes_per_s, 6.766491308e-04, 1e-9);
    assert_rel((work_of(&up, one).w_bytes + work_of(&down, one).w_bytes) / bytes_per_s,
               2.474602536e-04, 1e-9);
    assert_rel(work_of(&up, four).flops, 2.0 * 4 * 2 * 2 * 14336 * 4096, 0);
}

static void ranks_share_the_experts_and_the_fullest_decides(void **state)
{
    struct op op = {
        .kind = &op_experts, .n = 512, .k = 256, .w_bits = 16, .experts = 64, .active = 4, .ep = 1
    };
    const struct step s = { 32, 1, 0, 32 }, quarter = { 8, 1, 0, 8 };
    const struct work alone = work_of(&op, s);

    (void)state;
    op.ep = 4;
    const struct work rank = work_of(&op, quarter);
    assert_rel(rank.w_bytes, alone.w_bytes / 4, 1e-12);
    assert_true(rank.flops > alone.flops / 4 && rank.flops <= alone.flops);
}

/* A query tile of 128 rows shares a KV head: 32 heads over 8 KV heads, S = 1024: 32 reloads. */
static void the_cache_is_read_again_for_every_query_tile(void **state)
{
    const struct op op = attention(32, 8, 0);
    const struct step s = { 1, 1024, 0, 1 }, decode = { 1, 1, 1023, 1 };
    const struct work w = work_of(&op, s), d = work_of(&op, decode);

    (void)state;
    assert_rel(w.cache_bytes - w.a_bytes, 32.0 * w.kv_read_bytes, 1e-12);
    assert_rel(d.cache_bytes - d.a_bytes, d.kv_read_bytes, 1e-12);
    assert_rel(w.kv_read_bytes, d.kv_read_bytes, 0);
}

static struct op random_op(struct rng *r)
{
    static const struct op_kind *const kinds[] = {
#define OP_POINTER(name) &op_##name,
        OP_LIST(OP_POINTER)
    };
    const double kv_heads = 1.0 + (double)rng_below(r, 8);
    const double experts = 2.0 + (double)rng_below(r, 127);

    return (struct op){
        .kind = kinds[rng_below(r, sizeof kinds / sizeof *kinds)],
        .n = 1.0 + (double)rng_below(r, 20000),
        .k = 1.0 + (double)rng_below(r, 20000),
        .w_bits = 1.0 + 15.0 * rng_f64(r),
        .a_bits = 4.0 + 12.0 * rng_f64(r),
        .dequant_ops = 4.0 * rng_f64(r),
        .heads = kv_heads * (double)(1 + rng_below(r, 8)),
        .kv_heads = kv_heads,
        .head_dim = 64,
        .v_head_dim = 128,
        .window = rng_below(r, 2) ? 0.0 : 1.0 + (double)rng_below(r, 3000),
        .k_format = &fp16,
        .v_format = &fp16,
        .experts = experts,
        .active = 1.0 + (double)rng_below(r, (uint64_t)experts),
        .ep = (double)(UINT64_C(1) << rng_below(r, 4)),
        .flops_per_elem = 5.0 * rng_f64(r),
        .ranks = 2,
        .rows_per_token = (double)rng_below(r, 3),
    };
}

static void assert_no_less(const struct op *op, const struct work *more, const struct work *less)
{
    const double *x = &more->flops, *y = &less->flops;

    for (size_t i = 0; i < sizeof *more / sizeof(double); i++)
        if (!(x[i] >= y[i] * (1.0 - 1e-12)))
            fail_msg("%s: field %zu shrinks from %.17g to %.17g", op->kind->name, i, y[i], x[i]);
}

static void more_sequences_or_context_never_mean_less_work(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 21, 0);
    for (int i = 0; i < 20000; i++) {
        const struct op op = random_op(&r);
        const double b = 1.0 + (double)rng_below(&r, 64), n = 1.0 + (double)rng_below(&r, 500),
                     c = (double)rng_below(&r, 5000);
        const struct work w = work_of(&op, (struct step){ b, n, c, b });
        const struct work wider = work_of(&op, (struct step){ b + 1, n, c, b + 1 });
        const struct work longer = work_of(&op, (struct step){ b, n, c + 7, b });
        assert_no_less(&op, &longer, &w);
        /* with ranks the fullest one evens out: only its sum with the others must grow */
        if (op.kind != &op_experts || op.ep == 1.0)
            assert_no_less(&op, &wider, &w);
    }
}

static void fewer_bits_never_mean_more_bytes_or_other_flops(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 22, 0);
    for (int i = 0; i < 20000; i++) {
        const struct op op = random_op(&r);
        struct op low = op;
        struct format kv = { .payload_bits = 2 + 12 * rng_f64(&r) };
        low.w_bits *= rng_f64(&r);
        low.a_bits *= rng_f64(&r);
        low.k_format = low.v_format = &kv;
        const struct step s = { 1.0 + (double)rng_below(&r, 64), 1.0 + (double)rng_below(&r, 500),
                                (double)rng_below(&r, 5000), 3 };
        const struct work w = work_of(&op, s), v = work_of(&low, s);
        assert_no_less(&op, &w, &v);
        assert_rel(v.flops, w.flops, 0);
        assert_rel(v.vector_flops, w.vector_flops, 0);
    }
}

/* Operators that see no neighbour: twice the batch is twice everything but the weights. */
static void flops_and_kv_are_linear_in_the_batch(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 23, 0);
    for (int i = 0; i < 20000; i++) {
        const struct op op = random_op(&r);
        const struct step s = { 1.0 + (double)rng_below(&r, 64), 1.0 + (double)rng_below(&r, 500),
                                (double)rng_below(&r, 5000), 3 };
        const struct step twice = { 2 * s.batch, s.new_tokens, s.cached, 2 * s.head_rows };
        const struct work w = work_of(&op, s), v = work_of(&op, twice);
        if (op.kind == &op_experts && op.ep > 1.0)
            continue;
        assert_rel(v.flops, 2 * w.flops, 1e-12);
        assert_rel(v.kv_read_bytes, 2 * w.kv_read_bytes, 1e-12);
        assert_rel(v.kv_write_bytes, 2 * w.kv_write_bytes, 1e-12);
        assert_rel(v.a_bytes, 2 * w.a_bytes, 1e-12);
        assert_rel(v.net_bytes, 2 * w.net_bytes, 1e-12);
        assert_true(v.w_bytes <= 2 * w.w_bytes * (1 + 1e-12));
    }
}

static void a_window_as_long_as_the_context_is_no_window(void **state)
{
    struct rng r;

    (void)state;
    rng_stream(&r, 24, 0);
    for (int i = 0; i < 2000; i++) {
        const double n = 1.0 + (double)rng_below(&r, 500), c = (double)rng_below(&r, 5000);
        const struct op full = attention(8, 2, 0);
        const struct op wide = attention(8, 2, n + c + (double)rng_below(&r, 9));
        const struct op tight = attention(8, 2, 1.0 + (double)rng_below(&r, (uint64_t)(n + c)));
        const struct step s = { 3, n, c, 3 };
        const struct work f = work_of(&full, s), w = work_of(&wide, s), t = work_of(&tight, s);
        assert_memory_equal(&f, &w, sizeof f);
        assert_no_less(&full, &f, &t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operator_counts_what_its_row_says),
        cmocka_unit_test(a_collective_carries_rows_or_logits),
        cmocka_unit_test(experts_read_the_expected_bytes),
        cmocka_unit_test(ranks_share_the_experts_and_the_fullest_decides),
        cmocka_unit_test(the_cache_is_read_again_for_every_query_tile),
        cmocka_unit_test(more_sequences_or_context_never_mean_less_work),
        cmocka_unit_test(fewer_bits_never_mean_more_bytes_or_other_flops),
        cmocka_unit_test(flops_and_kv_are_linear_in_the_batch),
        cmocka_unit_test(a_window_as_long_as_the_context_is_no_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
