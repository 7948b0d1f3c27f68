/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Design points as rows of a table: one schema for estimate, sweep and search. */
#ifndef API_ROWS_H
#define API_ROWS_H

#include "api/resolve.h"
#include "core/table.h"

/** Columns: point, on_front, the axes, feasible, all metrics, assumed. */
cosim_status point_table_new(struct table **t, const char *title, cosim_error *e);

/** Evaluates point `id` and appends it. */
cosim_status point_table_add(struct table *t, const struct resolved *r, struct walker *w,
                             uint64_t id, bool on_front, cosim_error *e);

/** The column of an axis, and its value in a row. */
struct column point_axis_column(enum axis axis);
cosim_status point_axis_set(struct table *t, size_t row, size_t col, const struct space *s,
                            enum axis axis, size_t digit, cosim_error *e);

/** Names of assumed rates, separated by blanks; precision fallbacks as wanted>used. */
void point_assumed(const struct rates *r, const struct load *l, char *out, size_t size);

/** The front in the order of its first objective, best first: how people read a trade. `order` has
 * room for its members. */
cosim_status front_order(const struct archive *a, size_t *order, struct arena *arena,
                         cosim_error *e);

/** Says in notes what was asked and which limits held. */
cosim_status point_table_describe_request(struct table *t, const struct sweep_request *q,
                                          cosim_error *e);

/** Says that a frontier of n_all points was thinned, if it was. */
cosim_status point_table_note_thinned(struct table *t, const struct sweep_request *q, size_t n_all,
                                      cosim_error *e);

/** The same and how large the space is. */
cosim_status point_table_describe(struct table *t, const struct resolved *r, cosim_error *e);

#endif
