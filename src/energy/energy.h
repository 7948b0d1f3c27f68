/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joules, dollars and grams from plain numbers: equations 6.1 (first form), 6.13, 6.14. */
#ifndef ENERGY_ENERGY_H
#define ENERGY_ENERGY_H

/** E = dynamic energy of the work + static power times time (6.1 without DVFS and leakage). */
static inline double energy_j(double dynamic_j, double static_w, double time_s)
{
    return dynamic_j + static_w * time_s;
}

/** Dollars per million tokens: capital (or rent) and electricity (6.14). */
static inline double energy_usd_per_mtok(double capex_usd_per_s, double power_w,
                                         double electricity_usd_per_j, double tokens_per_s)
{
    return (capex_usd_per_s + power_w * electricity_usd_per_j) / tokens_per_s * 1e6;
}

/** Operational grams of CO2 per million tokens (6.13; embodied carbon is not in it). */
static inline double energy_carbon_g_per_mtok(double j_per_token, double carbon_g_per_j)
{
    return j_per_token * carbon_g_per_j * 1e6;
}

#endif
