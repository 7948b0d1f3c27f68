/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/allocate_engine.h"

#include "api/allocate.h"
#include "core/text.h"

#include <string.h>

struct written {
    const char *engine, *format, *loads, *container, *granularity, *source, *notes;
};

#define TEXT(column, member, flags)                                                                \
    {                                                                                              \
        column, REC_STR, offsetof(struct written, member), 0, 0, 0, flags                          \
    }

static const struct rec_field fields[] = {
    TEXT("engine", engine, REC_REQUIRED),
    TEXT("format", format, REC_REQUIRED),
    TEXT("loads", loads, REC_REQUIRED),
    TEXT("container", container, 0),
    TEXT("granularity", granularity, 0),
    TEXT("source", source, REC_REQUIRED),
    TEXT("notes", notes, 0),
};

static const char *const granularity_name[] = { "tensor", "fused", "model" };

#define COUNT(x) (sizeof(x) / sizeof *(x))

static struct src_pos place(const struct csv_doc *doc, size_t row, const char *column)
{
    return csv_pos(doc, csv_cell(doc, row, csv_column(doc, column)));
}

static cosim_status read_granularity(struct engine_row *r, const struct written *w,
                                     const struct csv_doc *doc, size_t row, cosim_error *e)
{
    const struct src_pos at = place(doc, row, "granularity");

    for (size_t i = 0; w->granularity && i < COUNT(granularity_name); i++)
        if (strcmp(granularity_name[i], w->granularity) == 0) {
            r->granularity = (enum granularity)i;
            return COSIM_OK;
        }
    return err_at(e, COSIM_ESYNTAX, &at, "granularity is tensor, fused or model, not '%.40s'",
                  w->granularity ? w->granularity : "");
}

static cosim_status read_row(struct engine_row *r, const struct written *w,
                             const struct csv_doc *doc, size_t row, const struct format_db *formats,
                             cosim_error *e)
{
    const struct src_pos at = place(doc, row, "format"), loads = place(doc, row, "loads");
    cosim_error own = { 0 };
    cosim_status st;

    *r = (struct engine_row){ w->engine, w->container, w->source,        w->notes,
                              NULL,      false,        GRANULARITY_FUSED };
    st = format_find(formats, w->format, ROLE_W, &r->format, &own);
    if (st != COSIM_OK) {
        (void)err_at(e, st, &at, "%s", own.msg);
        err_hint(e, "%s", own.hint);
        return st;
    }
    r->loads = strcmp(w->loads, "yes") == 0;
    if (!r->loads && strcmp(w->loads, "no") != 0)
        return err_at(e, COSIM_ESYNTAX, &loads, "loads is yes or no, not '%.40s'", w->loads);
    if (!r->loads)
        return COSIM_OK;
    if (!w->container) {
        const struct src_pos c = place(doc, row, "container");
        return err_at(e, COSIM_ESYNTAX, &c, "what is loaded has a container, or '*'");
    }
    return read_granularity(r, w, doc, row, e);
}

cosim_status engine_db_parse(struct engine_db *db, const struct csv_doc *doc,
                             const struct format_db *formats, struct arena *a, cosim_error *e)
{
    void *rows = NULL;

    TRY(csv_records(doc, fields, COUNT(fields), sizeof(struct written), &rows, a, e));
    const struct written *w = rows;
    struct engine_row *r = ARENA_NEW(a, struct engine_row, doc->n_rows);
    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for '%s'", doc->path);
    *db = (struct engine_db){ r, 0 };
    for (size_t i = 0; i < doc->n_rows; i++) {
        TRY(read_row(&r[i], &w[i], doc, i, formats, e));
        const struct src_pos at = place(doc, i, "format");
        if (engine_find(db, r[i].engine, r[i].format))
            return err_at(e, COSIM_ESYNTAX, &at, "'%s' of %s is listed twice", w[i].format,
                          w[i].engine);
        db->n++;
    }
    return COSIM_OK;
}

const struct engine_row *engine_find(const struct engine_db *db, const char *engine,
                                     const struct format *f)
{
    for (size_t i = 0; i < db->n; i++)
        if (db->row[i].format == f && strcmp(db->row[i].engine, engine) == 0)
            return &db->row[i];
    return NULL;
}

cosim_status engine_name(const struct engine_db *db, const char *typed, const char **name,
                         cosim_error *e)
{
    struct nearest near = { .want = typed };

    for (size_t i = 0; i < db->n; i++) {
        nearest_offer(&near, db->row[i].engine);
        if (text_equal_nocase(db->row[i].engine, typed)) {
            *name = db->row[i].engine;
            return COSIM_OK;
        }
    }
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "no engine is called '%.40s'", typed);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    else
        err_hint(e, "'cosim list engines' shows all");
    return st;
}

cosim_status engine_table(struct table **t, const struct engine_db *db, cosim_error *e)
{
    static const struct column columns[] = {
        { "engine", "", "", CELL_STR },
        { "format", "", "weight format", CELL_STR },
        { "loads", "", "the engine reads weights in it", CELL_BOOL },
        { "container", "", "kind of checkpoint; * = any", CELL_STR },
        { "granularity", "", "what may have a format of its own: tensor, fused set, whole model",
          CELL_STR },
        { "source", "", "", CELL_STR },
        { "notes", "", "", CELL_STR },
    };

    TRY(table_new(t, "engines", columns, COUNT(columns), e));
    for (size_t i = 0; i < db->n; i++) {
        const struct engine_row *r = &db->row[i];
        size_t row;
        TRY(table_add_row(*t, &row, e));
        TRY(table_set_str(*t, row, 0, r->engine, e));
        TRY(table_set_str(*t, row, 1, r->format->id, e));
        table_set_flag(*t, row, 2, r->loads);
        TRY(table_set_str(*t, row, 3, r->container, e));
        TRY(table_set_str(*t, row, 4, r->loads ? granularity_name[r->granularity] : NULL, e));
        TRY(table_set_str(*t, row, 5, r->source, e));
        TRY(table_set_str(*t, row, 6, r->notes, e));
    }
    return COSIM_OK;
}

cosim_status allocate_load_engines(cosim *c, struct engine_db *db, struct arena *a, cosim_error *e)
{
    const char *path;
    struct csv_doc doc;

    TRY(context_path(a, c->workloads, "engines.csv", &path, e));
    TRY(csv_load(&doc, path, a, e));
    return engine_db_parse(db, &doc, &c->formats, a, e);
}

/* --- the rule -------------------------------------------------------------------------------- */

/* One kind of checkpoint: formats of granularity "model" are each one of their own. */
static const char *container_of(struct allocation *al, const struct engine_row *r)
{
    if (!r || !r->loads || strcmp(r->container, "*") == 0)
        return NULL;
    return r->granularity == GRANULARITY_MODEL
               ? arena_printf(&al->arena, "%s:%s", r->container, r->format->id)
               : r->container;
}

/* The one that was named, else the one that holds most of the candidates. */
static cosim_status pick_container(struct allocation *al, const struct engine_row *const *row,
                                   cosim_error *e)
{
    const char *of[ALLOCATE_FORMATS_MAX];
    size_t most = 0;

    for (size_t i = 0; i < al->n_formats; i++)
        of[i] = container_of(al, row[i]);
    for (size_t i = 0; i < al->n_formats; i++) {
        size_t n = 0;
        for (size_t k = 0; of[i] && k < al->n_formats; k++)
            n += of[k] && strcmp(of[i], of[k]) == 0;
        const bool named = al->o->container && of[i] && text_equal_nocase(of[i], al->o->container);
        if (al->o->container ? named : n > most) {
            most = n;
            al->container = of[i];
        }
    }
    if (al->o->container && !al->container)
        return err_set(e, COSIM_EUNKNOWN, "no candidate is in a '%.60s' checkpoint of %s",
                       al->o->container, al->engine);
    for (size_t i = 0; i < al->n_formats; i++)
        if (of[i] && strcmp(of[i], al->container) != 0)
            al->format[i].engine_reason = arena_printf(
                &al->arena, "needs a checkpoint of kind %s, this plan's is %s (--container)", of[i],
                al->container);
    return COSIM_OK;
}

cosim_status allocate_engine_rules(struct allocation *al, cosim_error *e)
{
    const struct engine_row *row[ALLOCATE_FORMATS_MAX];
    struct engine_db db;
    bool fused = false;

    if (!al->o->engine)
        return al->o->container ? err_set(e, COSIM_EUSAGE, "'--container' needs '--engine'")
                                : COSIM_OK;
    TRY(allocate_load_engines(al->c, &db, &al->arena, e));
    TRY(engine_name(&db, al->o->engine, &al->engine, e));
    for (size_t i = 0; i < al->n_formats; i++) {
        row[i] = engine_find(&db, al->engine, al->format[i].format);
        if (!row[i] || !row[i]->loads)
            al->format[i].engine_reason =
                row[i]
                    ? arena_printf(&al->arena, "%s does not load it: %s", al->engine,
                                   row[i]->notes ? row[i]->notes : row[i]->source)
                    : arena_printf(&al->arena, "not known to load in %s (engines.csv)", al->engine);
        fused = fused || (row[i] && row[i]->loads && row[i]->granularity != GRANULARITY_TENSOR);
    }
    TRY(pick_container(al, row, e));
    if (al->o->split && fused)
        return err_set(e, COSIM_EUSAGE,
                       "%s runs q, k, v and gate, up as one product each: '--split' is not for it",
                       al->engine);
    return COSIM_OK;
}
