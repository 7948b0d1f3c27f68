/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A frontier in two objectives before the cloud of points that it dominates. With a third value
 * there is one line per level of it: what the points that are at least that good attain.
 */
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/si.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 20u
#define LABELS_DEFAULT 12u
#define HOVER_POINTS_MAX 5000u
#define CLOUD_CELL_PX 1.5 /* dots nearer than this are one dot: 10^5 of them stay a small file */

struct pareto {
    size_t x_col, y_col, group_col, flag_col, label_col, value_col, mark_col;
    double *x, *y; /* of each row; NaN in both when either is unknown */
    double *value; /* third quantity of each row, NULL = not asked for */
    bool *front;   /* drawn as a point of its own */
    struct levels levels;
    size_t *edge; /* rows of the 2D frontier of each level, x from better to worse */
    size_t n_edge, edge_from[LEVELS_MAX + 1];
    struct axis ax, ay;
    struct categories groups;
};

static cosim_status read_points(struct plot *p, struct pareto *g, cosim_error *e)
{
    const size_t n = p->t->n_rows;
    size_t n_missing = 0;

    g->x = ARENA_NEW(&p->a, double, n + 1);
    g->y = ARENA_NEW(&p->a, double, n + 1);
    g->front = ARENA_NEW(&p->a, bool, n + 1);
    g->edge = ARENA_NEW(&p->a, size_t, n * LEVELS_MAX + 1);
    g->value = g->value_col == SIZE_MAX ? NULL : ARENA_NEW(&p->a, double, n + 1);
    if (!g->x || !g->y || !g->front || !g->edge || (!g->value && g->value_col != SIZE_MAX))
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < n; r++) {
        g->x[r] = plot_number(p->t, r, g->x_col);
        g->y[r] = plot_number(p->t, r, g->y_col);
        if (g->value)
            g->value[r] = plot_number(p->t, r, g->value_col);
        if (!is_known(g->x[r]) || !is_known(g->y[r])) {
            g->x[r] = g->y[r] = UNKNOWN_F64;
            n_missing++;
        }
    }
    if (n_missing > 0)
        plot_foot(p, "%zu of %zu points have no value on one of the axes and are not drawn",
                  n_missing, n);
    return COSIM_OK;
}

struct ranked {
    double x, y; /* both to be minimised */
    size_t row;
};

static int by_x_then_y(const void *a, const void *b)
{
    const struct ranked *s = a, *t = b;

    if (s->x < t->x || s->x > t->x)
        return s->x < t->x ? -1 : 1;
    if (s->y < t->y || s->y > t->y)
        return s->y < t->y ? -1 : 1;
    return (s->row > t->row) - (s->row < t->row);
}

/* Members in the order of x, and which of them the picture shows as points. */
static size_t rank_members(const struct plot *p, struct pareto *g, struct ranked *v)
{
    const double sx = p->s->x.maximise ? -1 : 1, sy = p->s->y.maximise ? -1 : 1;
    size_t n = 0;

    for (size_t r = 0; r < p->t->n_rows; r++) {
        const bool member = g->flag_col == SIZE_MAX || plot_number(p->t, r, g->flag_col) > 0;
        if (!is_known(g->x[r]) || !member || plot_is_mark(p, g->mark_col, r))
            continue;
        v[n++] = (struct ranked){ sx * g->x[r], sy * g->y[r], r };
        g->front[r] = g->flag_col != SIZE_MAX;
    }
    qsort(v, n, sizeof *v, by_x_then_y);
    return n;
}

/* Members of a frontier in more objectives need not lie on the one in these two: the line only
 * joins those that do. */
static void add_edge(const struct plot *p, struct pareto *g, const struct ranked *v, size_t n,
                     size_t level)
{
    double best = INF_F64;

    for (size_t i = 0; i < n; i++) {
        if (g->levels.n > 0
            && !level_holds(g->value[v[i].row], g->levels.limit[level], p->s->value.maximise))
            continue;
        if (v[i].y < best) {
            best = v[i].y;
            g->edge[g->n_edge++] = v[i].row;
            g->front[v[i].row] = true;
        }
    }
    g->edge_from[level + 1] = g->n_edge;
}

static size_t n_edges(const struct pareto *g)
{
    return g->levels.n > 0 ? g->levels.n : 1;
}

static cosim_status find_edges(struct plot *p, struct pareto *g, cosim_error *e)
{
    struct ranked *v = ARENA_NEW(&p->a, struct ranked, p->t->n_rows + 1);
    double *value = ARENA_NEW(&p->a, double, p->t->n_rows + 1);

    if (!v || !value)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    const size_t n = rank_members(p, g, v);
    for (size_t i = 0; i < n && g->value; i++)
        value[i] = g->value[v[i].row];
    if (g->value)
        TRY(levels_of(p, value, n, p->s->value.maximise, &g->levels, e));
    for (size_t l = 0; l < n_edges(g); l++)
        add_edge(p, g, v, n, l);
    return COSIM_OK;
}

/* 1 = strictest; 0 = none, or no levels. */
static size_t level_of(const struct plot *p, const struct pareto *g, size_t row)
{
    for (size_t l = 0; l < g->levels.n; l++)
        if (level_holds(g->value[row], g->levels.limit[l], p->s->value.maximise))
            return l + 1;
    return 0;
}

static double plotted(const struct axis *a, double v)
{
    return v / a->scale;
}

/* Between two neighbours everything attained is at most as good as the worse x with the better y of
 * what came before: a stair, never a diagonal. */
static void put_edges(const struct plot *p, const struct pareto *g)
{
    (void)fputs("$edge << EOD\n", p->script);
    for (size_t l = 0; l < n_edges(g); l++) {
        for (size_t i = g->edge_from[l]; i < g->edge_from[l + 1]; i++) {
            const size_t r = g->edge[i];
            if (i > g->edge_from[l])
                (void)fprintf(p->script, "%.10g %.10g %zu\n", plotted(&g->ax, g->x[r]),
                              plotted(&g->ay, g->y[g->edge[i - 1]]), l + 1);
            (void)fprintf(p->script, "%.10g %.10g %zu\n", plotted(&g->ax, g->x[r]),
                          plotted(&g->ay, g->y[r]), l + 1);
        }
        if (l + 1 < n_edges(g))
            (void)fputc('\n', p->script);
    }
    (void)fputs("EOD\n", p->script);
}

static cosim_status put_cloud(struct plot *p, const struct pareto *g, cosim_error *e)
{
    const double cell = p->c.text ? 1 : CLOUD_CELL_PX;
    const size_t w = (size_t)(p->c.width / cell) + 1, h = (size_t)(p->c.height / cell) + 1;
    bool *seen = ARENA_NEW(&p->a, bool, w *h);
    size_t n = 0;

    if (!seen)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    (void)fputs("$cloud << EOD\n", p->script);
    for (size_t r = 0; r < p->t->n_rows; r++) {
        if (g->front[r] || !is_known(g->x[r]) || plot_is_mark(p, g->mark_col, r))
            continue;
        const size_t i = (size_t)(plot_px_x(p, &g->ax, g->x[r]) / cell),
                     j = (size_t)(plot_px_y(p, &g->ay, g->y[r]) / cell);
        n++;
        if (seen[j * w + i])
            continue;
        seen[j * w + i] = true;
        (void)fprintf(p->script, "%.6g %.6g\n", plotted(&g->ax, g->x[r]), plotted(&g->ay, g->y[r]));
    }
    (void)fprintf(p->script, "EOD\nN_CLOUD = %zu\n", n);
    if (n > 0)
        plot_foot(p, "dots: %zu points that others beat", n);
    if (g->levels.n > 1 && !p->c.text)
        plot_foot(p, "a line per level: the frontier of the points that are at least that good");
    return COSIM_OK;
}

static void put_front(const struct plot *p, const struct pareto *g)
{
    size_t n = 0;

    (void)fputs("$front << EOD\n", p->script);
    for (size_t r = 0; r < p->t->n_rows; r++)
        if (g->front[r] && is_known(g->x[r])) {
            const uint32_t group = g->groups.of_row[r];
            n++;
            (void)fprintf(p->script, "%.10g %.10g %zu %zu %zu\n", plotted(&g->ax, g->x[r]),
                          plotted(&g->ay, g->y[r]), group == CATEGORY_NONE ? 0 : (size_t)group + 1,
                          n, level_of(p, g, r));
        }
    (void)fprintf(p->script, "EOD\nN_FRONT = %zu\nHOVER = %d\n", n, n <= HOVER_POINTS_MAX);
    if (n > HOVER_POINTS_MAX || n == 0 || p->c.text)
        return;
    (void)fprintf(p->script, "array HOVER_TEXT[%zu]\n", n);
    n = 0;
    for (size_t r = 0; r < p->t->n_rows; r++)
        if (g->front[r] && is_known(g->x[r])) {
            (void)fprintf(p->script, "HOVER_TEXT[%zu] = ", ++n);
            plot_put_hover(p, r);
            (void)fputc('\n', p->script);
        }
}

static bool put_label(const struct plot *p, const struct pareto *g, struct label_room *room,
                      size_t row)
{
    const struct cell *v = table_cell(p->t, row, g->label_col);

    return v->known && p->t->column[g->label_col].type == CELL_STR
           && labels_put(p, room, plot_px_x(p, &g->ax, g->x[row]), plot_px_y(p, &g->ay, g->y[row]),
                         v->as.str, "front boxed textcolor rgb INK");
}

static void take_frontier(const struct plot *p, const struct pareto *g, struct label_room *room)
{
    const double radius = p->c.text ? 0.4 : 4.5;

    for (size_t r = 0; r < p->t->n_rows; r++) {
        if (!g->front[r] || !is_known(g->x[r]))
            continue;
        const double x = plot_px_x(p, &g->ax, g->x[r]), y = plot_px_y(p, &g->ay, g->y[r]);
        labels_take(room, (struct box){ x - radius, y - radius, x + radius, y + radius });
    }
    for (size_t l = 0, i = 1; i < g->n_edge; i++) {
        while (l < n_edges(g) && i >= g->edge_from[l + 1])
            l++;
        if (i == g->edge_from[l])
            continue;
        const double x0 = plot_px_x(p, &g->ax, g->x[g->edge[i - 1]]),
                     y0 = plot_px_y(p, &g->ay, g->y[g->edge[i - 1]]),
                     x1 = plot_px_x(p, &g->ax, g->x[g->edge[i]]),
                     y1 = plot_px_y(p, &g->ay, g->y[g->edge[i]]);
        labels_take_line(room, x0, y0, x1, y0);
        labels_take_line(room, x1, y0, x1, y1);
    }
}

/* Marks, then the ends, then the middle, the quarters, ...: the labels spread over the frontier. */
static cosim_status put_labels(struct plot *p, const struct pareto *g, cosim_error *e)
{
    const size_t n = g->n_edge, max = p->s->labels_max ? p->s->labels_max : LABELS_DEFAULT;
    struct label_room room;
    size_t n_put = 0;

    const size_t stair = (size_t)((p->c.width + p->c.height) / LABEL_LINE_STEP_PX) + 2 * n;

    TRY(labels_new(p, &room, 2 * p->t->n_rows + max + stair, e));
    /* nothing is drawn where points would be better than the frontier */
    room.side_x = p->s->x.maximise ? 1 : -1;
    room.side_y = p->s->y.maximise ? 1 : -1;
    take_frontier(p, g, &room);
    plot_put_marks(p, &(struct plot_marks){ g->mark_col, g->x, g->y, &g->ax, &g->ay }, &room);
    if (g->label_col == SIZE_MAX || p->c.text)
        return COSIM_OK;
    bool *done = ARENA_NEW(&p->a, bool, p->t->n_rows + 1);
    if (!done)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t pieces = 1; n_put < max && pieces <= 4 * max; pieces *= 2)
        for (size_t i = 0; i <= pieces && n_put < max && n > 0; i++) {
            const size_t row = g->edge[i * (n - 1) / pieces];
            if (!done[row])
                n_put += put_label(p, g, &room, row) ? 1 : 0;
            done[row] = true;
        }
    return COSIM_OK;
}

static cosim_status choose_columns(const struct plot *p, struct pareto *g, cosim_error *e)
{
    const struct plot_spec *s = p->s;

    TRY(plot_column(p, "x", s->x.column, &g->x_col, e));
    TRY(plot_column(p, "y", s->y.column, &g->y_col, e));
    TRY(plot_column_optional(p, "group", s->group, &g->group_col, e));
    TRY(plot_column_optional(p, "flag", s->flag, &g->flag_col, e));
    TRY(plot_column_optional(p, "label", s->label, &g->label_col, e));
    TRY(plot_column_optional(p, "mark", s->mark, &g->mark_col, e));
    return plot_column_optional(p, "value", s->value.column, &g->value_col, e);
}

/* Names of groups, then the heading and the names of the levels: what the key shows. */
static cosim_status put_key(struct plot *p, const struct pareto *g, cosim_error *e)
{
    const char **name = ARENA_NEW(&p->a, const char *, g->groups.n + LEVELS_MAX + 1);
    const char *title = g->value ? plot_heading(p, &p->s->value, g->value_col) : "";
    size_t n = 0;
    char v[64];

    if (!name || !title)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t i = 0; i < g->levels.n; i++) {
        name[n] = arena_printf(
            &p->a, "%s %s", p->s->value.maximise ? "≥" : "≤",
            si_format_short(v, sizeof v, g->levels.limit[i], p->t->column[g->value_col].unit));
        if (!name[n++])
            return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    }
    plot_put_names(p, "LEVEL", name, n);
    plot_put_names(p, "LEVEL_TITLE", &title, 1);
    if (n > 0)
        name[n++] = title;
    for (size_t i = 0; i < g->groups.n; i++)
        name[n++] = g->groups.name[i];
    plot_put_key_room(p, name, n);
    plot_put_names(p, "GROUP", g->groups.name, g->groups.n);
    return COSIM_OK;
}

cosim_status plot_pareto(struct plot *p, cosim_error *e)
{
    const size_t n = p->t->n_rows;
    struct pareto g = { 0 };

    TRY(choose_columns(p, &g, e));
    TRY(read_points(p, &g, e));
    TRY(axis_fit(p, &p->s->x, g.x_col, g.x, n, &g.ax, e));
    TRY(axis_fit(p, &p->s->y, g.y_col, g.y, n, &g.ay, e));
    TRY(find_edges(p, &g, e));
    TRY(categories_of(p, g.group_col, g.front, GROUPS_MAX, true, &g.groups, e));
    TRY(put_key(p, &g, e));
    axis_put(p, "x", &g.ax);
    axis_put(p, "y", &g.ay);
    (void)fprintf(p->script, "X_BETTER = '%s'\nY_BETTER = '%s'\n",
                  p->s->x.maximise ? "higher is better" : "lower is better",
                  p->s->y.maximise ? "higher is better" : "lower is better");
    TRY(put_cloud(p, &g, e));
    put_edges(p, &g);
    put_front(p, &g);
    plot_put_layout(p);
    (void)fputs("INK = '#303030'\nSOFT = '#7a7a7a'\n", p->script);
    return put_labels(p, &g, e);
}
