/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/hypervolume.h"

#include "core/num.h"
#include "search/front.h"
#include "search/sort.h"
#include "search/staircase.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Inside the recursion points are rows of m numbers, shifted so that the reference is 0: all
 * coordinates are negative and better means more negative. */
struct step {
    double x, y;
};

/* One set per dimension of the recursion. */
struct level {
    double *row;
    uint32_t *order, *spare;
    uint64_t *keys;
    double *column;
};

struct hv {
    size_t n;
    struct level level[HV_MAX_OBJ + 1];
    struct step *stair;
};

static void hv_free(struct hv *h)
{
    for (size_t m = 0; m <= HV_MAX_OBJ; m++) {
        free(h->level[m].row);
        free(h->level[m].order);
        free(h->level[m].spare);
        free(h->level[m].keys);
        free(h->level[m].column);
    }
    free(h->stair);
}

static cosim_status hv_new(struct hv *h, size_t n, size_t m, cosim_error *e)
{
    bool ok = true;

    *h = (struct hv){ .n = n };
    h->stair = malloc((n + 2) * sizeof *h->stair);
    for (size_t d = 3; d <= m; d++) {
        struct level *l = &h->level[d];
        l->row = malloc((n + 1) * d * sizeof *l->row);
        l->order = malloc((n + 1) * sizeof *l->order);
        l->spare = malloc((n + 1) * sizeof *l->spare);
        l->keys = malloc((2 * n + 1) * sizeof *l->keys);
        l->column = malloc((n + 1) * sizeof *l->column);
        ok = ok && l->row && l->order && l->spare && l->keys && l->column;
    }
    if (ok && h->stair)
        return COSIM_OK;
    hv_free(h);
    return err_set(e, COSIM_ENOMEM, "no memory for the hypervolume of %zu points", n);
}

/* Puts (x, y) on the staircase of n steps (ascending x, descending y, the last is (0, -inf));
 * gives the area that it adds. */
static double step_in(struct step *stair, size_t *n, double x, double y)
{
    size_t lo = 0, hi = *n;
    double area = 0;

    while (lo < hi) { /* the first step to the right of x */
        const size_t mid = (lo + hi) / 2;
        if (stair[mid].x <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    double top = lo > 0 ? stair[lo - 1].y : 0, left = x;
    if (top <= y)
        return 0;
    size_t end = lo;
    for (;; end++) {
        const double right = end < *n ? stair[end].x : 0;
        area += (right - left) * (top - y);
        if (end == *n || stair[end].y < y)
            break;
        top = stair[end].y;
        left = right;
    }
    if (lo > 0 && stair[lo - 1].x == x)
        lo--; /* same x, worse y: replaced */
    memmove(stair + lo + 1, stair + end, (*n - end) * sizeof *stair);
    stair[lo] = (struct step){ x, y };
    *n = lo + 1 + (*n - end);
    return area;
}

/* Drops dominated and repeated rows of d numbers; the dominator found last is tried first. */
static size_t drop_dominated(double *row, size_t n, size_t d)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        double p[HV_MAX_OBJ];
        memcpy(p, row + i * d, d * sizeof *p);
        bool stays = true;
        for (size_t k = 0; k < kept; k++) {
            double *q = row + k * d;
            bool le = true, ge = true;
            for (size_t j = 0; j < d; j++) {
                le = le && q[j] <= p[j];
                ge = ge && q[j] >= p[j];
            }
            if (le) {
                if (k > 0)
                    for (size_t j = 0; j < d; j++) {
                        const double t = row[j];
                        row[j] = q[j];
                        q[j] = t;
                    }
                stays = false;
                break;
            }
            if (ge) {
                kept--;
                memmove(q, row + kept * d, d * sizeof *q);
                k--;
            }
        }
        if (stays)
            memmove(row + kept++ * d, p, d * sizeof *p);
    }
    return kept;
}

static void sort_level(struct level *l, size_t n, size_t d)
{
    for (size_t i = 0; i < n; i++) {
        l->order[i] = (uint32_t)i;
        l->column[i] = l->row[i * d + d - 1];
    }
    sort_order(l->column, n, l->order, l->spare, l->keys);
}

static double box(const double *p, size_t d)
{
    double v = 1;

    for (size_t j = 0; j < d; j++)
        v *= -p[j];
    return v;
}

static double volume_of(struct hv *h, size_t n, size_t d);

/* What p dominates, in d dimensions, beyond the `n` rows q of width >= d: the rows are limited to
 * the part of them inside p's box, one dimension lower. */
static double exclusive(struct hv *h, const double *p, size_t d, const double *rows, size_t width,
                        const uint32_t *which, size_t n)
{
    double *out = h->level[d].row;
    size_t n_out = 0;

    for (size_t i = 0; i < n; i++) {
        const double *q = rows + (size_t)which[i] * width;
        for (size_t j = 0; j < d; j++)
            out[n_out * d + j] = max_f64(p[j], q[j]);
        n_out++;
    }
    return box(p, d) - volume_of(h, n_out, d);
}

/* The n rows of level 3, in ascending z. */
static double volume_of_3(struct hv *h, size_t n)
{
    struct level *l = &h->level[3];
    double area = 0, volume = 0;
    size_t n_steps = 0;

    sort_level(l, n, 3);
    for (size_t i = 0; i < n; i++) {
        const double *p = l->row + 3 * (size_t)l->order[i];
        const double next = i + 1 < n ? l->row[3 * (size_t)l->order[i + 1] + 2] : 0;
        area += step_in(h->stair, &n_steps, p[0], p[1]);
        volume += area * (next - p[2]);
    }
    return volume;
}

/* Four dimensions: what each point adds is found on the points before it in the fourth, limited by
 * it; walking them in the order of the third saves sorting each time. */
static double volume_of_4(struct hv *h, size_t n)
{
    struct level *l = &h->level[4], *sorted = &h->level[3];
    double volume = 0;

    for (size_t i = 0; i < n; i++) {
        l->order[i] = (uint32_t)i;
        l->column[i] = l->row[4 * i + 2];
    }
    sort_order(l->column, n, l->order, l->spare, l->keys);
    for (size_t i = 0; i < n; i++) {
        memcpy(sorted->row + 3 * i, l->row + 4 * (size_t)l->order[i], 3 * sizeof *l->row);
        sorted->order[i] = (uint32_t)i;
        sorted->column[i] = l->row[4 * (size_t)l->order[i] + 3];
    }
    sort_order(sorted->column, n, sorted->order, sorted->spare, sorted->keys);
    uint32_t *turn = l->spare;
    for (size_t i = 0; i < n; i++)
        turn[sorted->order[i]] = (uint32_t)i;
    for (size_t i = 0; i < n; i++) {
        const double *p = sorted->row + 3 * (size_t)sorted->order[i];
        double area = 0, covered = 0, z = p[2];
        size_t n_steps = 0;
        for (size_t k = 0; k < n; k++) {
            const double *q = sorted->row + 3 * k;
            if (turn[k] >= i)
                continue;
            const double next = max_f64(p[2], q[2]);
            covered += area * (next - z);
            z = next;
            area += step_in(h->stair, &n_steps, max_f64(p[0], q[0]), max_f64(p[1], q[1]));
        }
        covered += area * -z;
        volume += -sorted->column[sorted->order[i]] * (box(p, 3) - covered);
    }
    return volume;
}

/* The volume of the n rows of level d; they are used up. Recursion is at most HV_MAX_OBJ deep. */
static double volume_of(struct hv *h, size_t n, size_t d)
{
    struct level *l = &h->level[d];
    double volume = 0;

    if (d == 3)
        return volume_of_3(h, n);
    n = drop_dominated(l->row, n, d);
    if (d == 4)
        return volume_of_4(h, n);
    sort_level(l, n, d);
    /* best last coordinate first: all before point i reach at least as deep in it */
    for (size_t i = 0; i < n; i++) {
        const double *p = l->row + (size_t)l->order[i] * d;
        volume += -p[d - 1] * exclusive(h, p, d - 1, l->row, d, l->order, i);
    }
    return volume;
}

/* Puts p with x rank r under the step of height `top` to its left; gives the area it adds. */
static double stair_gain(struct staircase *s, struct step *at, size_t r, const double *p,
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
    at[r] = (struct step){ p[0], p[1] };
    stair_insert(s, r);
    return area;
}

/* As volume_of_3 in O(n log n) whatever the points: the staircase is a set of x ranks. */
static cosim_status volume_of_many_3(struct hv *h, size_t n, double *volume, cosim_error *e)
{
    struct level *l = &h->level[3];
    struct staircase s;
    size_t *rank = malloc((n + 1) * sizeof *rank);
    struct step *at = h->stair;
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
    sort_level(l, n, 3);
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
    cosim_status st = COSIM_OK;
    size_t kept;

    *volume = 0;
    TRY(check(n, m, e));
    bool small = m > 3;
    if (!small)
        TRY(front_is_small(obj, n, m, &small, e));
    if (small) {
        TRY(load_front(&h, obj, n, m, ref, &kept, e));
    } else {
        TRY(hv_new(&h, n, 3, e));
        kept = load(&h, obj, n, m, ref, 3);
    }
    if (m > 3)
        *volume = volume_of(&h, kept, m);
    else
        st = volume_of_many_3(&h, kept, volume, e);
    hv_free(&h);
    return st;
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
        uint32_t *others = h.level[3].spare; /* free until volume_of sorts */
        size_t n_others = 0;
        for (size_t i = 0; i < kept; i++)
            if (i != k)
                others[n_others++] = (uint32_t)i;
        contribution[which[k]] = exclusive(&h, rows + k * d, d, rows, d, others, n_others);
    }
out:
    free(rows);
    free(which);
    hv_free(&h);
    return st;
}
