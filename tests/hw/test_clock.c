/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "hw/clock.h"
#include "support/close.h"
#include "support/world.h"

#include <string.h>

static struct assumption_db floor_of(const char *value)
{
    struct assumption_db db;
    cosim_error e = { 0 };
    char text[256];

    (void)snprintf(text, sizeof text,
                   "key,qualifier,value,unit,origin,source\n"
                   "voltage_floor_ratio,*,%s,ratio,assumed,a test\n",
                   value);
    if (assumption_db_parse(&db, "test", text, strlen(text), &world.arena, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return db;
}

static struct rates at_clock(double ratio, const char *floor)
{
    const struct assumption_db db = floor_of(floor);
    struct rates r = world_rates("h100-sxm");

    assert_int_equal(rates_set_clock(&r, ratio, &db, &world.arena, NULL), COSIM_OK);
    return r;
}

static void the_nominal_clock_changes_no_bit(void **state)
{
    const struct assumption_db db = floor_of("0.7");
    const struct rates nominal = world_rates("h100-sxm");
    struct rates r = nominal;

    (void)state;
    assert_int_equal(rates_set_clock(&r, 1.0, &db, &world.arena, NULL), COSIM_OK);
    assert_memory_equal(&r, &nominal, sizeof r);
}

/* 40 nF, 0.9 V, 1.8 GHz against 0.75 V, 1.35 GHz: 58.32 W and 30.375 W (T6.6). */
static void power_goes_with_frequency_and_the_square_of_the_voltage(void **state)
{
    const double ratio = 1.35 / 1.8, volts = 0.75 / 0.9;
    const struct rates nominal = world_rates("h100-sxm"),
                       r = at_clock(ratio, "0.83333333333333337");
    const double j = r.j_per_flop[PREC_BF16].value / nominal.j_per_flop[PREC_BF16].value;
    const double s = r.s_per_flop[PREC_BF16].value / nominal.s_per_flop[PREC_BF16].value;

    (void)state;
    assert_rel(clock_voltage_ratio(ratio, volts), volts, 1e-15);
    assert_rel(58.32 * j / s, 30.375, 1e-12);
}

/* V ~ f without a floor: E(f) = (P_s + k f^3) / f has its optimum at (P_s / 2k)^(1/3) (T6.6b). */
static void the_best_clock_balances_static_and_dynamic_energy(void **state)
{
    const double static_w = 20.0, k = 58.32 / (1.8 * 1.8 * 1.8);
    double best = INF_F64, best_ghz = 0.0;

    (void)state;
    for (int i = 20; i <= 180; i++) {
        const double ghz = i / 100.0, ratio = ghz / 1.8;
        const struct rates nominal = world_rates("h100-sxm"), r = at_clock(ratio, "1e-6");
        const double s =
            r.s_per_flop[PREC_BF16].value / nominal.s_per_flop[PREC_BF16].value / 1.8e9;
        const double j =
            58.32 / 1.8e9 * (r.j_per_flop[PREC_BF16].value / nominal.j_per_flop[PREC_BF16].value);
        const double total_j = static_w * s + j;
        assert_rel(total_j, (static_w + k * ghz * ghz * ghz) / (ghz * 1e9), 1e-12);
        if (total_j < best) {
            best = total_j;
            best_ghz = ghz;
        }
    }
    assert_rel(best_ghz, 1.0, 1e-12);
    assert_rel(best, 3.0e-8, 1e-9);
}

static void memory_links_and_static_power_keep_their_rates(void **state)
{
    static const enum rate kept[] = { RATE_S_PER_MEM_BYTE,   RATE_J_PER_MEM_BYTE, RATE_STATIC_W,
                                      RATE_S_PER_LINK_BYTE,  RATE_LAUNCH_S,       RATE_OP_FLOOR_S,
                                      RATE_MEM_USABLE_BYTES, RATE_CAPEX_USD_PER_S };
    const struct rates nominal = world_rates("h100-sxm"), r = at_clock(0.5, "0.7");

    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_rel(r.rate[kept[i]].value, nominal.rate[kept[i]].value, 0);
    assert_rel(r.rate[RATE_S_PER_CACHE_BYTE].value, 2.0 * nominal.rate[RATE_S_PER_CACHE_BYTE].value,
               1e-15);
    assert_int_equal(r.j_per_flop[PREC_BF16].origin, ORIGIN_ASSUMED);
    assert_non_null(strstr(r.s_per_flop[PREC_BF16].source, "at 0.5 of the clock"));
}

static void a_clock_without_a_voltage_floor_is_an_error(void **state)
{
    const struct assumption_db db = { .path = "none" };
    struct rates r = world_rates("h100-sxm");
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(rates_set_clock(&r, 0.5, &db, &world.arena, &e), COSIM_EUNSUPPORTED);
    assert_non_null(strstr(e.msg, "voltage_floor_ratio"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nominal_clock_changes_no_bit),
        cmocka_unit_test(power_goes_with_frequency_and_the_square_of_the_voltage),
        cmocka_unit_test(the_best_clock_balances_static_and_dynamic_energy),
        cmocka_unit_test(memory_links_and_static_power_keep_their_rates),
        cmocka_unit_test(a_clock_without_a_voltage_floor_is_an_error),
    };

    return cmocka_run_group_tests(tests, world_load, world_release);
}
