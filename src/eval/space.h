/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The space of design points: a point is a mixed-radix number over the axes below, device and clock
 * varying fastest: a device at a clock is a lane, and one block of `n_lanes` consecutive ids shares
 * everything else.
 * The output length comes next: blocks that differ in it alone share their prefill.
 */
#ifndef EVAL_SPACE_H
#define EVAL_SPACE_H

#include "eval/block.h"
#include "eval/point.h"

#include <stdint.h>

/* id, name, doc; from the slowest to the fastest digit */
#define AXIS_LIST(X)                                                                               \
    X(MODEL, "model", "architecture")                                                              \
    X(W, "w", "weight scheme")                                                                     \
    X(KV, "kv", "key and value cache formats")                                                     \
    X(A, "a", "activation format")                                                                 \
    X(TP, "tp", "tensor-parallel degree")                                                          \
    X(PP, "pp", "pipeline stages")                                                                 \
    X(EP, "ep", "expert-parallel degree (attention runs data-parallel on its ranks)")              \
    X(DP, "dp", "data-parallel replicas")                                                          \
    X(PROMPT, "prompt", "prompt tokens per sequence")                                              \
    X(BATCH, "batch", "sequences per replica")                                                     \
    X(OUTPUT, "output", "output tokens per sequence")                                              \
    X(DEVICE, "device", "device")                                                                  \
    X(CLOCK, "clock", "clock: share of the nominal one")

enum axis {
#define AXIS_ENUM(id, name, doc) AXIS_##id,
    AXIS_LIST(AXIS_ENUM)
#undef AXIS_ENUM
        N_AXES
};

const char *axis_name(enum axis a);
const char *axis_doc(enum axis a);

struct kv_formats {
    const struct scheme *k, *v;
    const char *label; /* "int8:int4", or one name when both agree */
};

/* Values of every axis (each at least one), all owned by the caller's arena. */
struct space {
    size_t n[N_AXES];
    const struct model *const *model;
    const struct scheme *const *w;
    const struct kv_formats *kv;
    const struct format *const *a;
    const double *number[N_AXES]; /* TP PP EP DP PROMPT OUTPUT BATCH CLOCK */
    const struct rates *rates;    /* one per lane */

    /* filled by space_finish */
    uint64_t n_points, n_blocks;
    size_t n_lanes;             /* devices times clocks */
    struct plan *plan;          /* [model][w][kv] */
    const double *ppl_increase; /* [model][w][kv][a], set by the caller before or NULL = unknown */
    struct rate_columns columns;
};

/** Builds plans and columns. ERANGE when the number of points exceeds 2^53. */
cosim_status space_finish(struct space *s, struct arena *a, cosim_error *e);

/** Index of (model, w, kv, a) in ppl_increase. */
size_t space_quality_index(const struct space *s, const size_t digit[N_AXES]);

void space_digits(const struct space *s, uint64_t id, size_t digit[N_AXES]);

/** Index into rates. */
static inline size_t space_lane(const struct space *s, const size_t digit[N_AXES])
{
    return digit[AXIS_DEVICE] * s->n[AXIS_CLOCK] + digit[AXIS_CLOCK];
}

/** Label of value i of an axis; numbers are printed into `buffer`. */
const char *space_label(const struct space *s, enum axis axis, size_t i, char buffer[32]);

/* Visits blocks, rebuilding only what changed since the last one. One per thread. */
struct walker {
    const struct space *space;
    struct arena arena;
    struct graph graph;
    struct load load;
    struct block block;
    uint64_t graph_key, prefill_key; /* of what is built; UINT64_MAX = none */
    bool layout_ok;
    double ppl_increase_ratio;
};

cosim_status walker_init(struct walker *w, const struct space *s, cosim_error *e);
void walker_release(struct walker *w);

/** Evaluates all lanes of a block: results in w->block. */
cosim_status walker_eval(struct walker *w, uint64_t block, uint32_t asked, cosim_error *e);

/** Builds the load of a block without pricing it; false when its layout does not suit the model. */
cosim_status walker_prepare(struct walker *w, uint64_t block, bool *layout_ok, cosim_error *e);

/** Evaluates one point with the plain evaluator; w->load describes it afterwards. */
cosim_status walker_point(struct walker *w, uint64_t id, struct point *p, cosim_error *e);

#endif
