/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All ways to run a layer: spine, place of keys and values, experts per memory and member. */
#include "api/route_fork.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>

#define WAYS_MAX 4000000u

struct listing {
    const struct fork_problem *q;
    size_t layer, node; /* of the experts, when they are apart */
    struct route_option option[ROUTE_OPTIONS];
    size_t n_options;
    struct fork_way *way;
    size_t n, cap, n_tried;
    cosim_error *e;
};

/* How the experts of each memory are shared out among the members that read it, best of a phase. */
struct sharing {
    const struct listing *l;
    enum route_phase phase;
    size_t spine, *n_tried;
    uint16_t left[ROUTE_MEMBERS], now[ROUTE_MEMBERS], best[ROUTE_MEMBERS];
    double value;
};

static double weigh(const struct fork_problem *q, double seconds, double joules)
{
    double static_w = 0.0;

    for (size_t m = 0; m < q->p->n_members; m++)
        static_w += q->p->static_w[m];
    return q->s_weight * seconds + q->j_weight * (joules + static_w * seconds);
}

static bool is_last_of_pool(const struct route_problem *p, size_t member)
{
    for (size_t m = member + 1; m < p->n_members; m++)
        if (!p->down[m] && p->weight_pool[m] == p->weight_pool[member])
            return false;
    return true;
}

static void share_out(struct sharing *s, size_t member)
{
    const struct fork_problem *q = s->l->q;
    const struct route_problem *p = q->p;

    if (member == p->n_members) {
        double seconds, joules, hop_s;
        for (size_t k = 0; k < p->n_pools; k++)
            if (s->left[k] > 0)
                return; /* nobody reads that memory */
        fork_experts(p, s->phase, s->l->node, s->spine, s->now, &seconds, &joules, &hop_s);
        const double value = weigh(q, seconds, joules);
        ++*s->n_tried;
        if (value < s->value) {
            s->value = value;
            memcpy(s->best, s->now, sizeof s->best);
        }
        return;
    }
    const size_t k = p->weight_pool[member];
    const uint16_t most = p->down[member] ? 0 : s->left[k];
    const uint16_t least = !p->down[member] && is_last_of_pool(p, member) ? most : 0;
    for (uint16_t n = least; n <= most; n++) {
        s->now[member] = n;
        s->left[k] = (uint16_t)(s->left[k] - n);
        share_out(s, member + 1);
        s->left[k] = (uint16_t)(s->left[k] + n);
    }
    s->now[member] = 0;
}

static cosim_status add_way(struct listing *l, const struct fork_choice *c, size_t option)
{
    struct fork_bill b;

    if (l->n == l->cap) {
        const size_t cap = l->cap ? 2 * l->cap : 256;
        struct fork_way *more = realloc(l->way, cap * sizeof *more);
        if (!more)
            return err_set(l->e, COSIM_ENOMEM, "out of memory for placements");
        l->way = more;
        l->cap = cap;
    }
    fork_layer(l->q, l->layer, c, &b);
    double seconds = b.once_s;
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        if (l->q->p->repeats[f] > 0.0)
            seconds += l->q->p->repeats[f] * b.pass_s[f];
    struct fork_way *w = &l->way[l->n];
    *w = (struct fork_way){ .choice = *c,
                            .option = option,
                            .value = weigh(l->q, seconds, b.dynamic_j) };
    memcpy(w->bytes, b.bytes, sizeof w->bytes);
    memcpy(w->writes_out, b.writes_out, sizeof w->writes_out);
    l->n += is_known(w->value) && w->value < INF_F64;
    return COSIM_OK;
}

/* Every member may keep keys and values; that it is the usual one shows by its equal value. */
static cosim_status add_kv_places(struct listing *l, struct fork_choice *c, size_t option)
{
    const struct route_problem *p = l->q->p;

    c->kv = FORK_WITH;
    TRY(add_way(l, c, option));
    if (!l->q->kv_apart || !(p->repeats[ROUTE_DECODE] > 0.0)
        || !(p->node[l->q->node[l->layer]].kv_bytes > 0.0))
        return COSIM_OK;
    for (size_t k = 0; k < p->n_members; k++) {
        c->kv = (uint8_t)k;
        if (!p->down[k])
            TRY(add_way(l, c, option));
    }
    return COSIM_OK;
}

/* One number of experts per memory: the best shares of both phases. */
static cosim_status add_split(struct listing *l, size_t option, const uint16_t *per_pool)
{
    struct fork_choice c = { .spine = { l->option[option].place[0], l->option[option].place[1] } };

    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        struct sharing s = { .l = l,
                             .phase = (enum route_phase)f,
                             .spine = c.spine[f],
                             .value = INF_F64,
                             .n_tried = &l->n_tried };
        memcpy(s.left, per_pool, sizeof s.left);
        share_out(&s, 0);
        if (!(s.value < INF_F64))
            return COSIM_OK;
        memcpy(c.experts[f], s.best, sizeof c.experts[f]);
    }
    if (l->n_tried > WAYS_MAX)
        return err_set(l->e, COSIM_ERANGE, "too many ways to share out the experts of a layer");
    return add_kv_places(l, &c, option);
}

static cosim_status add_splits(struct listing *l, size_t option, uint16_t *per_pool, size_t pool,
                               uint16_t left)
{
    const size_t n_pools = l->q->p->n_pools;

    if (pool + 1 == n_pools) {
        per_pool[pool] = left;
        return add_split(l, option, per_pool);
    }
    for (uint16_t n = 0; n <= left; n++) {
        per_pool[pool] = n;
        TRY(add_splits(l, option, per_pool, pool + 1, (uint16_t)(left - n)));
    }
    return COSIM_OK;
}

static bool beats(const struct route_problem *p, const struct fork_way *x, const struct fork_way *y)
{
    if (x->value > y->value)
        return false;
    for (size_t k = 0; k < p->n_pools; k++)
        if (x->bytes[k] > y->bytes[k] || (x->writes_out[k] && !y->writes_out[k]))
            return false;
    return true;
}

/* Of equal ways the first one stays. */
static cosim_status keep_best(struct listing *l, struct fork_way **out, size_t *n, struct arena *a)
{
    *n = 0;
    *out = ARENA_NEW(a, struct fork_way, l->n + 1);
    if (!*out)
        return err_set(l->e, COSIM_ENOMEM, "out of memory for placements");
    for (size_t i = 0; i < l->n; i++) {
        bool beaten = false;
        for (size_t j = 0; j < l->n && !beaten; j++)
            beaten = j != i && l->way[j].option == l->way[i].option
                     && beats(l->q->p, &l->way[j], &l->way[i])
                     && (j < i || !beats(l->q->p, &l->way[i], &l->way[j]));
        if (!beaten)
            (*out)[(*n)++] = l->way[i];
    }
    return COSIM_OK;
}

cosim_status fork_ways(struct fork_way **way, size_t *n, const struct fork_problem *q, size_t layer,
                       struct arena *a, cosim_error *e)
{
    struct listing l = { .q = q, .layer = layer, .node = q->node[layer] + 1, .e = e };
    const double experts = q->split && q->experts_apart ? q->p->node[l.node].n_experts : 0.0;
    cosim_status st = COSIM_OK;

    l.n_options = route_options(q->p, l.option);
    for (size_t o = 0; st == COSIM_OK && o < l.n_options; o++) {
        struct fork_choice c = { .spine = { l.option[o].place[0], l.option[o].place[1] } };
        uint16_t per_pool[ROUTE_MEMBERS] = { 0 };
        st = experts > 0.0 ? add_splits(&l, o, per_pool, 0, (uint16_t)experts)
                           : add_kv_places(&l, &c, o);
    }
    if (st == COSIM_OK)
        st = keep_best(&l, way, n, a);
    free(l.way);
    return st;
}
