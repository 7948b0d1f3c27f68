/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The many names of a device. */
#include "core/csv.h"
#include "core/text.h"
#include "hw/device.h"

static const struct rec_field alias_fields[] = {
    { "alias", REC_STR, offsetof(struct device_alias, alias), 0, 0, 0, REC_REQUIRED | REC_UNIQUE },
    { "id", REC_STR, offsetof(struct device_alias, id), 0, 0, 0, REC_REQUIRED },
    { "notes", REC_STR, offsetof(struct device_alias, notes), 0, 0, 0, 0 },
};

static const struct device *find_own(const struct device_db *db, const char *id)
{
    for (size_t i = 0; i < db->n; i++)
        if (text_equal_nocase(db->device[i].id, id) || text_equal_nocase(db->device[i].name, id))
            return &db->device[i];
    return NULL;
}

static const struct device *find_alias(const struct device_db *db, const char *id)
{
    for (size_t i = 0; i < db->n_aliases; i++)
        if (text_equal_nocase(db->alias[i].alias, id))
            return find_own(db, db->alias[i].id);
    return NULL;
}

static cosim_status not_found(const struct device_db *db, const char *id, const struct src_pos *at,
                              cosim_error *e)
{
    struct nearest near = { .want = id };
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, at, "no device '%s'", id);

    for (size_t i = 0; i < db->n; i++)
        nearest_offer(&near, db->device[i].id);
    for (size_t i = 0; i < db->n_aliases; i++)
        nearest_offer(&near, db->alias[i].alias);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

cosim_status device_find(const struct device_db *db, const char *id, const struct device **d,
                         cosim_error *e)
{
    *d = find_own(db, id);
    if (!*d)
        *d = find_alias(db, id);
    return *d ? COSIM_OK : not_found(db, id, NULL, e);
}

cosim_status device_alias_load(struct device_db *db, const char *path, struct arena *a,
                               cosim_error *e)
{
    struct device_alias *alias;
    struct csv_doc doc;
    void *rows;

    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, alias_fields, sizeof alias_fields / sizeof *alias_fields,
                    sizeof(struct device_alias), &rows, a, e));
    alias = rows;
    for (size_t r = 0; r < doc.n_rows; r++) {
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, r, 0));
        alias[r].line = at.line;
        if (!find_own(db, alias[r].id))
            return not_found(db, alias[r].id, &at, e);
        if (find_own(db, alias[r].alias))
            return err_at(e, COSIM_ESYNTAX, &at, "alias '%s' is a device of its own",
                          alias[r].alias);
    }
    db->alias = alias;
    db->n_aliases = doc.n_rows;
    return COSIM_OK;
}
