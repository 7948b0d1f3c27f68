/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "validate/names.h"

#include "core/csv.h"
#include "core/text.h"

#include <string.h>
#include <strings.h>

static const char *const kinds[] = { "device", "model", "format", "a", "kv", "runtime" };

static const struct rec_field fields[] = {
    { "kind", REC_STR, offsetof(struct foreign_name, kind), 0, 0, 0, REC_REQUIRED },
    { "name", REC_STR, offsetof(struct foreign_name, name), 0, 0, 0, REC_REQUIRED },
    { "id", REC_STR, offsetof(struct foreign_name, id), 0, 0, 0, 0 },
    { "a", REC_STR, offsetof(struct foreign_name, a), 0, 0, 0, 0 },
    { "kv", REC_STR, offsetof(struct foreign_name, kv), 0, 0, 0, 0 },
    { "layout", REC_STR, offsetof(struct foreign_name, layout), 0, 0, 0, 0 },
    { "notes", REC_STR, offsetof(struct foreign_name, notes), 0, 0, 0, 0 },
};

static bool is_kind(const char *s)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], s) == 0)
            return true;
    return false;
}

static cosim_status check_row(const struct foreign_names *f, const struct foreign_name *r,
                              cosim_error *e)
{
    const struct src_pos at = { f->path, r->line, 1 };

    if (!is_kind(r->kind))
        return err_at(e, COSIM_EUNKNOWN, &at,
                      "'%.40s' is none of device, model, format, a, kv, runtime", r->kind);
    if (r->layout && strcmp(r->layout, "tp") != 0 && strcmp(r->layout, "pp") != 0)
        return err_at(e, COSIM_EUNKNOWN, &at, "layout '%.40s' is neither tp nor pp", r->layout);
    if (names_find(f, r->kind, r->name) != r)
        return err_at(e, COSIM_ESYNTAX, &at, "%s '%.80s' is there twice", r->kind, r->name);
    return COSIM_OK;
}

static cosim_status take(struct foreign_names *f, const struct csv_doc *doc, struct arena *a,
                         cosim_error *e)
{
    void *rows = NULL;

    TRY(csv_records(doc, fields, sizeof fields / sizeof *fields, sizeof(struct foreign_name), &rows,
                    a, e));
    struct foreign_name *row = rows;
    for (size_t i = 0; i < doc->n_rows; i++)
        row[i].line = csv_cell(doc, i, 0)->line;
    *f = (struct foreign_names){ doc->path, row, doc->n_rows };
    for (size_t i = 0; i < f->n; i++)
        TRY(check_row(f, &row[i], e));
    return COSIM_OK;
}

cosim_status names_load(struct foreign_names *f, const char *path, struct arena *a, cosim_error *e)
{
    struct csv_doc doc;

    TRY(csv_load(&doc, path, a, e));
    return take(f, &doc, a, e);
}

cosim_status names_parse(struct foreign_names *f, const char *path, const void *data, size_t n,
                         struct arena *a, cosim_error *e)
{
    struct csv_doc doc;

    TRY(csv_doc_parse(&doc, path, data, n, a, e));
    return take(f, &doc, a, e);
}

const struct foreign_name *names_find(const struct foreign_names *f, const char *kind,
                                      const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->row[i].kind, kind) == 0 && text_equal_nocase(f->row[i].name, name))
            return &f->row[i];
    return NULL;
}

const struct foreign_name *names_prefix(const struct foreign_names *f, const char *kind,
                                        const char *name)
{
    const struct foreign_name *best = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < f->n; i++) {
        const size_t n = strlen(f->row[i].name);
        if (strcmp(f->row[i].kind, kind) == 0 && n > longest
            && strncasecmp(f->row[i].name, name, n) == 0) {
            best = &f->row[i];
            longest = n;
        }
    }
    return best;
}
