/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The baselines that do not learn: uniform random points and a Sobol sequence. */
#include "search/algo.h"

#include <gsl/gsl_qrng.h>
#include <stdlib.h>

#define SOBOL_MAX 40u /* dimensions of GSL's table */

struct blind {
    const struct search_problem *p;
    struct rng rng;
    gsl_qrng *sequence; /* NULL: random */
    double *unit, *shift;
};

static void blind_close(void *state)
{
    struct blind *b = state;

    if (b->sequence)
        gsl_qrng_free(b->sequence);
    free(b->unit);
    free(b->shift);
    free(b);
}

static cosim_status blind_open(void **out, const struct search_problem *p,
                               const struct search_options *o, const struct archive *known,
                               cosim_error *e)
{
    struct blind *b = calloc(1, sizeof *b);

    (void)known;
    if (!b)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    b->p = p;
    rng_stream(&b->rng, o->seed, 0);
    *out = b;
    return COSIM_OK;
}

static cosim_status sobol_open(void **out, const struct search_problem *p,
                               const struct search_options *o, const struct archive *known,
                               cosim_error *e)
{
    const size_t n = problem_n_vars(p);

    if (n > SOBOL_MAX)
        return err_set(e, COSIM_EUNSUPPORTED, "a Sobol sequence of %zu numbers: at most %u", n,
                       SOBOL_MAX);
    TRY(blind_open(out, p, o, known, e));
    struct blind *b = *out;
    b->sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)n);
    b->unit = malloc(n * sizeof *b->unit);
    b->shift = malloc(n * sizeof *b->shift);
    if (!b->sequence || !b->unit || !b->shift) {
        blind_close(b);
        *out = NULL;
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    }
    for (size_t i = 0; i < n; i++)
        b->shift[i] = rng_f64(&b->rng);
    return COSIM_OK;
}

static size_t blind_ask(void *state, double *x, size_t cap)
{
    struct blind *b = state;
    const size_t n = problem_n_vars(b->p);

    for (size_t i = 0; i < cap; i++, x += n) {
        if (b->sequence) { /* shifted modulo 1, so that seeds differ */
            (void)gsl_qrng_get(b->sequence, b->unit);
            for (size_t k = 0; k < n; k++) {
                const double u = b->unit[k] + b->shift[k];
                b->unit[k] = u >= 1 ? u - 1 : u;
            }
            problem_from_unit(b->p, b->unit, x);
        } else {
            problem_random(b->p, &b->rng, x);
        }
        if (b->p->repair)
            b->p->repair(b->p->ctx, x);
    }
    return cap;
}

const struct search_algo algo_random = {
    .name = "random",
    .doc = "uniform random points",
    .source = "baseline",
    .open = blind_open,
    .ask = blind_ask,
    .close = blind_close,
};
const struct search_algo algo_sobol = {
    .name = "sobol",
    .doc = "quasi-random points, at most 40 variables",
    .source = "P. Bratley and B. Fox, ACM TOMS 14(1), 1988, by GSL; randomly shifted",
    .open = sobol_open,
    .ask = blind_ask,
    .close = blind_close,
};
