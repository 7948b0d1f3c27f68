/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Predicted against measured: both axes logarithmic and alike, with lines at equality and at a
 * factor of two to either side. */
#include "core/num.h"
#include "report/plot_parts.h"

#include <stdint.h>

#define GROUPS_MAX 7u /* as many as there are colours to tell apart */
#define FACTOR 2.0

struct scatter {
    size_t x_col, y_col, group_col;
    double *both; /* x of each row, then y of each row; NaN in both when either cannot be drawn */
    bool *drawn;
    size_t n;
    struct axis ax, ay;
    struct categories groups;
};

static cosim_status read_points(struct plot *p, struct scatter *g, cosim_error *e)
{
    size_t n_missing = 0;

    g->n = p->t->n_rows;
    g->both = ARENA_NEW(&p->a, double, 2 * g->n + 1);
    g->drawn = ARENA_NEW(&p->a, bool, g->n + 1);
    if (!g->both || !g->drawn)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < g->n; r++) {
        const double x = plot_number(p->t, r, g->x_col), y = plot_number(p->t, r, g->y_col);
        g->drawn[r] = is_known(x) && is_known(y) && x > 0.0 && y > 0.0;
        g->both[r] = g->drawn[r] ? x : UNKNOWN_F64;
        g->both[g->n + r] = g->drawn[r] ? y : UNKNOWN_F64;
        n_missing += !g->drawn[r];
    }
    if (n_missing > 0)
        plot_foot(p, "%zu of %zu points have no positive value on both axes and are not drawn",
                  n_missing, g->n);
    return COSIM_OK;
}

static cosim_status fit_axes(struct plot *p, struct scatter *g, cosim_error *e)
{
    struct plot_axis x = p->s->x, y = p->s->y;

    x.scale = y.scale = PLOT_LOG;
    TRY(axis_fit(p, &x, g->x_col, g->both, 2 * g->n, &g->ax, e));
    return axis_fit(p, &y, g->y_col, g->both, 2 * g->n, &g->ay, e);
}

/* y = f x inside the picture; both axes have the same range. */
static void put_line(const struct plot *p, const struct scatter *g, const char *name, double f)
{
    const double lo = max_f64(g->ax.lo, g->ax.lo / f), hi = min_f64(g->ax.hi, g->ax.hi / f);

    (void)fprintf(p->script, "$%s << EOD\n", name);
    if (lo < hi)
        (void)fprintf(p->script, "%.10g %.10g\n%.10g %.10g\n", lo / g->ax.scale,
                      f * lo / g->ay.scale, hi / g->ax.scale, f * hi / g->ay.scale);
    (void)fputs("EOD\n", p->script);
}

static void put_points(const struct plot *p, const struct scatter *g)
{
    (void)fputs("$points << EOD\n", p->script);
    for (size_t r = 0; r < g->n; r++)
        if (g->drawn[r]) {
            const uint32_t group = g->groups.of_row[r];
            (void)fprintf(p->script, "%.10g %.10g %zu\n", g->both[r] / g->ax.scale,
                          g->both[g->n + r] / g->ay.scale,
                          group == CATEGORY_NONE ? 0 : (size_t)group + 1);
        }
    (void)fputs("EOD\n", p->script);
}

cosim_status plot_scatter(struct plot *p, cosim_error *e)
{
    struct scatter g = { 0 };

    TRY(plot_column(p, "x", p->s->x.column, &g.x_col, e));
    TRY(plot_column(p, "y", p->s->y.column, &g.y_col, e));
    TRY(plot_column_optional(p, "group", p->s->group, &g.group_col, e));
    TRY(read_points(p, &g, e));
    TRY(fit_axes(p, &g, e));
    TRY(categories_of(p, g.group_col, g.drawn, GROUPS_MAX, true, &g.groups, e));
    plot_put_key_room(p, g.groups.name, g.groups.n);
    axis_put(p, "x", &g.ax);
    axis_put(p, "y", &g.ay);
    plot_put_names(p, "GROUP", g.groups.name, g.groups.n);
    put_line(p, &g, "equal", 1.0);
    put_line(p, &g, "above", FACTOR);
    put_line(p, &g, "below", 1.0 / FACTOR);
    put_points(p, &g);
    plot_put_layout(p);
    return COSIM_OK;
}
