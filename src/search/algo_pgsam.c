/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * PGSAM: Pareto-guided simulated annealing with momentum. The formulation is this project's own
 * (only the name and the idea of three objectives are QEIL v2's); docs/search.md has the equations.
 *
 * Chains walk in step and share one guide front, so a run does not depend on threads. Points of a
 * discrete space that were priced before are walked over without a new evaluation.
 *
 * Most moves start from members of the guide front ("Pareto-guided") or of a pool beside it: single
 * changes alone get stuck between regions of a design space that infeasible points divide. Moves
 * are chosen by what they have earned.
 *
 * `psa` is plain Pareto simulated annealing by a shorter way of proposing moves: pgsam with its
 * additions switched off must leave the same trace (a test holds it to that).
 */
#include "search/pgsam.h"
#include "search/weights.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_CHAINS 4u
#define GUIDE_CAP 3000u
#define FIRST_CREDIT 0.5 /* of every move and axis: try them all */
#define POOL_CAP 100u
#define N_WEIGHTS 21u
#define STALLED 1500u      /* evaluations of a chain without a new member before it restarts, */
#define STALLED_PARTS 40u  /* or this part of its budget if less */
#define SMALL_SPACE 4000u  /* points; the warm-up of a larger one prices known points again */
#define MAX_FREE_MOVES 64u /* over known points before one is priced anyway */

static void pgsam_close(void *state)
{
    struct pgsam *s = state;

    for (size_t c = 0; s->chain && c < s->n_chains; c++) {
        free(s->chain[c].x);
        free(s->chain[c].y);
        free(s->chain[c].preference);
        free(s->chain[c].direction);
        free(s->chain[c].walk);
    }
    free(s->chain);
    free(s->weight);
    free(s->offset);
    free(s->var);
    free(s->axis_credit);
    free(s->spare);
    guide_release(&s->guide);
    pool_release(&s->pool);
    seen_release(&s->seen);
    free(s);
}

static bool open_chains(struct pgsam *s)
{
    const size_t n_pref = s->offset[s->p->n_axes];

    for (size_t c = 0; c < s->n_chains; c++) {
        struct pgsam_chain *ch = &s->chain[c];
        rng_stream(&ch->rng, s->o->seed, c);
        ch->x = calloc(s->n_vars, sizeof *ch->x);
        ch->y = calloc(s->n_vars, sizeof *ch->y);
        ch->preference = calloc(n_pref + 1, sizeof *ch->preference);
        ch->direction = calloc(s->p->n_axes, sizeof *ch->direction);
        ch->walk = malloc((PGSAM_WARM_UP / s->n_chains + 1) * sizeof *ch->walk);
        ch->weight = c * s->n_weights / s->n_chains;
        ch->warm = true;
        if (!ch->x || !ch->y || !ch->preference || !ch->direction || !ch->walk)
            return false;
    }
    return true;
}

/* Where the axes' preferences and variables begin, and what moves and axes are thought worth. */
static void lay_out(struct pgsam *s)
{
    s->offset[0] = s->var[0] = 0;
    for (size_t a = 0; a < s->p->n_axes; a++) {
        const struct search_axis *axis = &s->p->axis[a];
        s->offset[a + 1] = s->offset[a] + pgsam_options(axis);
        s->var[a + 1] = s->var[a] + (axis->kind == AXIS_PERMUTATION ? axis->n : 1);
        s->movable = s->movable || pgsam_options(axis) > 0;
        s->axis_credit[a] = FIRST_CREDIT;
    }
    for (size_t m = 0; m < N_PGSAM_MOVES; m++)
        s->credit[m][0] = s->credit[m][1] = FIRST_CREDIT;
}

static bool make_room(struct pgsam *s)
{
    s->weight = malloc(s->n_weights * s->p->n_obj * sizeof *s->weight);
    s->offset = malloc((s->p->n_axes + 1) * sizeof *s->offset);
    s->var = malloc((s->p->n_axes + 1) * sizeof *s->var);
    s->chain = calloc(s->n_chains, sizeof *s->chain);
    s->axis_credit = malloc((s->p->n_axes + 1) * sizeof *s->axis_credit);
    s->spare = malloc((s->n_vars + 1) * sizeof *s->spare);
    return s->weight && s->offset && s->var && s->chain && s->axis_credit && s->spare;
}

static cosim_status open_parts(struct pgsam *s, size_t h, cosim_error *e)
{
    TRY(guide_init(&s->guide, s->p, GUIDE_CAP, e));
    TRY(pool_init(&s->pool, s->p, POOL_CAP, e));
    if (!make_room(s))
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    lay_out(s);
    weights_das_dennis(s->p->n_obj, h, s->weight);
    return open_chains(s) ? COSIM_OK : err_set(e, COSIM_ENOMEM, "no memory for a search");
}

static cosim_status open_any(void **out, const struct search_problem *p,
                             const struct search_options *o, cosim_error *e, bool plain)
{
    struct pgsam *s = calloc(1, sizeof *s);
    const size_t h = weights_step_for(p->n_obj, N_WEIGHTS);

    if (!s)
        return err_set(e, COSIM_ENOMEM, "no memory for a search");
    s->p = p;
    s->o = o;
    s->plain = plain;
    s->n_vars = problem_n_vars(p);
    s->n_points = problem_n_points(p);
    s->n_chains = o->chains ? o->chains : DEFAULT_CHAINS;
    s->per_chain = o->budget / s->n_chains + 1;
    s->stalled = s->per_chain / STALLED_PARTS + 10;
    s->stalled = s->stalled < STALLED ? s->stalled : STALLED;
    s->n_weights = weights_count(p->n_obj, h);
    s->seen.n_obj = p->n_obj;
    const cosim_status st = open_parts(s, h, e);
    if (st != COSIM_OK)
        pgsam_close(s);
    else
        *out = s;
    return st;
}

static cosim_status pgsam_open(void **out, const struct search_problem *p,
                               const struct search_options *o, const struct archive *known,
                               cosim_error *e)
{
    (void)known;
    return open_any(out, p, o, e, false);
}

static cosim_status psa_open(void **out, const struct search_problem *p,
                             const struct search_options *o, const struct archive *known,
                             cosim_error *e)
{
    (void)known;
    return open_any(out, p, o, e, true);
}

static void propose(struct pgsam *s, struct pgsam_chain *c)
{
    c->n_flips = 0;
    c->move = MOVE_WALK;
    if (s->n_seeded < s->p->n_seeds) { /* the chains take them in turn, then go on from the last */
        memcpy(c->y, s->p->seed + s->n_seeded++ * s->n_vars, s->n_vars * sizeof *c->y);
        c->move = c->placed ? MOVE_RANDOM : MOVE_WALK;
    } else if (!c->placed) {
        problem_random(s->p, &c->rng, c->y);
    } else {
        if (!s->plain && !s->o->no_archive_moves)
            pgsam_choose_move(s, c);
        if (c->move == MOVE_WALK)
            pgsam_walk(s, c);
        else
            pgsam_breed(s, c);
    }
    if (s->p->repair)
        s->p->repair(s->p->ctx, c->y);
}

/* Proposes until the point is new, walking over known ones; then c->y is to be priced. */
static void next_point(struct pgsam *s, struct pgsam_chain *c)
{
    struct priced f;

    for (size_t i = 0; i < MAX_FREE_MOVES; i++) {
        propose(s, c);
        if (!s->n_points || !seen_get(&s->seen, problem_id(s->p, c->y), &f))
            return;
        if (c->warm && s->n_points > SMALL_SPACE)
            return; /* so rare that the warm-up need not know */
        if (c->move == MOVE_WALK && pgsam_settle(s, c, &f, false, NULL) != COSIM_OK)
            return;
    }
}

/* No axis can move: one evaluation tells all. */
static size_t ask_the_only_point(struct pgsam *s, double *x)
{
    if (s->chain[0].placed)
        return 0;
    propose(s, &s->chain[0]);
    memcpy(x, s->chain[0].y, s->n_vars * sizeof *x);
    return 1;
}

static size_t pgsam_ask(void *state, double *x, size_t cap)
{
    struct pgsam *s = state;
    const size_t n = s->n_chains < cap ? s->n_chains : cap;

    if (s->n_points && s->seen.n >= s->n_points)
        return 0;
    if (!s->movable)
        return ask_the_only_point(s, x);
    for (size_t c = 0; c < n; c++) {
        next_point(s, &s->chain[c]);
        memcpy(x + c * s->n_vars, s->chain[c].y, s->n_vars * sizeof *x);
    }
    return n;
}

static cosim_status pgsam_tell(void *state, size_t n, const double *x, const double *const *obj,
                               const double *violation, cosim_error *e)
{
    struct pgsam *s = state;

    for (size_t c = 0; c < n; c++) {
        struct priced f = { .violation = violation[c] };
        for (size_t j = 0; j < s->p->n_obj; j++) {
            f.obj[j] = obj[j][c];
            if (!is_known(f.obj[j]) || !is_known(violation[c]))
                f.violation = INF_F64;
        }
        if (s->n_points)
            TRY(seen_put(&s->seen, problem_id(s->p, x + c * s->n_vars), &f, e));
        TRY(pgsam_settle(s, &s->chain[c], &f, true, e));
    }
    return COSIM_OK;
}

const struct search_algo algo_pgsam = {
    .name = "pgsam",
    .doc = "Pareto-guided simulated annealing with momentum",
    .source = "this project's formulation, named after QEIL v2 (arXiv 2602.06057)",
    .open = pgsam_open,
    .ask = pgsam_ask,
    .tell = pgsam_tell,
    .close = pgsam_close,
};
const struct search_algo algo_psa = {
    .name = "psa",
    .doc = "plain Pareto simulated annealing: pgsam without its additions",
    .source = "P. Czyzak and A. Jaszkiewicz, J. Multi-Crit. Decis. Anal. 7, 1998, for the idea",
    .open = psa_open,
    .ask = pgsam_ask,
    .tell = pgsam_tell,
    .close = pgsam_close,
};
