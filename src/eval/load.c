/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/load.h"

#include "core/num.h"

#include <stdlib.h>
#include <string.h>

struct coll_form load_coll_form(const struct op *op)
{
    switch (op->collective) {
    case COLL_ALL_REDUCE:
        return coll_all_reduce(op->ranks);
    case COLL_ALL_GATHER:
        return coll_all_gather(op->ranks);
    case COLL_ALL_TO_ALL:
        return coll_all_to_all(op->ranks);
    case COLL_P2P:
    case COLL_NONE:
        break;
    }
    return coll_p2p();
}

static void add_net(struct phase *p, const struct op *op, const struct work *w)
{
    const struct priced_net net = { op->times, w->net_bytes, load_coll_form(op) };

    p->net[p->n_net++] = net;
    p->link_bytes += net.times * (net.form.ring_volume * net.bytes);
}

static void add_op(struct phase *p, const struct op *op, const struct work *w)
{
    const struct priced_op o = {
        .times = op->times,
        .flops = w->flops,
        .vector_flops = w->vector_flops,
        .mem_bytes = work_mem_bytes(w),
        .cache_bytes = w->cache_bytes,
        .math = op->math,
    };

    p->op[p->n_op++] = o;
    p->flops[o.math] += o.times * o.flops;
    p->flops[PREC_VECTOR] += o.times * o.vector_flops;
    p->mem_bytes += o.times * o.mem_bytes;
    p->cache_bytes += o.times * o.cache_bytes;
}

static void count_phase(struct phase *p, const struct graph *g, const struct step *step)
{
    p->step = *step;
    p->n_op = p->n_net = 0;
    p->mem_bytes = p->cache_bytes = p->link_bytes = 0.0;
    memset(p->flops, 0, sizeof p->flops);
    for (size_t i = 0; i < g->n_op; i++) {
        struct work w;
        g->op[i].kind->work(&g->op[i], step, &w);
        if (g->op[i].collective != COLL_NONE)
            add_net(p, &g->op[i], &w);
        else
            add_op(p, &g->op[i], &w);
    }
}

static cosim_status reserve(struct load *l, size_t n_op, cosim_error *e)
{
    if (n_op <= l->cap)
        return COSIM_OK;
    struct phase *phase[2] = { &l->prefill, &l->decode };
    for (size_t i = 0; i < 2; i++) {
        struct priced_op *op = realloc(phase[i]->op, n_op * sizeof *op);
        if (op)
            phase[i]->op = op;
        struct priced_net *net = realloc(phase[i]->net, n_op * sizeof *net);
        if (net)
            phase[i]->net = net;
        if (!op || !net)
            return err_set(e, COSIM_ENOMEM, "out of memory for a phase");
    }
    l->cap = n_op;
    return COSIM_OK;
}

static void size_memory(struct load *l, double rank_batch)
{
    const struct graph *g = l->graph;
    const double context = l->request.prompt_tokens + l->request.output_tokens;
    const double tokens = min_f64(rank_batch * l->request.prompt_tokens, MAX_BATCHED_TOKENS);

    l->weight_bytes = g->stage_weight_bytes;
    l->kv_bytes = rank_batch * graph_kv_bytes(g, context);
    l->act_bytes = max_f64(tokens, rank_batch) * g->act_bytes_per_token
                   + rank_batch * g->plan->model->vocab * 4.0 / (double)g->par.tp;
    l->memory_bytes = l->weight_bytes + l->kv_bytes + l->act_bytes;
}

void load_set_output(struct load *l, double output_tokens)
{
    const double micro = l->prefill.step.batch;
    /* keys seen by decode steps i = 1 .. S_out - 1 are S_in + i: their mean */
    const double mean_keys = l->request.prompt_tokens + max_f64(output_tokens / 2.0, 1.0);
    const struct step decode = { micro, 1.0, mean_keys - 1.0, micro };

    l->request.output_tokens = output_tokens;
    l->decode_steps = output_tokens - 1.0;
    count_phase(&l->decode, l->graph, &decode);
    size_memory(l, ceil(l->request.batch / l->graph->par.ep));
}

cosim_status load_make(struct load *l, const struct graph *g, const struct request *r,
                       cosim_error *e)
{
    const double tp = g->par.tp, pp = g->par.pp, ep = g->par.ep;
    const double rank_batch = ceil(r->batch / ep), micro = ceil(rank_batch / pp);
    const struct step prefill = { micro, r->prompt_tokens, 0.0, micro };

    TRY(reserve(l, g->n_op, e));
    l->request = *r;
    l->graph = g;
    l->micro_batches = ceil(rank_batch / micro);
    l->prefill_fill = (l->micro_batches + pp - 1.0) / pp;
    l->n_devices = tp * pp * ep;
    l->ranks = tp * ep;
    count_phase(&l->prefill, g, &prefill);
    load_set_output(l, r->output_tokens);
    return COSIM_OK;
}

void load_release(struct load *l)
{
    free(l->prefill.op);
    free(l->prefill.net);
    free(l->decode.op);
    free(l->decode.net);
    *l = (struct load){ 0 };
}
