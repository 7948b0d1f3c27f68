/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/eps_archive.h"

#include "core/detmath.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>

struct member {
    uint64_t id;
    double x[ARCHIVE_MAX_OBJ], box[ARCHIVE_MAX_OBJ];
    double distance2; /* to the corner of the box, in box widths */
};

struct eps_archive {
    size_t n_obj, n, cap;
    uint64_t n_ignored;
    double eps[ARCHIVE_MAX_OBJ], per_width[ARCHIVE_MAX_OBJ];
    bool log_scale[ARCHIVE_MAX_OBJ];
    struct member *member;
};

cosim_status eps_archive_new(struct eps_archive **out, size_t n_obj, const double *eps,
                             const bool *log_scale, cosim_error *e)
{
    *out = NULL;
    if (n_obj < 1 || n_obj > ARCHIVE_MAX_OBJ)
        return err_set(e, COSIM_ERANGE, "%zu objectives: 1 to %u can be archived", n_obj,
                       ARCHIVE_MAX_OBJ);
    for (size_t j = 0; j < n_obj; j++)
        if (!(eps[j] > 0) || eps[j] == INF_F64)
            return err_set(e, COSIM_ERANGE, "a box of width %g: it must be positive", eps[j]);
    struct eps_archive *a = calloc(1, sizeof *a);
    if (!a)
        return err_set(e, COSIM_ENOMEM, "no memory for an archive");
    a->n_obj = n_obj;
    for (size_t j = 0; j < n_obj; j++) {
        a->log_scale[j] = log_scale && log_scale[j];
        a->eps[j] = eps[j];
        a->per_width[j] = 1 / (a->log_scale[j] ? det_log(1 + eps[j]) : eps[j]);
    }
    *out = a;
    return COSIM_OK;
}

void eps_archive_free(struct eps_archive *a)
{
    if (!a)
        return;
    free(a->member);
    free(a);
}

static bool locate(const struct eps_archive *a, uint64_t id, const double *x, struct member *m)
{
    *m = (struct member){ .id = id };
    for (size_t j = 0; j < a->n_obj; j++) {
        if (!(x[j] > -INF_F64 && x[j] < INF_F64) || (a->log_scale[j] && !(x[j] > 0)))
            return false;
        const double at = (a->log_scale[j] ? det_log(x[j]) : x[j]) * a->per_width[j];
        m->x[j] = x[j] + 0.0;
        m->box[j] = floor(at);
        m->distance2 += (at - m->box[j]) * (at - m->box[j]);
    }
    return true;
}

/* Which of two points of one box stays: negative for a. */
static int prefer(const struct member *a, const struct member *b, size_t m)
{
    if (a->distance2 != b->distance2)
        return a->distance2 < b->distance2 ? -1 : 1;
    for (size_t j = 0; j < m; j++)
        if (a->x[j] != b->x[j])
            return a->x[j] < b->x[j] ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static cosim_status append(struct eps_archive *a, const struct member *m, cosim_error *e)
{
    if (a->n == a->cap) {
        const size_t cap = a->cap ? 2 * a->cap : 64;
        struct member *p = realloc(a->member, cap * sizeof *p);
        if (!p)
            return err_set(e, COSIM_ENOMEM, "no memory for %zu boxes", cap);
        a->member = p;
        a->cap = cap;
    }
    a->member[a->n++] = *m;
    return COSIM_OK;
}

static cosim_status put(struct eps_archive *a, const struct member *m, int *entered, cosim_error *e)
{
    for (size_t i = 0; i < a->n; i++) {
        struct member *q = &a->member[i];
        bool le = true, ge = true;
        for (size_t j = 0; j < a->n_obj; j++) {
            le = le && q->box[j] <= m->box[j];
            ge = ge && q->box[j] >= m->box[j];
        }
        if (le && ge) {
            const int order = prefer(m, q, a->n_obj);
            bool same = true;
            for (size_t j = 0; j < a->n_obj; j++)
                same = same && m->x[j] == q->x[j];
            *entered = order < 0 && !same;
            if (order < 0)
                *q = *m;
            return COSIM_OK;
        }
        if (le) { /* who rejects often is asked early */
            if (i > 0) {
                const struct member t = a->member[i - 1];
                a->member[i - 1] = *q;
                *q = t;
            }
            return COSIM_OK;
        }
        if (ge) {
            *q = a->member[--a->n];
            i--;
        }
    }
    *entered = 1;
    return append(a, m, e);
}

cosim_status eps_archive_add(struct eps_archive *a, uint64_t id, const double *x, int *entered,
                             cosim_error *e)
{
    struct member m;
    int in = 0;
    cosim_status st = COSIM_OK;

    if (locate(a, id, x, &m))
        st = put(a, &m, &in, e);
    else
        a->n_ignored++;
    if (entered)
        *entered = in;
    return st;
}

cosim_status eps_archive_merge(struct eps_archive *into, const struct eps_archive *from,
                               cosim_error *e)
{
    bool equal = into->n_obj == from->n_obj;
    int entered;

    for (size_t j = 0; equal && j < into->n_obj; j++)
        equal = into->eps[j] == from->eps[j] && into->log_scale[j] == from->log_scale[j];
    if (!equal)
        return err_set(e, COSIM_EINTERNAL, "merge of archives with different boxes");
    if (into == from)
        return COSIM_OK;
    for (size_t i = 0; i < from->n; i++)
        TRY(put(into, &from->member[i], &entered, e));
    into->n_ignored += from->n_ignored;
    return COSIM_OK;
}

static int by_id(const void *pa, const void *pb)
{
    const struct member *a = pa, *b = pb;

    return a->id < b->id ? -1 : a->id > b->id;
}

void eps_archive_sort(struct eps_archive *a)
{
    if (a->n > 1)
        qsort(a->member, a->n, sizeof *a->member, by_id);
}

size_t eps_archive_size(const struct eps_archive *a)
{
    return a->n;
}

uint64_t eps_archive_n_ignored(const struct eps_archive *a)
{
    return a->n_ignored;
}

uint64_t eps_archive_id(const struct eps_archive *a, size_t i)
{
    return a->member[i].id;
}

const double *eps_archive_point(const struct eps_archive *a, size_t i)
{
    return a->member[i].x;
}

const double *eps_archive_box(const struct eps_archive *a, size_t i)
{
    return a->member[i].box;
}
