/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Greedy placement: each text takes the first free spot around its point, or is left out. */
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/utf8.h"

#include <math.h>

#define LINES_AWAY_MAX 4

cosim_status labels_new(struct plot *p, struct label_room *r, size_t cap, cosim_error *e)
{
    *r = (struct label_room){
        .cap = cap, .side_x = 1, .side_y = 1, .taken = ARENA_NEW(&p->a, struct box, cap + 1)
    };
    return r->taken ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a plot");
}

void labels_take(struct label_room *r, struct box b)
{
    if (r->n < r->cap)
        r->taken[r->n++] = b;
}

static bool is_free(const struct plot *p, const struct label_room *r, const struct box *b)
{
    const struct canvas *c = &p->c;

    if (b->x0 < c->left || b->x1 > c->right || b->y0 < c->bottom || b->y1 > c->top)
        return false;
    for (size_t i = 0; i < r->n; i++) {
        const struct box *o = &r->taken[i];
        if (b->x0 < o->x1 && o->x0 < b->x1 && b->y0 < o->y1 && o->y0 < b->y1)
            return false;
    }
    return true;
}

bool labels_try(const struct plot *p, struct label_room *r, struct box b)
{
    if (!is_free(p, r, &b))
        return false;
    labels_take(r, b);
    return true;
}

void labels_take_line(struct label_room *r, double x0, double y0, double x1, double y1)
{
    const double length = hypot(x1 - x0, y1 - y0), half = LABEL_LINE_STEP_PX / 4;
    const size_t n = (size_t)(length / LABEL_LINE_STEP_PX);

    for (size_t i = 0; i <= n; i++) {
        const double f = n > 0 ? (double)i / (double)n : 0;
        const double x = x0 + f * (x1 - x0), y = y0 + f * (y1 - y0);
        labels_take(r, (struct box){ x - half, y - half, x + half, y + half });
    }
}

static void put_leader(const struct plot *p, double x, double y, const struct box *b)
{
    const double to_x = x < b->x0 ? b->x0 : x > b->x1 ? b->x1 : x;
    const double to_y = y < b->y0 ? b->y0 : y > b->y1 ? b->y1 : y;

    (void)fprintf(p->script,
                  "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead linewidth 0.8"
                  " linecolor rgb SOFT\n",
                  x / p->c.width, y / p->c.height, to_x / p->c.width, to_y / p->c.height);
}

bool labels_put(const struct plot *p, struct label_room *r, double x, double y, const char *text,
                const char *how)
{
    /* where the middle of the text goes, in half widths and heights; 1 is the preferred side */
    static const double spot[][2] = { { 1, 1 },   { 1, 0 },  { -1, 1 }, { 1, -1 },
                                      { -1, -1 }, { -1, 0 }, { 0, 1 },  { 0, -1 } };
    const struct canvas *c = &p->c;
    const double w = (double)utf8_columns(text) * c->char_width, h = c->char_height;
    const double gap_x = c->text ? 1 : 7, gap_y = c->text ? 0.5 : 3;

    for (int away = 0; away < LINES_AWAY_MAX; away++) {
        for (size_t i = 0; i < sizeof spot / sizeof *spot; i++) {
            const double mx = x + r->side_x * spot[i][0] * (w / 2 + gap_x),
                         my = y + r->side_y * spot[i][1] * (h / 2 + gap_y + away * 1.15 * h);
            const struct box b = { mx - w / 2, my - h / 2, mx + w / 2, my + h / 2 };
            if (!labels_try(p, r, b))
                continue;
            (void)fputs("set label ", p->script);
            gnuplot_put_str(text, p->script);
            (void)fprintf(p->script, " at screen %.6f,%.6f center %s\n", mx / c->width,
                          my / c->height, how);
            if (away > 0)
                put_leader(p, x, y, &b);
            return true;
        }
    }
    return false;
}

void plot_put_key_room(struct plot *p, const char *const *text, size_t n)
{
    const double share = PLOT_KEY_SHARE * p->c.width;
    const double want = plot_widest(p, text, n) + (p->c.text ? 5 : 5 * p->c.char_width);

    (void)fprintf(p->script, "KEY = %d\n", n >= 2);
    if (n >= 2)
        p->c.right -= want < share ? want : share;
}

void plot_put_layout(const struct plot *p)
{
    const struct canvas *c = &p->c;

    (void)fprintf(p->script, "LEFT = %.6f\nRIGHT = %.6f\nBOTTOM = %.6f\nTOP = %.6f\n",
                  c->left / c->width, c->right / c->width, c->bottom / c->height,
                  c->top / c->height);
}
