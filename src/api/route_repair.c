/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/route_repair.h"

#include "core/num.h"

/* A row with its placement and what that holds. */
struct mend {
    const struct route_space *s;
    double *x;
    struct placement plan;
    double bytes[ROUTE_MEMBERS];
    double seconds;
};

/* A change of one number of the row and what it leads to. */
struct change {
    size_t axis;
    double value, overflow, seconds;
};

double route_overflow(const struct route_problem *p, const double *pool_bytes)
{
    double over = 0.0;

    for (size_t k = 0; k < p->n_pools; k++)
        if (pool_bytes[k] > p->capacity_bytes[k])
            over += (pool_bytes[k] - p->capacity_bytes[k]) / max_f64(p->capacity_bytes[k], 1.0);
    return over;
}

static void account(struct mend *m, size_t node, double sign)
{
    const struct route_option o = { { m->plan.place[0][node], m->plan.place[1][node] } };

    route_node_holds(m->s->p, &m->plan, node, sign, m->bytes);
    m->seconds += sign * route_node_s(m->s->p, node, &o);
}

/* Places nodes first..last anew after the row has changed; a tied head depends on node 0. */
static void place_again(struct mend *m, size_t first, size_t last)
{
    const size_t head = m->s->p->n_nodes - 1;
    const bool tied = first == 0 && last < head && m->s->p->node[head].tied;

    for (size_t i = first; i <= last; i++)
        account(m, i, -1.0);
    if (tied)
        account(m, head, -1.0);
    for (size_t i = first; i <= last; i++)
        route_space_place(m->s, m->x, i, &m->plan);
    for (size_t i = first; i <= last; i++)
        account(m, i, 1.0);
    if (tied)
        account(m, head, 1.0);
}

static bool is_better(const struct change *x, const struct change *y)
{
    if (x->overflow < y->overflow || y->overflow < x->overflow)
        return x->overflow < y->overflow;
    return x->seconds < y->seconds;
}

static void judge(const struct mend *m, size_t axis, struct change *best)
{
    const struct change c = { axis, m->x[axis], route_overflow(m->s->p, m->bytes), m->seconds };

    if (is_known(c.seconds) && c.seconds < INF_F64 && is_better(&c, best))
        *best = c;
}

/* Nodes of a layer are neighbours. */
static void layer_nodes(const struct route_problem *p, size_t layer, size_t *first, size_t *last)
{
    const size_t per_layer = (p->n_nodes - 2) / (p->node[p->n_nodes - 2].layer + 1);

    *first = 1 + layer * per_layer;
    *last = *first + per_layer - 1;
}

static void step_cut(struct mend *m, size_t cut, int direction)
{
    const size_t layer = (size_t)m->x[cut] - (direction < 0);
    size_t first, last;

    layer_nodes(m->s->p, layer, &first, &last);
    m->x[cut] += direction;
    place_again(m, first, last);
}

/* One layer at a time as far as it goes, until nothing overflows; then back. */
static void slide(struct mend *m, size_t cut, int direction, struct change *best)
{
    const double from = m->x[cut], end = direction < 0 ? 0.0 : (double)m->s->n_layers;

    while (direction < 0 ? m->x[cut] > end : m->x[cut] < end) {
        step_cut(m, cut, direction);
        judge(m, cut, best);
        if (!(route_overflow(m->s->p, m->bytes) > 0.0))
            break;
    }
    while (direction < 0 ? m->x[cut] < from : m->x[cut] > from)
        step_cut(m, cut, -direction);
}

static void set_slot(struct mend *m, size_t slot, double option)
{
    m->x[slot] = option;
    if (m->s->n_kinds == 0) {
        place_again(m, slot, slot);
        return;
    }
    for (size_t i = 0; i < m->s->p->n_nodes; i++)
        if (route_space_slot(m->s, m->x, i) == slot)
            place_again(m, i, i);
}

static void try_options(struct mend *m, size_t slot, struct change *best)
{
    const double was = m->x[slot];

    for (size_t o = 0; o < m->s->n_options; o++) {
        set_slot(m, slot, (double)o);
        judge(m, slot, best);
    }
    set_slot(m, slot, was);
}

static void carry_out(struct mend *m, const struct change *c)
{
    while (c->axis < m->s->n_cuts && m->x[c->axis] < c->value)
        step_cut(m, c->axis, 1);
    while (c->axis < m->s->n_cuts && m->x[c->axis] > c->value)
        step_cut(m, c->axis, -1);
    if (c->axis >= m->s->n_cuts)
        set_slot(m, c->axis, c->value);
}

void route_repair(const void *space, double *x)
{
    const struct route_space *s = space;
    uint8_t place[N_ROUTE_PHASES][ROUTE_NODES];
    struct mend m = { .s = s, .x = x, .plan = { .place = { place[0], place[1] } } };

    route_space_decode(s, x, &m.plan);
    for (size_t i = 0; i < s->p->n_nodes; i++)
        account(&m, i, 1.0);
    if (!is_known(m.seconds) || !(m.seconds < INF_F64))
        return; /* somewhere it cannot run: the violation says so */
    for (size_t guard = 0; guard < 2 * s->n_axes; guard++) {
        const double now = route_overflow(s->p, m.bytes);
        struct change best = { .overflow = now, .seconds = -INF_F64 };
        if (!(now > 0.0))
            return;
        for (size_t cut = 0; cut < s->n_cuts; cut++) {
            slide(&m, cut, 1, &best);
            slide(&m, cut, -1, &best);
        }
        for (size_t slot = s->n_cuts; slot < s->n_axes && best.overflow > 0.0; slot++)
            try_options(&m, slot, &best);
        if (!(best.overflow < now))
            return;
        carry_out(&m, &best);
    }
}
