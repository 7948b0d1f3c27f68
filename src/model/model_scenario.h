/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a model is asked to do (workloads/scenarios.csv). NaN = no limit. */
#ifndef MODEL_MODEL_SCENARIO_H
#define MODEL_MODEL_SCENARIO_H

#include "core/arena.h"
#include "core/err.h"

#include <stddef.h>

struct scenario {
    const char *id, *doc, *origin, *source;
    double prompt_tokens, output_tokens; /* of each sequence, >= 1 */
    double batch;                        /* sequences at once, >= 1 */
    double ttft_slo_s, tpot_slo_s;       /* longest time to the first token, and per further one */
};

struct scenario_db {
    const char *path;
    const struct scenario *scenario;
    size_t n;
};

/** Reads the file strictly: unknown columns, empty lengths and values below 1 are errors. */
cosim_status scenario_db_load(struct scenario_db *db, const char *path, struct arena *a,
                              cosim_error *e);

/** By id, case-blind; EUNKNOWN with a suggestion. */
cosim_status scenario_find(const struct scenario_db *db, const char *id, const struct scenario **s,
                           cosim_error *e);

#endif
