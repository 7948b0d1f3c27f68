/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>

#define LABELS_MAX ((size_t)1 << 21)

/* Sums in another order differ in the last bits: below this, two labels are the same. */
#define SAME_RATIO 1e-12

/* One way to run the chain up to a node, all values to be small. */
struct label {
    double v[N_ROUTE_OBJECTIVES]; /* seconds, joules, minus weighted busy seconds */
    double bytes[ROUTE_MEMBERS];
    uint32_t previous;
    uint8_t option;
};

struct solver {
    const struct route_problem *p;
    const struct route_search *s;
    struct route_option option[ROUTE_OPTIONS];
    size_t n_options, max_labels, n_made;
    size_t n_values;                     /* compared values and pools */
    bool kept_value[N_ROUTE_OBJECTIVES]; /* which v are compared */
    bool tight[ROUTE_MEMBERS];           /* pools that can fill up */
    double static_w, peak_flops_per_s, tolerance;
    struct label *label; /* of all nodes, one after the other */
    size_t n, cap;
    struct label *candidate;
    size_t n_candidates, cap_candidates;
    size_t *level; /* n_nodes + 1: first label of each node */
};

static void spend(const struct solver *s, double *v, double seconds, double joules)
{
    v[ROUTE_LATENCY] += seconds;
    v[ROUTE_ENERGY] += joules + s->static_w * seconds;
}

static void hop(const struct solver *s, double *v, size_t from, size_t to, double bytes,
                double times)
{
    spend(s, v, times * route_hop_s(s->p, from, to, bytes),
          times * bytes * s->p->link[from][to].j_per_byte);
}

static void run_node(const struct solver *s, double *v, size_t node, size_t option)
{
    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        const size_t m = s->option[option].place[f];
        const struct route_cost *c = route_cost_at(s->p, (enum route_phase)f, node, m);
        const double times = s->p->repeats[f];
        if (times > 0.0) {
            spend(s, v, times * c->s, times * c->dynamic_j);
            v[ROUTE_UNDERUSE] -=
                times * c->s * s->p->peak_flops_per_s[s->p->runs_on[m]] / s->peak_flops_per_s;
        }
    }
}

/* Weights and KV that an option puts into each pool, KV that moves. */
static void hold_node(const struct solver *s, struct label *l, size_t node, size_t option,
                      size_t first)
{
    const struct route_problem *p = s->p;
    const struct route_node *n = &p->node[node];
    const size_t x = s->option[option].place[0], y = s->option[option].place[1];
    const size_t wx = p->weight_pool[x], wy = p->weight_pool[y];
    const size_t x0 = p->weight_pool[s->option[first].place[0]];
    const size_t y0 = p->weight_pool[s->option[first].place[1]];

    if (!n->tied || (wx != x0 && wx != y0))
        l->bytes[wx] += n->weight_bytes;
    if (wy != wx && (!n->tied || (wy != x0 && wy != y0)))
        l->bytes[wy] += n->weight_bytes;
    l->bytes[p->state_pool[y]] += n->kv_bytes;
    if (p->state_pool[x] != p->state_pool[y]) {
        l->bytes[p->state_pool[x]] += n->kv_prompt_bytes;
        if (n->kv_prompt_bytes > 0.0)
            hop(s, l->v, x, y, n->kv_prompt_bytes, 1.0);
    }
}

static void enter(const struct solver *s, struct label *l, size_t node, size_t from, size_t to)
{
    (void)node;
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        if (s->p->repeats[f] > 0.0)
            hop(s, l->v, s->option[from].place[f], s->option[to].place[f], s->p->hop_bytes[f],
                s->p->repeats[f]);
}

/* The tokens go back to the first node. */
static void close_loop(const struct solver *s, struct label *l, size_t first)
{
    const double steps = s->p->repeats[ROUTE_DECODE];
    const size_t to = s->option[first].place[ROUTE_DECODE];

    if (!(steps > 0.0))
        return;
    hop(s, l->v, s->option[l->option].place[ROUTE_PREFILL], to, s->p->token_bytes, 1.0);
    hop(s, l->v, s->option[l->option].place[ROUTE_DECODE], to, s->p->token_bytes, steps - 1.0);
}

static bool fits(const struct solver *s, const struct label *l)
{
    for (size_t k = 0; k < s->p->n_pools; k++)
        if (l->bytes[k] > s->p->capacity_bytes[k])
            return false;
    return true;
}

static bool dominates(const struct solver *s, const struct label *x, const struct label *y)
{
    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        if (s->kept_value[q] && x->v[q] > y->v[q] + s->tolerance * fabs(y->v[q]))
            return false;
    for (size_t k = 0; k < s->p->n_pools; k++)
        if (s->tight[k] && x->bytes[k] > y->bytes[k] * (1.0 + SAME_RATIO))
            return false;
    return true;
}

static int by_values(const void *x, const void *y)
{
    const struct label *a = x, *b = y;

    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        if (a->v[q] < b->v[q] || a->v[q] > b->v[q])
            return a->v[q] < b->v[q] ? -1 : 1;
    for (size_t k = 0; k < ROUTE_MEMBERS; k++)
        if (a->bytes[k] < b->bytes[k] || a->bytes[k] > b->bytes[k])
            return a->bytes[k] < b->bytes[k] ? -1 : 1;
    return a->option != b->option ? (a->option < b->option ? -1 : 1)
                                  : (a->previous > b->previous) - (a->previous < b->previous);
}

static cosim_status room(struct label **v, size_t *cap, size_t need, cosim_error *e)
{
    if (need <= *cap)
        return COSIM_OK;
    const size_t cap2 = need < 512 ? 1024 : 2 * need;
    struct label *more = realloc(*v, cap2 * sizeof **v);
    if (!more)
        return err_set(e, COSIM_ENOMEM, "out of memory for placements");
    *v = more;
    *cap = cap2;
    return COSIM_OK;
}

static cosim_status offer(struct solver *s, const struct label *l, cosim_error *e)
{
    if (!(l->v[ROUTE_LATENCY] < INF_F64) || !fits(s, l))
        return COSIM_OK;
    TRY(room(&s->candidate, &s->cap_candidates, s->n_candidates + 1, e));
    struct label *kept = &s->candidate[s->n_candidates++];
    *kept = *l;
    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        if (!s->kept_value[q])
            kept->v[q] = 0.0;
    for (size_t k = 0; k < s->p->n_pools; k++)
        if (!s->tight[k])
            kept->bytes[k] = 0.0;
    return COSIM_OK;
}

/* Moves the candidates that no other dominates to the labels. */
static cosim_status keep_best(struct solver *s, cosim_error *e)
{
    const size_t first = s->n;

    if (s->n_candidates == 0)
        return COSIM_OK;
    qsort(s->candidate, s->n_candidates, sizeof *s->candidate, by_values);
    TRY(room(&s->label, &s->cap, s->n + s->n_candidates, e));
    for (size_t i = 0; i < s->n_candidates; i++) {
        bool beaten = false;
        /* sorted by the first of two values: the last one kept has the least of the second */
        const size_t oldest = s->n_values <= 2 && s->n > first ? s->n - 1 : first;
        for (size_t j = s->n; j > oldest && !beaten; j--)
            beaten = dominates(s, &s->label[j - 1], &s->candidate[i]);
        if (!beaten)
            s->label[s->n++] = s->candidate[i];
    }
    s->n_candidates = 0;
    if (s->n > s->max_labels) {
        const cosim_status st =
            err_set(e, COSIM_ERANGE, "more than %zu partial placements to compare", s->max_labels);
        err_hint(e, "ask for fewer objectives, allow an error with --precision 0.05, or search "
                    "with --algorithm pgsam");
        return st;
    }
    return COSIM_OK;
}

static cosim_status extend(struct solver *s, size_t node, size_t first, cosim_error *e)
{
    for (size_t o = 0; o < s->n_options; o++) {
        struct label step = { 0 };
        run_node(s, step.v, node, o);
        if (!(step.v[ROUTE_LATENCY] < INF_F64))
            continue;
        for (size_t i = s->level[node - 1]; i < s->level[node]; i++) {
            struct label l = s->label[i];
            enter(s, &l, node, l.option, o);
            for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
                l.v[q] += step.v[q];
            hold_node(s, &l, node, o, first);
            l.previous = (uint32_t)i;
            l.option = (uint8_t)o;
            TRY(offer(s, &l, e));
        }
        TRY(keep_best(s, e));
    }
    return COSIM_OK;
}

static cosim_status run_chain(struct solver *s, size_t first, cosim_error *e)
{
    struct label start = { .option = (uint8_t)first };

    s->n = 0;
    s->level[0] = 0;
    run_node(s, start.v, 0, first);
    hold_node(s, &start, 0, first, first);
    TRY(offer(s, &start, e));
    TRY(keep_best(s, e));
    for (size_t node = 1; node < s->p->n_nodes; node++) {
        s->level[node] = s->n;
        TRY(extend(s, node, first, e));
    }
    s->level[s->p->n_nodes] = s->n;
    s->n_made += s->n;
    return COSIM_OK;
}

/* Complete labels become plans of the front. */
static cosim_status harvest(struct solver *s, size_t first, struct placement_front *f,
                            struct arena *a, cosim_error *e)
{
    const size_t n = s->p->n_nodes;

    for (size_t i = s->level[n - 1]; i < s->level[n]; i++)
        close_loop(s, &s->label[i], first);
    for (size_t i = s->level[n - 1]; i < s->level[n]; i++) {
        struct label *l = &s->label[i];
        const double v[] = { l->v[0], l->v[1], 1.0 + l->v[ROUTE_UNDERUSE] / l->v[0] };
        if (placement_front_covers(f, v, s->s->wanted))
            continue;
        struct placement *made = route_plan_new(s->p, 0, a);
        if (!made)
            return err_set(e, COSIM_ENOMEM, "out of memory for placements");
        size_t at = i;
        for (size_t node = n; node-- > 0; at = s->label[at].previous)
            for (int phase = 0; phase < N_ROUTE_PHASES; phase++)
                made->place[phase][node] = s->option[s->label[at].option].place[phase];
        route_plan_sum(s->p, made);
        TRY(placement_front_add(f, made, s->s->wanted, a, e));
    }
    return COSIM_OK;
}

/* A memory that can hold everything at once never decides. */
static void find_tight_pools(struct solver *s)
{
    double all = 0.0;

    for (size_t i = 0; i < s->p->n_nodes; i++)
        all += s->p->node[i].weight_bytes + s->p->node[i].kv_bytes;
    for (size_t k = 0; k < s->p->n_pools; k++)
        s->tight[k] = s->p->capacity_bytes[k] < all;
}

static void init(struct solver *s)
{
    s->n_options = route_options(s->p, s->option);
    find_tight_pools(s);
    for (size_t m = 0; m < s->p->n_members; m++) {
        s->static_w += s->p->static_w[m];
        s->peak_flops_per_s += s->p->peak_flops_per_s[m];
    }
    /* underuse falls with busy time and rises with the latency: both are kept for it */
    s->kept_value[ROUTE_ENERGY] = s->s->wanted[ROUTE_ENERGY];
    s->kept_value[ROUTE_UNDERUSE] = s->s->wanted[ROUTE_UNDERUSE];
    s->kept_value[ROUTE_LATENCY] = s->s->wanted[ROUTE_LATENCY] || s->s->wanted[ROUTE_UNDERUSE];
    s->max_labels = s->s->max_labels ? s->s->max_labels : LABELS_MAX;
    for (int q = 0; q < N_ROUTE_OBJECTIVES; q++)
        s->n_values += s->kept_value[q];
    for (size_t k = 0; k < s->p->n_pools; k++)
        s->n_values += s->tight[k];
    s->tolerance = max_f64(SAME_RATIO, s->s->precision / (double)s->p->n_nodes);
}

static cosim_status note_proof(const struct solver *s, struct placement_front *f, struct arena *a,
                               cosim_error *e)
{
    f->note = s->s->precision > 0.0
                  ? arena_printf(a,
                                 "every placement is within a factor of %g of one of these (%zu "
                                 "partial ones compared)",
                                 1.0 + s->s->precision, s->n_made)
                  : arena_printf(a,
                                 "exact: every other placement is beaten by one of these (%zu "
                                 "partial ones compared)",
                                 s->n_made);
    return f->note ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for placements");
}

cosim_status route_solve(struct placement_front *f, const struct route_problem *p,
                         const struct route_search *search, struct arena *a, cosim_error *e)
{
    struct solver s = { .p = p, .s = search };
    cosim_status st = COSIM_OK;

    *f = (struct placement_front){ 0 };
    init(&s);
    s.level = calloc(p->n_nodes + 1, sizeof *s.level);
    if (!s.level)
        st = err_set(e, COSIM_ENOMEM, "out of memory for placements");
    for (size_t first = 0; st == COSIM_OK && first < s.n_options; first++) {
        st = run_chain(&s, first, e);
        if (st == COSIM_OK)
            st = harvest(&s, first, f, a, e);
    }
    placement_front_sort(f, search->wanted);
    free(s.label);
    free(s.candidate);
    free(s.level);
    if (st == COSIM_OK && f->n == 0)
        return err_set(e, COSIM_ENO, "no placement fits the memories of the platform");
    return st == COSIM_OK ? note_proof(&s, f, a, e) : st;
}
