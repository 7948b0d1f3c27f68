/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/joint.h"
#include "api/joint_search.h"
#include "api/rows.h"
#include "core/hash.h"
#include "search/testproblem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Walkers are not shared between threads, and the search hands out blocks without thread numbers:
 * whoever evaluates takes one from this pool. */
struct walker_pool {
    struct walker *walker;
    size_t n;
    int *busy;
};

/* The design space as a search problem: rows are the digits of a point. */
struct design {
    const struct resolved *r;
    struct walker_pool *pool;
};

static struct walker *take_walker(struct walker_pool *pool, size_t *index)
{
    for (size_t i = 0;; i = (i + 1) % pool->n) {
        int was;
#pragma omp atomic capture
        {
            was = pool->busy[i];
            pool->busy[i] = 1;
        }
        if (!was) {
            *index = i;
            return &pool->walker[i];
        }
    }
}

static void give_walker(struct walker_pool *pool, size_t index)
{
#pragma omp atomic write
    pool->busy[index] = 0;
}

static void evaluate(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation)
{
    const struct design *d = ctx;
    size_t index;
    struct walker *w = take_walker(d->pool, &index);

    for (size_t i = 0; i < n; i++)
        job_price_design(&d->r->request, w, x + i * N_AXES, obj, i, &violation[i]);
    give_walker(d->pool, index);
}

static cosim_status pool_open(struct walker_pool *pool, const struct space *s, size_t n,
                              cosim_error *e)
{
    pool->walker = calloc(n, sizeof *pool->walker);
    pool->busy = calloc(n, sizeof *pool->busy);
    if (!pool->walker || !pool->busy)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu threads", n);
    for (pool->n = 0; pool->n < n; pool->n++) {
        const cosim_status st = walker_init(&pool->walker[pool->n], s, e);
        if (st != COSIM_OK)
            return st;
    }
    return COSIM_OK;
}

static void pool_close(struct walker_pool *pool)
{
    for (size_t i = 0; i < pool->n; i++)
        walker_release(&pool->walker[i]);
    free(pool->walker);
    free(pool->busy);
}

static cosim_status add_design_rows(struct table *t, const struct resolved *r, struct walker *w,
                                    const struct archive *front, cosim_error *e)
{
    size_t *order = ARENA_NEW(&w->arena, size_t, archive_size(front));

    if (!order)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu points", archive_size(front));
    TRY(front_order(front, order, &w->arena, e));
    for (size_t i = 0; i < archive_size(front); i++)
        TRY(point_table_add(t, r, w, archive_ids(front)[order[i]], true, e));
    return point_table_describe(t, r, e);
}

static cosim_status search_designs(struct resolved *r, struct search_job *job,
                                   struct walker_pool *pool, cosim *c, const struct study *s,
                                   cosim_table **t, cosim_error *e)
{
    struct search_axis axis[N_AXES];
    const struct study plain = study_plain(s);

    TRY(resolve(r, c, &plain, e));
    TRY(job_from_study(job, s, &r->request, e));
    job_design_axes(&r->space, axis);
    TRY(pool_open(pool, &r->space, job->options.threads + 1, e));
    const struct design design = { r, pool };
    const struct search_problem problem = {
        .name = "design space",
        .n_axes = N_AXES,
        .n_obj = r->request.n_objectives,
        .axis = axis,
        .ctx = &design,
        .evaluate = evaluate,
    };
    const uint64_t labels =
        hash_bytes(job_hash_request(&r->request), r->signature, sizeof r->signature);
    TRY(job_run(job, &problem, study_get(s, STUDY_JOURNAL), labels, e));
    TRY(point_table_new(t, "Pareto frontier", e));
    TRY(add_design_rows(*t, r, &pool->walker[0], job->front, e));
    return job_note(*t, job, e);
}

static cosim_status search_space(struct search_job *job, cosim *c, const struct study *s,
                                 cosim_table **t, cosim_error *e)
{
    struct resolved r = { .quality = NULL };
    struct walker_pool pool = { .n = 0 };

    const cosim_status st = search_designs(&r, job, &pool, c, s, t, e);
    pool_close(&pool);
    resolved_release(&r);
    return st;
}

cosim_status cosim_search(cosim *c, const cosim_study *s, cosim_table **t, cosim_error *e)
{
    struct search_job job = { .algo = NULL };

    *t = NULL;
    c->stop = 0;
    const cosim_status st =
        joint_wanted(s) ? joint_search(&job, c, s, t, e) : search_space(&job, c, s, t, e);
    const bool stopped = st == COSIM_OK && job.result.stop == STOP_SIGNAL;
    job_release(&job);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
        return st;
    }
    return stopped ? err_set(e, COSIM_EINTERRUPTED, "stopped: the result is partial") : COSIM_OK;
}

#define PROBLEM_COLUMNS_MAX 64u

static cosim_status problem_table(struct table **t, const struct search_problem *p, cosim_error *e)
{
    struct column column[PROBLEM_COLUMNS_MAX];
    char name[PROBLEM_COLUMNS_MAX][16];
    const size_t n_vars = problem_n_vars(p);
    size_t n = 0;

    for (size_t i = 0; i < p->n_obj; i++, n++) {
        (void)snprintf(name[n], sizeof name[n], "f%zu", i + 1);
        column[n] = (struct column){ name[n], "", "objective, minimised", CELL_F64 };
    }
    for (size_t i = 0; i < n_vars && n < PROBLEM_COLUMNS_MAX; i++, n++) {
        (void)snprintf(name[n], sizeof name[n], "x%zu", i + 1);
        column[n] = (struct column){ name[n], "", "variable", CELL_F64 };
    }
    return table_new(t, p->name, column, n, e);
}

static cosim_status add_problem_rows(struct table *t, const struct search_problem *p,
                                     const struct search_job *job, cosim_error *e)
{
    double *x = calloc(problem_n_vars(p), sizeof *x);
    cosim_status st = x ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a point");

    for (size_t i = 0; st == COSIM_OK && i < archive_size(job->front); i++) {
        const uint64_t id = archive_ids(job->front)[i];
        size_t row;
        st = table_add_row(t, &row, e);
        for (size_t j = 0; st == COSIM_OK && j < p->n_obj; j++)
            table_set_f64(t, row, j, archive_objective(job->front, j)[i]);
        if (st == COSIM_OK && search_result_point(&job->result, id, x))
            for (size_t j = p->n_obj; j < t->n_columns; j++)
                table_set_f64(t, row, j, x[j - p->n_obj]);
    }
    free(x);
    return st;
}

static cosim_status search_problem(struct search_job *job, const char *name, cosim_table **t,
                                   cosim_error *e)
{
    struct search_axis axis[TESTPROBLEM_MAX_VARS];
    const struct testproblem *tp = testproblem_find(name);

    if (!tp) {
        const cosim_status st = err_set(e, COSIM_EUNKNOWN, "unknown test problem '%s'", name);
        err_hint(e, "'cosim list problems' shows all");
        return st;
    }
    const struct search_problem problem = testproblem_problem(tp, axis);
    TRY(job_run(job, &problem, (struct setting){ .text = NULL }, 0, e));
    TRY(problem_table(t, &problem, e));
    TRY(add_problem_rows(*t, &problem, job, e));
    return job_note(*t, job, e);
}

cosim_status cosim_search_problem(cosim *c, const char *problem, const char *algorithm,
                                  uint64_t evaluations, uint64_t seed, cosim_table **t,
                                  cosim_error *e)
{
    struct search_job job = {
        .options = { .budget = evaluations, .seed = seed, .stop = (const volatile int *)&c->stop }
    };

    *t = NULL;
    c->stop = 0;
    cosim_status st =
        job_algorithm(&job, (struct setting){ .text = algorithm ? algorithm : "pgsam" }, e);
    if (st == COSIM_OK)
        st = search_problem(&job, problem, t, e);
    job_release(&job);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
