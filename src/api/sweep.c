/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/sweep_worker.h"

#include "core/num.h"
#include "core/rng.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#define CHUNK_SAMPLES 256u

unsigned sweep_threads(unsigned asked)
{
#ifdef _OPENMP
    return asked > 0 ? asked : (unsigned)omp_get_max_threads();
#else
    (void)asked;
    return 1;
#endif
}

uint32_t sweep_asked_metrics(const struct sweep_request *q)
{
    uint32_t asked = 0;

    for (size_t i = 0; i < q->n_objectives; i++)
        asked |= 1u << q->objective[i];
    for (size_t i = 0; i < q->n_limits; i++)
        asked |= 1u << q->limit[i].metric;
    return asked;
}

static cosim_status worker_init(struct worker *w, const struct sweep_request *q, uint64_t n_points,
                                cosim_error *e)
{
    const size_t stride = q->space->columns.stride;

    *w = (struct worker){ .q = q, .asked = sweep_asked_metrics(q) };
    for (int i = 0; i < N_REJECTS; i++)
        w->example[i] = UINT64_MAX;
    if (q->cloud > 0) {
        const double share = (double)q->cloud / (double)n_points;
        w->cloud_threshold = share >= 1.0 ? UINT64_MAX : (uint64_t)(share * 0x1p64);
    }
    TRY(walker_init(&w->walker, q->space, e));
    TRY(archive_new(&w->front, q->n_objectives, e));
    w->id = ARENA_NEW(&w->walker.arena, uint64_t, stride);
    for (size_t i = 0; i < q->n_objectives; i++)
        w->negated[i] = ARENA_NEW(&w->walker.arena, double, stride);
    return w->id && w->negated[q->n_objectives - 1]
               ? COSIM_OK
               : err_set(e, COSIM_ENOMEM, "out of memory for a thread");
}

static void worker_release(struct worker *w)
{
    archive_free(w->front);
    free(w->cloud.id);
    walker_release(&w->walker);
}

cosim_status sweep_keep_for_picture(struct worker *w, uint64_t id)
{
    struct id_list *c = &w->cloud;

    if (w->cloud_threshold == 0 || splitmix64(id ^ w->q->seed) > w->cloud_threshold)
        return COSIM_OK;
    if (c->n == c->cap) {
        const size_t cap = c->cap ? 2 * c->cap : 1024;
        uint64_t *more = realloc(c->id, cap * sizeof *more);
        if (!more)
            return err_set(&w->e, COSIM_ENOMEM, "out of memory for the picture's points");
        c->id = more;
        c->cap = cap;
    }
    c->id[c->n++] = id;
    return COSIM_OK;
}

enum reject sweep_judge(const struct sweep_request *q, double *const metric[N_METRICS], size_t d)
{
    for (size_t i = 0; i < q->n_limits; i++) {
        const double v = metric[q->limit[i].metric][d], bound = q->limit[i].bound;
        if (!is_known(v))
            return REJECT_UNKNOWN;
        if (q->limit[i].sense > 0 ? v > bound : v < bound)
            return REJECT_CONSTRAINT;
    }
    for (size_t i = 0; i < q->n_objectives; i++)
        if (!is_known(metric[q->objective[i]][d]))
            return REJECT_UNKNOWN;
    return REJECT_NONE;
}

void sweep_count(struct worker *w, enum reject why, uint64_t id)
{
    w->rejected[why]++;
    if (id < w->example[why])
        w->example[why] = id;
}

/* Objective columns as the archive minimises them. */
static void columns_of(struct worker *w, double *const metric[N_METRICS], size_t n,
                       const double *obj[SWEEP_OBJECTIVES_MAX])
{
    for (size_t i = 0; i < w->q->n_objectives; i++) {
        const enum metric m = w->q->objective[i];
        obj[i] = metric[m];
        if (metric_table[m].sense < 0) {
            for (size_t d = 0; d < n; d++)
                w->negated[i][d] = -metric[m][d];
            obj[i] = w->negated[i];
        }
    }
}

cosim_status sweep_do_block(struct worker *w, uint64_t block)
{
    const size_t n = w->q->space->n_lanes;
    struct block *b = &w->walker.block;
    const double *obj[SWEEP_OBJECTIVES_MAX];
    size_t feasible = 0;

    TRY(walker_eval(&w->walker, block, w->asked, &w->e));
    for (size_t d = 0; d < n; d++) {
        w->id[d] = block * n + d;
        if (b->reject[d] == REJECT_NONE)
            b->reject[d] = (uint8_t)sweep_judge(w->q, b->metric, d);
        sweep_count(w, (enum reject)b->reject[d], w->id[d]);
        if (b->reject[d] == REJECT_NONE) {
            feasible++;
            TRY(sweep_keep_for_picture(w, w->id[d]));
        }
    }
    w->evaluated += n;
    if (feasible == 0)
        return COSIM_OK;
    columns_of(w, b->metric, n, obj);
    return archive_add_block(w->front, n, w->id, obj, b->reject, &w->e);
}

static cosim_status do_sample(struct worker *w, uint64_t index)
{
    struct rng rng;
    struct point p;

    rng_stream(&rng, w->q->seed, index);
    const uint64_t id = rng_below(&rng, w->q->space->n_points);
    TRY(walker_point(&w->walker, id, &p, &w->e));
    double *metric[N_METRICS];
    for (int i = 0; i < N_METRICS; i++)
        metric[i] = &p.metric[i];
    if (p.reject == REJECT_NONE)
        p.reject = sweep_judge(w->q, metric, 0);
    sweep_count(w, p.reject, id);
    w->evaluated++;
    if (p.reject != REJECT_NONE)
        return COSIM_OK;
    TRY(sweep_keep_for_picture(w, id));
    const double *obj[SWEEP_OBJECTIVES_MAX];
    columns_of(w, metric, 1, obj);
    return archive_add_block(w->front, 1, &id, obj, NULL, &w->e);
}

static bool should_stop(struct run *r)
{
    bool stopped;

    if (r->q->stop && *r->q->stop) {
#pragma omp atomic write
        r->stopped = true;
    }
#pragma omp atomic read
    stopped = r->stopped;
    return stopped;
}

static void work(struct run *r, struct worker *w, bool first)
{
    while (!should_stop(r)) {
        uint64_t from, done;
#pragma omp atomic capture
        {
            from = r->next;
            r->next += r->chunk;
        }
        if (from >= r->n_items)
            break;
        const uint64_t to = from + r->chunk < r->n_items ? from + r->chunk : r->n_items;
        for (uint64_t i = from; i < to && w->st == COSIM_OK; i++)
            w->st = r->item(w, i);
        if (w->st != COSIM_OK) {
#pragma omp atomic write
            r->stopped = true;
        }
#pragma omp atomic capture
        done = r->done += to - from;
        if (first && r->q->progress)
            r->q->progress(r->q->progress_user, done * r->points_per_item,
                           r->n_items * r->points_per_item);
    }
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static cosim_status gather(struct sweep_result *out, struct worker *w, cosim_error *e)
{
    TRY(archive_merge(out->front, w->front, e));
    out->evaluated += w->evaluated;
    out->pruned += w->pruned;
    out->pruned_blocks += w->pruned_blocks;
    for (int i = 0; i < N_REJECTS; i++) {
        out->rejected[i] += w->rejected[i];
        if (w->example[i] < out->example[i])
            out->example[i] = w->example[i];
    }
    if (w->cloud.n == 0)
        return COSIM_OK;
    uint64_t *more = realloc(out->cloud, (out->n_cloud + w->cloud.n) * sizeof *more);
    if (!more)
        return err_set(e, COSIM_ENOMEM, "out of memory for the picture's points");
    memcpy(more + out->n_cloud, w->cloud.id, w->cloud.n * sizeof *more);
    out->cloud = more;
    out->n_cloud += w->cloud.n;
    return COSIM_OK;
}

static cosim_status run_threads(struct run *r, struct sweep_result *out, cosim_error *e)
{
    const unsigned n = sweep_threads(r->q->threads);
    struct worker *worker = calloc(n, sizeof *worker);
    cosim_status st = COSIM_OK;

    if (!worker)
        return err_set(e, COSIM_ENOMEM, "out of memory for %u threads", n);
    for (unsigned i = 0; i < n && st == COSIM_OK; i++) {
        st = worker_init(&worker[i], r->q, r->n_items * r->points_per_item, e);
        if (st == COSIM_OK && r->warm)
            st = archive_merge(worker[i].front, r->warm, e);
        if (st == COSIM_OK && r->begin)
            st = r->begin(&worker[i], r->ctx, e);
    }
    if (st == COSIM_OK) {
#pragma omp parallel for num_threads(n) schedule(static, 1)
        for (unsigned i = 0; i < n; i++)
            work(r, &worker[i], i == 0);
    }
    for (unsigned i = 0; i < n; i++) {
        if (st == COSIM_OK && worker[i].st != COSIM_OK) {
            st = worker[i].st;
            if (e && e->status == COSIM_OK)
                *e = worker[i].e;
        }
        if (st == COSIM_OK)
            st = gather(out, &worker[i], e);
        if (r->end)
            r->end(&worker[i]);
        worker_release(&worker[i]);
    }
    free(worker);
    return st;
}

/* Ascending, each once: sampling with replacement meets points again. */
static void sort_cloud(struct sweep_result *out)
{
    size_t n = 0;

    if (out->n_cloud == 0)
        return;
    qsort(out->cloud, out->n_cloud, sizeof *out->cloud, compare_ids);
    for (size_t i = 0; i < out->n_cloud; i++)
        if (n == 0 || out->cloud[n - 1] != out->cloud[i])
            out->cloud[n++] = out->cloud[i];
    out->n_cloud = n;
}

cosim_status sweep_run(const struct sweep_request *q, struct run *r, struct sweep_result *out,
                       cosim_error *e)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < N_REJECTS; i++)
        out->example[i] = UINT64_MAX;
    out->total = r->n_items * r->points_per_item;
    TRY(archive_new(&out->front, q->n_objectives, e));
    cosim_status st = run_threads(r, out, e);
    if (st == COSIM_OK)
        st = archive_sort(out->front, e);
    if (st != COSIM_OK) {
        sweep_release(out);
        return st;
    }
    sort_cloud(out);
    out->partial = out->evaluated + out->pruned < out->total;
    out->stop_reason = out->partial ? "stopped by a signal" : "all points were evaluated";
    return COSIM_OK;
}

static cosim_status exhaustive(const struct sweep_request *q, struct sweep_result *out,
                               cosim_error *e)
{
    struct run r = { .q = q,
                     .item = sweep_do_block,
                     .n_items = q->space->n_blocks,
                     .chunk = CHUNK_BLOCKS,
                     .points_per_item = q->space->n_lanes };

    return sweep_run(q, &r, out, e);
}

static cosim_status random_sample(const struct sweep_request *q, struct sweep_result *out,
                                  cosim_error *e)
{
    struct run r = { .q = q,
                     .item = do_sample,
                     .n_items = q->samples,
                     .chunk = CHUNK_SAMPLES,
                     .points_per_item = 1 };

    TRY(sweep_run(q, &r, out, e));
    if (!out->partial)
        out->stop_reason = "the budget of samples is used up";
    return COSIM_OK;
}

const struct sweep_algorithm sweep_algorithm_table[] = {
    { "exhaustive", "every point of the space, in blocks over the devices", "ours", exhaustive },
    { "pruned",
      "exact as exhaustive; devices whose optimistic corner a short search beats are skipped",
      "ours", sweep_pruned },
    { "random", "uniform sample with replacement, seeded", "textbook", random_sample },
    { NULL, NULL, NULL, NULL },
};

cosim_status sweep_algorithm_find(const char *name, struct src_pos at,
                                  const struct sweep_algorithm **a, cosim_error *e)
{
    struct nearest near = { .want = name };

    for (*a = sweep_algorithm_table; (*a)->name; (*a)++) {
        if (strcmp((*a)->name, name) == 0)
            return COSIM_OK;
        nearest_offer(&near, (*a)->name);
    }
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "unknown algorithm '%s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'? 'cosim list algorithms' shows all",
                 nearest_suggestion(&near));
    return st;
}

void sweep_release(struct sweep_result *r)
{
    archive_free(r->front);
    free(r->cloud);
    memset(r, 0, sizeof *r);
}
