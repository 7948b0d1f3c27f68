/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "report/si.h"

#include "support/close.h"

static void people_read_four_digits_and_a_prefix(void **state)
{
    static const struct {
        double v;
        const char *unit, *shown, *brief;
    } row[] = {
        { 0.0032, "s", "3.200 ms", "3.2 ms" },
        { 12.3456e-6, "s", "12.35 µs", "12.35 µs" },
        { 5e-10, "s", "500.0 ps", "500 ps" },
        { 1e-15, "s", "0.001000 ps", "0.001 ps" },
        { 12.5, "s", "12.50 s", "12.5 s" },
        { 999.96e-6, "s", "1.000 ms", "1 ms" },
        { 999.94e-6, "s", "999.9 µs", "999.9 µs" },
        { 0, "s", "0 s", "0 s" },
        { -0.0, "s", "0 s", "0 s" },
        { -0.25, "s", "-250.0 ms", "-250 ms" },
        { 3.35e12, "byte/s", "3.350 TB/s", "3.35 TB/s" },
        { 80e9, "byte", "80.00 GB", "80 GB" },
        { 512, "byte", "512 B", "512 B" },
        { 1000, "byte", "1.000 kB", "1 kB" },
        { 4096, "byte", "4.096 kB", "4.096 kB" },
        { 0.5, "byte", "0.5000 B", "0.5 B" },
        { 989.5e12, "flop/s", "989.5 Tflop/s", "989.5 Tflop/s" },
        { 2.5e18, "flop", "2.500 Eflop", "2.5 Eflop" },
        { 2.5e22, "flop", "25000 Eflop", NULL },
        { 295.2238, "flop/byte", "295.2 flop/byte", NULL },
        { 4.1e-12, "J/byte", "4.100 pJ/B", NULL },
        { 0.0421, "J/token", "42.10 mJ/token", "42.1 mJ/token" },
        { 700, "W", "700 W", "700 W" },
        { 1.5e6, "J", "1.500 MJ", "1.5 MJ" },
        { 1.755e9, "Hz", "1.755 GHz", NULL },
        { 5123.44, "token/s", "5123 token/s", NULL },
        { 0.12345, "USD", "0.1235 USD", NULL },
        { 0.00001234, "USD", "1.234e-05 USD", NULL },
        { 0.75, "ratio", "0.7500", "0.75" },
        { 2048, "", "2048", "2048" },
        { 123456.7, "", "123457", NULL },
        { 1234567.5, "", "1.235e+06", NULL },
        { 6.25, "perplexity", "6.250 perplexity", "6.25 perplexity" },
        { 9.9996, "", "10.00", "10" },
        { 9.9994, "", "9.999", "9.999" },
        { INF_F64, "s", "inf s", "inf s" },
        { UNKNOWN_F64, "s", "-", "-" },
    };
    char buf[64];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        assert_string_equal(si_format(buf, sizeof buf, row[i].v, row[i].unit), row[i].shown);
        if (row[i].brief)
            assert_string_equal(si_format_short(buf, sizeof buf, row[i].v, row[i].unit),
                                row[i].brief);
    }
}

static void every_prefix_is_a_thousand_times_the_one_below(void **state)
{
    static const char *const symbol[] = { "pJ", "nJ", "µJ", "mJ", "J", "kJ",
                                          "MJ", "GJ", "TJ", "PJ", "EJ" };
    const struct si_unit joule = si_unit_of("J");
    char buf[64];

    (void)state;
    for (int p = -4; p <= 6; p++) {
        assert_int_equal(si_power(1.5 * si_scale(p), &joule), p);
        si_symbol(buf, sizeof buf, "J", p);
        assert_string_equal(buf, symbol[p + 4]);
        if (p > -4)
            assert_rel(si_scale(p) / si_scale(p - 1), 1000.0, 1e-15);
    }
}

static void headings_lose_the_unit_that_the_cells_carry(void **state)
{
    static const struct {
        const char *name, *unit, *heading;
    } row[] = {
        { "latency_s", "s", "latency" },
        { "bandwidth_bytes_per_s", "byte/s", "bandwidth" },
        { "energy_j_per_token", "J/token", "energy" },
        { "latency_s", "J", "latency_s" },
        { "model", "", "model" },
        { "_s", "s", "_s" },
    };
    char buf[64];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(si_heading(buf, sizeof buf, row[i].name, row[i].unit), row[i].heading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_read_four_digits_and_a_prefix),
        cmocka_unit_test(every_prefix_is_a_thousand_times_the_one_below),
        cmocka_unit_test(headings_lose_the_unit_that_the_cells_carry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
