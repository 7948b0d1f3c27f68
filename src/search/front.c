/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/front.h"

#include "core/num.h"
#include "search/archive.h"
#include "search/sort.h"
#include "search/staircase.h"

#include <stdbool.h>
#include <stdlib.h>

#define SWEEP_MAX_OBJ 3u
#define SAMPLE 4096u
#define MANY 20000u

struct room {
    uint32_t *order, *spare, *rank;
    uint64_t *keys;
    double *y; /* by rank of x */
    bool *stays;
    struct staircase stair;
};

static cosim_status room_new(struct room *r, size_t n, cosim_error *e)
{
    *r = (struct room){ 0 };
    r->order = malloc((n + 1) * sizeof *r->order);
    r->spare = malloc((n + 1) * sizeof *r->spare);
    r->rank = malloc((n + 1) * sizeof *r->rank);
    r->keys = malloc((2 * n + 1) * sizeof *r->keys);
    r->y = malloc((n + 1) * sizeof *r->y);
    r->stays = calloc(n + 1, sizeof *r->stays);
    if (!r->order || !r->spare || !r->rank || !r->keys || !r->y || !r->stays)
        return err_set(e, COSIM_ENOMEM, "no memory to filter %zu points", n);
    return stair_init(&r->stair, n, e);
}

static void room_free(struct room *r)
{
    free(r->order);
    free(r->spare);
    free(r->rank);
    free(r->keys);
    free(r->y);
    free(r->stays);
    stair_release(&r->stair);
}

/* Points arrive in ascending (z, y, x): the staircase then holds everything that can dominate. */
static void sweep(const double *const *obj, size_t n, size_t m, struct room *r)
{
    const double *x = obj[0], *y = obj[m > 1 ? 1 : 0];

    sort_order(x, n, r->order, r->spare, r->keys);
    for (size_t i = 0; i < n; i++) /* equal x share the last rank, so that "<=" sees them */
        r->rank[r->order[n - 1 - i]] =
            (uint32_t)(i > 0 && x[r->order[n - i]] == x[r->order[n - 1 - i]]
                           ? r->rank[r->order[n - i]]
                           : n - 1 - i);
    for (size_t j = 1; j < m; j++)
        sort_order(obj[j], n, r->order, r->spare, r->keys);
    for (size_t i = 0; i < n; i++) {
        const uint32_t p = r->order[i];
        const size_t at = r->rank[p], before = stair_at_or_before(&r->stair, at);

        if (before != STAIR_NONE && r->y[before] <= y[p])
            continue;
        r->stays[p] = true;
        for (size_t s = stair_after(&r->stair, at); s != STAIR_NONE && r->y[s] >= y[p];
             s = stair_after(&r->stair, at))
            stair_remove(&r->stair, s);
        r->y[at] = y[p];
        stair_insert(&r->stair, at);
    }
}

static cosim_status filter_by_sweep(const double *const *obj, size_t n, size_t m, uint32_t *keep,
                                    size_t *n_keep, cosim_error *e)
{
    struct room r;
    double *col[SWEEP_MAX_OBJ] = { NULL };
    cosim_status st = room_new(&r, n, e);
    size_t n_known = 0;

    for (size_t j = 0; j < m && st == COSIM_OK; j++)
        if (!(col[j] = malloc((n + 1) * sizeof *col[j])))
            st = err_set(e, COSIM_ENOMEM, "no memory to filter %zu points", n);
    if (st != COSIM_OK)
        goto out;
    for (size_t i = 0; i < n; i++) {
        bool known = true;
        for (size_t j = 0; j < m; j++) {
            known = known && is_known(obj[j][i]);
            col[j][n_known] = obj[j][i];
        }
        keep[n_known] = (uint32_t)i;
        r.order[n_known] = (uint32_t)n_known;
        n_known += known;
    }
    sweep((const double *const *)col, n_known, m, &r);
    *n_keep = 0;
    for (size_t i = 0; i < n_known; i++)
        if (r.stays[i])
            keep[(*n_keep)++] = keep[i];
out:
    for (size_t j = 0; j < m; j++)
        free(col[j]);
    room_free(&r);
    return st;
}

static cosim_status filter_by_archive(const double *const *obj, size_t n, size_t m, uint32_t *keep,
                                      size_t *n_keep, cosim_error *e)
{
    struct archive *a = NULL;
    uint64_t *id = malloc((n + 1) * sizeof *id);
    cosim_status st = archive_new(&a, m, e);

    if (!id)
        st = err_set(e, COSIM_ENOMEM, "no memory to filter %zu points", n);
    for (size_t i = 0; id && i < n; i++)
        id[i] = i;
    if (st == COSIM_OK)
        st = archive_add_block(a, n, id, obj, NULL, e);
    if (st == COSIM_OK)
        st = archive_sort(a, e);
    if (st == COSIM_OK) {
        *n_keep = archive_size(a);
        for (size_t i = 0; i < *n_keep; i++)
            keep[i] = (uint32_t)archive_ids(a)[i];
    }
    archive_free(a);
    free(id);
    return st;
}

cosim_status front_share(const double *const *obj, size_t n, size_t m, double *share,
                         cosim_error *e)
{
    struct archive *a;
    const size_t stride = n / SAMPLE;
    cosim_status st;

    *share = 1.0;
    if (n < MANY)
        return COSIM_OK;
    TRY(archive_new(&a, m, e));
    st = COSIM_OK;
    for (size_t i = 0; i < SAMPLE && st == COSIM_OK; i++) {
        double x[ARCHIVE_MAX_OBJ];
        for (size_t j = 0; j < m; j++)
            x[j] = obj[j][i * stride];
        st = archive_add(a, i, x, NULL, e);
    }
    *share = (double)archive_size(a) / SAMPLE;
    archive_free(a);
    return st;
}

cosim_status front_filter(const double *const *obj, size_t n, size_t m, uint32_t *keep,
                          size_t *n_keep, cosim_error *e)
{
    double share = 0.0;

    if (n >= UINT32_MAX)
        return err_set(e, COSIM_ERANGE, "%zu points are too many to filter at once", n);
    if (m >= 1 && m <= SWEEP_MAX_OBJ)
        TRY(front_share(obj, n, m, &share, e));
    return share < FRONT_SMALL ? filter_by_archive(obj, n, m, keep, n_keep, e)
                               : filter_by_sweep(obj, n, m, keep, n_keep, e);
}
