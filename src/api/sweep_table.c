/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/resolve.h"
#include "api/rows.h"
#include "search/thin.h"

#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static cosim_status add_front(struct table *t, const struct resolved *r, struct walker *w,
                              const struct archive *a, cosim_error *e)
{
    const size_t n = archive_size(a);
    size_t *order = ARENA_NEW(&w->arena, size_t, n);

    if (!order)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu points", n);
    TRY(front_order(a, order, &w->arena, e));
    for (size_t i = 0; i < n; i++)
        TRY(point_table_add(t, r, w, archive_ids(a)[order[i]], true, e));
    return COSIM_OK;
}

static bool on_front(const struct archive *a, uint64_t id)
{
    size_t lo = 0, hi = archive_size(a);

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (archive_ids(a)[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < archive_size(a) && archive_ids(a)[lo] == id;
}

static cosim_status add_points(struct table *t, const struct resolved *r,
                               const struct sweep_result *res, cosim_error *e)
{
    struct walker w;
    cosim_status st = walker_init(&w, &r->space, e);

    if (st == COSIM_OK)
        st = add_front(t, r, &w, res->front, e);
    for (size_t i = 0; st == COSIM_OK && i < res->n_cloud; i++)
        if (!on_front(res->front, res->cloud[i]))
            st = point_table_add(t, r, &w, res->cloud[i], false, e);
    walker_release(&w);
    return st;
}

static cosim_status add_notes(struct table *t, const struct resolved *r,
                              const struct sweep_result *res, cosim_error *e)
{
    TRY(point_table_describe(t, r, e));
    TRY(table_note(t, e, "evaluated %llu points with '%s'; %s", (unsigned long long)res->evaluated,
                   r->algorithm->name, res->stop_reason));
    if (strcmp(r->algorithm->name, "exhaustive") != 0)
        TRY(table_note(t, e, "seed %llu", (unsigned long long)r->request.seed));
    if (res->pruned > 0)
        TRY(table_note(
            t, e,
            "bounds proved %llu points dominated or infeasible, among them %llu whole blocks "
            "(%.4g %% of the space was visited, after a search of %llu evaluations)",
            (unsigned long long)res->pruned, (unsigned long long)res->pruned_blocks,
            100.0 * (double)res->evaluated / (double)res->total,
            (unsigned long long)res->searched));
    for (int i = 1; i < N_REJECTS; i++)
        if (res->rejected[i] > 0)
            TRY(table_note(t, e, "left out %llu (%s): %s; the first is point %llu",
                           (unsigned long long)res->rejected[i], reject_name((enum reject)i),
                           reject_doc((enum reject)i), (unsigned long long)res->example[i]));
    return COSIM_OK;
}

static cosim_status sweep(struct resolved *r, struct sweep_result *res, cosim *c,
                          const cosim_study *s, cosim_progress *progress, void *user,
                          cosim_table **t, cosim_sweep_info *info, cosim_error *e)
{
    const struct setting peer = study_get(s, STUDY_COMPAT);
    if (peer.text)
        return err_at(e, COSIM_EUSAGE, &peer.at,
                      "the rules of a peer serve estimate and explain only");
    const struct setting algorithm = study_get(s, STUDY_ALGORITHM);
    TRY(resolve(r, c, s, e));
    TRY(sweep_algorithm_find(algorithm.text, algorithm.at, &r->algorithm, e));
    r->request.progress = progress;
    r->request.progress_user = user;
    const double start_s = now_s();
    TRY(r->algorithm->run(&r->request, res, e));
    *info = (cosim_sweep_info){
        .n_points = r->space.n_points,
        .n_evaluated = res->evaluated,
        .n_feasible = res->rejected[REJECT_NONE],
        .n_front = archive_size(res->front),
        .partial = res->partial,
        .seconds = now_s() - start_s,
    };
    memcpy(info->signature, r->signature, sizeof info->signature);
    const size_t n_all = archive_size(res->front);
    if (r->request.epsilon > 0.0)
        TRY(archive_thin(&res->front, r->request.epsilon, e));
    TRY(point_table_new(t, "Pareto frontier", e));
    TRY(add_points(*t, r, res, e));
    TRY(point_table_note_thinned(*t, &r->request, n_all, e));
    return add_notes(*t, r, res, e);
}

cosim_status cosim_sweep(cosim *c, const cosim_study *s, cosim_progress *progress, void *user,
                         cosim_table **t, cosim_sweep_info *info, cosim_error *e)
{
    struct resolved r = { 0 };
    struct sweep_result res = { 0 };

    *t = NULL;
    memset(info, 0, sizeof *info);
    c->stop = 0;
    const cosim_status st = sweep(&r, &res, c, s, progress, user, t, info, e);
    sweep_release(&res);
    resolved_release(&r);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
        return st;
    }
    return info->partial ? err_set(e, COSIM_EINTERRUPTED, "stopped: the result is partial")
                         : COSIM_OK;
}
