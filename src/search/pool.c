/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/pool.h"

#include "core/num.h"

#include <stdlib.h>
#include <string.h>

cosim_status pool_init(struct pool *p, const struct search_problem *problem, size_t cap,
                       cosim_error *e)
{
    *p = (struct pool){ .n_vars = problem_n_vars(problem), .n_obj = problem->n_obj, .cap = cap };
    p->price = malloc(cap * sizeof *p->price);
    p->row = malloc(cap * p->n_vars * sizeof *p->row);
    if (p->price && p->row)
        return COSIM_OK;
    pool_release(p);
    return err_set(e, COSIM_ENOMEM, "no memory for a pool of %zu", cap);
}

void pool_release(struct pool *p)
{
    free(p->price);
    free(p->row);
    *p = (struct pool){ 0 };
}

static bool beats(const struct pool *p, const struct priced *a, const struct priced *b)
{
    struct priced x = *a, y = *b;

    x.violation = a->violation > p->tolerance ? a->violation : 0;
    y.violation = b->violation > p->tolerance ? b->violation : 0;
    return priced_dominates(&x, &y, p->n_obj);
}

bool pool_add(struct pool *p, const double *x, const struct priced *f, struct rng *r)
{
    const bool full = p->n == p->cap;
    const size_t at = full ? (size_t)rng_below(r, p->n) : p->n;
    const bool better = full && beats(p, f, &p->price[at]);

    for (size_t i = 0; full && !better && i < p->n; i++)
        if (beats(p, &p->price[i], f))
            return false;
    p->n += !full;
    p->price[at] = *f;
    memcpy(p->row + at * p->n_vars, x, p->n_vars * sizeof *x);
    return better;
}

static int ascending(const void *pa, const void *pb)
{
    const double a = ((const struct priced *)pa)->violation,
                 b = ((const struct priced *)pb)->violation;

    return a < b ? -1 : a > b;
}

double pool_violation_quantile(const struct pool *p, double share)
{
    struct priced *sorted = malloc((p->n + 1) * sizeof *sorted);
    double v = 0;

    if (sorted && p->n > 0) {
        memcpy(sorted, p->price, p->n * sizeof *sorted);
        qsort(sorted, p->n, sizeof *sorted, ascending);
        v = sorted[(size_t)(share * (double)(p->n - 1))].violation;
    }
    free(sorted);
    return v;
}
