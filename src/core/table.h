/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A result: named, typed columns with units. Commands fill one, writers (src/report) print it. */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cell_type { CELL_STR, CELL_F64, CELL_U64, CELL_BOOL };

struct column {
    const char *name; /* like a C identifier with its unit: latency_s */
    const char *unit; /* SI unit for people: "s", "J", "byte", "" */
    const char *doc;
    enum cell_type type;
};

/* One value; `known` false = unknown, printed empty (csv), null (json) or "-" (table). */
struct cell {
    bool known;
    union {
        const char *str;
        double f64;
        uint64_t u64;
        bool flag;
    } as;
};

struct table {
    struct arena arena;
    const char *title;
    size_t n_columns, n_rows, cap_rows;
    struct column *column;
    struct cell *cell; /* row-major, n_rows * n_columns */
    const char **note; /* lines shown under a table for people, and in the metadata */
    size_t n_notes, cap_notes;
};

/** A new empty table with copies of the columns. Free with table_free. */
cosim_status table_new(struct table **t, const char *title, const struct column *column, size_t n,
                       cosim_error *e);
void table_free(struct table *t);

/** Appends a row of unknown cells and gives its index. */
cosim_status table_add_row(struct table *t, size_t *row, cosim_error *e);

/** Sets a cell; strings are copied. A NULL string and a NaN are unknown. */
cosim_status table_set_str(struct table *t, size_t row, size_t col, const char *s, cosim_error *e);
void table_set_f64(struct table *t, size_t row, size_t col, double v);
void table_set_u64(struct table *t, size_t row, size_t col, uint64_t v);
void table_set_flag(struct table *t, size_t row, size_t col, bool v);

/** A cell of another table, into a column of the same type. */
cosim_status table_copy_cell(struct table *t, size_t row, size_t col, const struct table *from,
                             size_t from_row, size_t from_col, cosim_error *e);

/** Adds a line of explanation (copied). */
cosim_status table_note(struct table *t, cosim_error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Index of the named column or SIZE_MAX. */
size_t table_column(const struct table *t, const char *name);

static inline const struct cell *table_cell(const struct table *t, size_t row, size_t col)
{
    return &t->cell[row * t->n_columns + col];
}

#endif
