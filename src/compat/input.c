/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/input.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static cosim_status read_one(const struct csv_doc *doc, size_t row, const struct input *in,
                             double *v, cosim_error *e)
{
    const size_t col = csv_column(doc, in->column);
    const struct csv_cell *cell;

    if (col == SIZE_MAX || csv_cell(doc, row, col)->text[0] == '\0') {
        if (!(in->flags & INPUT_DEFAULT))
            return input_bad(doc, row, in->column,
                             col == SIZE_MAX ? "this column is missing" : "must not be empty", e);
        *v = in->when_empty;
        return COSIM_OK;
    }
    cell = csv_cell(doc, row, col);
    const cosim_status st = csv_f64(doc, cell, in->lo, in->hi, v, e);
    if (st != COSIM_OK) {
        err_hint(e, "column '%s'", in->column);
        return st;
    }
    if ((in->flags & INPUT_WHOLE) && *v != floor(*v)) {
        const struct src_pos at = csv_pos(doc, cell);
        return err_at(e, COSIM_ERANGE, &at, "column '%s': '%.60s' is not a whole number",
                      in->column, cell->text);
    }
    *v *= in->scale;
    return COSIM_OK;
}

cosim_status input_read(const struct csv_doc *doc, size_t row, const struct input *in, size_t n,
                        void *out, cosim_error *e)
{
    for (size_t i = 0; i < n; i++) {
        double v = 0.0;

        TRY(read_one(doc, row, &in[i], &v, e));
        memcpy((char *)out + in[i].offset, &v, sizeof v);
    }
    return COSIM_OK;
}

const char *input_text(const struct csv_doc *doc, size_t row, const char *column)
{
    const size_t col = csv_column(doc, column);

    return col == SIZE_MAX ? "" : csv_cell(doc, row, col)->text;
}

cosim_status input_bool(const struct csv_doc *doc, size_t row, const char *column, bool *v,
                        cosim_error *e)
{
    const char *text = input_text(doc, row, column);

    *v = strcmp(text, "True") == 0;
    if (*v || text[0] == '\0' || strcmp(text, "False") == 0)
        return COSIM_OK;
    return input_bad(doc, row, column, "is neither True nor False", e);
}

cosim_status input_bad(const struct csv_doc *doc, size_t row, const char *column, const char *why,
                       cosim_error *e)
{
    const size_t col = csv_column(doc, column);

    if (col == SIZE_MAX) {
        const struct src_pos at = { doc->path, 1, 1 };
        return err_at(e, COSIM_ESYNTAX, &at, "column '%s': %s", column, why);
    }
    const struct csv_cell *cell = csv_cell(doc, row, col);
    const struct src_pos at = csv_pos(doc, cell);
    return err_at(e, COSIM_ESYNTAX, &at, "column '%s': '%.60s' %s", column, cell->text, why);
}
