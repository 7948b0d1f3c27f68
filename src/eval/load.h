/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request batch on a graph becomes counts of two phases; nothing here knows a device. */
#ifndef EVAL_LOAD_H
#define EVAL_LOAD_H

#include "model/graph.h"
#include "roofline/collective.h"

/* What is asked of the model. */
struct request {
    double batch;         /* sequences per data-parallel replica */
    double prompt_tokens; /* S_in */
    double output_tokens; /* S_out, the prefill makes the first */
};

struct priced_op {
    double times, flops, vector_flops, mem_bytes, cache_bytes;
    enum precision math;
};

struct priced_net {
    double times, bytes;
    struct coll_form form;
};

/* One phase on one device of a stage chain: all layers, one micro-batch. */
struct phase {
    struct step step;
    struct priced_op *op;
    size_t n_op;
    struct priced_net *net;
    size_t n_net;
    double flops[N_PREC]; /* totals for energy; PREC_VECTOR: vector flops */
    double mem_bytes, cache_bytes, link_bytes;
};

/* Zero-initialise, release once, remake as often as needed. */
struct load {
    struct request request;
    const struct graph *graph;
    struct phase prefill, decode;
    size_t cap;
    double micro_batches; /* m per replica (pipeline) */
    double prefill_fill;  /* (m + pp - 1) / pp (4.3) */
    double decode_steps;  /* S_out - 1 */
    double n_devices;     /* of a replica: tp pp ep */
    double ranks;         /* tp ep: devices that do the counted work of a stage chain */
    double memory_bytes;  /* fullest device (5.1) */
    double weight_bytes, kv_bytes, act_bytes;
};

/** Tokens that an engine batches at most in one prefill pass [ours; vLLM's default order]. */
#define MAX_BATCHED_TOKENS 8192.0

cosim_status load_make(struct load *l, const struct graph *g, const struct request *r,
                       cosim_error *e);

/** The same load with another output length: the prefill stays as it is. */
void load_set_output(struct load *l, double output_tokens);

void load_release(struct load *l);

struct coll_form load_coll_form(const struct op *op);

#endif
