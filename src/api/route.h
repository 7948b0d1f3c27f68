/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Routing of a model over the members of a platform (docs/routing.md). The model is a chain of
 * nodes: embedding, layers (or their attention and FFN parts), head. Each node has a place in each
 * of two phases; both places together are its option. Everything that couples the phases (weights
 * in two memories, KV that moves) belongs to one node, so a chain of options is exact.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/context.h"
#include "hw/platform.h"
#include "search/problem.h"

#include <stdint.h>

#define ROUTE_MEMBERS PLATFORM_MEMBERS_MAX
#define ROUTE_OPTIONS (ROUTE_MEMBERS * ROUTE_MEMBERS)
#define ROUTE_NODES                                                                                \
    (2u * 4096u + 2u) /* of the most layers that model/model_arch.h allows, split                  \
                       */

enum route_phase { ROUTE_PREFILL, ROUTE_DECODE, N_ROUTE_PHASES };

/* id, name, column, unit, doc */
#define ROUTE_OBJECTIVE_LIST(X)                                                                    \
    X(LATENCY, "latency", "latency_s", "s", "prefill, transfers and all decode steps")             \
    X(ENERGY, "energy", "energy_j", "J", "dynamic, links, and static power of all members")        \
    X(UNDERUSE, "underuse", "underuse_ratio", "ratio",                                             \
      "arithmetic that stands idle: 1 - sum(peak busy) / (latency sum(peak))")

enum route_objective {
#define ROUTE_OBJECTIVE_ENUM(id, name, column, unit, doc) ROUTE_##id,
    ROUTE_OBJECTIVE_LIST(ROUTE_OBJECTIVE_ENUM)
#undef ROUTE_OBJECTIVE_ENUM
        N_ROUTE_OBJECTIVES
};

struct route_node {
    const char *name;       /* "embedding", "layer 7", "layer 7 ffn", "head" */
    double weight_bytes;    /* stored */
    bool tied;              /* its weights are those of node 0 */
    double kv_bytes;        /* whole context, all sequences */
    double kv_prompt_bytes; /* after the prefill: what moves when decode runs elsewhere */
    size_t layer;           /* of the model; SIZE_MAX: embedding or head */
    size_t kind;      /* the part of a layer that it is: 0 .. , like parts have like numbers */
    size_t like;      /* the first node of the same operators */
    double n_experts; /* routed experts, when they are all of the node; else 0 */
    double core_in_bytes, core_out_bytes; /* one decode pass: q with the new k and v; its result */
    double kv_read_bytes;                 /* one decode pass, the mean */
};

/* One pass of a node on a member. s infinite: it cannot run there. */
struct route_cost {
    double s, dynamic_j;
    double compute_s, memory_s, other_s; /* streams of its operators, summed */
    double memory_j;                     /* part of dynamic_j that memory traffic takes */
    double calls, stream_s;              /* kernels; seconds that a tier brings the weights in */
    double core_s, core_j;               /* part of both that the attention core takes */
};

/* Between members: seconds = sync_s + bytes s_per_byte. */
struct route_link {
    double sync_s, s_per_byte, j_per_byte;
};

struct route_problem {
    size_t n_nodes, n_members, n_pools;
    const struct route_node *node;
    struct route_cost *cost;          /* [phase][node][member] */
    double repeats[N_ROUTE_PHASES];   /* passes: 1, output - 1 */
    double hop_bytes[N_ROUTE_PHASES]; /* activations between nodes, one pass */
    double token_bytes;               /* from the head back to the embedding */
    double n_sequences;
    struct route_link link[ROUTE_MEMBERS][ROUTE_MEMBERS];
    size_t runs_on[ROUTE_MEMBERS];
    size_t weight_pool[ROUTE_MEMBERS], state_pool[ROUTE_MEMBERS];
    double capacity_bytes[ROUTE_MEMBERS]; /* per pool, activations taken off */
    double static_w[ROUTE_MEMBERS], peak_flops_per_s[ROUTE_MEMBERS];
    double stream_bytes_per_s[ROUTE_MEMBERS]; /* of a tier; infinite for the others */
    bool down[ROUTE_MEMBERS];                 /* dropped out */
};

struct placement {
    uint8_t *place[N_ROUTE_PHASES]; /* member per node */
    double objective[N_ROUTE_OBJECTIVES];
    double ttft_s, tpot_s, hop_s, kv_move_s, link_j, dynamic_j;
    double busy_s[ROUTE_MEMBERS];
    double pool_bytes[ROUTE_MEMBERS];
    size_t n_hops; /* changes of device in one prefill and one decode pass */
    bool fits, runs;
};

static inline const struct route_cost *
route_cost_at(const struct route_problem *p, enum route_phase phase, size_t node, size_t member)
{
    return &p->cost[((size_t)phase * p->n_nodes + node) * p->n_members + member];
}

/** Seconds of moving bytes from one member to another. */
static inline double route_hop_s(const struct route_problem *p, size_t from, size_t to,
                                 double bytes)
{
    return p->link[from][to].sync_s + bytes * p->link[from][to].s_per_byte;
}

/** Fills the sums of a plan whose places are given; capacities are judged, not enforced. */
void route_plan_sum(const struct route_problem *p, struct placement *plan);

/** Adds (sign 1) or takes away (-1) what a node of a plan keeps in each memory. */
void route_node_holds(const struct route_problem *p, const struct placement *plan, size_t node,
                      double sign, double pool_bytes[ROUTE_MEMBERS]);

/* Places in both phases. */
struct route_option {
    uint8_t place[N_ROUTE_PHASES];
};
/** Options of a node whose devices have not dropped out; their number. */
size_t route_options(const struct route_problem *p, struct route_option option[ROUTE_OPTIONS]);

/** A plan with all nodes of both phases at `member`; NULL when memory is out. */
struct placement *route_plan_new(const struct route_problem *p, size_t member, struct arena *a);

struct route_search {
    bool wanted[N_ROUTE_OBJECTIVES];
    double precision;  /* 0 = exact; else every plan is within 1 + precision of one of these */
    size_t max_labels; /* 0 = 2^21 */
};

struct placement_front {
    struct placement *plan; /* by the first wanted objective */
    size_t n, cap;
    const char *note; /* how it was found and what is proved */
};

/** Is a plan of the front as good as v in the wanted objectives, up to rounding? */
bool placement_front_covers(const struct placement_front *f, const double *v, const bool *wanted);

/** Adds a plan that is not covered and drops those that it covers; the places are not copied. */
cosim_status placement_front_add(struct placement_front *f, const struct placement *plan,
                                 const bool *wanted, struct arena *a, cosim_error *e);

/** By the wanted objective of the lowest number. */
void placement_front_sort(struct placement_front *f, const bool *wanted);

/**
 * All placements that no other beats in the wanted objectives, one per objective vector, within the
 * memories. Labels along the chain (P. Hansen 1980): (time, energy, -busy, bytes of each memory
 * that can fill up). ENO: nothing fits or runs. ERANGE: more labels than allowed.
 */
cosim_status route_solve(struct placement_front *f, const struct route_problem *p,
                         const struct route_search *s, struct arena *a, cosim_error *e);

/* --- placements as a search problem (search/problem.h) ---------------------------------------- */

/*
 * A row holds cuts of the chain of layers into ranges and one option for every (range, kind of
 * node), for the embedding and for the head; without ranges one option for every node. Layers of a
 * model are alike, so good placements are few ranges, and a moved cut is one step instead of many.
 */
struct route_space {
    const struct route_problem *p;
    bool wanted[N_ROUTE_OBJECTIVES];
    size_t n_cuts, n_kinds, n_layers; /* n_kinds 0: every node has its own option */
    size_t n_axes;
    struct search_axis *axis;
    struct route_option option[ROUTE_OPTIONS];
    size_t n_options;
    double *seed;
    size_t n_seeds;
};

/** n_ranges 0: every node has its own option. */
cosim_status route_space_make(struct route_space *s, const struct route_problem *p,
                              const bool *wanted, size_t n_ranges, struct arena *a, cosim_error *e);

/** The search problem of a space, which must outlive it. Objectives: the wanted ones in order;
 * violation: bytes over each capacity, relative. */
struct search_problem route_space_problem(const struct route_space *s);

/** The placement of a row; `plan` has room for its places. */
void route_space_decode(const struct route_space *s, const double *x, struct placement *plan);

struct route_sampling {
    const char *algorithm; /* of search/algo_list.h */
    uint64_t samples, seed;
    size_t
        n_ranges; /* 0: ROUTE_RANGES, or none for up to ROUTE_NODES_APART nodes; SIZE_MAX: none */
    const volatile int *stop;
};
#define ROUTE_RANGES 4u
#define ROUTE_NODES_APART 12u

/** As route_solve by a search algorithm: its best placements, nothing is proved unless it is
 * exhaustive. EINTERRUPTED after a stop. */
cosim_status route_sample(struct placement_front *f, const struct route_problem *p,
                          const bool *wanted, const struct route_sampling *how, struct arena *a,
                          cosim_error *e);

/* --- a platform and a study become a problem ------------------------------------------------ */

/** Reads the platforms of the context's data. */
cosim_status route_platforms(struct platform_db *db, cosim *c, struct arena *a, cosim_error *e);

struct route_op {
    const char *label;
    size_t first_node; /* it is a part of, and of all that are like it */
};

struct route_setup {
    const struct platform *platform;
    struct rates rates[ROUTE_MEMBERS];
    struct route_problem problem;
    double prompt_tokens, output_tokens, batch;
    const char *model_id;
    struct route_op *op; /* in graph order */
    size_t n_ops;
    const struct route_cost *op_cost; /* [phase][operator][member]: one pass of one node */
};

static inline const struct route_cost *
route_op_cost(const struct route_setup *u, enum route_phase phase, size_t op, size_t member)
{
    return &u->op_cost[((size_t)phase * u->n_ops + op) * u->problem.n_members + member];
}

struct route_event {
    const char *name;
    size_t member;
    double clock_ratio; /* 0 = gone */
};

/** split: layers in attention and FFN (or expert) parts. event: NULL = all is well. */
cosim_status route_setup_make(struct route_setup *u, cosim *c, const struct study *s,
                              const struct platform *platform, bool split,
                              const struct route_event *event, struct arena *a, cosim_error *e);

/**
 * The same from counts that exist already (eval/load.h, without parallel ranks): for a search that
 * prices placements of many models and schemes. Nothing of the load is kept.
 */
cosim_status route_setup_from_load(struct route_setup *u, const struct load *load,
                                   const struct assumption_db *assumptions,
                                   const struct platform *platform, bool split,
                                   const struct route_event *event, struct arena *a,
                                   cosim_error *e);

/**
 * As route_setup_from_load with the rates of each member given; the load's model must live on.
 */
cosim_status route_setup_from_rates(struct route_setup *u, const struct load *load,
                                    const struct assumption_db *assumptions,
                                    const struct platform *platform,
                                    const struct rates *const *rates, struct arena *a,
                                    cosim_error *e);

/* --- tables --------------------------------------------------------------------------------- */

cosim_status route_table_plan(struct table **t, const struct route_setup *u,
                              const struct placement *plan, bool by_node, cosim_error *e);
/** Every operator of a phase on every member that it runs on: streams, DASI, CPQ, Phi. */
cosim_status route_table_operators(struct table **t, const struct route_setup *u,
                                   const struct placement *plan, cosim_error *e);

cosim_status route_table_front(struct table **t, const struct route_setup *u,
                               const struct placement_front *f, cosim_error *e);

struct route_named {
    const char *name;
    const struct placement *plan;
};
/** Totals of plans, compared with the first one. */
cosim_status route_table_totals(struct table **t, const struct route_setup *u,
                                const struct route_named *plan, size_t n, cosim_error *e);

/** Layers on `on`, the rest on `rest`: 0 to all, the last layers first. kv_stays: keys and values
 * of all of them stay on `rest`. */
cosim_status route_table_offload(struct table **t, const struct route_setup *u, size_t on,
                                 size_t rest, bool kv_stays, struct arena *a, cosim_error *e);

/** Notes of what was asked and of the members' sources. */
cosim_status route_note_study(struct table *t, const struct route_setup *u, cosim_error *e);

/** Decode as a pipeline of many requests: stages on members, each at most once. */
cosim_status route_table_pipeline(struct table **t, const struct route_setup *u, struct arena *a,
                                  cosim_error *e);

/** Totals of the three qualities named after QEIL (alloc/qeil.h) of a member's part of a plan. */
struct route_quality {
    double dasi, cpq, phi, unified_j;
};
/** phase N_ROUTE_PHASES: both; member n_members: all. Nodes first..last. */
void route_quality(struct route_quality *q, const struct route_problem *p,
                   const struct placement *plan, enum route_phase phase, size_t member,
                   size_t first, size_t last);

#endif
