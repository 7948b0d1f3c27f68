/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A model with formats becomes operator classes times a multiplicity: 32 equal layers are one
 * class of each operator. Two stages, so that a sweep repeats as little as possible:
 *   plan   (model, weight scheme, K scheme, V scheme): which layers are equal, bits of each tensor
 *   graph  (plan, activation format, tp, pp, ep): the operators of one device
 */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "model/model.h"
#include "model/op.h"
#include "quant/scheme.h"

#include <stdint.h>

/* A weight tensor kind within one layer class. */
struct plan_tensor {
    const struct format *format;    /* NULL = the layer has none */
    double row_elems, n_rows, bits; /* bits per element with all metadata */
};

struct plan_class {
    struct layer layer;
    double times; /* layers of this class */
    struct plan_tensor tensor[N_TENSORS];
    const struct format *k_format, *v_format;
};

/* Stored weight bytes up to a layer, by how they are sharded. */
struct plan_bytes {
    double by_tp, by_tp_ep, replicated;
};

struct plan {
    const struct model *model;
    const struct plan_class *cls;
    size_t n_cls;
    const uint32_t *class_of;           /* per layer: index into cls */
    struct plan_tensor embedding, head; /* head.format NULL = tied */
    const struct plan_bytes *prefix;    /* n_layers + 1: bytes of layers [0, i) */
    double embedding_bytes, head_bytes; /* head_bytes 0 when tied */
    double position_bytes, final_bytes; /* first stage; final norm and the like of the last */
    double weight_bytes;                /* of the whole model */
};

/** Lives in the arena. ERANGE for a format that cannot serve; EUNSUPPORTED for an unsupported
 * model. */
cosim_status plan_make(struct plan *p, const struct model *m, const struct scheme *w,
                       const struct scheme *k, const struct scheme *v, struct arena *a,
                       cosim_error *e);

struct parallel {
    unsigned tp, pp, ep, dp; /* degrees; devices = tp * pp * ep * dp */
};

/* Reused between points: zero-initialise, release once. */
struct graph {
    const struct plan *plan;
    struct parallel par;
    struct op *op;
    size_t n_op, cap_op;
    double kernels;             /* launches per step on the busiest host, collectives included */
    double stage_weight_bytes;  /* of the fullest device */
    double stage_share;         /* layers of the fullest stage over all layers */
    double act_bytes_per_token; /* largest live pair of tensors (5.1) */
};

/** Why a parallel layout does not suit a model, or NULL. */
const char *graph_layout_problem(const struct model *m, const struct parallel *par);

cosim_status graph_make(struct graph *g, const struct plan *p, const struct format *a,
                        const struct parallel *par, cosim_error *e);
void graph_release(struct graph *g);

/** KV bytes of one sequence of n tokens on the fullest device (5.1). */
double graph_kv_bytes(const struct graph *g, double n_tokens);

#endif
