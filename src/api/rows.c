/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/rows.h"

#include "core/text.h"

#include <string.h>

enum { COL_POINT, COL_FRONT, COL_AXIS };
#define COL_FEASIBLE (COL_AXIS + N_AXES)
#define COL_METRIC (COL_FEASIBLE + 1)
#define COL_ASSUMED (COL_METRIC + N_POINT_METRICS)
#define COL_QUALITY (COL_ASSUMED + 1)
#define N_COLS (COL_QUALITY + 1)

static bool axis_is_number(int axis)
{
    return axis >= AXIS_TP && axis < AXIS_DEVICE;
}

static enum cell_type axis_type(int axis)
{
    return axis == AXIS_CLOCK ? CELL_F64 : axis_is_number(axis) ? CELL_U64 : CELL_STR;
}

struct column point_axis_column(enum axis axis)
{
    return (struct column){ axis_name(axis), "", axis_doc(axis), axis_type((int)axis) };
}

cosim_status point_axis_set(struct table *t, size_t row, size_t col, const struct space *s,
                            enum axis axis, size_t digit, cosim_error *e)
{
    char buffer[32];

    if (axis_is_number((int)axis))
        table_set_u64(t, row, col, (uint64_t)s->number[axis][digit]);
    else if (axis == AXIS_CLOCK)
        table_set_f64(t, row, col, s->number[axis][digit]);
    else
        return table_set_str(t, row, col, space_label(s, axis, digit, buffer), e);
    return COSIM_OK;
}

cosim_status point_table_new(struct table **t, const char *title, cosim_error *e)
{
    struct column col[N_COLS] = {
        [COL_POINT] = { "point", "", "number of the point in its space", CELL_U64 },
        [COL_FRONT] = { "on_front", "", "not dominated by any other point", CELL_BOOL },
        [COL_FEASIBLE] = { "feasible", "", "feasible, or why not", CELL_STR },
        [COL_ASSUMED] = { "assumed", "", "rates of the device that are assumed, not measured",
                          CELL_STR },
        [COL_QUALITY] = { "quality_origin", "",
                          "what was measured for the perplexity, on which model", CELL_STR },
    };

    for (int a = 0; a < N_AXES; a++)
        col[COL_AXIS + a] = point_axis_column((enum axis)a);
    for (int m = 0; m < N_POINT_METRICS; m++)
        col[COL_METRIC + m] = (struct column){ metric_table[m].name, metric_table[m].unit,
                                               metric_table[m].doc, CELL_F64 };
    return table_new(t, title, col, N_COLS, e);
}

void point_assumed(const struct rates *r, const struct load *l, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; i < N_RATES && n < size; i++)
        if (r->rate[i].origin == ORIGIN_ASSUMED)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " " : "", rate_name((enum rate)i));
    for (int p = 0; p < N_PREC && n < size; p++)
        if (l->prefill.flops[p] > 0.0 && r->used[p] != (enum precision)p)
            n += (size_t)snprintf(out + n, size - n, "%s%s>%s", n ? " " : "",
                                  precision_name((enum precision)p), precision_name(r->used[p]));
}

cosim_status point_table_add(struct table *t, const struct resolved *r, struct walker *w,
                             uint64_t id, bool on_front, cosim_error *e)
{
    const struct space *s = &r->space;
    size_t digit[N_AXES], row;
    struct point p;
    char assumed[512];
    struct quality quality;

    TRY(walker_point(w, id, &p, e));
    TRY(table_add_row(t, &row, e));
    space_digits(s, id, digit);
    table_set_u64(t, row, COL_POINT, id);
    table_set_flag(t, row, COL_FRONT, on_front);
    for (int a = 0; a < N_AXES; a++)
        TRY(point_axis_set(t, row, COL_AXIS + (size_t)a, s, (enum axis)a, digit[a], e));
    TRY(table_set_str(t, row, COL_FEASIBLE, reject_name(p.reject), e));
    for (int m = 0; m < N_POINT_METRICS; m++)
        table_set_f64(t, row, COL_METRIC + (size_t)m, p.metric[m]);
    point_assumed(&s->rates[space_lane(s, digit)], &w->load, assumed, sizeof assumed);
    resolved_quality(r, digit, &quality);
    TRY(table_set_str(t, row, COL_ASSUMED, assumed, e));
    return table_set_str(t, row, COL_QUALITY, quality.doc, e);
}

cosim_status point_table_describe_request(struct table *t, const struct sweep_request *q,
                                          cosim_error *e)
{
    char objectives[256] = "";
    size_t n = 0;

    for (size_t i = 0; i < q->n_objectives && n < sizeof objectives; i++)
        n += (size_t)snprintf(objectives + n, sizeof objectives - n, "%s%s %s", i ? ", " : "",
                              metric_table[q->objective[i]].sense > 0 ? "min" : "max",
                              metric_table[q->objective[i]].name);
    TRY(table_note(t, e, "objectives: %s", objectives));
    for (size_t i = 0; i < q->n_limits; i++)
        TRY(table_note(t, e, "limit: %s %s %g %s", metric_table[q->limit[i].metric].name,
                       q->limit[i].sense > 0 ? "<=" : ">=", q->limit[i].bound,
                       metric_table[q->limit[i].metric].unit));
    return COSIM_OK;
}

cosim_status point_table_note_thinned(struct table *t, const struct sweep_request *q, size_t n_all,
                                      cosim_error *e)
{
    if (!(q->epsilon > 0.0))
        return COSIM_OK;
    return table_note(t, e, "thinned: one of %zu points in each box of %g %%", n_all,
                      100.0 * q->epsilon);
}

cosim_status point_table_describe(struct table *t, const struct resolved *r, cosim_error *e)
{
    TRY(point_table_describe_request(t, &r->request, e));
    return table_note(t, e, "space: %llu points, signature %s",
                      (unsigned long long)r->space.n_points, r->signature);
}

cosim_status front_order(const struct archive *a, size_t *order, struct arena *arena,
                         cosim_error *e)
{
    const size_t n = archive_size(a);
    const double *x = archive_objective(a, 0);
    size_t *scratch = ARENA_NEW(arena, size_t, n);

    if (!scratch)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu points", n);
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    /* bottom-up merge sort: stable, so equal values stay in the order of their ids */
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * width) {
            const size_t mid = lo + width < n ? lo + width : n;
            const size_t hi = mid + width < n ? mid + width : n;
            for (size_t i = lo, j = mid, k = lo; k < hi; k++)
                scratch[k] =
                    i < mid && (j >= hi || !(x[order[j]] < x[order[i]])) ? order[i++] : order[j++];
        }
        memcpy(order, scratch, n * sizeof *order);
    }
    return COSIM_OK;
}
