/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Placements that are no chain: keys and values apart from the weights of their layer, and the
 * experts of a layer spread over members that work side by side. The hidden state follows the
 * "spine", the places of the layers' attention weights; from there it goes out and comes back:
 *
 *   KV apart       a decode pass sends q and the new k, v to the member that keeps the others, the
 *                  attention core runs there, its result comes back. The prompt's are written out
 *                  layer by layer while the prefill goes on, so one layer's is all that the memory
 *                  of the prefill must have room for.
 *   experts apart  a member with n of E experts gets the n/E-th part of the node's time (uniform
 *                  routing: so many of the chosen experts are there in the mean). Devices work side
 *                  by side, members of one device one after the other, and the layer waits for the
 *                  slowest: max over devices of (way there, experts, way back). Members that read
 *                  one memory at once are not faster than that memory, read by the fastest of
 *                  them. The maximum of
 *                  means is below the mean of maxima: optimistic, and most so for few tokens.
 */
#ifndef API_ROUTE_FORK_H
#define API_ROUTE_FORK_H

#include "api/route.h"

#define FORK_WITH UINT8_MAX /* keys and values stay with the decode place of their layer */

/* How a layer runs. */
struct fork_choice {
    uint8_t spine[N_ROUTE_PHASES];
    uint8_t kv;                                      /* member that keeps them, or FORK_WITH */
    uint16_t experts[N_ROUTE_PHASES][ROUTE_MEMBERS]; /* that work there; their sum is n_experts */
};

struct fork_problem {
    const struct route_problem *p; /* split when experts are apart */
    bool kv_apart, experts_apart;
    size_t n_layers;
    size_t *node; /* per layer: its first node; a second one follows when split */
    size_t *like; /* per layer: the first layer that costs and weighs the same */
    bool split;
    double reserve_bytes;      /* keys and values of one layer, on their way out */
    double s_weight, j_weight; /* what is minimised: seconds and joules weighed */
};

/* What a layer adds to a plan. */
struct fork_bill {
    double pass_s[N_ROUTE_PHASES], once_s;
    double dynamic_j; /* all passes, links too */
    double hop_s;     /* part of the time that ways take, all passes */
    double bytes[ROUTE_MEMBERS];
    bool writes_out[ROUTE_MEMBERS]; /* pools that need room for keys and values on their way */
};

struct fork_plan {
    struct route_option embedding, head;
    struct fork_choice *layer;
    double latency_s, energy_j, ttft_s, tpot_s, hop_s;
    double pool_bytes[ROUTE_MEMBERS];
    bool fits, runs;
    double bound;              /* proved: no plan is below it; NaN = not asked */
    double value;              /* weighed seconds and joules of this one */
    size_t n_columns, n_kinds; /* of the integer problem; kinds of layers */
};

cosim_status fork_make(struct fork_problem *q, const struct route_problem *p, bool kv_apart,
                       bool experts_apart, enum route_objective lead, struct arena *a,
                       cosim_error *e);

void fork_layer(const struct fork_problem *q, size_t layer, const struct fork_choice *c,
                struct fork_bill *b);

/** Fills the sums of a plan whose embedding, head and layers are given. */
void fork_plan_sum(const struct fork_problem *q, struct fork_plan *plan);

/** Seconds and joules of one pass of forked experts. */
void fork_experts(const struct route_problem *p, enum route_phase phase, size_t node, size_t spine,
                  const uint16_t *experts, double *seconds, double *joules, double *hop_s);

/* --- ways to run one layer, for the integer problem --------------------------------------------
 */

struct fork_way {
    struct fork_choice choice;
    size_t option; /* of route_options */
    double value;  /* weighed, all passes */
    double bytes[ROUTE_MEMBERS];
    bool writes_out[ROUTE_MEMBERS];
};

/** All ways of a layer that no other of the same spine beats in value and every memory. */
cosim_status fork_ways(struct fork_way **way, size_t *n, const struct fork_problem *q, size_t layer,
                       struct arena *a, cosim_error *e);

/** Least weighed seconds and joules within the memories, by an integer problem. max_nodes: of
 * GLPK's tree, 0 = until it is proved; when they do not suffice the bound is below the value. ENO:
 * nothing fits. ERANGE: nothing found in so many nodes. */
cosim_status fork_solve(struct fork_plan *plan, const struct fork_problem *q, size_t max_nodes,
                        struct arena *a, cosim_error *e);

/** One row a part of a layer and phase, or runs of them. */
cosim_status route_table_fork(struct table **t, const struct route_setup *u,
                              const struct fork_problem *q, const struct fork_plan *plan,
                              bool by_node, cosim_error *e);

struct fork_named {
    const char *name;
    double latency_s, energy_j, ttft_s, tpot_s, hop_s; /* latency infinite: there is no such plan */
    bool fits;
};
cosim_status route_table_fork_totals(struct table **t, const struct fork_plan *plan,
                                     const struct fork_named *row, size_t n, cosim_error *e);

#endif
