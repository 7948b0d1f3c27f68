/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binds the input columns of a golden file to the members of a peer's case. */
#ifndef COMPAT_INPUT_H
#define COMPAT_INPUT_H

#include "core/csv.h"

#include <stdbool.h>

enum input_flag {
    INPUT_WHOLE = 1,   /* an integer */
    INPUT_DEFAULT = 2, /* an empty cell (or no such column) means when_empty; otherwise an error */
};

struct input {
    const char *column;
    size_t offset; /* of a double */
    double scale;  /* member = cell * scale, SI */
    double lo, hi; /* allowed range of the cell as written */
    unsigned flags;
    double when_empty; /* SI, used with INPUT_DEFAULT */
};

/* Largest count that a cell may hold: products of a few of them stay far from overflow. */
#define INPUT_COUNT_MAX 1e9

/**
 * Reads one row. ESYNTAX: a column is missing, a required cell is empty or not a number.
 * ERANGE: outside lo..hi or not whole.
 */
cosim_status input_read(const struct csv_doc *doc, size_t row, const struct input *in, size_t n,
                        void *out, cosim_error *e);

/** The text of a cell; "" when the file has no such column. */
const char *input_text(const struct csv_doc *doc, size_t row, const char *column);

/** True / False as Python prints them, empty = false; ESYNTAX with the place otherwise. */
cosim_status input_bool(const struct csv_doc *doc, size_t row, const char *column, bool *v,
                        cosim_error *e);

/** ESYNTAX at the cell of that column, or at the row when there is none. */
cosim_status input_bad(const struct csv_doc *doc, size_t row, const char *column, const char *why,
                       cosim_error *e);

#endif
