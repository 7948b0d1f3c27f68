/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/testproblem.h"

#include "search/front.h"

#include <stdlib.h>
#include <string.h>

#define FAMILIES(X) X(zdt) X(dtlz) X(wfg) X(mw)

size_t testproblem_count(void)
{
#define COUNT(f) +testproblem_n_##f
    return 0 FAMILIES(COUNT);
#undef COUNT
}

const struct testproblem *testproblem_at(size_t i)
{
#define AT(f)                                                                                      \
    if (i < testproblem_n_##f)                                                                     \
        return &testproblem_##f[i];                                                                \
    i -= testproblem_n_##f;
    FAMILIES(AT)
#undef AT
    return NULL;
}

const struct testproblem *testproblem_find(const char *name)
{
    for (size_t i = 0; i < testproblem_count(); i++)
        if (strcmp(testproblem_at(i)->name, name) == 0)
            return testproblem_at(i);
    return NULL;
}

static void evaluate(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation)
{
    const struct testproblem *t = ctx;

    for (size_t i = 0; i < n; i++) {
        double f[4];
        violation[i] = 0;
        t->evaluate(t, x + i * t->n_vars, f, &violation[i]);
        for (size_t j = 0; j < t->n_obj; j++)
            obj[j][i] = f[j];
    }
}

struct search_problem testproblem_problem(const struct testproblem *t, struct search_axis *axis)
{
    for (size_t i = 0; i < t->n_vars; i++) {
        const bool rest = i > 0 && t->hi_rest > t->lo_rest;
        axis[i] = (struct search_axis){
            .name = "x",
            .kind = AXIS_REAL,
            .lo = rest ? t->lo_rest : 0,
            .hi = rest ? t->hi_rest : t->hi + t->hi_per_var * (double)(i + 1),
        };
    }
    return (struct search_problem){
        .name = t->name,
        .n_axes = t->n_vars,
        .n_obj = t->n_obj,
        .axis = axis,
        .ctx = t,
        .evaluate = evaluate,
    };
}

cosim_status testproblem_front(const struct testproblem *t, size_t n, double *const *obj,
                               size_t *n_out, cosim_error *e)
{
    uint32_t *keep = malloc((n + 1) * sizeof *keep);
    /* points of an additive sequence with steps of the generalised golden ratio fill the cube */
    static const double step[2] = { 0.7548776662466927, 0.5698402909980532 };

    if (!keep)
        return err_set(e, COSIM_ENOMEM, "no memory for %zu points", n);
    for (size_t i = 0; i < n; i++) {
        double u[3] = { 0 }, f[4];
        for (size_t k = 0; k + 1 < t->n_obj; k++) {
            const double v =
                t->n_obj == 2 ? (double)i / (double)(n > 1 ? n - 1 : 1) : (double)(i + 1) * step[k];
            u[k] = t->n_obj == 2 ? v : v - (double)(uint64_t)v;
        }
        t->front(t, u, f);
        for (size_t j = 0; j < t->n_obj; j++)
            obj[j][i] = f[j];
    }
    const cosim_status st = front_filter((const double *const *)obj, n, t->n_obj, keep, n_out, e);
    for (size_t i = 0; st == COSIM_OK && i < *n_out; i++)
        for (size_t j = 0; j < t->n_obj; j++)
            obj[j][i] = obj[j][keep[i]];
    free(keep);
    return st;
}
