/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/kv.h"
#include "kv/sensitivity.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double q1[4] = { 1, .5, -.5, 1 };
static const double k3[12] = { 1, -.5, .25, 2, .5, .3, -1, 1, -.2, .8, .4, -.6 };
static const double v3[12] = { .5, 1, -.3, .2, 1.5, -.4, .6, .1, -.7, .9, .2, 1.1 };
static const struct kv_layer_tensors worked = { 1, 3, 1, 1, 4, false, q1, k3, v3 };

static double e_o(const struct kv_error_sum *sum, const char *pair)
{
    return kv_errors_of(&sum[kv_pair_parse(pair)]).e_o;
}

static void the_worked_attention_errors_come_out(void **state)
{
    static const struct {
        const char *pair;
        double e_o;
    } row[] = {
        { "KV8", .004041342357 }, { "K8V4", .02060610423 }, { "KV4", .0330677477 },
        { "K4V2", .3399673835 },  { "K2V4", .1237444141 },  { "KV2", .2961436095 },
    }; /* T7.9c */
    static const struct {
        const char *pair;
        double e_a;
    } attn[] = { { "KV8", .0002567972883 }, { "KV4", .005250576631 }, { "KV2", .02127807221 } };
    struct kv_error_sum sum[KV_N_PAIRS] = { 0 };

    (void)state;
    assert_int_equal(kv_sensitivity_add(&worked, &kv_schemes[0], sum, NULL), COSIM_OK);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_rel(e_o(sum, row[i].pair), row[i].e_o, 1e-9);
    for (size_t i = 0; i < sizeof attn / sizeof *attn; i++) /* T7.9d */
        assert_rel(kv_errors_of(&sum[kv_pair_parse(attn[i].pair)]).e_a, attn[i].e_a, 1e-9);
    assert_true(e_o(sum, "K16V16") == 0);
    /* T7.9b through the squared norm of o */
    assert_rel(sum[0].o_ref_sq,
               .7763253016 * .7763253016 + .4346163239 * .4346163239 + .1071616710 * .1071616710
                   + .2505989519 * .2505989519,
               1e-9);
}

/* A plain reference: one element at a time, no linear algebra library, no sharing between pairs. */
static double plain_e_o(const struct kv_layer_tensors *t, const struct kv_scheme *s,
                        unsigned k_bits, unsigned v_bits)
{
    const size_t n = t->n_tokens * t->n_kv_heads * t->dim, w = t->n_kv_heads * t->dim;
    double *k = malloc(n * sizeof *k), *v = malloc(n * sizeof *v), sum = 0;

    memcpy(k, t->k, n * sizeof *k);
    memcpy(v, t->v, n * sizeof *v);
    kv_quantise(s, KV_SIDE_K, k_bits, t->k, k, kv_quantised_tokens(s, KV_SIDE_K, t->n_tokens),
                t->n_kv_heads, t->dim);
    kv_quantise(s, KV_SIDE_V, v_bits, t->v, v, kv_quantised_tokens(s, KV_SIDE_V, t->n_tokens),
                t->n_kv_heads, t->dim);
    for (size_t i = 0; i < t->n_q; i++)
        for (size_t h = 0; h < t->n_heads; h++) {
            const size_t seen = t->causal ? t->n_tokens - t->n_q + i + 1 : t->n_tokens;
            const size_t kv = h * t->n_kv_heads / t->n_heads * t->dim;
            const double *q = t->q + (i * t->n_heads + h) * t->dim;
            double a[2][64], total[2] = { 0 };
            for (size_t j = 0; j < seen; j++) {
                double dot[2] = { 0 };
                for (size_t d = 0; d < t->dim; d++) {
                    dot[0] += q[d] * t->k[j * w + kv + d];
                    dot[1] += q[d] * k[j * w + kv + d];
                }
                for (size_t c = 0; c < 2; c++)
                    total[c] += a[c][j] = exp(dot[c] / sqrt((double)t->dim));
            }
            for (size_t d = 0; d < t->dim; d++) {
                double o[2] = { 0 };
                for (size_t j = 0; j < seen; j++) {
                    o[0] += a[0][j] / total[0] * t->v[j * w + kv + d];
                    o[1] += a[1][j] / total[1] * v[j * w + kv + d];
                }
                sum += fabs(o[0] - o[1]) / (fabs(o[0]) > 1e-8 ? fabs(o[0]) : 1e-8);
            }
        }
    free(k);
    free(v);
    return sum / (double)(t->n_q * t->n_heads * t->dim);
}

static unsigned long long bits = 88172645463325252ull;

static double noise(void)
{
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    return (double)(bits >> 11) / 0x1p53 - .5;
}

enum { N = 48, H = 4, HKV = 2, D = 8 };

static void fill(double *x, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = noise() * scale;
}

static void random_and_structured_tensors_agree_with_a_plain_reference(void **state)
{
    enum { RANDOM, OUTLIER_CHANNELS, CONSTANT_ROWS, HUGE_VALUES, TINY_VALUES, N_KINDS };
    static double q[N * H * D], k[N * HKV * D], v[N * HKV * D];

    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++) {
        const double scale = kind == HUGE_VALUES ? 1e6 : kind == TINY_VALUES ? 1e-12 : 2;
        fill(q, N * H * D, kind == HUGE_VALUES ? 1e-6 : 2);
        fill(k, N * HKV * D, scale);
        fill(v, N * HKV * D, scale);
        for (size_t t = 0; t < N; t++) {
            if (kind == OUTLIER_CHANNELS)
                k[t * HKV * D + 3] += 20;
            for (size_t d = 0; kind == CONSTANT_ROWS && t % 3 == 0 && d < HKV * D; d++)
                k[t * HKV * D + d] = v[t * HKV * D + d] = .75;
        }
        for (int scheme = 0; scheme < 2; scheme++)
            for (int causal = 0; causal < 2; causal++) {
                struct kv_scheme s = kv_schemes[scheme];
                s.group = scheme ? 8 : 0;
                s.residual_tokens = scheme ? 12 : 0;
                const struct kv_layer_tensors t = { causal ? N : 5, N, H, HKV, D,
                                                    causal == 1,    q, k, v };
                struct kv_error_sum sum[KV_N_PAIRS] = { 0 };
                assert_int_equal(kv_sensitivity_add(&t, &s, sum, NULL), COSIM_OK);
                for (size_t p = 1; p < KV_N_PAIRS; p++) {
                    const double want =
                        plain_e_o(&t, &s, kv_pair_of(p).k_bits, kv_pair_of(p).v_bits);
                    /* below 1e-16 both are rounding noise of o itself */
                    assert_true(fabs(kv_errors_of(&sum[p]).e_o - want) <= 1e-10 * want + 1e-16);
                }
            }
    }
}

static void outlier_channels_hurt_keys_per_token_more_than_per_channel(void **state)
{
    static double q[N * H * D], k[N * HKV * D], v[N * HKV * D];
    const struct kv_layer_tensors t = { N, N, H, HKV, D, true, q, k, v };
    struct kv_scheme kivi = kv_schemes[1];
    struct kv_error_sum token[KV_N_PAIRS] = { 0 }, channel[KV_N_PAIRS] = { 0 };

    (void)state;
    kivi.residual_tokens = 0;
    fill(q, N * H * D, 2);
    fill(k, N * HKV * D, 2);
    fill(v, N * HKV * D, 2);
    for (size_t i = 0; i < N; i++)
        k[i * HKV * D + 1] += 10;
    assert_int_equal(kv_sensitivity_add(&t, &kv_schemes[0], token, NULL), COSIM_OK);
    assert_int_equal(kv_sensitivity_add(&t, &kivi, channel, NULL), COSIM_OK);
    assert_true(e_o(token, "K4V16") > 2 * e_o(channel, "K4V16"));
}

static void shapes_that_do_not_fit_are_refused(void **state)
{
    struct kv_error_sum sum[KV_N_PAIRS] = { 0 };
    struct kv_layer_tensors t = worked;

    (void)state;
    t.n_kv_heads = 2;
    assert_int_equal(kv_sensitivity_add(&t, &kv_schemes[0], sum, NULL), COSIM_ERANGE);
    t = worked;
    t.n_q = 4;
    assert_int_equal(kv_sensitivity_add(&t, &kv_schemes[0], sum, NULL), COSIM_ERANGE);
}

/* Writes an array of doubles as .npy; the caller unlinks it. */
static void write_npy(char *path, const char *shape, const double *x, size_t n)
{
    char header[128];

    strcpy(path, "/tmp/cosim-npy-XXXXXX");
    FILE *f = fdopen(mkstemp(path), "wb");
    assert_non_null(f);
    const int len = snprintf(header, sizeof header,
                             "{'descr': '<f8', 'fortran_order': False, 'shape': %s}\n", shape);
    assert_true(fwrite("\x93NUMPY\x01", 1, 7, f) == 7 && fputc(0, f) == 0);
    assert_true(fputc(len & 255, f) != EOF && fputc(len >> 8, f) != EOF);
    assert_int_equal(fwrite(header, 1, (size_t)len, f), len);
    assert_int_equal(fwrite(x, sizeof *x, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void dumped_arrays_give_the_worked_errors(void **state)
{
    static const char *const q_shape = "(1, 1, 1, 4)";
    static const char *const kv_shape[2] = { "(1, 3, 1, 4)", "(1, 1, 3, 4)" };

    (void)state;
    for (int heads_first = 0; heads_first < 2; heads_first++) {
        char q[32], k[32], v[32];
        struct table *t;
        cosim_error e = { 0 };
        write_npy(q, q_shape, q1, 4);
        write_npy(k, kv_shape[heads_first], k3, 12);
        write_npy(v, kv_shape[heads_first], v3, 12);
        const struct kv_sensitivity_options o = {
            .q = q, .k = k, .v = v, .heads_first = heads_first == 1
        };
        if (kv_sensitivity_run(&o, &t, &e) != COSIM_OK)
            fail_msg("%s: %s", e.file, e.msg);
        assert_int_equal(t->n_rows, KV_N_PAIRS - 1);
        for (size_t r = 0; r < t->n_rows; r++) {
            if (!strcmp(table_cell(t, r, 1)->as.str, "KV4")) /* T7.9c, through float */
                assert_rel(table_cell(t, r, table_column(t, "e_o"))->as.f64, .0330677477, 1e-5);
            assert_false(table_cell(t, r, table_column(t, "kl_nats"))->known);
        }
        table_free(t);
        assert_int_equal(unlink(q) + unlink(k) + unlink(v), 0);
    }
}

static void a_run_without_input_says_what_it_needs(void **state)
{
    struct table *t;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(kv_sensitivity_run(&(struct kv_sensitivity_options){ 0 }, &t, &e),
                     COSIM_EUSAGE);
    assert_null(t);
    e = (cosim_error){ 0 };
    assert_int_equal(kv_sensitivity_run(&(struct kv_sensitivity_options){ .mode = "kvi" }, &t, &e),
                     COSIM_EUNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_attention_errors_come_out),
        cmocka_unit_test(random_and_structured_tensors_agree_with_a_plain_reference),
        cmocka_unit_test(outlier_channels_hurt_keys_per_token_more_than_per_channel),
        cmocka_unit_test(shapes_that_do_not_fit_are_refused),
        cmocka_unit_test(dumped_arrays_give_the_worked_errors),
        cmocka_unit_test(a_run_without_input_says_what_it_needs),
    };
    return cmocka_run_group_tests_name("kv/sensitivity", tests, NULL, NULL);
}
