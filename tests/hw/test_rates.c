/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/rates.h"

#include "core/num.h"
#include "support/close.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct arena arena;
static struct device_db devices;
static struct assumption_db assumptions;

static int load(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (device_db_load(&devices, "hwdb/devices.csv", &arena, &e) != COSIM_OK
        || assumption_db_load(&assumptions, "hwdb/assumptions.csv", &arena, &e) != COSIM_OK) {
        print_error("%s:%u:%u: %s\n", e.file, e.line, e.col, e.msg);
        return 1;
    }
    return 0;
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct rates rates_of(const char *id)
{
    cosim_error e = { 0 };
    const struct device *d;
    struct rates r = { 0 };

    if (device_find(&devices, id, &d, &e) != COSIM_OK
        || rates_make(&r, d, &assumptions, &arena, &e) != COSIM_OK)
        fail_msg("%s: %s", id, e.msg);
    return r;
}

static void a_measured_matmul_rate_is_the_efficiency(void **state)
{
    const struct rates r = rates_of("h100-sxm");

    (void)state;
    assert_rel(r.rate[RATE_ETA_COMPUTE].value, 794.5 / 989.4, 1e-12);
    assert_int_equal(r.rate[RATE_ETA_COMPUTE].origin, ORIGIN_MEASURED);
    assert_rel(r.s_per_flop[PREC_BF16].value, 1.0 / 794.5e12, 1e-12);
    assert_rel(r.s_per_flop[PREC_FP8].value, 1.0 / 1402.6e12, 1e-12);
    assert_int_equal(r.s_per_flop[PREC_FP8].origin, ORIGIN_MEASURED);
}

static void prices_follow_from_the_sheet_and_the_assumptions(void **state)
{
    const struct rates r = rates_of("h100-sxm");

    (void)state;
    assert_rel(r.rate[RATE_S_PER_MEM_BYTE].value, 1.0 / (3.35e12 * 0.8), 1e-12);
    assert_int_equal(r.rate[RATE_S_PER_MEM_BYTE].origin, ORIGIN_ASSUMED);
    assert_rel(r.rate[RATE_J_PER_MEM_BYTE].value, 40e-12, 1e-12); /* docs/model.md T6.3: 40 pJ/B */
    assert_rel(r.j_per_flop[PREC_BF16].value, 0.35e-12, 1e-12);   /* T6.3: 0.35 pJ */
    assert_rel(r.rate[RATE_STATIC_W].value, 105, 1e-12);
    assert_rel(r.rate[RATE_MEM_USABLE_BYTES].value, 80e9 * 0.9 - 0.5e9, 1e-12);
    assert_rel(r.rate[RATE_S_PER_LINK_BYTE].value, 1.0 / (450e9 * 0.8), 1e-12);
    assert_rel(r.rate[RATE_LINK_LATENCY_S].value, 1e-6, 1e-12); /* T4.1 */
    assert_rel(r.rate[RATE_LINK_DOMAIN].value, 8, 0);
    assert_rel(r.rate[RATE_COLLECTIVE_FLOOR_S].value, 5e-6, 1e-12);
    assert_rel(r.rate[RATE_OP_FLOOR_S].value, 3e-6, 1e-12);
    assert_rel(r.rate[RATE_CARBON_G_PER_J].value, 369.473 / 3.6e6 * 1.2, 1e-12);
}

static void energy_per_flop_scales_with_the_node_down_to_5_nm(void **state)
{
    (void)state;
    assert_rel(rates_of("a100-80gb-sxm").j_per_flop[PREC_BF16].value, 0.35e-12 * 7 / 5, 1e-12);
    assert_rel(rates_of("jetson-agx-orin-64gb").j_per_flop[PREC_FP16].value, 1.0e-12, 1e-12);
    assert_rel(rates_of("mi355x").j_per_flop[PREC_BF16].value, 0.35e-12, 1e-12); /* 3 nm */
    assert_rel(rates_of("h100-sxm").j_per_flop[PREC_INT8].value, 0.175e-12, 1e-12);
    assert_rel(rates_of("h100-sxm").j_per_flop[PREC_FP32].value, 1.4e-12, 1e-12);
}

static void an_absent_precision_falls_back_to_a_wider_one(void **state)
{
    static const struct {
        const char *id;
        enum precision want, used;
    } rows[] = {
        { "h100-sxm", PREC_FP4, PREC_FP8 },
        { "h100-sxm", PREC_FP6, PREC_FP8 },
        { "h100-sxm", PREC_INT4, PREC_INT8 },
        { "h100-sxm", PREC_INT1, PREC_INT8 },
        { "a100-80gb-sxm", PREC_FP8, PREC_BF16 },
        { "a100-80gb-sxm", PREC_FP4, PREC_BF16 },
        { "a100-80gb-sxm", PREC_INT1, PREC_INT1 },
        { "t4", PREC_BF16, PREC_FP16 },
        { "tpu-v5e", PREC_FP16, PREC_BF16 },
        { "epyc-7742", PREC_INT8, PREC_FP32 },
        { "epyc-7742", PREC_BF16, PREC_FP32 },
        { "jetson-orin-nano-8gb", PREC_FP32, PREC_VECTOR },
        { "trainium2", PREC_INT8, PREC_FP16 },
        { "core-i9-13900k", PREC_INT4, PREC_INT8 },
        { "b200-sxm", PREC_FP4, PREC_FP4 },
        { "trainium1", PREC_VECTOR, PREC_FP32 },
        { "h100-sxm", PREC_VECTOR, PREC_VECTOR },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rates r = rates_of(rows[i].id);
        const enum precision used = r.used[rows[i].want];
        if (used != rows[i].used)
            fail_msg("%s %s: used %s, want %s", rows[i].id, precision_name(rows[i].want),
                     precision_name(used), precision_name(rows[i].used));
        assert_rel(r.s_per_flop[rows[i].want].value, r.s_per_flop[used].value, 0);
        assert_rel(r.j_per_flop[rows[i].want].value, r.j_per_flop[used].value, 0);
    }
}

static void what_no_sheet_states_is_labelled_as_assumed(void **state)
{
    const struct rates phone = rates_of("snapdragon-8-gen-3"), tpu = rates_of("tpu-v5e");

    (void)state;
    assert_rel(phone.s_per_flop[PREC_FP16].value, 2.0 * phone.s_per_flop[PREC_INT8].value, 1e-12);
    assert_int_equal(phone.s_per_flop[PREC_FP16].origin, ORIGIN_ASSUMED);
    assert_rel(tpu.s_per_flop[PREC_VECTOR].value, 32.0 * tpu.s_per_flop[PREC_BF16].value, 1e-12);
    assert_int_equal(tpu.s_per_flop[PREC_VECTOR].origin, ORIGIN_ASSUMED);
    assert_int_equal(tpu.rate[RATE_STATIC_W].origin, ORIGIN_ASSUMED);
    assert_int_equal(rates_of("tpu-v4").rate[RATE_STATIC_W].origin, ORIGIN_SHEET);
    assert_rel(rates_of("tpu-v4").rate[RATE_STATIC_W].value, 90, 0);
}

static void a_device_without_a_rate_stays_unknown(void **state)
{
    const struct rates hnlpu = rates_of("hnlpu"), phone = rates_of("dimensity-9400");

    (void)state;
    for (int p = 0; p < N_PREC; p++)
        assert_false(is_known(hnlpu.s_per_flop[p].value));
    assert_false(is_known(rates_of("ascend-950dt").rate[RATE_J_PER_MEM_BYTE].value));
    assert_false(is_known(phone.rate[RATE_S_PER_LINK_BYTE].value));
    assert_int_equal(phone.rate[RATE_S_PER_LINK_BYTE].origin, ORIGIN_UNKNOWN);
    assert_rel(phone.rate[RATE_LINK_DOMAIN].value, 1, 0);
    assert_false(is_known(phone.rate[RATE_CAPEX_USD_PER_S].value));
}

static void a_known_price_is_spread_over_the_life_else_rent_is_paid(void **state)
{
    const struct rates own = rates_of("rtx-4090"), rent = rates_of("h100-sxm");

    (void)state;
    assert_rel(own.rate[RATE_CAPEX_USD_PER_S].value, 1599 / (3 * 31557600 * 0.6), 1e-12);
    assert_rel(own.rate[RATE_ELECTRICITY_USD_PER_J].value, 0.128 / 3.6e6 * 1.2, 1e-12);
    assert_rel(rent.rate[RATE_CAPEX_USD_PER_S].value, 3.49 / 3600, 1e-12);
    assert_rel(rent.rate[RATE_ELECTRICITY_USD_PER_J].value, 0, 0);
}

static void a_link_is_priced_by_its_family(void **state)
{
    (void)state;
    assert_rel(rates_of("a100-80gb-pcie").rate[RATE_LINK_DOMAIN].value, 2, 0);
    assert_rel(rates_of("gb200").rate[RATE_LINK_DOMAIN].value, 72, 0);
    assert_rel(rates_of("tpu-v5e").rate[RATE_LINK_DOMAIN].value, 256, 0);
    assert_rel(rates_of("l4").rate[RATE_S_PER_LINK_BYTE].value, 1.0 / (32e9 * 0.81), 1e-12);
    assert_rel(rates_of("l4").rate[RATE_J_PER_LINK_BYTE].value, 48e-12, 1e-12);
    assert_rel(rates_of("gaudi3").rate[RATE_LINK_LATENCY_S].value, 4e-6, 1e-12);
    assert_rel(rates_of("hnlpu").rate[RATE_LINK_LATENCY_S].value, 0.1e-6, 1e-12);
}

static void the_most_special_qualifier_wins(void **state)
{
    static const char text[] = "key,qualifier,value,unit,origin,source\n"
                               "j_per_mem_byte,LPDDR5,4,pJ/bit,assumed,x\n"
                               "j_per_mem_byte,LPDDR,5,pJ/bit,assumed,x\n"
                               "j_per_mem_byte,*,9,pJ/bit,assumed,x\n";
    static const struct {
        const char *qualifier;
        double pj_per_bit;
    } rows[] = { { "LPDDR5X-8533", 4 }, { "lpddr5", 4 }, { "LPDDR4X-4267", 5 }, { "HBM3", 9 } };
    struct assumption_db db;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(assumption_db_parse(&db, "a.csv", text, sizeof text - 1, &arena, &e),
                     COSIM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const q[] = { NULL, rows[i].qualifier };
        assert_rel(assumption_best(&db, "j_per_mem_byte", q, 2)->value, rows[i].pj_per_bit * 8e-12,
                   1e-12);
    }
    assert_rel(assumption_find(&db, "j_per_mem_byte", "LPDDR5X")->value, 72e-12, 1e-12);
    assert_null(assumption_find(&db, "eta_memory", "HBM3"));
}

static void a_bad_assumption_is_refused_with_its_place(void **state)
{
#define HEADER "key,qualifier,value,unit,origin,source\n"
    static const struct {
        const char *text, *msg;
        unsigned line, col;
    } bad[] = {
        { HEADER "eta_memry,*,0.8,ratio,assumed,x\n", "no assumption 'eta_memry'", 2, 1 },
        { HEADER "eta_memory,*,0.8,W,assumed,x\n", "'W' is not a unit of 'eta_memory'", 2, 18 },
        { HEADER "eta_memory,*,80,ratio,assumed,x\n", "80 is not a ratio", 2, 14 },
        { HEADER "eta_memory,*,0.8,ratio,guess,x\n", "no origin 'guess'", 2, 24 },
        { HEADER "eta_memory,*,0.8,ratio,unknown,x\n", "no origin 'unknown'", 2, 24 },
        { HEADER "eta_memory,*,,ratio,assumed,x\n", "must not be empty", 2, 14 },
        { HEADER "eta_memory,*,1,ratio,assumed,\n", "must not be empty", 2, 30 },
        { HEADER "eta_memory,*,1,ratio,assumed,x\neta_memory,*,1,ratio,assumed,x\n",
          "stands on line 2 already", 3, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct assumption_db db;
        cosim_error e = { 0 };
        struct arena a = { 0 };
        assert_int_not_equal(
            assumption_db_parse(&db, "a.csv", bad[i].text, strlen(bad[i].text), &a, &e), COSIM_OK);
        if (!strstr(e.msg, bad[i].msg) || e.line != bad[i].line || e.col != bad[i].col)
            fail_msg("case %zu: %u:%u: %s", i, e.line, e.col, e.msg);
        arena_release(&a);
    }
}

static bool begins(const char *text, const char *prefix)
{
    return text && strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_used(const struct assumption *row)
{
    char class_vendor[128];

    if (strcmp(row->qualifier, "*") == 0 || precision_find(row->qualifier) != N_PREC)
        return true;
    for (size_t i = 0; i < devices.n; i++) {
        const struct device *d = &devices.device[i];
        (void)snprintf(class_vendor, sizeof class_vendor, "%s %s", d->device_class, d->vendor);
        if (begins(d->id, row->qualifier) || begins(class_vendor, row->qualifier)
            || begins(d->mem_type, row->qualifier) || begins(d->link_type, row->qualifier)
            || begins(d->host_type, row->qualifier))
            return true;
    }
    return false;
}

static void every_assumption_applies_to_some_device(void **state)
{
    (void)state;
    for (size_t i = 0; i < assumptions.n; i++) {
        const struct assumption *row = &assumptions.row[i];
        if (strcmp(row->qualifier, "eager") != 0 && !is_used(row))
            fail_msg("line %u: '%s' for '%s' is used by no device", row->line, row->key,
                     row->qualifier);
    }
}

/* All units busy with their most demanding format. */
static double implied_peak_w(const struct rates *r)
{
    double flop_w = 0.0;

    for (int p = 0; p < N_PREC; p++) {
        const double w = r->device->peak_flops_per_s[p] * r->j_per_flop[p].value;
        if (is_known(w))
            flop_w = max_f64(flop_w, w);
    }
    return flop_w + r->device->mem_bytes_per_s * r->rate[RATE_J_PER_MEM_BYTE].value
           + r->rate[RATE_STATIC_W].value;
}

/* The bounds are wide because the coefficients are per class; few devices may leave them. */
static void implied_power_is_near_the_tdp(void **state)
{
    unsigned n = 0, n_outside = 0;

    (void)state;
    for (size_t i = 0; i < devices.n; i++) {
        const struct rates r = rates_of(devices.device[i].id);
        const double ratio = implied_peak_w(&r) / devices.device[i].tdp_w;
        if (!is_known(ratio))
            continue;
        n++;
        if (ratio < 0.4 || ratio > 1.6) {
            n_outside++;
            print_message("%s: %.2f of its TDP\n", devices.device[i].id, ratio);
        }
    }
    print_message("%u of %u devices with a TDP are outside 0.4 to 1.6 of it\n", n_outside, n);
    assert_true(n > 60);
    assert_true(n_outside <= 3);
}

static void every_rate_of_every_device_is_positive_or_unknown_and_has_a_source(void **state)
{
    (void)state;
    for (size_t i = 0; i < devices.n; i++) {
        const struct rates r = rates_of(devices.device[i].id);
        for (int k = 0; k < N_RATES; k++) {
            const struct sourced *s = &r.rate[k];
            if (!s->source || s->source[0] == '\0' || s->value < 0
                || is_known(s->value) != (s->origin != ORIGIN_UNKNOWN))
                fail_msg("%s %s = %g (%s)", devices.device[i].id, rate_name((enum rate)k), s->value,
                         origin_name(s->origin));
        }
        for (int p = 0; p < N_PREC; p++) {
            assert_true(!is_known(r.s_per_flop[p].value) || r.s_per_flop[p].value > 0);
            assert_non_null(r.s_per_flop[p].source);
            assert_non_null(r.j_per_flop[p].source);
        }
    }
    assert_string_equal(rate_name(RATE_S_PER_CACHE_BYTE), "s_per_cache_byte");
    assert_string_equal(rate_unit(RATE_STATIC_W), "W");
    assert_true(strlen(rate_doc(RATE_STATIC_W)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_measured_matmul_rate_is_the_efficiency),
        cmocka_unit_test(prices_follow_from_the_sheet_and_the_assumptions),
        cmocka_unit_test(energy_per_flop_scales_with_the_node_down_to_5_nm),
        cmocka_unit_test(an_absent_precision_falls_back_to_a_wider_one),
        cmocka_unit_test(what_no_sheet_states_is_labelled_as_assumed),
        cmocka_unit_test(a_device_without_a_rate_stays_unknown),
        cmocka_unit_test(a_known_price_is_spread_over_the_life_else_rent_is_paid),
        cmocka_unit_test(a_link_is_priced_by_its_family),
        cmocka_unit_test(the_most_special_qualifier_wins),
        cmocka_unit_test(a_bad_assumption_is_refused_with_its_place),
        cmocka_unit_test(every_assumption_applies_to_some_device),
        cmocka_unit_test(implied_power_is_near_the_tdp),
        cmocka_unit_test(every_rate_of_every_device_is_positive_or_unknown_and_has_a_source),
    };
    return cmocka_run_group_tests_name("hw/rates", tests, load, release);
}
