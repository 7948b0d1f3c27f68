/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows by id, for spaces whose points are no numbers. Private to src/search. */
#ifndef SEARCH_STORE_H
#define SEARCH_STORE_H

#include "search/archive.h"

#include <stdbool.h>

struct search_store;

cosim_status store_new(struct search_store **s, size_t n_vars, cosim_error *e);
void store_free(struct search_store *s);

/** Ids ascend from call to call. */
cosim_status store_put(struct search_store *s, uint64_t id, const double *x, cosim_error *e);

/** The row of an id or NULL. */
const double *store_get(const struct search_store *s, uint64_t id);

/** Forgets all rows that are not in the archive, once they are the greater part. */
cosim_status store_trim(struct search_store *s, struct archive *a, cosim_error *e);

#endif
