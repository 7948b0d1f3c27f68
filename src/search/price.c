/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/price.h"

#include <stdlib.h>
#include <string.h>

#define SLICE 64u /* points priced by one thread at a time, unless pricing is costly, and */
#define SPREAD 4  /* slices that it takes to wake the others; */
#define COSTLY 16 /* costly ones are slices of their own */
#define OBJ_MAX 8u

cosim_status pricer_init(struct pricer *p, const struct search_problem *problem,
                         struct search_journal *journal, unsigned threads, cosim_error *e)
{
    *p = (struct pricer){ .problem = problem,
                          .journal = journal,
                          .threads = threads ? threads : 1,
                          .n_vars = problem_n_vars(problem) };
    if (!journal)
        return COSIM_OK;
    p->unknown = malloc(PRICE_ROWS_MAX * sizeof *p->unknown);
    p->x = malloc(PRICE_ROWS_MAX * p->n_vars * sizeof *p->x);
    p->violation = malloc(PRICE_ROWS_MAX * sizeof *p->violation);
    p->column = malloc(PRICE_ROWS_MAX * problem->n_obj * sizeof *p->column);
    return p->unknown && p->x && p->violation && p->column
               ? COSIM_OK
               : err_set(e, COSIM_ENOMEM, "no memory for a search");
}

void pricer_release(struct pricer *p)
{
    free(p->unknown);
    free(p->x);
    free(p->violation);
    free(p->column);
}

static void price_new(const struct pricer *pricer, size_t n, const double *x, double *const *obj,
                      double *violation)
{
    const struct search_problem *p = pricer->problem;
    const size_t slice = p->costly ? 1 : SLICE;
    const long n_slices = (long)((n + slice - 1) / slice), least = p->costly ? COSTLY : SPREAD;

#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) if (n_slices >= least) num_threads((int)pricer->threads)
#else
    (void)least;
#endif
    for (long s = 0; s < n_slices; s++) {
        const size_t at = (size_t)s * slice, end = at + slice < n ? at + slice : n;
        double *part[OBJ_MAX];
        for (size_t j = 0; j < p->n_obj; j++)
            part[j] = obj[j] + at;
        p->evaluate(p->ctx, end - at, x + at * pricer->n_vars, part, violation + at);
    }
}

/* Known prices go to their places; the other rows are put together. Gives their number. */
static size_t take_known(struct pricer *p, size_t n, const double *x, double *const *obj,
                         double *violation)
{
    size_t n_unknown = 0;

    for (size_t i = 0; i < n; i++) {
        const double *row = x + i * p->n_vars;
        struct priced f;
        if (!journal_get(p->journal, row, &f)) {
            memcpy(p->x + n_unknown * p->n_vars, row, p->n_vars * sizeof *row);
            p->unknown[n_unknown++] = i;
            continue;
        }
        violation[i] = f.violation;
        for (size_t j = 0; j < p->problem->n_obj; j++)
            obj[j][i] = f.obj[j];
    }
    p->n_known += n - n_unknown;
    return n_unknown;
}

cosim_status price_rows(struct pricer *p, size_t n, const double *x, double *const *obj,
                        double *violation, cosim_error *e)
{
    const size_t n_obj = p->problem->n_obj;
    double *fresh[OBJ_MAX];

    if (!p->journal) {
        price_new(p, n, x, obj, violation);
        return COSIM_OK;
    }
    const size_t n_unknown = take_known(p, n, x, obj, violation);
    for (size_t j = 0; j < n_obj; j++)
        fresh[j] = p->column + j * PRICE_ROWS_MAX;
    price_new(p, n_unknown, p->x, fresh, p->violation);
    for (size_t k = 0; k < n_unknown; k++) {
        const size_t i = p->unknown[k];
        struct priced f = { .violation = p->violation[k] };
        violation[i] = f.violation;
        for (size_t j = 0; j < n_obj; j++)
            f.obj[j] = obj[j][i] = fresh[j][k];
        TRY(journal_put(p->journal, x + i * p->n_vars, &f, e));
    }
    return journal_flush(p->journal, e);
}
