/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PGSAM does with the price of a proposal: accept or not, learn, cool, restart. */
#include "search/pgsam.h"
#include "search/weights.h"

#include <math.h>
#include <string.h>

#define CHI_0 0.8    /* initial acceptance of a mean worsening */
#define T_RATIO 1e-3 /* last temperature over first */
#define MU 0.9       /* momentum kept per move */
#define RHO 0.05     /* augmentation of the Tchebycheff function */
#define ROUNDS 15u   /* times that a chain goes through all weights */
#define REHEAT 0.1   /* least temperature after a restart, of the first */
#define PENALTY 0.1  /* of a move that all members dominate */

static double scalar(const struct pgsam *s, const struct pgsam_chain *c, const struct priced *f)
{
    double z[8];

    guide_normalise(&s->guide, f, z);
    return weights_tchebycheff(s->weight + c->weight * s->p->n_obj, z, s->p->n_obj, RHO);
}

/* Temperature and scale of rewards from the moves of the warm-up, in the frame known by now. */
static void end_warm_up(struct pgsam *s, struct pgsam_chain *c)
{
    double worse = 0, sum = 0, sum2 = 0;
    size_t n_worse = 0, n = 0;

    c->warm = false;
    for (size_t i = 0; i < c->n_walk; i++) {
        const double d = scalar(s, c, &c->walk[i][1]) - scalar(s, c, &c->walk[i][0]);
        if (!is_known(d))
            continue;
        worse += d > 0 ? d : 0;
        n_worse += d > 0;
        sum += d;
        sum2 += d * d;
        n++;
    }
    const double mean = n ? sum / (double)n : 0, var = n ? sum2 / (double)n - mean * mean : 0;
    c->sigma = var > 1e-24 ? sqrt(var) : 1e-12;
    c->t0 = n_worse ? -worse / (double)n_worse / det_log(CHI_0) : 1;
    c->t = c->t0;
    const double n_left = (double)s->per_chain - (double)c->n_moves;
    c->alpha = det_pow(T_RATIO, 1 / (n_left > 1 ? n_left : 1));
}

static void learn(struct pgsam *s, struct pgsam_chain *c, double delta, bool entered, bool accepted)
{
    double r = -delta / c->sigma;

    r = entered ? 1 : r > 1 ? 1 : r < -1 ? -1 : is_known(r) ? r : 0;
    if (c->move != MOVE_WALK && !entered)
        r = 0; /* what it came from is not where the chain stands */
    for (size_t f = 0; f < c->n_flips; f++) {
        const size_t a = c->flip[f].axis;
        const uint32_t option = c->flip[f].option;
        const struct search_axis *axis = &s->p->axis[a];
        const double n = pgsam_options(axis);
        for (size_t k = s->offset[a]; k < s->offset[a + 1]; k++)
            c->preference[k] *= k == s->offset[a] + option ? MU : 1 - (1 - MU) / n;
        c->preference[s->offset[a] + option] += (1 - MU) * r;
        if (axis->kind == AXIS_CATEGORICAL || axis->kind == AXIS_PERMUTATION
            || c->move != MOVE_WALK)
            continue;
        const double moved = c->y[s->var[a]] - c->x[s->var[a]];
        c->direction[a] = (int8_t)(accepted && r > 0 ? (moved > 0) - (moved < 0) : 0);
    }
}

/* The penalty needs a look at all members, so it is left out where it cannot change the answer. */
static bool accepts(struct pgsam *s, struct pgsam_chain *c, const struct priced *fy, double delta,
                    bool entered)
{
    double u = 2; /* not drawn yet */

    if (priced_dominates(fy, &c->fx, s->p->n_obj))
        return true;
    if (fy->violation > c->fx.violation)
        return false;
    if (delta > 0) {
        u = rng_f64(&c->rng);
        if (!(u < det_exp(-delta / c->t)))
            return false;
    }
    double d = delta;
    if (!s->o->no_archive_guidance && s->guide.n && !entered)
        d += PENALTY * (double)guide_count_dominating(&s->guide, fy) / (double)s->guide.n;
    if (d <= 0)
        return true;
    return (u < 2 ? u : rng_f64(&c->rng)) < det_exp(-d / c->t);
}

static cosim_status restart(struct pgsam *s, struct pgsam_chain *c, cosim_error *e)
{
    size_t at;

    c->n_stalled = 0;
    TRY(guide_least_crowded(&s->guide, &c->rng, &at, e));
    if (at == SIZE_MAX)
        return COSIM_OK;
    memcpy(c->x, s->guide.row + at * s->n_vars, s->n_vars * sizeof *c->x);
    c->fx = s->guide.price[at];
    c->t = max_f64(c->t, REHEAT * c->t0);
    return COSIM_OK;
}

/* A new weight: on with the member that is best for it. */
static void next_weight(struct pgsam *s, struct pgsam_chain *c)
{
    double best = INF_F64;

    c->weight = (c->weight + 1) % s->n_weights;
    for (size_t i = 0; i < s->guide.n && !c->warm; i++) {
        const double g = scalar(s, c, &s->guide.price[i]);
        if (g < best) {
            best = g;
            memcpy(c->x, s->guide.row + i * s->n_vars, s->n_vars * sizeof *c->x);
            c->fx = s->guide.price[i];
        }
    }
}

/* The chain learns the price of its proposal; `counted`: it was an evaluation. */
cosim_status pgsam_settle(struct pgsam *s, struct pgsam_chain *c, const struct priced *fy,
                          bool counted, cosim_error *e)
{
    double gain = 0;

    if (!(fy->violation > 0))
        TRY(guide_add(&s->guide, c->y, fy, &gain, e));
    const bool entered = gain > 0;
    if (counted && !s->plain && !s->o->no_archive_moves) {
        pgsam_credit(s, c, fy, gain);
        pool_add(&s->pool, c->y, fy, &c->rng);
        TRY(guide_refresh(&s->guide, e));
    }
    const double delta = c->placed ? scalar(s, c, fy) - scalar(s, c, &c->fx) : 0;
    bool accepted = !c->placed;
    if (c->placed && c->warm) {
        accepted = !(fy->violation > c->fx.violation);
        if (counted && c->move == MOVE_WALK && !(fy->violation > 0) && !(c->fx.violation > 0)) {
            c->walk[c->n_walk][0] = c->fx;
            c->walk[c->n_walk++][1] = *fy;
        }
    } else if (c->placed) {
        accepted = accepts(s, c, fy, delta, entered);
        if (!s->plain && !s->o->no_momentum)
            learn(s, c, delta, entered, accepted);
    }
    if (accepted) {
        memcpy(c->x, c->y, s->n_vars * sizeof *c->x);
        c->fx = *fy;
        c->placed = true;
    }
    c->n_stalled = entered ? 0 : c->n_stalled + 1;
    if (!counted)
        return COSIM_OK;
    c->n_moves++;
    c->t *= c->alpha;
    if (c->n_moves % (s->per_chain / (s->n_weights * ROUNDS) + 1) == 0)
        next_weight(s, c);
    if (c->warm && c->n_moves >= PGSAM_WARM_UP / s->n_chains)
        end_warm_up(s, c);
    return c->n_stalled >= s->stalled ? restart(s, c, e) : COSIM_OK;
}
