/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/si.h"

#include <math.h>
#include <string.h>

#define LOG_BEYOND_RATIO 30.0   /* a linear axis would press most points into a corner */
#define PREFIX_BEYOND_RATIO 1e6 /* no single prefix reads well over more */
#define PAD 0.04                /* of the length of the axis */
#define ZERO_WITHIN 0.35        /* smallest / largest below this: show the zero too */

struct extent {
    double lo, hi;
    size_t n;
};

static struct extent extent_of(const double *v, size_t n)
{
    struct extent x = { INF_F64, -INF_F64, 0 };

    for (size_t i = 0; i < n; i++) {
        if (!is_known(v[i]))
            continue;
        x.lo = min_f64(x.lo, v[i]);
        x.hi = max_f64(x.hi, v[i]);
        x.n++;
    }
    return x;
}

static void pad_log(struct axis *a)
{
    const double decades = max_f64(log10(a->hi / a->lo), 0.3), f = pow(10, PAD * decades);

    a->lo /= f;
    a->hi *= f;
}

static void pad_linear(struct axis *a)
{
    const double span = a->hi - a->lo;
    const bool from_zero = a->lo >= 0 && a->lo <= ZERO_WITHIN * a->hi;

    if (span <= 0) {
        const double half = a->hi != 0 ? 0.1 * fabs(a->hi) : 1;
        a->lo -= half;
        a->hi += half;
        return;
    }
    a->lo = from_zero ? 0 : a->lo - PAD * span;
    a->hi += PAD * span;
}

/* One prefix for the whole axis, in its label; over many decades each tick carries its own. */
static cosim_status set_unit(struct plot *p, const struct plot_axis *spec, size_t col,
                             struct axis *a, cosim_error *e)
{
    const char *unit = p->t->column[col].unit, *heading = plot_heading(p, spec, col);
    const struct si_unit u = si_unit_of(unit);
    const bool each = a->log && a->hi / a->lo > PREFIX_BEYOND_RATIO && (u.lo != 0 || u.hi != 0);
    const int power =
        each ? 0
             : si_power(a->log ? sqrt(a->lo) * sqrt(a->hi) : max_f64(fabs(a->lo), fabs(a->hi)), &u);
    char symbol[64];

    si_symbol(symbol, sizeof symbol, unit, power);
    const char *bracket =
        arena_printf(&p->a, "%s%s%s", each ? "" : symbol, a->log && !each && *symbol ? ", " : "",
                     a->log ? "log scale" : "");
    if (!heading || !bracket)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    a->scale = si_scale(power);
    a->label = *bracket ? arena_printf(&p->a, "%s (%s)", heading, bracket) : heading;
    a->tick_unit = each ? u.symbol : NULL;
    return a->label ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a plot");
}

cosim_status axis_fit(struct plot *p, const struct plot_axis *spec, size_t col, const double *v,
                      size_t n, struct axis *a, cosim_error *e)
{
    const struct extent x = extent_of(v, n);
    const char *name = p->t->column[col].name;

    if (x.n == 0)
        return err_set(e, COSIM_ERANGE, "nothing to draw: column '%s' has no known number", name);
    if (spec->scale == PLOT_LOG && x.lo <= 0)
        return err_set(e, COSIM_ERANGE,
                       "column '%s' has values at or below zero: no logarithmic axis", name);
    *a = (struct axis){ .lo = x.lo, .hi = x.hi };
    a->log = spec->scale == PLOT_LOG
             || (spec->scale == PLOT_AUTO && x.lo > 0 && x.hi / x.lo > LOG_BEYOND_RATIO);
    if (a->log)
        pad_log(a);
    else
        pad_linear(a);
    return set_unit(p, spec, col, a, e);
}

double axis_fraction(const struct axis *a, double v)
{
    return a->log ? log10(v / a->lo) / log10(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
}

double plot_px_x(const struct plot *p, const struct axis *x, double v)
{
    return p->c.left + axis_fraction(x, v) * (p->c.right - p->c.left);
}

double plot_px_y(const struct plot *p, const struct axis *y, double v)
{
    return p->c.bottom + axis_fraction(y, v) * (p->c.top - p->c.bottom);
}

/* Decades get labels; short axes also 2 and 5; the other digits small ticks. Beyond eight decades
 * gnuplot thins them out itself. */
static void put_log_ticks(const struct plot *p, const char *which, const struct axis *a)
{
    const double lo = a->lo / a->scale, hi = a->hi / a->scale, decades = log10(hi / lo);
    const char *separator = "";

    if (decades > 8)
        return;
    (void)fprintf(p->script, "set %stics (", which);
    for (int x = (int)floor(log10(lo)); x <= (int)ceil(log10(hi)); x++) {
        for (int digit = 1; digit <= 9; digit++) {
            const double v = digit * pow(10, x);
            const bool major = digit == 1 || (decades < 2.6 && (digit == 2 || digit == 5));
            if (v < lo || v > hi || (!major && p->c.text))
                continue;
            if (major)
                (void)fprintf(p->script, "%s%.10g", separator, v);
            else
                (void)fprintf(p->script, "%s'' %.10g 1", separator, v);
            separator = ", ";
        }
    }
    (void)fputs(")\n", p->script);
}

void axis_put(const struct plot *p, const char *which, const struct axis *a)
{
    FILE *out = p->script;

    if (a->log)
        (void)fprintf(out, "set logscale %s 10\n", which);
    (void)fprintf(out, "set %srange [%.10g:%.10g]\nset format %s ", which, a->lo / a->scale,
                  a->hi / a->scale, which);
    (void)fputs(a->tick_unit ? "'%.0s %c'." : "'%g'", out);
    if (a->tick_unit)
        gnuplot_put_tick(a->tick_unit, out);
    (void)fputc('\n', out);
    for (const char *c = which; *c; c++)
        (void)fputc(*c - 'a' + 'A', out);
    (void)fputs("LABEL = ", out);
    gnuplot_put_str(a->label, out);
    (void)fputc('\n', out);
    if (a->log)
        put_log_ticks(p, which, a);
}
