/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calculon's rules (commit caa4b11): a Megatron block as a list of layers, each with the time of
 * its flops plus the time of its bytes, at rates that depend on the size of the operation.
 * Forward pass only.
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

struct calculon_case {
    double hidden, feedforward, seq_size, attn_heads, attn_size, num_blocks;
    double tensor_par, pipeline_par, data_par, batch_size, microbatch_size, interleaving;
    double tensor_net, pipeline_net; /* index of the network */
    double element_bytes;
    bool fused_activation, multiquery;
    enum calculon_comm comm;
    const struct calculon_system *system;
};

struct calculon_layer {
    double flops, mem_bytes, weight_bytes, act_bytes;
    bool matrix;     /* runs on the matrix engine */
    bool act_reused; /* shares its input with an earlier layer */
    bool comm;       /* tensor-parallel communication: not part of the block's compute time */
    bool conjugate;  /* of a comm layer: reduces in the forward pass */
};

#define CALCULON_LAYERS_MAX 32

struct calculon_block {
    struct calculon_layer layer[CALCULON_LAYERS_MAX];
    size_t n;
    double activation_bytes; /* of the whole micro-batch, not split by sequence parallelism */
};

/* Sums over one block in the forward pass; base: inside a chunk, edge: its last block. */
struct calculon_sums {
    double flops, flops_s, mem_bytes, mem_s, time_s;
    double base_tp_s, edge_tp_s, base_tp_bytes, edge_tp_bytes;
    double weight_bytes, act_working_bytes, act_storage_bytes;
};

void calculon_build(const struct calculon_case *c, struct calculon_block *b);
void calculon_sum(const struct calculon_case *c, const struct calculon_block *b,
                  struct calculon_sums *s);

#endif
