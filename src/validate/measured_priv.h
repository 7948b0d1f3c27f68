/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of measured files share. Private to validate. */
#ifndef VALIDATE_MEASURED_PRIV_H
#define VALIDATE_MEASURED_PRIV_H

#include "core/csv.h"
#include "core/num.h"
#include "validate/measured.h"

#define READER_COLUMNS_MAX 32u

/* A document whose needed columns were found; foreign files may have more of them. */
struct reader {
    struct csv_doc doc;
    size_t col[READER_COLUMNS_MAX];
    size_t row;
    struct measured *out;
};

/** Adds the observations of row r->row. */
typedef cosim_status reader_row(struct reader *r, cosim_error *e);

/** Finds the columns (ESYNTAX names the missing one), reads all rows; at most `per_row` each. */
cosim_status reader_run(struct reader *r, const char *const *column, size_t n_columns,
                        size_t per_row, reader_row *row, struct arena *a, cosim_error *e);

/** Text of a column of the current row. */
const char *reader_text(const struct reader *r, size_t column);

/** Number of a column of the current row: NaN when empty or "nan"; ESYNTAX, ERANGE with the place.
 */
cosim_status reader_f64(const struct reader *r, size_t column, double lo, double hi, double *v,
                        cosim_error *e);

/** Appends a copy. */
void reader_add(struct reader *r, const struct observation *o);

/** An observation that says nothing, on the line of the current row. */
struct observation reader_blank(const struct reader *r);

/* load and parse of a kind from its columns and its row function */
#define READER_DEFINE(kind, columns, per_row, row_function)                                        \
    static cosim_status kind##_load(struct measured *m, const char *path, struct arena *a,         \
                                    cosim_error *e)                                                \
    {                                                                                              \
        struct reader r = { .out = m };                                                            \
        TRY(csv_load(&r.doc, path, a, e));                                                         \
        return reader_run(&r, columns, sizeof columns / sizeof *columns, per_row, row_function, a, \
                          e);                                                                      \
    }                                                                                              \
    static cosim_status kind##_parse(struct measured *m, const char *path, const void *data,       \
                                     size_t n, struct arena *a, cosim_error *e)                    \
    {                                                                                              \
        struct reader r = { .out = m };                                                            \
        TRY(csv_doc_parse(&r.doc, path, data, n, a, e));                                           \
        return reader_run(&r, columns, sizeof columns / sizeof *columns, per_row, row_function, a, \
                          e);                                                                      \
    }

extern const struct measured_kind measured_throughput, measured_energy, measured_claims;

#endif
