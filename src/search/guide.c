/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/guide.h"

#include "core/num.h"
#include "core/vector.h"
#include "search/indicators.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_RANGE 1e-12
#define CHUNK 64u /* members looked at together, in loops that compilers turn into vectors */

cosim_status guide_init(struct guide *g, const struct search_problem *p, size_t cap, cosim_error *e)
{
    const size_t room = 2 * cap + 1;

    *g = (struct guide){ .n_vars = problem_n_vars(p), .n_obj = p->n_obj, .cap = cap };
    g->price = malloc(room * sizeof *g->price);
    g->row = malloc(room * g->n_vars * sizeof *g->row);
    g->mark = malloc(room);
    g->crowding = malloc(room * sizeof *g->crowding);
    g->column = malloc(room * sizeof *g->column);
    g->obj[0] = malloc(room * g->n_obj * sizeof *g->obj[0]);
    for (size_t j = 1; j < g->n_obj && g->obj[0]; j++)
        g->obj[j] = g->obj[0] + j * room;
    if (g->price && g->row && g->mark && g->crowding && g->column && g->obj[0])
        return COSIM_OK;
    guide_release(g);
    return err_set(e, COSIM_ENOMEM, "no memory for a front of %zu", cap);
}

void guide_release(struct guide *g)
{
    free(g->price);
    free(g->obj[0]);
    free(g->row);
    free(g->mark);
    free(g->crowding);
    free(g->column);
    *g = (struct guide){ 0 };
}

static void move(struct guide *g, size_t to, size_t from)
{
    if (to == from)
        return;
    g->price[to] = g->price[from];
    for (size_t j = 0; j < g->n_obj; j++)
        g->obj[j][to] = g->obj[j][from];
    g->mark[to] = g->mark[from];
    g->crowding[to] = g->crowding[from];
    memcpy(g->row + to * g->n_vars, g->row + from * g->n_vars, g->n_vars * sizeof *g->row);
}

static cosim_status crowd(struct guide *g, cosim_error *e)
{
    return indicator_crowding(&(struct points){ g->n, g->n_obj, (const double *const *)g->obj },
                              g->crowding, e);
}

static int descending(const void *pa, const void *pb)
{
    const double a = *(const double *)pa, b = *(const double *)pb;

    return a > b ? -1 : a < b;
}

/* Keeps the `cap` least crowded. */
static cosim_status thin(struct guide *g, cosim_error *e)
{
    TRY(crowd(g, e));
    double *sorted = g->column;
    memcpy(sorted, g->crowding, g->n * sizeof *sorted);
    qsort(sorted, g->n, sizeof *sorted, descending);
    const double limit = sorted[g->cap - 1];
    size_t w = 0;
    for (size_t i = 0; i < g->n && w < g->cap; i++)
        if (g->crowding[i] >= limit)
            move(g, w++, i);
    g->n = w;
    return COSIM_OK;
}

static void frame(struct guide *g)
{
    for (size_t j = 0; j < g->n_obj; j++) {
        g->ideal[j] = g->nadir[j] = g->obj[j][0];
        for (size_t i = 1; i < g->n; i++) {
            g->ideal[j] = min_f64(g->obj[j][i], g->ideal[j]);
            g->nadir[j] = max_f64(g->obj[j][i], g->nadir[j]);
        }
    }
}

/* How much worse f could get in all objectives, in units of the front's box, until a member covers
 * it; not positive if one does already. */
HOT double novelty(const struct guide *g, const struct priced *f)
{
    double scale[8], least = INF_F64;

    for (size_t j = 0; j < g->n_obj; j++) {
        const double range = g->nadir[j] - g->ideal[j];
        scale[j] = 1 / (range > LEAST_RANGE ? range : LEAST_RANGE);
    }
    for (size_t at = 0; at < g->n && least > 0; at += CHUNK) {
        const size_t n = g->n - at < CHUNK ? g->n - at : CHUNK;
        double most[CHUNK];
        for (size_t i = 0; i < n; i++)
            most[i] = (g->obj[0][at + i] - f->obj[0]) * scale[0];
        for (size_t j = 1; j < g->n_obj; j++)
            for (size_t i = 0; i < n; i++)
                most[i] = max_f64((g->obj[j][at + i] - f->obj[j]) * scale[j], most[i]);
        for (size_t i = 0; i < n; i++)
            least = min_f64(most[i], least);
    }
    return least;
}

/* worse[i] of the n members from `at`: is it >= f everywhere? */
HOT void find_worse(const struct guide *g, const struct priced *f, size_t at, size_t n,
                    uint8_t worse[CHUNK])
{
    memset(worse, 1, n);
    for (size_t j = 0; j < g->n_obj; j++)
        for (size_t i = 0; i < n; i++)
            worse[i] &= g->obj[j][at + i] >= f->obj[j];
}

/* A point that no member covers: who is nowhere better leaves. */
static bool remove_worse(struct guide *g, const struct priced *f)
{
    const size_t before = g->n;
    size_t w = 0;

    for (size_t at = 0; at < before; at += CHUNK) {
        const size_t n = before - at < CHUNK ? before - at : CHUNK;
        uint8_t worse[CHUNK];
        find_worse(g, f, at, n, worse);
        for (size_t i = 0; i < n; i++)
            if (!worse[i])
                move(g, w++, at + i);
    }
    g->n = w;
    return w < before;
}

static void append(struct guide *g, const double *x, const struct priced *f)
{
    g->price[g->n] = *f;
    for (size_t j = 0; j < g->n_obj; j++)
        g->obj[j][g->n] = f->obj[j];
    g->mark[g->n] = 0;
    g->crowding[g->n] = INF_F64; /* what is new is yet to be looked around */
    memcpy(g->row + g->n * g->n_vars, x, g->n_vars * sizeof *x);
    g->n++;
    g->n_new++;
}

cosim_status guide_add(struct guide *g, const double *x, const struct priced *f, double *gain,
                       cosim_error *e)
{
    *gain = 0;
    for (size_t j = 0; j < g->n_obj; j++)
        g->seen_max[j] = g->any ? max_f64(f->obj[j], g->seen_max[j]) : f->obj[j];
    g->any = true;
    const double d = novelty(g, f);
    if (!(d > 0))
        return COSIM_OK;
    *gain = d;
    const bool removed = remove_worse(g, f), first = g->n == 0, full = g->n >= 2 * g->cap;
    append(g, x, f);
    if (full)
        TRY(thin(g, e));
    if (removed || first || full) {
        frame(g);
        return COSIM_OK;
    }
    for (size_t j = 0; j < g->n_obj; j++) {
        g->ideal[j] = min_f64(f->obj[j], g->ideal[j]);
        g->nadir[j] = max_f64(f->obj[j], g->nadir[j]);
    }
    return COSIM_OK;
}

cosim_status guide_refresh(struct guide *g, cosim_error *e)
{
    if (g->n_new < 10 + g->n / 10)
        return COSIM_OK;
    g->n_new = 0;
    return crowd(g, e);
}

HOT size_t count_dominating(const struct guide *g, const struct priced *f)
{
    size_t count = 0;

    for (size_t at = 0; at < g->n; at += CHUNK) {
        const size_t n = g->n - at < CHUNK ? g->n - at : CHUNK;
        uint8_t le[CHUNK], lt[CHUNK];
        for (size_t i = 0; i < n; i++) {
            le[i] = g->obj[0][at + i] <= f->obj[0];
            lt[i] = g->obj[0][at + i] < f->obj[0];
        }
        for (size_t j = 1; j < g->n_obj; j++)
            for (size_t i = 0; i < n; i++) {
                le[i] &= g->obj[j][at + i] <= f->obj[j];
                lt[i] |= g->obj[j][at + i] < f->obj[j];
            }
        for (size_t i = 0; i < n; i++)
            count += le[i] & lt[i];
    }
    return count;
}

size_t guide_count_dominating(const struct guide *g, const struct priced *f)
{
    return f->violation > 0 ? g->n : count_dominating(g, f);
}

cosim_status guide_least_crowded(struct guide *g, struct rng *r, size_t *at, cosim_error *e)
{
    double most = -INF_F64;
    size_t n_ends = 0;

    *at = SIZE_MAX;
    if (g->n == 0)
        return COSIM_OK;
    TRY(crowd(g, e));
    for (size_t i = 0; i < g->n; i++) {
        n_ends += g->crowding[i] == INF_F64;
        if (g->crowding[i] < INF_F64 && g->crowding[i] > most) {
            most = g->crowding[i];
            *at = i;
        }
    }
    /* the ends are lonely too: they get their share */
    if (*at != SIZE_MAX && rng_f64(r) > 0.2)
        return COSIM_OK;
    size_t pick = n_ends ? (size_t)rng_below(r, n_ends) : 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->crowding[i] == INF_F64 && pick-- == 0) {
            *at = i;
            break;
        }
    return COSIM_OK;
}

void guide_normalise(const struct guide *g, const struct priced *f, double *z)
{
    for (size_t j = 0; j < g->n_obj; j++) {
        double range = g->nadir[j] - g->ideal[j];
        if (!(range > LEAST_RANGE))
            range = g->seen_max[j] - g->ideal[j];
        z[j] = (f->obj[j] - g->ideal[j]) / (range > LEAST_RANGE ? range : LEAST_RANGE);
    }
}
