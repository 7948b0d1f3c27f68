/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prices rows in several threads; what a journal knows is not priced again. */
#ifndef SEARCH_PRICE_H
#define SEARCH_PRICE_H

#include "search/journal.h"

#define PRICE_ROWS_MAX 1024u

struct pricer {
    const struct search_problem *problem;
    struct search_journal *journal; /* NULL = none */
    unsigned threads;               /* 0 = 1 */
    size_t n_vars;
    uint64_t n_known;      /* rows that the journal knew */
    size_t *unknown;       /* room for PRICE_ROWS_MAX rows that it does not know */
    double *x, *violation; /* and for them in one piece */
    double *column;
};

cosim_status pricer_init(struct pricer *p, const struct search_problem *problem,
                         struct search_journal *journal, unsigned threads, cosim_error *e);
void pricer_release(struct pricer *p);

/** n <= PRICE_ROWS_MAX rows; the same numbers for any number of threads. */
cosim_status price_rows(struct pricer *p, size_t n, const double *x, double *const *obj,
                        double *violation, cosim_error *e);

#endif
