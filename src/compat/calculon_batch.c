/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pipeline stage over a whole batch: times, the pipeline's bubble, memory. */
#include "compat/calculon.h"

#include "core/num.h"

#include <math.h>
#include <stddef.h>

/* `base` blocks inside a chunk, then its edge. */
static double per_chunk(double base, double base_s, double edge_s)
{
    return base * base_s + edge_s;
}

static double data_parallel_s(const struct calculon_case *c, double bytes)
{
    const struct calculon_net *net = &c->system->net[(int)c->data_net];

    if (c->optimizer_sharding)
        return calculon_net_s(net, CALCULON_REDUCE_SCATTER, bytes, c->data_par)
               + calculon_net_s(net, CALCULON_ALL_GATHER, bytes, c->data_par);
    return calculon_net_s(net, CALCULON_ALL_REDUCE, bytes, c->data_par);
}

static void pipeline(const struct calculon_case *c, const struct calculon_block *b,
                     const struct calculon_sums *s, double base, struct calculon_batch *t)
{
    const struct calculon_net *net = &c->system->net[(int)c->pipeline_net];
    const double pp = c->pipeline_par, missing = t->blocks * pp - c->num_blocks;
    const double rest = fmod(t->microbatches, pp), shortage = rest != 0.0 ? pp - rest : 0.0;
    double fw_s, bw_s, cut_s, chunk_s;

    if (pp > 1.0)
        t->fw_pp_bytes =
            c->comm == CALCULON_COMM_AR ? b->activation_bytes : b->activation_bytes / c->tensor_par;
    t->bw_pp_bytes = c->training ? t->fw_pp_bytes : 0.0;
    /* an empty message still takes the latency of the network, as upstream does */
    fw_s = calculon_net_s(net, CALCULON_P2P, t->fw_pp_bytes, 2.0);
    bw_s = calculon_net_s(net, CALCULON_P2P, t->bw_pp_bytes, 2.0);
    t->base_fw_s = s->work[CALCULON_FW].time_s + s->fw.base_s;
    t->edge_fw_s = s->work[CALCULON_FW].time_s + s->fw.edge_s + fw_s;
    t->base_bw_s = s->work[CALCULON_RE].time_s + s->again.base_s + s->work[CALCULON_AGRAD].time_s
                   + s->work[CALCULON_WGRAD].time_s + s->agrad.base_s;
    t->edge_bw_s = s->work[CALCULON_RE].time_s + s->again.edge_s + s->work[CALCULON_AGRAD].time_s
                   + s->work[CALCULON_WGRAD].time_s + s->agrad.edge_s + bw_s;
    if (pp > 1.0)
        t->pp_s = t->microbatches * c->interleaving * (fw_s + (c->training ? bw_s : 0.0));
    chunk_s = per_chunk(base, t->base_fw_s + t->base_bw_s, t->edge_fw_s + t->edge_bw_s);
    cut_s = t->edge_fw_s + t->edge_bw_s;
    if (base > 0.0)
        cut_s = (cut_s + t->base_fw_s + t->base_bw_s) / 2.0;
    t->bubble_s =
        (pp - 1.0) * chunk_s + (c->interleaving - 1.0) * shortage * chunk_s - missing * cut_s;
}

static void memory(const struct calculon_case *c, const struct calculon_sums *s,
                   struct calculon_batch *t)
{
    /* one forward, one backward: at most `pp` micro-batches are in flight */
    const double pp = c->pipeline_par, flight = min_f64(t->microbatches, pp);
    const double kept =
        c->interleaving > 1.0 ? flight * (1.0 + (pp - 1.0) / (c->interleaving * pp)) : flight;

    t->weight_bytes = s->weight_bytes * t->blocks;
    t->act_bytes = s->act_working_bytes;
    if (!c->training)
        return;
    if (c->recompute == CALCULON_RECOMPUTE_FULL)
        t->checkpoint_bytes = t->blocks * s->checkpoint_bytes * kept;
    else
        t->act_bytes += s->act_storage_bytes * (t->blocks * kept - 1.0);
    t->act_grad_bytes = s->act_grad_bytes;
    t->weight_grad_bytes = s->whole_weight_grad_bytes + s->weight_grad_bytes * (t->blocks - 1.0);
    t->optimizer_bytes = s->optimizer_bytes * t->blocks;
}

void calculon_run(const struct calculon_case *c, const struct calculon_block *b,
                  const struct calculon_sums *s, struct calculon_batch *t)
{
    const double blocks = ceil(c->num_blocks / c->pipeline_par);
    const double micro = floor(floor(c->batch_size / c->data_par) / c->microbatch_size);
    const double base = floor(blocks / c->interleaving) - 1.0, chunks = micro * c->interleaving;

    *t = (struct calculon_batch){ .blocks = blocks, .microbatches = micro };
    t->fw_s = blocks * micro * s->work[CALCULON_FW].time_s;
    t->bw_s = blocks * micro * (s->work[CALCULON_AGRAD].time_s + s->work[CALCULON_WGRAD].time_s);
    t->recompute_s = blocks * micro * s->work[CALCULON_RE].time_s;
    t->optim_s = blocks * s->work[CALCULON_OPTIM].time_s;
    t->tp_s = chunks
              * (per_chunk(base, s->fw.base_s, s->fw.edge_s)
                 + per_chunk(base, s->agrad.base_s, s->agrad.edge_s));
    t->again_s = chunks * per_chunk(base, s->again.base_s, s->again.edge_s);
    pipeline(c, b, s, base, t);
    if (c->training && c->data_par > 1.0) {
        t->dp_bytes = s->weight_bytes;
        t->dp_s = blocks * data_parallel_s(c, t->dp_bytes);
    }
    t->total_s = t->fw_s + t->bw_s + t->optim_s + t->recompute_s + t->again_s + t->bubble_s
                 + t->tp_s + t->pp_s + t->dp_s;
    memory(c, s, t);
    for (int k = 0; k < N_CALCULON_STAGE; k++)
        t->useful_flops += k == CALCULON_RE ? 0.0 : s->work[k].flops;
}
