/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/joint_place.h"

#include "core/num.h"
#include "hw/clock.h"

#include <string.h>

cosim_status joint_platform(const struct platform **p, cosim *c, const struct setting *id,
                            struct arena *a, cosim_error *e)
{
    struct platform_db *db = ARENA_NEW(a, struct platform_db, 1);

    if (!db)
        return err_set(e, COSIM_ENOMEM, "out of memory for platforms");
    TRY(route_platforms(db, c, a, e));
    const cosim_status st = platform_find(db, id->text, p, e);
    if (st != COSIM_OK && e && e->file[0] == '\0' && id->at.file) {
        (void)snprintf(e->file, sizeof e->file, "%s", id->at.file);
        e->line = id->at.line;
        e->col = id->at.col;
    }
    return st;
}

cosim_status joint_members_make(struct joint_members *m, const struct platform *platform, cosim *c,
                                const double *clock_ratio, size_t n_clocks, struct arena *a,
                                cosim_error *e)
{
    struct rates *r = ARENA_NEW(a, struct rates, platform->n_members * n_clocks);

    *m = (struct joint_members){ n_clocks, clock_ratio, r };
    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for a platform");
    for (size_t i = 0; i < platform->n_members; i++)
        for (size_t k = 0; k < n_clocks; k++, r++) {
            const struct platform_member *x = &platform->member[platform->member[i].runs_on];
            TRY(rates_make(r, &x->device, &c->assumptions, a, e));
            TRY(rates_set_clock(r, clock_ratio[k], &c->assumptions, a, e));
        }
    return COSIM_OK;
}

/* The stage of a node: how many stages begin at it or before. */
static size_t stage_of(const struct joint_platform_at *at, size_t node)
{
    size_t stage = 0;

    for (size_t i = 0; i + 1 < at->n_stages; i++)
        stage += at->cut[i] <= node;
    return stage;
}

/* "prefill gpu 0-33; decode gpu 0-20, cpu 21-33" by nodes: embedding, layers, head. */
static const char *describe(const struct route_problem *p, const struct placement *plan,
                            const struct joint_platform_at *at, struct arena *a)
{
    const struct platform *pf = at->platform;
    static const char *const phase_name[N_ROUTE_PHASES] = { "prefill", "decode" };
    char text[512];
    size_t n = 0;

    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        n += (size_t)snprintf(text + n, n < sizeof text ? sizeof text - n : 0, "%s%s",
                              f ? "; " : "", phase_name[f]);
        for (size_t first = 0, last; first < p->n_nodes; first = last + 1) {
            for (last = first;
                 last + 1 < p->n_nodes && plan->place[f][last + 1] == plan->place[f][first];)
                last++;
            n += (size_t)snprintf(text + n, n < sizeof text ? sizeof text - n : 0, "%s %s %zu-%zu",
                                  first ? "," : "", pf->member[plan->place[f][first]].name, first,
                                  last);
        }
    }
    for (size_t m = 0; m < pf->n_members && at->members->n_clocks > 1; m++)
        if (pf->member[m].runs_on == m)
            n += (size_t)snprintf(text + n, n < sizeof text ? sizeof text - n : 0, "; %s at %g",
                                  pf->member[m].name, at->members->clock_ratio[at->clock[m]]);
    return arena_printf(a, "%s", n < sizeof text ? text : "too long");
}

static void set_metrics(struct point *p, const struct load *l, const struct placement *plan,
                        const struct route_problem *problem, double carbon_g_per_j)
{
    const double batch = l->request.batch, out = l->request.output_tokens;
    const double total_s = plan->objective[ROUTE_LATENCY], total_j = plan->objective[ROUTE_ENERGY];
    double *m = p->metric;

    m[METRIC_TTFT] = plan->ttft_s;
    m[METRIC_TPOT] = plan->tpot_s;
    m[METRIC_E2E] = total_s;
    m[METRIC_TOKENS_PER_S] = batch * out / total_s;
    if (plan->tpot_s > 0.0)
        m[METRIC_DECODE_TOKENS_PER_S] = batch / plan->tpot_s;
    m[METRIC_J_PER_TOKEN] = total_j / (batch * out);
    m[METRIC_POWER] = total_j / total_s;
    m[METRIC_CARBON] = 1e6 * m[METRIC_J_PER_TOKEN] * carbon_g_per_j;
    m[METRIC_UNDERUSE] = plan->objective[ROUTE_UNDERUSE];
    m[METRIC_DEVICES] = 1.0;
    m[METRIC_MEMORY] = 0.0;
    for (size_t k = 0; k < problem->n_pools; k++)
        m[METRIC_MEMORY] = max_f64(m[METRIC_MEMORY], plan->pool_bytes[k]);
}

cosim_status joint_place(struct point *p, double *over_ratio, const char **text, cosim *c,
                         const struct load *l, const struct joint_platform_at *at, struct arena *a,
                         cosim_error *e)
{
    const struct platform *pf = at->platform;
    const struct rates *rates[ROUTE_MEMBERS];
    struct route_setup *u = ARENA_NEW(a, struct route_setup, 1);

    if (!u)
        return err_set(e, COSIM_ENOMEM, "out of memory for a placement");
    for (size_t m = 0; m < pf->n_members; m++)
        rates[m] =
            &at->members->rates[m * at->members->n_clocks + at->clock[pf->member[m].runs_on]];
    TRY(route_setup_from_rates(u, l, &c->assumptions, pf, rates, a, e));
    const struct route_problem *problem = &u->problem;
    struct placement *plan = route_plan_new(problem, 0, a);
    if (!plan)
        return err_set(e, COSIM_ENOMEM, "out of memory for a placement");
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < problem->n_nodes; i++)
            plan->place[f][i] = (uint8_t)at->member[f][stage_of(at, i)];
    route_plan_sum(problem, plan);
    *over_ratio = 0.0;
    for (size_t k = 0; k < problem->n_pools; k++)
        *over_ratio = max_f64(*over_ratio, plan->pool_bytes[k] / problem->capacity_bytes[k] - 1.0);
    p->reject = !plan->runs ? REJECT_RATE : !plan->fits ? REJECT_CAPACITY : REJECT_NONE;
    if (plan->runs)
        set_metrics(p, l, plan, problem, rates[0]->rate[RATE_CARBON_G_PER_J].value);
    if (!text)
        return COSIM_OK;
    *text = describe(problem, plan, at, a);
    return *text ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a placement");
}
