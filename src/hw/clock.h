/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device at a slower clock (dynamic voltage and frequency scaling). Arithmetic and caches take
 * 1 / ratio of their time; memory, links, the start of kernels, static power and price stay. Energy
 * of switching goes with the square of the voltage:
 *
 *   V / V_0 = max(ratio, floor)     P_dyn = a C V^2 f
 *
 * source   textbook CMOS power with V ~ f in the linear range; the floor is a row of
 * assumptions.csv
 */
#ifndef HW_CLOCK_H
#define HW_CLOCK_H

#include "hw/rates.h"

/** V / V_0 at a clock ratio in (0, 1]. */
double clock_voltage_ratio(double clock_ratio, double voltage_floor_ratio);

/**
 * Sets the rates of a device to `clock_ratio` in (0, 1] of its nominal clock; 1 changes no bit. The
 * sources of what changed say so and live in the arena.
 */
cosim_status rates_set_clock(struct rates *r, double clock_ratio, const struct assumption_db *db,
                             struct arena *a, cosim_error *e);

#endif
