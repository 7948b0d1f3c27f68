/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the counts of an integer problem to layers in an order. */
#include "api/route_ilp.h"

#include <string.h>

void ilp_reach(const struct ilp *k, bool *reached)
{
    bool more = true;

    memset(reached, 0, k->n_options * sizeof *reached);
    for (size_t x = 0; x < k->n_options; x++)
        for (size_t y = 0; y < k->n_options; y++)
            reached[y] = reached[y] || ilp_count(k, k->start[x][y]) > 0.5;
    while (more) {
        more = false;
        for (size_t x = 0; x < k->n_options; x++)
            for (size_t y = 0; y < k->n_options; y++)
                if (reached[x] && !reached[y] && ilp_count(k, k->step[x][y]) > 0.5)
                    reached[y] = more = true;
    }
}

/* Does the walk still come to every option that has layers? */
static bool reaches_all(const struct ilp *k)
{
    bool reached[ROUTE_OPTIONS];

    ilp_reach(k, reached);
    for (size_t i = 0; i < k->n_kinds; i++)
        for (size_t w = 0; w < k->kind[i].n_ways; w++)
            if (k->x[k->kind[i].column + w] > 0.5 && !reached[k->kind[i].way[w].option])
                return false;
    return true;
}

static bool try_without(struct ilp *k, const size_t *step, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (step[i] == SIZE_MAX || !(k->x[step[i]] > 0.5))
            return false;
    for (size_t i = 0; i < n; i++)
        k->x[step[i]] -= 1.0;
    if (reaches_all(k))
        return true;
    for (size_t i = 0; i < n; i++)
        k->x[step[i]] += 1.0;
    return false;
}

/* Steps within one device cost nothing, so GLPK may go round and round: circles that nothing hangs
 * on are left out. */
static void drop_circles(struct ilp *k)
{
    for (size_t x = 0; x < k->n_options; x++)
        for (size_t y = 0; y < k->n_options; y++) {
            const size_t two[] = { k->step[x][y], k->step[y][x] };
            while (try_without(k, two, 2))
                ;
            for (size_t z = 0; z < k->n_options; z++) {
                const size_t three[] = { k->step[x][y], k->step[y][z], k->step[z][x] };
                while (try_without(k, three, 3))
                    ;
            }
        }
}

/* The order in which the walk comes to its options: an Euler walk (Hierholzer), last first. */
static size_t order_of_visits(struct ilp *k, size_t *visit, size_t cap)
{
    size_t stack[2 * ROUTE_OPTIONS * ROUTE_OPTIONS], depth = 0, n = 0;
    const size_t limit = sizeof stack / sizeof *stack;

    for (size_t x = 0; x < k->n_options && depth == 0; x++)
        for (size_t y = 0; y < k->n_options && depth == 0; y++)
            if (ilp_count(k, k->start[x][y]) > 0.5)
                stack[depth++] = y;
    while (depth > 0) {
        const size_t at = stack[depth - 1];
        size_t to = 0;
        while (to < k->n_options && !(ilp_count(k, k->step[at][to]) > 0.5))
            to++;
        if (to < k->n_options && depth < limit) {
            k->x[k->step[at][to]] -= 1.0;
            stack[depth++] = to;
        } else if (n < cap) {
            visit[n++] = at;
            depth--;
        } else {
            break;
        }
    }
    for (size_t i = 0; i < n / 2; i++) {
        const size_t t = visit[i];
        visit[i] = visit[n - 1 - i];
        visit[n - 1 - i] = t;
    }
    return n;
}

/* Layers of a kind that stay at a visit: all that are left, but one for every later visit. */
static size_t stay(const struct ilp *k, const struct kind *kind, const size_t *visit, size_t n,
                   size_t v)
{
    size_t left = 0, later = 0;

    for (size_t w = 0; w < kind->n_ways; w++)
        if (kind->way[w].option == visit[v])
            left += (size_t)k->x[kind->column + w];
    for (size_t i = v + 1; i < n; i++)
        later += visit[i] == visit[v];
    return left > later ? left - later : left > 0;
}

static void place_kind(struct ilp *k, struct fork_plan *plan, const struct kind *kind,
                       const size_t *visit, size_t n)
{
    size_t layer = kind->layer;

    for (size_t v = 0; v < n; v++) {
        size_t left = stay(k, kind, visit, n, v);
        for (size_t w = 0; w < kind->n_ways && left > 0; w++)
            while (kind->way[w].option == visit[v] && left > 0 && k->x[kind->column + w] > 0.5) {
                k->x[kind->column + w] -= 1.0;
                left--;
                while (k->q->like[layer] != kind->layer)
                    layer++;
                plan->layer[layer++] = kind->way[w].choice;
            }
    }
}

cosim_status ilp_read_plan(struct ilp *k, struct fork_plan *plan, cosim_error *e)
{
    const size_t cap = 2 * ROUTE_OPTIONS * ROUTE_OPTIONS;
    size_t *visit = ARENA_NEW(k->a, size_t, cap);

    plan->layer = ARENA_NEW(k->a, struct fork_choice, k->q->n_layers + 1);
    if (!visit || !plan->layer)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    for (size_t x = 0; x < k->n_options; x++)
        for (size_t y = 0; y < k->n_options; y++)
            if (ilp_count(k, k->ends[x][y]) > 0.5) {
                plan->embedding = k->option[x];
                plan->head = k->option[y];
            }
    drop_circles(k);
    const size_t n = order_of_visits(k, visit, cap);
    for (size_t i = 0; i < k->n_kinds; i++)
        place_kind(k, plan, &k->kind[i], visit, n);
    fork_plan_sum(k->q, plan);
    return COSIM_OK;
}
