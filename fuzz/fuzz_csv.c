/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as CSV: an error with a place, or a rectangle whose cells have places in the file. */
#include "core/csv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct row {
    const char *id, *text;
    double any, positive;
};

static const struct rec_field fields[] = {
    { "id", REC_STR, offsetof(struct row, id), 0, 0, 0, REC_REQUIRED | REC_UNIQUE },
    { "text", REC_STR, offsetof(struct row, text), 0, 0, 0, REC_OPTIONAL_COLUMN },
    { "any[GB]", REC_F64, offsetof(struct row, any), 1e9, 0, 0, REC_OPTIONAL_COLUMN },
    { "positive", REC_F64, offsetof(struct row, positive), 0, 0, 1e6, REC_OPTIONAL_COLUMN },
};

static void check_cells(const struct csv_doc *doc)
{
    for (size_t i = 0; i < (doc->n_rows + 1) * doc->n_cols; i++) {
        const struct csv_cell *c = &doc->header[i];
        if (!c->text || c->line == 0 || c->col == 0 || (i > 0 && c->line < c[-1].line))
            abort();
    }
}

static void check_records(const struct csv_doc *doc, struct arena *a)
{
    cosim_error e = { 0 };
    void *rows;

    if (csv_records(doc, fields, sizeof fields / sizeof *fields, sizeof(struct row), &rows, a, &e)
        != COSIM_OK) {
        if (e.status == COSIM_OK || e.msg[0] == '\0')
            abort();
        return;
    }
    const struct row *row = rows;
    for (size_t i = 0; i < doc->n_rows; i++)
        if (!row[i].id || row[i].positive < 0.0 || row[i].positive > 1e6)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct csv_doc doc;
    cosim_error e = { 0 };

    if (csv_doc_parse(&doc, "fuzz.csv", data, size, &a, &e) == COSIM_OK) {
        check_cells(&doc);
        check_records(&doc, &a);
    } else if (e.status == COSIM_OK || e.line == 0 || e.col == 0) {
        abort();
    }
    arena_release(&a);
    return 0;
}
