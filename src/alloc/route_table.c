/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/route.h"

#include "core/num.h"

#include <math.h>
#include <stdlib.h>

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

/* Costs of layers first..last on their device, with the way there and, at the end, out. */
static void segment(double *v, const struct route_chain *c, const uint32_t *device, size_t first,
                    size_t last)
{
    const size_t d = c->n_devices, m = c->n_objectives, k = device[first];

    for (size_t q = 0; q < m; q++) {
        v[q] = 0.0;
        if (first && c->transfer)
            v[q] += c->transfer[(device[first - 1] * d + k) * m + q];
        if (!first && c->entry)
            v[q] += c->entry[k * m + q];
        for (size_t l = first; l <= last; l++)
            v[q] += c->cost[(l * d + k) * m + q];
        if (last + 1 == c->n_layers && c->leave)
            v[q] += c->leave[k * m + q];
    }
}

static cosim_status plan_rows(struct table *t, const struct route_chain *c,
                              const struct route_plan *plan, const char *const *device,
                              const char *const *objective, cosim_error *e)
{
    for (size_t first = 0, last; first < c->n_layers; first = last + 1) {
        const size_t k = plan->device[first];
        double v[ROUTE_OBJECTIVES_MAX];
        uint64_t bytes = 0;
        size_t row;

        for (last = first; last + 1 < c->n_layers && plan->device[last + 1] == k; last++)
            ;
        for (size_t l = first; c->bytes && l <= last; l++)
            bytes += c->bytes[l * c->n_devices + k];
        segment(v, c, plan->device, first, last);
        TRY(table_add_row(t, &row, e));
        TRY(table_set_str(t, row, 0, device[k], e));
        table_set_u64(t, row, 1, first);
        table_set_u64(t, row, 2, last);
        if (c->bytes)
            table_set_u64(t, row, 3, bytes);
        for (size_t q = 0; q < c->n_objectives; q++)
            table_set_f64(t, row, 4 + q, v[q]);
    }
    for (size_t q = 0; q < c->n_objectives; q++)
        TRY(table_note(t, e, "%s: %.6g in all, %zu transfers", objective[q], plan->objective[q],
                       plan->n_transfers));
    return COSIM_OK;
}

static void objective_columns(struct column *column, const struct route_chain *c,
                              const char *const *objective)
{
    for (size_t q = 0; q < c->n_objectives; q++)
        column[q] = (struct column){ objective[q], "", "sum, with the way there", CELL_F64 };
}

cosim_status route_plan_table(struct table **t, const struct route_chain *c,
                              const struct route_plan *plan, const char *const *device,
                              const char *const *objective, cosim_error *e)
{
    struct column column[4 + ROUTE_OBJECTIVES_MAX] = {
        { "device", "", "where the layers run", CELL_STR },
        { "first_layer", "", "first layer, from 0", CELL_U64 },
        { "last_layer", "", "last layer", CELL_U64 },
        { "held_bytes", "byte", "memory that they take there", CELL_U64 },
    };

    objective_columns(column + 4, c, objective);
    TRY(table_new(t, "placement", column, 4 + c->n_objectives, e));
    return finish(t, plan_rows(*t, c, plan, device, objective, e));
}

static cosim_status front_rows(struct table *t, const struct route_chain *c,
                               const struct route_front *f, char *map, cosim_error *e)
{
    for (size_t i = 0; i < f->n; i++) {
        const size_t m = c->n_objectives;
        size_t row;

        for (size_t l = 0; l < c->n_layers; l++)
            map[l] = "0123456789ab"[f->plan[i].device[l]];
        map[c->n_layers] = '\0';
        TRY(table_add_row(t, &row, e));
        for (size_t q = 0; q < m; q++)
            table_set_f64(t, row, q, f->plan[i].objective[q]);
        table_set_u64(t, row, m, f->plan[i].n_transfers);
        TRY(table_set_str(t, row, m + 1, map, e));
    }
    return table_note(t, e, "exact: no other placement is better in every column (%zu labels)",
                      f->n_labels);
}

cosim_status route_front_table(struct table **t, const struct route_chain *c,
                               const struct route_front *f, const char *const *objective,
                               cosim_error *e)
{
    struct column column[ROUTE_OBJECTIVES_MAX + 2];

    objective_columns(column, c, objective);
    column[c->n_objectives] = (struct column){ "transfers", "", "changes of device", CELL_U64 };
    column[c->n_objectives + 1] =
        (struct column){ "map", "", "device of each layer, as one digit each", CELL_STR };
    TRY(table_new(t, "placements", column, c->n_objectives + 2, e));
    char *map = malloc(c->n_layers + 1);
    const cosim_status st = map ? front_rows(*t, c, f, map, e)
                                : err_set(e, COSIM_ENOMEM, "out of memory for placements");
    free(map);
    return finish(t, st);
}

/* A chain with the weighted sum as its one objective. */
struct single {
    struct route_chain c;
    double *cost, *transfer, *entry, *leave;
};

/* An infinite cost forbids even when its objective weighs nothing. */
static double weigh_one(const double *v, const double *weight, size_t m)
{
    double sum = 0.0;

    for (size_t q = 0; q < m; q++)
        if (weight[q] > 0.0 || isinf(v[q]))
            sum += isinf(v[q]) ? INF_F64 : weight[q] * v[q];
    return sum;
}

static double *weigh(const double *v, size_t n, const double *weight, size_t m, struct arena *a)
{
    double *out = v ? ARENA_NEW(a, double, n) : NULL;

    for (size_t i = 0; out && i < n; i++)
        out[i] = weigh_one(v + i * m, weight, m);
    return out;
}

static cosim_status single_objective(struct single *s, const struct route_chain *c,
                                     const double *weight, struct arena *a, cosim_error *e)
{
    const size_t d = c->n_devices, m = c->n_objectives;

    s->cost = weigh(c->cost, c->n_layers * d, weight, m, a);
    s->transfer = weigh(c->transfer, d * d, weight, m, a);
    s->entry = weigh(c->entry, d, weight, m, a);
    s->leave = weigh(c->leave, d, weight, m, a);
    if (!s->cost || (c->transfer && !s->transfer) || (c->entry && !s->entry)
        || (c->leave && !s->leave))
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu layers", c->n_layers);
    s->c = *c;
    s->c.n_objectives = 1;
    s->c.cost = s->cost;
    s->c.transfer = s->transfer;
    s->c.entry = s->entry;
    s->c.leave = s->leave;
    return COSIM_OK;
}

/* ENO is an answer here: *best becomes infinite. */
static cosim_status best_of(double *best, const struct route_chain *c, struct arena *a,
                            cosim_error *e)
{
    cosim_error own = { 0 };
    struct route_front f;
    const cosim_status st = route_chain_front(&f, c, 0, a, &own);

    *best = INF_F64;
    if (st == COSIM_ENO)
        return COSIM_OK;
    if (st == COSIM_OK)
        *best = f.plan[0].objective[0];
    else if (e && e->status == COSIM_OK)
        *e = own;
    return st;
}

static cosim_status dropout_rows(struct table *t, const struct route_chain *c, const double *weight,
                                 const char *const *device, struct arena *a, cosim_error *e)
{
    struct single s = { 0 };
    double all;

    TRY(single_objective(&s, c, weight, a, e));
    TRY(best_of(&all, &s.c, a, e));
    for (size_t k = 0; k < c->n_devices; k++) {
        const size_t d = c->n_devices, m = c->n_objectives;
        double without;
        size_t row;

        for (size_t l = 0; l < c->n_layers; l++)
            s.cost[l * d + k] = INF_F64;
        TRY(best_of(&without, &s.c, a, e));
        for (size_t l = 0; l < c->n_layers; l++)
            s.cost[l * d + k] = weigh_one(c->cost + (l * d + k) * m, weight, m);
        TRY(table_add_row(t, &row, e));
        TRY(table_set_str(t, row, 0, device[k], e));
        table_set_f64(t, row, 1, all);
        table_set_flag(t, row, 2, without < INF_F64);
        if (without < INF_F64) {
            table_set_f64(t, row, 3, without);
            table_set_f64(t, row, 4, without / all - 1.0);
        }
    }
    return COSIM_OK;
}

cosim_status route_dropout_table(struct table **t, const struct route_chain *c,
                                 const double *weight, const char *const *device, cosim_error *e)
{
    static const struct column column[] = {
        { "dropped_device", "", "device that is gone", CELL_STR },
        { "with_all", "", "best weighted sum with all devices", CELL_F64 },
        { "still_runs", "", "a placement without it exists", CELL_BOOL },
        { "without", "", "best weighted sum without it", CELL_F64 },
        { "lost_ratio", "", "by how much it is worse", CELL_F64 },
    };
    struct arena a = { 0 };

    TRY(table_new(t, "when a device drops out", column, sizeof column / sizeof *column, e));
    const cosim_status st = dropout_rows(*t, c, weight, device, &a, e);
    arena_release(&a);
    return finish(t, st);
}
