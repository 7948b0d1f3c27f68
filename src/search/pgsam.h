/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * What the parts of PGSAM share; docs/search.md has the equations. Private to src/search.
 *
 *   algo_pgsam.c     opening, asking, telling
 *   pgsam_walk.c     moves from where a chain stands: momentum, repeated directions
 *   pgsam_breed.c    moves from members of the front and the pool
 *   pgsam_decide.c   temperatures, acceptance, what a chain learns, restarts
 */
#ifndef SEARCH_PGSAM_H
#define SEARCH_PGSAM_H

#include "core/detmath.h"
#include "core/num.h"
#include "search/algo.h"
#include "search/guide.h"
#include "search/pool.h"
#include "search/seen.h"

#define PGSAM_MAX_OPTIONS 64u /* ordinal axes with more values move up and down instead */
#define PGSAM_MAX_NAMES 1024u /* categories of an axis with preferences */
#define PGSAM_MAX_FLIPS 4u
#define PGSAM_WARM_UP 200u /* moves of all chains before temperatures are set */

/* Where a move starts and what is done there. */
enum pgsam_move {
    MOVE_WALK,     /* from where the chain stands */
    MOVE_MIX,      /* whole axes from either of two members, then a few steps of the walk */
    MOVE_CROSS,    /* simulated binary and order crossover of two members, then mutation */
    MOVE_DIFFER,   /* a member plus the scaled difference of two others */
    MOVE_NEAR,     /* one axis of a member */
    MOVE_RANDOM,   /* anywhere */
    N_PGSAM_MOVES, /* each of two sources of parents where it has some: the front, the pool */
};

struct pgsam_flip {
    uint32_t axis, option;
};

struct pgsam_chain {
    struct rng rng;
    double *x, *y;
    struct priced fx;
    bool placed, warm;
    double t0, t, alpha, sigma;
    uint64_t n_moves, n_stalled;
    size_t weight;
    double *preference; /* M: one number per option of each axis */
    int8_t *direction;  /* per axis: of the last rewarded move */
    struct pgsam_flip flip[PGSAM_MAX_FLIPS];
    size_t n_flips;
    enum pgsam_move move;     /* that proposed y, */
    bool from_pool;           /* with parents from the pool */
    size_t near_axis;         /* that MOVE_NEAR changed */
    struct priced (*walk)[2]; /* the warm-up's moves, from and to */
    size_t n_walk;
};

struct pgsam {
    const struct search_problem *p;
    const struct search_options *o;
    bool plain, movable;
    size_t n_vars, n_chains, n_weights, n_seeded;
    uint64_t n_points, per_chain, stalled;
    double *weight;
    size_t *offset; /* per axis: its first preference; [n_axes]: how many there are */
    size_t *var;    /* per axis: its first variable */
    struct pgsam_chain *chain;
    struct guide guide;
    struct pool pool;
    struct seen seen;
    double credit[N_PGSAM_MOVES][2]; /* of each move, from the front and from the pool */
    double *axis_credit;             /* per axis, of MOVE_NEAR */
    double mean_gain;                /* of new members */
    double *spare;                   /* a second child */
};

/* pgsam_walk.c */

/** How many options a move along an axis has; 0: it cannot move. */
uint32_t pgsam_options(const struct search_axis *a);

/** Adds one change to c->y, by preference unless `plain`. */
void pgsam_step(struct pgsam *s, struct pgsam_chain *c);

/** One change of a given axis, by preference. */
void pgsam_step_axis(struct pgsam *s, struct pgsam_chain *c, size_t axis);

/** c->y = c->x with one change, or now and then two to four. */
void pgsam_walk(struct pgsam *s, struct pgsam_chain *c);

/* pgsam_breed.c */

/** Writes a proposal to c->y that does not start from c->x: c->move says which. */
void pgsam_breed(struct pgsam *s, struct pgsam_chain *c);

/** Chooses c->move and c->from_pool by what moves have earned. */
void pgsam_choose_move(struct pgsam *s, struct pgsam_chain *c);

/** What the last proposal, of price f, earned: `gain` is guide_add's. */
void pgsam_credit(struct pgsam *s, const struct pgsam_chain *c, const struct priced *f,
                  double gain);

/* pgsam_decide.c */

/** The chain learns the price of its proposal; `counted`: it was an evaluation. */
cosim_status pgsam_settle(struct pgsam *s, struct pgsam_chain *c, const struct priced *fy,
                          bool counted, cosim_error *e);

/** How hot the chain is, 1 at the start. */
static inline double pgsam_heat(const struct pgsam_chain *c)
{
    return c->t0 > 0 ? c->t / c->t0 : 1;
}

#endif
