/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Label setting: a label is a partial placement; dominated ones on the same device go. */
#include "alloc/route.h"
#include "alloc/route_check.h"

#include "core/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LABELS = 1 << 21, DIMS_MAX = ROUTE_OBJECTIVES_MAX + ROUTE_DEVICES_MAX };

/* Objectives, then used bytes per device when there are capacities. */
struct label {
    double v[DIMS_MAX];
    uint32_t from; /* label of the layer before */
    uint32_t device;
};

struct step {
    uint32_t from, device;
};

struct labels {
    const struct route_chain *c;
    size_t n_dims;
    struct label *now, *next;
    size_t cap_next, cap_now;
    struct step *step; /* of all layers */
    size_t n_steps, cap_steps, max_steps;
};

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for placements");
}

static bool grow(void **array, size_t *cap, size_t n, size_t size)
{
    size_t want = *cap ? *cap : 256;

    if (n <= *cap)
        return true;
    while (want < n)
        want *= 2;
    void *more = realloc(*array, want * size);
    if (!more)
        return false;
    *array = more;
    *cap = want;
    return true;
}

/* By device, then by coordinates, then by origin: a total order, so the result has one order. */
static int compare(const void *a, const void *b)
{
    const struct label *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    for (size_t i = 0; i < DIMS_MAX; i++)
        if (x->v[i] != y->v[i])
            return x->v[i] < y->v[i] ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

static bool covers(const struct label *a, const struct label *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a->v[i] > b->v[i])
            return false;
    return true;
}

/* Keeps, per device, what no earlier label in the order covers; gives the number kept. */
static size_t filter(struct label *l, size_t n, size_t n_dims)
{
    size_t kept = 0, device_start = 0;

    qsort(l, n, sizeof *l, compare);
    for (size_t i = 0; i < n; i++) {
        bool covered = false;

        if (!kept || l[kept - 1].device != l[i].device)
            device_start = kept;
        for (size_t k = device_start; k < kept && !covered; k++)
            covered = covers(&l[k], &l[i], n_dims);
        if (!covered)
            l[kept++] = l[i];
    }
    return kept;
}

/* Adds to the objectives; false when one becomes infinite. */
static bool add(struct label *l, const double *v, size_t n)
{
    for (size_t q = 0; v && q < n; q++) {
        l->v[q] += v[q];
        if (isinf(l->v[q]))
            return false;
    }
    return true;
}

/* `base` goes on with layer `layer` on device k. */
static bool extend(const struct labels *s, struct label *l, size_t layer, size_t k)
{
    const struct route_chain *c = s->c;
    const size_t d = c->n_devices, m = c->n_objectives;

    if (layer && l->device != k && c->transfer && !add(l, c->transfer + (l->device * d + k) * m, m))
        return false;
    if (!layer && c->entry && !add(l, c->entry + k * m, m))
        return false;
    if (!add(l, c->cost + (layer * d + k) * m, m))
        return false;
    if (layer + 1 == c->n_layers && c->leave && !add(l, c->leave + k * m, m))
        return false;
    if (s->n_dims > m) {
        l->v[m + k] += (double)c->bytes[layer * d + k];
        if (l->v[m + k] > (double)c->capacity[k])
            return false;
    }
    l->device = (uint32_t)k;
    return true;
}

static cosim_status too_many(const struct labels *s, cosim_error *e)
{
    err_set(e, COSIM_ERANGE, "more than %zu partial placements", s->max_steps);
    err_hint(e, "group equal layers, or use fewer objectives");
    return COSIM_ERANGE;
}

static cosim_status add_layer(struct labels *s, size_t layer, size_t *n_now, cosim_error *e)
{
    size_t n = 0;

    for (size_t i = 0; i < *n_now; i++)
        for (size_t k = 0; k < s->c->n_devices; k++) {
            struct label l = s->now[i];

            if (!extend(s, &l, layer, k))
                continue;
            l.from = (uint32_t)i;
            if (n >= s->max_steps)
                return too_many(s, e);
            if (!grow((void **)&s->next, &s->cap_next, n + 1, sizeof *s->next))
                return no_memory(e);
            s->next[n++] = l;
        }
    if (!n)
        return err_set(e, COSIM_ENO, "layer %zu fits on no device", layer);
    n = filter(s->next, n, s->n_dims);
    if (s->n_steps + n > s->max_steps)
        return too_many(s, e);
    if (!grow((void **)&s->step, &s->cap_steps, s->n_steps + n, sizeof *s->step))
        return no_memory(e);
    for (size_t i = 0; i < n; i++)
        s->step[s->n_steps++] = (struct step){ s->next[i].from, s->next[i].device };
    struct label *swap = s->now;
    const size_t cap = s->cap_now;
    s->now = s->next;
    s->cap_now = s->cap_next;
    s->next = swap;
    s->cap_next = cap;
    *n_now = n;
    return COSIM_OK;
}

static cosim_status run(struct labels *s, size_t *level, size_t *n_now, cosim_error *e)
{
    if (!grow((void **)&s->now, &s->cap_now, 1, sizeof *s->now))
        return no_memory(e);
    memset(s->now, 0, sizeof *s->now);
    *n_now = 1;
    for (size_t l = 0; l < s->c->n_layers; l++) {
        level[l] = s->n_steps;
        TRY(add_layer(s, l, n_now, e));
    }
    return COSIM_OK;
}

/* The last labels of all devices together, by objectives alone. */
static cosim_status collect(struct route_front *f, struct labels *s, const size_t *level,
                            size_t n_now, struct arena *a, cosim_error *e)
{
    const struct route_chain *c = s->c;

    for (size_t i = 0; i < n_now; i++) {
        s->now[i].from = (uint32_t)i;
        s->now[i].device = 0;
        for (size_t k = c->n_objectives; k < DIMS_MAX; k++)
            s->now[i].v[k] = 0.0;
    }
    const size_t n = filter(s->now, n_now, c->n_objectives);
    struct route_plan *plan = ARENA_NEW(a, struct route_plan, n);
    if (!plan)
        return no_memory(e);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = s->now[i].from;

        plan[i].device = ARENA_NEW(a, uint32_t, c->n_layers);
        if (!plan[i].device)
            return no_memory(e);
        for (size_t l = c->n_layers; l-- > 0;) {
            const struct step *step = &s->step[level[l] + at];
            plan[i].device[l] = step->device;
            at = step->from;
        }
        route_chain_sum(c, &plan[i]);
    }
    *f = (struct route_front){ plan, n, s->n_steps };
    return COSIM_OK;
}

cosim_status route_chain_front(struct route_front *f, const struct route_chain *c,
                               size_t max_labels, struct arena *a, cosim_error *e)
{
    const bool limited = c->bytes && c->capacity;
    size_t n_now = 0;

    TRY(route_check(c, e));
    struct labels s = { .c = c,
                        .n_dims = c->n_objectives + (limited ? c->n_devices : 0),
                        .max_steps = max_labels ? max_labels : (size_t)DEFAULT_LABELS };
    if (s.max_steps > UINT32_MAX)
        s.max_steps = UINT32_MAX;
    size_t *level = ARENA_NEW(a, size_t, c->n_layers);
    if (!level)
        return no_memory(e);
    cosim_status st = run(&s, level, &n_now, e);
    if (st == COSIM_OK)
        st = collect(f, &s, level, n_now, a, e);
    free(s.step);
    free(s.now);
    free(s.next);
    return st;
}
