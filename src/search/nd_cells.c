/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/nd_cells.h"

#include "core/num.h"

#include <stdlib.h>
#include <string.h>

#define N_REMEMBERED 2u
#define FORCE_INLINE static inline __attribute__((always_inline))

/* Cuts per objective: as many cells as stay in a second-level cache. */
static const size_t cuts_for[CELLS_MAX_OBJ + 1] = { 0, 15, 15, 15, 7, 5, 3, 2, 2 };

void cells_release(struct nd_cells *c)
{
    free(c->dominator);
    free(c->sample);
    *c = (struct nd_cells){ .n_obj = c->n_obj };
}

static size_t n_cells(const struct nd_cells *c)
{
    size_t n = 1;

    for (size_t j = 0; j < c->n_obj; j++)
        n *= c->n_cuts + 1;
    return n;
}

static int by_value(const void *pa, const void *pb)
{
    const double a = *(const double *)pa, b = *(const double *)pb;

    return a < b ? -1 : a > b;
}

/* New cuts at the quantiles of the sample; what was remembered under the old ones is forgotten. */
static void learn(struct nd_cells *c)
{
    const size_t n_cuts = cuts_for[c->n_obj];

    c->n_cuts = n_cuts;
    const size_t width = n_cells(c) * N_REMEMBERED * c->n_obj;
    if (!c->dominator)
        c->dominator = malloc(width * sizeof *c->dominator);
    if (!c->dominator)
        return;
    for (size_t i = 0; i < width; i++)
        c->dominator[i] = UNKNOWN_F64;
    for (size_t j = 0; j < c->n_obj; j++) {
        double *v = c->sample + j * CELLS_SAMPLE;
        qsort(v, CELLS_SAMPLE, sizeof *v, by_value);
        for (size_t k = 0; k < n_cuts; k++)
            c->cut[j][k] = v[(k + 1) * CELLS_SAMPLE / (n_cuts + 1)];
    }
    c->learn_at = c->n_seen * 16;
    c->n_sample = 0;
}

/* Samples the last points before the next learning. */
static void take_sample(struct nd_cells *c, const double *const *col, size_t n)
{
    if (!c->sample) {
        c->sample = malloc(CELLS_SAMPLE * c->n_obj * sizeof *c->sample);
        c->learn_at = CELLS_SAMPLE;
    }
    if (!c->sample)
        return;
    for (size_t i = 0; i < n && c->n_sample < CELLS_SAMPLE; i++, c->n_sample++)
        for (size_t j = 0; j < c->n_obj; j++)
            c->sample[j * CELLS_SAMPLE + c->n_sample] = col[j][i];
    if (c->n_sample == CELLS_SAMPLE)
        learn(c);
}

FORCE_INLINE void locate(const struct nd_cells *c, const double *const *col, size_t n,
                         uint32_t *cell, size_t m, size_t n_cuts)
{
    for (size_t i = 0; i < n; i++)
        cell[i] = 0;
    for (size_t j = 0; j < m; j++)
        for (size_t i = 0; i < n; i++) {
            int64_t level = 0;
            for (size_t k = 0; k < n_cuts; k++)
                level += col[j][i] >= c->cut[j][k];
            cell[i] = cell[i] * (uint32_t)(n_cuts + 1) + (uint32_t)level;
        }
}

int cells_of(struct nd_cells *c, const double *const *col, size_t n, uint32_t *cell)
{
    const size_t m = c->n_obj;

    c->n_seen += n;
    if (c->n_seen + CELLS_SAMPLE >= c->learn_at)
        take_sample(c, col, n);
    if (!c->dominator)
        return 0;
    if (c->n_cuts == 15)
        locate(c, col, n, cell, m, 15);
    else if (c->n_cuts == 7)
        locate(c, col, n, cell, m, 7);
    else
        locate(c, col, n, cell, m, c->n_cuts);
    return 1;
}

FORCE_INLINE int kill_m(const double *y, const double *x, size_t m)
{
    int hit = 0;

    for (size_t r = 0; r < N_REMEMBERED; r++, y += m) {
        int le = 1, lt = 0;
        for (size_t j = 0; j < m; j++) {
            le &= y[j] <= x[j];
            lt |= y[j] < x[j];
        }
        hit |= le & lt;
    }
    return hit;
}

int cells_kill(const struct nd_cells *c, uint32_t cell, const double *x)
{
    const size_t m = c->n_obj;
    const double *y = c->dominator + (size_t)cell * N_REMEMBERED * m;

    return m == 4 ? kill_m(y, x, 4) : m == 3 ? kill_m(y, x, 3) : kill_m(y, x, m);
}

void cells_remember(struct nd_cells *c, uint32_t cell, const double *y)
{
    const size_t m = c->n_obj;
    double *at = c->dominator + (size_t)cell * N_REMEMBERED * m;

    memmove(at + m, at, m * sizeof *at);
    memcpy(at, y, m * sizeof *at);
}
