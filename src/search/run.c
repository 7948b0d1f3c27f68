/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/run.h"

#include "core/num.h"
#include "search/hypervolume.h"
#include "search/price.h"
#include "search/store.h"

#include <stdlib.h>
#include <string.h>

#define BATCH PRICE_ROWS_MAX /* points asked for at once */
#define REFERENCE 1.1
#define CONVERGED_GAIN 1e-4
#define CONVERGED_WINDOWS 10u
#define TRACE_MAX_OBJ 3u    /* with more, only fronts of up to TRACE_MAX_SIZE are measured: */
#define TRACE_MAX_SIZE 500u /* else the volume could cost more than the search */
#define DEFAULT_BUDGET 20000u

const char *const search_stop_name[] = {
    [STOP_DONE] = "done",
    [STOP_BUDGET] = "budget",
    [STOP_CONVERGED] = "converged",
    [STOP_SIGNAL] = "signal",
};

struct run {
    const struct search_problem *p;
    const struct search_options *o;
    struct archive *archive;
    struct search_result *r;
    struct pricer pricer;
    uint64_t budget, n_points, window, next_window;
    size_t n_vars;
    bool framed, has_feasible;
    double *x, *violation, *column;
    double *obj[ARCHIVE_MAX_OBJ];
    uint64_t *id;
    uint8_t *skip;
    cosim_status st; /* of a solver's callback */
    cosim_error *e;
};

static bool wants_stop(const struct run *run)
{
    return run->o->stop && *run->o->stop;
}

/* Until the first window is full, the frame follows the feasible points. */
static void extend_frame(struct run *run, size_t at, size_t n)
{
    struct search_result *r = run->r;

    for (size_t i = at; i < at + n && !run->framed; i++) {
        if (run->skip[i])
            continue;
        for (size_t j = 0; j < run->p->n_obj; j++) {
            const double v = run->obj[j][i];
            r->ideal[j] = run->has_feasible ? min_f64(v, r->ideal[j]) : v;
            r->nadir[j] = run->has_feasible ? max_f64(v, r->nadir[j]) : v;
        }
        run->has_feasible = true;
    }
}

/* The front's volume in the fixed frame; 0 while there is no frame. */
static cosim_status front_volume(struct run *run, double *volume, cosim_error *e)
{
    const size_t m = run->p->n_obj;
    double ref[ARCHIVE_MAX_OBJ], scale = 1;
    const double *obj[ARCHIVE_MAX_OBJ];

    *volume = 0;
    if (!run->has_feasible)
        return COSIM_OK;
    TRY(archive_sort(run->archive, e));
    for (size_t j = 0; j < m; j++) {
        const double range = run->r->nadir[j] - run->r->ideal[j];
        obj[j] = archive_objective(run->archive, j);
        ref[j] = run->r->ideal[j] + REFERENCE * (range > 0 ? range : 1);
        scale *= range > 0 ? range : 1;
    }
    TRY(hypervolume(obj, archive_size(run->archive), m, ref, volume, e));
    *volume /= scale;
    return COSIM_OK;
}

static bool is_measurable(const struct run *run)
{
    return run->p->n_obj <= TRACE_MAX_OBJ || archive_size(run->archive) <= TRACE_MAX_SIZE;
}

static cosim_status take_trace(struct run *run, cosim_error *e)
{
    struct search_result *r = run->r;

    if (r->evaluations < run->next_window)
        return COSIM_OK;
    run->next_window += run->window;
    if (run->o->no_trace)
        return COSIM_OK;
    run->framed = run->has_feasible;
    if (r->n_trace >= SEARCH_WINDOWS || !is_measurable(run))
        return COSIM_OK;
    r->trace[r->n_trace].evaluations = r->evaluations;
    TRY(front_volume(run, &r->trace[r->n_trace].volume, e));
    r->n_trace++;
    return COSIM_OK;
}

static bool has_converged(const struct run *run)
{
    const struct search_result *r = run->r;

    if (!run->o->stop_when_converged || r->n_trace <= CONVERGED_WINDOWS)
        return false;
    const double now = r->trace[r->n_trace - 1].volume,
                 then = r->trace[r->n_trace - 1 - CONVERGED_WINDOWS].volume;
    return now > 0 && now - then < CONVERGED_GAIN * now;
}

/* Archives rows at .. at + n of run->x, remembers the rows that entered. */
static cosim_status take_rows(struct run *run, size_t at, size_t n, cosim_error *e)
{
    const double *obj[ARCHIVE_MAX_OBJ];

    for (size_t j = 0; j < run->p->n_obj; j++)
        obj[j] = run->obj[j] + at;
    if (run->n_points)
        return archive_add_block(run->archive, n, run->id + at, obj, run->skip + at, e);
    for (size_t i = 0; i < n; i++) {
        double f[ARCHIVE_MAX_OBJ];
        int entered;
        if (run->skip[at + i])
            continue;
        for (size_t j = 0; j < run->p->n_obj; j++)
            f[j] = obj[j][i];
        TRY(archive_add(run->archive, run->id[at + i], f, &entered, e));
        if (entered)
            TRY(store_put(run->r->store, run->id[at + i], run->x + (at + i) * run->n_vars, e));
    }
    return store_trim(run->r->store, run->archive, e);
}

/* Prices the n rows of run->x and archives them, in parts that end with the windows of the trace:
 * so traces compare, and what an algorithm is asked for does not depend on them. */
static cosim_status price_batch(struct run *run, size_t n, cosim_error *e)
{
    struct search_result *r = run->r;

    TRY(price_rows(&run->pricer, n, run->x, run->obj, run->violation, e));
    for (size_t i = 0; i < n; i++) {
        const double *x = run->x + i * run->n_vars;
        run->id[i] = run->n_points ? problem_id(run->p, x) : r->evaluations + i;
        const bool feasible = run->violation[i] <= 0;
        run->skip[i] = (uint8_t)!feasible;
        r->infeasible += !feasible;
    }
    for (size_t at = 0, part; at < n; at += part) {
        const uint64_t window = run->next_window - r->evaluations;
        part = window < n - at ? (size_t)window : n - at;
        extend_frame(run, at, part);
        r->evaluations += part;
        TRY(take_rows(run, at, part, e));
        TRY(take_trace(run, e));
    }
    return COSIM_OK;
}

/* Points to ask for: not beyond the budget. */
static size_t room(const struct run *run)
{
    const uint64_t left = run->budget - run->r->evaluations;

    return left < BATCH ? (size_t)left : BATCH;
}

static cosim_status ask_and_tell(struct run *run, const struct search_algo *a, cosim_error *e)
{
    struct search_result *r = run->r;
    void *state = NULL;
    cosim_status st = a->open(&state, run->p, run->o, run->archive, e);

    r->stop = STOP_DONE;
    while (st == COSIM_OK) {
        if (wants_stop(run))
            r->stop = STOP_SIGNAL;
        else if (r->evaluations >= run->budget)
            r->stop = STOP_BUDGET;
        else if (has_converged(run))
            r->stop = STOP_CONVERGED;
        if (r->stop != STOP_DONE)
            break;
        const size_t n = a->ask(state, run->x, room(run));
        if (n == 0)
            break;
        st = price_batch(run, n, e);
        if (st == COSIM_OK && a->tell)
            st = a->tell(state, n, run->x, (const double *const *)run->obj, run->violation, e);
    }
    if (state && a->proof)
        a->proof(state, &r->proof);
    if (state)
        a->close(state);
    return st;
}

static bool price_one(void *p, const double *x, struct priced *out)
{
    struct run *run = p;

    if (run->st != COSIM_OK || wants_stop(run) || run->r->evaluations >= run->budget)
        return false;
    memcpy(run->x, x, run->n_vars * sizeof *x);
    run->st = price_batch(run, 1, run->e);
    out->violation = run->violation[0];
    for (size_t j = 0; j < run->p->n_obj; j++)
        out->obj[j] = run->obj[j][0];
    return run->st == COSIM_OK;
}

static cosim_status call_back(struct run *run, const struct search_algo *a, cosim_error *e)
{
    const struct search_pricing pricing = { run, price_one };

    run->e = e;
    const cosim_status st = a->solve(run->p, run->o, &pricing, e);
    run->r->stop = wants_stop(run)                      ? STOP_SIGNAL
                   : run->r->evaluations >= run->budget ? STOP_BUDGET
                                                        : STOP_DONE;
    return run->st != COSIM_OK ? run->st : st;
}

static cosim_status finish(struct run *run, cosim_error *e)
{
    struct search_result *r = run->r;

    if (run->o->no_trace || !is_measurable(run))
        return COSIM_OK;
    struct search_trace *last = &r->trace[r->n_trace++];
    last->evaluations = r->evaluations;
    TRY(front_volume(run, &last->volume, e));
    for (size_t i = r->n_trace; i-- > 0;)
        if (r->trace[i].volume >= 0.99 * last->volume)
            r->evaluations_to_99 = r->trace[i].evaluations;
    return COSIM_OK;
}

static cosim_status make_room(struct run *run, cosim_error *e)
{
    const size_t m = run->p->n_obj;

    run->x = malloc(BATCH * run->n_vars * sizeof *run->x);
    run->violation = malloc(BATCH * sizeof *run->violation);
    run->id = malloc(BATCH * sizeof *run->id);
    run->skip = malloc(BATCH * sizeof *run->skip);
    run->column = malloc(BATCH * m * sizeof *run->column);
    if (!run->x || !run->violation || !run->id || !run->skip || !run->column)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    for (size_t j = 0; j < m; j++)
        run->obj[j] = run->column + j * BATCH;
    return COSIM_OK;
}

cosim_status search_run(const struct search_problem *p, const struct search_algo *a,
                        const struct search_options *o, struct archive *archive,
                        struct search_result *r, cosim_error *e)
{
    struct run run = { .p = p, .o = o, .archive = archive, .r = r };

    *r = (struct search_result){ .problem = p };
    TRY(problem_check(p, e));
    if (archive_n_obj(archive) != p->n_obj)
        return err_set(e, COSIM_EINTERNAL, "archive and problem differ in objectives");
    run.n_points = problem_n_points(p);
    run.n_vars = problem_n_vars(p);
    run.budget = o->budget ? o->budget : a == &algo_exhaustive ? UINT64_MAX : DEFAULT_BUDGET;
    struct search_options opts = *o;
    opts.budget = run.budget;
    run.o = &opts;
    run.window = (run.budget == UINT64_MAX ? run.n_points : run.budget) / SEARCH_WINDOWS + 1;
    run.next_window = run.window;
    cosim_status st = make_room(&run, e);
    if (st == COSIM_OK)
        st = pricer_init(&run.pricer, p, opts.journal, opts.threads, e);
    if (st == COSIM_OK && !run.n_points)
        st = store_new(&r->store, run.n_vars, e);
    if (st == COSIM_OK)
        st = a->solve ? call_back(&run, a, e) : ask_and_tell(&run, a, e);
    if (st == COSIM_OK)
        st = finish(&run, e);
    r->known = run.pricer.n_known;
    pricer_release(&run.pricer);
    free(run.x);
    free(run.violation);
    free(run.id);
    free(run.skip);
    free(run.column);
    if (st != COSIM_OK)
        search_result_release(r);
    return st;
}

bool search_result_point(const struct search_result *r, uint64_t id, double *x)
{
    if (!r->store) {
        const uint64_t n = problem_n_points(r->problem);
        if (id < n)
            problem_point(r->problem, id, x);
        return id < n;
    }
    const double *row = store_get(r->store, id);
    if (row)
        memcpy(x, row, problem_n_vars(r->problem) * sizeof *x);
    return row != NULL;
}

void search_result_release(struct search_result *r)
{
    store_free(r->store);
    r->store = NULL;
}
