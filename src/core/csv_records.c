/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/csv.h"
#include "core/text.h"

#include "core/num.h"
#include <stdint.h>
#include <string.h>

/* Which field each column feeds. */
static cosim_status match_columns(const struct csv_doc *doc, const struct rec_field *field,
                                  size_t n_fields, size_t *column_of, cosim_error *e)
{
    for (size_t f = 0; f < n_fields; f++)
        column_of[f] = SIZE_MAX;
    for (size_t c = 0; c < doc->n_cols; c++) {
        const struct src_pos at = csv_pos(doc, &doc->header[c]);
        struct nearest near = { .want = doc->header[c].text };
        size_t f = 0;

        while (f < n_fields && strcmp(field[f].column, doc->header[c].text) != 0)
            nearest_offer(&near, field[f++].column);
        if (f == n_fields) {
            const cosim_status st =
                err_at(e, COSIM_EUNKNOWN, &at, "unknown column '%s'", doc->header[c].text);
            if (nearest_suggestion(&near))
                err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
            return st;
        }
        if (column_of[f] != SIZE_MAX)
            return err_at(e, COSIM_ESYNTAX, &at, "column '%s' appears twice", field[f].column);
        column_of[f] = c;
    }
    for (size_t f = 0; f < n_fields; f++)
        if (column_of[f] == SIZE_MAX && !(field[f].flags & REC_OPTIONAL_COLUMN)) {
            const struct src_pos at = { doc->path, 1, 1 };
            return err_at(e, COSIM_ESYNTAX, &at, "column '%s' is missing", field[f].column);
        }
    return COSIM_OK;
}

static cosim_status check_unique(const struct csv_doc *doc, size_t column, cosim_error *e)
{
    for (size_t r = 1; r < doc->n_rows; r++)
        for (size_t q = 0; q < r; q++)
            if (strcmp(csv_cell(doc, r, column)->text, csv_cell(doc, q, column)->text) == 0) {
                const struct src_pos at = csv_pos(doc, csv_cell(doc, r, column));
                return err_at(e, COSIM_ESYNTAX, &at, "'%s' stands on line %u already",
                              csv_cell(doc, r, column)->text, csv_cell(doc, q, column)->line);
            }
    return COSIM_OK;
}

static cosim_status read_cell(const struct csv_doc *doc, const struct csv_cell *c,
                              const struct rec_field *f, void *row, cosim_error *e)
{
    const struct src_pos at = c ? csv_pos(doc, c) : (struct src_pos){ doc->path, 0, 0 };

    if (c && c->text[0] == '\0' && (f->flags & REC_REQUIRED))
        return err_at(e, COSIM_ESYNTAX, &at, "column '%s' must not be empty", f->column);
    if (f->type == REC_STR) {
        const char *s = c && c->text[0] ? c->text : NULL;
        memcpy((char *)row + f->offset, &s, sizeof s);
        return COSIM_OK;
    }
    double v = UNKNOWN_F64;
    if (c)
        TRY(csv_f64(doc, c, f->lo, f->hi, &v, e));
    if (f->scale != 0.0)
        v *= f->scale;
    memcpy((char *)row + f->offset, &v, sizeof v);
    return COSIM_OK;
}

cosim_status csv_records(const struct csv_doc *doc, const struct rec_field *field, size_t n_fields,
                         size_t stride, void **rows, struct arena *a, cosim_error *e)
{
    size_t *column_of = ARENA_NEW(a, size_t, n_fields);

    *rows = arena_alloc(a, doc->n_rows, stride);
    if (!column_of || !*rows)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", doc->path);
    TRY(match_columns(doc, field, n_fields, column_of, e));
    for (size_t f = 0; f < n_fields; f++) {
        if ((field[f].flags & REC_UNIQUE) && column_of[f] != SIZE_MAX)
            TRY(check_unique(doc, column_of[f], e));
        for (size_t r = 0; r < doc->n_rows; r++) {
            const struct csv_cell *c =
                column_of[f] == SIZE_MAX ? NULL : csv_cell(doc, r, column_of[f]);
            TRY(read_cell(doc, c, &field[f], (char *)*rows + r * stride, e));
        }
    }
    return COSIM_OK;
}
