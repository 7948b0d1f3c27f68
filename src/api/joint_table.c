/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/joint.h"
#include "api/rows.h"

#include <string.h>

/* Axes of the space first, so that pictures and people find them where a sweep has them. */
enum { COL_FRONT, COL_AXIS };
#define COL_PLACE (COL_AXIS + N_AXES)
#define COL_FEASIBLE (COL_PLACE + 1)
#define COL_METRIC (COL_FEASIBLE + 1)
#define COL_ASSUMED (COL_METRIC + N_METRICS)
#define COL_QUALITY (COL_ASSUMED + 1)
#define COL_LOSS (COL_QUALITY + 1)
#define N_COLS (COL_LOSS + 1)

cosim_status joint_table_new(struct table **t, const struct joint *j, cosim_error *e)
{
    struct column col[N_COLS] = {
        [COL_FRONT] = { "on_front", "", "not dominated by any other candidate", CELL_BOOL },
        [COL_PLACE] = { "placement", "", "nodes on members: embedding, layers, head", CELL_STR },
        [COL_FEASIBLE] = { "feasible", "", "feasible, or why not", CELL_STR },
        [COL_ASSUMED] = { "assumed", "", "rates of the device that are assumed, not measured",
                          CELL_STR },
        [COL_QUALITY] = { "quality_origin", "", "what the perplexity rests on", CELL_STR },
        [COL_LOSS] = { "loss_origin", "", "what the loss rests on", CELL_STR },
    };

    (void)j;
    for (int a = 0; a < N_AXES; a++)
        col[COL_AXIS + a] = point_axis_column((enum axis)a);
    for (int m = 0; m < N_METRICS; m++)
        col[COL_METRIC + m] = (struct column){ metric_table[m].name, metric_table[m].unit,
                                               metric_table[m].doc, CELL_F64 };
    return table_new(t, "Pareto frontier", col, N_COLS, e);
}

/* What the candidate has in place of a value of an axis of the space. */
static const char *own_text(const struct joint *j, const struct joint_point *p, int axis,
                            char *buffer, size_t size)
{
    switch (axis) {
    case AXIS_MODEL:
        return p->model->id;
    case AXIS_W:
        return p->w;
    case AXIS_KV:
        (void)snprintf(buffer, size, strcmp(p->k, p->v) == 0 ? "%s" : "%s:%s", p->k, p->v);
        return buffer;
    case AXIS_DEVICE:
        return j->platform ? j->platform->id : p->rates->device->id;
    default:
        return NULL;
    }
}

static cosim_status set_axes(struct table *t, size_t row, const struct joint *j,
                             const struct joint_choice *c, const struct joint_point *p,
                             cosim_error *e)
{
    char buffer[2 * SCHEME_TEXT_MAX + 2];

    for (int a = 0; a < N_AXES; a++) {
        const char *text = own_text(j, p, a, buffer, sizeof buffer);
        if (text)
            TRY(table_set_str(t, row, COL_AXIS + (size_t)a, text, e));
        else if (a != AXIS_CLOCK || !j->platform)
            TRY(point_axis_set(t, row, COL_AXIS + (size_t)a, &j->r.space, (enum axis)a, c->digit[a],
                               e));
    }
    return COSIM_OK;
}

cosim_status joint_table_add(struct table *t, const struct joint *j, const double *x,
                             struct arena *a, cosim_error *e)
{
    struct joint_choice c;
    struct joint_point p;
    size_t row;

    joint_read(j, x, &c);
    TRY(joint_price(j, &c, true, &p, a, e));
    TRY(table_add_row(t, &row, e));
    table_set_flag(t, row, COL_FRONT, true);
    TRY(set_axes(t, row, j, &c, &p, e));
    TRY(table_set_str(t, row, COL_PLACE, p.placement, e));
    TRY(table_set_str(t, row, COL_FEASIBLE, reject_name(p.point.reject), e));
    for (int m = 0; m < N_METRICS; m++)
        table_set_f64(t, row, COL_METRIC + (size_t)m, p.point.metric[m]);
    TRY(table_set_str(t, row, COL_ASSUMED, p.assumed, e));
    TRY(table_set_str(t, row, COL_QUALITY, p.quality_doc, e));
    return table_set_str(t, row, COL_LOSS, p.loss_doc, e);
}
