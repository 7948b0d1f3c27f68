/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/qeil.h"

#include "core/num.h"

#include <gsl/gsl_sf_lambert.h>
#include <math.h>

double qeil_combine(double compute_s, double memory_s, double other_s, double p)
{
    const double most = max_f64(compute_s, max_f64(memory_s, other_s));

    if (!(most > 0.0) || isinf(p))
        return most;
    return most
           * pow(pow(compute_s / most, p) + pow(memory_s / most, p) + pow(other_s / most, p),
                 1.0 / p);
}

double qeil_dasi(double compute_s, double memory_s, double other_s, double p)
{
    const double all = qeil_combine(compute_s, memory_s, other_s, p);

    return all > 0.0 ? compute_s / all : 0.0;
}

double qeil_cpq(double needed_bytes, double usable_bytes)
{
    return needed_bytes / usable_bytes;
}

double qeil_pressure(double cpq, const struct qeil_pressure *shape)
{
    const double gain = shape->gain > 0.0 ? shape->gain : 1.0;
    const double knee = shape->knee > 0.0 ? shape->knee : 0.80;
    const double x = min_f64(cpq, shape->ceiling > 0.0 ? shape->ceiling : 0.98);
    const double above = max_f64(0.0, x - knee);

    return 1.0 + gain * above * above / (1.0 - x);
}

double qeil_phi(double dynamic_w, double leak_w)
{
    const double all = dynamic_w + leak_w;

    return all > 0.0 ? dynamic_w / all : 1.0;
}

double qeil_energy(const struct qeil_work *w, double pressure, double phi)
{
    return (w->j_per_flop * w->flops + w->j_per_byte * w->bytes * pressure) / phi
           + w->idle_w * w->time_s;
}

double qeil_underuse(const double *busy_s, const double *weight, size_t n_devices,
                     double makespan_s)
{
    double busy = 0.0, all = 0.0;

    for (size_t k = 0; k < n_devices; k++) {
        const double w = weight ? weight[k] : 1.0;
        busy += w * busy_s[k];
        all += w;
    }
    return makespan_s * all > 0.0 ? 1.0 - busy / (makespan_s * all) : 0.0;
}

double qeil_leak(const struct qeil_leakage *l, double temperature_c)
{
    return l->leak_w * exp2((temperature_c - l->at_c) / l->doubling_k);
}

double qeil_subthreshold_ratio(double to_c, double from_c, double threshold_v, double slope)
{
    const double v_per_k = 8.617333262e-5; /* k_B/q, CODATA 2018 */
    const double to_k = to_c + 273.15, from_k = from_c + 273.15;

    return (to_k / from_k) * (to_k / from_k)
           * exp(threshold_v / (slope * v_per_k) * (1.0 / from_k - 1.0 / to_k));
}

cosim_status qeil_steady_state(struct qeil_steady *s, const struct qeil_package *p,
                               const struct qeil_leakage *l, double dynamic_w, cosim_error *e)
{
    const double b = log(2.0) / l->doubling_k;
    const double bare_c = p->ambient_c + p->k_per_w * dynamic_w;
    gsl_sf_result w;

    *s = (struct qeil_steady){ .z = b * p->k_per_w * l->leak_w * exp(b * (bare_c - l->at_c)),
                               .temperature_c = UNKNOWN_F64,
                               .leak_w = UNKNOWN_F64,
                               .loop_gain = UNKNOWN_F64 };
    if (!(s->z <= exp(-1.0)) || gsl_sf_lambert_W0_e(-s->z, &w) != 0)
        return err_set(e, COSIM_ENO,
                       "thermal runaway at %g W: leakage outgrows the cooling (z = %g > 1/e)",
                       dynamic_w, s->z);
    s->loop_gain = -w.val;
    s->temperature_c = bare_c + s->loop_gain / b;
    s->leak_w = qeil_leak(l, s->temperature_c);
    return COSIM_OK;
}

double qeil_sustained_w(const struct qeil_package *p, const struct qeil_leakage *l, double max_c)
{
    return (max_c - p->ambient_c) / p->k_per_w - qeil_leak(l, max_c);
}

double qeil_throttle_s(const struct qeil_package *p, double j_per_k, double power_w, double max_c)
{
    const double rise = power_w * p->k_per_w, room = max_c - p->ambient_c;

    if (!(rise > room))
        return INF_F64;
    return p->k_per_w * j_per_k * log(rise / (rise - room));
}
