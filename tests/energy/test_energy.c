/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "energy/energy.h"

#include "support/close.h"

#define J_PER_KWH 3.6e6

/* T6.9: 0.5 J/token, PUE 1.2, 400 g/kWh. */
static void carbon_is_energy_times_the_grid(void **state)
{
    (void)state;
    assert_rel(0.5 * 1e6 / J_PER_KWH, 0.1388888889, 1e-9);
    assert_rel(energy_carbon_g_per_mtok(0.5, 1.2 * 400 / J_PER_KWH), 66.66666667, 1e-9);
}

/* T6.10: $30k over 4 years at 60 %, 560 W busy, PUE 1.3, $0.10/kWh, 2500 token/s. */
static void dollars_are_capital_and_electricity(void **state)
{
    const double capex_usd_per_s = 30000 / (4 * 365.25 * 86400 * 0.6);
    const double electricity = 1.3 * 0.10 / J_PER_KWH;

    (void)state;
    assert_rel(energy_usd_per_mtok(capex_usd_per_s, 560, 0, 2500), 0.1584404391, 1e-9);
    assert_rel(energy_usd_per_mtok(0, 560, electricity, 2500), 0.008088888889, 1e-9);
    assert_rel(energy_usd_per_mtok(capex_usd_per_s, 560, electricity, 2500), 0.1665293280, 1e-9);
}

static void a_step_costs_its_work_and_its_time(void **state)
{
    (void)state;
    assert_rel(energy_j(2, 100, 0.5), 52, 0);
    assert_rel(energy_j(2, 0, 1e9), 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carbon_is_energy_times_the_grid),
        cmocka_unit_test(dollars_are_capital_and_electricity),
        cmocka_unit_test(a_step_costs_its_work_and_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
