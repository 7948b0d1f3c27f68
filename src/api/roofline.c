/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/resolve.h"
#include "core/num.h"
#include "core/table.h"

#include <string.h>

enum {
    COL_WHAT,
    COL_NAME,
    COL_DEVICE,
    COL_PHASE,
    COL_INTENSITY,
    COL_FLOPS_PER_S,
    COL_BYTES_PER_S,
    COL_SHARE,
    COL_BOUND,
    N_COLS
};

static const struct column columns[N_COLS] = {
    [COL_WHAT] = { "what", "", "compute roof, memory roof or operator", CELL_STR },
    [COL_NAME] = { "name", "", "precision, memory or operator", CELL_STR },
    [COL_DEVICE] = { "device", "", "device", CELL_STR },
    [COL_PHASE] = { "phase", "", "prefill or decode", CELL_STR },
    [COL_INTENSITY] = { "intensity_flop_per_byte", "flop/byte",
                        "operator: flops over memory bytes; compute roof: ridge point", CELL_F64 },
    [COL_FLOPS_PER_S] = { "flops_per_s", "flop/s", "roof, or attained rate (floors included)",
                          CELL_F64 },
    [COL_BYTES_PER_S] = { "bytes_per_s", "byte/s", "memory roof", CELL_F64 },
    [COL_SHARE] = { "share_ratio", "ratio", "of the phase's busy time", CELL_F64 },
    [COL_BOUND] = { "bound", "", "what decides", CELL_STR },
};

static cosim_status add_row(struct table *t, const char *what, const char *name, const char *device,
                            const char *phase, size_t *row, cosim_error *e)
{
    TRY(table_add_row(t, row, e));
    TRY(table_set_str(t, *row, COL_WHAT, what, e));
    TRY(table_set_str(t, *row, COL_NAME, name, e));
    TRY(table_set_str(t, *row, COL_DEVICE, device, e));
    return table_set_str(t, *row, COL_PHASE, phase, e);
}

/* Nominal roofs; the achieved share (eta) is what operators stay below. */
static cosim_status add_roofs(struct table *t, const struct device *d, cosim_error *e)
{
    size_t row;

    TRY(add_row(t, "memory roof", d->mem_type ? d->mem_type : "memory", d->id, NULL, &row, e));
    table_set_f64(t, row, COL_BYTES_PER_S, d->mem_bytes_per_s);
    if (is_known(d->l2_bytes_per_s)) {
        TRY(add_row(t, "memory roof", "last-level cache", d->id, NULL, &row, e));
        table_set_f64(t, row, COL_BYTES_PER_S, d->l2_bytes_per_s);
    }
    for (int p = 0; p < N_PREC; p++) {
        if (!is_known(d->peak_flops_per_s[p]))
            continue;
        TRY(add_row(t, "compute roof", precision_name((enum precision)p), d->id, NULL, &row, e));
        table_set_f64(t, row, COL_FLOPS_PER_S, d->peak_flops_per_s[p]);
        table_set_f64(t, row, COL_INTENSITY,
                      roofline_ridge_flop_per_byte(d->peak_flops_per_s[p], d->mem_bytes_per_s));
    }
    return COSIM_OK;
}

static cosim_status add_ops(struct table *t, const char *phase, const struct load *l,
                            const struct phase *ph, double busy_s, const struct rates *r,
                            cosim_error *e)
{
    for (size_t i = 0; i < l->graph->n_op; i++) {
        struct op_cost c;
        size_t row;
        point_op(&c, l, ph, i, r);
        const double flops = c.work.flops + c.work.vector_flops;
        if (flops <= 0.0 || c.op->collective != COLL_NONE)
            continue;
        TRY(add_row(t, "operator", c.op->label, r->device->id, phase, &row, e));
        table_set_f64(t, row, COL_INTENSITY, flops / work_mem_bytes(&c.work));
        table_set_f64(t, row, COL_FLOPS_PER_S, flops / c.call_s);
        table_set_f64(t, row, COL_SHARE, c.total_s / busy_s);
        TRY(table_set_str(t, row, COL_BOUND, bound_name(c.bound), e));
    }
    return COSIM_OK;
}

#define ROOFLINE_POINTS_MAX 64u

static cosim_status add_point(struct table *t, struct walker *w, uint64_t id, cosim_error *e)
{
    size_t digit[N_AXES];
    struct point p;

    TRY(walker_point(w, id, &p, e));
    space_digits(w->space, id, digit);
    const struct rates *r = &w->space->rates[space_lane(w->space, digit)];
    if (id < w->space->n_lanes)
        TRY(add_roofs(t, r->device, e));
    if (p.reject != REJECT_NONE && p.reject != REJECT_CAPACITY)
        return table_note(t, e, "point %llu is infeasible: %s", (unsigned long long)id,
                          reject_doc(p.reject));
    TRY(add_ops(t, "prefill", &w->load, &w->load.prefill, p.prefill.busy_s, r, e));
    return add_ops(t, "decode", &w->load, &w->load.decode, p.decode.busy_s, r, e);
}

static cosim_status roofline(struct resolved *r, cosim *c, const cosim_study *s, cosim_table **t,
                             cosim_error *e)
{
    struct walker w;

    TRY(resolve(r, c, s, e));
    if (r->space.n_points > ROOFLINE_POINTS_MAX)
        return err_set(e, COSIM_ERANGE, "%llu points are too many for one picture",
                       (unsigned long long)r->space.n_points);
    TRY(table_new(t, "roofline", columns, N_COLS, e));
    cosim_status st = walker_init(&w, &r->space, e);
    for (uint64_t id = 0; st == COSIM_OK && id < r->space.n_points; id++)
        st = add_point(*t, &w, id, e);
    walker_release(&w);
    return st;
}

cosim_status cosim_roofline(cosim *c, const cosim_study *s, cosim_table **t, cosim_error *e)
{
    struct resolved r = { 0 };

    *t = NULL;
    const cosim_status st = roofline(&r, c, s, t, e);
    resolved_release(&r);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

cosim_status cosim_signature(cosim *c, const cosim_study *s, char signature[17], cosim_error *e)
{
    struct resolved r = { 0 };
    const cosim_status st = resolve(&r, c, s, e);

    memcpy(signature, r.signature, sizeof r.signature);
    resolved_release(&r);
    return st;
}
