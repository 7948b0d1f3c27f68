/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CSV files (RFC 4180, through libcsv) whole in memory, every cell with its line and column.
 * Quoted cells may hold line breaks. A UTF-8 byte order mark is skipped. Rows must be as wide
 * as the header; NUL bytes, unterminated quotes and files over CSV_BYTES_MAX are errors.
 */
#ifndef CORE_CSV_H
#define CORE_CSV_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

#define CSV_BYTES_MAX (256u * 1024u * 1024u)
#define CSV_COLS_MAX 1024u

struct csv_cell {
    const char *text; /* never NULL; "" = empty */
    unsigned line, col;
};

struct csv_doc {
    const char *path;
    size_t n_cols, n_rows;         /* rows without the header */
    const struct csv_cell *header; /* n_cols */
    const struct csv_cell *cell;   /* n_rows * n_cols, row-major */
};

/** Reads a file; `doc` points into the arena. */
cosim_status csv_load(struct csv_doc *doc, const char *path, struct arena *a, cosim_error *e);

/** Reads from memory; `name` stands for the path in errors. */
cosim_status csv_doc_parse(struct csv_doc *doc, const char *name, const void *data, size_t n,
                           struct arena *a, cosim_error *e);

/** Index of a header, or SIZE_MAX. */
size_t csv_column(const struct csv_doc *doc, const char *name);

static inline const struct csv_cell *csv_cell(const struct csv_doc *doc, size_t row, size_t col)
{
    return &doc->cell[row * doc->n_cols + col];
}

struct src_pos csv_pos(const struct csv_doc *doc, const struct csv_cell *c);

/** Fails with ESYNTAX or ERANGE at the cell. `v` keeps its value when the cell is empty. */
cosim_status csv_f64(const struct csv_doc *doc, const struct csv_cell *c, double lo, double hi,
                     double *v, cosim_error *e);

/*
 * Strict records: one table of fields describes a struct, its CSV columns, units and ranges.
 * Empty cells: number fields become NaN, strings NULL (REC_REQUIRED: an error).
 */
enum rec_type { REC_STR, REC_F64 };
enum rec_flag { REC_REQUIRED = 1, REC_UNIQUE = 2, REC_OPTIONAL_COLUMN = 4 };

struct rec_field {
    const char *column; /* header text, unit included: mem_bw[GB/s] */
    enum rec_type type;
    size_t offset; /* of a `const char *` or `double` member */
    double scale;  /* REC_F64: value in SI = cell * scale; 0 = 1 */
    double lo, hi; /* REC_F64: allowed range of the cell as written; lo == hi = any finite number */
    unsigned flags;
};

/**
 * Reads all rows of `doc` into `*rows` (arena, `stride` bytes each, zeroed first). Unknown and
 * repeated columns, missing columns, missing required cells and repeated unique cells are errors
 * with a position and, for names, a suggestion.
 */
cosim_status csv_records(const struct csv_doc *doc, const struct rec_field *field, size_t n_fields,
                         size_t stride, void **rows, struct arena *a, cosim_error *e);

#endif
