/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * PGSAM: Pareto-guided simulated annealing with momentum. The formulation is this project's own
 * (only the name and the idea of three objectives are QEIL v2's); docs/search.md has the equations.
 *
 * Chains walk in step and share one guide front, so a run does not depend on threads. Points of a
 * discrete space that were priced before are walked over without a new evaluation.
 *
 * Most moves start from a mixture of two members of the guide front ("Pareto-guided"): single
 * changes alone get stuck between regions of a design space that infeasible points divide.
 *
 * `psa` is plain Pareto simulated annealing by a shorter way of proposing moves: pgsam with its
 * additions switched off must leave the same trace (a test holds it to that).
 */
#include "core/detmath.h"
#include "core/num.h"
#include "search/algo.h"
#include "search/guide.h"
#include "search/seen.h"
#include "search/weights.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_CHAINS 4u
#define CHI_0 0.8       /* initial acceptance of a mean worsening */
#define T_RATIO 1e-3    /* last temperature over first */
#define WARM_UP 200u    /* moves of all chains before temperatures are set */
#define MU 0.9          /* momentum kept per move */
#define EPS_U 0.2       /* chance of a uniform move */
#define TAU_M 0.5       /* softmax temperature of the preferences */
#define P_DIRECTION 0.5 /* chance to repeat a rewarded direction */
#define P_MULTI 0.1     /* chance of 2 to 4 moves at once */
#define P_ARCHIVE 0.8   /* chance that a move mixes two members of the guide front, */
#define P_RANDOM 0.05   /* and that such a move is a random point instead */
#define MIX_FLIPS 3u    /* a mixed move is followed by fewer than this many ordinary ones */
#define RHO 0.05        /* augmentation of the Tchebycheff function */
#define GUIDE_CAP 3000u
#define N_WEIGHTS 21u
#define ROUNDS 15u        /* times that a chain goes through all weights */
#define STALLED 1500u     /* evaluations of a chain without a new member before it restarts, */
#define STALLED_PARTS 40u /* or this part of its budget if less */
#define REHEAT 0.1        /* least temperature after a restart, of the first */
#define PENALTY 0.1       /* of a move that all members dominate */
#define MAX_OPTIONS 64u   /* axes with more values move up and down instead */
#define MAX_FLIPS 4u
#define MAX_FREE_MOVES 64u /* over known points before one is priced anyway */
#define STEP_SPAN 4.60517  /* real steps differ by up to e^4.6 = 100 at one temperature */
#define STEP_MAX 0.5       /* of the range at the first temperature */

struct flip {
    uint32_t axis, option;
};

struct chain {
    struct rng rng;
    double *x, *y;
    struct priced fx;
    bool placed, warm;
    double t0, t, alpha, sigma;
    uint64_t n_moves, n_stalled;
    size_t weight;
    double *preference; /* M: one number per option of each axis */
    int8_t *direction;  /* per axis: of the last rewarded move */
    struct flip flip[MAX_FLIPS];
    size_t n_flips;
    struct priced (*walk)[2]; /* the warm-up's moves, from and to */
    size_t n_walk;
};

struct pgsam {
    const struct search_problem *p;
    const struct search_options *o;
    bool plain, movable;
    size_t n_vars, n_chains, n_weights, n_asked;
    uint64_t n_points, per_chain, stalled;
    double *weight;
    size_t *offset; /* per axis: its first preference; [n_axes]: how many there are */
    size_t *var;    /* per axis: its first variable */
    struct chain *chain;
    struct guide guide;
    struct seen seen;
};

static uint32_t n_options(const struct search_axis *a)
{
    if (a->kind == AXIS_PERMUTATION)
        return a->n > 1 ? 1 : 0;
    if (a->kind == AXIS_REAL)
        return a->hi > a->lo ? 2 : 0;
    return a->n < 2 ? 0 : a->n > MAX_OPTIONS ? 2 : a->n;
}

/* Does an option mean "down" or "up" rather than a value? */
static bool steps(const struct search_axis *a)
{
    return a->kind == AXIS_REAL || (a->kind != AXIS_PERMUTATION && a->n > MAX_OPTIONS);
}

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
    guide_release(&s->guide);
    seen_release(&s->seen);
    free(s);
}

static bool open_chains(struct pgsam *s)
{
    const size_t n_pref = s->offset[s->p->n_axes];

    for (size_t c = 0; c < s->n_chains; c++) {
        struct chain *ch = &s->chain[c];
        rng_stream(&ch->rng, s->o->seed, c);
        ch->x = calloc(s->n_vars, sizeof *ch->x);
        ch->y = calloc(s->n_vars, sizeof *ch->y);
        ch->preference = calloc(n_pref + 1, sizeof *ch->preference);
        ch->direction = calloc(s->p->n_axes, sizeof *ch->direction);
        ch->walk = malloc((WARM_UP / s->n_chains + 1) * sizeof *ch->walk);
        ch->weight = c * s->n_weights / s->n_chains;
        ch->warm = true;
        if (!ch->x || !ch->y || !ch->preference || !ch->direction || !ch->walk)
            return false;
    }
    return true;
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
    s->weight = malloc(s->n_weights * p->n_obj * sizeof *s->weight);
    s->offset = malloc((p->n_axes + 1) * sizeof *s->offset);
    s->var = malloc((p->n_axes + 1) * sizeof *s->var);
    s->chain = calloc(s->n_chains, sizeof *s->chain);
    cosim_status st = guide_init(&s->guide, p, GUIDE_CAP, e);
    if (st == COSIM_OK && s->weight && s->offset && s->var && s->chain) {
        s->offset[0] = s->var[0] = 0;
        for (size_t a = 0; a < p->n_axes; a++) {
            const struct search_axis *axis = &p->axis[a];
            s->offset[a + 1] = s->offset[a] + n_options(axis);
            s->var[a + 1] = s->var[a] + (axis->kind == AXIS_PERMUTATION ? axis->n : 1);
            s->movable = s->movable || n_options(axis) > 0;
        }
        weights_das_dennis(p->n_obj, h, s->weight);
        if (open_chains(s)) {
            *out = s;
            return COSIM_OK;
        }
    }
    pgsam_close(s);
    return err_set(e, COSIM_ENOMEM, "no memory for a search");
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

/* Moves */

/* How hot the chain is, 1 at the start. */
static double heat(const struct chain *c)
{
    return c->t0 > 0 ? c->t / c->t0 : 1;
}

static void take_step(const struct search_axis *a, struct chain *c, double *v, bool up)
{
    const bool real = a->kind == AXIS_REAL;
    const double lo = real ? a->lo : 0, hi = real ? a->hi : (double)a->n - 1;
    const double far = STEP_MAX * sqrt(heat(c)) * det_exp(-STEP_SPAN * rng_f64(&c->rng));
    double step = far * (hi - lo);

    if (!real)
        step = step < 1 ? 1 : floor(step);
    const double to = up ? *v + step : *v - step;
    *v = to < lo ? lo : to > hi ? hi : to;
}

static void apply(struct pgsam *s, struct chain *c, size_t axis, uint32_t option)
{
    const struct search_axis *a = &s->p->axis[axis];
    double *v = c->y + s->var[axis];

    if (a->kind == AXIS_PERMUTATION) {
        const size_t i = rng_below(&c->rng, a->n), k = rng_below(&c->rng, a->n - 1);
        const size_t j = k >= i ? k + 1 : k;
        const double t = v[i];
        v[i] = v[j];
        v[j] = t;
    } else if (steps(a)) {
        take_step(a, c, v, option == 1);
    } else {
        *v = option;
    }
    c->flip[c->n_flips++] = (struct flip){ (uint32_t)axis, option };
}

/* The option that means "stay", or n_options if there is none. */
static uint32_t present(const struct pgsam *s, const struct chain *c, size_t axis)
{
    const struct search_axis *a = &s->p->axis[axis];

    return steps(a) || a->kind == AXIS_PERMUTATION ? n_options(a) : (uint32_t)c->y[s->var[axis]];
}

static uint32_t uniform_option(struct chain *c, uint32_t n, uint32_t now)
{
    if (now >= n)
        return (uint32_t)rng_below(&c->rng, n);
    const uint32_t v = (uint32_t)rng_below(&c->rng, n - 1);
    return v >= now ? v + 1 : v;
}

static uint32_t preferred_option(struct chain *c, const double *m, uint32_t n, uint32_t now)
{
    double weight[MAX_OPTIONS], sum = 0;

    for (uint32_t v = 0; v < n; v++) {
        weight[v] = v == now ? 0 : det_exp(m[v] / TAU_M);
        sum += weight[v];
    }
    double u = rng_f64(&c->rng) * sum;
    uint32_t last = now == 0 ? 1 : 0;
    for (uint32_t v = 0; v < n; v++) {
        if (v == now)
            continue;
        last = v;
        if (u < weight[v])
            break;
        u -= weight[v];
    }
    return last;
}

static size_t preferred_axis(const struct pgsam *s, struct chain *c)
{
    double total = 0;
    size_t at = 0;

    for (int pass = 0; pass < 2; pass++) {
        double u = pass ? rng_f64(&c->rng) * total : 0;
        for (size_t a = 0; a < s->p->n_axes; a++) {
            double most = 0;
            if (s->offset[a + 1] == s->offset[a])
                continue;
            for (size_t k = s->offset[a]; k < s->offset[a + 1]; k++)
                most = max_f64(fabs(c->preference[k]), most);
            if (pass == 0) {
                total += 1 + most;
                continue;
            }
            at = a;
            if (u < 1 + most)
                return a;
            u -= 1 + most;
        }
    }
    return at;
}

static void propose_guided(struct pgsam *s, struct chain *c)
{
    const size_t axis = preferred_axis(s, c);
    const struct search_axis *a = &s->p->axis[axis];
    const uint32_t n = n_options(a), now = present(s, c, axis);
    const int direction = c->direction[axis];

    if (direction && !s->o->no_direction_repeat && rng_f64(&c->rng) < P_DIRECTION) {
        const double v = c->y[s->var[axis]];
        if (steps(a)) {
            apply(s, c, axis, direction > 0);
            return;
        }
        if (direction > 0 ? v < (double)a->n - 1 : v > 0) {
            apply(s, c, axis, (uint32_t)(direction > 0 ? v + 1 : v - 1));
            return;
        }
    }
    const bool uniform = s->o->uniform_moves || n == 1 || rng_f64(&c->rng) < EPS_U;
    apply(s, c, axis,
          uniform ? uniform_option(c, n, now)
                  : preferred_option(c, c->preference + s->offset[axis], n, now));
}

/* Plain annealing: any axis, any other value. */
static void propose_plain(struct pgsam *s, struct chain *c)
{
    size_t n_movable = 0, axis = 0;

    for (size_t a = 0; a < s->p->n_axes; a++)
        n_movable += n_options(&s->p->axis[a]) > 0;
    size_t pick = (size_t)(rng_f64(&c->rng) * (double)n_movable);
    for (size_t a = 0; a < s->p->n_axes; a++)
        if (n_options(&s->p->axis[a]) > 0 && pick-- == 0) {
            axis = a;
            break;
        }
    apply(s, c, axis, uniform_option(c, n_options(&s->p->axis[axis]), present(s, c, axis)));
}

/* One member of the guide front with some axes of another: what is good together stays together,
 * and regions that single moves cannot reach through infeasible points are one step away. */
static void mix_members(struct pgsam *s, struct chain *c)
{
    const double *a = s->guide.row + rng_below(&c->rng, s->guide.n) * s->n_vars;
    const double *b = s->guide.row + rng_below(&c->rng, s->guide.n) * s->n_vars;

    memcpy(c->y, a, s->n_vars * sizeof *c->y);
    for (size_t i = 0; i < s->p->n_axes; i++)
        if (rng_u64(&c->rng) >> 63)
            memcpy(c->y + s->var[i], b + s->var[i], (s->var[i + 1] - s->var[i]) * sizeof *b);
}

/* The start of a move: here, or a mixture, or a random point. Gives the number of flips to add. */
static size_t start_move(struct pgsam *s, struct chain *c)
{
    const bool mixes = !s->plain && !s->o->no_archive_moves && s->guide.n > 1;

    memcpy(c->y, c->x, s->n_vars * sizeof *c->y);
    if (!mixes || rng_f64(&c->rng) >= P_ARCHIVE)
        return rng_f64(&c->rng) < P_MULTI ? 2 + rng_below(&c->rng, 3) : 1;
    if (rng_f64(&c->rng) < P_RANDOM) {
        problem_random(s->p, &c->rng, c->y);
        return 0;
    }
    mix_members(s, c);
    return rng_below(&c->rng, MIX_FLIPS);
}

static void propose(struct pgsam *s, struct chain *c)
{

    if (!c->placed) {
        const size_t k = (size_t)(c - s->chain);
        c->n_flips = 0;
        if (k < s->p->n_seeds)
            memcpy(c->y, s->p->seed + k * s->n_vars, s->n_vars * sizeof *c->y);
        else
            problem_random(s->p, &c->rng, c->y);
    } else {
        const size_t n = start_move(s, c);
        for (c->n_flips = 0; c->n_flips < n;) {
            if (s->plain)
                propose_plain(s, c);
            else
                propose_guided(s, c);
        }
    }
    if (s->p->repair)
        s->p->repair(s->p->ctx, c->y);
}

/* Decisions */

static double scalar(const struct pgsam *s, const struct chain *c, const struct priced *f)
{
    double z[8];

    guide_normalise(&s->guide, f, z);
    return weights_tchebycheff(s->weight + c->weight * s->p->n_obj, z, s->p->n_obj, RHO);
}

/* Temperature and scale of rewards from the moves of the warm-up, in the frame known by now. */
static void end_warm_up(struct pgsam *s, struct chain *c)
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

static void learn(struct pgsam *s, struct chain *c, double delta, bool entered, bool accepted)
{
    double r = -delta / c->sigma;

    r = entered ? 1 : r > 1 ? 1 : r < -1 ? -1 : is_known(r) ? r : 0;
    for (size_t f = 0; f < c->n_flips; f++) {
        const size_t a = c->flip[f].axis;
        const uint32_t option = c->flip[f].option;
        const struct search_axis *axis = &s->p->axis[a];
        const double n = n_options(axis);
        for (size_t k = s->offset[a]; k < s->offset[a + 1]; k++)
            c->preference[k] *= k == s->offset[a] + option ? MU : 1 - (1 - MU) / n;
        c->preference[s->offset[a] + option] += (1 - MU) * r;
        if (axis->kind == AXIS_CATEGORICAL || axis->kind == AXIS_PERMUTATION)
            continue;
        const double moved = c->y[s->var[a]] - c->x[s->var[a]];
        c->direction[a] = (int8_t)(accepted && r > 0 ? (moved > 0) - (moved < 0) : 0);
    }
}

static bool accepts(struct pgsam *s, struct chain *c, const struct priced *fy, double delta)
{
    if (priced_dominates(fy, &c->fx, s->p->n_obj))
        return true;
    if (fy->violation > c->fx.violation)
        return false;
    double d = delta;
    if (!s->o->no_archive_guidance && s->guide.n)
        d += PENALTY * (double)guide_count_dominating(&s->guide, fy) / (double)s->guide.n;
    return d <= 0 || rng_f64(&c->rng) < det_exp(-d / c->t);
}

static cosim_status restart(struct pgsam *s, struct chain *c, cosim_error *e)
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
static void next_weight(struct pgsam *s, struct chain *c)
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
static cosim_status settle(struct pgsam *s, struct chain *c, const struct priced *fy, bool counted,
                           cosim_error *e)
{
    bool entered = false;

    if (!(fy->violation > 0))
        TRY(guide_add(&s->guide, c->y, fy, &entered, e));
    const double delta = c->placed ? scalar(s, c, fy) - scalar(s, c, &c->fx) : 0;
    bool accepted = !c->placed;
    if (c->placed && c->warm) {
        accepted = !(fy->violation > c->fx.violation);
        if (counted && !(fy->violation > 0) && !(c->fx.violation > 0)) {
            c->walk[c->n_walk][0] = c->fx;
            c->walk[c->n_walk++][1] = *fy;
        }
    } else if (c->placed) {
        accepted = accepts(s, c, fy, delta);
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
    if (c->warm && c->n_moves >= WARM_UP / s->n_chains)
        end_warm_up(s, c);
    return c->n_stalled >= s->stalled ? restart(s, c, e) : COSIM_OK;
}

/* Proposes until the point is new, walking over known ones; then c->y is to be priced. */
static void next_point(struct pgsam *s, struct chain *c)
{
    struct priced f;

    for (size_t i = 0; i < MAX_FREE_MOVES; i++) {
        propose(s, c);
        if (!s->n_points || !seen_get(&s->seen, problem_id(s->p, c->y), &f))
            return;
        if (c->warm || settle(s, c, &f, false, NULL) != COSIM_OK)
            return;
    }
}

static size_t pgsam_ask(void *state, double *x, size_t cap)
{
    struct pgsam *s = state;
    const size_t n = s->n_chains < cap ? s->n_chains : cap;

    if (!s->movable || (s->n_points && s->seen.n >= s->n_points))
        return 0;
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
        TRY(settle(s, &s->chain[c], &f, true, e));
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
    .doc = "plain Pareto simulated annealing: pgsam without momentum",
    .source = "P. Czyzak and A. Jaszkiewicz, J. Multi-Crit. Decis. Anal. 7, 1998, for the idea",
    .open = psa_open,
    .ask = pgsam_ask,
    .tell = pgsam_tell,
    .close = pgsam_close,
};
