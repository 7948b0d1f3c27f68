/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/routing.h"

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

/* Which algorithm, and how much of it; nothing given: exact. */
static cosim_status pick_algorithm(struct routing *r, cosim_error *e)
{
    const struct setting samples = study_get(r->s, STUDY_SAMPLES);
    const struct setting seed = study_get(r->s, STUDY_SEED);
    const char *name = r->s->value[STUDY_ALGORITHM].text;

    if (r->o->apart && name && strcmp(name, "ilp") != 0)
        return err_at(e, COSIM_EUSAGE, &r->s->value[STUDY_ALGORITHM].at,
                      "'%.40s' places chains of nodes; what is apart needs algorithm 'ilp'", name);
    r->forked = r->o->apart || (name && strcmp(name, "ilp") == 0);
    r->sampling.algorithm = name && strcmp(name, "exact") != 0 ? name : NULL;
    r->sampling.n_ranges = r->o->ranges == COSIM_ROUTE_APART ? SIZE_MAX : (size_t)r->o->ranges;
    r->sampling.stop = (const volatile int *)&r->c->stop;
    TRY(setting_u64(&samples, 1, UINT64_C(1) << 53, &r->sampling.samples, e));
    return setting_u64(&seed, 0, UINT64_MAX, &r->sampling.seed, e);
}

cosim_status routing_solve(struct placement_front *f, struct routing *r,
                           const struct route_setup *u, bool only_lead, cosim_error *e)
{
    struct route_search search = r->search;

    if (only_lead)
        for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
            search.wanted[q] = q == r->lead;
    if (r->sampling.algorithm)
        return route_sample(f, &u->problem, search.wanted, &r->sampling, &r->arena, e);
    return route_solve(f, &u->problem, &search, &r->arena, e);
}

cosim_status routing_choose(const struct placement **plan, const char **note, struct routing *r,
                            cosim_error *e)
{
    struct placement_front f;
    size_t best = 0;

    TRY(routing_solve(&f, r, &r->setup, r->o->pick == COSIM_ROUTE_BEST, e));
    if (r->o->pick != COSIM_ROUTE_BEST && r->o->pick >= f.n)
        return err_set(e, COSIM_ERANGE, "the front has %zu placements, 0 to %zu", f.n, f.n - 1);
    for (size_t i = 1; i < f.n; i++)
        if (f.plan[i].objective[r->lead] < f.plan[best].objective[r->lead])
            best = i;
    *plan = &f.plan[r->o->pick == COSIM_ROUTE_BEST ? best : r->o->pick];
    *note = f.note;
    return COSIM_OK;
}

static cosim_status make_plan(struct routing *r, bool by_node, struct table **t, cosim_error *e)
{
    const struct placement *plan;
    const char *note;

    TRY(routing_choose(&plan, &note, r, e));
    TRY(route_table_plan(t, &r->setup, plan, by_node, e));
    return r->sampling.algorithm ? table_note(*t, e, "%s", note) : COSIM_OK;
}

static cosim_status show_plan(struct routing *r, struct table **t, cosim_error *e)
{
    return make_plan(r, false, t, e);
}

static cosim_status show_nodes(struct routing *r, struct table **t, cosim_error *e)
{
    return make_plan(r, true, t, e);
}

static cosim_status show_operators(struct routing *r, struct table **t, cosim_error *e)
{
    const struct placement *plan;
    const char *note;

    TRY(routing_choose(&plan, &note, r, e));
    return route_table_operators(t, &r->setup, plan, e);
}

static cosim_status show_front(struct routing *r, struct table **t, cosim_error *e)
{
    struct placement_front f;

    if (!r->s->value[STUDY_OBJECTIVES].text)
        r->search.wanted[ROUTE_ENERGY] = true; /* a front trades something */
    TRY(routing_solve(&f, r, &r->setup, false, e));
    return route_table_front(t, &r->setup, &f, e);
}

/* The plan, the best for each objective alone, each member alone. */
static cosim_status show_totals(struct routing *r, struct table **t, cosim_error *e)
{
    struct route_named named[1 + N_ROUTE_OBJECTIVES + ROUTE_MEMBERS] = { { .name = "this" } };
    const struct platform *pf = r->platform;
    const int lead = r->lead;
    const char *note;
    size_t n = 1;

    TRY(routing_choose(&named[0].plan, &note, r, e));
    for (r->lead = 0; r->lead < N_ROUTE_OBJECTIVES; r->lead++) {
        struct placement_front f;
        if (r->lead == ROUTE_UNDERUSE && !r->search.wanted[ROUTE_UNDERUSE])
            continue; /* its labels are many */
        TRY(routing_solve(&f, r, &r->setup, true, e));
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
    return route_table_offload(t, &r->setup, on, rest, r->o->apart != NULL, &r->arena, e);
}

static const struct {
    const char *name;
    cosim_status (*show)(struct routing *r, struct table **t, cosim_error *e);
} shows[] = {
    { "plan", show_plan },       { "nodes", show_nodes },           { "totals", show_totals },
    { "front", show_front },     { "events", routing_show_events }, { "pipeline", show_pipeline },
    { "offload", show_offload }, { "operators", show_operators },
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
    TRY(pick_algorithm(r, e));
    r->search.precision = r->o->precision;
    /* whatever is shown: a misspelt event is an error before anything is written */
    if (r->o->drop)
        TRY(platform_member_find(r->platform, r->o->drop, &event.member, e));
    if (r->o->throttle)
        TRY(routing_parse_throttle(r, r->o->throttle, &event, e));
    TRY(route_setup_make(&r->setup, r->c, r->s, r->platform, r->o->split_layers, NULL, &r->arena,
                         e));
    const bool curve = strcmp(r->o->show, "offload") == 0;
    if (curve && r->o->apart && strcmp(r->o->apart, "kv") != 0)
        return err_set(e, COSIM_EUSAGE, "of an offload, only 'kv' can be apart");
    if (r->forked && !curve)
        return routing_show_forked(r, t, e);
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
    c->stop = 0;
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
