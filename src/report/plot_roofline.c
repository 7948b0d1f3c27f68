/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Operators under the roofs of devices, both axes logarithmic: attained flop/s can reach neither
 * a peak nor intensity times a bandwidth.
 *
 * source   S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52(4), 2009
 */
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/si.h"
#include "report/utf8.h"

#include <math.h>
#include <string.h>

#define GROUPS_MAX 20u
#define LABELS_DEFAULT 24u
#define DEVICES_MAX 16u
#define SLACK 2.5 /* room around ridges and peaks, a factor */
#define POINT_PX 5.0
#define PI 3.14159265358979323846

struct device_roof {
    const char *name;
    double peak, bandwidth; /* the highest of each */
};

struct roofline {
    size_t x_col, y_col, group_col, label_col;
    double *x, *y;
    struct axis ax, ay;
    size_t n_devices;
    struct device_roof device[DEVICES_MAX];
    struct categories groups;
    struct label_room room;
};

static size_t device_of(const struct roofline *g, const char *name)
{
    size_t i = 0;

    while (i < g->n_devices && strcmp(g->device[i].name, name) != 0)
        i++;
    return i;
}

static cosim_status read_roofs(const struct plot *p, struct roofline *g, cosim_error *e)
{
    for (size_t i = 0; i < p->s->n_ceilings; i++) {
        const struct plot_ceiling *c = &p->s->ceiling[i];
        const size_t d = device_of(g, c->device);
        if (!(c->flops_per_s > 0 || c->bytes_per_s > 0))
            return err_set(e, COSIM_ERANGE, "ceiling '%s' of '%s' is not above zero", c->name,
                           c->device);
        if (d == DEVICES_MAX)
            return err_set(e, COSIM_ERANGE, "a roofline plot shows at most %u devices",
                           DEVICES_MAX);
        if (d == g->n_devices)
            g->device[g->n_devices++] = (struct device_roof){ c->device, 0, 0 };
        g->device[d].peak = max_f64(g->device[d].peak, c->flops_per_s);
        g->device[d].bandwidth = max_f64(g->device[d].bandwidth, c->bytes_per_s);
    }
    for (size_t d = 0; d < g->n_devices; d++)
        if (!(g->device[d].peak > 0 && g->device[d].bandwidth > 0))
            return err_set(e, COSIM_ERANGE, "device '%s' needs a peak and a bandwidth for its roof",
                           g->device[d].name);
    if (g->n_devices == 0)
        return err_set(e, COSIM_EUSAGE, "a roofline plot needs ceilings");
    return COSIM_OK;
}

/* The points, then the corners that must be seen as well: v has room for 2 more per ceiling. */
static size_t corners(const struct plot *p, const struct roofline *g, bool x_axis, double *v)
{
    size_t n = 0;

    for (size_t i = 0; i < p->s->n_ceilings; i++) {
        const struct plot_ceiling *c = &p->s->ceiling[i];
        const struct device_roof *d = &g->device[device_of(g, c->device)];
        const double ridge =
            c->flops_per_s > 0 ? c->flops_per_s / d->bandwidth : d->peak / c->bytes_per_s;
        const double high = c->flops_per_s > 0 ? c->flops_per_s : d->peak;
        v[n++] = x_axis ? ridge * SLACK : high * SLACK;
        v[n++] = x_axis ? ridge / (4 * SLACK) : high / (4 * SLACK);
    }
    return n;
}

static cosim_status read_points(struct plot *p, struct roofline *g, cosim_error *e)
{
    const size_t n = p->t->n_rows, cap = n + 2 * p->s->n_ceilings + 1;
    struct plot_axis sx = p->s->x, sy = p->s->y;
    size_t n_missing = 0;

    g->x = ARENA_NEW(&p->a, double, cap);
    g->y = ARENA_NEW(&p->a, double, cap);
    if (!g->x || !g->y)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    for (size_t r = 0; r < n; r++) {
        g->x[r] = plot_number(p->t, r, g->x_col);
        g->y[r] = plot_number(p->t, r, g->y_col);
        if (!(g->x[r] > 0 && g->y[r] > 0)) { /* no work or no bytes: no place on this picture */
            g->x[r] = g->y[r] = UNKNOWN_F64;
            n_missing++;
        }
    }
    if (n_missing > 0)
        plot_foot(p, "%zu of %zu rows have no arithmetic intensity or no flops and are not drawn",
                  n_missing, n);
    sx.scale = sy.scale = PLOT_LOG;
    TRY(axis_fit(p, &sx, g->x_col, g->x, n + corners(p, g, true, g->x + n), &g->ax, e));
    return axis_fit(p, &sy, g->y_col, g->y, n + corners(p, g, false, g->y + n), &g->ay, e);
}

/* Straight lines in screen space: from (x0,y0) to (x1,y1), clipped by gnuplot at the edges. */
static void put_line(const struct plot *p, const struct roofline *g, double x0, double y0,
                     double x1, double y1, size_t device)
{
    (void)fprintf(p->script, "%.10g %.10g %zu\n%.10g %.10g %zu\n\n", x0 / g->ax.scale,
                  y0 / g->ay.scale, device + 1, x1 / g->ax.scale, y1 / g->ay.scale, device + 1);
}

struct ridge {
    double x, y; /* unknown: the pair is not one peak and one bandwidth of the same device */
    size_t device;
};

/* Where peak i / n meets bandwidth i % n. */
static struct ridge ridge_of(const struct plot *p, const struct roofline *g, size_t i)
{
    const struct plot_ceiling *c = &p->s->ceiling[i / p->s->n_ceilings],
                              *b = &p->s->ceiling[i % p->s->n_ceilings];

    if (!(c->flops_per_s > 0) || !(b->bytes_per_s > 0) || strcmp(c->device, b->device) != 0)
        return (struct ridge){ UNKNOWN_F64, UNKNOWN_F64, 0 };
    return (struct ridge){ c->flops_per_s / b->bytes_per_s, c->flops_per_s,
                           device_of(g, c->device) };
}

static void put_roofs(const struct plot *p, const struct roofline *g)
{
    (void)fputs("$roof << EOD\n", p->script);
    for (size_t i = 0; i < p->s->n_ceilings; i++) {
        const struct plot_ceiling *c = &p->s->ceiling[i];
        const size_t d = device_of(g, c->device);
        if (c->flops_per_s > 0)
            put_line(p, g, c->flops_per_s / g->device[d].bandwidth, c->flops_per_s, g->ax.hi,
                     c->flops_per_s, d);
        else
            put_line(p, g, g->ax.lo, g->ax.lo * c->bytes_per_s, g->device[d].peak / c->bytes_per_s,
                     g->device[d].peak, d);
    }
    (void)fputs("EOD\n$ridge << EOD\n", p->script);
    for (size_t i = 0; i < p->s->n_ceilings * p->s->n_ceilings; i++) {
        const struct ridge r = ridge_of(p, g, i);
        if (is_known(r.x))
            (void)fprintf(p->script, "%.10g %.10g %zu\n", r.x / g->ax.scale, r.y / g->ay.scale,
                          r.device + 1);
    }
    (void)fputs("EOD\n", p->script);
}

static const char *ceiling_text(struct plot *p, const struct roofline *g,
                                const struct plot_ceiling *c)
{
    char rate[64];
    const bool peak = c->flops_per_s > 0;

    (void)si_format_short(rate, sizeof rate, peak ? c->flops_per_s : c->bytes_per_s,
                          peak ? "flop/s" : "byte/s");
    return g->n_devices > 1 ? arena_printf(&p->a, "%s %s %s", c->device, c->name, rate)
                            : arena_printf(&p->a, "%s %s", c->name, rate);
}

static void put_text(const struct plot *p, const char *text, double x, double y, double degrees,
                     size_t device)
{
    (void)fputs("set label ", p->script);
    gnuplot_put_str(text, p->script);
    (void)fprintf(p->script,
                  " at screen %.6f,%.6f center rotate by %.2f front boxed"
                  " textcolor rgb DARK(%zu)\n",
                  x / p->c.width, y / p->c.height, degrees, device + 1);
}

/* Above its line at the right end; where another text is, further left, or below the line. */
static void label_peak(struct plot *p, struct roofline *g, const struct plot_ceiling *c,
                       const char *text)
{
    const double w = (double)utf8_columns(text) * p->c.char_width, h = p->c.char_height;
    const double line = plot_px_y(p, &g->ay, c->flops_per_s);

    for (double x1 = p->c.right - 4; x1 - w > p->c.left; x1 -= w / 2) {
        for (int below = 0; below < 2; below++) {
            const double y = line + (below ? -0.8 : 0.8) * h;
            if (labels_try(p, &g->room, (struct box){ x1 - w, y - h / 2, x1, y + h / 2 })) {
                put_text(p, text, x1 - w / 2, y, 0, device_of(g, c->device));
                return;
            }
        }
    }
}

/* Along the line; its length is covered by small boxes, because a slanted one has no box. */
static void label_bandwidth(struct plot *p, struct roofline *g, const struct plot_ceiling *c,
                            const char *text)
{
    const struct canvas *v = &p->c;
    const double dx = (v->right - v->left) / log10(g->ax.hi / g->ax.lo),
                 dy = (v->top - v->bottom) / log10(g->ay.hi / g->ay.lo);
    const double angle = atan2(dy, dx), w = (double)utf8_columns(text) * v->char_width;
    const double first =
        max_f64(plot_px_x(p, &g->ax, g->ax.lo), plot_px_x(p, &g->ax, g->ay.lo / c->bytes_per_s));
    const double last =
        plot_px_x(p, &g->ax, g->device[device_of(g, c->device)].peak / c->bytes_per_s);
    const size_t n = (size_t)(w / v->char_height) + 1;

    for (double at = first + 0.6 * w * cos(angle); at + w / 2 * cos(angle) < last; at += w / 3) {
        const double si = g->ax.lo * pow(10, (at - v->left) / dx);
        const double mx = at - 0.8 * v->char_height * sin(angle),
                     my = plot_px_y(p, &g->ay, si * c->bytes_per_s)
                          + 0.8 * v->char_height * cos(angle);
        struct label_room tried = g->room;
        bool room = true;
        for (size_t i = 0; i <= n && room; i++) {
            const double s = ((double)i / (double)n - 0.5) * w, half = 0.45 * v->char_height;
            const double x = mx + s * cos(angle), y = my + s * sin(angle);
            const struct box b = { x - half, y - half, x + half, y + half };
            struct label_room before = g->room;
            room = labels_try(p, &before, b);
            if (room)
                labels_take(&tried, b);
        }
        if (room) {
            g->room = tried;
            put_text(p, text, mx, my, angle * 180 / PI, device_of(g, c->device));
            return;
        }
    }
}

static cosim_status put_ceiling_labels(struct plot *p, struct roofline *g, cosim_error *e)
{
    for (size_t i = 0; i < p->s->n_ceilings; i++) {
        const struct plot_ceiling *c = &p->s->ceiling[i];
        const char *text = ceiling_text(p, g, c);
        if (!text)
            return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
        if (c->flops_per_s > 0)
            label_peak(p, g, c, text);
        else
            label_bandwidth(p, g, c, text);
    }
    return COSIM_OK;
}

/* Short texts after the operators' ones: they take the places that are left. */
static void label_ridges(struct plot *p, struct roofline *g)
{
    char text[64];

    for (size_t i = 0; i < p->s->n_ceilings * p->s->n_ceilings; i++) {
        const struct ridge r = ridge_of(p, g, i);
        bool before = false;
        for (size_t j = 0; j < i && is_known(r.x); j++) {
            const struct ridge o = ridge_of(p, g, j);
            before = before || (o.device == r.device && o.x >= r.x && o.x <= r.x);
        }
        if (is_known(r.x) && !before)
            (void)labels_put(p, &g->room, plot_px_x(p, &g->ax, r.x), plot_px_y(p, &g->ay, r.y),
                             si_format_short(text, sizeof text, r.x, "flop/byte"),
                             "front boxed font FONT_SMALL textcolor rgb SOFT");
    }
}

static void put_points(const struct plot *p, const struct roofline *g)
{
    size_t n = 0;

    (void)fputs("$points << EOD\n", p->script);
    for (size_t r = 0; r < p->t->n_rows; r++)
        if (is_known(g->x[r])) {
            const uint32_t group = g->groups.of_row[r];
            (void)fprintf(p->script, "%.10g %.10g %zu %zu\n", g->x[r] / g->ax.scale,
                          g->y[r] / g->ay.scale, group == CATEGORY_NONE ? 0 : (size_t)group + 1,
                          ++n);
        }
    (void)fprintf(p->script, "EOD\nN_POINTS = %zu\narray HOVER_TEXT[%zu]\n", n, n + 1);
    n = 0;
    for (size_t r = 0; r < p->t->n_rows && !p->c.text; r++)
        if (is_known(g->x[r])) {
            (void)fprintf(p->script, "HOVER_TEXT[%zu] = ", ++n);
            plot_put_hover(p, r);
            (void)fputc('\n', p->script);
        }
}

/* Operators of layers that differ only in their formats share a name: it is written once. */
static bool named_before(const struct plot *p, const struct roofline *g, size_t row)
{
    const char *name = table_cell(p->t, row, g->label_col)->as.str;

    for (size_t r = 0; r < row; r++) {
        const struct cell *v = table_cell(p->t, r, g->label_col);
        if (is_known(g->x[r]) && v->known && g->groups.of_row[r] == g->groups.of_row[row]
            && strcmp(v->as.str, name) == 0)
            return true;
    }
    return false;
}

static void put_point_labels(struct plot *p, struct roofline *g)
{
    const size_t max = p->s->labels_max ? p->s->labels_max : LABELS_DEFAULT;
    size_t n = 0;

    for (size_t r = 0; r < p->t->n_rows && n < max; r++) {
        const struct cell *v = table_cell(p->t, r, g->label_col);
        if (is_known(g->x[r]) && v->known && p->t->column[g->label_col].type == CELL_STR
            && !named_before(p, g, r))
            n += labels_put(p, &g->room, plot_px_x(p, &g->ax, g->x[r]),
                            plot_px_y(p, &g->ay, g->y[r]), v->as.str,
                            "front boxed textcolor rgb INK")
                     ? 1
                     : 0;
    }
}

static void take_points(const struct plot *p, struct roofline *g)
{
    for (size_t r = 0; r < p->t->n_rows; r++) {
        if (!is_known(g->x[r]))
            continue;
        const double x = plot_px_x(p, &g->ax, g->x[r]), y = plot_px_y(p, &g->ay, g->y[r]);
        labels_take(&g->room,
                    (struct box){ x - POINT_PX, y - POINT_PX, x + POINT_PX, y + POINT_PX });
    }
}

static void take_roofs(const struct plot *p, struct roofline *g)
{
    for (size_t i = 0; i < p->s->n_ceilings; i++) {
        const struct plot_ceiling *c = &p->s->ceiling[i];
        const struct device_roof *d = &g->device[device_of(g, c->device)];
        const bool flat = c->flops_per_s > 0;
        const double x0 = flat ? c->flops_per_s / d->bandwidth : g->ax.lo,
                     x1 = flat ? g->ax.hi : d->peak / c->bytes_per_s;
        labels_take_line(&g->room, plot_px_x(p, &g->ax, x0),
                         plot_px_y(p, &g->ay, flat ? c->flops_per_s : x0 * c->bytes_per_s),
                         plot_px_x(p, &g->ax, x1),
                         plot_px_y(p, &g->ay, flat ? c->flops_per_s : d->peak));
    }
}

static cosim_status put_all_labels(struct plot *p, struct roofline *g, cosim_error *e)
{
    /* boxes: points, texts, and along each line and slanted text one per step of its length */
    const size_t per_line = (size_t)((p->c.width + 4 * p->c.height) / LABEL_LINE_STEP_PX) + 2;
    const size_t n_lines = p->s->n_ceilings * (2 + p->s->n_ceilings);

    TRY(labels_new(p, &g->room, p->t->n_rows * 2 + n_lines * per_line, e));
    g->room.side_y = -1; /* nothing is above the roofs, so texts go below the points */
    take_points(p, g);
    take_roofs(p, g);
    TRY(put_ceiling_labels(p, g, e));
    if (g->label_col != SIZE_MAX)
        put_point_labels(p, g);
    label_ridges(p, g);
    return COSIM_OK;
}

cosim_status plot_roofline(struct plot *p, cosim_error *e)
{
    struct roofline g = { 0 };
    const char *device[DEVICES_MAX];
    const char *const widest_tick = "100 Tflop/s";

    TRY(plot_column(p, "x", p->s->x.column, &g.x_col, e));
    TRY(plot_column(p, "y", p->s->y.column, &g.y_col, e));
    TRY(plot_column_optional(p, "group", p->s->group, &g.group_col, e));
    TRY(plot_column_optional(p, "label", p->s->label, &g.label_col, e));
    TRY(read_roofs(p, &g, e));
    p->c.left = max_f64(p->c.left, plot_widest(p, &widest_tick, 1)
                                       + (p->c.text ? 3 * p->c.char_width
                                                    : p->c.char_width + 2.2 * p->c.char_height));
    TRY(read_points(p, &g, e));
    TRY(categories_of(p, g.group_col, NULL, GROUPS_MAX, true, &g.groups, e));
    plot_put_key_room(p, g.groups.name, g.groups.n);
    axis_put(p, "x", &g.ax);
    axis_put(p, "y", &g.ay);
    plot_put_names(p, "GROUP", g.groups.name, g.groups.n);
    for (size_t d = 0; d < g.n_devices; d++)
        device[d] = g.device[d].name;
    plot_put_names(p, "DEVICE", device, g.n_devices);
    put_roofs(p, &g);
    put_points(p, &g);
    plot_put_layout(p);
    (void)fputs("INK = '#303030'\nSOFT = '#7a7a7a'\n"
                "array ROOF_COLOUR[4] = ['#303030', '#0072b2', '#d55e00', '#009e73']\n"
                "DARK(i) = ROOF_COLOUR[int(i - 1) % 4 + 1]\n",
                p->script);
    return p->c.text ? COSIM_OK : put_all_labels(p, &g, e);
}
