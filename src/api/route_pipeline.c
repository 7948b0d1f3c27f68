/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steady decode of many requests: every member holds a stage and works on another request. */
#include "alloc/route.h"

#include "api/route.h"
#include "core/num.h"
#include "core/table.h"

static const struct column columns[] = {
    { "stage", "", "", CELL_U64 },
    { "device", "", "member of the platform", CELL_STR },
    { "nodes", "", "what runs there", CELL_STR },
    { "first_node", "", "0 = embedding", CELL_U64 },
    { "last_node", "", "", CELL_U64 },
    { "held_bytes", "byte", "weights, and KV of one batch", CELL_U64 },
    { "stage_s", "s", "one decode step, with the slowest way there", CELL_F64 },
    { "busy_ratio", "ratio", "of the time of the slowest stage", CELL_F64 },
};

/* Slowest way to a member: stages may come from any. */
static double entry_s(const struct route_problem *p, size_t member)
{
    double s = 0.0;

    for (size_t m = 0; m < p->n_members; m++)
        if (p->runs_on[m] == m && !p->down[m])
            s = max_f64(s, route_hop_s(p, m, member, p->hop_bytes[ROUTE_DECODE]));
    return s;
}

static cosim_status make_chain(struct route_chain *c, const struct route_problem *p,
                               struct arena *a, cosim_error *e)
{
    const size_t n = p->n_nodes, d = p->n_members;
    double *cost = ARENA_NEW(a, double, n *d), *entry = ARENA_NEW(a, double, d);
    uint64_t *bytes = ARENA_NEW(a, uint64_t, n * d), *capacity = ARENA_NEW(a, uint64_t, d);

    if (!cost || !entry || !bytes || !capacity)
        return err_set(e, COSIM_ENOMEM, "out of memory for a pipeline");
    for (size_t m = 0; m < d; m++) {
        /* a tier would take turns with the member that computes for it */
        const bool stage = p->runs_on[m] == m && !p->down[m];
        entry[m] = stage ? entry_s(p, m) : 0.0;
        capacity[m] = (uint64_t)p->capacity_bytes[p->weight_pool[m]];
        for (size_t i = 0; i < n; i++) {
            cost[i * d + m] = stage ? route_cost_at(p, ROUTE_DECODE, i, m)->s : INF_F64;
            bytes[i * d + m] = (uint64_t)(p->node[i].weight_bytes + p->node[i].kv_bytes);
        }
    }
    *c = (struct route_chain){ .n_layers = n,
                               .n_devices = d,
                               .n_objectives = 1,
                               .cost = cost,
                               .entry = entry,
                               .bytes = bytes,
                               .capacity = capacity };
    return COSIM_OK;
}

static cosim_status rows(struct table *t, const struct route_setup *u, const struct route_chain *c,
                         const struct route_pipeline *line, cosim_error *e)
{
    const struct route_problem *p = &u->problem;

    for (size_t i = 0; i < line->n_stages; i++) {
        const size_t m = line->device[i], first = line->first[i], last = line->first[i + 1] - 1;
        double s = c->entry[m];
        uint64_t bytes = 0;
        char nodes[96];
        size_t row;

        for (size_t node = first; node <= last; node++) {
            s += c->cost[node * c->n_devices + m];
            bytes += c->bytes[node * c->n_devices + m];
        }
        (void)snprintf(nodes, sizeof nodes, "%s - %s", p->node[first].name, p->node[last].name);
        TRY(table_add_row(t, &row, e));
        table_set_u64(t, row, 0, i);
        TRY(table_set_str(t, row, 1, u->platform->member[m].name, e));
        TRY(table_set_str(t, row, 2, nodes, e));
        table_set_u64(t, row, 3, first);
        table_set_u64(t, row, 4, last);
        table_set_u64(t, row, 5, bytes);
        table_set_f64(t, row, 6, s);
        table_set_f64(t, row, 7, s / line->bottleneck);
    }
    return table_note(t, e,
                      "%s on %s, as many batches of %.0f under way as stages: %.4g tokens/s in "
                      "steady decode; members of one memory are taken not to slow each other",
                      u->model_id, u->platform->id, u->batch, u->batch / line->bottleneck);
}

cosim_status route_table_pipeline(struct table **t, const struct route_setup *u, struct arena *a,
                                  cosim_error *e)
{
    struct route_pipeline line;
    struct route_chain c;

    TRY(make_chain(&c, &u->problem, a, e));
    TRY(route_chain_pipeline(&line, &c, 0, a, e));
    TRY(table_new(t, "decode pipeline", columns, sizeof columns / sizeof *columns, e));
    const cosim_status st = rows(*t, u, &c, &line, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
