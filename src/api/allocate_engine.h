/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What inference engines load (workloads/engines.csv): which weight formats, in which kind of
 * checkpoint ("container"; "*" = any), and how finely formats may be mixed in one:
 *   tensor  each tensor has its own     fused  q/k/v, gate/up and a layer's experts share one
 *   model   one format and 16 bits
 * A format that the table does not list is not known to be loaded, and is barred.
 */
#ifndef API_ALLOCATE_ENGINE_H
#define API_ALLOCATE_ENGINE_H

#include "core/arena.h"
#include "core/csv.h"
#include "core/table.h"
#include "quant/format.h"

#include <stdbool.h>

enum granularity { GRANULARITY_TENSOR, GRANULARITY_FUSED, GRANULARITY_MODEL };

struct engine_row {
    const char *engine, *container, *source, *notes;
    const struct format *format;
    bool loads;
    enum granularity granularity; /* when it loads */
};

struct engine_db {
    const struct engine_row *row;
    size_t n;
};

/** Every error has file, line and column. */
cosim_status engine_db_parse(struct engine_db *db, const struct csv_doc *doc,
                             const struct format_db *formats, struct arena *a, cosim_error *e);

/** The row of an engine's format, or NULL. */
const struct engine_row *engine_find(const struct engine_db *db, const char *engine,
                                     const struct format *f);

/** The engine's name as the table writes it; EUNKNOWN with a suggestion. */
cosim_status engine_name(const struct engine_db *db, const char *typed, const char **name,
                         cosim_error *e);

cosim_status engine_table(struct table **t, const struct engine_db *db, cosim_error *e);

#endif
