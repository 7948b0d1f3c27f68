/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/ideal.h"

#include "core/num.h"

static void take_least(double *best, double v)
{
    if (is_known(v) && (!is_known(*best) || v < *best))
        *best = v;
}

static void take_greatest(double *best, double v)
{
    if (is_known(v) && (!is_known(*best) || v > *best))
        *best = v;
}

/* Capacities and shares are better when larger; all other rates are prices. */
static bool larger_is_better(int rate)
{
    return rate == RATE_MEM_USABLE_BYTES || rate == RATE_LINK_DOMAIN || rate == RATE_ETA_COMPUTE
           || rate == RATE_ETA_MEMORY || rate == RATE_ETA_LINK;
}

void ideal_make(struct ideal *d, const struct rates *rates, size_t n)
{
    *d = (struct ideal){ .device = *rates[0].device, .rates = rates[0] };
    d->rates.device = &d->device;
    for (size_t i = 1; i < n; i++) {
        for (int r = 0; r < N_RATES; r++) {
            double *best = &d->rates.rate[r].value;
            if (larger_is_better(r))
                take_greatest(best, rates[i].rate[r].value);
            else
                take_least(best, rates[i].rate[r].value);
        }
        for (int p = 0; p < N_PREC; p++) {
            take_least(&d->rates.s_per_flop[p].value, rates[i].s_per_flop[p].value);
            take_least(&d->rates.j_per_flop[p].value, rates[i].j_per_flop[p].value);
        }
        take_least(&d->device.price_usd, rates[i].device->price_usd);
    }
}

bool ideal_bound(const struct ideal *d, const struct load *l, double ppl_increase_ratio,
                 double metric[N_METRICS])
{
    struct point p;

    point_eval(&p, l, &d->rates, ppl_increase_ratio);
    for (int m = 0; m < N_METRICS; m++)
        metric[m] = p.metric[m];
    metric[METRIC_POWER] = 0.0;
    return p.reject == REJECT_NONE;
}
