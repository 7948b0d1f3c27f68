/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/algo.h"
#include "search/vary.h"

#include "core/num.h"
#include "search/indicators.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_POPULATION 100u

struct one {
    struct priced price;
    uint32_t rank;
    double crowding;
    uint32_t row; /* of `rows` */
};

struct nsga2 {
    const struct search_problem *p;
    struct rng rng;
    size_t n_vars, n_pop, n; /* n: members so far, up to 2 n_pop */
    size_t n_asked;
    struct one *one;
    double *rows;
    uint32_t *n_better, *front;
    double *column;
};

static void nsga2_close(void *state)
{
    struct nsga2 *s = state;

    free(s->one);
    free(s->rows);
    free(s->n_better);
    free(s->front);
    free(s->column);
    free(s);
}

static cosim_status nsga2_open(void **out, const struct search_problem *p,
                               const struct search_options *o, const struct archive *known,
                               cosim_error *e)
{
    struct nsga2 *s = calloc(1, sizeof *s);

    (void)known;
    if (!s)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    s->p = p;
    s->n_vars = problem_n_vars(p);
    s->n_pop = o->population ? o->population : DEFAULT_POPULATION;
    s->n_pop += s->n_pop % 2;
    rng_stream(&s->rng, o->seed, 0);
    const size_t n = 2 * s->n_pop;
    s->one = calloc(n, sizeof *s->one);
    s->rows = malloc((n + 1) * s->n_vars * sizeof *s->rows); /* and a child too many */
    s->n_better = malloc(n * sizeof *s->n_better);
    s->front = malloc(n * sizeof *s->front);
    s->column = malloc(n * (p->n_obj + 1) * sizeof *s->column);
    if (!s->one || !s->rows || !s->n_better || !s->front || !s->column) {
        nsga2_close(s);
        return err_set(e, COSIM_ENOMEM, "no memory for a population of %zu", n / 2);
    }
    for (size_t i = 0; i < n; i++)
        s->one[i].row = (uint32_t)i;
    *out = s;
    return COSIM_OK;
}

static const struct one *tournament(struct nsga2 *s)
{
    const struct one *a = &s->one[rng_below(&s->rng, s->n_pop)],
                     *b = &s->one[rng_below(&s->rng, s->n_pop)];

    if (a->rank != b->rank)
        return a->rank < b->rank ? a : b;
    return a->crowding >= b->crowding ? a : b;
}

static size_t nsga2_ask(void *state, double *x, size_t cap)
{
    struct nsga2 *s = state;
    const struct search_problem *p = s->p;
    const size_t w = s->n_vars, want = s->n_pop - s->n % s->n_pop;
    const size_t n = want < cap ? want : cap;

    for (size_t i = 0; i < n; i += 2) {
        double *a = x + i * w, *spare = s->rows + 2 * s->n_pop * w;
        double *b = i + 1 < n ? a + w : spare;
        if (s->n < s->n_pop) {
            for (size_t k = 0; k < 2 && i + k < n; k++) {
                if (s->n + i + k < p->n_seeds)
                    memcpy(a + k * w, p->seed + (s->n + i + k) * w, w * sizeof *x);
                else
                    problem_random(p, &s->rng, a + k * w);
            }
        } else {
            const struct one *mother = tournament(s), *father = tournament(s);
            const struct vary v = VARY_DEFAULT;
            vary_cross(p, &v, &s->rng, s->rows + mother->row * w, s->rows + father->row * w, a, b);
            vary_mutate(p, &v, &s->rng, a);
            vary_mutate(p, &v, &s->rng, b);
        }
        for (size_t k = 0; k < 2 && i + k < n && p->repair; k++)
            p->repair(p->ctx, a + k * w);
    }
    return n;
}

/* Ranks of all 2 n_pop members: how many fronts must be peeled off first. */
static void rank_all(struct nsga2 *s)
{
    const size_t n = s->n, m = s->p->n_obj;
    size_t n_left = n;
    uint32_t rank = 0;

    for (size_t i = 0; i < n; i++) {
        s->n_better[i] = 0;
        for (size_t k = 0; k < n; k++)
            s->n_better[i] += priced_dominates(&s->one[k].price, &s->one[i].price, m);
    }
    for (size_t i = 0; i < n; i++)
        s->one[i].rank = UINT32_MAX;
    for (; n_left > 0; rank++) {
        size_t n_front = 0;
        for (size_t i = 0; i < n; i++)
            if (s->one[i].rank == UINT32_MAX && s->n_better[i] == 0)
                s->front[n_front++] = (uint32_t)i;
        if (n_front == 0)
            break;
        for (size_t f = 0; f < n_front; f++)
            s->one[s->front[f]].rank = rank;
        for (size_t f = 0; f < n_front; f++)
            for (size_t k = 0; k < n; k++)
                s->n_better[k] -=
                    s->one[k].rank == UINT32_MAX
                    && priced_dominates(&s->one[s->front[f]].price, &s->one[k].price, m);
        n_left -= n_front;
    }
}

static cosim_status crowd_all(struct nsga2 *s, cosim_error *e)
{
    const size_t m = s->p->n_obj, cap = 2 * s->n_pop;

    for (uint32_t rank = 0;; rank++) {
        const double *col[ARCHIVE_MAX_OBJ];
        size_t n_front = 0;
        for (size_t i = 0; i < s->n; i++)
            if (s->one[i].rank == rank)
                s->front[n_front++] = (uint32_t)i;
        if (n_front == 0)
            return COSIM_OK;
        for (size_t j = 0; j < m; j++) {
            col[j] = s->column + j * cap;
            for (size_t f = 0; f < n_front; f++)
                s->column[j * cap + f] = s->one[s->front[f]].price.obj[j];
        }
        double *crowding = s->column + m * cap;
        TRY(indicator_crowding(&(struct points){ n_front, m, col }, crowding, e));
        for (size_t f = 0; f < n_front; f++)
            s->one[s->front[f]].crowding = crowding[f];
    }
}

static int by_rank_and_crowding(const void *pa, const void *pb)
{
    const struct one *a = pa, *b = pb;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->crowding != b->crowding)
        return a->crowding > b->crowding ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static cosim_status nsga2_tell(void *state, size_t n, const double *x, const double *const *obj,
                               const double *violation, cosim_error *e)
{
    struct nsga2 *s = state;

    for (size_t i = 0; i < n; i++) {
        struct one *one = &s->one[s->n++];
        memcpy(s->rows + one->row * s->n_vars, x + i * s->n_vars, s->n_vars * sizeof *x);
        one->price.violation = violation[i];
        for (size_t j = 0; j < s->p->n_obj; j++) {
            const double f = obj[j][i];
            one->price.obj[j] = f;
            if (!is_known(f) || !is_known(violation[i]))
                one->price.violation = INF_F64;
        }
    }
    if (s->n % s->n_pop)
        return COSIM_OK;
    rank_all(s);
    TRY(crowd_all(s, e));
    qsort(s->one, s->n, sizeof *s->one, by_rank_and_crowding);
    s->n = s->n_pop;
    return COSIM_OK;
}

const struct search_algo algo_nsga2 = {
    .name = "nsga2",
    .doc = "genetic, fast non-dominated sorting and crowding",
    .source = "K. Deb et al., IEEE TEC 6(2), 2002",
    .open = nsga2_open,
    .ask = nsga2_ask,
    .tell = nsga2_tell,
    .close = nsga2_close,
};
