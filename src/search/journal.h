/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Prices that a search has paid for, in memory and in a file, so that an interrupted search goes on
 * where it was: an algorithm depends on problem, options and seed only, so run again with a journal
 * it asks for the same points and is told their prices without anything being evaluated. The same
 * journal serves another algorithm, seed or budget on the same problem.
 *
 * The file is text, one point a line in the order of evaluation:
 *   # cosim journal 1, problem 0123456789abcdef, 5 variables, 3 objectives
 *   x1,...,x5,violation,f1,...,f3           numbers with 17 digits: they read back to the same bits
 * A last line without its newline was being written when the program died; it is cut off.
 */
#ifndef SEARCH_JOURNAL_H
#define SEARCH_JOURNAL_H

#include "search/problem.h"

struct search_journal;

/** In memory only. `problem` tells which problem the prices are of. */
cosim_status journal_new(struct search_journal **j, uint64_t problem, size_t n_vars, size_t n_obj,
                         cosim_error *e);

/**
 * Takes in a file, or begins it, and appends from now on. ERANGE when it is of another problem,
 * ESYNTAX with its place for a line that is none, EIO when it cannot be read or written.
 */
cosim_status journal_open(struct search_journal **j, const char *path, uint64_t problem,
                          size_t n_vars, size_t n_obj, cosim_error *e);

/** Takes in n bytes of a file `name`; `used`: bytes up to the end of the last whole line. */
cosim_status journal_read(struct search_journal *j, const char *name, const char *data, size_t n,
                          size_t *used, cosim_error *e);

/** The price of a row, if it is known. */
bool journal_get(const struct search_journal *j, const double *x, struct priced *f);

/** Remembers a price (numbers that are not finite are left out) and writes it to the file. */
cosim_status journal_put(struct search_journal *j, const double *x, const struct priced *f,
                         cosim_error *e);

/** What was put is in the file. EIO when it is not. */
cosim_status journal_flush(struct search_journal *j, cosim_error *e);

size_t journal_size(const struct search_journal *j);

void journal_close(struct search_journal *j); /* NULL is fine */

#endif
