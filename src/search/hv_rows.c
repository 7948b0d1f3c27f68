/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/hv_rows.h"

#include "core/num.h"
#include "search/sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void hv_free(struct hv *h)
{
    for (size_t m = 0; m <= HV_MAX_OBJ; m++) {
        free(h->level[m].row);
        free(h->level[m].order);
        free(h->level[m].spare);
        free(h->level[m].keys);
        free(h->level[m].column);
    }
    free(h->stair);
    *h = (struct hv){ 0 };
}

cosim_status hv_new(struct hv *h, size_t n, size_t m, cosim_error *e)
{
    bool ok = true;

    *h = (struct hv){ .n = n };
    h->stair = malloc((n + 2) * sizeof *h->stair);
    for (size_t d = 3; d <= m; d++) {
        struct hv_level *l = &h->level[d];
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
static double step_in(struct hv_step *stair, size_t *n, double x, double y)
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
    stair[lo] = (struct hv_step){ x, y };
    *n = lo + 1 + (*n - end);
    return area;
}

/* Drops dominated and repeated rows of d numbers; the dominator found last is tried first. */
static inline size_t drop(double *row, size_t n, const size_t d)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        double p[HV_MAX_OBJ];
        memcpy(p, row + i * d, d * sizeof *p);
        bool stays = true;
        for (size_t k = 0; k < kept; k++) {
            double *q = row + k * d;
            unsigned le = 1, ge = 1;
            for (size_t j = 0; j < d; j++) {
                le &= q[j] <= p[j];
                ge &= q[j] >= p[j];
            }
            if (le) {
                for (size_t j = 0; k > 0 && j < d; j++) {
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

/* Most calls are of four numbers: compilers unroll those. */
static size_t drop_dominated(double *row, size_t n, size_t d)
{
    return d == 4 ? drop(row, n, 4) : drop(row, n, d);
}

static void sort_level(struct hv_level *l, size_t n, size_t d)
{
    for (size_t i = 0; i < n; i++) {
        l->order[i] = (uint32_t)i;
        l->column[i] = l->row[i * d + d - 1];
    }
    sort_order(l->column, n, l->order, l->spare, l->keys);
}

double hv_box(const double *p, size_t d)
{
    double v = 1;

    for (size_t j = 0; j < d; j++)
        v *= -p[j];
    return v;
}

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
    return hv_box(p, d) - hv_volume(h, n_out, d);
}

/* The n rows of level 3, in ascending z. */
static double volume_of_3(struct hv *h, size_t n)
{
    struct hv_level *l = &h->level[3];
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
    struct hv_level *l = &h->level[4], *sorted = &h->level[3];
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
        volume += -sorted->column[sorted->order[i]] * (hv_box(p, 3) - covered);
    }
    return volume;
}

/* The volume of the n rows of level d; they are used up. Recursion is at most HV_MAX_OBJ deep. */
double hv_volume(struct hv *h, size_t n, size_t d)
{
    struct hv_level *l = &h->level[d];
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
