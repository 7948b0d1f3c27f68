/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prices of the points of a discrete space seen so far. Private to src/search. */
#ifndef SEARCH_SEEN_H
#define SEARCH_SEEN_H

#include "search/problem.h"

/* Zero-initialise, set n_obj; seen_release. */
struct seen {
    size_t n_obj, n, cap;
    uint64_t *key; /* id + 1, 0 = free */
    double *value; /* n_obj objectives and the violation */
};

void seen_release(struct seen *s);
cosim_status seen_put(struct seen *s, uint64_t id, const struct priced *f, cosim_error *e);
bool seen_get(const struct seen *s, uint64_t id, struct priced *f);

#endif
