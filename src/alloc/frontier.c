/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dynamic programming over sets of groups; only sizes that occur are kept (Nemhauser-Ullmann). */
#include "alloc/alloc.h"
#include "alloc/merge.h"

#include "core/num.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LABELS = 1 << 24 };

/* A partial plan that no other partial plan of the same sets beats in size and in loss. */
struct label {
    uint64_t weight; /* bytes above the least possible / unit, rounded up when bucketed */
    double loss;
};

/* How a label came about: its predecessor in the level before, and the item added. */
struct step {
    uint32_t from, item;
};

struct level {
    size_t start, n; /* in `step` */
};

struct trace {
    struct merged merged;
    const struct level *level; /* n_sets */
    const struct step *step;
    const uint32_t *last; /* point -> label of the last level */
};

struct dp {
    const struct merged *m;
    uint64_t unit, max_weight; /* UINT64_MAX = no limit */
    uint64_t *least;           /* bytes of the smallest item of each set */
    struct label *now, *next;
    size_t cap;
    struct step *step;
    size_t n_steps, cap_steps, max_steps;
    struct level *level;
};

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for the size/loss frontier");
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static uint64_t weight(const struct dp *d, size_t set, size_t item)
{
    const uint64_t bytes = d->m->set[set].item[item].bytes - d->least[set];

    return bytes / d->unit + (bytes % d->unit != 0);
}

/* Doubles an array until it holds n elements. */
static bool grow(void **array, size_t *cap, size_t n, size_t size)
{
    size_t want = *cap ? *cap : 1024;

    if (n <= *cap)
        return true;
    while (want < n)
        want *= 2;
    void *more = realloc(*array, want * size);
    if (!more)
        return false;
    *array = more;
    *cap = want;
    return true;
}

static bool grow_next(struct dp *d, size_t n)
{
    size_t cap = d->cap;

    if (n <= d->cap)
        return true;
    if (!grow((void **)&d->next, &cap, n, sizeof *d->next))
        return false;
    struct label *now = realloc(d->now, cap * sizeof *now);
    if (!now)
        return false;
    d->now = now;
    d->cap = cap;
    return true;
}

/* The item whose next label is smallest: by weight, then loss, then the item's order. */
static size_t smallest(const struct dp *d, size_t i, const size_t *at, size_t n_now,
                       struct label *out)
{
    const struct merged_set *set = &d->m->set[i];
    size_t best = SIZE_MAX;

    for (size_t k = 0; k < set->n_items; k++) {
        if (at[k] >= n_now)
            continue;
        const struct label l = { d->now[at[k]].weight + weight(d, i, k),
                                 d->now[at[k]].loss + set->item[k].loss };
        if (best == SIZE_MAX || l.weight < out->weight
            || (l.weight == out->weight && l.loss < out->loss)) {
            best = k;
            *out = l;
        }
    }
    return best;
}

/* Merges the shifted copies of the level, one per item, and keeps what is not dominated. */
static cosim_status add_set(struct dp *d, size_t i, size_t *n_now, bool *full, size_t *at,
                            cosim_error *e)
{
    const struct merged_set *set = &d->m->set[i];
    size_t n = 0, k;
    struct label l;

    memset(at, 0, set->n_items * sizeof *at);
    d->level[i].start = d->n_steps;
    while ((k = smallest(d, i, at, *n_now, &l)) != SIZE_MAX) {
        const size_t from = at[k]++;

        if (l.weight > d->max_weight)
            break; /* weights only rise from here */
        if (n && l.loss >= d->next[n - 1].loss)
            continue; /* of equal weights the least loss came first */
        if (d->n_steps == d->max_steps) {
            *full = true;
            return COSIM_OK;
        }
        if (!grow_next(d, n + 1)
            || !grow((void **)&d->step, &d->cap_steps, d->n_steps + 1, sizeof *d->step))
            return no_memory(e);
        d->next[n++] = l;
        d->step[d->n_steps++] = (struct step){ (uint32_t)from, (uint32_t)k };
    }
    d->level[i].n = n;
    struct label *swap = d->now;
    d->now = d->next;
    d->next = swap;
    *n_now = n;
    return COSIM_OK;
}

static cosim_status run(struct dp *d, bool *full, struct arena *a, cosim_error *e)
{
    size_t n_now = 1, widest = 0;

    *full = false;
    d->n_steps = 0;
    for (size_t i = 0; i < d->m->n_sets; i++)
        widest = d->m->set[i].n_items > widest ? d->m->set[i].n_items : widest;
    size_t *at = ARENA_NEW(a, size_t, widest);
    if (!at || !grow_next(d, 1))
        return no_memory(e);
    d->now[0] = (struct label){ 0, 0.0 };
    for (size_t i = 0; i < d->m->n_sets && !*full; i++)
        TRY(add_set(d, i, &n_now, full, at, e));
    return COSIM_OK;
}

/* Least bytes per set, their sum and the sum of the largest. */
static void find_range(struct dp *d, uint64_t *smallest_plan, uint64_t *largest_plan)
{
    *smallest_plan = *largest_plan = 0;
    for (size_t i = 0; i < d->m->n_sets; i++) {
        uint64_t least = UINT64_MAX, most = 0;

        for (size_t k = 0; k < d->m->set[i].n_items; k++) {
            const uint64_t bytes = d->m->set[i].item[k].bytes;
            least = bytes < least ? bytes : least;
            most = bytes > most ? bytes : most;
        }
        d->least[i] = least;
        *smallest_plan += least;
        *largest_plan += most;
    }
}

static uint64_t common_unit(const struct dp *d)
{
    uint64_t unit = 0;

    for (size_t i = 0; i < d->m->n_sets; i++)
        for (size_t k = 0; k < d->m->set[i].n_items; k++)
            unit = gcd(unit, d->m->set[i].item[k].bytes - d->least[i]);
    return unit ? unit : 1;
}

static void walk_back(const struct trace *t, uint32_t label, size_t *choice)
{
    for (size_t i = t->merged.n_sets; i-- > 0;) {
        const struct step *s = &t->step[t->level[i].start + label];

        merge_apply(&t->merged.set[i], s->item, choice);
        label = s->from;
    }
}

/* Exact sums of every last label; what rounding made dominated goes. */
static cosim_status collect(struct alloc_frontier *f, struct dp *d, struct trace *t,
                            struct arena *a, cosim_error *e)
{
    const struct level *last = &d->level[d->m->n_sets - 1];
    struct alloc_point *point = ARENA_NEW(a, struct alloc_point, last->n);
    uint32_t *label = ARENA_NEW(a, uint32_t, last->n);
    struct alloc_plan plan = { .choice = ARENA_NEW(a, size_t, f->problem->n_groups) };

    if (!point || !label || !plan.choice)
        return no_memory(e);
    for (size_t i = 0; i < last->n; i++) {
        walk_back(t, (uint32_t)i, plan.choice);
        alloc_sum(f->problem, &plan);
        while (f->n && point[f->n - 1].bytes >= plan.bytes)
            f->n--; /* later labels have less loss */
        if (f->n && point[f->n - 1].loss <= plan.loss)
            continue;
        label[f->n] = (uint32_t)i;
        point[f->n++] = (struct alloc_point){ plan.bytes, plan.loss };
    }
    f->point = point;
    t->last = label;
    return COSIM_OK;
}

static cosim_status solve(struct dp *d, uint64_t max_bytes, bool *exact, struct arena *a,
                          cosim_error *e)
{
    uint64_t lowest, highest;
    bool full;

    d->level = ARENA_NEW(a, struct level, d->m->n_sets);
    d->least = ARENA_NEW(a, uint64_t, d->m->n_sets);
    if (!d->level || !d->least)
        return no_memory(e);
    find_range(d, &lowest, &highest);
    if (max_bytes && max_bytes < lowest)
        return err_set(e, COSIM_ENO, "the smallest plan is %llu bytes, the budget %llu",
                       (unsigned long long)lowest, (unsigned long long)max_bytes);
    const uint64_t range = (max_bytes && max_bytes < highest ? max_bytes : highest) - lowest;
    d->unit = common_unit(d);
    d->max_weight = range / d->unit;
    TRY(run(d, &full, a, e));
    *exact = !full;
    if (!full)
        return COSIM_OK;
    /* a unit so coarse that all levels together stay under the limit */
    const uint64_t per_level = d->max_steps / d->m->n_sets;
    if (per_level < 2)
        return err_set(e, COSIM_ERANGE, "%zu labels are too few for %zu groups", d->max_steps,
                       d->m->n_sets);
    d->unit = range / (per_level - 1) + 1;
    d->max_weight = range / d->unit;
    TRY(run(d, &full, a, e));
    return full ? err_set(e, COSIM_EINTERNAL, "the bucketed frontier overflowed") : COSIM_OK;
}

cosim_status alloc_frontier(struct alloc_frontier *f, const struct alloc_problem *p,
                            const struct alloc_limits *limits, struct arena *a, cosim_error *e)
{
    struct trace *t = ARENA_NEW(a, struct trace, 1);
    cosim_status st;
    bool exact;

    *f = (struct alloc_frontier){ .problem = p, .trace = t };
    if (!t)
        return no_memory(e);
    TRY(merge(&t->merged, p, a, e));
    struct dp d = { .m = &t->merged,
                    .max_steps =
                        limits->max_labels ? (size_t)limits->max_labels : (size_t)DEFAULT_LABELS };
    if (d.max_steps > UINT32_MAX)
        d.max_steps = UINT32_MAX;
    st = solve(&d, limits->max_bytes, &exact, a, e);
    if (st != COSIM_OK)
        goto out;
    struct step *step = ARENA_NEW(a, struct step, d.n_steps);
    if (!step) {
        st = no_memory(e);
        goto out;
    }
    memcpy(step, d.step, d.n_steps * sizeof *step);
    t->level = d.level;
    t->step = step;
    f->n_labels = d.n_steps;
    f->bucket_bytes = exact ? 1 : d.unit;
    st = collect(f, &d, t, a, e);
out:
    free(d.step);
    free(d.now);
    free(d.next);
    return st;
}

cosim_status alloc_frontier_plan(struct alloc_plan *plan, const struct alloc_frontier *f, size_t i,
                                 struct arena *a, cosim_error *e)
{
    const struct trace *t = f->trace;

    *plan =
        (struct alloc_plan){ .method = "dp", .choice = ARENA_NEW(a, size_t, f->problem->n_groups) };
    if (!plan->choice)
        return no_memory(e);
    walk_back(t, t->last[i], plan->choice);
    alloc_sum(f->problem, plan);
    plan->loss_bound = f->bucket_bytes == 1 ? plan->loss : UNKNOWN_F64;
    return COSIM_OK;
}

cosim_status alloc_frontier_best(struct alloc_plan *plan, const struct alloc_frontier *f,
                                 uint64_t budget_bytes, struct arena *a, cosim_error *e)
{
    size_t lo = 0, hi = f->n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (f->point[mid].bytes <= budget_bytes)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo)
        return err_set(e, COSIM_ENO, "the smallest plan is larger than %llu bytes",
                       (unsigned long long)budget_bytes);
    return alloc_frontier_plan(plan, f, lo - 1, a, e);
}
