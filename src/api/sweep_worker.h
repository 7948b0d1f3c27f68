/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the algorithms over a space share: threads that take items and keep their own archives. */
#ifndef API_SWEEP_WORKER_H
#define API_SWEEP_WORKER_H

#include "api/sweep.h"

/* Blocks that a thread takes at a time: enough to hide the counter, few enough to balance. */
#define CHUNK_BLOCKS 64u

struct id_list {
    uint64_t *id;
    size_t n, cap;
};

/* One thread's part of a run. */
struct worker {
    const struct sweep_request *q;
    struct walker walker;
    struct archive *front;
    uint32_t asked;
    uint64_t *id;                          /* of the block being evaluated */
    double *negated[SWEEP_OBJECTIVES_MAX]; /* for objectives that are maximised */
    struct id_list cloud;
    uint64_t cloud_threshold;
    void *extra; /* the algorithm's own, of begin */
    uint64_t pruned, pruned_blocks;
    uint64_t evaluated, rejected[N_REJECTS], example[N_REJECTS];
    cosim_status st;
    cosim_error e;
};

/* Threads take chunks of [0, n_items) and work on their own archives. */
struct run {
    const struct sweep_request *q;
    cosim_status (*item)(struct worker *w, uint64_t i);
    uint64_t n_items, chunk, points_per_item;
    const struct archive *warm; /* members that every thread starts with; may be NULL */
    /* Optional: sets up a worker and takes that down again, with the run's `ctx`. */
    cosim_status (*begin)(struct worker *w, const void *ctx, cosim_error *e);
    void (*end)(struct worker *w);
    const void *ctx;
    uint64_t next, done; /* shared, atomic */
    bool stopped;
};

cosim_status sweep_run(const struct sweep_request *q, struct run *r, struct sweep_result *out,
                       cosim_error *e);

/** Evaluates a block and adds it to the worker's archive. */
cosim_status sweep_do_block(struct worker *w, uint64_t block);

/** What the values of feasible point d say: limits, then unknown objectives. */
enum reject sweep_judge(const struct sweep_request *q, double *const metric[N_METRICS], size_t d);

/** Counts a point and its fate. */
void sweep_count(struct worker *w, enum reject why, uint64_t id);

/** Keeps the id of a feasible point if it belongs to the picture's sample. */
cosim_status sweep_keep_for_picture(struct worker *w, uint64_t id);

/** The metrics of which objectives or limits speak, as bits. */
uint32_t sweep_asked_metrics(const struct sweep_request *q);

/** An algorithm of the table. */
cosim_status sweep_pruned(const struct sweep_request *q, struct sweep_result *out, cosim_error *e);

#endif
