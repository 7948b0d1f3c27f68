/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/pool.h"

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

void pool_add(struct pool *p, const double *x, const struct priced *f, struct rng *r)
{
    const bool full = p->n == p->cap;
    const size_t at = full ? (size_t)rng_below(r, p->n) : p->n;
    const bool better = full && priced_dominates(f, &p->price[at], p->n_obj);

    for (size_t i = 0; full && !better && i < p->n; i++)
        if (priced_dominates(&p->price[i], f, p->n_obj))
            return;
    p->n += !full;
    p->price[at] = *f;
    memcpy(p->row + at * p->n_vars, x, p->n_vars * sizeof *x);
}
