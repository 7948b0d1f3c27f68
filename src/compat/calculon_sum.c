/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over the layers of one block, for one micro-batch. */
#include "compat/calculon.h"

#include <stddef.h>

static double flops_s(const struct calculon_case *c, const struct calculon_layer *l,
                      enum calculon_stage stage)
{
    return l->matrix && stage != CALCULON_OPTIM
               ? calculon_matrix_s(c->system, l->work[stage].flops)
               : calculon_vector_s(c->system, l->work[stage].flops);
}

/* Adds a layer's work and gives its time, which is part of the block's unless it communicates. */
static double add_work(const struct calculon_case *c, const struct calculon_layer *l,
                       enum calculon_stage stage, struct calculon_work *w)
{
    const struct calculon_amount *a = &l->work[stage];
    const double compute_s = flops_s(c, l, stage), mem_s = calculon_mem_s(c->system, a->mem_bytes);

    w->flops += a->flops;
    w->flops_s += compute_s;
    w->mem_bytes += a->mem_bytes;
    w->mem_s += mem_s;
    if (!l->comm)
        w->time_s += compute_s + mem_s;
    return compute_s + mem_s;
}

/* `reduces`: the direction that sums; `split`: scatter and gather instead of an all-reduce. */
static void add_link(const struct calculon_case *c, double bytes, bool reduces, bool split,
                     double *link_bytes, double *link_s)
{
    const struct calculon_net *net = &c->system->net[(int)c->tensor_net];
    const enum calculon_net_op op = !split    ? CALCULON_ALL_REDUCE
                                    : reduces ? CALCULON_REDUCE_SCATTER
                                              : CALCULON_ALL_GATHER;

    if (!split && !reduces)
        return;
    *link_bytes += bytes;
    *link_s += calculon_net_s(net, op, bytes, c->tensor_par);
}

static void add_links(const struct calculon_case *c, double bytes, bool reduces, double compute_s,
                      struct calculon_link *k)
{
    k->base_s += compute_s;
    k->edge_s += compute_s;
    add_link(c, bytes, reduces, c->comm == CALCULON_COMM_RS_AG, &k->base_bytes, &k->base_s);
    add_link(c, bytes, reduces, c->comm != CALCULON_COMM_AR, &k->edge_bytes, &k->edge_s);
}

/* Upstream adds everything since the start of the block for each repeated layer, but its time. */
static void add_recompute(const struct calculon_layer *l, double layer_s, struct calculon_sums *s)
{
    struct calculon_work *re = &s->work[CALCULON_RE];
    const struct calculon_work *fw = &s->work[CALCULON_FW];

    if (!l->recomputed)
        return;
    re->flops += fw->flops;
    re->flops_s += fw->flops_s;
    re->mem_bytes += fw->mem_bytes;
    re->mem_s += fw->mem_s;
    re->time_s += layer_s;
}

static void add_training(const struct calculon_case *c, const struct calculon_block *b,
                         const struct calculon_layer *l, double fw_s, struct calculon_sums *s)
{
    const double shards = c->optimizer_sharding ? c->data_par : 1.0;
    double agrad_s;

    add_recompute(l, fw_s, s);
    agrad_s = add_work(c, l, CALCULON_AGRAD, &s->work[CALCULON_AGRAD]);
    (void)add_work(c, l, CALCULON_WGRAD, &s->work[CALCULON_WGRAD]);
    (void)add_work(c, l, CALCULON_OPTIM, &s->work[CALCULON_OPTIM]);
    if (l->comm)
        add_links(c, b->activation_bytes, !l->conjugate, agrad_s, &s->agrad);
    if (l->communicated_again)
        add_links(c, b->activation_bytes, l->conjugate, 0.0, &s->again);
    if (l->out_dropped)
        s->act_storage_bytes -= l->out_bytes;
    if (l->act_dropped)
        s->act_storage_bytes -= l->act_bytes;
    s->weight_grad_bytes += l->weights * c->element_bytes / shards;
    s->whole_weight_grad_bytes += l->weights * 4.0; /* kept in 32 bits until the reduction */
    s->act_grad_bytes += l->grad_bytes;
    s->optimizer_bytes += l->work[CALCULON_OPTIM].mem_bytes;
}

void calculon_sum(const struct calculon_case *c, const struct calculon_block *b,
                  struct calculon_sums *s)
{
    *s = (struct calculon_sums){ 0 };
    for (size_t i = 0; i < b->n; i++) {
        const struct calculon_layer *l = &b->layer[i];
        const double fw_s = add_work(c, l, CALCULON_FW, &s->work[CALCULON_FW]);

        if (l->comm)
            add_links(c, b->activation_bytes, l->conjugate, fw_s, &s->fw);
        s->weight_bytes += l->weights * c->element_bytes;
        s->act_storage_bytes += l->act_bytes;
        if (!l->act_reused)
            s->act_working_bytes += l->act_bytes;
        if (c->training)
            add_training(c, b, l, fw_s, s);
    }
    if (c->recompute == CALCULON_RECOMPUTE_FULL) {
        s->act_storage_bytes = 0.0;
        s->checkpoint_bytes = b->activation_bytes;
    }
}
