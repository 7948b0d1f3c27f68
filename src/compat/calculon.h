/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calculon's rules (commit caa4b11): a Megatron block as a list of layers, each with the time of
 * its flops plus the time of its bytes, at rates that depend on the size of the operation.
 * Forward pass and training step, without overlap and offloading.
 */
#ifndef COMPAT_CALCULON_H
#define COMPAT_CALCULON_H

#include <stdbool.h>
#include <stddef.h>

/* Efficiency of operations of at least `from` flops or bytes; descending, ends with from = 0. */
struct calculon_step {
    double from, ratio;
};

enum calculon_net_op {
    CALCULON_P2P,
    CALCULON_REDUCE_SCATTER,
    CALCULON_ALL_GATHER,
    CALCULON_ALL_REDUCE,
    N_CALCULON_NET_OP
};

/* Time = latency + size * scale * (1 + offset / ranks) / rate. */
struct calculon_net {
    double bytes_per_s, latency_s; /* the rate after the network's efficiency */
    double scale[N_CALCULON_NET_OP], offset[N_CALCULON_NET_OP];
};

#define CALCULON_NETS 2

struct calculon_system {
    const char *name;
    double matrix_flops_per_s, vector_flops_per_s, mem_bytes_per_s;
    struct calculon_net net[CALCULON_NETS];
};

const struct calculon_system *calculon_system_find(const char *name);
double calculon_matrix_s(const struct calculon_system *s, double flops);
double calculon_vector_s(const struct calculon_system *s, double flops);
double calculon_mem_s(const struct calculon_system *s, double bytes);
double calculon_net_s(const struct calculon_net *net, enum calculon_net_op op, double bytes,
                      double ranks);

enum calculon_comm { CALCULON_COMM_AR, CALCULON_COMM_P2P_RS_AG, CALCULON_COMM_RS_AG };
enum calculon_recompute {
    CALCULON_RECOMPUTE_NONE,
    CALCULON_RECOMPUTE_ATTN,
    CALCULON_RECOMPUTE_FULL
};

struct calculon_case {
    double hidden, feedforward, seq_size, attn_heads, attn_size, num_blocks;
    double tensor_par, pipeline_par, data_par, batch_size, microbatch_size, interleaving;
    double tensor_net, pipeline_net, data_net; /* index of the network */
    double element_bytes;
    bool training, fused_activation, multiquery, optimizer_sharding, gather_again;
    enum calculon_comm comm;
    enum calculon_recompute recompute; /* training only */
    const struct calculon_system *system;
};

/* Forward, forward again before the backward pass, gradients of activations and of weights,
 * optimizer step. */
enum calculon_stage {
    CALCULON_FW,
    CALCULON_RE,
    CALCULON_AGRAD,
    CALCULON_WGRAD,
    CALCULON_OPTIM,
    N_CALCULON_STAGE
};

struct calculon_amount {
    double flops, mem_bytes;
};

struct calculon_layer {
    struct calculon_amount work[N_CALCULON_STAGE]; /* RE is not used: it repeats FW */
    double weights;                                /* parameters */
    double act_bytes, out_bytes, grad_bytes;       /* input kept, output, gradient of the output */
    bool matrix;      /* runs on the matrix engine, but for its optimizer step */
    bool act_reused;  /* shares its input with an earlier layer */
    bool act_dropped; /* input not kept for the backward pass */
    bool out_dropped; /* output not kept */
    bool recomputed;  /* run again in the backward pass */
    bool comm;        /* tensor-parallel communication: not part of the block's compute time */
    bool conjugate;   /* of a comm layer: reduces in the forward pass */
    bool communicated_again; /* of a comm layer: repeated before the backward pass */
};

#define CALCULON_LAYERS_MAX 32

struct calculon_block {
    struct calculon_layer layer[CALCULON_LAYERS_MAX];
    size_t n;
    double activation_bytes; /* of the whole micro-batch, not split by sequence parallelism */
};

struct calculon_work {
    double flops, flops_s, mem_bytes, mem_s, time_s;
};

/* Tensor-parallel communication; base: a block inside a chunk, edge: the last one. */
struct calculon_link {
    double base_s, edge_s, base_bytes, edge_bytes;
};

/* Sums over one block and one micro-batch. */
struct calculon_sums {
    struct calculon_work work[N_CALCULON_STAGE];
    struct calculon_link fw, agrad, again;
    double weight_bytes, act_working_bytes, act_storage_bytes, checkpoint_bytes;
    double weight_grad_bytes, whole_weight_grad_bytes; /* sharded, not sharded */
    double act_grad_bytes, optimizer_bytes;
};

/* One pipeline stage and a whole batch. */
struct calculon_batch {
    double blocks, microbatches, fw_pp_bytes, bw_pp_bytes, dp_bytes;
    double base_fw_s, edge_fw_s, base_bw_s, edge_bw_s;
    double fw_s, bw_s, optim_s, recompute_s, again_s, tp_s, pp_s, dp_s, bubble_s, total_s;
    double weight_bytes, act_bytes, checkpoint_bytes, act_grad_bytes, weight_grad_bytes;
    double optimizer_bytes, useful_flops;
};

void calculon_build(const struct calculon_case *c, struct calculon_block *b);
void calculon_sum(const struct calculon_case *c, const struct calculon_block *b,
                  struct calculon_sums *s);
void calculon_run(const struct calculon_case *c, const struct calculon_block *b,
                  const struct calculon_sums *s, struct calculon_batch *t);

#endif
