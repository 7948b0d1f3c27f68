/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is lost when a device drops out or slows down. */
#include "api/routing.h"

#include "core/table.h"
#include "core/text.h"

#include <string.h>

enum {
    EVENT_WHAT,
    EVENT_PLAN,
    EVENT_RUNS,
    EVENT_LATENCY,
    EVENT_ENERGY,
    EVENT_LOST_LATENCY,
    EVENT_LOST_ENERGY,
    EVENT_MOVED_NODES,
    EVENT_MOVED_BYTES,
    N_EVENT_COLUMNS
};

static const struct column event_columns[N_EVENT_COLUMNS] = {
    [EVENT_WHAT] = { "event", "", "", CELL_STR },
    [EVENT_PLAN] = { "plan", "", "", CELL_STR },
    [EVENT_RUNS] = { "runs", "", "it can be carried out", CELL_BOOL },
    [EVENT_LATENCY] = { "latency_s", "s", "the whole request", CELL_F64 },
    [EVENT_ENERGY] = { "energy_j", "J", "the whole request", CELL_F64 },
    [EVENT_LOST_LATENCY] = { "lost_latency_ratio", "ratio", "against the plan before", CELL_F64 },
    [EVENT_LOST_ENERGY] = { "lost_energy_ratio", "ratio", "against the plan before", CELL_F64 },
    [EVENT_MOVED_NODES] = { "moved_nodes", "", "placed elsewhere in a phase", CELL_U64 },
    [EVENT_MOVED_BYTES] = { "moved_bytes", "byte", "weights new to a memory", CELL_F64 },
};

static cosim_status add_event(struct table *t, const char *what, const char *name,
                              const struct route_problem *p, const struct placement *plan,
                              const struct placement *before, cosim_error *e)
{
    double moved = 0.0;
    size_t row, n = 0;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, EVENT_WHAT, what, e));
    TRY(table_set_str(t, row, EVENT_PLAN, name, e));
    table_set_flag(t, row, EVENT_RUNS, plan && plan->runs && plan->fits);
    if (!plan || !plan->runs)
        return COSIM_OK;
    for (size_t i = 0; i < p->n_nodes; i++) {
        bool had[ROUTE_MEMBERS] = { false };
        for (int f = 0; f < N_ROUTE_PHASES; f++)
            had[p->weight_pool[before->place[f][i]]] |= p->repeats[f] > 0.0;
        for (int f = 0; f < N_ROUTE_PHASES; f++) {
            const size_t pool = p->weight_pool[plan->place[f][i]];
            if (!(p->repeats[f] > 0.0))
                continue;
            n += plan->place[f][i] != before->place[f][i];
            if (!had[pool])
                moved += p->node[i].weight_bytes;
            had[pool] = true;
        }
    }
    table_set_f64(t, row, EVENT_LATENCY, plan->objective[ROUTE_LATENCY]);
    table_set_f64(t, row, EVENT_ENERGY, plan->objective[ROUTE_ENERGY]);
    table_set_f64(t, row, EVENT_LOST_LATENCY,
                  plan->objective[ROUTE_LATENCY] / before->objective[ROUTE_LATENCY] - 1.0);
    table_set_f64(t, row, EVENT_LOST_ENERGY,
                  plan->objective[ROUTE_ENERGY] / before->objective[ROUTE_ENERGY] - 1.0);
    table_set_u64(t, row, EVENT_MOVED_NODES, n);
    table_set_f64(t, row, EVENT_MOVED_BYTES, moved);
    return COSIM_OK;
}

static cosim_status one_event(struct routing *r, const struct route_event *event,
                              const struct placement *before, struct table *t, cosim_error *e)
{
    struct route_setup *u = ARENA_NEW(&r->arena, struct route_setup, 1);
    struct placement *kept = route_plan_new(&r->setup.problem, 0, &r->arena);
    struct placement_front f;
    cosim_error own = { 0 };

    if (!u || !kept)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    TRY(route_setup_make(u, r->c, r->s, r->platform, r->o->split_layers, event, &r->arena, e));
    for (int phase = 0; phase < N_ROUTE_PHASES; phase++)
        memcpy(kept->place[phase], before->place[phase], u->problem.n_nodes);
    route_plan_sum(&u->problem, kept);
    TRY(add_event(t, event->name, "as before", &u->problem, kept, before, e));
    const cosim_status st = routing_solve(&f, r, u, true, &own);
    if (st != COSIM_OK && st != COSIM_ENO)
        return err_set(e, st, "%s", own.msg);
    return add_event(t, event->name, "routed anew", &u->problem, st == COSIM_OK ? &f.plan[0] : NULL,
                     before, e);
}

/* "gpu=0.5": half the clock. */
cosim_status routing_parse_throttle(struct routing *r, const char *text, struct route_event *event,
                                    cosim_error *e)
{
    const char *equal = strchr(text, '=');
    const char *name = equal ? arena_strndup(&r->arena, text, (size_t)(equal - text)) : NULL;

    if (!equal || !text_to_f64(equal + 1, &event->clock_ratio) || !(event->clock_ratio > 0.0)
        || event->clock_ratio > 1.0)
        return err_set(e, COSIM_EUSAGE, "'%.60s' is not MEMBER=SHARE with a share up to 1", text);
    if (!name)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    event->name = arena_printf(&r->arena, "%s at %g of its clock", name, event->clock_ratio);
    return platform_member_find(r->platform, name, &event->member, e);
}

static cosim_status event_rows(struct routing *r, struct table *t, cosim_error *e)
{
    const struct placement *plan;
    struct route_event event = { 0 };
    const char *note;

    TRY(routing_choose(&plan, &note, r, e));
    TRY(add_event(t, "none", "this", &r->setup.problem, plan, plan, e));
    if (r->o->throttle) {
        TRY(routing_parse_throttle(r, r->o->throttle, &event, e));
        TRY(one_event(r, &event, plan, t, e));
    }
    for (size_t m = 0; m < r->platform->n_members; m++) {
        const char *name = r->platform->member[m].name;
        if (r->o->drop ? !text_equal_nocase(r->o->drop, name) : r->o->throttle != NULL)
            continue;
        event = (struct route_event){ .name = arena_printf(&r->arena, "%s is gone", name),
                                      .member = m };
        TRY(one_event(r, &event, plan, t, e));
    }
    return table_note(t, e,
                      "a slower clock slows arithmetic and caches, not memory, links and the "
                      "start of kernels; a tier goes with the member that computes for it");
}

cosim_status routing_show_events(struct routing *r, struct table **t, cosim_error *e)
{
    TRY(table_new(t, "when a device drops out or slows down", event_columns, N_EVENT_COLUMNS, e));
    return event_rows(r, *t, e);
}
