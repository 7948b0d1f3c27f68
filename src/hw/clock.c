/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/clock.h"

#include "core/num.h"

double clock_voltage_ratio(double clock_ratio, double voltage_floor_ratio)
{
    return max_f64(clock_ratio, voltage_floor_ratio);
}

static cosim_status scale(struct sourced *s, double factor, const char *why, struct arena *a,
                          cosim_error *e)
{
    if (!is_known(s->value))
        return COSIM_OK;
    s->value *= factor;
    s->origin = ORIGIN_ASSUMED;
    s->source = arena_printf(a, "%s; %s", s->source, why);
    return s->source ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for rates");
}

cosim_status rates_set_clock(struct rates *r, double clock_ratio, const struct assumption_db *db,
                             struct arena *a, cosim_error *e)
{
    const char *const qualifier[] = { r->device->id, r->device->device_class };
    const struct assumption *floor = assumption_best(db, "voltage_floor_ratio", qualifier, 2);

    if (!(clock_ratio < 1.0))
        return COSIM_OK;
    if (!floor)
        return err_set(e, COSIM_EUNSUPPORTED, "no assumption 'voltage_floor_ratio' for '%s'",
                       r->device->id);
    const double volts = clock_voltage_ratio(clock_ratio, floor->value);
    const char *slow = arena_printf(a, "at %g of the clock", clock_ratio);
    const char *low = arena_printf(a, "at %g of the voltage: %s", volts, floor->source);
    if (!slow || !low)
        return err_set(e, COSIM_ENOMEM, "out of memory for rates");
    for (int p = 0; p < N_PREC; p++) {
        TRY(scale(&r->s_per_flop[p], 1.0 / clock_ratio, slow, a, e));
        TRY(scale(&r->j_per_flop[p], volts * volts, low, a, e));
    }
    TRY(scale(&r->rate[RATE_S_PER_CACHE_BYTE], 1.0 / clock_ratio, slow, a, e));
    return scale(&r->rate[RATE_J_PER_CACHE_BYTE], volts * volts, low, a, e);
}
