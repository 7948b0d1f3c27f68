/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compares what a peer's rules give with what the peer printed, cell by cell, and keeps what a
 * report needs: values per class, the worst value per column, failed values, skipped rows.
 */
#ifndef COMPAT_SCORE_H
#define COMPAT_SCORE_H

#include "core/csv.h"
#include "core/table.h"

/* id, name, tolerance: the largest relative error that still counts as equal */
#define SCORE_CLASS_LIST(X)                                                                        \
    X(COUNT, "counts", 1e-9) /* flops, bytes, parameters: exact up to rounding */                  \
    X(TIME, "times", 1e-6)   /* seconds and what follows from them: rates, energy */               \
    X(PRINTED, "printed", 0) /* rounded by the peer: half a unit of the last printed place */      \
    X(TEXT, "text", 0)       /* names, dimensions, bounds: equal or not */

enum score_class {
#define SCORE_ENUM(id, name, tolerance) SCORE_##id,
    SCORE_CLASS_LIST(SCORE_ENUM)
#undef SCORE_ENUM
        N_SCORE
};

struct score;

/** A new empty score of a document, which it borrows. Free with score_free. */
cosim_status score_new(struct score **s, const struct csv_doc *doc, const char *peer,
                       cosim_error *e);
void score_free(struct score *s);

/** The row that the next calls talk about; `case_id` and `op` are borrowed. */
void score_row(struct score *s, size_t row, const char *case_id, const char *op);

/**
 * Compares the cell of that column in the current row with `mine`. A column that the file does
 * not have and an empty cell are not compared. ESYNTAX with the place when the cell is malformed.
 */
cosim_status score_f64(struct score *s, const char *column, double mine, enum score_class class,
                       cosim_error *e);
cosim_status score_text(struct score *s, const char *column, const char *mine, cosim_error *e);

/** Counts the current row as skipped for this reason (copied). */
cosim_status score_skip(struct score *s, const char *reason, cosim_error *e);

/** A failure of the row as a whole, blamed on a column: the operator does not exist. */
cosim_status score_fail(struct score *s, const char *column, const char *want, const char *got,
                        cosim_error *e);

/**
 * The two tables of peer.h and the verdict: `ok` is true when every compared value is within the
 * tolerance and at least one was compared.
 */
cosim_status score_report(struct score *s, struct table **summary, struct table **worst, bool *ok,
                          cosim_error *e);

#endif
