/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route.h"

#include "core/num.h"
#include "core/table.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
} objectives[N_ROUTE_OBJECTIVES] = {
#define OBJECTIVE_NAME(id, name, column, unit, doc) { name },
    ROUTE_OBJECTIVE_LIST(OBJECTIVE_NAME)
#undef OBJECTIVE_NAME
};

/* What a call of cosim_route works with. */
struct routing {
    cosim *c;
    const struct study *s;
    const cosim_route_options *o;
    struct arena arena;
    const struct platform *platform;
    struct route_search search;
    int lead; /* the first objective that was named: its best placement is shown */
    struct route_setup setup;
};

static cosim_status pick_objectives(struct routing *r, cosim_error *e)
{
    struct setting list = r->s->value[STUDY_OBJECTIVES];
    struct list_walk w = { .list = list.text ? list : (struct setting){ .text = "latency" } };
    cosim_status st;
    int n = 0;

    while (list_next(&w, &st, e)) {
        int q = 0;
        while (q < N_ROUTE_OBJECTIVES && strcmp(objectives[q].name, w.token) != 0)
            q++;
        if (q == N_ROUTE_OBJECTIVES) {
            const cosim_status bad =
                err_at(e, COSIM_EUNKNOWN, &w.at, "routing has no objective '%.40s'", w.token);
            err_hint(e, "there are latency, energy and underuse");
            return bad;
        }
        if (n++ == 0)
            r->lead = q;
        r->search.wanted[q] = true;
    }
    return st;
}

cosim_status route_platforms(struct platform_db *db, cosim *c, struct arena *a, cosim_error *e)
{
    const char *members, *links;

    TRY(context_path(a, c->hwdb, "platforms.csv", &members, e));
    TRY(context_path(a, c->hwdb, "platform_links.csv", &links, e));
    return platform_db_load(db, &c->devices, members, links, a, e);
}

cosim_status cosim_platforms(cosim *c, cosim_table **t, cosim_error *e)
{
    static const struct column columns[] = {
        { "platform", "", "id", CELL_STR },
        { "member", "", "", CELL_STR },
        { "device", "", "row of devices.csv, or the one it is a share of", CELL_STR },
        { "memory", "", "members of one memory share it", CELL_STR },
        { "memory_bytes", "byte", "nominal", CELL_F64 },
        { "runs_on", "", "for a tier that only holds weights", CELL_STR },
        { "stream_bytes_per_s", "byte/s", "of a tier", CELL_F64 },
        { "origin", "", "", CELL_STR },
        { "source", "", "", CELL_STR },
    };
    struct arena a = { 0 };
    struct platform_db db;

    *t = NULL;
    cosim_status st = route_platforms(&db, c, &a, e);
    if (st == COSIM_OK)
        st = table_new(t, "platforms", columns, sizeof columns / sizeof *columns, e);
    for (size_t i = 0; st == COSIM_OK && i < db.n; i++)
        for (size_t m = 0; st == COSIM_OK && m < db.platform[i].n_members; m++) {
            const struct platform *p = &db.platform[i];
            const struct platform_member *x = &p->member[m];
            const char *const text[] = {
                p->id,        x->name,
                x->device.id, p->pool[x->pool].name,
                NULL,         x->runs_on == m ? NULL : p->member[x->runs_on].name,
                NULL,         origin_name(x->origin),
                x->source
            };
            size_t row = 0;
            st = table_add_row(*t, &row, e);
            for (size_t k = 0; st == COSIM_OK && k < sizeof text / sizeof *text; k++)
                if (text[k])
                    st = table_set_str(*t, row, k, text[k], e);
            if (st == COSIM_OK) {
                table_set_f64(*t, row, 4, p->pool[x->pool].mem_bytes);
                table_set_f64(*t, row, 6, x->stream_bytes_per_s);
            }
        }
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status solve(struct placement_front *f, struct routing *r, const struct route_setup *u,
                          bool only_lead, cosim_error *e)
{
    struct route_search search = r->search;

    if (only_lead)
        for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
            search.wanted[q] = q == r->lead;
    return route_solve(f, &u->problem, &search, &r->arena, e);
}

/* The placement that is shown: number --pick of the front, else the best in the first objective. */
static cosim_status chosen(const struct placement **plan, struct routing *r, cosim_error *e)
{
    struct placement_front f;
    size_t best = 0;

    TRY(solve(&f, r, &r->setup, r->o->pick == COSIM_ROUTE_BEST, e));
    if (r->o->pick != COSIM_ROUTE_BEST && r->o->pick >= f.n)
        return err_set(e, COSIM_ERANGE, "the front has %zu placements, 0 to %zu", f.n, f.n - 1);
    for (size_t i = 1; i < f.n; i++)
        if (f.plan[i].objective[r->lead] < f.plan[best].objective[r->lead])
            best = i;
    *plan = &f.plan[r->o->pick == COSIM_ROUTE_BEST ? best : r->o->pick];
    return COSIM_OK;
}

static cosim_status make_plan(struct routing *r, bool by_node, struct table **t, cosim_error *e)
{
    const struct placement *plan;

    TRY(chosen(&plan, r, e));
    return route_table_plan(t, &r->setup, plan, by_node, e);
}

static cosim_status show_plan(struct routing *r, struct table **t, cosim_error *e)
{
    return make_plan(r, false, t, e);
}

static cosim_status show_nodes(struct routing *r, struct table **t, cosim_error *e)
{
    return make_plan(r, true, t, e);
}

static cosim_status show_front(struct routing *r, struct table **t, cosim_error *e)
{
    struct placement_front f;

    if (!r->s->value[STUDY_OBJECTIVES].text)
        r->search.wanted[ROUTE_ENERGY] = true; /* a front trades something */
    TRY(solve(&f, r, &r->setup, false, e));
    return route_table_front(t, &r->setup, &f, &r->search, e);
}

/* The plan, the best for each objective alone, each member alone. */
static cosim_status show_totals(struct routing *r, struct table **t, cosim_error *e)
{
    struct route_named named[1 + N_ROUTE_OBJECTIVES + ROUTE_MEMBERS] = { { .name = "this" } };
    const struct platform *pf = r->platform;
    const int lead = r->lead;
    size_t n = 1;

    TRY(chosen(&named[0].plan, r, e));
    for (r->lead = 0; r->lead < N_ROUTE_OBJECTIVES; r->lead++) {
        struct placement_front f;
        if (r->lead == ROUTE_UNDERUSE && !r->search.wanted[ROUTE_UNDERUSE])
            continue; /* its labels are many */
        TRY(solve(&f, r, &r->setup, true, e));
        named[n].name = arena_printf(&r->arena, "least %s", objectives[r->lead].name);
        named[n++].plan = &f.plan[0];
    }
    r->lead = lead;
    for (size_t m = 0; m < pf->n_members; m++) {
        struct placement *alone = route_plan_new(&r->setup.problem, m, &r->arena);
        if (!alone)
            return err_set(e, COSIM_ENOMEM, "out of memory for placements");
        route_plan_sum(&r->setup.problem, alone);
        named[n].name = arena_printf(&r->arena, "%s alone", pf->member[m].name);
        named[n++].plan = alone;
    }
    for (size_t i = 0; i < n; i++)
        if (!named[i].name)
            return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    return route_table_totals(t, &r->setup, named, n, e);
}

static cosim_status show_pipeline(struct routing *r, struct table **t, cosim_error *e)
{
    return route_table_pipeline(t, &r->setup, &r->arena, e);
}

/* "gpu" or "gpu:cpu": from the second to the first; without it, to the first other member. */
static cosim_status show_offload(struct routing *r, struct table **t, cosim_error *e)
{
    const char *text = r->o->offload ? r->o->offload : r->platform->member[0].name;
    const char *colon = strchr(text, ':');
    const char *on_name =
        arena_strndup(&r->arena, text, colon ? (size_t)(colon - text) : strlen(text));
    size_t on, rest = 0;

    if (!on_name)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    TRY(platform_member_find(r->platform, on_name, &on, e));
    if (colon)
        TRY(platform_member_find(r->platform, colon + 1, &rest, e));
    else
        rest = on == 0 ? 1 : 0;
    if (rest == on || rest >= r->platform->n_members)
        return err_set(e, COSIM_EUSAGE, "an offload goes from one member to another");
    return route_table_offload(t, &r->setup, on, rest, &r->arena, e);
}

/* --- what is lost when a device drops out or slows down --------------------------------------- */

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
    const cosim_status st = solve(&f, r, u, true, &own);
    if (st != COSIM_OK && st != COSIM_ENO)
        return err_set(e, st, "%s", own.msg);
    return add_event(t, event->name, "routed anew", &u->problem, st == COSIM_OK ? &f.plan[0] : NULL,
                     before, e);
}

/* "gpu=0.5": half the clock. */
static cosim_status parse_throttle(struct routing *r, const char *text, struct route_event *event,
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

    TRY(chosen(&plan, r, e));
    TRY(add_event(t, "none", "this", &r->setup.problem, plan, plan, e));
    if (r->o->throttle) {
        TRY(parse_throttle(r, r->o->throttle, &event, e));
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

static cosim_status show_events(struct routing *r, struct table **t, cosim_error *e)
{
    TRY(table_new(t, "when a device drops out or slows down", event_columns, N_EVENT_COLUMNS, e));
    return event_rows(r, *t, e);
}

static const struct {
    const char *name;
    cosim_status (*show)(struct routing *r, struct table **t, cosim_error *e);
} shows[] = {
    { "plan", show_plan },       { "nodes", show_nodes },   { "totals", show_totals },
    { "front", show_front },     { "events", show_events }, { "pipeline", show_pipeline },
    { "offload", show_offload },
};

static cosim_status route(struct routing *r, const char *platform, struct table **t, cosim_error *e)
{
    struct platform_db db;
    struct nearest near = { .want = r->o->show };
    struct route_event event = { 0 };

    if (r->s->value[STUDY_DEVICE].text)
        return err_set(e, COSIM_EUSAGE, "the devices are those of the platform");
    TRY(route_platforms(&db, r->c, &r->arena, e));
    TRY(platform_find(&db, platform, &r->platform, e));
    TRY(pick_objectives(r, e));
    r->search.precision = r->o->precision;
    /* whatever is shown: a misspelt event is an error before anything is written */
    if (r->o->drop)
        TRY(platform_member_find(r->platform, r->o->drop, &event.member, e));
    if (r->o->throttle)
        TRY(parse_throttle(r, r->o->throttle, &event, e));
    TRY(route_setup_make(&r->setup, r->c, r->s, r->platform, r->o->split_layers, NULL, &r->arena,
                         e));
    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        if (strcmp(shows[i].name, r->o->show) == 0)
            return shows[i].show(r, t, e);
        nearest_offer(&near, shows[i].name);
    }
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "routing shows no '%.40s'", r->o->show);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

cosim_status cosim_route(cosim *c, const cosim_study *s, const char *platform,
                         const cosim_route_options *o, cosim_table **t, cosim_error *e)
{
    *t = NULL;
    if (!o || o->size < sizeof *o || !o->show)
        return err_set(e, COSIM_EUSAGE, "cosim_route_options needs its size and what to show");
    struct routing *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    r->c = c;
    r->s = s;
    r->o = o;
    const cosim_status st = route(r, platform, t, e);
    arena_release(&r->arena);
    free(r);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
