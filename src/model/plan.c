/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/graph.h"

#include <stdint.h>
#include <string.h>

struct builder {
    const struct model *model;
    struct scheme_context context;
    const struct scheme *w;
    struct plan *plan;
    struct plan_class *of_layer;  /* one per layer, merged at the end */
    struct plan_bytes *per_layer; /* bytes of each layer, then prefix sums */
};

static bool is_expert(enum tensor_id t)
{
    return t == TENSOR_EXP_GATE || t == TENSOR_EXP_UP || t == TENSOR_EXP_DOWN;
}

static bool is_replicated(enum tensor_id t)
{
    return t == TENSOR_NORM || t == TENSOR_BIAS || t == TENSOR_ROUTER;
}

static void add_bytes(struct plan_bytes *b, enum tensor_id t, double bytes)
{
    if (is_expert(t))
        b->by_tp_ep += bytes;
    else if (is_replicated(t))
        b->replicated += bytes;
    else
        b->by_tp += bytes;
}

static int visit(const struct model_tensor *mt, void *user)
{
    struct builder *b = user;
    const struct scheme_tensor t = { (enum tensor_id)mt->tensor, mt->layer, mt->row_elems,
                                     mt->n_rows };
    const struct format *f = scheme_format(b->w, &b->context, &t);
    const double bytes = scheme_tensor_bytes(b->w, &b->context, &t);
    const struct plan_tensor pt = { f, mt->row_elems, mt->n_rows,
                                    bytes * 8.0 / (mt->row_elems * mt->n_rows) };

    b->plan->weight_bytes += bytes;
    if (mt->layer != SIZE_MAX) {
        b->of_layer[mt->layer].tensor[t.id] = pt;
        add_bytes(&b->per_layer[mt->layer], t.id, bytes);
    } else if (t.id == TENSOR_TOKEN_EMBD) {
        b->plan->embedding = pt;
        b->plan->embedding_bytes = bytes;
    } else if (t.id == TENSOR_OUTPUT) {
        b->plan->head = pt;
        b->plan->head_bytes = bytes;
    } else if (t.id == TENSOR_POS_EMBD) {
        b->plan->position_bytes += bytes;
    } else {
        b->plan->final_bytes += bytes;
    }
    return 0;
}

static bool same_class(const struct plan_class *x, const struct plan_class *y)
{
    if (x->k_format != y->k_format || x->v_format != y->v_format
        || memcmp(&x->layer, &y->layer, sizeof x->layer) != 0)
        return false;
    for (size_t t = 0; t < N_TENSORS; t++)
        if (x->tensor[t].format != y->tensor[t].format || x->tensor[t].bits != y->tensor[t].bits)
            return false;
    return true;
}

/* Keeps the first of each set of equal layers, in layer order. */
static size_t merge(struct plan_class *c, uint32_t *class_of, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < kept && !same_class(&c[j], &c[i]))
            j++;
        class_of[i] = (uint32_t)j;
        if (j < kept)
            c[j].times += 1.0;
        else
            c[kept++] = c[i];
    }
    return kept;
}

static const struct format *kv_format(const struct builder *b, const struct scheme *s,
                                      enum tensor_id id, size_t layer)
{
    const struct layer *l = &b->model->layer[layer];
    const double width = id == TENSOR_ATTN_K ? l->head_dim : l->v_head_dim;
    const struct scheme_tensor t = { id, layer, width, l->n_kv_heads };

    return scheme_format(s, &b->context, &t);
}

static cosim_status no_memory(const struct model *m, cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for the plan of '%s'", m->id);
}

/* One class per layer, which merge then makes few; in scratch memory, for plans are many. */
static cosim_status find_classes(struct builder *b, const struct scheme *k, const struct scheme *v,
                                 struct arena *scratch, struct arena *a, cosim_error *e)
{
    const struct model *m = b->model;
    struct plan *p = b->plan;

    uint32_t *class_of = ARENA_NEW(a, uint32_t, m->n_layers);
    b->of_layer = ARENA_NEW(scratch, struct plan_class, m->n_layers);
    if (!b->of_layer || !class_of)
        return no_memory(m, e);
    for (size_t i = 0; i < m->n_layers; i++) {
        b->of_layer[i].layer = m->layer[i];
        b->of_layer[i].times = 1.0;
        b->of_layer[i].k_format = kv_format(b, k, TENSOR_ATTN_K, i);
        b->of_layer[i].v_format = kv_format(b, v, TENSOR_ATTN_V, i);
    }
    (void)model_each_tensor(m, visit, b);
    p->class_of = class_of;
    p->n_cls = merge(b->of_layer, class_of, m->n_layers);
    struct plan_class *cls = ARENA_NEW(a, struct plan_class, p->n_cls);
    if (!cls)
        return no_memory(m, e);
    memcpy(cls, b->of_layer, p->n_cls * sizeof *cls);
    p->cls = cls;
    return COSIM_OK;
}

static void sum_up(struct plan_bytes *of_layer, size_t n_layers)
{
    struct plan_bytes sum = { 0 };

    for (size_t i = 0; i <= n_layers; i++) {
        const struct plan_bytes here = of_layer[i];
        of_layer[i] = sum;
        sum.by_tp += here.by_tp;
        sum.by_tp_ep += here.by_tp_ep;
        sum.replicated += here.replicated;
    }
}

cosim_status plan_make(struct plan *p, const struct model *m, const struct scheme *w,
                       const struct scheme *k, const struct scheme *v, struct arena *a,
                       cosim_error *e)
{
    memset(p, 0, sizeof *p);
    if (m->unsupported)
        return err_set(e, COSIM_EUNSUPPORTED, "model '%s' is not computed yet: %s", m->id,
                       m->unsupported);
    struct arena scratch = { NULL };
    struct builder b = {
        .model = m,
        .w = w,
        .plan = p,
        .context = { m->n_layers, m->layer[0].n_heads, m->layer[0].n_kv_heads,
                     m->layer[m->n_layers - 1].n_experts, m->n_params, m->tied_embeddings },
        .per_layer = ARENA_NEW(a, struct plan_bytes, m->n_layers + 1),
    };
    if (!b.per_layer)
        return no_memory(m, e);
    p->model = m;
    p->prefix = b.per_layer;
    const cosim_status st = find_classes(&b, k, v, &scratch, a, e);
    arena_release(&scratch);
    sum_up(b.per_layer, m->n_layers);
    return st;
}
