/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/hv_cells.h"

#include "core/num.h"
#include "search/hv_rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FEW 20u         /* points whose volume is found directly */
#define JOB_LEAST 2048u /* points of a cell that is worth a thread's while, or */
#define JOB_PARTS 32u   /* this part of all points */

/* A cell and the points that reach into it, `n` rows from number `at` on. */
struct cell {
    double lo[HV_MAX_OBJ], hi[HV_MAX_OBJ];
    size_t at, n;
};

/* Cells yet to be done; the rows of the last one are at the end. */
struct pending {
    size_t d;
    size_t n, cap, cap_rows;
    struct cell *cell;
    double *row, *column;
    struct hv few;
};

static cosim_status out_of_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "no memory for the cells of a hypervolume");
}

static cosim_status grow_rows(struct pending *q, size_t n_rows, cosim_error *e)
{
    if (n_rows <= q->cap_rows)
        return COSIM_OK;
    const size_t cap = n_rows + n_rows / 2;
    double *more = realloc(q->row, cap * q->d * sizeof *more);
    if (!more)
        return out_of_memory(e);
    q->row = more;
    q->cap_rows = cap;
    return COSIM_OK;
}

static cosim_status push(struct pending *q, const struct cell *c, cosim_error *e)
{
    if (q->n == q->cap) {
        const size_t cap = q->cap ? 2 * q->cap : 64;
        struct cell *more = realloc(q->cell, cap * sizeof *more);
        if (!more)
            return out_of_memory(e);
        q->cell = more;
        q->cap = cap;
    }
    q->cell[q->n++] = *c;
    return COSIM_OK;
}

static void pending_release(struct pending *q)
{
    free(q->cell);
    free(q->row);
    free(q->column);
    hv_free(&q->few);
}

/* With one cell of n rows. */
static cosim_status pending_init(struct pending *q, const struct cell *first, const double *row,
                                 size_t d, cosim_error *e)
{
    struct cell c = *first;

    *q = (struct pending){ .d = d };
    TRY(hv_new(&q->few, FEW, d, e));
    q->column = malloc((c.n + 1) * sizeof *q->column);
    if (!q->column)
        return out_of_memory(e);
    TRY(grow_rows(q, 2 * c.n + FEW, e));
    memcpy(q->row, row, c.n * d * sizeof *row);
    c.at = 0;
    return push(q, &c, e);
}

static double box(const struct cell *c, size_t d)
{
    double v = 1;

    for (size_t j = 0; j < d; j++)
        v *= c->hi[j] - c->lo[j];
    return v;
}

/* Coordinates in which p does not cover the whole cell; *k is one of them. */
static inline size_t n_partial(const struct cell *c, const double *p, const size_t d, size_t *k)
{
    size_t n = 0;

    for (size_t j = 0; j < d; j++) {
        const bool partial = p[j] > c->lo[j];
        n += partial;
        *k = partial ? j : *k;
    }
    return n;
}

static inline bool reaches(const struct cell *c, const double *p, const size_t d)
{
    bool inside = true;

    for (size_t j = 0; j < d; j++)
        inside &= p[j] < c->hi[j];
    return inside;
}

/* Cuts off what single points cover and forgets points that do not reach into the rest; gives the
 * volume cut off. */
static inline double simplify_d(struct cell *c, double *row, const size_t d)
{
    double volume = 0;
    size_t kept = 0;
    bool cut = false;

    for (size_t i = 0; i < c->n; i++) {
        const double *p = row + i * d;
        size_t k = 0;
        if (!reaches(c, p, d))
            continue;
        const size_t n = n_partial(c, p, d, &k);
        if (n == 0) {
            c->n = 0;
            return volume + box(c, d);
        }
        if (n == 1) {
            struct cell slab = *c;
            slab.lo[k] = p[k];
            volume += box(&slab, d);
            c->hi[k] = p[k];
            cut = true;
            continue;
        }
        memmove(row + kept++ * d, p, d * sizeof *p);
    }
    c->n = kept;
    if (!cut)
        return volume;
    kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (reaches(c, row + i * d, d))
            memmove(row + kept++ * d, row + i * d, d * sizeof *row);
    c->n = kept;
    return volume;
}

/* Compilers unroll loops over a constant. */
static double simplify(struct cell *c, double *row, size_t d)
{
    return d == 4 ? simplify_d(c, row, 4) : d == 5 ? simplify_d(c, row, 5) : simplify_d(c, row, d);
}

/* The k-th least of n numbers; they change places. source  C. Hoare, "Algorithm 65: find", 1961 */
static double kth(double *v, size_t n, size_t k)
{
    size_t lo = 0, hi = n - 1;

    while (lo < hi) {
        const double pivot = v[lo + (hi - lo) / 2];
        size_t i = lo, j = hi;
        for (;; i++, j--) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            const double t = v[i];
            v[i] = v[j];
            v[j] = t;
        }
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return v[k];
}

/* In how many points does each coordinate end inside the cell? */
static inline void count_ends(const struct cell *c, const double *row, const size_t d,
                              size_t count[HV_MAX_OBJ])
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < d; j++)
            count[j] += row[i * d + j] > c->lo[j];
}

/* The coordinate in which most points end inside the cell, and the median of where they do. */
static size_t choose_cut(const struct cell *c, const double *row, size_t d, double *column,
                         double *at)
{
    size_t count[HV_MAX_OBJ] = { 0 }, best = 0, n = 0;

    if (d == 4)
        count_ends(c, row, 4, count);
    else if (d == 5)
        count_ends(c, row, 5, count);
    else
        count_ends(c, row, d, count);
    for (size_t j = 1; j < d; j++)
        if (count[j] > count[best])
            best = j;
    for (size_t i = 0; i < c->n; i++)
        if (row[i * d + best] > c->lo[best])
            column[n++] = row[i * d + best];
    *at = kth(column, n, n / 2);
    return best;
}

/* Puts both halves in the place of a cell. */
static cosim_status halve(struct pending *q, const struct cell *c, cosim_error *e)
{
    const size_t d = q->d;
    double at;
    const size_t k = choose_cut(c, q->row + c->at * d, d, q->column, &at);
    struct cell upper = *c, lower = *c;

    TRY(grow_rows(q, c->at + 2 * c->n, e));
    upper.lo[k] = lower.hi[k] = at;
    lower.at = c->at + c->n;
    lower.n = 0;
    const double *row = q->row + c->at * d;
    double *low = q->row + lower.at * d;
    for (size_t i = 0; i < c->n; i++)
        if (row[i * d + k] < at)
            memcpy(low + lower.n++ * d, row + i * d, d * sizeof *row);
    TRY(push(q, &upper, e));
    return push(q, &lower, e);
}

static double volume_of_few(struct pending *q, const struct cell *c)
{
    const size_t d = q->d;
    const double *row = q->row + c->at * d;
    double *out = q->few.level[d].row;

    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = max_f64(row[i * d + j], c->lo[j]) - c->hi[j];
    return hv_volume(&q->few, c->n, d);
}

/* Large cells that are left to threads. */
struct jobs {
    size_t n, cap;
    struct pending *job;
};

static cosim_status add_job(struct jobs *jobs, const struct pending *q, const struct cell *c,
                            cosim_error *e)
{
    if (jobs->n == jobs->cap) {
        const size_t cap = jobs->cap ? 2 * jobs->cap : 64;
        struct pending *more = realloc(jobs->job, cap * sizeof *more);
        if (!more)
            return out_of_memory(e);
        jobs->job = more;
        jobs->cap = cap;
    }
    return pending_init(&jobs->job[jobs->n++], c, q->row + c->at * q->d, q->d, e);
}

/* Does all pending cells; those of up to `least` points become jobs when there are some to give. */
static cosim_status work(struct pending *q, struct jobs *jobs, size_t least, double *volume,
                         cosim_error *e)
{
    *volume = 0;
    while (q->n > 0) {
        struct cell c = q->cell[--q->n];
        *volume += simplify(&c, q->row + c.at * q->d, q->d);
        if (c.n == 0)
            continue;
        if (c.n <= FEW)
            *volume += volume_of_few(q, &c);
        else if (jobs && c.n <= least)
            TRY(add_job(jobs, q, &c, e));
        else
            TRY(halve(q, &c, e));
    }
    return COSIM_OK;
}

/* One volume a job, added in the order of the jobs. */
static cosim_status do_jobs(struct jobs *jobs, double *volume, cosim_error *e)
{
    double *part = calloc(jobs->n + 1, sizeof *part);
    bool failed = false;

    if (!part)
        return out_of_memory(e);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) if (jobs->n > 1)
#endif
    for (long i = 0; i < (long)jobs->n; i++)
        if (work(&jobs->job[i], NULL, 0, &part[i], NULL) != COSIM_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
            failed = true;
        }
    for (size_t i = 0; i < jobs->n; i++)
        *volume += part[i];
    free(part);
    return failed ? out_of_memory(e) : COSIM_OK;
}

cosim_status hv_cells(const double *row, size_t n, size_t d, double *volume, cosim_error *e)
{
    struct cell all = { .n = n };
    struct pending q;
    struct jobs jobs = { 0 };
    const size_t least = n / JOB_PARTS > JOB_LEAST ? n / JOB_PARTS : JOB_LEAST;

    *volume = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            all.lo[j] = min_f64(row[i * d + j], all.lo[j]);
    cosim_status st = pending_init(&q, &all, row, d, e);
    if (st == COSIM_OK)
        st = work(&q, n > 2 * JOB_LEAST ? &jobs : NULL, least, volume, e);
    pending_release(&q);
    if (st == COSIM_OK)
        st = do_jobs(&jobs, volume, e);
    for (size_t i = 0; i < jobs.n; i++)
        pending_release(&jobs.job[i]);
    free(jobs.job);
    return st;
}
