/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/gguf.h"
#include "kv/half.h"
#include "kv/tensor.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

/* Builds binary files byte by byte. */
struct file {
    unsigned char b[4096];
    size_t n;
};

static void put(struct file *f, const void *p, size_t n)
{
    memcpy(f->b + f->n, p, n);
    f->n += n;
}

static void put_le(struct file *f, unsigned long long v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        f->b[f->n++] = (unsigned char)(v & 255);
}

static void put_f32(struct file *f, float v)
{
    unsigned u;

    memcpy(&u, &v, 4);
    put_le(f, u, 4);
}

static void put_string(struct file *f, const char *s)
{
    put_le(f, strlen(s), 8);
    put(f, s, strlen(s));
}

static struct file npy(const char *header)
{
    struct file f = { .n = 0 };

    put(&f, "\x93NUMPY\x01\x00", 8);
    put_le(&f, strlen(header), 2);
    put(&f, header, strlen(header));
    return f;
}

static void halves_convert_both_ways(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 65536; h++) { /* all of them */
        const float f = f16_to_f32((uint16_t)h);
        const unsigned back = f32_to_f16(f);
        if (isnan(f))
            assert_true((back & 0x7c00u) == 0x7c00u && (back & 0x3ffu));
        else
            assert_int_equal(back, h);
    }
    assert_true(f16_round(1.f + 0x1p-11f) == 1.f); /* half-way: to even */
    assert_true(f16_round(1.f + 3 * 0x1p-11f) == 1.f + 0x1p-9f);
    assert_true(f16_round(65519.f) == 65504.f && isinf(f16_round(65520.f)));
    assert_true(f16_round(0x1p-25f) == 0.f && f16_round(0x1.8p-25f) == 0x1p-24f);
    assert_true(bf16_to_f32(f32_to_bf16(1.f + 0x1p-8f)) == 1.f);
}

static void numpy_arrays_are_read_in_both_orders(void **state)
{
    struct arena a = { 0 };
    struct kv_tensor t;
    struct file f = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n");

    (void)state;
    for (int i = 0; i < 6; i++)
        put_f32(&f, (float)i);
    assert_int_equal(kv_npy_parse(&t, "x.npy", f.b, f.n, &a, NULL), COSIM_OK);
    assert_true(t.n_dims == 2 && t.dim[0] == 2 && t.dim[1] == 3 && t.n == 6);
    assert_true(t.data[1] == 1.f && t.data[3] == 3.f);
    f = npy("{'shape':(2,3),'fortran_order':True,'descr':'<f4'}");
    for (int i = 0; i < 6; i++)
        put_f32(&f, (float)i);
    assert_int_equal(kv_npy_parse(&t, "x.npy", f.b, f.n, &a, NULL), COSIM_OK);
    assert_true(t.data[1] == 2.f && t.data[3] == 1.f); /* [0][1], [1][0] */
    f = npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,)}");
    put_le(&f, 0x3c00, 2);
    assert_int_equal(kv_npy_parse(&t, "x.npy", f.b, f.n, &a, NULL), COSIM_OK);
    assert_true(t.data[0] == 1.f);
    arena_release(&a);
}

static void broken_numpy_files_name_the_byte(void **state)
{
    static const struct {
        const char *header, *msg;
        size_t n_data;
    } row[] = {
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "there are 4", 4 },
        { "{'descr': '<i4', 'fortran_order': False, 'shape': (1,)}", "element type '<i4'", 4 },
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "element type '>f4'", 4 },
        { "{'descr': '<f4', 'shape': (1,)}", "is missing", 4 },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", "empty or too large", 0 },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296,)}",
          "too large", 0 },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1)}", "6 dimensions", 4 },
        { "{'descr': '<f4', 'descr': '<f4'}", "repeated key", 0 },
        { "{'descr': '<f4", "not closed", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct arena a = { 0 };
        struct kv_tensor t;
        cosim_error e = { 0 };
        struct file f = npy(row[i].header);
        put_le(&f, 0, row[i].n_data);
        assert_int_not_equal(kv_npy_parse(&t, "x.npy", f.b, f.n, &a, &e), COSIM_OK);
        if (!strstr(e.msg, row[i].msg) || strncmp(e.msg, "byte ", 5) != 0)
            fail_msg("%zu: %s", i, e.msg);
        arena_release(&a);
    }
}

static void safetensors_are_read_and_bounded(void **state)
{
    static const struct {
        const char *json, *msg; /* msg NULL: fine */
    } row[] = {
        { "{\"__metadata__\":{\"a\":\"b\"},\"x\":{\"dtype\":\"BF16\",\"shape\":[2,1],"
          "\"data_offsets\":[0,4]},\"ids\":{\"dtype\":\"I64\",\"shape\":[1],"
          "\"data_offsets\":[0,8]}}  ",
          NULL },
        { "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", "outside" },
        { "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "needs 12" },
        { "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}", "whole number" },
        { "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "outside" },
        { "{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],"
          "\"data_offsets\":[0,8]}}",
          "too large" },
        { "{\"x\":1}", "malformed" },
        { "[]", "no JSON object" },
        { "{\"x\":", "byte " },
        { "{\"x\":{},\"x\":{}}", "byte " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct arena a = { 0 };
        struct kv_tensors s;
        cosim_error e = { 0 };
        struct file f = { .n = 0 };
        put_string(&f, row[i].json);
        put_le(&f, 0x40003f80c0a00000ull, 8); /* BF16: -5 stands in bytes 2 and 3 */
        const cosim_status st = kv_safetensors_parse(&s, "x", f.b, f.n, &a, &e);
        if (row[i].msg) {
            assert_int_not_equal(st, COSIM_OK);
            if (!strstr(e.msg, row[i].msg))
                fail_msg("%zu: %s", i, e.msg);
        } else {
            assert_int_equal(st, COSIM_OK);
            assert_true(s.n == 1 && s.n_skipped == 1 && s.tensor[0].n == 2);
            assert_true(s.tensor[0].data[0] == 0.f && s.tensor[0].data[1] == -5.f);
        }
        arena_release(&a);
    }
}

/* One tensor of one q8_0-sized row, an array, and a number. */
static struct file gguf(unsigned type, const void *block, size_t n_block, size_t n_elems)
{
    struct file f = { .n = 0 };

    put(&f, "GGUF", 4);
    put_le(&f, 3, 4);
    put_le(&f, 1, 8);
    put_le(&f, 2, 8);
    put_string(&f, "a.number");
    put_le(&f, 5, 4);
    put_le(&f, 0xfffffffeu, 4);
    put_string(&f, "a.list");
    put_le(&f, 9, 4);
    put_le(&f, 8, 4);
    put_le(&f, 1, 8);
    put_string(&f, "word");
    put_string(&f, "x");
    put_le(&f, 1, 4);
    put_le(&f, n_elems, 8);
    put_le(&f, type, 4);
    put_le(&f, 0, 8);
    while (f.n % 32)
        put_le(&f, 0, 1);
    put(&f, block, n_block);
    return f;
}

static void gguf_metadata_and_blocks_are_read(void **state)
{
    unsigned char q8[34] = { 0x00, 0x38 }; /* d = 0.5 */
    struct arena a = { 0 };
    struct kv_gguf g;
    struct kv_tensor t;

    (void)state;
    q8[2] = 3;
    q8[33] = 0x80; /* -128 */
    const struct file f = gguf(8, q8, sizeof q8, 32);
    assert_int_equal(kv_gguf_parse(&g, "x", f.b, f.n, &a, NULL), COSIM_OK);
    assert_true(kv_gguf_value(&g, "a.number")->f64 == -2);
    assert_true(kv_gguf_value(&g, "a.list")->u64 == 1 && !kv_gguf_value(&g, "a"));
    assert_int_equal(kv_gguf_tensor(&g, kv_gguf_find(&g, "x"), &t, &a, NULL), COSIM_OK);
    assert_true(t.data[0] == 1.5f && t.data[31] == -64.f && t.data[1] == 0.f);
    /* every cut of the file is refused with a byte, none is read beyond its end */
    for (size_t n = 0; n < f.n; n++) {
        unsigned char *cut = malloc(n + 1);
        cosim_error e = { 0 };
        memcpy(cut, f.b, n);
        assert_int_not_equal(kv_gguf_parse(&g, "x", cut, n, &a, &e), COSIM_OK);
        assert_true(strncmp(e.msg, "byte ", 5) == 0);
        free(cut);
    }
    arena_release(&a);
}

/* What an element of each format must be when all payload bits are known by rule. */
static void ggml_blocks_decode_by_their_layout(void **state)
{
    unsigned char b[256];
    struct arena a = { 0 };
    struct kv_gguf g;
    struct kv_tensor t;
    struct file f;

    (void)state;
#define DECODE(type, n_bytes, n_elems)                                                             \
    f = gguf(type, b, n_bytes, n_elems);                                                           \
    assert_int_equal(kv_gguf_parse(&g, "x", f.b, f.n, &a, NULL), COSIM_OK);                        \
    assert_int_equal(kv_gguf_tensor(&g, 0, &t, &a, NULL), COSIM_OK)

    memset(b, 0, sizeof b); /* q4_0: d = 1, byte 0 = 0xf0: elements 0 -> -8, 16 -> 7 */
    b[1] = 0x3c;
    b[2] = 0xf0;
    DECODE(2, 18, 32);
    assert_true(t.data[0] == -8.f && t.data[16] == 7.f);

    memset(b, 0, sizeof b); /* q5_1: d = 1, m = 2, bit 16 of qh raises element 16 by 16 */
    b[1] = 0x3c;
    b[3] = 0x40;
    b[6] = 1;
    b[8] = 0x21;
    DECODE(7, 24, 32);
    assert_true(t.data[0] == 3.f && t.data[16] == 20.f && t.data[1] == 2.f);

    memset(b, 0, sizeof b); /* q4_K: d = 1, dmin = 1; sub-block 5 has scale 35, min 18 */
    b[1] = 0x3c;
    b[3] = 0x3c;
    b[4 + 9] = 3 | 2 << 4; /* low four bits of scale 5 and min 5 */
    b[4 + 1] = 2 << 6;     /* high bits of scale 5 */
    b[4 + 5] = 1 << 6;     /* high bits of min 5 */
    b[16 + 64] = 0x70;     /* element 160: high nibble of byte 64 */
    DECODE(12, 144, 256);
    assert_true(t.data[160] == 35 * 7 - 18 && t.data[161] == -18.f && t.data[0] == 0.f);

    memset(b, 0, sizeof b); /* q6_K: d = 1, scale 9 of elements 144..159 = -2 */
    b[209] = 0x3c;
    b[192 + 9] = 0xfe;
    b[64 + 16] = 0x05;       /* element 128 + 16: low nibble of ql[64 + 16] */
    b[128 + 32 + 16] = 0x01; /* its two high bits */
    DECODE(14, 210, 256);
    assert_true(t.data[144] == -2.f * (21 - 32) && t.data[145] == -2.f * -32);

    memset(b, 0, sizeof b); /* q2_K: d = dmin = 1, sub-block 2 (elements 32..47) scale 3, min 2 */
    b[81] = 0x3c;
    b[83] = 0x3c;
    b[2] = 0x23;
    b[16 + 4] = 2 << 2;
    DECODE(10, 84, 256);
    assert_true(t.data[36] == 3 * 2 - 2 && t.data[37] == -2.f);

    memset(b, 0, sizeof b); /* q3_K: d = 1, scale 9 = 32 + 5 - 32: low four 5, high two 2 */
    b[109] = 0x3c;
    b[96 + 1] = 5 << 4;
    b[96 + 8 + 1] = 2 << 4;
    b[32 + 32 + 16] = 3; /* element 128 + 16, no high bit: 3 - 4 */
    b[17] = 1 << 4;      /* high bit of element 128 + 17 */
    DECODE(11, 110, 256);
    assert_true(t.data[144] == -5.f && t.data[145] == 0.f && t.data[146] == -20.f);
#undef DECODE
    arena_release(&a);
}

static void types_without_decoder_are_named(void **state)
{
    unsigned char b[17] = { 0 };
    struct arena a = { 0 };
    struct kv_gguf g;
    struct kv_tensor t;
    cosim_error e = { 0 };
    const struct file f = gguf(39, b, sizeof b, 32);

    (void)state;
    assert_int_equal(kv_gguf_parse(&g, "x", f.b, f.n, &a, NULL), COSIM_OK);
    assert_int_equal(kv_gguf_tensor(&g, 0, &t, &a, &e), COSIM_EUNSUPPORTED);
    assert_non_null(strstr(e.msg, "mxfp4"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_convert_both_ways),
        cmocka_unit_test(numpy_arrays_are_read_in_both_orders),
        cmocka_unit_test(broken_numpy_files_name_the_byte),
        cmocka_unit_test(safetensors_are_read_and_bounded),
        cmocka_unit_test(gguf_metadata_and_blocks_are_read),
        cmocka_unit_test(ggml_blocks_decode_by_their_layout),
        cmocka_unit_test(types_without_decoder_are_named),
    };
    return cmocka_run_group_tests_name("kv/tensor", tests, NULL, NULL);
}
