/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/csv.h"

#include "core/file.h"
#include "core/text.h"

#include <csv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct arena *arena;
    const char *path;
    cosim_error *e;
    cosim_status st;
    struct csv_cell *cell;
    size_t n_cells, cap_cells, n_cols, row_start;
    unsigned line, col;           /* of the byte being fed */
    unsigned cell_line, cell_col; /* where the current cell began */
};

static struct src_pos reader_pos(const struct reader *r)
{
    return (struct src_pos){ r->path, r->cell_line, r->cell_col };
}

static void fail(struct reader *r, cosim_status st, const char *msg)
{
    const struct src_pos at = reader_pos(r);

    if (r->st == COSIM_OK)
        r->st = err_at(r->e, st, &at, "%s", msg);
}

/* In strict mode the one syntax error of libcsv is a quote where none may stand. */
static void fail_parse(struct reader *r, int why)
{
    if (why != CSV_EPARSE) {
        fail(r, COSIM_ENOMEM, csv_strerror(why));
        return;
    }
    if (r->st == COSIM_OK) {
        fail(r, COSIM_ESYNTAX, "stray quote in this cell");
        err_hint(r->e, "put the whole cell in quotes and double those inside: \"7\"\"0\"");
    }
}

static void on_cell(void *data, size_t n, void *user)
{
    struct reader *r = user;

    if (r->st != COSIM_OK)
        return;
    if (n > 0 && memchr(data, '\0', n)) {
        fail(r, COSIM_ESYNTAX, "NUL byte in a cell: this is not a text file");
        return;
    }
    if (r->n_cells - r->row_start >= CSV_COLS_MAX) {
        fail(r, COSIM_ERANGE, "row has more than 1024 cells");
        return;
    }
    if (r->n_cells == r->cap_cells) {
        const size_t cap = r->cap_cells ? 2 * r->cap_cells : 1024;
        struct csv_cell *cell = realloc(r->cell, cap * sizeof *cell);
        if (!cell) {
            fail(r, COSIM_ENOMEM, "out of memory");
            return;
        }
        r->cell = cell;
        r->cap_cells = cap;
    }
    const char *text = n > 0 ? arena_strndup(r->arena, data, n) : "";
    if (!text) {
        fail(r, COSIM_ENOMEM, "out of memory");
        return;
    }
    r->cell[r->n_cells++] = (struct csv_cell){ text, r->cell_line, r->cell_col };
    r->cell_line = r->line;
    r->cell_col = r->col + 1;
}

static void on_row(int end, void *user)
{
    struct reader *r = user;
    const size_t width = r->n_cells - r->row_start;

    (void)end;
    if (r->st == COSIM_OK) {
        if (r->n_cols == 0)
            r->n_cols = width;
        else if (width != r->n_cols) {
            const struct csv_cell *first = &r->cell[r->row_start];
            const struct src_pos at = { r->path, first->line, first->col };
            r->st = err_at(r->e, COSIM_ESYNTAX, &at, "row has %zu cells, the header has %zu", width,
                           r->n_cols);
            err_hint(r->e, "quote a cell that holds a comma: \"a, b\"");
        }
    }
    r->row_start = r->n_cells;
    r->cell_line = r->line; /* a lone CR ends the row too; behind LF feed() moves on */
    r->cell_col = r->col + 1;
}

/* libcsv knows no positions: fed byte by byte, the byte that fires a callback ended the cell. */
static void feed(struct reader *r, struct csv_parser *p, const unsigned char *s, size_t n)
{
    r->line = r->cell_line = 1;
    r->cell_col = 1;
    for (size_t i = 0; i < n && r->st == COSIM_OK; i++) {
        r->col++;
        if (csv_parse(p, s + i, 1, on_cell, on_row, r) != 1)
            fail_parse(r, csv_error(p));
        if (s[i] != '\n')
            continue;
        r->line++;
        r->col = 0;
        if (r->n_cells == r->row_start && !p->quoted) { /* between rows */
            r->cell_line = r->line;
            r->cell_col = 1;
        }
    }
    if (r->st == COSIM_OK && csv_fini(p, on_cell, on_row, r) != 0)
        fail(r, COSIM_ESYNTAX, "quoted cell is not closed before the end of the file");
}

cosim_status csv_doc_parse(struct csv_doc *doc, const char *name, const void *data, size_t n,
                           struct arena *a, cosim_error *e)
{
    static const unsigned char bom[3] = { 0xEF, 0xBB, 0xBF };
    const unsigned char *s = data;
    struct reader r = { .arena = a, .path = name, .e = e };
    struct csv_parser p;

    memset(doc, 0, sizeof *doc);
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    if (n >= sizeof bom && memcmp(s, bom, sizeof bom) == 0) {
        s += sizeof bom;
        n -= sizeof bom;
    }
    feed(&r, &p, s, n);
    csv_free(&p);
    const struct src_pos top = { name, 1, 1 };
    if (r.st == COSIM_OK && r.n_cols == 0)
        r.st = err_at(e, COSIM_ESYNTAX, &top, "empty file: a header row is needed");
    if (r.st == COSIM_OK) {
        struct csv_cell *cell = ARENA_NEW(a, struct csv_cell, r.n_cells);
        doc->path = arena_strdup(a, name);
        if (!cell || !doc->path) {
            r.st = err_set(e, COSIM_ENOMEM, "out of memory");
        } else {
            memcpy(cell, r.cell, r.n_cells * sizeof *cell);
            doc->n_cols = r.n_cols;
            doc->n_rows = r.n_cells / r.n_cols - 1;
            doc->header = cell;
            doc->cell = cell + r.n_cols;
        }
    }
    free(r.cell);
    return r.st;
}

cosim_status csv_load(struct csv_doc *doc, const char *path, struct arena *a, cosim_error *e)
{
    struct file_bytes f;

    memset(doc, 0, sizeof *doc);
    TRY(file_read(&f, path, CSV_BYTES_MAX, e));
    const cosim_status st = csv_doc_parse(doc, path, f.data, f.n, a, e);
    file_release(&f);
    return st;
}

size_t csv_column(const struct csv_doc *doc, const char *name)
{
    for (size_t i = 0; i < doc->n_cols; i++)
        if (strcmp(doc->header[i].text, name) == 0)
            return i;
    return SIZE_MAX;
}

struct src_pos csv_pos(const struct csv_doc *doc, const struct csv_cell *c)
{
    return (struct src_pos){ doc->path, c->line, c->col };
}

cosim_status csv_f64(const struct csv_doc *doc, const struct csv_cell *c, double lo, double hi,
                     double *v, cosim_error *e)
{
    const struct src_pos at = csv_pos(doc, c);
    double x;

    if (c->text[0] == '\0')
        return COSIM_OK;
    if (!text_to_f64(c->text, &x)) {
        const cosim_status st =
            err_at(e, COSIM_ESYNTAX, &at, "'%s' is not a finite number", c->text);
        err_hint(e, "write digits with a decimal point; leave the cell empty for unknown");
        return st;
    }
    if (lo < hi && (x < lo || x > hi))
        return err_at(e, COSIM_ERANGE, &at, "%s is outside the allowed range %g to %g", c->text, lo,
                      hi);
    *v = x;
    return COSIM_OK;
}
