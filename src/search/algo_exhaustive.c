/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every point of a discrete space in the order of its ids; with a bound, subtrees whose optimistic
 * corner is covered by a member are skipped. Whatever is skipped is dominated, or equal to a member
 * with a lower id: the archive stays exact. */
#include "search/algo.h"

#include <stdlib.h>

struct exhaustive {
    const struct search_problem *p;
    const struct archive *known;
    uint64_t next, n_points;
    uint64_t *below; /* below[k]: points of a subtree with k + 1 variables fixed */
    double *x;
    size_t checked; /* the first `checked` variables of `next` are known not to be prunable */
    struct search_proof proof;
};

static void exhaustive_close(void *state)
{
    struct exhaustive *s = state;

    free(s->below);
    free(s->x);
    free(s);
}

static cosim_status exhaustive_open(void **out, const struct search_problem *p,
                                    const struct search_options *o, const struct archive *known,
                                    cosim_error *e)
{
    struct exhaustive *s = calloc(1, sizeof *s);

    (void)o;
    if (!s)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    *s = (struct exhaustive){ .p = p, .known = known, .n_points = problem_n_points(p) };
    s->below = malloc(p->n_axes * sizeof *s->below);
    s->x = malloc((problem_n_vars(p) + 1) * sizeof *s->x);
    cosim_status st = COSIM_OK;
    if (s->n_points == 0)
        st = err_set(e, COSIM_EUNSUPPORTED,
                     "exhaustive search needs ordinal and categorical axes and < 2^63 points");
    else if (!s->below || !s->x)
        st = err_set(e, COSIM_ENOMEM, "no memory for a search");
    if (st != COSIM_OK) {
        exhaustive_close(s);
        return st;
    }
    uint64_t points = 1;
    for (size_t k = p->n_axes; k-- > 0; points *= p->axis[k].n)
        s->below[k] = points;
    *out = s;
    return COSIM_OK;
}

/* Skips forward until `next` lies in no subtree that can be skipped. */
static void skip_pruned(struct exhaustive *s)
{
    const struct search_problem *p = s->p;
    double lower[ARCHIVE_MAX_OBJ];

    while (s->next < s->n_points && s->checked < p->n_axes) {
        const size_t k = s->checked;
        problem_point(p, s->next, s->x);
        s->proof.n_bounds++;
        const bool possible = p->bound(p->ctx, s->x, k + 1, lower);
        if (possible && !archive_covers(s->known, lower)) {
            s->checked++;
            continue;
        }
        s->proof.n_pruned_subtrees++;
        s->proof.n_pruned_points += s->below[k];
        s->next += s->below[k]; /* `next` is the first point of the subtree */
        while (s->checked > 0 && s->next % s->below[s->checked - 1] == 0)
            s->checked--;
    }
}

static size_t exhaustive_ask(void *state, double *x, size_t cap)
{
    struct exhaustive *s = state;
    const struct search_problem *p = s->p;
    size_t n = 0;

    while (n < cap) {
        if (p->bound)
            skip_pruned(s);
        if (s->next >= s->n_points)
            break;
        problem_point(p, s->next, x + n++ * p->n_axes);
        s->next++;
        while (s->checked > 0 && s->next % s->below[s->checked - 1] == 0)
            s->checked--;
    }
    return n;
}

static void exhaustive_proof(const void *state, struct search_proof *out)
{
    *out = ((const struct exhaustive *)state)->proof;
}

const struct search_algo algo_exhaustive = {
    .name = "exhaustive",
    .doc = "every point; with a bound, skips what is proved to be dominated",
    .source = "branch and bound on vectors, proof counts ours",
    .open = exhaustive_open,
    .ask = exhaustive_ask,
    .close = exhaustive_close,
    .proof = exhaustive_proof,
};
