/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/resolve.h"
#include "api/rows.h"
#include "core/num.h"
#include "search/run.h"
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

/* How far a point is from feasible: memory over capacity, limits in relative terms. */
static double violation_of(const struct sweep_request *q, const struct point *p,
                           const struct rates *r)
{
    double v = 0.0;

    if (p->reject == REJECT_CAPACITY)
        v = p->metric[METRIC_MEMORY] / r->rate[RATE_MEM_USABLE_BYTES].value - 1.0;
    else if (p->reject != REJECT_NONE)
        v = 1e6; /* nothing can be priced: worse than any violation that can be */
    for (size_t i = 0; i < q->n_limits && v < 1e6; i++) {
        const struct sweep_limit *l = &q->limit[i];
        const double x = p->metric[l->metric];
        const double over = l->sense > 0 ? x - l->bound : l->bound - x;
        if (!is_known(x))
            v = 1e6;
        else if (over > 0.0)
            v += over / max_f64(fabs(l->bound), 1e-300);
    }
    for (size_t i = 0; i < q->n_objectives; i++)
        if (!is_known(p->metric[q->objective[i]]))
            v = 1e6;
    return v;
}

static void evaluate_one(const struct design *d, struct walker *w, const double *x, size_t i,
                         double *const *obj, double *violation)
{
    const struct sweep_request *q = &d->r->request;
    const struct space *s = &d->r->space;
    size_t digit[N_AXES];
    uint64_t id = 0;
    struct point p;

    for (int a = 0; a < N_AXES; a++) {
        digit[a] = (size_t)x[a];
        id = id * s->n[a] + digit[a];
    }
    if (walker_point(w, id, &p, NULL) != COSIM_OK)
        p = (struct point){ .reject = REJECT_UNKNOWN };
    violation[i] = violation_of(q, &p, &s->rates[space_lane(s, digit)]);
    for (size_t j = 0; j < q->n_objectives; j++) {
        const double v = metric_table[q->objective[j]].sense * p.metric[q->objective[j]];
        obj[j][i] = is_known(v) ? v : 0.0;
    }
}

static void evaluate(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation)
{
    const struct design *d = ctx;
    size_t index;
    struct walker *w = take_walker(d->pool, &index);

    for (size_t i = 0; i < n; i++)
        evaluate_one(d, w, x + i * N_AXES, i, obj, violation);
    give_walker(d->pool, index);
}

static void describe_axes(const struct space *s, struct search_axis axis[N_AXES])
{
    for (int a = 0; a < N_AXES; a++)
        axis[a] = (struct search_axis){
            .name = axis_name((enum axis)a),
            .kind = a >= AXIS_TP && a != AXIS_DEVICE ? AXIS_ORDINAL : AXIS_CATEGORICAL,
            .n = (uint32_t)s->n[a],
        };
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

static cosim_status find_algorithm(const char *name, const struct search_algo **a, cosim_error *e)
{
    *a = search_algo_find(name);
    if (*a)
        return COSIM_OK;
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "unknown algorithm '%s'", name);
    err_hint(e, "'cosim list algorithms' shows all");
    return st;
}

static cosim_status note_run(struct table *t, const struct search_algo *a,
                             const struct search_options *o, const struct search_result *r,
                             const struct archive *front, cosim_error *e)
{
    TRY(table_note(t, e, "seed %llu", (unsigned long long)o->seed));
    TRY(table_note(t, e, "%s: %llu evaluations, %llu infeasible, %zu points; stop: %s", a->name,
                   (unsigned long long)r->evaluations, (unsigned long long)r->infeasible,
                   archive_size(front), search_stop_name[r->stop]));
    if (r->evaluations_to_99 > 0)
        TRY(table_note(t, e, "99 %% of the final hypervolume after %llu evaluations",
                       (unsigned long long)r->evaluations_to_99));
    if (r->proof.n_bounds > 0)
        TRY(table_note(t, e, "bounds pruned %llu points in %llu subtrees",
                       (unsigned long long)r->proof.n_pruned_points,
                       (unsigned long long)r->proof.n_pruned_subtrees));
    return COSIM_OK;
}

static cosim_status add_design_rows(struct table *t, const struct resolved *r, struct walker *w,
                                    const struct archive *front, cosim_error *e)
{
    for (size_t i = 0; i < archive_size(front); i++)
        TRY(point_table_add(t, r, w, archive_ids(front)[i], true, e));
    return point_table_describe(t, r, e);
}

/* What a run needs and gives back, for both kinds of problems. */
struct run {
    const struct search_algo *algo;
    struct archive *front;
    struct search_result result;
    struct search_options options;
};

static void run_release(struct run *run)
{
    search_result_release(&run->result);
    archive_free(run->front);
}

static cosim_status run_problem(struct run *run, const struct search_problem *p, cosim_error *e)
{
    TRY(archive_new(&run->front, p->n_obj, e));
    TRY(search_run(p, run->algo, &run->options, run->front, &run->result, e));
    return archive_sort(run->front, e);
}

static cosim_status search_designs(struct resolved *r, struct run *run, struct walker_pool *pool,
                                   cosim *c, const cosim_study *s, cosim_table **t, cosim_error *e)
{
    struct search_axis axis[N_AXES];

    const char *algorithm = s->value[STUDY_ALGORITHM].text;

    TRY(resolve(r, c, s, e));
    TRY(find_algorithm(algorithm ? algorithm : "pgsam", &run->algo, e));
    describe_axes(&r->space, axis);
    run->options.budget = r->request.samples;
    run->options.seed = r->request.seed;
    run->options.threads = r->request.threads > 0 ? r->request.threads : 1;
    run->options.stop = (const volatile int *)r->request.stop;
    TRY(pool_open(pool, &r->space, run->options.threads + 1, e));
    const struct design design = { r, pool };
    const struct search_problem problem = {
        .name = "design space",
        .n_axes = N_AXES,
        .n_obj = r->request.n_objectives,
        .axis = axis,
        .ctx = &design,
        .evaluate = evaluate,
    };
    TRY(run_problem(run, &problem, e));
    TRY(point_table_new(t, "Pareto frontier", e));
    TRY(add_design_rows(*t, r, &pool->walker[0], run->front, e));
    return note_run(*t, run->algo, &run->options, &run->result, run->front, e);
}

cosim_status cosim_search(cosim *c, const cosim_study *s, cosim_table **t, cosim_error *e)
{
    struct resolved r = { .quality = NULL };
    struct walker_pool pool = { .n = 0 };
    struct run run = { .algo = NULL };

    *t = NULL;
    c->stop = 0;
    const cosim_status st = search_designs(&r, &run, &pool, c, s, t, e);
    const bool stopped = st == COSIM_OK && run.result.stop == STOP_SIGNAL;
    run_release(&run);
    pool_close(&pool);
    resolved_release(&r);
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
                                     const struct run *run, cosim_error *e)
{
    double *x = calloc(problem_n_vars(p), sizeof *x);
    cosim_status st = x ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a point");

    for (size_t i = 0; st == COSIM_OK && i < archive_size(run->front); i++) {
        const uint64_t id = archive_ids(run->front)[i];
        size_t row;
        st = table_add_row(t, &row, e);
        for (size_t j = 0; st == COSIM_OK && j < p->n_obj; j++)
            table_set_f64(t, row, j, archive_objective(run->front, j)[i]);
        if (st == COSIM_OK && search_result_point(&run->result, id, x))
            for (size_t j = p->n_obj; j < t->n_columns; j++)
                table_set_f64(t, row, j, x[j - p->n_obj]);
    }
    free(x);
    return st;
}

static cosim_status search_problem(struct run *run, const char *name, cosim_table **t,
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
    TRY(run_problem(run, &problem, e));
    TRY(problem_table(t, &problem, e));
    TRY(add_problem_rows(*t, &problem, run, e));
    return note_run(*t, run->algo, &run->options, &run->result, run->front, e);
}

cosim_status cosim_search_problem(cosim *c, const char *problem, const char *algorithm,
                                  uint64_t evaluations, uint64_t seed, cosim_table **t,
                                  cosim_error *e)
{
    struct run run = {
        .options = { .budget = evaluations, .seed = seed, .stop = (const volatile int *)&c->stop }
    };

    *t = NULL;
    c->stop = 0;
    cosim_status st = find_algorithm(algorithm ? algorithm : "pgsam", &run.algo, e);
    if (st == COSIM_OK)
        st = search_problem(&run, problem, t, e);
    run_release(&run);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
