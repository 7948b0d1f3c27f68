/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/hypervolume.h"

#include "core/num.h"
#include "search/front.h"
#include "search/hv_cells.h"
#include "search/hv_rows.h"
#include "search/sort.h"
#include "search/staircase.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEARLY_ALL 0.9 /* above this share of a sample, filtering does not pay */

/* Puts p with x rank r under the step of height `top` to its left; gives the area it adds. */
static double stair_gain(struct staircase *s, struct hv_step *at, size_t r, const double *p,
                         double top)
{
    double area = 0, left = p[0];

    for (;;) {
        const size_t k = stair_after(s, r);
        const double right = k == STAIR_NONE ? 0 : at[k].x;
        area += (right - left) * (top - p[1]);
        if (k == STAIR_NONE || at[k].y < p[1])
            break;
        top = at[k].y;
        left = right;
        stair_remove(s, k);
    }
    at[r] = (struct hv_step){ p[0], p[1] };
    stair_insert(s, r);
    return area;
}

/* Three dimensions in O(n log n) whatever the points: the staircase is a set of x ranks. */
static cosim_status volume_of_many_3(struct hv *h, size_t n, double *volume, cosim_error *e)
{
    struct hv_level *l = &h->level[3];
    struct staircase s;
    size_t *rank = malloc((n + 1) * sizeof *rank);
    struct hv_step *at = h->stair;
    double area = 0;

    if (!rank || stair_init(&s, n, e) != COSIM_OK) {
        free(rank);
        return err_set(e, COSIM_ENOMEM, "no memory for the hypervolume of %zu points", n);
    }
    for (size_t i = 0; i < n; i++) {
        l->order[i] = (uint32_t)i;
        l->column[i] = l->row[3 * i];
    }
    sort_order(l->column, n, l->order, l->spare, l->keys);
    for (size_t i = 0; i < n; i++)
        rank[l->order[i]] = i;
    for (size_t i = 0; i < n; i++) {
        l->order[i] = (uint32_t)i;
        l->column[i] = l->row[3 * i + 2];
    }
    sort_order(l->column, n, l->order, l->spare, l->keys);
    *volume = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t id = l->order[i], r = rank[id];
        const double *p = l->row + 3 * id;
        const size_t before = stair_at_or_before(&s, r);
        const double top = before == STAIR_NONE ? 0 : at[before].y;
        if (top > p[1])
            area += stair_gain(&s, at, r, p, top);
        const double next = i + 1 < n ? l->row[3 * (size_t)l->order[i + 1] + 2] : 0;
        *volume += area * (next - p[2]);
    }
    free(rank);
    stair_release(&s);
    return COSIM_OK;
}

/* Copies the points that count to the rows of level d >= m, shifted by the reference; missing
 * coordinates are -1, so that volumes are the same. */
static size_t load(struct hv *h, const double *const *obj, size_t n, size_t m, const double *ref,
                   size_t d)
{
    double *out = h->level[d].row;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool inside = true;
        for (size_t j = 0; j < d; j++) {
            const double v = j < m ? obj[j][i] - ref[j] : -1;
            out[kept * d + j] = v;
            inside = inside && v < 0;
        }
        kept += inside;
    }
    return kept;
}

static cosim_status check(size_t n, size_t m, cosim_error *e)
{
    if (m < 1 || m > HV_MAX_OBJ || n >= UINT32_MAX)
        return err_set(e, COSIM_ERANGE, "hypervolume of %zu points in %zu objectives", n, m);
    return COSIM_OK;
}

/* Many points: those that are dominated would cost quadratic time in the recursion. */
static cosim_status load_front(struct hv *h, const double *const *obj, size_t n, size_t m,
                               const double *ref, size_t *kept, cosim_error *e)
{
    uint32_t *keep = malloc((n + 1) * sizeof *keep);
    double *col = malloc((n + 1) * m * sizeof *col);
    const double *front[HV_MAX_OBJ];
    size_t n_keep = 0;
    const size_t d = m < 3 ? 3 : m;
    cosim_status st = keep && col ? front_filter(obj, n, m, keep, &n_keep, e)
                                  : err_set(e, COSIM_ENOMEM, "no memory for %zu points", n);

    if (st == COSIM_OK) {
        for (size_t j = 0; j < m; j++) {
            front[j] = col + j * n_keep;
            for (size_t i = 0; i < n_keep; i++)
                col[j * n_keep + i] = obj[j][keep[i]];
        }
        st = hv_new(h, n_keep, d, e);
    }
    if (st == COSIM_OK)
        *kept = load(h, front, n_keep, m, ref, d);
    free(keep);
    free(col);
    return st;
}

cosim_status hypervolume(const double *const *obj, size_t n, size_t m, const double *ref,
                         double *volume, cosim_error *e)
{
    struct hv h;
    const size_t d = m < 3 ? 3 : m;
    cosim_status st = COSIM_OK;
    size_t kept;

    *volume = 0;
    TRY(check(n, m, e));
    double share;
    TRY(front_share(obj, n, m, &share, e));
    if (share < (m > 3 ? NEARLY_ALL : FRONT_SMALL)) {
        TRY(load_front(&h, obj, n, m, ref, &kept, e));
    } else {
        TRY(hv_new(&h, n, d, e));
        kept = load(&h, obj, n, m, ref, d);
    }
    if (m > 3)
        st = hv_cells(h.level[m].row, kept, m, volume, e);
    else
        st = volume_of_many_3(&h, kept, volume, e);
    hv_free(&h);
    return st;
}

/* What p dominates beyond the `n` rows q: limited to the part of them inside p's box. */
static cosim_status exclusive(struct hv *h, const double *p, size_t d, const double *rows,
                              const uint32_t *which, size_t n, double *volume, cosim_error *e)
{
    double *out = h->level[d].row;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = max_f64(p[j], rows[(size_t)which[i] * d + j]);
    TRY(hv_cells(out, n, d, volume, e));
    *volume = hv_box(p, d) - *volume;
    return COSIM_OK;
}

cosim_status hypervolume_contributions(const double *const *obj, size_t n, size_t m,
                                       const double *ref, double *contribution, cosim_error *e)
{
    const size_t d = m < 3 ? 3 : m;
    struct hv h;

    TRY(check(n, m, e));
    TRY(hv_new(&h, n, d, e));
    double *rows = malloc((n + 1) * d * sizeof *rows);
    uint32_t *which = malloc((n + 1) * sizeof *which);
    cosim_status st = COSIM_OK;
    if (!rows || !which) {
        st = err_set(e, COSIM_ENOMEM, "no memory for %zu contributions", n);
        goto out;
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double *one[HV_MAX_OBJ];
        for (size_t j = 0; j < m; j++)
            one[j] = obj[j] + i;
        contribution[i] = 0;
        if (load(&h, one, 1, m, ref, d)) {
            memcpy(rows + kept * d, h.level[d].row, d * sizeof *rows);
            which[kept++] = (uint32_t)i;
        }
    }
    for (size_t k = 0; k < kept; k++) {
        uint32_t *others = h.level[3].spare; /* free: nothing sorts here */
        size_t n_others = 0;
        for (size_t i = 0; i < kept; i++)
            if (i != k)
                others[n_others++] = (uint32_t)i;
        st = exclusive(&h, rows + k * d, d, rows, others, n_others, &contribution[which[k]], e);
        if (st != COSIM_OK)
            break;
    }
out:
    free(rows);
    free(which);
    hv_free(&h);
    return st;
}
