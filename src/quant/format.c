/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/format.h"

#include "core/csv.h"
#include "core/num.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A row as it stands in the file; roles, precision and empty numbers are resolved afterwards. */
struct format_row {
    struct format f;
    const char *roles, *math;
};

#define STR(column, member, flags)                                                                 \
    {                                                                                              \
        column, REC_STR, offsetof(struct format_row, member), 0, 0, 0, flags                       \
    }
#define NUM(column, member, hi)                                                                    \
    {                                                                                              \
        column, REC_F64, offsetof(struct format_row, f.member), 0, 0, hi, 0                        \
    }

static const struct rec_field fields[] = {
    STR("id", f.id, REC_REQUIRED | REC_UNIQUE),
    STR("aliases", f.aliases, 0),
    STR("family", f.family, REC_REQUIRED),
    STR("roles", roles, REC_REQUIRED),
    NUM("payload_bits", payload_bits, 64),
    NUM("group", group, 1e6),
    NUM("scale_bits", scale_bits, 1e3),
    NUM("zero_bits", zero_bits, 1e3),
    NUM("row_bits", row_bits, 1e6),
    NUM("column_bits", column_bits, 1e6),
    NUM("codebook_bits", codebook_bits, 1e12),
    NUM("outlier_ratio", outlier_ratio, 1),
    NUM("outlier_bits", outlier_bits, 1e3),
    NUM("tensor_bits", tensor_bits, 1e6),
    NUM("block_bytes", block_bytes, 1e6),
    NUM("block_elems", block_elems, 1e6),
    NUM("residual_tokens", residual_tokens, 1e6),
    STR("math", math, 0),
    NUM("dequant_ops", dequant_ops, 1e3),
    STR("dequant_origin", f.dequant_origin, 0),
    STR("fallback", f.fallback_id, 0),
    STR("doc", f.doc, REC_REQUIRED),
    STR("origin", f.origin, REC_REQUIRED),
    STR("source", f.source, REC_REQUIRED),
};
#define N_FIELDS (sizeof fields / sizeof *fields)

/* An empty numeric cell of this table means "has none", which for bits is zero. */
static void empty_is_zero(struct format_row *row)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (fields[i].type == REC_F64) {
            double v;
            memcpy(&v, (char *)row + fields[i].offset, sizeof v);
            if (!is_known(v))
                v = 0.0;
            memcpy((char *)row + fields[i].offset, &v, sizeof v);
        }
}

static const char role_letters[] = "wakv";

static cosim_status read_roles(struct format_row *row, const struct src_pos *at, cosim_error *e)
{
    for (const char *c = row->roles; *c; c++) {
        const char *hit = strchr(role_letters, *c);
        if (!hit)
            return err_at(e, COSIM_ESYNTAX, at, "format '%s': role '%c' is none of '%s'", row->f.id,
                          *c, role_letters);
        row->f.roles |= 1u << (hit - role_letters);
    }
    return COSIM_OK;
}

static cosim_status read_math(struct format_row *row, const struct src_pos *at, cosim_error *e)
{
    row->f.math = row->math ? precision_find(row->math) : N_PREC;
    if (row->math && row->f.math == N_PREC)
        return err_at(e, COSIM_EUNKNOWN, at, "format '%s': unknown precision '%s'", row->f.id,
                      row->math);
    return COSIM_OK;
}

static cosim_status check_numbers(const struct format *f, const struct src_pos *at, cosim_error *e)
{
    if ((f->block_bytes > 0.0) != (f->block_elems > 0.0))
        return err_at(e, COSIM_ESYNTAX, at,
                      "format '%s': block_bytes and block_elems must both be given", f->id);
    if ((f->scale_bits > 0.0 || f->zero_bits > 0.0) && !(f->group > 0.0))
        return err_at(e, COSIM_ESYNTAX, at, "format '%s': scale_bits or zero_bits need a group",
                      f->id);
    if (!(f->payload_bits > 0.0) && !(f->block_bytes > 0.0))
        return err_at(e, COSIM_ESYNTAX, at,
                      "format '%s': payload_bits or block_bytes must be given", f->id);
    if (f->dequant_ops > 0.0 && !f->dequant_origin)
        return err_at(e, COSIM_ESYNTAX, at, "format '%s': dequant_ops need a dequant_origin",
                      f->id);
    return COSIM_OK;
}

/* Whether `want` is one of the blank-separated words. */
static bool has_word(const char *list, const char *want)
{
    const size_t n = strlen(want);
    char word[64];

    while (list && *list) {
        const size_t len = strcspn(list, " ");
        if (len == n && len < sizeof word) {
            memcpy(word, list, len);
            word[len] = '\0';
            if (text_equal_nocase(word, want))
                return true;
        }
        list += len + strspn(list + len, " ");
    }
    return false;
}

static bool is_named(const struct format *f, const char *name)
{
    return text_equal_nocase(f->id, name) || has_word(f->aliases, name);
}

/* Names are unique over ids and aliases; fallbacks exist and end. */
static cosim_status check_names(const struct format_db *db, cosim_error *e)
{
    for (size_t i = 0; i < db->n; i++) {
        const struct format *f = &db->format[i];
        const struct src_pos at = { db->path, f->line, 1 };
        for (size_t j = 0; j < db->n; j++)
            if (j != i && is_named(&db->format[j], f->id))
                return err_at(e, COSIM_ESYNTAX, &at, "'%s' also names the format of line %u", f->id,
                              db->format[j].line);
        const struct format *next = f;
        for (unsigned steps = 0; next && next->fallback_id; steps++) {
            const struct format *from = next;
            if (steps == 8)
                return err_at(e, COSIM_ESYNTAX, &at, "format '%s': fallbacks go in a circle",
                              f->id);
            next = NULL;
            for (size_t j = 0; j < db->n; j++)
                if (is_named(&db->format[j], from->fallback_id))
                    next = &db->format[j];
            if (!next)
                return err_at(e, COSIM_EUNKNOWN, &at, "format '%s': unknown fallback '%s'",
                              from->id, from->fallback_id);
        }
    }
    return COSIM_OK;
}

cosim_status format_db_load(struct format_db *db, const char *path, struct arena *a, cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    memset(db, 0, sizeof *db);
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, fields, N_FIELDS, sizeof(struct format_row), &rows, a, e));
    struct format_row *row = rows;
    struct format *format = ARENA_NEW(a, struct format, doc.n_rows);
    if (!format)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", path);
    for (size_t i = 0; i < doc.n_rows; i++) {
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, i, 0));
        row[i].f.line = at.line;
        empty_is_zero(&row[i]);
        TRY(read_roles(&row[i], &at, e));
        TRY(read_math(&row[i], &at, e));
        TRY(check_numbers(&row[i].f, &at, e));
        format[i] = row[i].f;
    }
    db->path = doc.path;
    db->format = format;
    db->n = doc.n_rows;
    const cosim_status st = check_names(db, e);
    if (st != COSIM_OK)
        memset(db, 0, sizeof *db);
    return st;
}

static cosim_status wrong_role(const struct format_db *db, const struct format *f, unsigned roles,
                               cosim_error *e)
{
    char wanted[8] = "", list[192] = "";
    size_t n = 0;

    for (size_t r = 0; role_letters[r]; r++)
        if (roles >> r & 1u)
            wanted[n++] = role_letters[r];
    wanted[n] = '\0';
    const cosim_status st =
        err_set(e, COSIM_ERANGE, "format '%s' cannot be used for role '%s'", f->id, wanted);
    for (size_t i = 0; i < db->n; i++)
        if ((db->format[i].roles & roles) == roles
            && strlen(list) + strlen(db->format[i].id) + 2 < sizeof list) {
            (void)strcat(list, " ");
            (void)strcat(list, db->format[i].id);
        }
    err_hint(e, "formats of that role:%s", list);
    return st;
}

static cosim_status unknown_format(const struct format_db *db, const char *id, unsigned roles,
                                   cosim_error *e)
{
    struct nearest near = { .want = id };

    for (size_t i = 0; i < db->n; i++)
        if ((db->format[i].roles & roles) == roles)
            nearest_offer(&near, db->format[i].id);
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "unknown format '%s'", id);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

cosim_status format_find(const struct format_db *db, const char *id, unsigned roles,
                         const struct format **f, cosim_error *e)
{
    for (size_t i = 0; i < db->n; i++) /* mostly it is an id: schemes are parsed by the million */
        if (strcmp(db->format[i].id, id) == 0 && (db->format[i].roles & roles) == roles) {
            *f = &db->format[i];
            return COSIM_OK;
        }
    for (size_t i = 0; i < db->n; i++) {
        const struct format *c = &db->format[i];
        if (!is_named(c, id))
            continue;
        if ((c->roles & roles) != roles)
            return wrong_role(db, c, roles, e);
        *f = c;
        return COSIM_OK;
    }
    return unknown_format(db, id, roles, e);
}

static double group_bits(const struct format *f, double group, double row_elems, double n_elems)
{
    double bits = f->payload_bits + f->outlier_ratio * f->outlier_bits;

    if (group > 0.0)
        bits += (f->scale_bits + f->zero_bits) / group;
    bits += f->row_bits / row_elems + f->column_bits * row_elems / n_elems;
    return bits + (f->codebook_bits + f->tensor_bits) / n_elems;
}

double format_bits(const struct format *f, double row_elems, double n_elems)
{
    if (f->block_elems > 0.0)
        return 8.0 * f->block_bytes / f->block_elems;
    return group_bits(f, f->group, row_elems, n_elems);
}

double format_kv_bits(const struct format *f, double head_dim, double n_tokens)
{
    const double high = min_f64(n_tokens, f->residual_tokens), low = n_tokens - high;

    if (f->block_elems > 0.0)
        return 8.0 * f->block_bytes / f->block_elems;
    if (!(low > 0.0))
        return 16.0;
    const double bits = group_bits(f, min_f64(f->group, head_dim), head_dim, head_dim * low);
    return (low * bits + high * 16.0) / n_tokens;
}

double format_nominal_bits(const struct format *f)
{
    return f->payload_bits;
}

bool format_splits_row(const struct format *f, double row_elems)
{
    return f->block_elems > 1.0 && fmod(row_elems, f->block_elems) != 0.0;
}

const struct format *format_for_row(const struct format_db *db, const struct format *f,
                                    double row_elems)
{
    while (format_splits_row(f, row_elems) && f->fallback_id) {
        const struct format *next = NULL;
        for (size_t i = 0; i < db->n && !next; i++)
            if (is_named(&db->format[i], f->fallback_id))
                next = &db->format[i];
        if (!next)
            break;
        f = next;
    }
    return f;
}

enum precision format_math(const struct format *w, const struct format *a)
{
    if (w->math == a->math && a->math != N_PREC)
        return a->math;
    if (a->math == N_PREC)
        return PREC_BF16;
    if (a->payload_bits >= 16.0 || w->payload_bits < a->payload_bits
        || (w->math == N_PREC && w->payload_bits <= a->payload_bits))
        return a->math;
    return PREC_BF16;
}
