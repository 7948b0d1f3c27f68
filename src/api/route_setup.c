/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A platform and a study become a problem of routing. */
#include "api/resolve.h"
#include "api/route_making.h"
#include "core/num.h"
#include "hw/clock.h"

static double peak_of(const struct rates *r)
{
    double s_per_flop = r->s_per_flop[PREC_BF16].value;

    return s_per_flop > 0.0 ? 1.0 / s_per_flop : 0.0;
}

static cosim_status price_members(struct making *k, const struct route_event *event, cosim_error *e)
{
    struct route_setup *u = k->u;
    const struct platform *pf = u->platform;
    struct route_problem *p = &u->problem;

    for (size_t m = 0; m < pf->n_members; m++) {
        const struct platform_member *x = &pf->member[m];
        const bool tier = x->runs_on != m;
        if (k->rates)
            u->rates[m] = *k->rates[m];
        else
            TRY(rates_make(&u->rates[m], &pf->member[x->runs_on].device, k->assumptions, k->a, e));
        p->static_w[m] =
            is_known(x->static_w) ? x->static_w : u->rates[m].rate[RATE_STATIC_W].value;
        if (!is_known(p->static_w[m]))
            return err_set(e, COSIM_EUNSUPPORTED, "the static power of '%s' is not known", x->name);
        if (event && event->clock_ratio > 0.0 && x->runs_on == event->member)
            TRY(rates_set_clock(&u->rates[m], event->clock_ratio, k->assumptions, k->a, e));
        p->runs_on[m] = x->runs_on;
        p->weight_pool[m] = x->pool;
        p->state_pool[m] = pf->member[x->runs_on].pool;
        p->stream_bytes_per_s[m] = tier ? x->stream_bytes_per_s : INF_F64;
        p->peak_flops_per_s[m] = tier ? 0.0 : peak_of(&u->rates[m]);
        p->down[m] = event && !(event->clock_ratio > 0.0)
                     && (m == event->member || x->runs_on == event->member);
    }
    return COSIM_OK;
}

/* A pool holds what the first member that computes in it may take: the row of the chip knows how
 * much the system leaves, a share of it with another class does not. A tier takes all. */
static void size_pools(struct route_setup *u, double reserve_bytes)
{
    const struct platform *pf = u->platform;
    struct route_problem *p = &u->problem;
    bool computes[ROUTE_MEMBERS] = { false };

    for (size_t m = 0; m < pf->n_members; m++) {
        const size_t k = pf->member[m].pool;
        if (pf->member[m].runs_on == m) {
            if (!computes[k])
                p->capacity_bytes[k] = u->rates[m].rate[RATE_MEM_USABLE_BYTES].value;
            computes[k] = true;
        } else if (!computes[k]) {
            p->capacity_bytes[k] = pf->pool[k].mem_bytes;
        }
    }
    for (size_t k = 0; k < pf->n_pools; k++)
        if (computes[k])
            p->capacity_bytes[k] = max_f64(0.0, p->capacity_bytes[k] - reserve_bytes);
}

static cosim_status price_links(struct route_setup *u, const struct assumption_db *assumptions,
                                cosim_error *e)
{
    const struct platform *pf = u->platform;

    for (size_t x = 0; x < pf->n_members; x++)
        for (size_t y = 0; y < pf->n_members; y++) {
            const struct platform_link *l =
                platform_link_between(pf, pf->member[x].runs_on, pf->member[y].runs_on);
            struct route_link *out = &u->problem.link[x][y];
            if (!l)
                continue;
            out->sync_s = l->sync_s;
            if (!is_known(l->bytes_per_s))
                continue;
            const char *const type[] = { l->type };
            const struct assumption *eta = assumption_best(assumptions, "eta_link", type, 1);
            const struct assumption *latency =
                assumption_best(assumptions, "link_latency_s", type, 1);
            const struct assumption *j = assumption_best(assumptions, "j_per_link_byte", type, 1);
            if (!eta || !latency || !j)
                return err_set(e, COSIM_EUNSUPPORTED, "a link of type '%s' has no rates", l->type);
            out->sync_s += latency->value;
            out->s_per_byte = 1.0 / (l->bytes_per_s * eta->value);
            out->j_per_byte = j->value;
        }
    return COSIM_OK;
}

static cosim_status make(struct making *k, const struct route_event *event, cosim_error *e)
{
    struct route_setup *u = k->u;
    struct route_problem *p = &u->problem;
    const struct load *l = k->load;
    const double d_model = l->graph->plan->model->d_model;

    p->n_members = u->platform->n_members;
    p->n_pools = u->platform->n_pools;
    p->n_sequences = u->batch = l->request.batch;
    u->prompt_tokens = l->request.prompt_tokens;
    u->output_tokens = l->request.output_tokens;
    p->repeats[ROUTE_PREFILL] = 1.0;
    p->repeats[ROUTE_DECODE] = l->decode_steps;
    p->hop_bytes[ROUTE_PREFILL] = u->batch * u->prompt_tokens * d_model * OUT_BITS / 8.0;
    p->hop_bytes[ROUTE_DECODE] = u->batch * d_model * OUT_BITS / 8.0;
    p->token_bytes = 4.0 * u->batch;
    TRY(route_nodes_list(k, e));
    TRY(price_members(k, event, e));
    size_pools(u, l->act_bytes);
    TRY(price_links(u, k->assumptions, e));
    return route_nodes_price(k, e);
}

cosim_status route_setup_from_rates(struct route_setup *u, const struct load *load,
                                    const struct assumption_db *assumptions,
                                    const struct platform *platform,
                                    const struct rates *const *rates, struct arena *a,
                                    cosim_error *e)
{
    struct making k = { .u = u, .load = load, .assumptions = assumptions, .rates = rates, .a = a };

    *u = (struct route_setup){ .platform = platform };
    u->model_id = load->graph->plan->model->id;
    return make(&k, NULL, e);
}

cosim_status route_setup_from_load(struct route_setup *u, const struct load *load,
                                   const struct assumption_db *assumptions,
                                   const struct platform *platform, bool split,
                                   const struct route_event *event, struct arena *a, cosim_error *e)
{
    struct making k = { .u = u, .load = load, .assumptions = assumptions, .split = split, .a = a };

    *u = (struct route_setup){ .platform = platform };
    u->model_id = arena_strdup(a, load->graph->plan->model->id);
    if (!u->model_id)
        return err_set(e, COSIM_ENOMEM, "out of memory for a routing");
    return make(&k, event, e);
}

/* The load of the one point that the study describes. */
static cosim_status one_load(struct walker *w, cosim_error *e)
{
    struct point point;

    TRY(walker_point(w, 0, &point, e));
    if (point.reject == REJECT_CONTEXT || !w->load.graph)
        return err_set(e, COSIM_ENO, "this cannot run anywhere: %s", reject_doc(point.reject));
    return COSIM_OK;
}

cosim_status route_setup_make(struct route_setup *u, cosim *c, const struct study *s,
                              const struct platform *platform, bool split,
                              const struct route_event *event, struct arena *a, cosim_error *e)
{
    struct study own = *s;
    struct resolved r;
    struct walker w = { .space = NULL };

    *u = (struct route_setup){ .platform = platform };
    /* the engine wants a device to count for: what is counted does not depend on it */
    own.value[STUDY_DEVICE] = (struct setting){ .text = platform->member[0].device.id };
    own.value[STUDY_OBJECTIVES].text = NULL;
    cosim_status st = resolve(&r, c, &own, e);
    if (st == COSIM_OK)
        st = study_refuse_split(&own, "a routing places whole layers", e);
    if (st == COSIM_OK && r.space.n_points != 1)
        st = err_set(e, COSIM_EUSAGE,
                     "a routing needs one value for each of model, formats, prompt, output and "
                     "batch");
    if (st == COSIM_OK)
        st = walker_init(&w, &r.space, e);
    if (st == COSIM_OK)
        st = one_load(&w, e);
    if (st == COSIM_OK)
        st = route_setup_from_load(u, &w.load, &c->assumptions, platform, split, event, a, e);
    walker_release(&w);
    resolved_release(&r);
    return st;
}
