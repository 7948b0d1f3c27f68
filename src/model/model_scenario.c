/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model_scenario.h"

#include "core/csv.h"
#include "core/text.h"

#include <string.h>

#define STR(column, member, flags)                                                                 \
    {                                                                                              \
        column, REC_STR, offsetof(struct scenario, member), 0, 0, 0, flags                         \
    }
#define NUM(column, member, lo, hi, flags)                                                         \
    {                                                                                              \
        column, REC_F64, offsetof(struct scenario, member), 0, lo, hi, flags                       \
    }

static const struct rec_field fields[] = {
    STR("id", id, REC_REQUIRED | REC_UNIQUE),
    STR("doc", doc, REC_REQUIRED),
    NUM("prompt_tokens[token]", prompt_tokens, 1, 1e9, REC_REQUIRED),
    NUM("output_tokens[token]", output_tokens, 1, 1e9, REC_REQUIRED),
    NUM("batch", batch, 1, 1e6, REC_REQUIRED),
    NUM("ttft_slo_s", ttft_slo_s, 1e-6, 1e6, 0),
    NUM("tpot_slo_s", tpot_slo_s, 1e-6, 1e6, 0),
    STR("origin", origin, REC_REQUIRED),
    STR("source", source, REC_REQUIRED),
};

cosim_status scenario_db_load(struct scenario_db *db, const char *path, struct arena *a,
                              cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    memset(db, 0, sizeof *db);
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, fields, sizeof fields / sizeof *fields, sizeof(struct scenario), &rows, a,
                    e));
    db->path = doc.path;
    db->scenario = rows;
    db->n = doc.n_rows;
    return COSIM_OK;
}

cosim_status scenario_find(const struct scenario_db *db, const char *id, const struct scenario **s,
                           cosim_error *e)
{
    struct nearest near = { .want = id };

    for (size_t i = 0; i < db->n; i++) {
        if (text_equal_nocase(db->scenario[i].id, id)) {
            *s = &db->scenario[i];
            return COSIM_OK;
        }
        nearest_offer(&near, db->scenario[i].id);
    }
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "unknown scenario '%s'", id);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}
