/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/arch.h"

#include "core/num.h"
#include "eval/point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const enum metric arch_metric[N_ARCH_METRICS] = {
#define ARCH_METRIC_ROW(id) [ARCH_##id] = METRIC_##id,
    ARCH_METRIC_LIST(ARCH_METRIC_ROW)
#undef ARCH_METRIC_ROW
};

void arch_engine_init(struct arch_engine *g, const struct arch_study *s)
{
    memset(g, 0, sizeof *g);
    g->s = s;
}

void arch_engine_release(struct arch_engine *g)
{
    load_release(&g->load);
    graph_release(&g->graph);
    arena_release(&g->arena);
    free(g->known);
    free(g->have);
}

struct model_shape arch_shape(const struct arch_study *s, const struct arch_design *a)
{
    struct model_shape shape = s->shape;

    shape.layers = a->layers;
    shape.d_model = a->width;
    shape.gqa = a->gqa;
    shape.ffn_ratio = a->ffn_ratio;
    shape.experts = a->experts;
    shape.active_experts = a->active_experts;
    shape.vocab = a->vocab;
    return shape;
}

/* A rejection that has nothing to do with size: no budget can decide, so it is no design. Memory is
 * left to its budget. */
static bool is_judged(const struct arch_study *s, const struct arch_facts *f)
{
    if (f->reject != REJECT_NONE && f->reject != REJECT_CAPACITY)
        return false;
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        if (is_known(s->max[i]) && !is_known(f->metric[arch_metric[i]]))
            return false;
    return true;
}

cosim_status arch_engine_model(struct arch_engine *g, const struct model *m,
                               const struct arch_precision *p, struct arch_facts *f, cosim_error *e)
{
    const struct space *s = &g->s->r.space;
    const struct parallel par = { (unsigned)s->number[AXIS_TP][0], (unsigned)s->number[AXIS_PP][0],
                                  (unsigned)s->number[AXIS_EP][0],
                                  (unsigned)s->number[AXIS_DP][0] };
    const struct request request = { s->number[AXIS_BATCH][0], s->number[AXIS_PROMPT][0],
                                     s->number[AXIS_OUTPUT][0] };
    struct plan plan;
    struct point pt = { 0 };

    *f = (struct arch_facts){ .n_params = m->n_params, .n_active_params = m->n_active_params };
    TRY(plan_make(&plan, m, s->w[p->w], s->kv[p->kv].k, s->kv[p->kv].v, &g->arena, e));
    f->added_loss = arch_added_loss(p, g->s, &plan);
    f->impossible = graph_layout_problem(m, &par) != NULL;
    if (f->impossible)
        return COSIM_OK;
    TRY(graph_make(&g->graph, &plan, s->a[p->a], &par, e));
    TRY(load_make(&g->load, &g->graph, &request, e));
    point_eval(&pt, &g->load, &s->rates[0], UNKNOWN_F64);
    f->reject = pt.reject;
    memcpy(f->metric, pt.metric, sizeof f->metric);
    f->impossible = !is_judged(g->s, f);
    return COSIM_OK;
}

static bool same_shape(const struct arch_design *a, const struct arch_design *b)
{
    struct arch_design x = *a, y = *b;

    x.layers = y.layers = 0.0;
    return memcmp(&x, &y, sizeof x) == 0;
}

/* Room for depths up to `layers`, empty when the shape is another one than before. */
static cosim_status remember(struct arch_engine *g, const struct arch_design *a, size_t layers,
                             cosim_error *e)
{
    if (layers >= g->cap) {
        const size_t cap = layers + 32;
        struct arch_facts *known = realloc(g->known, cap * sizeof *known);
        if (known)
            g->known = known;
        bool *have = realloc(g->have, cap * sizeof *have);
        if (have)
            g->have = have;
        if (!known || !have)
            return err_set(e, COSIM_ENOMEM, "out of memory for %zu depths", cap);
        memset(g->have + g->cap, 0, (cap - g->cap) * sizeof *have);
        g->cap = cap;
    }
    if (!same_shape(a, &g->shape)) {
        memset(g->have, 0, g->cap * sizeof *g->have);
        g->shape = *a;
    }
    return COSIM_OK;
}

static cosim_status build(struct arch_engine *g, const struct arch_design *a, struct arch_facts *f,
                          cosim_error *e)
{
    const struct model_shape shape = arch_shape(g->s, a);
    struct model m;
    char why[160];

    *f = (struct arch_facts){ .impossible = model_shape_problem(&shape, why) != NULL };
    if (f->impossible)
        return COSIM_OK;
    cosim_status st = model_synth(&m, &shape, &g->arena, e);
    if (st == COSIM_OK)
        st = arch_engine_model(g, &m, &g->s->precision[a->precision], f, e);
    arena_release(&g->arena);
    g->arena = (struct arena){ 0 };
    return st;
}

/* Facts of a whole depth, from memory if they are there. */
static cosim_status whole(struct arch_engine *g, const struct arch_design *a, double layers,
                          struct arch_facts *f, cosim_error *e)
{
    struct arch_design at = *a;
    const size_t l = (size_t)layers;

    at.layers = layers;
    TRY(remember(g, a, l, e));
    if (!g->have[l]) {
        TRY(build(g, &at, &g->known[l], e));
        g->have[l] = true;
    }
    *f = g->known[l];
    return COSIM_OK;
}

static double between(double lo, double hi, double share)
{
    return lo + share * (hi - lo);
}

cosim_status arch_engine_facts(struct arch_engine *g, const struct arch_design *a,
                               struct arch_facts *f, cosim_error *e)
{
    const double lo = floor(a->layers), share = a->layers - lo;
    struct arch_facts up;

    TRY(whole(g, a, lo, f, e));
    if (!(share > 0.0) || f->impossible)
        return COSIM_OK;
    TRY(whole(g, a, lo + 1.0, &up, e));
    for (int i = 0; i < N_METRICS; i++)
        f->metric[i] = between(f->metric[i], up.metric[i], share);
    f->n_params = between(f->n_params, up.n_params, share);
    f->n_active_params = between(f->n_active_params, up.n_active_params, share);
    f->added_loss = between(f->added_loss, up.added_loss, share);
    return COSIM_OK;
}

cosim_status arch_engine_cost(void *engine, const struct arch_design *a, struct arch_cost *cost,
                              cosim_error *e)
{
    struct arch_facts f;

    TRY(arch_engine_facts(engine, a, &f, e));
    *cost = (struct arch_cost){ .impossible = f.impossible, .added_loss = f.added_loss };
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        cost->value[i] = f.metric[arch_metric[i]];
    return COSIM_OK;
}

struct arch_search arch_search_of(const struct arch_study *s, struct arch_engine *g)
{
    struct arch_search q = { .law = law_codesign.constants[0].p,
                             .axes = &s->axes,
                             .n_costs = N_ARCH_METRICS,
                             .cost = arch_engine_cost,
                             .user = g };

    memcpy(q.max, s->max, sizeof s->max);
    return q;
}
