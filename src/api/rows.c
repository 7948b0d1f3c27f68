/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/rows.h"

#include "core/text.h"

#include <string.h>

enum { COL_POINT, COL_FRONT, COL_AXIS };
#define COL_FEASIBLE (COL_AXIS + N_AXES)
#define COL_METRIC (COL_FEASIBLE + 1)
#define COL_ASSUMED (COL_METRIC + N_METRICS)
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
        col[COL_AXIS + a] =
            (struct column){ axis_name((enum axis)a), "", axis_doc((enum axis)a), axis_type(a) };
    for (int m = 0; m < N_METRICS; m++)
        col[COL_METRIC + m] = (struct column){ metric_table[m].name, metric_table[m].unit,
                                               metric_table[m].doc, CELL_F64 };
    return table_new(t, title, col, N_COLS, e);
}

/* Names of assumed rates, separated by blanks; precision fallbacks as wanted>used. */
static void list_assumed(const struct rates *r, const struct load *l, char *out, size_t size)
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
    for (int a = 0; a < N_AXES; a++) {
        char buffer[32];
        if (axis_is_number(a))
            table_set_u64(t, row, COL_AXIS + (size_t)a, (uint64_t)s->number[a][digit[a]]);
        else if (a == AXIS_CLOCK)
            table_set_f64(t, row, COL_AXIS + (size_t)a, s->number[a][digit[a]]);
        else
            TRY(table_set_str(t, row, COL_AXIS + (size_t)a,
                              space_label(s, (enum axis)a, digit[a], buffer), e));
    }
    TRY(table_set_str(t, row, COL_FEASIBLE, reject_name(p.reject), e));
    for (int m = 0; m < N_METRICS; m++)
        table_set_f64(t, row, COL_METRIC + (size_t)m, p.metric[m]);
    list_assumed(&s->rates[space_lane(s, digit)], &w->load, assumed, sizeof assumed);
    resolved_quality(r, digit, &quality);
    TRY(table_set_str(t, row, COL_ASSUMED, assumed, e));
    return table_set_str(t, row, COL_QUALITY, quality.doc, e);
}

cosim_status point_table_describe(struct table *t, const struct resolved *r, cosim_error *e)
{
    const struct sweep_request *q = &r->request;
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
    return table_note(t, e, "space: %llu points, signature %s",
                      (unsigned long long)r->space.n_points, r->signature);
}
