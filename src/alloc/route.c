/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/route.h"

#include "alloc/route_check.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

static cosim_status check_costs(const double *v, size_t n, bool may_be_infinite, const char *what,
                                cosim_error *e)
{
    for (size_t i = 0; v && i < n; i++)
        if (!(v[i] >= 0.0) || (isinf(v[i]) && !may_be_infinite))
            return err_set(e, COSIM_ERANGE, "%s number %zu is %g", what, i, v[i]);
    return COSIM_OK;
}

cosim_status route_check(const struct route_chain *c, cosim_error *e)
{
    const size_t d = c->n_devices, m = c->n_objectives;

    if (!c->n_layers || !d || d > ROUTE_DEVICES_MAX || !m || m > ROUTE_OBJECTIVES_MAX)
        return err_set(e, COSIM_EUSAGE,
                       "a route needs layers, 1 to %d devices and 1 to %d objectives",
                       ROUTE_DEVICES_MAX, ROUTE_OBJECTIVES_MAX);
    TRY(check_costs(c->cost, c->n_layers * d * m, true, "cost", e));
    TRY(check_costs(c->entry, d * m, true, "entry cost", e));
    TRY(check_costs(c->leave, d * m, true, "leave cost", e));
    for (size_t i = 0; c->transfer && i < d; i++)
        for (size_t k = 0; k < d; k++)
            if (i != k)
                TRY(check_costs(c->transfer + (i * d + k) * m, m, true, "transfer cost", e));
    return COSIM_OK;
}

void route_chain_sum(const struct route_chain *c, struct route_plan *plan)
{
    const size_t d = c->n_devices, m = c->n_objectives, last = plan->device[c->n_layers - 1];

    plan->n_transfers = 0;
    memset(plan->used_bytes, 0, sizeof plan->used_bytes);
    for (size_t q = 0; q < m; q++)
        plan->objective[q] = c->entry ? c->entry[plan->device[0] * m + q] : 0.0;
    for (size_t l = 0; l < c->n_layers; l++) {
        const size_t k = plan->device[l], from = l ? plan->device[l - 1] : k;

        plan->n_transfers += from != k;
        for (size_t q = 0; q < m; q++) {
            if (from != k && c->transfer)
                plan->objective[q] += c->transfer[(from * d + k) * m + q];
            plan->objective[q] += c->cost[(l * d + k) * m + q];
        }
        if (c->bytes)
            plan->used_bytes[k] += c->bytes[l * d + k];
    }
    for (size_t q = 0; q < m && c->leave; q++)
        plan->objective[q] += c->leave[last * m + q];
}

static double weighted(const double *v, const double *weight, size_t n)
{
    double sum = 0.0;

    for (size_t q = 0; v && q < n; q++)
        if (weight[q] > 0.0) /* 0 times infinity is not a number */
            sum += weight[q] * v[q];
    return sum;
}

static double move(const struct route_chain *c, size_t from, size_t to, const double *weight)
{
    if (from == to || !c->transfer)
        return 0.0;
    return weighted(c->transfer + (from * c->n_devices + to) * c->n_objectives, weight,
                    c->n_objectives);
}

/* Any infinite objective forbids, whatever its weight. */
static double place(const double *v, const double *weight, size_t n)
{
    for (size_t q = 0; v && q < n; q++)
        if (isinf(v[q]))
            return INF_F64;
    return weighted(v, weight, n);
}

cosim_status route_chain_best(struct route_plan *plan, const struct route_chain *c,
                              const double *weight, struct arena *a, cosim_error *e)
{
    const size_t d = c->n_devices, m = c->n_objectives;
    double now[ROUTE_DEVICES_MAX] = { 0 }, next[ROUTE_DEVICES_MAX];

    TRY(route_check(c, e));
    TRY(check_costs(weight, m, false, "weight", e));
    uint8_t *from = ARENA_NEW(a, uint8_t, c->n_layers * d);
    *plan = (struct route_plan){ .device = ARENA_NEW(a, uint32_t, c->n_layers) };
    if (!from || !plan->device)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu layers", c->n_layers);
    for (size_t k = 0; k < d; k++)
        now[k] = place(c->entry ? c->entry + k * m : NULL, weight, m)
                 + place(c->cost + k * m, weight, m);
    for (size_t l = 1; l < c->n_layers; l++) {
        for (size_t k = 0; k < d; k++) {
            next[k] = INF_F64;
            for (size_t j = 0; j < d; j++)
                if (now[j] + move(c, j, k, weight) < next[k]) {
                    next[k] = now[j] + move(c, j, k, weight);
                    from[l * d + k] = (uint8_t)j;
                }
            next[k] += place(c->cost + (l * d + k) * m, weight, m);
        }
        memcpy(now, next, d * sizeof *now);
    }
    size_t best = 0;
    for (size_t k = 0; k < d; k++) {
        now[k] += place(c->leave ? c->leave + k * m : NULL, weight, m);
        if (now[k] < now[best])
            best = k;
    }
    if (isinf(now[best]))
        return err_set(e, COSIM_ENO, "some layer runs on none of the devices");
    for (size_t l = c->n_layers; l-- > 0;) {
        plan->device[l] = (uint32_t)best;
        best = from[l * d + best];
    }
    route_chain_sum(c, plan);
    return COSIM_OK;
}
