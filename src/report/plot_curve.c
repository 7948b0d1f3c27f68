/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One quantity along another: a line per group through its points in the order of x, a number at
 * each point, marked rows beside it. */
#include "core/num.h"
#include "report/plot_parts.h"

#include <stdint.h>
#include <stdlib.h>

#define GROUPS_MAX 7u /* as many as there are colours to tell apart */

struct curve {
    size_t x_col, y_col, group_col, value_col, mark_col;
    double *x, *y; /* of each row; NaN in both when either is unknown */
    bool *on_line; /* drawn and not marked */
    struct axis ax, ay;
    struct categories groups;
};

static cosim_status read_points(struct plot *p, struct curve *g, cosim_error *e)
{
    const size_t n = p->t->n_rows;
    size_t n_missing = 0;

    g->x = ARENA_NEW(&p->a, double, n + 1);
    g->y = ARENA_NEW(&p->a, double, n + 1);
    g->on_line = ARENA_NEW(&p->a, bool, n + 1);
    if (!g->x || !g->y || !g->on_line)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < n; r++) {
        const double x = plot_number(p->t, r, g->x_col), y = plot_number(p->t, r, g->y_col);
        const bool known = is_known(x) && is_known(y);
        g->x[r] = known ? x : UNKNOWN_F64;
        g->y[r] = known ? y : UNKNOWN_F64;
        g->on_line[r] = known && !plot_is_mark(p, g->mark_col, r);
        n_missing += !known;
    }
    if (n_missing > 0)
        plot_foot(p, "%zu of %zu points have no value on one of the axes and are not drawn",
                  n_missing, n);
    return COSIM_OK;
}

struct at {
    double x;
    size_t row;
};

static int by_x(const void *a, const void *b)
{
    const struct at *s = a, *t = b;

    if (s->x < t->x || s->x > t->x)
        return s->x < t->x ? -1 : 1;
    return (s->row > t->row) - (s->row < t->row);
}

#define LINE_BOXES_MAX 20000u /* of lines that texts keep clear of */

static void take_line(const struct plot *p, const struct curve *g, struct label_room *room,
                      const struct at *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        labels_take_line(room, plot_px_x(p, &g->ax, v[i - 1].x),
                         plot_px_y(p, &g->ay, g->y[v[i - 1].row]), plot_px_x(p, &g->ax, v[i].x),
                         plot_px_y(p, &g->ay, g->y[v[i].row]));
}

/* $curve x y group, a blank line between groups. */
static cosim_status put_lines(struct plot *p, const struct curve *g, struct label_room *room,
                              cosim_error *e)
{
    struct at *v = ARENA_NEW(&p->a, struct at, p->t->n_rows + 1);

    if (!v)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    (void)fputs("$curve << EOD\n", p->script);
    for (size_t k = 0; k < g->groups.n; k++) {
        size_t n = 0;
        for (size_t r = 0; r < p->t->n_rows; r++)
            if (g->on_line[r] && g->groups.of_row[r] == k)
                v[n++] = (struct at){ g->x[r], r };
        qsort(v, n, sizeof *v, by_x);
        for (size_t i = 0; i < n; i++)
            (void)fprintf(p->script, "%.10g %.10g %zu\n", v[i].x / g->ax.scale,
                          g->y[v[i].row] / g->ay.scale, k + 1);
        (void)fputs("\n\n", p->script);
        take_line(p, g, room, v, n);
    }
    (void)fputs("EOD\n", p->script);
    return COSIM_OK;
}

static void put_texts(struct plot *p, const struct curve *g, struct label_room *room)
{
    const struct plot_marks marks = { g->mark_col, g->x, g->y, &g->ax, &g->ay };
    const size_t n = p->t->n_rows;

    for (size_t r = 0; r < n; r++)
        if (is_known(g->x[r])) {
            const double x = plot_px_x(p, &g->ax, g->x[r]), y = plot_px_y(p, &g->ay, g->y[r]);
            labels_take(room, (struct box){ x - 4.5, y - 4.5, x + 4.5, y + 4.5 });
        }
    plot_put_marks(p, &marks, room);
    for (size_t r = 0; r < n && g->value_col != SIZE_MAX && !p->c.text; r++) {
        const double v = plot_number(p->t, r, g->value_col);
        char text[32];
        if (!g->on_line[r] || !is_known(v))
            continue;
        (void)snprintf(text, sizeof text, "%.3g", v);
        (void)labels_put(p, room, plot_px_x(p, &g->ax, g->x[r]), plot_px_y(p, &g->ay, g->y[r]),
                         text, "front boxed textcolor rgb INK");
    }
    if (g->value_col != SIZE_MAX && !p->c.text)
        plot_foot(p, "numbers: %s", plot_heading(p, &p->s->value, g->value_col));
}

cosim_status plot_curve(struct plot *p, cosim_error *e)
{
    struct curve g = { 0 };
    struct label_room room;

    TRY(plot_column(p, "x", p->s->x.column, &g.x_col, e));
    TRY(plot_column(p, "y", p->s->y.column, &g.y_col, e));
    TRY(plot_column_optional(p, "group", p->s->group, &g.group_col, e));
    TRY(plot_column_optional(p, "value", p->s->value.column, &g.value_col, e));
    TRY(plot_column_optional(p, "mark", p->s->mark, &g.mark_col, e));
    TRY(read_points(p, &g, e));
    TRY(axis_fit(p, &p->s->x, g.x_col, g.x, p->t->n_rows, &g.ax, e));
    TRY(axis_fit(p, &p->s->y, g.y_col, g.y, p->t->n_rows, &g.ay, e));
    TRY(categories_of(p, g.group_col, g.on_line, GROUPS_MAX, true, &g.groups, e));
    plot_put_key_room(p, g.groups.name, g.groups.n);
    plot_put_names(p, "GROUP", g.groups.name, g.groups.n);
    axis_put(p, "x", &g.ax);
    axis_put(p, "y", &g.ay);
    TRY(labels_new(p, &room, LINE_BOXES_MAX + 3 * p->t->n_rows, e));
    TRY(put_lines(p, &g, &room, e));
    (void)fputs("INK = '#303030'\nSOFT = '#7a7a7a'\n", p->script);
    put_texts(p, &g, &room);
    plot_put_layout(p);
    return COSIM_OK;
}
