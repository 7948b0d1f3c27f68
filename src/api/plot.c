/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/plot.h"
#include "api/context.h"
#include "core/num.h"
#include "core/table.h"
#include "eval/space.h"

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

#define LABEL_MAX 128u

/* What stands at an axis: the explanation of a metric or an axis of the space up to its colon. */
static const char *label_of(const char *column, char label[LABEL_MAX])
{
    const enum metric m = metric_find(column);
    const char *doc = m != N_METRICS ? metric_table[m].doc : NULL;

    for (int a = 0; a < N_AXES && !doc; a++)
        if (strcmp(axis_name((enum axis)a), column) == 0)
            doc = axis_doc((enum axis)a);
    if (!doc)
        return NULL;
    (void)snprintf(label, LABEL_MAX, "%.*s", (int)strcspn(doc, ":"), doc);
    return label;
}

static struct plot_axis axis_of(const char *column, char label[LABEL_MAX])
{
    const enum metric m = column ? metric_find(column) : N_METRICS;

    return (struct plot_axis){ .column = column,
                               .label = column ? label_of(column, label) : NULL,
                               .maximise = m != N_METRICS && metric_table[m].sense < 0 };
}

static bool same_cell(const struct column *c, const struct cell *a, const struct cell *b)
{
    if (!a->known || !b->known)
        return a->known == b->known;
    if (c->type == CELL_STR)
        return strcmp(a->as.str, b->as.str) == 0;
    return c->type == CELL_F64   ? !(a->as.f64 < b->as.f64) && !(a->as.f64 > b->as.f64)
           : c->type == CELL_U64 ? a->as.u64 == b->as.u64
                                 : a->as.flag == b->as.flag;
}

static bool is_constant(const struct table *t, size_t col)
{
    for (size_t r = 1; r < t->n_rows; r++)
        if (!same_cell(&t->column[col], table_cell(t, 0, col), table_cell(t, r, col)))
            return false;
    return true;
}

static bool any_flag(const struct table *t, size_t col)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (cosim_table_number(t, r, col) > 0.0)
            return true;
    return false;
}

/* "model llama-3.1-8b, prompt 2048, batch 1": the axes of the space that all rows share. */
static void shared_axes(const struct table *t, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (int a = 0; a < N_AXES && t->n_rows > 0 && n < size; a++) {
        const size_t col = table_column(t, axis_name((enum axis)a));
        const bool degree = a >= AXIS_TP && a <= AXIS_DP;
        if (col == SIZE_MAX || !is_constant(t, col) || !table_cell(t, 0, col)->known)
            continue;
        const char *text = cosim_table_text(t, 0, col);
        const double number = cosim_table_number(t, 0, col);
        if ((degree && number < 2.0) || (a == AXIS_CLOCK && !(number < 1.0)))
            continue; /* one device and its nominal clock are not worth the words */
        n += text ? (size_t)snprintf(out + n, size - n, "%s%s %s", n ? ", " : "",
                                     axis_name((enum axis)a), text)
                  : (size_t)snprintf(out + n, size - n, "%s%s %.10g", n ? ", " : "",
                                     axis_name((enum axis)a), number);
    }
}

/* A copy in which what does not fit or is not known to run has no values to draw. */
static cosim_status hide_infeasible(const struct table *t, struct table **out, cosim_error *e)
{
    const size_t feasible = table_column(t, "feasible");

    TRY(table_new(out, t->title, t->column, t->n_columns, e));
    for (size_t r = 0; r < t->n_rows; r++) {
        size_t row;
        TRY(table_add_row(*out, &row, e));
        memcpy(&(*out)->cell[row * t->n_columns], &t->cell[r * t->n_columns],
               t->n_columns * sizeof *t->cell); /* strings stay those of `t`, which lives longer */
        const char *text = feasible == SIZE_MAX ? NULL : cosim_table_text(t, r, feasible);
        if (!text || strcmp(text, reject_name(REJECT_NONE)) == 0)
            continue;
        for (size_t c = 0; c < t->n_columns; c++)
            if (metric_find(t->column[c].name) != N_METRICS
                || strcmp(t->column[c].name, "loss") == 0)
                (*out)->cell[row * t->n_columns + c].known = false;
    }
    return COSIM_OK;
}

static cosim_status draw_points(const struct table *t, struct plot_spec *s, const char *path,
                                FILE *out, cosim_error *e)
{
    const size_t flag = table_column(t, "on_front");
    const size_t label = s->label ? table_column(t, s->label) : SIZE_MAX;
    struct table *shown = NULL;
    char subtitle[512];

    if (!s->subtitle) {
        shared_axes(t, subtitle, sizeof subtitle);
        s->subtitle = subtitle;
    }
    if (flag != SIZE_MAX && any_flag(t, flag))
        s->flag = "on_front";
    if (label != SIZE_MAX && is_constant(t, label))
        s->label = NULL;
    if (table_column(t, "mark") != SIZE_MAX)
        s->mark = "mark";
    cosim_status st = hide_infeasible(t, &shown, e);
    if (st == COSIM_OK)
        st = report_plot(shown, s, path, out, e);
    table_free(shown);
    return st;
}

static cosim_status draw_roofline(const struct table *t, struct plot_spec *s, const char *path,
                                  FILE *out, cosim_error *e)
{
    struct plot_ceiling ceiling[CEILINGS_MAX];
    struct table *ops = NULL;

    s->ceiling = ceiling;
    s->n_ceilings = find_ceilings(t, ceiling);
    s->x =
        (struct plot_axis){ .column = "intensity_flop_per_byte", .label = "arithmetic intensity" };
    s->y = (struct plot_axis){ .column = "flops_per_s", .label = "arithmetic done" };
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
    if (!o || o->size < sizeof *o || !o->kind)
        return err_set(e, COSIM_EUSAGE, "cosim_plot_options needs its size and a kind");
    if (!c->reports)
        return err_set(e, COSIM_EIO, "no folder of plot templates is given");
    char label[3][LABEL_MAX];
    struct plot_spec s = {
        .kind = o->kind,
        .title = o->title,
        .subtitle = o->subtitle,
        .x = axis_of(o->x, label[0]),
        .y = axis_of(o->y, label[1]),
        .value = axis_of(o->value, label[2]),
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
    return draw_points(t, &s, path, out, e);
}
