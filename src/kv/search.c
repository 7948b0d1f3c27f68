/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/search.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STATES_MAX 4000000u

/* The pairs of a group in order of id, with the group's sums. */
struct option {
    double cost, loss;
    uint8_t pair;
};

struct group_options {
    size_t n;
    struct option option[KV_N_PAIRS];
};

static double cell(const double *table, size_t layer, size_t pair)
{
    return table[layer * KV_N_PAIRS + pair];
}

static void list_options(const struct kv_space *s, size_t group, struct group_options *o)
{
    const struct kv_group *g = &s->group[group];

    o->n = 0;
    for (size_t p = 0; p < KV_N_PAIRS; p++) {
        if (!(g->set >> p & 1u))
            continue;
        struct option *x = &o->option[o->n++];
        *x = (struct option){ .pair = (uint8_t)p };
        for (size_t i = 0; i < g->n_layers; i++) {
            x->cost += cell(s->cost, g->layer[i], p);
            x->loss += cell(s->loss, g->layer[i], p);
        }
    }
}

static cosim_status options_new(const struct kv_space *s, struct group_options **o, cosim_error *e)
{
    *o = calloc(s->n_groups ? s->n_groups : 1, sizeof **o);
    if (!*o)
        return err_set(e, COSIM_ENOMEM, "%zu groups", s->n_groups);
    for (size_t g = 0; g < s->n_groups; g++)
        list_options(s, g, &(*o)[g]);
    return COSIM_OK;
}

void kv_space_evaluate(const struct kv_space *s, const size_t *pair_of_layer, double *cost,
                       double *loss)
{
    double growth = 1;

    *cost = *loss = 0;
    for (size_t l = 0; l < s->n_layers; l++) {
        const double x = cell(s->loss, l, pair_of_layer[l]);
        *cost += cell(s->cost, l, pair_of_layer[l]);
        *loss += x * growth;
        growth *= 1 + s->gamma * x;
    }
}

void kv_point_layers(const struct kv_space *s, const struct kv_point *p, size_t *pair_of_layer)
{
    for (size_t g = 0; g < s->n_groups; g++)
        for (size_t i = 0; i < s->group[g].n_layers; i++)
            pair_of_layer[s->group[g].layer[i]] = p->choice[g];
}

const struct kv_point *kv_front_within(const struct kv_front *f, double cost_limit)
{
    const struct kv_point *best = NULL;

    for (size_t i = 0; i < f->n && f->point[i].cost <= cost_limit; i++)
        best = &f->point[i];
    return best;
}

/* A growing front sorted by cost; `digits` holds each point's choice side by side. */
struct archive {
    size_t n, cap, width;
    double *cost, *loss;
    uint8_t *digits;
};

static void archive_release(struct archive *a)
{
    free(a->cost);
    free(a->loss);
    free(a->digits);
}

static bool archive_grow(struct archive *a)
{
    const size_t cap = a->cap ? 2 * a->cap : 256;
    double *cost = realloc(a->cost, cap * sizeof *cost);
    if (cost)
        a->cost = cost;
    double *loss = realloc(a->loss, cap * sizeof *loss);
    if (loss)
        a->loss = loss;
    uint8_t *digits = realloc(a->digits, cap * a->width);
    if (digits)
        a->digits = digits;
    a->cap = cost && loss && digits ? cap : a->cap;
    return cost && loss && digits;
}

/* Index of the first point that costs more than `cost`. */
static size_t archive_above(const struct archive *a, double cost)
{
    size_t lo = 0, hi = a->n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (a->cost[mid] <= cost)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* False only when memory is out. Equal points: the one that came first stays. */
static bool archive_add(struct archive *a, double cost, double loss, const uint8_t *digits)
{
    size_t at = archive_above(a, cost), end = at;

    if (at && a->loss[at - 1] <= loss)
        return true;
    if (at && !(a->cost[at - 1] < cost))
        at--; /* the same cost with more loss */
    while (end < a->n && a->loss[end] >= loss)
        end++;
    if (at == end && a->n == a->cap && !archive_grow(a))
        return false;
    memmove(a->cost + at + 1, a->cost + end, (a->n - end) * sizeof *a->cost);
    memmove(a->loss + at + 1, a->loss + end, (a->n - end) * sizeof *a->loss);
    memmove(a->digits + (at + 1) * a->width, a->digits + end * a->width, (a->n - end) * a->width);
    a->n = a->n - (end - at) + 1;
    a->cost[at] = cost;
    a->loss[at] = loss;
    memcpy(a->digits + at * a->width, digits, a->width);
    return true;
}

static cosim_status archive_front(const struct archive *a, struct kv_front *f, struct arena *arena,
                                  cosim_error *e)
{
    struct kv_point *p = ARENA_NEW(arena, struct kv_point, a->n + 1);
    uint8_t *digits = ARENA_NEW(arena, uint8_t, a->n * a->width + 1);

    if (!p || !digits)
        return err_set(e, COSIM_ENOMEM, "front of %zu points", a->n);
    if (a->n)
        memcpy(digits, a->digits, a->n * a->width);
    for (size_t i = 0; i < a->n; i++)
        p[i] = (struct kv_point){ a->cost[i], a->loss[i], digits + i * a->width };
    f->point = p;
    f->n = a->n;
    return COSIM_OK;
}

/* Walks all combinations, last group fastest; prefix sums make a step cost one addition. */
struct walk {
    const struct kv_space *s;
    const struct group_options *o;
    size_t *at;            /* option of each group */
    double *cost, *loss;   /* sums of the groups before */
    size_t *pair_of_layer; /* for gamma > 0 */
    uint8_t *digits;
};

static void refresh(const struct walk *w, size_t from)
{
    for (size_t g = from; g < w->s->n_groups; g++) {
        const struct option *x = &w->o[g].option[w->at[g]];
        w->cost[g + 1] = w->cost[g] + x->cost;
        w->loss[g + 1] = w->loss[g] + x->loss;
        w->digits[g] = x->pair;
        for (size_t i = 0; w->s->gamma > 0 && i < w->s->group[g].n_layers; i++)
            w->pair_of_layer[w->s->group[g].layer[i]] = x->pair;
    }
}

static bool walk_all(const struct walk *w, struct archive *a, double *n_visited)
{
    size_t from = 0;

    for (;;) {
        refresh(w, from);
        double cost = w->cost[w->s->n_groups], loss = w->loss[w->s->n_groups];
        if (w->s->gamma > 0)
            kv_space_evaluate(w->s, w->pair_of_layer, &cost, &loss);
        if (!archive_add(a, cost, loss, w->digits))
            return false;
        ++*n_visited;
        for (from = w->s->n_groups; from > 0; from--) {
            if (++w->at[from - 1] < w->o[from - 1].n)
                break;
            w->at[from - 1] = 0;
        }
        if (!from)
            return true;
        from--;
    }
}

static cosim_status check_space(const struct kv_space *s, cosim_error *e)
{
    for (size_t g = 0; g < s->n_groups; g++)
        if (!s->group[g].set)
            return err_set(e, COSIM_ERANGE, "group %zu has no candidate pairs", g);
    for (size_t i = 0; i < s->n_layers * KV_N_PAIRS; i++)
        if (!(s->cost[i] >= 0) || !(s->loss[i] >= 0))
            return err_set(e, COSIM_ERANGE, "layer %zu, pair %s: cost or loss is not >= 0",
                           i / KV_N_PAIRS, kv_pair_name(i % KV_N_PAIRS));
    return s->n_groups ? COSIM_OK : err_set(e, COSIM_ERANGE, "no layer groups");
}

cosim_status kv_search_enumerate(const struct kv_space *s, struct kv_front *f, struct arena *a,
                                 cosim_error *e)
{
    const struct kv_grouping all = { .n_groups = s->n_groups, .group = s->group };
    struct group_options *o = NULL;
    struct archive archive = { .width = s->n_groups };
    double *sums = calloc(2 * (s->n_groups + 1), sizeof *sums);
    size_t *index = calloc(s->n_groups + s->n_layers + 1, sizeof *index);
    uint8_t *digits = calloc(s->n_groups + 1, 1);

    *f = (struct kv_front){ 0 };
    cosim_status st =
        sums && index && digits ? check_space(s, e) : err_set(e, COSIM_ENOMEM, "search");
    if (st == COSIM_OK && kv_combinations(&all) > KV_ENUMERATION_MAX)
        st = err_set(e, COSIM_ERANGE, "%.4g combinations are too many to enumerate (limit %g)",
                     kv_combinations(&all), KV_ENUMERATION_MAX);
    if (st == COSIM_OK)
        st = options_new(s, &o, e);
    if (st == COSIM_OK) {
        const struct walk w = { s,     o, index, sums, sums + s->n_groups + 1, index + s->n_groups,
                                digits };
        st = walk_all(&w, &archive, &f->n_visited) ? archive_front(&archive, f, a, e)
                                                   : err_set(e, COSIM_ENOMEM, "front");
    }
    free(o);
    free(sums);
    free(index);
    free(digits);
    archive_release(&archive);
    return st;
}

struct state {
    double cost, loss;
    uint32_t from; /* state of the stage before */
    uint8_t pair;
};

/* Equal points keep the order of the stage before, so the order of pair ids decides. */
static int by_cost(const void *pa, const void *pb)
{
    const struct state *a = pa, *b = pb;

    if (a->cost < b->cost || a->cost > b->cost)
        return a->cost < b->cost ? -1 : 1;
    if (a->loss < b->loss || a->loss > b->loss)
        return a->loss < b->loss ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->pair < b->pair ? -1 : a->pair > b->pair;
}

static size_t keep_front(struct state *x, size_t n)
{
    size_t kept = 0;

    qsort(x, n, sizeof *x, by_cost);
    for (size_t i = 0; i < n; i++)
        if (!kept || x[i].loss < x[kept - 1].loss)
            x[kept++] = x[i];
    return kept;
}

/* One stage: every kept state with every option of the group. */
static cosim_status extend(const struct state *in, size_t n_in, const struct group_options *o,
                           struct state **out, size_t *n_out, cosim_error *e)
{
    if (n_in > STATES_MAX / o->n)
        return err_set(e, COSIM_ERANGE, "more than %u states", STATES_MAX);
    struct state *x = calloc(n_in * o->n, sizeof *x);
    if (!x)
        return err_set(e, COSIM_ENOMEM, "%zu states", n_in * o->n);
    for (size_t i = 0; i < n_in; i++)
        for (size_t k = 0; k < o->n; k++)
            x[i * o->n + k] =
                (struct state){ in[i].cost + o->option[k].cost, in[i].loss + o->option[k].loss,
                                (uint32_t)i, o->option[k].pair };
    *n_out = keep_front(x, n_in * o->n);
    *out = x;
    return COSIM_OK;
}

static bool trace_back(struct state *const *stage, size_t n_groups, size_t n_last,
                       struct archive *a)
{
    uint8_t digits[KV_LAYERS_MAX];

    for (size_t i = 0; i < n_last; i++) {
        size_t at = i;
        for (size_t g = n_groups; g > 0; g--) {
            digits[g - 1] = stage[g][at].pair;
            at = stage[g][at].from;
        }
        if (!archive_add(a, stage[n_groups][i].cost, stage[n_groups][i].loss, digits))
            return false;
    }
    return true;
}

cosim_status kv_search_dp(const struct kv_space *s, struct kv_front *f, struct arena *a,
                          cosim_error *e)
{
    struct group_options *o = NULL;
    struct archive archive = { .width = s->n_groups };
    struct state root = { 0 }, *stage[KV_LAYERS_MAX + 1] = { &root };
    size_t n = 1;

    *f = (struct kv_front){ 0 };
    TRY(check_space(s, e));
    if (s->gamma > 0 || s->n_groups > KV_LAYERS_MAX)
        return err_set(e, COSIM_ERANGE, "dynamic programming needs an additive loss (gamma = 0)");
    cosim_status st = options_new(s, &o, e);
    for (size_t g = 0; st == COSIM_OK && g < s->n_groups; g++) {
        st = extend(stage[g], n, &o[g], &stage[g + 1], &n, e);
        f->n_visited += (double)n;
    }
    if (st == COSIM_OK)
        st = trace_back(stage, s->n_groups, n, &archive) ? archive_front(&archive, f, a, e)
                                                         : err_set(e, COSIM_ENOMEM, "front");
    for (size_t g = 1; g <= s->n_groups; g++)
        free(stage[g]);
    free(o);
    archive_release(&archive);
    return st;
}
