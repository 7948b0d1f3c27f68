/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/nd_tree.h"

#include "core/num.h"
#include "core/rng.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OBJ 8u

/* The number of objectives is a constant in each of the copies that the compiler makes. */
#define FORCE_INLINE static inline __attribute__((always_inline))
#define DISPATCH(call, m)                                                                          \
    ((m) == 1   ? call(1)                                                                          \
     : (m) == 2 ? call(2)                                                                          \
     : (m) == 3 ? call(3)                                                                          \
     : (m) == 4 ? call(4)                                                                          \
     : (m) == 5 ? call(5)                                                                          \
     : (m) == 6 ? call(6)                                                                          \
     : (m) == 7 ? call(7)                                                                          \
                : call(8))

void nd_release(struct nd_tree *t)
{
    free(t->node);
    free(t->box);
    free(t->obj);
    free(t->id);
    free(t->stack);
    *t = (struct nd_tree){ .n_obj = t->n_obj };
}

FORCE_INLINE size_t all_le(const double *a, const double *b, size_t m)
{
    size_t le = 1;

    for (size_t j = 0; j < m; j++)
        le &= a[j] <= b[j];
    return le;
}

/* margin[i] <= 0 where the leaf's member i is <= x (flip: >= x) everywhere; returns whether any
 * slot, a used one or not, is. Of equal infinities the difference is NaN, which the comparison
 * passes over, so that they count as equal. */
FORCE_INLINE bool leaf_margin(const double *o, const double *x, size_t m, bool flip, double *margin)
{
    double least = INF_F64;

    for (size_t i = 0; i < ND_LEAF; i++) {
        double worst = -INF_F64;
        for (size_t j = 0; j < m; j++) {
            const double y = o[j * ND_LEAF + i], d = flip ? x[j] - y : y - x[j];
            worst = d > worst ? d : worst;
        }
        margin[i] = worst;
    }
    for (size_t i = 0; i < ND_LEAF; i++)
        least = margin[i] < least ? margin[i] : least;
    return least <= 0;
}

FORCE_INLINE bool find_dominator(const struct nd_tree *t, const double *x, size_t m,
                                 struct nd_slot *at)
{
    size_t sp = 0;

    if (t->n_nodes == 0)
        return false;
    t->stack[sp++] = 0;
    while (sp > 0) {
        const struct nd_node *n = &t->node[t->stack[--sp]];
        const double *box = t->box + (size_t)n->child * 2 * m;

        if (n->child) { /* without branches: which way they go is a coin toss */
            if (all_le(box + 2 * m, x, m))
                t->stack[sp++] = n->child + 1;
            if (all_le(box, x, m))
                t->stack[sp++] = n->child;
            continue;
        }
        double margin[ND_LEAF];
        if (!leaf_margin(t->obj + (size_t)n->leaf * m * ND_LEAF, x, m, false, margin))
            continue;
        for (uint32_t i = 0; i < n->n; i++) {
            if (margin[i] <= 0) {
                *at = (struct nd_slot){ n->leaf, i };
                return true;
            }
        }
    }
    return false;
}

bool nd_find_dominator(const struct nd_tree *t, const double *x, struct nd_slot *at)
{
#define CALL(m) find_dominator(t, x, m, at)
    return DISPATCH(CALL, t->n_obj);
#undef CALL
}

static void leaf_drop(struct nd_tree *t, struct nd_node *n, uint32_t i)
{
    double *o = t->obj + (size_t)n->leaf * t->n_obj * ND_LEAF;
    uint64_t *id = t->id + (size_t)n->leaf * ND_LEAF;
    const uint32_t last = --n->n;

    for (size_t j = 0; j < t->n_obj; j++) {
        o[j * ND_LEAF + i] = o[j * ND_LEAF + last];
    }
    id[i] = id[last];
    t->size--;
    t->n_removed++;
}

FORCE_INLINE size_t remove_dominated(struct nd_tree *t, const double *x, size_t m)
{
    const size_t before = t->size;
    size_t sp = 0;

    if (t->n_nodes == 0)
        return 0;
    t->stack[sp++] = 0;
    while (sp > 0) {
        struct nd_node *n = &t->node[t->stack[--sp]];
        const double *upper = t->box + (size_t)n->child * 2 * m + m;

        if (n->child) {
            t->stack[sp] = n->child + 1;
            sp += all_le(x, upper + 2 * m, m);
            t->stack[sp] = n->child;
            sp += all_le(x, upper, m);
            continue;
        }
        double margin[ND_LEAF];
        if (!leaf_margin(t->obj + (size_t)n->leaf * m * ND_LEAF, x, m, true, margin))
            continue;
        /* from the back, so that the one moved into a hole has been looked at */
        for (uint32_t i = n->n; i-- > 0;)
            if (margin[i] <= 0)
                leaf_drop(t, n, i);
    }
    return before - t->size;
}

size_t nd_remove_dominated(struct nd_tree *t, const double *x)
{
#define CALL(m) remove_dominated(t, x, m)
    return DISPATCH(CALL, t->n_obj);
#undef CALL
}

static bool grow(void **p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return true;
    const size_t want = need > *cap * 2 ? need : *cap * 2;
    void *q = want <= SIZE_MAX / size ? realloc(*p, want * size) : NULL;

    if (!q)
        return false;
    *p = q;
    *cap = want;
    return true;
}

/* Room for one insertion that splits one leaf, and for a walk one level deeper. */
static bool reserve(struct nd_tree *t)
{
    const size_t m = t->n_obj, nodes = t->n_nodes + 3, leaves = t->n_leaves + 2;
    size_t cap = t->cap_nodes, cap2 = t->cap_nodes, leaf_cap = t->cap_leaves,
           leaf_cap2 = t->cap_leaves;
    const bool ok = grow((void **)&t->node, &cap, nodes, sizeof *t->node)
                    && grow((void **)&t->box, &cap2, nodes, 2 * m * sizeof *t->box)
                    && grow((void **)&t->obj, &leaf_cap, leaves, m * ND_LEAF * sizeof *t->obj)
                    && grow((void **)&t->id, &leaf_cap2, leaves, ND_LEAF * sizeof *t->id)
                    && grow((void **)&t->stack, &t->cap_stack, t->depth + 8, sizeof *t->stack);

    if (ok) {
        t->cap_nodes = cap;
        t->cap_leaves = leaf_cap;
    }
    return ok && nodes < UINT32_MAX;
}

static uint32_t new_leaf(struct nd_tree *t)
{
    const size_t width = t->n_obj * ND_LEAF;

    memset(t->obj + t->n_leaves * width, 0, width * sizeof *t->obj);
    return (uint32_t)t->n_leaves++;
}

static void box_clear(struct nd_tree *t, size_t k)
{
    double *b = t->box + k * 2 * t->n_obj;

    for (size_t j = 0; j < t->n_obj; j++) {
        b[j] = INF_F64;
        b[t->n_obj + j] = -INF_F64;
    }
}

static void box_add(struct nd_tree *t, size_t k, const double *x)
{
    double *b = t->box + k * 2 * t->n_obj;

    for (size_t j = 0; j < t->n_obj; j++) {
        b[j] = min_f64(x[j], b[j]);
        b[t->n_obj + j] = max_f64(x[j], b[t->n_obj + j]);
    }
}

static void leaf_append(struct nd_tree *t, uint32_t k, uint64_t id, const double *x)
{
    struct nd_node *n = &t->node[k];
    double *o = t->obj + (size_t)n->leaf * t->n_obj * ND_LEAF;

    for (size_t j = 0; j < t->n_obj; j++)
        o[j * ND_LEAF + n->n] = x[j];
    t->id[(size_t)n->leaf * ND_LEAF + n->n] = id;
    n->n++;
    box_add(t, k, x);
}

/* The value that splits a full column best, and how many are below it (0: all are equal). */
static double column_pivot(const double *col, uint32_t *n_below)
{
    double v[ND_LEAF];
    uint32_t at = ND_LEAF / 2;

    for (uint32_t i = 0; i < ND_LEAF; i++) {
        uint32_t w = i;
        for (; w > 0 && v[w - 1] > col[i]; w--)
            v[w] = v[w - 1];
        v[w] = col[i];
    }
    while (at > 0 && !(v[at - 1] < v[at]))
        at--;
    if (at == 0)
        for (at = ND_LEAF / 2; at < ND_LEAF && !(v[at - 1] < v[at]); at++)
            ;
    *n_below = at < ND_LEAF ? at : 0;
    return v[at < ND_LEAF ? at : 0];
}

/* Splits the full leaf k on the objective, from `dim` on, that halves it best: members are
 * distinct, so there is one. */
static void split(struct nd_tree *t, uint32_t k, uint32_t dim)
{
    const size_t m = t->n_obj, width = m * ND_LEAF;
    const uint32_t child = (uint32_t)t->n_nodes, right = new_leaf(t);
    struct nd_node *n = &t->node[k];
    double *o = t->obj + (size_t)n->leaf * width;
    double old[MAX_OBJ * ND_LEAF], x[MAX_OBJ];
    uint64_t id[ND_LEAF];
    uint32_t best = 0;

    for (uint32_t d = 0; d < m; d++) {
        const uint32_t j = (dim + d) % (uint32_t)m;
        uint32_t below;
        const double pivot = column_pivot(o + j * ND_LEAF, &below);
        const uint32_t smaller = below < ND_LEAF - below ? below : ND_LEAF - below;
        if (smaller > best) {
            best = smaller;
            n->pivot = pivot;
            n->dim = j;
        }
    }
    memcpy(old, o, width * sizeof *o);
    memcpy(id, t->id + (size_t)n->leaf * ND_LEAF, sizeof id);
    t->node[child] = (struct nd_node){ .leaf = n->leaf };
    t->node[child + 1] = (struct nd_node){ .leaf = right };
    t->n_nodes += 2;
    box_clear(t, child);
    box_clear(t, child + 1);
    n->child = child;
    for (uint32_t i = 0; i < ND_LEAF; i++) {
        for (size_t j = 0; j < m; j++)
            x[j] = old[j * ND_LEAF + i];
        leaf_append(t, child + (x[n->dim] < n->pivot ? 0 : 1), id[i], x);
    }
}

static void insert(struct nd_tree *t, uint64_t id, const double *x)
{
    uint32_t k = 0, dim = 0;
    size_t depth = 0;

    if (t->n_nodes == 0) {
        t->node[0] = (struct nd_node){ .leaf = new_leaf(t) };
        box_clear(t, 0);
        t->n_nodes = 1;
    }
    for (;;) {
        const struct nd_node *n = &t->node[k];
        if (n->child == 0 && n->n < ND_LEAF)
            break;
        if (n->child == 0)
            split(t, k, dim);
        box_add(t, k, x);
        dim = n->dim + 1;
        k = n->child + (x[n->dim] < n->pivot ? 0 : 1);
        depth++;
    }
    leaf_append(t, k, id, x);
    t->size++;
    t->n_changes++;
    t->depth = depth > t->depth ? depth : t->depth;
}

void nd_members(const struct nd_tree *t, uint64_t *id, double *obj)
{
    size_t w = 0;

    for (size_t k = 0; k < t->n_nodes; k++) {
        const struct nd_node *n = &t->node[k];
        for (uint32_t i = 0; n->child == 0 && i < n->n; i++, w++) {
            id[w] = t->id[(size_t)n->leaf * ND_LEAF + i];
            for (size_t j = 0; j < t->n_obj; j++)
                obj[j * t->size + w] = t->obj[((size_t)n->leaf * t->n_obj + j) * ND_LEAF + i];
        }
    }
}

/* Puts the members in a scattered order into a fresh tree. */
static bool fill(struct nd_tree *fresh, const struct nd_tree *t, uint64_t *id, double *obj,
                 uint32_t *order)
{
    const size_t n = t->size, m = t->n_obj;
    struct rng r;

    rng_stream(&r, n, 0);
    nd_members(t, id, obj);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    rng_shuffle(&r, order, n);
    for (size_t i = 0; i < n; i++) {
        double x[MAX_OBJ];
        for (size_t j = 0; j < m; j++)
            x[j] = obj[j * n + order[i]];
        if (!reserve(fresh))
            return false;
        insert(fresh, id[order[i]], x);
    }
    return true;
}

/* A tree that grew in sorted order is a list, and one that lost most members has idle boxes. Only
 * speed depends on it: without memory the old tree stays. */
static void rebuild(struct nd_tree *t)
{
    struct nd_tree fresh = { .n_obj = t->n_obj };
    uint64_t *id = malloc((t->size + 1) * sizeof *id);
    double *obj = malloc((t->size + 1) * t->n_obj * sizeof *obj);
    uint32_t *order = malloc((t->size + 1) * sizeof *order);

    if (id && obj && order && fill(&fresh, t, id, obj, order)) {
        nd_release(t);
        *t = fresh;
    } else {
        nd_release(&fresh);
    }
    t->n_changes = t->n_removed = 0;
    free(id);
    free(obj);
    free(order);
}

static size_t log2_ceil(size_t n)
{
    size_t b = 0;

    while (n > 0) {
        n >>= 1;
        b++;
    }
    return b;
}

bool nd_insert(struct nd_tree *t, uint64_t id, const double *x)
{
    const bool deep = t->depth > 2 * log2_ceil(t->size / (ND_LEAF / 2)) + 12;

    if ((deep && t->n_changes > t->size / 8 + 256) || t->n_removed > t->size + 256)
        rebuild(t);
    if (!reserve(t))
        return false;
    insert(t, id, x);
    return true;
}
