/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/route.h"
#include "alloc/route_check.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

/* For every set of devices: the most leading layers that they can hold within the limit. */
struct probe {
    const struct route_chain *c;
    size_t *reach;   /* per set */
    size_t *first;   /* per set: where its last stage starts */
    uint32_t *last;  /* per set: device of its last stage */
    double *slowest; /* per set: cost of its slowest stage */
};

/* Layers that device k can run from `from` on within the limit; *cost of that stage. */
static size_t stretch(const struct route_chain *c, size_t k, size_t from, double limit,
                      double *cost)
{
    const size_t d = c->n_devices, m = c->n_objectives;
    double sum = c->entry ? c->entry[k * m] : 0.0;
    uint64_t bytes = 0;
    size_t l = from;

    *cost = 0.0;
    for (; l < c->n_layers; l++) {
        const double more = sum + c->cost[(l * d + k) * m];
        const uint64_t held = bytes + (c->bytes ? c->bytes[l * d + k] : 0);

        if (!(more <= limit) || (c->bytes && c->capacity && held > c->capacity[k]))
            break;
        sum = more;
        bytes = held;
        *cost = sum;
    }
    return l;
}

static void extend(struct probe *p, size_t set, size_t k, double limit)
{
    const size_t with = set | (size_t)1 << k;
    double cost;
    const size_t reach = stretch(p->c, k, p->reach[set], limit, &cost);
    const double slowest = max_f64(cost, p->slowest[set]);

    if (reach > p->reach[with] || (reach == p->reach[with] && slowest < p->slowest[with])) {
        p->reach[with] = reach;
        p->first[with] = p->reach[set];
        p->last[with] = (uint32_t)k;
        p->slowest[with] = slowest;
    }
}

/* A longer start never hurts, so the longest one per set is enough. True: all layers are placed. */
static bool try_limit(struct probe *p, double limit, bool fixed_order)
{
    const size_t d = p->c->n_devices, n_sets = (size_t)1 << d;

    for (size_t set = 0; set < n_sets; set++) {
        p->reach[set] = 0;
        p->slowest[set] = set ? INF_F64 : 0.0;
        p->first[set] = 0;
        p->last[set] = 0;
    }
    for (size_t set = 0; set < n_sets; set++) {
        if (isinf(p->slowest[set]))
            continue; /* in fixed order only growing sets are reached */
        for (size_t k = 0; k < d; k++)
            if (!(set >> k & 1) && (!fixed_order || set == ((size_t)1 << k) - 1))
                extend(p, set, k, limit);
    }
    return p->reach[n_sets - 1] == p->c->n_layers;
}

static void read_stages(struct route_pipeline *out, const struct probe *p)
{
    size_t set = ((size_t)1 << p->c->n_devices) - 1, n = 0;
    size_t end = p->c->n_layers;
    uint32_t device[ROUTE_DEVICES_MAX];
    size_t first[ROUTE_DEVICES_MAX];

    for (; set; set &= ~((size_t)1 << p->last[set])) {
        if (p->first[set] == end)
            continue; /* an unused device */
        device[n] = p->last[set];
        end = first[n++] = p->first[set];
    }
    out->n_stages = n;
    for (size_t i = 0; i < n; i++) {
        out->device[i] = device[n - 1 - i];
        out->first[i] = first[n - 1 - i];
    }
    out->first[n] = p->c->n_layers;
    out->bottleneck = p->slowest[((size_t)1 << p->c->n_devices) - 1];
}

/* No stage can cost more than everything that is finite. */
static double highest(const struct route_chain *c)
{
    double sum = 0.0;

    for (size_t i = 0; i < c->n_layers * c->n_devices; i++)
        if (!isinf(c->cost[i * c->n_objectives]))
            sum += c->cost[i * c->n_objectives];
    for (size_t k = 0; c->entry && k < c->n_devices; k++)
        if (!isinf(c->entry[k * c->n_objectives]))
            sum += c->entry[k * c->n_objectives];
    return sum;
}

cosim_status route_chain_pipeline(struct route_pipeline *out, const struct route_chain *c,
                                  int fixed_order, struct arena *a, cosim_error *e)
{
    TRY(route_check(c, e));
    const size_t n_sets = (size_t)1 << c->n_devices;
    struct probe p = { c, ARENA_NEW(a, size_t, n_sets), ARENA_NEW(a, size_t, n_sets),
                       ARENA_NEW(a, uint32_t, n_sets), ARENA_NEW(a, double, n_sets) };
    *out = (struct route_pipeline){ .device = ARENA_NEW(a, uint32_t, c->n_devices),
                                    .first = ARENA_NEW(a, size_t, c->n_devices + 1) };
    if (!p.reach || !p.first || !p.last || !p.slowest || !out->device || !out->first)
        return err_set(e, COSIM_ENOMEM, "out of memory for a pipeline of %zu devices",
                       c->n_devices);
    double lo = 0.0, hi = highest(c);
    if (!try_limit(&p, hi, fixed_order))
        return err_set(e, COSIM_ENO, "the layers do not fit on the devices as a pipeline");
    read_stages(out, &p);
    hi = out->bottleneck;
    while (hi - lo > 1e-12 * hi) {
        const double mid = lo + 0.5 * (hi - lo);

        if (mid <= lo || mid >= hi)
            break;
        if (try_limit(&p, mid, fixed_order)) {
            read_stages(out, &p);
            hi = min_f64(mid, out->bottleneck);
        } else {
            lo = mid;
        }
    }
    /* the last few values are walked down one by one: the result is a cost that occurs */
    while (out->bottleneck > 0.0 && try_limit(&p, nextafter(out->bottleneck, 0.0), fixed_order))
        read_stages(out, &p);
    return COSIM_OK;
}
