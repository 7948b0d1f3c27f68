/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/format.h"

#include "core/arena.h"
#include "support/close.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct format_db db;

static int setup(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (format_db_load(&db, "workloads/formats.csv", &arena, &e) != COSIM_OK) {
        fprintf(stderr, "%s:%u:%u: %s\n", e.file, e.line, e.col, e.msg);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct format *get(const char *id)
{
    cosim_error e = { 0 };
    const struct format *f = NULL;

    if (format_find(&db, id, 0, &f, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return f;
}

/* docs/model.md 2.1 (T2.1): row length and element count matter only to formats with metadata. */
static void bits_are_those_of_the_published_tables(void **state)
{
    static const struct {
        const char *id;
        double row, n, bits, tolerance;
    } want[] = {
        { "q4_0", 4096, 1e7, 4.5, 0 },
        { "q4_1", 4096, 1e7, 5.0, 0 },
        { "q5_0", 4096, 1e7, 5.5, 0 },
        { "q5_1", 4096, 1e7, 6.0, 0 },
        { "q8_0", 4096, 1e7, 8.5, 0 },
        { "q8_1", 4096, 1e7, 9.0, 0 },
        { "mxfp4", 4096, 1e7, 4.25, 0 },
        { "nvfp4-ggml", 4096, 1e7, 4.5, 0 },
        { "q1_0", 4096, 1e7, 1.125, 0 },
        { "q2_k", 4096, 1e7, 2.625, 0 },
        { "q3_k", 4096, 1e7, 3.4375, 0 },
        { "q4_k", 4096, 1e7, 4.5, 0 },
        { "q5_k", 4096, 1e7, 5.5, 0 },
        { "q6_k", 4096, 1e7, 6.5625, 0 },
        { "q8_k", 4096, 1e7, 9.125, 0 },
        { "tq1_0", 4096, 1e7, 1.6875, 0 },
        { "tq2_0", 4096, 1e7, 2.0625, 0 },
        { "q2_0", 4096, 1e7, 2.25, 0 },
        { "iq1_s", 4096, 1e7, 1.5625, 0 },
        { "iq1_m", 4096, 1e7, 1.75, 0 },
        { "iq2_xxs", 4096, 1e7, 2.0625, 0 },
        { "iq2_xs", 4096, 1e7, 2.3125, 0 },
        { "iq2_s", 4096, 1e7, 2.5625, 0 },
        { "iq3_xxs", 4096, 1e7, 3.0625, 0 },
        { "iq3_s", 4096, 1e7, 3.4375, 0 },
        { "iq4_nl", 4096, 1e7, 4.5, 0 },
        { "iq4_xs", 4096, 1e7, 4.25, 0 },
        { "int4-g128-asym", 4096, 1e7, 4.15625, 0 },
        { "int4-g128", 4096, 1e7, 4.125, 0 },
        /* act-order adds 32 / N_out */
        { "int4-g128-actorder", 4096, 4096.0 * 14336.0, 4.15625 + 32.0 / 14336.0, 1e-12 },
        { "nf4", 4096, 1e7, 4.5, 0 },
        { "nf4-dq", 4096, 1e7, 4.126953125, 0 },
        { "spqr", 4096, 1e7, 3.945, 1e-12 },
        { "aqlm-1x16", 4096, 4096.0 * 4096.0, 2.50390625, 0 },
        { "vptq", 4096, 4096.0 * 14336.0, 2.142857143, 1e-9 },
        { "quip-e8p", 4096, 4096.0 * 4096.0, 2.0, 1e-3 },
        { "qoq-w4-g128", 4096, 1e7, 4.09765625, 0 },
        { "fp8", 4096, 4096.0 * 4096.0, 8.0, 1e-6 },
        { "fp8-block", 4096, 1e7, 8.00195, 1e-6 },
        { "fp8-g128", 4096, 1e7, 8.25, 0 },
        { "mxfp8", 4096, 1e7, 8.25, 0 },
        { "mxfp6", 4096, 1e7, 6.25, 0 },
        { "nvfp4", 4096, 4096.0 * 4096.0, 4.5, 1e-6 },
        { "ptqtp", 4096, 1e7, 3.45, 1e-12 },
        { "ptqtp-2bit", 4096, 1e7, 4.25, 0 },
        { "itq3_s", 4096, 1e7, 3.0625, 0 },
        { "hlq2-g128", 4096, 1e7, 2.375, 0 },
        { "ternary", 4096, 1e7, 1.585, 1e-3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const double got = format_bits(get(want[i].id), want[i].row, want[i].n);
        if (!(fabs(got - want[i].bits) <= want[i].tolerance * want[i].bits))
            fail_msg("%s: %.12g bits, want %.12g", want[i].id, got, want[i].bits);
    }
}

static void cache_bits_count_scales_and_the_newest_tokens(void **state)
{
    (void)state;
    assert_rel(format_kv_bits(get("kivi-2"), 128, 1024), 3.40625, 0); /* T2.2 */
    assert_rel(format_kv_bits(get("kivi-2"), 128, 16), 16.0, 0);      /* all tokens are new */
    assert_rel(format_kv_bits(get("kv4"), 128, 1), 4.25, 0);          /* QoQ KV4 per head */
    assert_rel(format_kv_bits(get("fp16"), 128, 1000), 16.0, 0);
    assert_rel(format_kv_bits(get("q8_0"), 128, 1000), 8.5, 0);
    /* GEAR: b + 32/G + s (16 + 32) + 16 r (m + n) / (m n), m tokens, n = head_dim */
    assert_rel(format_kv_bits(get("gear-2"), 128, 1024),
               2.0 + 32.0 / 64.0 + 0.02 * 48.0 + 16.0 * 4.0 * (1024.0 + 128.0) / (1024.0 * 128.0),
               1e-12);
    assert_rel(format_nominal_bits(get("kivi-2")), 2.0, 0);
}

static void whole_sizes_agree_with_the_worked_numbers(void **state)
{
    (void)state;
    /* T2.5: 8030261248 weights at 4.5 bits */
    assert_rel(8030261248.0 * format_bits(get("q4_k"), 4096, 8030261248.0) / 8.0, 4517021952.0, 0);
    /* T2.6: one token of a layer of width 4096: X at 4 bits against K and V at 16 bits */
    const double x = 4096.0 * format_nominal_bits(get("int4")) / 8.0;
    const double kv = 2.0 * 4096.0 * format_kv_bits(get("fp16"), 128, 1) / 8.0;
    assert_rel(x, 2048.0, 0);
    assert_rel(kv, 16384.0, 0);
    assert_rel(kv / x, 8.0, 0);
}

static void products_are_computed_where_both_operands_fit(void **state)
{
    static const struct {
        const char *w, *a;
        enum precision math;
    } want[] = {
        { "bf16", "bf16", PREC_BF16 },      { "fp16", "fp16", PREC_FP16 },
        { "fp16", "bf16", PREC_BF16 },      { "int4-g128", "bf16", PREC_BF16 },
        { "int4-g128", "fp16", PREC_FP16 }, { "int8", "bf16", PREC_BF16 },
        { "int8", "int8", PREC_INT8 },      { "int4", "int4", PREC_INT4 },
        { "int4-g128", "int8", PREC_INT8 }, { "qoq-w4-g128", "int8", PREC_INT8 },
        { "fp8", "fp8", PREC_FP8 },         { "fp8-block", "fp8-g128", PREC_FP8 },
        { "nvfp4", "nvfp4", PREC_FP4 },     { "nvfp4", "bf16", PREC_BF16 },
        { "nvfp4", "fp8", PREC_FP8 },       { "int8", "fp8", PREC_BF16 },
        { "bf16", "int8", PREC_BF16 },      { "int8", "int4", PREC_BF16 },
        { "q4_k", "q8_k", PREC_INT8 },      { "q8_0", "q8_1", PREC_INT8 },
        { "i2_s", "int8", PREC_INT8 },      { "mxfp4", "mxfp4", PREC_FP4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (format_math(get(want[i].w), get(want[i].a)) != want[i].math)
            fail_msg("%s x %s: %s, want %s", want[i].w, want[i].a,
                     precision_name(format_math(get(want[i].w), get(want[i].a))),
                     precision_name(want[i].math));
}

static void rows_that_do_not_divide_fall_back(void **state)
{
    static const struct {
        const char *id;
        double row;
        const char *to;
    } want[] = {
        { "q4_k", 4096, "q4_k" }, { "q4_k", 2880, "q5_0" },          { "q5_k", 2880, "q5_1" },
        { "q6_k", 2880, "q8_0" }, { "q3_k", 2880, "q4_0" },          { "iq3_s", 2880, "iq4_nl" },
        { "q6_k", 100, "fp16" },  { "tq1_0", 2880, "q4_0" },         { "bf16", 100, "bf16" },
        { "mxfp4", 100, "fp16" }, { "int4-g128", 100, "int4-g128" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_string_equal(format_for_row(&db, get(want[i].id), want[i].row)->id, want[i].to);
}

static void every_format_has_sane_bits(void **state)
{
    (void)state;
    assert_true(db.n >= 70);
    for (size_t i = 0; i < db.n; i++) {
        const struct format *f = &db.format[i];
        const double bits = format_bits(f, 4096, 4096.0 * 4096.0);
        if (!(bits >= f->payload_bits) || !(bits <= 1.4 * f->payload_bits + 1.0) || f->roles == 0)
            fail_msg("%s: %.6g bits from %.6g", f->id, bits, f->payload_bits);
        assert_true(format_kv_bits(f, 128, 4096) > 0.0);
    }
}

static void names_and_roles_are_checked(void **state)
{
    const struct format *f = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(format_find(&db, "Q4_K", ROLE_W, &f, &e), COSIM_OK);
    assert_string_equal(f->id, "q4_k");
    assert_int_equal(format_find(&db, "AWQ", ROLE_W, &f, &e), COSIM_OK);
    assert_string_equal(f->id, "int4-g128-asym");
    assert_int_equal(format_find(&db, "int4-g12", ROLE_W, &f, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "int4-g128"));
    e = (cosim_error){ 0 };
    assert_int_equal(format_find(&db, "int8", ROLE_K, &f, &e), COSIM_ERANGE);
    assert_non_null(strstr(e.hint, "kv8"));
}

static void bad_rows_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *row, *msg;
        cosim_status st;
    } bad[] = {
        { "a,,int,x,4,,,,,,,,,,,,,,,,,d,derived,s", "role 'x'", COSIM_ESYNTAX },
        { "a,,int,w,4,,,,,,,,,,,,,int3,,,,d,derived,s", "unknown precision", COSIM_EUNKNOWN },
        { "a,,int,w,4,,16,,,,,,,,,,,,,,,d,derived,s", "need a group", COSIM_ESYNTAX },
        { "a,,int,w,,,,,,,,,,,,,,,,,,d,derived,s", "must be given", COSIM_ESYNTAX },
        { "a,,int,w,4,,,,,,,,,,18,,,,,,,d,derived,s", "both be given", COSIM_ESYNTAX },
        { "a,,int,w,4,,,,,,,,,,,,,,,,b,d,derived,s", "unknown fallback", COSIM_EUNKNOWN },
        { "a,,int,w,4,,,,,,,,,,,,,,,,a,d,derived,s", "circle", COSIM_ESYNTAX },
        { "a,,int,w,4,,,,,,,,,,,,,,1,,,d,derived,s", "dequant_origin", COSIM_ESYNTAX },
        { "a,,int,w,-4,,,,,,,,,,,,,,,,,d,derived,s", "range", COSIM_ERANGE },
        { "a,b,int,w,4,,,,,,,,,,,,,,,,,d,derived,s\nb,,int,w,4,,,,,,,,,,,,,,,,,d,derived,s",
          "also names", COSIM_ESYNTAX },
    };
    static const char header[] =
        "id,aliases,family,roles,payload_bits,group,scale_bits,zero_bits,row_bits,column_bits,"
        "codebook_bits,outlier_ratio,outlier_bits,tensor_bits,block_bytes,block_elems,"
        "residual_tokens,math,dequant_ops,dequant_origin,fallback,doc,origin,source\n";
    char path[] = "/tmp/test_format_XXXXXX";
    const int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena a = { 0 };
        struct format_db broken;
        cosim_error e = { 0 };
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        (void)fprintf(out, "%s%s\n", header, bad[i].row);
        (void)fclose(out);
        const cosim_status st = format_db_load(&broken, path, &a, &e);
        if (st != bad[i].st || !strstr(e.msg, bad[i].msg) || e.line < 2)
            fail_msg("case %zu: %u:%u %s", i, e.line, e.col, e.msg);
        assert_int_equal(broken.n, 0);
        arena_release(&a);
    }
    (void)remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_those_of_the_published_tables),
        cmocka_unit_test(cache_bits_count_scales_and_the_newest_tokens),
        cmocka_unit_test(whole_sizes_agree_with_the_worked_numbers),
        cmocka_unit_test(products_are_computed_where_both_operands_fit),
        cmocka_unit_test(rows_that_do_not_divide_fall_back),
        cmocka_unit_test(every_format_has_sane_bits),
        cmocka_unit_test(names_and_roles_are_checked),
        cmocka_unit_test(bad_rows_are_refused_with_their_place),
    };
    return cmocka_run_group_tests_name("quant/format", tests, setup, teardown);
}
