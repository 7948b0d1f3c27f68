/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stacked horizontal bars: what a total is made of, one bar per design point, one or two totals. */
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/si.h"

#define BARS_MAX 40u
#define PARTS_MAX 9u   /* as many colours as the palette has */
#define KINDS_MAX 256u /* looked at to find the largest */
#define BAR_HALF 0.36
#define PRINT_SHARE_PX 38.0 /* a part narrower than "100%" stays without its share */

struct panel {
    struct plot_axis spec;
    size_t col;
    double *amount; /* [bar * n parts + part], in SI */
    double *total;  /* per bar */
    struct axis axis;
};

struct breakdown {
    struct categories bars, parts;
    size_t n_panels;
    struct panel panel[2];
};

static cosim_status sum_up(struct plot *p, const struct breakdown *g, struct panel *n,
                           cosim_error *e)
{
    size_t n_negative = 0;

    n->amount = ARENA_NEW(&p->a, double, g->bars.n * g->parts.n + 1);
    n->total = ARENA_NEW(&p->a, double, g->bars.n + 1);
    if (!n->amount || !n->total)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const double v = plot_number(p->t, r, n->col);
        const uint32_t bar = g->bars.of_row[r], part = g->parts.of_row[r];
        if (!is_known(v) || bar == CATEGORY_NONE || part == CATEGORY_NONE)
            continue;
        n_negative += v < 0 ? 1 : 0;
        n->amount[bar * g->parts.n + part] += v;
        n->total[bar] += v;
    }
    if (n_negative > 0)
        return err_set(e, COSIM_ERANGE, "column '%s' has values below zero: they cannot be stacked",
                       p->t->column[n->col].name);
    for (size_t i = 0; p->s->shares && i < g->bars.n * g->parts.n; i++)
        n->amount[i] = n->total[i / g->parts.n] > 0 ? n->amount[i] / n->total[i / g->parts.n] : 0;
    return COSIM_OK;
}

/* The place of the largest part that is not kept yet; ties go to the first. */
static size_t largest(const double *amount, const bool *kept, size_t n)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < n; i++)
        if (!kept[i] && (best == SIZE_MAX || amount[i] > amount[best]))
            best = i;
    return best;
}

/* More kinds than colours: the largest keep their names, in the order of the table. */
static cosim_status lump_small_parts(struct plot *p, struct breakdown *g, cosim_error *e)
{
    struct categories *k = &g->parts;
    double *amount = ARENA_NEW(&p->a, double, k->n + 1);
    bool *kept = ARENA_NEW(&p->a, bool, k->n + 1);
    uint32_t *to = ARENA_NEW(&p->a, uint32_t, k->n + 1);
    size_t n = 0;

    if (k->n <= PARTS_MAX)
        return COSIM_OK;
    if (!amount || !kept || !to)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < p->t->n_rows; r++) {
        const double v = plot_number(p->t, r, g->panel[0].col);
        if (is_known(v) && k->of_row[r] != CATEGORY_NONE)
            amount[k->of_row[r]] += v;
    }
    for (size_t i = 0; i + 1 < PARTS_MAX; i++)
        kept[largest(amount, kept, k->n)] = true;
    for (size_t i = 0; i < k->n; i++) {
        to[i] = kept[i] ? (uint32_t)n : PARTS_MAX - 1;
        if (kept[i])
            k->name[n++] = k->name[i];
    }
    plot_foot(p, "the %zu smallest kinds of %s are \"other\"", k->n - n, p->s->group);
    k->name[n++] = "other";
    k->n = n;
    for (size_t r = 0; r < p->t->n_rows; r++)
        if (k->of_row[r] != CATEGORY_NONE)
            k->of_row[r] = to[k->of_row[r]];
    return COSIM_OK;
}

static cosim_status fit_panel(struct plot *p, const struct breakdown *g, struct panel *n,
                              cosim_error *e)
{
    double ends[2] = { 0, p->s->shares ? 1 : 0 };

    for (size_t b = 0; b < g->bars.n && !p->s->shares; b++)
        ends[1] = max_f64(ends[1], n->total[b]);
    if (!(ends[1] > 0))
        return err_set(e, COSIM_ERANGE, "nothing to draw: column '%s' has no amount above zero",
                       p->t->column[n->col].name);
    n->spec.scale = PLOT_LINEAR; /* the length of a part is its amount: only from zero, linearly */
    TRY(axis_fit(p, &n->spec, n->col, ends, 2, &n->axis, e));
    if (p->s->shares) {
        n->axis.scale = 0.01;
        n->axis.label =
            arena_printf(&p->a, "%s (%% of the total)", plot_heading(p, &n->spec, n->col));
    }
    n->axis.hi = ends[1] * (g->n_panels > 1 ? 1.25 : 1.12); /* room for the totals at the ends */
    return n->axis.label ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a plot");
}

static double panel_width(const struct plot *p, const struct breakdown *g)
{
    return (p->c.right - p->c.left) / (double)g->n_panels * (g->n_panels > 1 ? 0.94 : 1);
}

/* $partK: x0 x1 y part percent, y counted from the top; percent is 0 where it would not fit. */
static void put_parts(const struct plot *p, const struct breakdown *g, size_t k)
{
    const struct panel *n = &g->panel[k];
    const double px = panel_width(p, g) / (n->axis.hi - n->axis.lo);

    (void)fprintf(p->script, "$part%zu << EOD\n", k + 1);
    for (size_t b = 0; b < g->bars.n; b++) {
        double at = 0, whole = 0;
        for (size_t i = 0; i < g->parts.n; i++)
            whole += n->amount[b * g->parts.n + i];
        for (size_t i = 0; i < g->parts.n; i++) {
            const double v = n->amount[b * g->parts.n + i];
            if (v > 0)
                (void)fprintf(p->script, "%.10g %.10g %zu %zu %.0f\n", at / n->axis.scale,
                              (at + v) / n->axis.scale, g->bars.n - 1 - b, i + 1,
                              v * px >= PRINT_SHARE_PX ? 100 * v / whole : 0);
            at += v;
        }
    }
    (void)fputs("EOD\n", p->script);
}

/* For text terminals: one mark per character cell of a bar. */
static void put_cells(const struct plot *p, const struct breakdown *g, size_t k)
{
    const struct panel *n = &g->panel[k];
    const double step = (n->axis.hi - n->axis.lo) / panel_width(p, g);

    (void)fprintf(p->script, "$cell%zu << EOD\n", k + 1);
    for (size_t b = 0; b < g->bars.n; b++) {
        double end = 0;
        size_t cell = 1;
        for (size_t i = 0; i < g->parts.n; i++) {
            end += n->amount[b * g->parts.n + i];
            for (; (double)cell * step <= end + step / 2; cell++)
                (void)fprintf(p->script, "%.10g %zu %zu\n", (double)cell * step / n->axis.scale,
                              g->bars.n - 1 - b, i + 1);
        }
    }
    (void)fputs("EOD\n", p->script);
}

static void put_totals(const struct plot *p, const struct breakdown *g, size_t k)
{
    const struct panel *n = &g->panel[k];
    char text[64];

    (void)fprintf(p->script, "array TOTAL%zu[%zu]\n$total%zu << EOD\n", k + 1, g->bars.n, k + 1);
    for (size_t b = 0; b < g->bars.n; b++)
        (void)fprintf(p->script, "%.10g %zu %zu\n",
                      (p->s->shares ? 1 : n->total[b]) / n->axis.scale, g->bars.n - 1 - b, b + 1);
    (void)fputs("EOD\n", p->script);
    for (size_t b = 0; b < g->bars.n; b++) {
        (void)fprintf(p->script, "TOTAL%zu[%zu] = ", k + 1, b + 1);
        gnuplot_put_str(si_format_short(text, sizeof text, n->total[b], p->t->column[n->col].unit),
                        p->script);
        (void)fputc('\n', p->script);
    }
}

cosim_status plot_breakdown(struct plot *p, cosim_error *e)
{
    struct breakdown g = { .n_panels = p->s->value.column ? 2 : 1 };
    size_t bar_col, part_col;

    g.panel[0].spec = p->s->y;
    g.panel[1].spec = p->s->value;
    TRY(plot_column(p, "x", p->s->x.column, &bar_col, e));
    TRY(plot_column(p, "group", p->s->group, &part_col, e));
    TRY(plot_column(p, "y", p->s->y.column, &g.panel[0].col, e));
    TRY(plot_column_optional(p, "value", p->s->value.column, &g.panel[1].col, e));
    TRY(categories_of(p, bar_col, NULL, BARS_MAX, false, &g.bars, e));
    TRY(categories_of(p, part_col, NULL, KINDS_MAX, true, &g.parts, e));
    TRY(lump_small_parts(p, &g, e));
    plot_leave_left(p, g.bars.name, g.bars.n);
    plot_put_key_room(p, g.parts.name, g.parts.n);
    plot_put_names(p, "PART", g.parts.name, g.parts.n);
    (void)fprintf(p->script,
                  "N_PANEL = %zu\nBAR_HALF = %g\nSHARES = %d\narray PANEL_HI[2]\n"
                  "array PANEL_LABEL[2]\n",
                  g.n_panels, BAR_HALF, p->s->shares);
    plot_put_y_categories(p, &g.bars, (p->c.top - p->c.bottom) / (double)g.bars.n, true);
    (void)fprintf(p->script, "set yrange [-0.7:%.1f]\n", (double)g.bars.n - 0.3);
    for (size_t k = 0; k < g.n_panels; k++) {
        TRY(sum_up(p, &g, &g.panel[k], e));
        TRY(fit_panel(p, &g, &g.panel[k], e));
        (void)fprintf(p->script, "PANEL_HI[%zu] = %.10g\nPANEL_LABEL[%zu] = ", k + 1,
                      g.panel[k].axis.hi / g.panel[k].axis.scale, k + 1);
        gnuplot_put_str(g.panel[k].axis.label, p->script);
        (void)fputc('\n', p->script);
        put_parts(p, &g, k);
        put_totals(p, &g, k);
        if (p->c.text)
            put_cells(p, &g, k);
    }
    plot_put_layout(p);
    return COSIM_OK;
}
