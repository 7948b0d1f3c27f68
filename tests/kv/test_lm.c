/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "kv/gemm.h"
#include "kv/kv.h"
#include "kv/lm_measure.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static unsigned long long bits = 42;

static float noise(void)
{
    bits = bits * 6364136223846793005ull + 1442695040888963407ull;
    return (float)(bits >> 40) / 0x1p24f - .5f;
}

/* ---- a made-up model of two layers, so that the forward pass is tested without any data ---- */

enum { D = 32, HEADS = 2, KV_HEADS = 1, DIM = 16, FF = 48, LAYERS = 2, VOCAB = 256 };

struct writer {
    FILE *f;
    unsigned long long offset;
    const char *leave_out; /* a tensor that is forgotten */
    unsigned n_tensors;
};

static void le(struct writer *w, unsigned long long v, size_t n)
{
    for (; n--; v >>= 8)
        assert_int_not_equal(fputc((int)(v & 255), w->f), EOF);
}

static void string(struct writer *w, const char *s)
{
    le(w, strlen(s), 8);
    assert_int_equal(fwrite(s, 1, strlen(s), w->f), strlen(s));
}

static void key_u32(struct writer *w, const char *key, unsigned v)
{
    string(w, key);
    le(w, 4, 4);
    le(w, v, 4);
}

/* pass 0 counts, 1 writes the header entry, 2 the data */
static void tensor(struct writer *w, int pass, const char *name, unsigned in, unsigned out)
{
    const unsigned n = in * (out ? out : 1);

    if (w->leave_out && !strcmp(name, w->leave_out))
        return;
    if (pass == 0)
        w->n_tensors++;
    if (pass == 1) {
        string(w, name);
        le(w, out ? 2 : 1, 4);
        le(w, in, 8);
        if (out)
            le(w, out, 8);
        le(w, 0, 4);
        le(w, w->offset, 8);
        w->offset += 4ull * n; /* all sizes are multiples of 32 bytes */
    }
    for (unsigned i = 0; pass == 2 && i < n; i++) {
        const float v = out ? noise() : 1.f;
        assert_int_equal(fwrite(&v, 4, 1, w->f), 1);
    }
}

static void tensors(struct writer *w, int pass)
{
    static const struct {
        const char *name;
        unsigned in, out;
    } part[] = {
        { "attn_q", D, HEADS * DIM },
        { "attn_k", D, KV_HEADS * DIM },
        { "attn_v", D, KV_HEADS * DIM },
        { "attn_output", HEADS * DIM, D },
        { "ffn_gate", D, FF },
        { "ffn_up", D, FF },
        { "ffn_down", FF, D },
        { "attn_norm", D, 0 },
        { "ffn_norm", D, 0 },
    };

    tensor(w, pass, "token_embd.weight", D, VOCAB);
    tensor(w, pass, "output_norm.weight", D, 0);
    for (unsigned l = 0; l < LAYERS; l++)
        for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "blk.%u.%s.weight", l, part[i].name);
            tensor(w, pass, name, part[i].in, part[i].out);
        }
}

static void write_model(char *path, const char *leave_out, unsigned n_heads)
{
    const float eps = 1e-5f;

    strcpy(path, "/tmp/cosim-lm-XXXXXX");
    const int fd = mkstemp(path);
    struct writer w = { .f = fdopen(fd, "wb"), .leave_out = leave_out };
    assert_non_null(w.f);
    tensors(&w, 0);
    assert_int_equal(fwrite("GGUF", 1, 4, w.f), 4);
    le(&w, 3, 4);
    le(&w, w.n_tensors, 8);
    le(&w, 8, 8);
    string(&w, "general.architecture");
    le(&w, 8, 4);
    string(&w, "llama");
    key_u32(&w, "llama.block_count", LAYERS);
    key_u32(&w, "llama.embedding_length", D);
    key_u32(&w, "llama.feed_forward_length", FF);
    key_u32(&w, "llama.attention.head_count", n_heads);
    key_u32(&w, "llama.attention.head_count_kv", KV_HEADS);
    key_u32(&w, "llama.vocab_size", VOCAB);
    string(&w, "llama.attention.layer_norm_rms_epsilon");
    le(&w, 6, 4);
    assert_int_equal(fwrite(&eps, 4, 1, w.f), 1);
    tensors(&w, 1);
    while (ftell(w.f) % 32)
        le(&w, 0, 1);
    tensors(&w, 2);
    assert_int_equal(fclose(w.f), 0);
}

static void load_made_up(struct lm *m, struct arena *a)
{
    char path[32];
    cosim_error e = { 0 };

    bits = 42;
    write_model(path, NULL, HEADS);
    if (lm_load(m, path, a, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(unlink(path), 0);
}

static void products_are_the_same_sums_at_any_width(void **state)
{
    enum { M = 7, IN = 19, OUT = 21 };
    float a[M * IN], w[OUT * IN], c[M * OUT];
    float *packed = malloc(gemm_packed_elems(IN, OUT) * sizeof *packed);

    (void)state;
    for (int i = 0; i < M * IN; i++)
        a[i] = noise();
    for (int i = 0; i < OUT * IN; i++)
        w[i] = noise();
    gemm_pack(w, IN, OUT, packed);
    gemm(a, M, IN, packed, OUT, c, false);
    for (int i = 0; i < M; i++)
        for (int o = 0; o < OUT; o++) {
            float sum = 0;
            for (int k = 0; k < IN; k++)
                sum += a[i * IN + k] * w[o * IN + k];
            assert_true(sum >= c[i * OUT + o] && sum <= c[i * OUT + o]); /* to the last bit */
        }
    free(packed);
}

static void later_bytes_do_not_change_earlier_logits(void **state)
{
    enum { N = 40 };
    static float one[N * VOCAB], two[N * VOCAB];
    struct arena a = { 0 };
    struct lm_scratch *s;
    struct lm m;
    uint8_t token[N];
    const struct kv_scheme *kivi = kv_scheme_find("kivi");
    struct lm_kv kv[LAYERS] = { { .scheme = kivi, .k_bits = 2, .v_bits = 2 },
                                { .scheme = kivi, .k_bits = 4, .v_bits = 2 } };

    (void)state;
    load_made_up(&m, &a);
    assert_int_equal(lm_scratch_new(&s, &m, N, NULL), COSIM_OK);
    for (int i = 0; i < N; i++)
        token[i] = (uint8_t)(i * 37);
    lm_forward(&m, s, token, N, kv, 0, NULL, NULL, one);
    token[N - 1] ^= 0x55;
    lm_forward(&m, s, token, N, kv, 0, NULL, NULL, two);
    assert_memory_equal(one, two, (N - 1) * VOCAB * sizeof *one);
    assert_memory_not_equal(one + (N - 1) * VOCAB, two + (N - 1) * VOCAB, VOCAB * sizeof *one);
    lm_scratch_free(s);
    arena_release(&a);
}

static void measures_have_the_same_bits_on_any_number_of_threads_and_from_any_layer(void **state)
{
    static unsigned char text[5 * LM_WINDOW];
    struct arena a = { 0 };
    struct lm m;
    struct lm_text t;
    struct lm_reference ref;
    struct lm_quality one, two, full;
    const struct lm_kv kv[LAYERS] = { { 0 },
                                      { .scheme = &kv_schemes[0], .k_bits = 4, .v_bits = 2 } };

    (void)state;
    load_made_up(&m, &a);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)(i * i >> 3);
    assert_int_equal(lm_text_init(&t, text, sizeof text, 1, 4, NULL), COSIM_OK);
    assert_int_equal(lm_text_init(&t, text, sizeof text, 2, 4, NULL), COSIM_ERANGE);
    assert_int_equal(lm_reference_new(&ref, &m, &t, NULL), COSIM_OK);
#ifdef _OPENMP
    omp_set_num_threads(1);
#endif
    assert_int_equal(lm_measure(&m, &t, &ref, kv, 0, &one, NULL, NULL), COSIM_OK);
#ifdef _OPENMP
    omp_set_num_threads(3);
#endif
    assert_int_equal(lm_measure(&m, &t, &ref, kv, 1, &two, NULL, NULL), COSIM_OK);
    assert_int_equal(lm_measure(&m, &t, &ref, NULL, 0, &full, NULL, NULL), COSIM_OK);
    assert_memory_equal(&one, &two, sizeof one);
    assert_true(one.kl_nats > 0 && one.top1_ratio <= 1);
    assert_rel(full.top1_ratio, 1, 0);
    assert_true(fabs(full.kl_nats) < 1e-12);
    lm_reference_free(&ref);
    arena_release(&a);
}

static void broken_models_are_refused(void **state)
{
    static const struct {
        const char *leave_out, *msg;
        unsigned n_heads;
    } row[] = {
        { "blk.1.attn_v.weight", "tensor is missing: 'blk.1.attn_v.weight'", HEADS },
        { NULL, "another shape", 4 },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct arena a = { 0 };
        struct lm m;
        cosim_error e = { 0 };
        char path[32];
        write_model(path, row[i].leave_out, row[i].n_heads);
        assert_int_not_equal(lm_load(&m, path, &a, &e), COSIM_OK);
        if (!strstr(e.msg, row[i].msg))
            fail_msg("%zu: %s", i, e.msg);
        assert_int_equal(unlink(path), 0);
        arena_release(&a);
    }
}

static void formats_round_as_their_blocks_do(void **state)
{
    float x[256], y[256], error[FQ_N_FORMATS];

    (void)state;
    for (int i = 0; i < 32; i++)
        x[i] = (float)(i - 16); /* extreme -16: d = 2, levels -16, -14 ... 14 */
    fq_round(fq_find("q4_0"), x, y, 32);
    assert_true(y[0] == -16.f && y[2] == -14.f && y[31] == 14.f);
    fq_round(fq_find("q5_0"), x, y, 32);
    assert_memory_equal(x, y, 32 * sizeof *x);
    fq_round(fq_find("q4_1"), x, y, 32); /* 31 / 15 per level, as binary16 */
    assert_true(y[0] == -16.f && fabsf(y[31] - 15.f) < .02f);
    for (int i = 0; i < 256; i++)
        x[i] = noise();
    for (size_t f = 0; f < FQ_N_FORMATS; f++) {
        fq_round(&fq_formats[f], x, y, 256);
        error[f] = 0;
        for (int i = 0; i < 256; i++)
            error[f] += (x[i] - y[i]) * (x[i] - y[i]);
    }
    for (size_t f = 0; f < FQ_N_FORMATS; f++) /* a whole bit more always helps */
        for (size_t g = 0; g < FQ_N_FORMATS; g++)
            if (fq_formats[f].bits >= fq_formats[g].bits + 1.4)
                assert_true(error[f] < error[g]);
    memcpy(y, x, sizeof x);
    fq_hadamard(y, 256);
    fq_hadamard(y, 256);
    for (int i = 0; i < 256; i++)
        assert_true(fabsf(x[i] - y[i]) < 1e-6f);
    memset(x, 0, sizeof x);
    for (size_t f = 0; f < FQ_N_FORMATS; f++) {
        fq_round(&fq_formats[f], x, y, 256);
        for (int i = 0; i < 256; i++)
            assert_true(y[i] == 0);
    }
}

/* ---- the small real model --------------------------------------------------------------- */

static bool data_files(char *model, char *text, size_t n)
{
    const char *dir = getenv("COSIM_DATA");

    if (!dir) {
        print_message("COSIM_DATA is not set: the small real model is not tested\n");
        return false;
    }
    (void)snprintf(model, n, "%s/models/tiny_lm_f16.gguf", dir);
    (void)snprintf(text, n, "%s/models/tiny_lm_eval.txt", dir);
    return true;
}

static double kl(const struct table *t, const char *format)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (!strcmp(table_cell(t, r, 0)->as.str, format))
            return table_cell(t, r, table_column(t, "kl_nats"))->as.f64;
    fail_msg("no row %s", format);
    return 0;
}

static void the_real_model_loses_what_was_measured_with_llama_cpp(void **state)
{
    char model[512], text[512];
    struct table *t;
    cosim_error e = { 0 };

    (void)state;
    if (!data_files(model, text, sizeof model))
        skip();
    const struct kv_measure_options o = { .model = model,
                                          .text = text,
                                          .n_windows = 7,
                                          .span_windows = 105,
                                          .hadamard = true,
                                          .formats = "KV16,q8_0/q4_0,q4_0/q8_0,w:q4_k" };
    if (kv_measure_run(&o, &t, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    /* measured over 100 windows: 1.2306 nats, KL .00116, .00403, .00494, .0001; these are 10 of
     * them */
    assert_rel(table_cell(t, 0, table_column(t, "loss_nats"))->as.f64, 1.2306, .15);
    assert_rel(kl(t, "q8_0/q4_0"), .00116, .35);
    assert_rel(kl(t, "q4_0/q8_0"), .00403, .35);
    assert_rel(kl(t, "w:q4_k"), .00494, .35);
    assert_true(kl(t, "q4_0/q8_0") > 2 * kl(t, "q8_0/q4_0")); /* keys weigh more */
    table_free(t);
}

static void the_loop_predicts_ranks_and_beats_uniform_pairs(void **state)
{
    char model[512], text[512];
    struct kv_tune_result r;
    struct table *t;
    cosim_error e = { 0 };

    (void)state;
    if (!data_files(model, text, sizeof model))
        skip();
    const struct kv_tune_options o = { .model = model,
                                       .text = text,
                                       .calibration_windows = 1,
                                       .test_windows = 1,
                                       .single_layers = true };
    if (kv_tune_run(&o, &r, &t, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(r.n_compared, 15);
    assert_true(r.rank_predicted >= .9);
    assert_int_equal(r.n_kl_worse, 0);
    for (size_t i = 0; i < t->n_rows; i++)
        assert_true(table_cell(t, i, table_column(t, "searched_bytes"))->as.f64
                    <= table_cell(t, i, table_column(t, "bytes"))->as.f64);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_the_same_sums_at_any_width),
        cmocka_unit_test(later_bytes_do_not_change_earlier_logits),
        cmocka_unit_test(measures_have_the_same_bits_on_any_number_of_threads_and_from_any_layer),
        cmocka_unit_test(broken_models_are_refused),
        cmocka_unit_test(formats_round_as_their_blocks_do),
        cmocka_unit_test(the_real_model_loses_what_was_measured_with_llama_cpp),
        cmocka_unit_test(the_loop_predicts_ranks_and_beats_uniform_pairs),
    };
    return cmocka_run_group_tests_name("kv/lm", tests, NULL, NULL);
}
