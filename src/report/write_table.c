/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/utf8.h"
#include "report/writers.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2u
#define TEXT_COLUMNS_MIN 8u /* a truncated column stays recognisable */

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define NORMAL "\033[0m"

static size_t max_z(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void measure(const struct table *t, size_t *width)
{
    char buf[256];

    for (size_t c = 0; c < t->n_columns; c++) {
        width[c] = utf8_columns(shown_heading(t, c, buf, sizeof buf));
        for (size_t r = 0; r < t->n_rows; r++)
            width[c] = max_z(width[c], utf8_columns(shown_cell(&t->column[c], table_cell(t, r, c),
                                                               buf, sizeof buf)));
    }
}

/* Takes from the widest text column until the line fits; numbers are never cut. */
static void fit(const struct table *t, size_t *width, size_t limit)
{
    size_t total = t->n_columns > 0 ? (t->n_columns - 1) * GAP : 0;

    for (size_t c = 0; c < t->n_columns; c++)
        total += width[c];
    while (total > limit) {
        size_t widest = SIZE_MAX;
        for (size_t c = 0; c < t->n_columns; c++)
            if (t->column[c].type == CELL_STR && width[c] > TEXT_COLUMNS_MIN
                && (widest == SIZE_MAX || width[c] > width[widest]))
                widest = c;
        if (widest == SIZE_MAX)
            return;
        width[widest]--;
        total--;
    }
}

static void put_blanks(size_t n, FILE *out)
{
    while (n-- > 0)
        (void)putc(' ', out);
}

static void put_padded(const char *s, size_t width, bool left, bool last, FILE *out)
{
    const size_t n = utf8_columns(s), shown = n < width ? n : width;

    if (!left)
        put_blanks(width - shown, out);
    (void)utf8_put_shown(s, width, out);
    if (left && !last)
        put_blanks(width - shown, out);
    if (!last)
        put_blanks(GAP, out);
}

static void put_header(const struct table *t, const size_t *width, bool colour, FILE *out)
{
    char buf[256];

    (void)fputs(colour ? BOLD : "", out);
    for (size_t c = 0; c < t->n_columns; c++)
        put_padded(shown_heading(t, c, buf, sizeof buf), width[c], t->column[c].type == CELL_STR,
                   c + 1 == t->n_columns, out);
    (void)fprintf(out, "%s\n", colour ? NORMAL : "");
    for (size_t c = 0; c < t->n_columns; c++) {
        for (size_t i = 0; i < width[c]; i++)
            utf8_put(0x2500, out);
        put_blanks(c + 1 < t->n_columns ? GAP : 0, out);
    }
    (void)putc('\n', out);
}

static void put_row(const struct table *t, size_t r, const size_t *width, bool colour, FILE *out)
{
    char buf[256];

    for (size_t c = 0; c < t->n_columns; c++) {
        const struct cell *v = table_cell(t, r, c);
        const bool dim = colour && !v->known;
        (void)fputs(dim ? DIM : "", out);
        put_padded(shown_cell(&t->column[c], v, buf, sizeof buf), width[c],
                   t->column[c].type == CELL_STR, c + 1 == t->n_columns, out);
        (void)fputs(dim ? NORMAL : "", out);
    }
    (void)putc('\n', out);
}

static void put_line(const char *before, const char *s, const char *after, FILE *out)
{
    (void)fputs(before, out);
    (void)utf8_put_shown(s, SIZE_MAX, out);
    (void)fprintf(out, "%s\n", after);
}

cosim_status write_table(const struct table *t, const struct report_meta *meta, FILE *out,
                         cosim_error *e)
{
    size_t *width = calloc(t->n_columns + 1, sizeof *width);

    if (!width)
        return err_set(e, COSIM_ENOMEM, "out of memory for column widths");
    measure(t, width);
    if (meta->width > 0)
        fit(t, width, meta->width);
    if (*t->title) {
        put_line(meta->colour ? BOLD : "", t->title, meta->colour ? NORMAL : "", out);
        (void)putc('\n', out);
    }
    put_header(t, width, meta->colour, out);
    for (size_t r = 0; r < t->n_rows && !ferror(out); r++)
        put_row(t, r, width, meta->colour, out);
    if (t->n_rows == 0)
        (void)fputs("(no rows)\n", out);
    if (t->n_notes > 0 || meta->partial)
        (void)putc('\n', out);
    for (size_t i = 0; i < t->n_notes; i++)
        put_line("note: ", t->note[i], "", out);
    if (meta->partial)
        (void)fputs("partial: the run was interrupted; these are the rows found until then\n", out);
    free(width);
    return COSIM_OK;
}
