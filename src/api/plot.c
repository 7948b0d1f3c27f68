/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/plot.h"
#include "api/context.h"
#include "core/num.h"
#include "core/table.h"
#include "eval/metric.h"

#include <string.h>

#define CEILINGS_MAX 256u

/* Rows "compute roof" and "memory roof" of a roofline table become lines of the picture. */
static size_t find_ceilings(const struct table *t, struct plot_ceiling out[CEILINGS_MAX])
{
    const size_t what = table_column(t, "what"), name = table_column(t, "name");
    const size_t device = table_column(t, "device"), flops = table_column(t, "flops_per_s");
    const size_t bytes = table_column(t, "bytes_per_s");
    size_t n = 0;

    if (what == SIZE_MAX || name == SIZE_MAX || device == SIZE_MAX || flops == SIZE_MAX
        || bytes == SIZE_MAX)
        return 0;
    for (size_t r = 0; r < t->n_rows && n < CEILINGS_MAX; r++) {
        const char *kind = cosim_table_text(t, r, what);
        const bool memory = kind && strcmp(kind, "memory roof") == 0;
        if (!memory && !(kind && strcmp(kind, "compute roof") == 0))
            continue;
        const double v = cosim_table_number(t, r, memory ? bytes : flops);
        out[n++] = (struct plot_ceiling){
            .device = cosim_table_text(t, r, device),
            .name = cosim_table_text(t, r, name),
            .flops_per_s = memory ? 0.0 : v,
            .bytes_per_s = memory ? v : 0.0,
        };
    }
    return n;
}

/* The rows of a roofline table that are operators. */
static cosim_status operators_only(const struct table *t, struct table **out, cosim_error *e)
{
    const size_t what = table_column(t, "what");

    TRY(table_new(out, t->title, t->column, t->n_columns, e));
    for (size_t r = 0; r < t->n_rows; r++) {
        const char *kind = cosim_table_text(t, r, what);
        size_t row;
        if (!kind || strcmp(kind, "operator") != 0)
            continue;
        TRY(table_add_row(*out, &row, e));
        memcpy(&(*out)->cell[row * t->n_columns], &t->cell[r * t->n_columns],
               t->n_columns * sizeof *t->cell); /* strings stay those of `t`, which lives longer */
    }
    return COSIM_OK;
}

static struct plot_axis axis_of(const char *column)
{
    const enum metric m = column ? metric_find(column) : N_METRICS;

    return (struct plot_axis){ .column = column,
                               .maximise = m != N_METRICS && metric_table[m].sense < 0 };
}

static cosim_status draw_roofline(const struct table *t, struct plot_spec *s, const char *path,
                                  FILE *out, cosim_error *e)
{
    struct plot_ceiling ceiling[CEILINGS_MAX];
    struct table *ops = NULL;

    s->ceiling = ceiling;
    s->n_ceilings = find_ceilings(t, ceiling);
    s->x = axis_of("intensity_flop_per_byte");
    s->y = axis_of("flops_per_s");
    s->label = s->label ? s->label : "name";
    s->group = s->group ? s->group : "phase";
    cosim_status st = table_column(t, "what") == SIZE_MAX
                          ? err_set(e, COSIM_EUNKNOWN, "this is no table of 'cosim roofline'")
                          : operators_only(t, &ops, e);
    if (st == COSIM_OK)
        st = report_plot(ops, s, path, out, e);
    table_free(ops);
    return st;
}

cosim_status cosim_plot(cosim *c, const cosim_table *t, const cosim_plot_options *o,
                        const char *path, FILE *out, cosim_error *e)
{
    if (o->size < sizeof *o || !o->kind)
        return err_set(e, COSIM_EUSAGE, "cosim_plot_options needs its size and a kind");
    if (!c->reports)
        return err_set(e, COSIM_EIO, "no folder of plot templates is given");
    struct plot_spec s = {
        .kind = o->kind,
        .title = o->title,
        .subtitle = o->subtitle,
        .x = axis_of(o->x),
        .y = axis_of(o->y),
        .value = axis_of(o->value),
        .group = o->group,
        .label = o->label,
        .width = o->width_px,
        .height = o->height_px,
        .template_dir = c->reports,
    };
    if (strcmp(path, "-") == 0)
        path = NULL;
    if (strcmp(o->kind, "roofline") == 0)
        return draw_roofline(t, &s, path, out, e);
    return report_plot(t, &s, path, out, e);
}
