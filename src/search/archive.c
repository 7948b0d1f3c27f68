/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/archive_parts.h"

#include "core/num.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK ARCHIVE_CHUNK
#define N_KILLERS ARCHIVE_KILLERS
#define GROUP 4u        /* killers tried in one pass over the points */
#define SAMPLE 16u      /* one point in so many says which killer deserved the hit */
#define HALVE_EVERY 64u /* chunks after which old hits count half */
#define WORTH 24u       /* a group is tried if it hits one sampled point in so many */

cosim_status archive_new(struct archive **out, size_t n_obj, cosim_error *e)
{
    *out = NULL;
    if (n_obj < 1 || n_obj > ARCHIVE_MAX_OBJ)
        return err_set(e, COSIM_ERANGE, "%zu objectives: 1 to %u can be archived", n_obj,
                       ARCHIVE_MAX_OBJ);
    struct archive *a = aligned_alloc(64, (sizeof *a + 63) / 64 * 64);
    if (!a)
        return err_set(e, COSIM_ENOMEM, "no memory for an archive");
    memset(a, 0, sizeof *a);
    a->tree.n_obj = a->cells.n_obj = n_obj;
    *out = a;
    return COSIM_OK;
}

void archive_free(struct archive *a)
{
    if (!a)
        return;
    nd_release(&a->tree);
    cells_release(&a->cells);
    free(a->sorted_id);
    free(a->sorted_obj);
    free(a);
}

static void killer_put(struct archive *a, size_t k, const double *x)
{
    memcpy(a->killer[k].x, x, a->tree.n_obj * sizeof *x);
    a->killer[k].hits = 0;
}

/* A member that the killers did not do the work of gets its chance. */
static void killer_propose(struct archive *a, const double *x)
{
    if (a->n_killers < N_KILLERS) {
        killer_put(a, a->n_killers++, x);
        return;
    }
    killer_put(a, N_KILLERS - GROUP + a->next_probation, x);
    a->next_probation = (a->next_probation + 1) % GROUP;
}

static void killers_rank(struct archive *a)
{
    struct killer *v = a->killer;

    for (size_t i = 1; i < a->n_killers; i++) {
        const struct killer t = v[i];
        size_t w = i;
        for (; w > 0 && v[w - 1].hits < t.hits; w--)
            v[w] = v[w - 1];
        v[w] = t;
    }
    if (++a->n_chunks % HALVE_EVERY)
        return;
    for (size_t i = 0; i < a->n_killers; i++)
        v[i].hits /= 2;
    a->n_sampled /= 2;
}

/* Killers that pay for the pass over the points; they stand first. */
static size_t killers_worth_trying(const struct archive *a)
{
    for (size_t k = 0; k < a->n_killers; k += GROUP) {
        uint64_t hits = 0;
        for (size_t g = k; g < k + GROUP && g < a->n_killers; g++)
            hits += a->killer[g].hits;
        if (hits * WORTH < a->n_sampled)
            return k;
    }
    return a->n_killers;
}

#define FORCE_INLINE static inline __attribute__((always_inline))

/* margin[i] = min over a group of killers k of max over objectives j of k[j] - x[j]: negative means
 * dominated, positive means not, zero needs a closer look. NaNs were sorted out before; of equal
 * infinities the difference is NaN, which the comparisons pass over: they count as "<=". */
FORCE_INLINE void group_margin(const struct killer *k, const double *const *col, size_t n, size_t m,
                               double *restrict margin)
{
    for (size_t i = 0; i < n; i++) {
        double best = INF_F64;
        for (size_t g = 0; g < GROUP; g++) {
            double worst = -INF_F64;
            for (size_t j = 0; j < m; j++) {
                const double d = k[g].x[j] - col[j][i];
                worst = d > worst ? d : worst;
            }
            best = worst < best ? worst : best;
        }
        margin[i] = best;
    }
}

/* Does the killer dominate point i (not merely equal it)? */
FORCE_INLINE bool kills(const struct killer *k, const double *const *col, size_t i, size_t m)
{
    int le = 1, lt = 0;

    for (size_t j = 0; j < m; j++) {
        le &= k->x[j] <= col[j][i];
        lt |= k->x[j] < col[j][i];
    }
    return le & lt;
}

FORCE_INLINE void sample_hits(struct archive *a, const double *const *col, size_t n, size_t m)
{
    for (size_t i = a->n_chunks % SAMPLE; i < n; i += SAMPLE) {
        size_t k = 0;
        while (k < a->n_killers && !kills(&a->killer[k], col, i, m))
            k++;
        if (k < a->n_killers)
            a->killer[k].hits++;
        a->n_sampled++;
    }
}

/* One pass of a group of killers; moves the survivors to a->col and a->id and gives their count.
 * The sources may be a->col and a->id themselves. */
FORCE_INLINE size_t group_pass(struct archive *a, size_t first, const uint64_t *id,
                               const double *const *col, size_t n, size_t m)
{
    struct killer group[GROUP];
    size_t alive = 0;

    for (size_t g = 0; g < GROUP; g++)
        group[g] = a->killer[first + g < a->n_killers ? first + g : first];
    group_margin(group, col, n, m, a->margin);
    for (size_t i = 0; i < n; i++) {
        bool dead = a->margin[i] < 0;
        for (size_t g = 0; a->margin[i] <= 0 && g < GROUP && !dead; g++)
            dead = kills(&group[g], col, i, m);
        if (dead)
            continue;
        for (size_t j = 0; j < m; j++)
            a->col[j][alive] = col[j][i];
        a->id[alive++] = id[i];
    }
    return alive;
}

enum verdict { ENTERED, EQUAL, DOMINATED, NO_MEMORY };

/* The exact decision for one point; DOMINATED gives the member that dominates it. */
static enum verdict decide(struct archive *a, uint64_t id, const double *raw, double *dominator)
{
    struct nd_tree *t = &a->tree;
    const size_t m = t->n_obj;
    double x[ARCHIVE_MAX_OBJ] = { 0 };
    struct nd_slot at;
    bool equal = true;

    for (size_t j = 0; j < m; j++)
        x[j] = raw[j] + 0.0; /* -0.0 becomes 0.0: equal numbers must have equal bytes */
    if (!nd_find_dominator(t, x, &at)) {
        (void)nd_remove_dominated(t, x);
        return nd_insert(t, id, x) ? ENTERED : NO_MEMORY;
    }
    const double *y = t->obj + (size_t)at.leaf * m * ND_LEAF + at.slot;
    uint64_t *y_id = t->id + (size_t)at.leaf * ND_LEAF + at.slot;
    for (size_t j = 0; j < m; j++) {
        dominator[j] = y[j * ND_LEAF];
        equal = equal && dominator[j] == x[j];
    }
    if (equal)
        *y_id = id < *y_id ? id : *y_id;
    return equal ? EQUAL : DOMINATED;
}

static cosim_status no_memory(const struct archive *a, cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "no memory for %zu points in the archive", a->tree.size + 1);
}

/* What the killers left: first the memory of the point's cell, then the tree. */
FORCE_INLINE cosim_status decide_all(struct archive *a, const uint64_t *id,
                                     const double *const *col, size_t n, size_t m, cosim_error *e)
{
    const bool cells = cells_of(&a->cells, col, n, a->cell);

    for (size_t i = 0; i < n; i++) {
        double x[ARCHIVE_MAX_OBJ], dominator[ARCHIVE_MAX_OBJ] = { 0 };
        for (size_t j = 0; j < m; j++)
            x[j] = col[j][i];
        if (cells && cells_kill(&a->cells, a->cell[i], x))
            continue;
        const enum verdict v = decide(a, id[i], x, dominator);
        if (v == NO_MEMORY)
            return no_memory(a, e);
        if (v != DOMINATED)
            continue;
        killer_propose(a, dominator);
        if (cells)
            cells_remember(&a->cells, a->cell[i], dominator);
    }
    return COSIM_OK;
}

/* Copies the points that take part to a->col: neither skipped nor with a NaN. */
static size_t gather(struct archive *a, const uint64_t *id, const double *const *col, size_t n,
                     const uint8_t *skip)
{
    const size_t m = a->tree.n_obj;
    size_t alive = 0;

    for (size_t i = 0; i < n; i++) {
        bool nan = false;
        if (skip && skip[i])
            continue;
        for (size_t j = 0; j < m; j++) {
            a->col[j][alive] = col[j][i];
            nan = nan || !is_known(col[j][i]);
        }
        a->id[alive] = id[i];
        a->n_nan += nan;
        alive += !nan;
    }
    return alive;
}

FORCE_INLINE bool needs_gather(const double *const *col, size_t n, size_t m, const uint8_t *skip)
{
    int64_t nan = 0;
    unsigned skipped = 0;

    for (size_t j = 0; j < m; j++) {
        const double *c = col[j];
        for (size_t i = 0; i < n; i++)
            nan |= c[i] != c[i];
    }
    if (skip)
        for (size_t i = 0; i < n; i++)
            skipped |= skip[i];
    return nan || skipped;
}

FORCE_INLINE cosim_status add_chunk(struct archive *a, size_t n, const uint64_t *id,
                                    const double *const *col, const uint8_t *skip, size_t m,
                                    cosim_error *e)
{
    const double *own[ARCHIVE_MAX_OBJ];
    bool moved = false;

    for (size_t j = 0; j < ARCHIVE_MAX_OBJ; j++)
        own[j] = a->col[j];
    if (needs_gather(col, n, m, skip)) {
        n = gather(a, id, col, n, skip);
        moved = true;
    }
    sample_hits(a, moved ? own : col, n, m);
    const size_t n_killers = killers_worth_trying(a);
    for (size_t k = 0; k < n_killers && n > 0; k += GROUP, moved = true)
        n = group_pass(a, k, moved ? a->id : id, moved ? own : col, n, m);
    TRY(decide_all(a, moved ? a->id : id, moved ? own : col, n, m, e));
    killers_rank(a);
    return COSIM_OK;
}

/* A copy of add_chunk for each number of objectives, so that the loops over them are unrolled. */
#define ADD_CHUNK(m)                                                                               \
    static cosim_status add_chunk_##m(struct archive *a, size_t n, const uint64_t *id,             \
                                      const double *const *col, const uint8_t *skip,               \
                                      cosim_error *e)                                              \
    {                                                                                              \
        return add_chunk(a, n, id, col, skip, m, e);                                               \
    }
ADD_CHUNK(1)
ADD_CHUNK(2)
ADD_CHUNK(3)
ADD_CHUNK(4)
ADD_CHUNK(5)
ADD_CHUNK(6)
ADD_CHUNK(7)
ADD_CHUNK(8)

cosim_status archive_add_block(struct archive *a, size_t n, const uint64_t *id,
                               const double *const *obj, const uint8_t *skip, cosim_error *e)
{
    static cosim_status (*const add[ARCHIVE_MAX_OBJ])(struct archive *, size_t, const uint64_t *,
                                                      const double *const *, const uint8_t *,
                                                      cosim_error *) = {
        add_chunk_1, add_chunk_2, add_chunk_3, add_chunk_4,
        add_chunk_5, add_chunk_6, add_chunk_7, add_chunk_8,
    };
    const size_t m = a->tree.n_obj;

    a->is_sorted = false;
    for (size_t at = 0; at < n; at += CHUNK) {
        const double *col[ARCHIVE_MAX_OBJ];
        for (size_t j = 0; j < m; j++)
            col[j] = obj[j] + at;
        TRY(add[m - 1](a, n - at < CHUNK ? n - at : CHUNK, id + at, col, skip ? skip + at : NULL,
                       e));
    }
    return COSIM_OK;
}

cosim_status archive_add(struct archive *a, uint64_t id, const double *x, int *entered,
                         cosim_error *e)
{
    double dominator[ARCHIVE_MAX_OBJ];

    if (entered)
        *entered = 0;
    for (size_t j = 0; j < a->tree.n_obj; j++)
        if (!is_known(x[j])) {
            a->n_nan++;
            return COSIM_OK;
        }
    a->is_sorted = false;
    const enum verdict v = decide(a, id, x, dominator);
    if (entered)
        *entered = v == ENTERED;
    return v == NO_MEMORY ? no_memory(a, e) : COSIM_OK;
}

cosim_status archive_merge(struct archive *into, const struct archive *from, cosim_error *e)
{
    const size_t n = from->tree.size, m = from->tree.n_obj;
    const double *col[ARCHIVE_MAX_OBJ];

    if (into == from)
        return COSIM_OK;
    if (into->tree.n_obj != m)
        return err_set(e, COSIM_EINTERNAL, "merge of archives with %zu and %zu objectives",
                       into->tree.n_obj, m);
    uint64_t *id = malloc((n + 1) * sizeof *id);
    double *obj = malloc((n + 1) * m * sizeof *obj);
    cosim_status st = COSIM_OK;

    if (id && obj) {
        nd_members(&from->tree, id, obj);
        for (size_t j = 0; j < m; j++)
            col[j] = obj + j * n;
        st = archive_add_block(into, n, id, col, NULL, e);
        into->n_nan += from->n_nan;
    } else {
        st = err_set(e, COSIM_ENOMEM, "no memory to merge %zu points", n);
    }
    free(id);
    free(obj);
    return st;
}
