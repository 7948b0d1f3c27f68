/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Exhaustive search that leaves out what cannot matter. A short search by PGSAM finds a front; then
 * every block is held against it: first the ideal of all devices, then the ideals of groups of
 * alike ones. Only the devices of groups whose ideal no member beats are priced.
 *
 * What is left out depends on the first front alone, so neither the result nor the counts depend
 * on threads.
 */
#include "api/search_job.h"
#include "api/sweep_worker.h"
#include "core/num.h"
#include "eval/ideal.h"

#include <stdlib.h>

#define WARM_EVALUATIONS 20000u /* of the first search, and */
#define WARM_PARTS 50u          /* at most this part of the space */
#define GROUPS_MAX BLOCK_LANES  /* bounds are priced as one chunk of a block, */
#define DEVICES_PER_GROUP 3u    /* and must cost less than what they save */

/* Shared by the threads, read only. */
struct plan_of_bounds {
    struct ideal all;
    struct ideal_groups groups;
    const struct archive *warm;
    uint64_t searched; /* evaluations that found it */
};

/* One thread's bounds. */
struct bounder {
    const struct plan_of_bounds *plan;
    struct arena arena;
    struct block block;
    uint64_t graph_key, prefill_key; /* of what `block` holds */
    struct archive *known;           /* the first front */
    double *obj[SWEEP_OBJECTIVES_MAX];
    uint32_t *device; /* those left */
    size_t n_left;
};

static void bounder_end(struct worker *w)
{
    struct bounder *b = w->extra;

    if (!b)
        return;
    archive_free(b->known);
    arena_release(&b->arena);
    free(b);
    w->extra = NULL;
}

static cosim_status bounder_begin(struct worker *w, const void *ctx, cosim_error *e)
{
    const struct plan_of_bounds *plan = ctx;
    const size_t n = w->q->space->n_lanes;
    struct bounder *b = calloc(1, sizeof *b);

    if (!b)
        return err_set(e, COSIM_ENOMEM, "out of memory for bounds");
    w->extra = b;
    b->plan = plan;
    b->graph_key = b->prefill_key = UINT64_MAX;
    TRY(block_init(&b->block, &plan->groups.columns, &b->arena, e));
    TRY(archive_new(&b->known, w->q->n_objectives, e));
    TRY(archive_merge(b->known, plan->warm, e));
    b->device = ARENA_NEW(&b->arena, uint32_t, n);
    for (size_t i = 0; i < w->q->n_objectives; i++)
        b->obj[i] = ARENA_NEW(&b->arena, double, n);
    return b->device && b->obj[w->q->n_objectives - 1]
               ? COSIM_OK
               : err_set(e, COSIM_ENOMEM, "out of memory for bounds");
}

/* Does a member beat the best that any of these devices could do? A member equal to it does not:
 * of equal points the lowest id stays. */
static bool is_beaten(const struct sweep_request *q, const struct archive *known,
                      double *const metric[N_METRICS], size_t g)
{
    double corner[SWEEP_OBJECTIVES_MAX];

    for (size_t i = 0; i < q->n_objectives; i++) {
        const enum metric m = q->objective[i];
        corner[i] = metric_table[m].sense > 0 ? metric[m][g] : -metric[m][g];
        if (!is_known(corner[i]))
            return false;
    }
    return archive_dominates(known, corner);
}

/* A bound is optimistic only in the metric's own sense. */
static bool breaks_limit(const struct sweep_request *q, double *const metric[N_METRICS], size_t g)
{
    for (size_t i = 0; i < q->n_limits; i++) {
        const struct sweep_limit *l = &q->limit[i];
        const double v = metric[l->metric][g];
        if (l->sense == metric_table[l->metric].sense
            && (l->sense > 0 ? v > l->bound : v < l->bound))
            return true;
    }
    return false;
}

static bool all_are_beaten(const struct worker *w, const struct bounder *b)
{
    double value[N_METRICS], *metric[N_METRICS];

    for (int m = 0; m < N_METRICS; m++)
        metric[m] = &value[m];
    return !ideal_bound(&b->plan->all, &w->walker.load, w->walker.ppl_increase_ratio, value)
           || breaks_limit(w->q, metric, 0) || is_beaten(w->q, b->known, metric, 0);
}

/* Lists the devices of the groups that are left. */
static void bound_groups(const struct worker *w, struct bounder *b)
{
    const struct ideal_groups *g = &b->plan->groups;
    struct block *block = &b->block;

    if (b->graph_key != w->walker.graph_key)
        block_set_graph(block, &w->walker.load);
    if (b->prefill_key != w->walker.prefill_key)
        block_set_prefill(block);
    b->graph_key = w->walker.graph_key;
    b->prefill_key = w->walker.prefill_key;
    block_eval(block, &w->walker.load, w->walker.ppl_increase_ratio, w->asked);
    ideal_groups_bound(g, &w->walker.load, block->metric);
    b->n_left = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (block->reject[i] != REJECT_NONE || breaks_limit(w->q, block->metric, i)
            || is_beaten(w->q, b->known, block->metric, i))
            continue;
        for (uint32_t k = g->first[i]; k < g->first[i + 1]; k++)
            b->device[b->n_left++] = g->member[k];
    }
}

/* Prices the devices that are left one by one: the bits of a block (eval/block.h). */
static cosim_status price_left(struct worker *w, struct bounder *b, uint64_t block)
{
    const struct space *s = w->q->space;
    size_t n = 0;

    for (size_t i = 0; i < b->n_left; i++) {
        const uint64_t id = block * s->n_lanes + b->device[i];
        double *metric[N_METRICS];
        struct point p;
        point_eval(&p, &w->walker.load, &s->rates[b->device[i]], w->walker.ppl_increase_ratio);
        for (int m = 0; m < N_METRICS; m++)
            metric[m] = &p.metric[m];
        if (p.reject == REJECT_NONE)
            p.reject = sweep_judge(w->q, metric, 0);
        sweep_count(w, p.reject, id);
        if (p.reject != REJECT_NONE)
            continue;
        TRY(sweep_keep_for_picture(w, id));
        for (size_t k = 0; k < w->q->n_objectives; k++) {
            const enum metric m = w->q->objective[k];
            b->obj[k][n] = metric_table[m].sense > 0 ? p.metric[m] : -p.metric[m];
        }
        w->id[n++] = id;
    }
    w->evaluated += b->n_left;
    w->pruned += s->n_lanes - b->n_left;
    return archive_add_block(w->front, n, w->id, (const double *const *)b->obj, NULL, &w->e);
}

static cosim_status do_bounded_block(struct worker *w, uint64_t block)
{
    struct bounder *b = w->extra;
    const size_t n = w->q->space->n_lanes;
    bool layout_ok;

    TRY(walker_prepare(&w->walker, block, &layout_ok, &w->e));
    b->n_left = 0;
    if (layout_ok && !all_are_beaten(w, b))
        bound_groups(w, b);
    if (b->n_left == 0) {
        w->pruned += n;
        w->pruned_blocks++;
        return COSIM_OK;
    }
    return b->n_left > n / 2 ? sweep_do_block(w, block) : price_left(w, b, block);
}

/* The space as a search problem for one thread: rows are the digits of a point. */
struct warm_space {
    const struct sweep_request *q;
    struct walker *walker;
};

static void price_warm(const void *ctx, size_t n, const double *x, double *const *obj,
                       double *violation)
{
    const struct warm_space *s = ctx;

    for (size_t i = 0; i < n; i++)
        job_price_design(s->q, s->walker, x + i * N_AXES, obj, i, &violation[i]);
}

static cosim_status find_warm_front(const struct sweep_request *q, struct archive *front,
                                    uint64_t *evaluations, cosim_error *e)
{
    struct search_axis axis[N_AXES];
    struct walker walker;
    struct search_result r;
    const uint64_t part = q->space->n_points / WARM_PARTS + 1;
    const struct search_options o = {
        .budget = part < WARM_EVALUATIONS ? part : WARM_EVALUATIONS,
        .seed = q->seed,
        .no_trace = true,
        .stop = (const volatile int *)q->stop,
    };

    job_design_axes(q->space, axis);
    const struct warm_space space = { q, &walker };
    const struct search_problem problem = { .name = "design space",
                                            .n_axes = N_AXES,
                                            .n_obj = q->n_objectives,
                                            .axis = axis,
                                            .ctx = &space,
                                            .evaluate = price_warm };
    cosim_status st = walker_init(&walker, q->space, e);
    if (st == COSIM_OK)
        st = search_run(&problem, search_algo_find("pgsam"), &o, front, &r, e);
    if (st == COSIM_OK) {
        *evaluations = r.evaluations;
        search_result_release(&r);
    }
    walker_release(&walker);
    return st;
}

static cosim_status run_bounded(const struct sweep_request *q, struct plan_of_bounds *plan,
                                struct sweep_result *out, cosim_error *e)
{
    struct run r = { .q = q,
                     .item = do_bounded_block,
                     .n_items = q->space->n_blocks,
                     .chunk = CHUNK_BLOCKS,
                     .points_per_item = q->space->n_lanes,
                     .begin = bounder_begin,
                     .end = bounder_end,
                     .ctx = plan };

    TRY(sweep_run(q, &r, out, e));
    out->searched = plan->searched;
    if (!out->partial)
        out->stop_reason = "every other point is proved dominated or infeasible";
    return COSIM_OK;
}

cosim_status sweep_pruned(const struct sweep_request *q, struct sweep_result *out, cosim_error *e)
{
    const size_t n = q->space->n_lanes, wanted = n / DEVICES_PER_GROUP;
    struct plan_of_bounds plan;
    struct arena arena = { NULL };
    struct archive *warm = NULL;

    ideal_make(&plan.all, q->space->rates, n);
    cosim_status st = ideal_groups_make(&plan.groups, q->space->rates, n,
                                        wanted < 1            ? 1
                                        : wanted > GROUPS_MAX ? GROUPS_MAX
                                                              : wanted,
                                        &arena, e);
    if (st == COSIM_OK)
        st = archive_new(&warm, q->n_objectives, e);
    if (st == COSIM_OK)
        st = find_warm_front(q, warm, &plan.searched, e);
    plan.warm = warm;
    if (st == COSIM_OK)
        st = run_bounded(q, &plan, out, e);
    archive_free(warm);
    arena_release(&arena);
    return st;
}
