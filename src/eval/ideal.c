/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/ideal.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

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

/* Power and cost come from a quotient of two bounds: rounding may go either way. */
#define ROUNDING (1.0 - 1e-12)

static double least_power_w(const struct load *l, double static_w)
{
    return static_w * l->n_devices * l->graph->par.dp * ROUNDING;
}

bool ideal_bound(const struct ideal *d, const struct load *l, double ppl_increase_ratio,
                 double metric[N_METRICS])
{
    struct point p;

    point_eval(&p, l, &d->rates, ppl_increase_ratio);
    for (int m = 0; m < N_METRICS; m++)
        metric[m] = p.metric[m];
    metric[METRIC_POWER] = least_power_w(l, d->rates.rate[RATE_STATIC_W].value);
    metric[METRIC_USD_PER_MTOK] *= ROUNDING;
    return p.reject == REJECT_NONE;
}

void ideal_groups_bound(const struct ideal_groups *g, const struct load *l,
                        double *const metric[N_METRICS])
{
    for (size_t i = 0; i < g->n; i++) {
        metric[METRIC_POWER][i] = least_power_w(l, g->columns.rate[RATE_STATIC_W][i]);
        metric[METRIC_USD_PER_MTOK][i] *= ROUNDING;
    }
}

/* Rate k of a device, of those that tell devices apart; 0 = unknown or none. */
#define N_TRAITS (N_RATES + 2 * N_PREC)

static double trait(const struct rates *r, size_t k)
{
    const double v = k < N_RATES            ? r->rate[k].value
                     : k < N_RATES + N_PREC ? r->s_per_flop[k - N_RATES].value
                                            : r->j_per_flop[k - N_RATES - N_PREC].value;
    return is_known(v) && v > 0.0 ? v : 0.0;
}

/* The greatest factor between two members in one rate; *at is its middle, geometrically. */
static double widest(const struct rates *rates, const uint32_t *member, size_t n, size_t *k,
                     double *at)
{
    double most = 1.0;

    for (size_t t = 0; t < N_TRAITS; t++) {
        double lo = INF_F64, hi = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double v = trait(&rates[member[i]], t);
            if (v > 0.0) {
                lo = min_f64(v, lo);
                hi = max_f64(v, hi);
            }
        }
        if (hi > 0.0 && hi / lo > most) {
            most = hi / lo;
            *k = t;
            *at = sqrt(hi) * sqrt(lo);
        }
    }
    return most;
}

/* Members below the middle first, each part in its old order; gives how many they are. */
static size_t part(const struct rates *rates, uint32_t *member, size_t n, size_t k, double at,
                   uint32_t *spare)
{
    size_t n_low = 0, n_high = 0;

    for (size_t i = 0; i < n; i++) {
        if (trait(&rates[member[i]], k) < at)
            member[n_low++] = member[i];
        else
            spare[n_high++] = member[i];
    }
    memcpy(member + n_low, spare, n_high * sizeof *spare);
    return n_low;
}

static void split(struct ideal_groups *g, const struct rates *rates, size_t most, uint32_t *spare)
{
    while (g->n < most) {
        size_t k = 0, best_k = 0, best = 0;
        double at = 0.0, best_at = 0.0, factor = 1.0;
        for (size_t i = 0; i < g->n; i++) {
            const double f =
                widest(rates, g->member + g->first[i], g->first[i + 1] - g->first[i], &k, &at);
            if (f > factor) {
                factor = f;
                best = i;
                best_k = k;
                best_at = at;
            }
        }
        uint32_t *const member = g->member + g->first[best];
        const size_t n = g->first[best + 1] - g->first[best];
        const size_t low = factor > 1.0 ? part(rates, member, n, best_k, best_at, spare) : 0;
        if (low == 0 || low == n)
            return;
        memmove(g->first + best + 2, g->first + best + 1, (g->n - best) * sizeof *g->first);
        g->first[best + 1] = g->first[best] + (uint32_t)low;
        g->n++;
    }
}

cosim_status ideal_groups_make(struct ideal_groups *g, const struct rates *rates, size_t n,
                               size_t most, struct arena *a, cosim_error *e)
{
    *g = (struct ideal_groups){ .n = 1 };
    g->first = ARENA_NEW(a, uint32_t, most + 2);
    g->member = ARENA_NEW(a, uint32_t, n);
    uint32_t *const spare = ARENA_NEW(a, uint32_t, n);
    struct ideal *const ideal = ARENA_NEW(a, struct ideal, most + 1);
    struct rates *const some = ARENA_NEW(a, struct rates, n > most ? n : most + 1);
    if (!g->first || !g->member || !spare || !ideal || !some)
        return err_set(e, COSIM_ENOMEM, "out of memory for groups of %zu devices", n);
    for (size_t d = 0; d < n; d++)
        g->member[d] = (uint32_t)d;
    g->first[0] = 0;
    g->first[1] = (uint32_t)n;
    split(g, rates, most, spare);
    for (size_t i = 0; i < g->n; i++) {
        const size_t n_some = g->first[i + 1] - g->first[i];
        for (size_t k = 0; k < n_some; k++)
            some[k] = rates[g->member[g->first[i] + k]];
        ideal_make(&ideal[i], some, n_some);
    }
    for (size_t i = 0; i < g->n; i++) {
        some[i] = ideal[i].rates;
        some[i].device = &ideal[i].device;
    }
    return rate_columns_make(&g->columns, some, g->n, a, e);
}
