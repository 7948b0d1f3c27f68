/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Weight formats for groups of tensors (docs/allocation.md). A model becomes groups (a fusion set
 * of one layer, or of a block of layers), candidate formats become options with exact bytes,
 * seconds and joules of this engine, and an added loss with a label; alloc/alloc.h solves the rest.
 */
#ifndef API_ALLOCATE_H
#define API_ALLOCATE_H

#include "alloc/alloc.h"
#include "alloc/loss_source.h"
#include "api/resolve.h"
#include "core/table.h"

#define ALLOCATE_FORMATS_MAX 64u
#define ALLOCATE_KINDS_MAX 16u
#define ALLOCATE_METRICS 4

/* Tensors of a layer that get one format together. */
struct allocate_kind {
    const char *name; /* "attn_qkv" */
    unsigned tensors; /* bit per enum tensor_id */
};

/* A kind in layers first..last (both included); the problem's group of the same index. */
struct allocate_group {
    size_t kind, first, last;
    double n_weights;
};

/* What a kind costs in one layer, or the rest of the model in all of them. */
struct allocate_cost {
    double bytes, decode_s, decode_j, prefill_s, prefill_j, kernels;
};

/* What is known of one candidate besides its groups. */
struct allocate_format {
    const struct format *format;
    const char *engine_reason; /* the engine does not take it; NULL = it does */
    double measured_nats;      /* ln(perplexity ratio) of the whole model in it; NaN = unknown */
    bool proxy, uncertain;
    const char *quality_doc;
};

/* What plans are judged by. id, name, unit */
#define ALLOCATE_METRIC_LIST(X)                                                                    \
    X(PPL, "ppl_increase_ratio", "ratio")                                                          \
    X(MEMORY, "memory_bytes", "byte")                                                              \
    X(TPOT, "tpot_s", "s")                                                                         \
    X(ENERGY, "j_per_token", "J/token")

enum allocate_metric {
#define ALLOCATE_METRIC_ENUM(id, name, unit) ALLOCATE_##id,
    ALLOCATE_METRIC_LIST(ALLOCATE_METRIC_ENUM)
#undef ALLOCATE_METRIC_ENUM
        N_ALLOCATE_METRICS
};

/*
 * A metric as a sum over groups. A step takes the longer of the operators' time and the host's
 * launches, so time and energy are the largest of up to two and four sums.
 */
struct allocate_form {
    enum allocate_metric metric; /* TPOT or ENERGY */
    bool prefill_launch, decode_launch;
    double fixed; /* of what is not allocated */
};

struct allocate_ask {
    double max[N_ALLOCATE_METRICS]; /* NaN = no limit; of the whole model */
    double weight[N_ALLOCATE_METRICS];
    size_t n_objectives;
    enum allocate_metric objective[N_ALLOCATE_METRICS];
    double max_weight_bytes; /* NaN = no limit */
};

struct allocation {
    cosim *c;
    const struct study *study;
    const cosim_allocate_options *o;
    struct arena arena;
    struct resolved r; /* model, device, scenario, cache; weights are the reference */
    const struct model *model;
    const struct rates *rates;
    struct request request;
    struct allocate_format format[ALLOCATE_FORMATS_MAX];
    size_t n_formats;
    struct allocate_kind kind[ALLOCATE_KINDS_MAX];
    size_t n_kinds;
    const struct allocate_group *group;
    struct alloc_problem problem;
    struct alloc_option *option; /* [group][format]: the problem's options */
    struct allocate_form form[ALLOC_RESOURCES_MAX];
    struct allocate_cost fixed; /* tensors and operators that are not allocated */
    struct allocate_cost *cost; /* [group][format] */
    const char **stored_as;     /* [group][format]: fallbacks of block formats, NULL = as named */
    double fixed_memory_bytes;  /* weights that are not allocated, KV cache, activations */
    double cache_nats;          /* loss of the KV cache alone */
    double n_weights;           /* allocated */
    const char *engine;         /* NULL = any */
    const char *container;      /* of the engine, or NULL */
    struct allocate_ask ask;
};

/** Everything up to the losses; `c`, `study` and `o` are set. Release it after an error too. */
cosim_status allocate_setup(struct allocation *al, cosim_error *e);
void allocate_release(struct allocation *al);

/* --- the problem ------------------------------------------------------------------------- */

/** Candidates of --w, or every format that was measured on this model. */
cosim_status allocate_candidates(struct allocation *al, cosim_error *e);

/** Bars what --engine does not load, or keeps in another kind of checkpoint. */
cosim_status allocate_engine_rules(struct allocation *al, cosim_error *e);

struct engine_db;
/** Reads workloads/engines.csv. */
cosim_status allocate_load_engines(cosim *c, struct engine_db *db, struct arena *a, cosim_error *e);

/** Kinds and groups of --by, --blocks and --split. */
cosim_status allocate_list_groups(struct allocation *al, cosim_error *e);

/** Bytes, seconds and joules of every group in every format, bars included. */
cosim_status allocate_price(struct allocation *al, cosim_error *e);

/** Added losses: measured, sensitivity, law. */
cosim_status allocate_losses(struct allocation *al, cosim_error *e);

/** Sums that stand for time and energy, as resources of the problem. */
cosim_status allocate_forms(struct allocation *al, cosim_error *e);

/* --- solving ------------------------------------------------------------------------------- */

/** Objectives and limits of the study. */
cosim_status allocate_read_ask(struct allocation *al, cosim_error *e);

/** The asked plan. */
cosim_status allocate_solve(struct allocation *al, struct alloc_plan *plan, cosim_error *e);

/** Layers that are alike in every number: the first ones get the larger formats. */
void allocate_tidy(const struct allocation *al, struct alloc_plan *plan);

/** Value of a metric of the whole model under a plan, from the sums over groups. */
double allocate_value(const struct allocation *al, const struct alloc_plan *plan,
                      enum allocate_metric m);

/** All groups in one format. ENO when a group bars it. */
cosim_status allocate_uniform(struct allocation *al, size_t format, struct alloc_plan *plan,
                              cosim_error *e);

const char *allocate_metric_name(enum allocate_metric m);

/** What the evaluator says of the model with that weight scheme: `cosim estimate`, without the
 * perplexity. */
cosim_status allocate_engine_point(struct allocation *al, const char *scheme, struct point *p,
                                   cosim_error *e);

/**
 * The plan of least loss within a size. When the frontier's sizes were bucketed: the best of it, of
 * the hull (whose bound on the loss comes with the plan) and of the uniform formats.
 */
cosim_status allocate_best_within(struct allocation *al, const struct alloc_frontier *f,
                                  uint64_t bytes, struct alloc_plan *plan, cosim_error *e);

/** Bytes that the limits, the device's memory among them, leave to the groups; may be negative. */
double allocate_byte_budget(const struct allocation *al);

/* --- text ---------------------------------------------------------------------------------- */

/** The plan in the grammar of quant/scheme.h; in the arena. */
cosim_status allocate_scheme(struct allocation *al, const struct alloc_plan *plan,
                             const char **text, cosim_error *e);

/* --- tables -------------------------------------------------------------------------------- */

/** The plan, neighbouring layers of one format in a row; or a row per group. */
cosim_status allocate_table_plan(struct allocation *al, struct table **t, cosim_error *e);
cosim_status allocate_table_groups(struct allocation *al, struct table **t, cosim_error *e);
cosim_status allocate_table_front(struct allocation *al, struct table **t, cosim_error *e);
/** The front with every uniform format as a point. */
cosim_status allocate_table_picture(struct allocation *al, struct table **t, cosim_error *e);
cosim_status allocate_table_barred(struct allocation *al, struct table **t, cosim_error *e);
cosim_status allocate_table_compare(struct allocation *al, struct table **t, cosim_error *e);
cosim_status allocate_table_scheme(struct allocation *al, struct table **t, cosim_error *e);

/* Bits of all tensors that are allocated. */
static inline unsigned allocate_tensors(const struct allocation *al)
{
    unsigned all = 0;

    for (size_t k = 0; k < al->n_kinds; k++)
        all |= al->kind[k].tensors;
    return all;
}

/** Rules of llama-quantize. ENO: a chosen format is no type of ggml. */
cosim_status allocate_table_llama(struct allocation *al, struct table **t, cosim_error *e);

/** Notes where the losses are from and what that assumes. */
cosim_status allocate_note_losses(const struct allocation *al, struct table *t, cosim_error *e);

static inline const struct allocate_cost *allocate_cost_at(const struct allocation *al,
                                                           size_t group, size_t format)
{
    return &al->cost[group * al->n_formats + format];
}

#endif
