/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "report/gnuplot.h"
#include "report/plot_parts.h"
#include "report/si.h"
#include "report/utf8.h"
#include "report/writers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool wants(const struct plot *p, const bool *wanted, size_t row, size_t col)
{
    return (!wanted || wanted[row]) && (col == SIZE_MAX || table_cell(p->t, row, col)->known);
}

/* Distinct numbers ascending; places by binary search. */
static cosim_status of_numbers(struct plot *p, size_t col, const bool *wanted, size_t max,
                               struct categories *k, cosim_error *e)
{
    const size_t n_rows = p->t->n_rows;
    double *v = ARENA_NEW(&p->a, double, n_rows + 1);
    size_t n = 0, m = 0;
    char buf[64];

    if (!v)
        return no_memory(e);
    for (size_t r = 0; r < n_rows; r++)
        if (wants(p, wanted, r, col) && is_known(plot_number(p->t, r, col)))
            v[n++] = plot_number(p->t, r, col);
    qsort(v, n, sizeof *v, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || v[i] > v[m - 1])
            v[m++] = v[i];
    if (m > max)
        return err_set(e, COSIM_ERANGE, "column '%s' has %zu different values; at most %zu fit",
                       p->t->column[col].name, m, max);
    k->n = m;
    k->name = ARENA_NEW(&p->a, const char *, m + 1);
    if (!k->name)
        return no_memory(e);
    for (size_t i = 0; i < m; i++) {
        k->name[i] =
            arena_strdup(&p->a, si_format_short(buf, sizeof buf, v[i], p->t->column[col].unit));
        if (!k->name[i])
            return no_memory(e);
    }
    for (size_t r = 0; r < n_rows; r++) {
        const double x = wants(p, wanted, r, col) ? plot_number(p->t, r, col) : UNKNOWN_F64;
        const double *at = is_known(x) ? bsearch(&x, v, m, sizeof *v, ascending) : NULL;
        k->of_row[r] = at ? (uint32_t)(at - v) : CATEGORY_NONE;
    }
    return COSIM_OK;
}

static uint32_t place(const struct categories *k, const char *name)
{
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->name[i], name) == 0)
            return (uint32_t)i;
    return CATEGORY_NONE;
}

static cosim_status of_strings(struct plot *p, size_t col, const bool *wanted, size_t max,
                               bool lump, struct categories *k, cosim_error *e)
{
    size_t n_lumped = 0;

    k->n = 0;
    k->name = ARENA_NEW(&p->a, const char *, max + 1);
    if (!k->name)
        return no_memory(e);
    for (size_t r = 0; r < p->t->n_rows; r++) {
        k->of_row[r] = CATEGORY_NONE;
        if (!wants(p, wanted, r, col))
            continue;
        char buf[64];
        const char *name = col == SIZE_MAX ? ""
                                           : shown_cell(&p->t->column[col],
                                                        table_cell(p->t, r, col), buf, sizeof buf);
        uint32_t at = place(k, name);
        if (at == CATEGORY_NONE && k->n < max) {
            at = (uint32_t)k->n++;
            k->name[at] = arena_strdup(&p->a, name);
            if (!k->name[at])
                return no_memory(e);
        } else if (at == CATEGORY_NONE && lump) {
            at = (uint32_t)max - 1;
            n_lumped++;
        } else if (at == CATEGORY_NONE) {
            return err_set(e, COSIM_ERANGE, "column '%s' has more than %zu different values",
                           p->t->column[col].name, max);
        }
        k->of_row[r] = at;
    }
    if (n_lumped > 0) {
        k->name[max - 1] = "other";
        plot_foot(p, "more than %zu kinds of %s: the rest is \"other\"", max - 1,
                  p->t->column[col].name);
    }
    return COSIM_OK;
}

cosim_status categories_of(struct plot *p, size_t col, const bool *wanted, size_t max, bool lump,
                           struct categories *k, cosim_error *e)
{
    k->of_row = ARENA_NEW(&p->a, uint32_t, p->t->n_rows + 1);
    if (!k->of_row)
        return no_memory(e);
    if (col == SIZE_MAX || lump || p->t->column[col].type == CELL_STR
        || p->t->column[col].type == CELL_BOOL)
        return of_strings(p, col, wanted, max, lump, k, e);
    return of_numbers(p, col, wanted, max, k, e);
}

const char *plot_cut(struct plot *p, const char *text, double width)
{
    const size_t columns = width > 2 * p->c.char_width ? (size_t)(width / p->c.char_width) : 2;
    const char *end = text;
    uint32_t c;

    if (utf8_columns(text) <= columns)
        return text;
    for (size_t i = 0; i + 1 < columns; i++)
        end += utf8_next(end, &c);
    const char *cut = arena_printf(&p->a, "%.*s…", (int)(end - text), text);
    return cut ? cut : text;
}

void plot_put_names(struct plot *p, const char *name, const char *const *text, size_t n)
{
    (void)fprintf(p->script, "N_%s = %zu\narray %s[%zu]\n", name, n, name, n > 0 ? n : 1);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(p->script, "%s[%zu] = ", name, i + 1);
        gnuplot_put_str(plot_cut(p, text[i], PLOT_KEY_SHARE * p->c.width - 5 * p->c.char_width),
                        p->script);
        (void)fputc('\n', p->script);
    }
}

double plot_widest(const struct plot *p, const char *const *text, size_t n)
{
    size_t widest = 0;

    for (size_t i = 0; i < n; i++)
        if (utf8_columns(text[i]) > widest)
            widest = utf8_columns(text[i]);
    return (double)widest * p->c.char_width;
}

void plot_leave_left(struct plot *p, const char *const *text, size_t n)
{
    const double names = plot_widest(p, text, n) + (p->c.text ? 3 : 4) * p->c.char_width,
                 most = p->c.width / 3;

    p->c.left = names < most ? names : most;
}

static void put_tics(struct plot *p, const struct categories *k, double width, size_t every,
                     bool from_top)
{
    const char *separator = "(";

    for (size_t i = 0; i < k->n; i += every) {
        (void)fputs(separator, p->script);
        gnuplot_put_tick(plot_cut(p, k->name[i], width), p->script);
        (void)fprintf(p->script, " %zu", from_top ? k->n - 1 - i : i);
        separator = ", ";
    }
    (void)fputs(")\n", p->script);
}

#define TURN_DEGREES 35
#define TURN_SINE 0.574
#define TURN_COSINE 0.819
#define TURNED_SHARE 0.3 /* of the height, at most, for turned names */

bool plot_turned(const struct plot *p, const struct categories *k, double room, double *height)
{
    const double wide = plot_widest(p, k->name, k->n);
    /* the first name hangs over the left margin, and must not leave the picture */
    const double most_wide =
        min_f64(TURNED_SHARE * p->c.height / TURN_SINE, (p->c.left + room / 2) / TURN_COSINE);

    *height = min_f64(wide, most_wide) * TURN_SINE + p->c.char_height;
    return !p->c.text && wide + p->c.char_width > room;
}

static size_t every_nth(double need, double room)
{
    return need > room ? (size_t)ceil(need / room) : 1;
}

void plot_put_x_categories(struct plot *p, const struct categories *k, double room)
{
    double height;
    const bool turn = plot_turned(p, k, room, &height);
    const double wide = plot_widest(p, k->name, k->n) + p->c.char_width;

    (void)fputs("set xtics ", p->script);
    if (turn)
        (void)fprintf(p->script, "rotate by %d right ", TURN_DEGREES);
    put_tics(p, k, turn ? (height - p->c.char_height) / TURN_SINE : wide,
             every_nth(turn ? p->c.char_height : wide, room), false);
}

void plot_put_y_categories(struct plot *p, const struct categories *k, double room, bool from_top)
{
    (void)fputs("set ytics ", p->script);
    put_tics(p, k, p->c.left - 2 * p->c.char_width, every_nth(p->c.char_height, room), from_top);
}
