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

/** Says in notes what was asked and which limits held. */
cosim_status point_table_describe(struct table *t, const struct resolved *r, cosim_error *e);

#endif
