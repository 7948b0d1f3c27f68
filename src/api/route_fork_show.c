/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cosim route shows of placements that are no chain. */
#include "api/route_fork.h"
#include "api/routing.h"
#include "core/table.h"

#include <string.h>

#define NODES_MAX 5000u /* of GLPK's tree: most proofs take fewer; then the gap is told */

struct forking {
    struct route_setup setup; /* split if experts are apart */
    struct fork_problem problem;
    struct fork_plan plan;
};

static cosim_status read_apart(const char *list, bool *kv, bool *experts, cosim_error *e)
{
    struct list_walk w = { .list = { .text = list ? list : "" } };
    cosim_status st = COSIM_OK;

    *kv = *experts = false;
    while (list && list_next(&w, &st, e)) {
        if (strcmp(w.token, "kv") == 0)
            *kv = true;
        else if (strcmp(w.token, "experts") == 0)
            *experts = true;
        else
            return err_set(e, COSIM_EUSAGE, "apart can be 'kv', 'experts' or both, not '%.40s'",
                           w.token);
    }
    return st;
}

static cosim_status solve(struct forking *f, struct routing *r, cosim_error *e)
{
    bool kv, experts;

    TRY(read_apart(r->o->apart, &kv, &experts, e));
    TRY(route_setup_make(&f->setup, r->c, r->s, r->platform, experts, NULL, &r->arena, e));
    TRY(fork_make(&f->problem, &f->setup.problem, kv, experts, (enum route_objective)r->lead,
                  &r->arena, e));
    return fork_solve(&f->plan, &f->problem, NODES_MAX, &r->arena, e);
}

static struct fork_named name_chain(const char *name, const struct placement *plan)
{
    return (struct fork_named){
        name,         plan->objective[ROUTE_LATENCY], plan->objective[ROUTE_ENERGY], plan->ttft_s,
        plan->tpot_s, plan->hop_s + plan->kv_move_s,  plan->fits && plan->runs
    };
}

/* The best chain, with whole layers or with experts (FFN) as nodes of their own. */
static cosim_status add_chain(struct fork_named *row, size_t *n, struct routing *r, bool split,
                              cosim_error *e)
{
    struct route_setup *u = ARENA_NEW(&r->arena, struct route_setup, 1);
    struct route_search search = { .precision = 0.0 };
    cosim_error own = { 0 };
    struct placement_front f;

    if (!u)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    search.wanted[r->lead] = true;
    TRY(route_setup_make(u, r->c, r->s, r->platform, split, NULL, &r->arena, e));
    const cosim_status st = route_solve(&f, &u->problem, &search, &r->arena, &own);
    if (st != COSIM_OK && st != COSIM_ENO && st != COSIM_ERANGE)
        return err_set(e, st, "%s", own.msg);
    const char *name = st == COSIM_ERANGE ? "chain: too many to compare"
                       : split            ? "chain, layers in two parts"
                                          : "chain of layers";
    row[(*n)++] = st == COSIM_OK ? name_chain(name, &f.plan[0])
                                 : (struct fork_named){ .name = name, .latency_s = INF_F64 };
    return COSIM_OK;
}

static cosim_status totals(struct forking *f, struct routing *r, struct table **t, cosim_error *e)
{
    struct fork_named row[3 + ROUTE_MEMBERS] = { { "this", f->plan.latency_s, f->plan.energy_j,
                                                   f->plan.ttft_s, f->plan.tpot_s, f->plan.hop_s,
                                                   f->plan.fits } };
    const struct platform *pf = r->platform;
    size_t n = 1;

    TRY(add_chain(row, &n, r, false, e));
    if (f->problem.experts_apart)
        TRY(add_chain(row, &n, r, true, e));
    for (size_t m = 0; m < pf->n_members; m++) {
        struct placement *alone = route_plan_new(&f->setup.problem, m, &r->arena);
        const char *name = arena_printf(&r->arena, "%s alone", pf->member[m].name);
        if (!alone || !name)
            return err_set(e, COSIM_ENOMEM, "out of memory for placements");
        route_plan_sum(&f->setup.problem, alone);
        row[n++] = name_chain(name, alone);
    }
    return route_table_fork_totals(t, &f->plan, row, n, e);
}

cosim_status routing_show_forked(struct routing *r, struct table **t, cosim_error *e)
{
    const char *show = r->o->show;
    struct forking *f = ARENA_NEW(&r->arena, struct forking, 1);

    if (!f)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    if (strcmp(show, "plan") != 0 && strcmp(show, "nodes") != 0 && strcmp(show, "totals") != 0)
        return err_set(e, COSIM_EUNSUPPORTED,
                       "the integer problem shows plan, nodes and totals, not '%.40s'", show);
    if (r->o->pick != COSIM_ROUTE_BEST || r->o->drop || r->o->throttle)
        return err_set(e, COSIM_EUNSUPPORTED,
                       "the integer problem finds one placement, of the platform as it is");
    TRY(solve(f, r, e));
    if (strcmp(show, "totals") == 0)
        return totals(f, r, t, e);
    return route_table_fork(t, &f->setup, &f->problem, &f->plan, strcmp(show, "nodes") == 0, e);
}
