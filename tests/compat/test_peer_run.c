/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/peer_run.h"

#include "support/close.h"

#include "core/num.h"

#include <string.h>

#define GIB 1073741824.0

/* Llama-2-7B on the A100 of GenZ's file (g000, g004) */
static const struct peer_case llama_genz = {
    .hidden = 4096,
    .intermediate = 11008,
    .layers = 32,
    .heads = 32,
    .vocab = 32000,
    .peak_flops_per_s = 312e12,
    .mem_bytes_per_s = 2039 * GIB,
    .mem_bytes = 80 * GIB,
    .batch = 1,
    .prompt_tokens = 128,
    .output_tokens = 32,
};

/* Llama-2-7B on the A100 of LLM-Viewer's file (v000) */
static const struct peer_case llama_viewer = {
    .hidden = 4096,
    .intermediate = 11008,
    .layers = 32,
    .heads = 32,
    .vocab = 32000,
    .peak_flops_per_s = 312e12,
    .int8_ops_per_s = 624e12,
    .mem_bytes_per_s = 2039e9,
    .batch = 1,
    .prompt_tokens = 128,
    .output_tokens = 1,
};

static double column_sum(const struct table *t, const char *stage, const char *column)
{
    const size_t value = table_column(t, column), repeat = table_column(t, "repeat");
    double sum = 0.0;

    for (size_t r = 0; r < t->n_rows; r++)
        if (strcmp(table_cell(t, r, 0)->as.str, stage) == 0)
            sum += table_cell(t, r, value)->as.f64 * table_cell(t, r, repeat)->as.f64;
    return sum;
}

static void genz_estimates_equal_its_golden_rows(void **state)
{
    struct peer_totals k;
    struct table *t;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(peer_estimate("genz", &llama_genz, &t, &k, &e), COSIM_OK);
    assert_rel(k.tpot_s, 6.0742799612255975e-3, 1e-12);
    assert_rel(k.tokens_per_s, 164.6285660824615, 1e-12);
    assert_rel(k.weight_bytes, 12602.0 * 1048576, 1e-12);
    assert_rel(k.kv_bytes, 80.0 * 1048576, 1e-12);
    assert_rel(k.decode_kwh_reported, 8.485188479233207e-05, 1e-12);
    assert_false(k.offloaded);
    assert_rel(column_sum(t, "prefill", "time_s"), k.ttft_s, 1e-12);
    assert_rel(column_sum(t, "decode", "time_s"), k.tpot_s, 1e-12);
    assert_rel(column_sum(t, "decode", "flops"), k.decode_flops, 1e-12);
    table_free(t);
}

static void llm_viewer_estimates_equal_its_golden_rows(void **state)
{
    struct peer_totals k;
    struct table *t;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(peer_estimate("llm-viewer", &llama_viewer, &t, &k, &e), COSIM_OK);
    assert_rel(k.ttft_s, 0.007107107656694459, 1e-12);
    assert_rel(k.prefill_flops, 1666964258816.0, 1e-12);
    assert_rel(column_sum(t, "decode", "time_s"), k.tpot_s, 1e-12);
    assert_int_equal(t->n_rows, 2 * 16);
    assert_true(isnan(k.decode_kwh_reported));
    table_free(t);

    struct peer_case c = llama_viewer; /* v000's decode step sees 128 tokens of context */
    c.prompt_tokens = 127;
    assert_int_equal(peer_estimate("llm-viewer", &c, &t, &k, &e), COSIM_OK);
    assert_rel(k.tpot_s, 0.0065182880706228545, 1e-12);
    table_free(t);
}

static void more_bandwidth_is_never_slower(void **state)
{
    static const char *const peer[] = { "genz", "llm-viewer" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct peer_case c = i ? llama_viewer : llama_genz;
        struct peer_totals slow, fast;
        struct table *t;

        assert_int_equal(peer_estimate(peer[i], &c, &t, &slow, NULL), COSIM_OK);
        table_free(t);
        c.mem_bytes_per_s *= 2.0;
        c.peak_flops_per_s *= 2.0;
        assert_int_equal(peer_estimate(peer[i], &c, &t, &fast, NULL), COSIM_OK);
        table_free(t);
        assert_true(fast.ttft_s < slow.ttft_s && fast.tpot_s < slow.tpot_s);
        assert_true(fast.tpot_s >= slow.tpot_s / 2.0 * (1 - 1e-12));
    }
}

static void what_does_not_fit_is_offloaded(void **state)
{
    struct peer_case c = llama_genz;
    struct peer_totals fits, small;
    struct table *t;

    (void)state;
    assert_int_equal(peer_estimate("genz", &c, &t, &fits, NULL), COSIM_OK);
    table_free(t);
    c.mem_bytes = 8 * GIB;
    assert_int_equal(peer_estimate("genz", &c, &t, &small, NULL), COSIM_OK);
    table_free(t);
    assert_true(small.offloaded && small.tpot_s > 5.0 * fits.tpot_s);
}

static void what_the_peers_do_not_model_is_refused(void **state)
{
    static const struct {
        const char *peer;
        struct peer_case change; /* nonzero members replace those of the base */
        cosim_status st;
        const char *msg;
    } row[] = {
        { "genz", { .w_bits = 4 }, COSIM_EUNSUPPORTED, "no format" },
        { "genz", { .tp = 2 }, COSIM_EUSAGE, "link_bytes_per_s" },
        { "genz", { .tp = 1.5 }, COSIM_ERANGE, "'tp'" },
        { "genz", { .layers = -1 }, COSIM_ERANGE, "'layers'" },
        { "genz", { .pp = 64, .link_bytes_per_s = 1e9 }, COSIM_EUNSUPPORTED, "no layer" },
        { "llm-viewer", { .tp = 2 }, COSIM_EUNSUPPORTED, "one device" },
        { "llm-viewer", { .experts = 8 }, COSIM_EUNSUPPORTED, "experts" },
        { "llm-viewer", { .ffn_in = 1 }, COSIM_EUNSUPPORTED, "gated" },
        { "calculon", { .tp = 1 }, COSIM_EUNSUPPORTED, "golden files only" },
        { "gens", { .tp = 1 }, COSIM_EUNKNOWN, "gens" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct peer_case c = llama_genz;
        const struct peer_case *d = &row[i].change;
        struct peer_totals k;
        struct table *t;
        cosim_error e = { 0 };

        c.tp = d->tp, c.pp = d->pp, c.experts = d->experts, c.ffn_in = d->ffn_in;
        c.w_bits = d->w_bits, c.link_bytes_per_s = d->link_bytes_per_s;
        c.layers = d->layers != 0.0 ? d->layers : c.layers;
        if (peer_estimate(row[i].peer, &c, &t, &k, &e) != row[i].st || !strstr(e.msg, row[i].msg))
            fail_msg("row %zu: '%s'", i, e.msg);
        assert_null(t);
    }
}

static void required_numbers_are_asked_for_by_name(void **state)
{
    struct peer_case c = llama_genz;
    struct peer_totals k;
    struct table *t;
    cosim_error e = { 0 };

    (void)state;
    c.hidden = UNKNOWN_F64;
    assert_int_equal(peer_estimate("genz", &c, &t, &k, &e), COSIM_EUSAGE);
    assert_non_null(strstr(e.msg, "'hidden'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genz_estimates_equal_its_golden_rows),
        cmocka_unit_test(llm_viewer_estimates_equal_its_golden_rows),
        cmocka_unit_test(more_bandwidth_is_never_slower),
        cmocka_unit_test(what_does_not_fit_is_offloaded),
        cmocka_unit_test(what_the_peers_do_not_model_is_refused),
        cmocka_unit_test(required_numbers_are_asked_for_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
