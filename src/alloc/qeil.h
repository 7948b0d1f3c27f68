/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * DASI, CPQ and Phi: how well a placement uses arithmetic, memory and power.
 *
 * OUR FORMULAS. Only the names are taken from the abstract of QEIL v2 (arXiv 2602.06057v3); its
 * body could not be obtained, so its definitions, constants and numbers were not seen and none of
 * them is claimed here. Reports must say "our formulation, named after QEIL".
 *
 * Temperatures in degrees Celsius, differences in kelvin.
 */
#ifndef ALLOC_QEIL_H
#define ALLOC_QEIL_H

#include "core/err.h"

#include <stddef.h>

/** p-mean combination of times: hard max for infinite p, sum for p = 1. 0 when all are 0. */
double qeil_combine(double compute_s, double memory_s, double other_s, double p);

/**
 * DASI = compute time / combined time, in [0, 1]: share of the step in which the arithmetic units
 * are needed (6.10).
 */
double qeil_dasi(double compute_s, double memory_s, double other_s, double p);

/** CPQ = bytes needed / bytes usable; feasible up to 1 (5.3). */
double qeil_cpq(double needed_bytes, double usable_bytes);

/* Shape of the pressure factor; zero-initialised = the defaults 1, 0.80, 0.98 (assumed). */
struct qeil_pressure {
    double gain, knee, ceiling;
};

/**
 * g(CPQ) = 1 + gain max(0, x - knee)^2 / (1 - x), x = min(CPQ, ceiling): what memory traffic costs
 * more, in time and energy, when memory is nearly full (5.4). After open addressing and first fit,
 * whose search cost grows like 1/(1 - occupancy).
 */
double qeil_pressure(double cpq, const struct qeil_pressure *shape);

/** Phi = P_dynamic / (P_dynamic + P_leak): share of the power that switches (6.11). */
double qeil_phi(double dynamic_w, double leak_w);

/* An operator or plan on one device. */
struct qeil_work {
    double flops, bytes, time_s;
    double j_per_flop, j_per_byte;
    double idle_w; /* without leakage: Phi accounts for that */
};

/** E = (j_per_flop F + j_per_byte Q g) / Phi + idle_w t (6.12). */
double qeil_energy(const struct qeil_work *w, double pressure, double phi);

/**
 * Under-utilisation 1 - sum_d w_d busy_d / (makespan sum_d w_d), the third objective of routing.
 * weight: peak flop/s, or NULL for 1 each.
 */
double qeil_underuse(const double *busy_s, const double *weight, size_t n_devices,
                     double makespan_s);

/* --- leakage and temperature -------------------------------------------------------------- */

/* P_leak(T) = leak_w 2^((T - at_c)/doubling_k): engineering fit of sub-threshold leakage (6.4). */
struct qeil_leakage {
    double leak_w, at_c, doubling_k;
};
double qeil_leak(const struct qeil_leakage *l, double temperature_c);

/** I(t)/I(t0) with I ~ T_K^2 exp(-V_th / (n k_B T_K / q)) (6.3); n: slope factor. */
double qeil_subthreshold_ratio(double to_c, double from_c, double threshold_v, double slope);

/* A package: T = ambient + resistance P in the steady state. */
struct qeil_package {
    double ambient_c, k_per_w;
};

struct qeil_steady {
    double z;             /* (6.6): runaway beyond 1/e */
    double temperature_c; /* NaN in runaway */
    double leak_w;
    double loop_gain; /* R dP_leak/dT, < 1 */
};

/**
 * Steady state with leakage in closed form, by Lambert's W0 (6.6). ENO: thermal runaway, no steady
 * state exists; `s->z` is still set. GSL's error handler must be off.
 */
cosim_status qeil_steady_state(struct qeil_steady *s, const struct qeil_package *p,
                               const struct qeil_leakage *l, double dynamic_w, cosim_error *e);

/** Dynamic power that the package can take at its limit for ever (6.7); may be negative. */
double qeil_sustained_w(const struct qeil_package *p, const struct qeil_leakage *l, double max_c);

/** Seconds at constant power from ambient until max_c; infinite when never (6.8). */
double qeil_throttle_s(const struct qeil_package *p, double j_per_k, double power_w, double max_c);

#endif
