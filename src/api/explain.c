/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/compat.h"
#include "api/resolve.h"
#include "core/num.h"
#include "core/table.h"

enum {
    COL_PHASE,
    COL_OP,
    COL_TIMES,
    COL_MATH,
    COL_FLOPS,
    COL_VECTOR,
    COL_W,
    COL_A,
    COL_KV_READ,
    COL_KV_WRITE,
    COL_CACHE,
    COL_NET,
    COL_COMPUTE_S,
    COL_MEMORY_S,
    COL_CACHE_S,
    COL_VECTOR_S,
    COL_NETWORK_S,
    COL_FLOOR_S,
    COL_CALL_S,
    COL_TOTAL_S,
    COL_SHARE,
    COL_BOUND,
    COL_LEVEL,
    COL_FLIP,
    COL_J,
    COL_FALLBACK,
    COL_FORMULA,
    COL_SOURCE,
    N_COLS
};

static const struct column columns[N_COLS] = {
    [COL_PHASE] = { "phase", "", "prefill of a micro-batch or one decode step", CELL_STR },
    [COL_OP] = { "op", "", "operator class", CELL_STR },
    [COL_TIMES] = { "times", "", "calls per step on one device, all stages", CELL_F64 },
    [COL_MATH] = { "math", "", "precision that the formats ask for", CELL_STR },
    [COL_FLOPS] = { "flops", "flop", "matrix flops of one call", CELL_F64 },
    [COL_VECTOR] = { "vector_flops", "flop", "vector flops of one call", CELL_F64 },
    [COL_W] = { "w_bytes", "byte", "weights read", CELL_F64 },
    [COL_A] = { "a_bytes", "byte", "activations read and written", CELL_F64 },
    [COL_KV_READ] = { "kv_read_bytes", "byte", "KV cache read", CELL_F64 },
    [COL_KV_WRITE] = { "kv_write_bytes", "byte", "KV cache written", CELL_F64 },
    [COL_CACHE] = { "cache_bytes", "byte", "last-level cache to cores", CELL_F64 },
    [COL_NET] = { "net_bytes", "byte", "payload of a collective", CELL_F64 },
    [COL_COMPUTE_S] = { "compute_s", "s", "flops * s_per_flop", CELL_F64 },
    [COL_MEMORY_S] = { "memory_s", "s", "memory bytes * s_per_mem_byte", CELL_F64 },
    [COL_CACHE_S] = { "cache_s", "s", "cache bytes * s_per_cache_byte", CELL_F64 },
    [COL_VECTOR_S] = { "vector_s", "s", "vector flops * s_per_flop[vector]", CELL_F64 },
    [COL_NETWORK_S] = { "network_s", "s", "faster of ring and tree", CELL_F64 },
    [COL_FLOOR_S] = { "floor_s", "s", "smallest kernel, or start of a collective", CELL_F64 },
    [COL_CALL_S] = { "call_s", "s", "floor + slowest stream", CELL_F64 },
    [COL_TOTAL_S] = { "total_s", "s", "times * call_s", CELL_F64 },
    [COL_SHARE] = { "share_ratio", "ratio", "of the phase's busy time", CELL_F64 },
    [COL_BOUND] = { "bound", "", "what decides", CELL_STR },
    [COL_LEVEL] = { "level", "", "unit or memory level that decides", CELL_STR },
    [COL_FLIP] = { "flip", "",
                   "how much faster the deciding resource may become before the next one decides",
                   CELL_STR },
    [COL_J] = { "total_j", "J", "dynamic energy of all calls on one rank", CELL_F64 },
    [COL_FALLBACK] = { "fallback", "", "precision computed in when the device lacks the asked one",
                       CELL_STR },
    [COL_FORMULA] = { "formula", "", "how the counts were made", CELL_STR },
    [COL_SOURCE] = { "source", "", "where the formula is from", CELL_STR },
};

static const char *level_name(enum bound b, const struct device *d)
{
    switch (b) {
    case BOUND_MEMORY:
        return d->mem_type ? d->mem_type : "memory";
    case BOUND_NETWORK:
        return d->link_type ? d->link_type : "link";
    case BOUND_CACHE:
        return "last-level cache";
    case BOUND_COMPUTE:
        return "matrix unit";
    case BOUND_VECTOR:
        return "vector unit";
    case BOUND_FLOOR:
    case N_BOUNDS:
        break;
    }
    return "kernel";
}

static cosim_status add_op(struct table *t, const char *phase, double busy_s,
                           const struct op_cost *c, const struct rates *r, cosim_error *e)
{
    const struct work *w = &c->work;
    const struct {
        size_t col;
        double v;
    } number[] = {
        { COL_TIMES, c->op->times },
        { COL_FLOPS, w->flops },
        { COL_VECTOR, w->vector_flops },
        { COL_W, w->w_bytes },
        { COL_A, w->a_bytes },
        { COL_KV_READ, w->kv_read_bytes },
        { COL_KV_WRITE, w->kv_write_bytes },
        { COL_CACHE, w->cache_bytes },
        { COL_NET, w->net_bytes },
        { COL_COMPUTE_S, c->t.compute_s },
        { COL_MEMORY_S, c->t.memory_s },
        { COL_CACHE_S, c->t.cache_s },
        { COL_VECTOR_S, c->t.vector_s },
        { COL_NETWORK_S, c->network_s },
        { COL_FLOOR_S, c->floor_s },
        { COL_CALL_S, c->call_s },
        { COL_TOTAL_S, c->total_s },
        { COL_SHARE, c->total_s / busy_s },
        { COL_J, c->total_j },
    };
    const enum precision math = c->op->math, used = r->used[math];
    char flip[96], fallback[48] = "";
    size_t row;

    TRY(table_add_row(t, &row, e));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        table_set_f64(t, row, number[i].col, number[i].v);
    if (c->flip_ratio < INF_F64)
        (void)snprintf(flip, sizeof flip, "%s at %.3gx faster %s", bound_name(c->flip_to),
                       c->flip_ratio, bound_name(c->bound));
    else
        (void)snprintf(flip, sizeof flip, "never: nothing else takes time");
    if (w->flops > 0.0 && used != math)
        (void)snprintf(fallback, sizeof fallback, "%s computed in %s", precision_name(math),
                       precision_name(used));
    TRY(table_set_str(t, row, COL_PHASE, phase, e));
    TRY(table_set_str(t, row, COL_OP, c->op->label, e));
    TRY(table_set_str(t, row, COL_MATH, w->flops > 0.0 ? precision_name(math) : NULL, e));
    TRY(table_set_str(t, row, COL_BOUND, bound_name(c->bound), e));
    TRY(table_set_str(t, row, COL_LEVEL, level_name(c->bound, r->device), e));
    TRY(table_set_str(t, row, COL_FLIP, flip, e));
    TRY(table_set_str(t, row, COL_FALLBACK, fallback[0] ? fallback : NULL, e));
    TRY(table_set_str(t, row, COL_FORMULA, c->op->kind->formula, e));
    return table_set_str(t, row, COL_SOURCE, c->op->kind->source, e);
}

static cosim_status add_phase(struct table *t, const char *name, const struct load *l,
                              const struct phase *ph, const struct phase_cost *cost,
                              const struct rates *r, cosim_error *e)
{
    for (size_t i = 0; i < l->graph->n_op; i++) {
        struct op_cost c;
        point_op(&c, l, ph, i, r);
        TRY(add_op(t, name, cost->busy_s, &c, r, e));
    }
    return table_note(t, e,
                      "%s: busy %.4g s, step %.4g s%s, dynamic %.4g J on one rank; batch %.0f, "
                      "%.0f new tokens after %.1f cached",
                      name, cost->busy_s, cost->step_s,
                      cost->launch_bound ? " (the host's launches decide)" : "", cost->dynamic_j,
                      ph->step.batch, ph->step.new_tokens, ph->step.cached);
}

static cosim_status note_rates(struct table *t, const struct rates *r, cosim_error *e)
{
    for (int i = 0; i < N_RATES; i++)
        TRY(table_note(t, e, "%s = %.6g %s (%s: %s)", rate_name((enum rate)i), r->rate[i].value,
                       rate_unit((enum rate)i), origin_name(r->rate[i].origin),
                       r->rate[i].source ? r->rate[i].source : "-"));
    for (int p = 0; p < N_PREC; p++)
        if (is_known(r->s_per_flop[p].value))
            TRY(table_note(t, e, "s_per_flop[%s] = %.6g (%s: %s), j_per_flop = %.6g (%s)",
                           precision_name((enum precision)p), r->s_per_flop[p].value,
                           origin_name(r->s_per_flop[p].origin),
                           r->s_per_flop[p].source ? r->s_per_flop[p].source : "-",
                           r->j_per_flop[p].value, origin_name(r->j_per_flop[p].origin)));
    return COSIM_OK;
}

static cosim_status note_totals(struct table *t, const struct point *p, const struct load *l,
                                cosim_error *e)
{
    TRY(table_note(
        t, e,
        "memory on the fullest device: weights %.4g + KV %.4g + activations %.4g = %.4g bytes",
        l->weight_bytes, l->kv_bytes, l->act_bytes, l->memory_bytes));
    if (p->reject != REJECT_NONE)
        TRY(table_note(t, e, "this point is infeasible: %s", reject_doc(p->reject)));
    for (int m = 0; m < N_METRICS; m++)
        if (is_known(p->metric[m]))
            TRY(table_note(t, e, "%s = %.6g %s", metric_table[m].name, p->metric[m],
                           metric_table[m].unit));
    return COSIM_OK;
}

static cosim_status explain_point(struct resolved *r, struct walker *w, uint64_t id,
                                  struct table *t, cosim_error *e)
{
    size_t digit[N_AXES];
    struct point p;

    TRY(walker_point(w, id, &p, e));
    space_digits(&r->space, id, digit);
    const struct rates *rates = &r->space.rates[space_lane(&r->space, digit)];
    if (p.reject != REJECT_NONE && p.reject != REJECT_CAPACITY)
        return err_set(e, COSIM_ENO, "nothing to explain, the point is infeasible: %s",
                       reject_doc(p.reject));
    TRY(add_phase(t, "prefill", &w->load, &w->load.prefill, &p.prefill, rates, e));
    TRY(add_phase(t, "decode", &w->load, &w->load.decode, &p.decode, rates, e));
    TRY(note_totals(t, &p, &w->load, e));
    return note_rates(t, rates, e);
}

static cosim_status explain(struct resolved *r, cosim *c, const cosim_study *s,
                            const uint64_t *point, cosim_table **t, cosim_error *e)
{
    TRY(resolve(r, c, s, e));
    if (!point && r->space.n_points != 1) {
        const cosim_status st = err_set(e, COSIM_EUSAGE, "the space has %llu points",
                                        (unsigned long long)r->space.n_points);
        err_hint(e, "give one value per axis, or the number of a point with --point");
        return st;
    }
    if (point && *point >= r->space.n_points)
        return err_set(e, COSIM_ERANGE, "point %llu is not in a space of %llu",
                       (unsigned long long)*point, (unsigned long long)r->space.n_points);
    const struct setting peer = study_get(s, STUDY_COMPAT);
    if (peer.text)
        return compat_explain(r, peer.text, point ? *point : 0, t, e);
    TRY(table_new(t, "operators", columns, N_COLS, e));
    struct walker w;
    cosim_status st = walker_init(&w, &r->space, e);
    if (st == COSIM_OK)
        st = explain_point(r, &w, point ? *point : 0, *t, e);
    walker_release(&w);
    return st;
}

cosim_status cosim_explain(cosim *c, const cosim_study *s, const uint64_t *point, cosim_table **t,
                           cosim_error *e)
{
    struct resolved r = { 0 };

    *t = NULL;
    const cosim_status st = explain(&r, c, s, point, t, e);
    resolved_release(&r);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
