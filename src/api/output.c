/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/context.h"
#include "core/csv.h"
#include "core/hash.h"
#include "core/num.h"
#include "core/table.h"
#include "core/text.h"
#include "report/writer.h"

#include <string.h>
#include <strings.h>

/* Version of the columns and metadata that results are written with. */
#define RESULT_SCHEMA 1u
#define INPUTS_MAX 64u

/* The data files a result depends on, then the caller's. */
static cosim_status collect_inputs(cosim *c, const cosim_write_options *o,
                                   struct report_input input[INPUTS_MAX], size_t *n, cosim_error *e)
{
    const char *const data[] = { c->devices.path, c->assumptions.path, c->formats.path,
                                 c->schemes.path, c->models.path,      c->scenarios.path,
                                 c->quality.path };

    *n = 0;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        input[(*n)++].name = data[i];
    for (size_t i = 0; i < o->n_inputs && *n < INPUTS_MAX; i++)
        input[(*n)++].name = o->input[i];
    for (size_t i = 0; i < *n; i++)
        TRY(hash_file(input[i].name, &input[i].hash, e));
    return COSIM_OK;
}

typedef cosim_status write_call(const struct table *t, const char *format,
                                const struct report_meta *meta, FILE *out, cosim_error *e);

static cosim_status write_with(write_call *call, cosim *c, const struct table *t,
                               const cosim_write_options *o, FILE *out, cosim_error *e)
{
    struct report_input input[INPUTS_MAX] = { { NULL, 0 } };
    struct report_meta meta = { .version = cosim_version(), .schema = RESULT_SCHEMA };

    if (!o || o->size < sizeof *o)
        return err_set(e, COSIM_EUSAGE, "cosim_write_options needs its size");
    TRY(collect_inputs(c, o, input, &meta.n_inputs, e));
    meta.input = input;
    meta.command_line = o->command_line;
    meta.seeded = o->seeded != 0;
    meta.seed = o->seed;
    meta.partial = o->partial != 0;
    meta.colour = o->colour != 0;
    meta.width = o->width;
    return call(t, o->format ? o->format : "table", &meta, out, e);
}

cosim_status cosim_write(cosim *c, const cosim_table *t, const cosim_write_options *o, FILE *out,
                         cosim_error *e)
{
    return write_with(report_write, c, t, o, out, e);
}

static cosim_status write_meta(const struct table *t, const char *format,
                               const struct report_meta *meta, FILE *out, cosim_error *e)
{
    (void)format;
    return report_write_meta_json(t, meta, out, e);
}

cosim_status cosim_write_meta(cosim *c, const cosim_table *t, const cosim_write_options *o,
                              FILE *out, cosim_error *e)
{
    return write_with(write_meta, c, t, o, out, e);
}

#define SELECT_MAX 256u

/* By its name, or as tables show it: without the unit at the end, when that is clear. */
static size_t named_column(const struct table *t, const char *name)
{
    const size_t exact = table_column(t, name), n = strlen(name);
    size_t found = SIZE_MAX;

    for (size_t i = 0; exact == SIZE_MAX && i < t->n_columns; i++) {
        const char *full = t->column[i].name;
        if (strncmp(full, name, n) != 0 || full[n] != '_')
            continue;
        if (found != SIZE_MAX)
            return SIZE_MAX;
        found = i;
    }
    return exact != SIZE_MAX ? exact : found;
}

static cosim_status find_columns(const struct table *t, const char *list, size_t *from,
                                 struct column *column, size_t *n, cosim_error *e)
{
    struct list_walk w = { .list = { list, { "--columns", 0, 0 } } };
    cosim_status st;

    while (list_next(&w, &st, e)) {
        struct nearest near = { .want = w.token };
        const size_t col = named_column(t, w.token);
        if (col == SIZE_MAX || *n == SELECT_MAX) {
            for (size_t i = 0; i < t->n_columns; i++)
                nearest_offer(&near, t->column[i].name);
            st = err_set(e, COSIM_EUNKNOWN, "there is no column '%s'", w.token);
            if (nearest_suggestion(&near))
                err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
            return st;
        }
        from[*n] = col;
        column[(*n)++] = t->column[col];
    }
    return st;
}

static cosim_status copy_rows(struct table *to, const struct table *from, const size_t *col,
                              cosim_error *e)
{
    for (size_t row = 0; row < from->n_rows; row++) {
        size_t r;
        TRY(table_add_row(to, &r, e));
        for (size_t i = 0; i < to->n_columns; i++)
            TRY(table_copy_cell(to, r, i, from, row, col[i], e));
    }
    for (size_t i = 0; i < from->n_notes; i++)
        TRY(table_note(to, e, "%s", from->note[i]));
    return COSIM_OK;
}

cosim_status cosim_table_select(const cosim_table *t, const char *columns, cosim_table **chosen,
                                cosim_error *e)
{
    struct column column[SELECT_MAX];
    size_t from[SELECT_MAX], n = 0;

    *chosen = NULL;
    TRY(find_columns(t, columns, from, column, &n, e));
    TRY(table_new(chosen, t->title, column, n, e));
    const cosim_status st = copy_rows(*chosen, t, from, e);
    if (st != COSIM_OK) {
        table_free(*chosen);
        *chosen = NULL;
    }
    return st;
}

/* Other programs write an unknown number as nan. */
static bool is_missing(const char *s)
{
    return *s == '\0' || strcasecmp(s, "nan") == 0;
}

/* A column whose known cells are all numbers becomes numbers; true and false become flags. */
static enum cell_type guess_type(const struct csv_doc *doc, size_t col)
{
    bool number = true, flag = true, any = false;
    double v;

    for (size_t r = 0; r < doc->n_rows; r++) {
        const char *s = csv_cell(doc, r, col)->text;
        if (is_missing(s))
            continue;
        any = true;
        number = number && text_to_f64(s, &v);
        flag = flag && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0);
    }
    if (!any)
        return CELL_STR;
    return number ? CELL_F64 : flag ? CELL_BOOL : CELL_STR;
}

/* Units of SI columns are at the end of their names. */
static const char *guess_unit(const char *name)
{
    static const struct {
        const char *suffix, *unit;
    } rule[] = {
        { "_per_s", "1/s" },
        { "_j_per_token", "J/token" },
        { "j_per_token", "J/token" },
        { "_s", "s" },
        { "_j", "J" },
        { "_w", "W" },
        { "_bytes", "byte" },
        { "_ratio", "ratio" },
        { "usd_per_mtok", "USD" },
        { "_usd", "USD" },
    };
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        const size_t m = strlen(rule[i].suffix);
        if (n >= m && strcmp(name + n - m, rule[i].suffix) == 0)
            return rule[i].unit;
    }
    return "";
}

static cosim_status read_rows(struct table *t, const struct csv_doc *doc, cosim_error *e)
{
    for (size_t r = 0; r < doc->n_rows; r++) {
        size_t row;
        TRY(table_add_row(t, &row, e));
        for (size_t c = 0; c < doc->n_cols; c++) {
            const struct csv_cell *cell = csv_cell(doc, r, c);
            double v = UNKNOWN_F64;
            if (cell->text[0] == '\0')
                continue;
            if (t->column[c].type == CELL_F64) {
                if (is_missing(cell->text))
                    continue;
                TRY(csv_f64(doc, cell, 0.0, 0.0, &v, e));
                table_set_f64(t, row, c, v);
            } else if (t->column[c].type == CELL_BOOL) {
                table_set_flag(t, row, c, cell->text[0] == 't');
            } else {
                TRY(table_set_str(t, row, c, cell->text, e));
            }
        }
    }
    return COSIM_OK;
}

static cosim_status read_table(struct csv_doc *doc, const char *path, struct arena *a,
                               cosim_table **t, cosim_error *e)
{
    TRY(csv_load(doc, path, a, e));
    struct column *column = ARENA_NEW(a, struct column, doc->n_cols);
    if (!column)
        return err_set(e, COSIM_ENOMEM, "out of memory for '%s'", path);
    for (size_t c = 0; c < doc->n_cols; c++)
        column[c] = (struct column){ doc->header[c].text, guess_unit(doc->header[c].text), "",
                                     guess_type(doc, c) };
    TRY(table_new(t, path, column, doc->n_cols, e));
    return read_rows(*t, doc, e);
}

cosim_status cosim_table_read(const char *path, cosim_table **t, cosim_error *e)
{
    struct arena a = { NULL };
    struct csv_doc doc;

    *t = NULL;
    const cosim_status st = read_table(&doc, path, &a, t, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
