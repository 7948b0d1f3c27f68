/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/csv.h"
#include "core/text.h"
#include "hw/rates.h"

#include <ctype.h>
#include <string.h>

/* Every key and the SI unit of its value. */
static const struct {
    const char *key, *unit;
} keys[] = {
    { "eta_compute", "ratio" },
    { "eta_memory", "ratio" },
    { "eta_link", "ratio" },
    { "op_floor_s", "s" },
    { "launch_s", "s" },
    { "collective_floor_s", "s" },
    { "link_latency_s", "s" },
    { "link_domain", "devices" },
    { "mem_usable_ratio", "ratio" },
    { "mem_reserve_bytes", "byte" },
    { "static_ratio_of_tdp", "ratio" },
    { "static_w", "W" },
    { "j_per_flop_fp16", "J/flop" },
    { "j_per_flop_ratio", "ratio" },
    { "vector_ratio_of_fp16", "ratio" },
    { "fp16_ratio_of_int8", "ratio" },
    { "j_per_mem_byte", "J/byte" },
    { "j_per_cache_byte", "J/byte" },
    { "j_per_link_byte", "J/byte" },
    { "life_s", "s" },
    { "utilisation_ratio", "ratio" },
    { "electricity_usd_per_j", "USD/J" },
    { "pue_ratio", "ratio" },
    { "carbon_g_per_j", "g/J" },
    { "voltage_floor_ratio", "ratio" },
};

/* What people may write, and what it is in SI. A year is 365.25 days. */
static const struct {
    const char *unit, *si;
    double factor;
} units[] = {
    { "ratio", "ratio", 1 },
    { "s", "s", 1 },
    { "us", "s", 1e-6 },
    { "year", "s", 31557600 },
    { "devices", "devices", 1 },
    { "byte", "byte", 1 },
    { "GB", "byte", 1e9 },
    { "W", "W", 1 },
    { "pJ/flop", "J/flop", 1e-12 },
    { "pJ/byte", "J/byte", 1e-12 },
    { "pJ/bit", "J/byte", 8e-12 },
    { "USD/kWh", "USD/J", 1.0 / 3.6e6 },
    { "g/kWh", "g/J", 1.0 / 3.6e6 },
};

#define N_OF(x) (sizeof(x) / sizeof *(x))

struct raw {
    const char *key, *qualifier, *unit, *origin, *source;
    double value;
};

#define RAW(column, flags)                                                                         \
    {                                                                                              \
#column, REC_STR, offsetof(struct raw, column), 0, 0, 0, flags                             \
    }

static const struct rec_field fields[] = {
    RAW(key, REC_REQUIRED),
    RAW(qualifier, REC_REQUIRED),
    { "value", REC_F64, offsetof(struct raw, value), 1, 0, 1e15, REC_REQUIRED },
    RAW(unit, REC_REQUIRED),
    RAW(origin, REC_REQUIRED),
    RAW(source, REC_REQUIRED),
};

static struct src_pos pos(const struct csv_doc *doc, size_t row, const char *column)
{
    return csv_pos(doc, csv_cell(doc, row, csv_column(doc, column)));
}

static cosim_status check_key(const struct csv_doc *doc, size_t row, const struct raw *raw,
                              const char **si, cosim_error *e)
{
    const struct src_pos at = pos(doc, row, "key");
    struct nearest near = { .want = raw->key };

    for (size_t k = 0; k < N_OF(keys); k++) {
        nearest_offer(&near, keys[k].key);
        if (strcmp(keys[k].key, raw->key) == 0) {
            *si = keys[k].unit;
            return COSIM_OK;
        }
    }
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "no assumption '%s'", raw->key);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

static cosim_status to_si(const struct csv_doc *doc, size_t row, const struct raw *raw,
                          struct assumption *out, cosim_error *e)
{
    const struct src_pos at = pos(doc, row, "unit");

    for (size_t u = 0; u < N_OF(units); u++)
        if (strcmp(units[u].unit, raw->unit) == 0 && strcmp(units[u].si, out->unit) == 0) {
            out->value = raw->value * units[u].factor;
            if (strcmp(out->unit, "ratio") == 0 && out->value > 16.0) {
                const struct src_pos value_at = pos(doc, row, "value");
                return err_at(e, COSIM_ERANGE, &value_at, "%g is not a ratio", raw->value);
            }
            return COSIM_OK;
        }
    const cosim_status st =
        err_at(e, COSIM_ESYNTAX, &at, "'%s' is not a unit of '%s'", raw->unit, raw->key);
    err_hint(e, "its SI unit is %s", out->unit);
    return st;
}

static cosim_status check_origin(const struct csv_doc *doc, size_t row, const struct raw *raw,
                                 struct assumption *out, cosim_error *e)
{
    const struct src_pos at = pos(doc, row, "origin");

    for (enum origin o = ORIGIN_SHEET; o <= ORIGIN_ASSUMED; o++)
        if (strcmp(origin_name(o), raw->origin) == 0) {
            out->origin = o;
            return COSIM_OK;
        }
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "no origin '%s'", raw->origin);
    err_hint(e, "one of sheet, measured, derived, assumed");
    return st;
}

static cosim_status convert(const struct csv_doc *doc, const struct raw *raw,
                            struct assumption *row, cosim_error *e)
{
    for (size_t r = 0; r < doc->n_rows; r++) {
        const struct src_pos at = pos(doc, r, "key");
        row[r] = (struct assumption){ .key = raw[r].key,
                                      .qualifier = raw[r].qualifier,
                                      .source = raw[r].source,
                                      .line = at.line };
        TRY(check_key(doc, r, &raw[r], &row[r].unit, e));
        TRY(to_si(doc, r, &raw[r], &row[r], e));
        TRY(check_origin(doc, r, &raw[r], &row[r], e));
        for (size_t q = 0; q < r; q++)
            if (strcmp(row[q].key, row[r].key) == 0
                && text_equal_nocase(row[q].qualifier, row[r].qualifier))
                return err_at(e, COSIM_ESYNTAX, &at, "'%s' for '%s' stands on line %u already",
                              row[r].key, row[r].qualifier, row[q].line);
    }
    return COSIM_OK;
}

static cosim_status rows_of(struct assumption_db *db, const struct csv_doc *doc, struct arena *a,
                            cosim_error *e)
{
    struct assumption *row = ARENA_NEW(a, struct assumption, doc->n_rows);
    void *raw;

    if (!row)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", doc->path);
    TRY(csv_records(doc, fields, N_OF(fields), sizeof(struct raw), &raw, a, e));
    TRY(convert(doc, raw, row, e));
    *db = (struct assumption_db){ .path = doc->path, .row = row, .n = doc->n_rows };
    return COSIM_OK;
}

cosim_status assumption_db_parse(struct assumption_db *db, const char *name, const void *data,
                                 size_t n, struct arena *a, cosim_error *e)
{
    struct csv_doc doc;

    *db = (struct assumption_db){ 0 };
    TRY(csv_doc_parse(&doc, name, data, n, a, e));
    return rows_of(db, &doc, a, e);
}

cosim_status assumption_db_load(struct assumption_db *db, const char *path, struct arena *a,
                                cosim_error *e)
{
    struct csv_doc doc;

    *db = (struct assumption_db){ 0 };
    TRY(csv_load(&doc, path, a, e));
    return rows_of(db, &doc, a, e);
}

static bool equal_n(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

/* Exact match with the first n characters of `qualifier`. */
static const struct assumption *find_n(const struct assumption_db *db, const char *key,
                                       const char *qualifier, size_t n)
{
    for (size_t i = 0; i < db->n; i++)
        if (strcmp(db->row[i].key, key) == 0 && strlen(db->row[i].qualifier) == n
            && equal_n(db->row[i].qualifier, qualifier, n))
            return &db->row[i];
    return NULL;
}

const struct assumption *assumption_find(const struct assumption_db *db, const char *key,
                                         const char *qualifier)
{
    const struct assumption *row = find_n(db, key, qualifier, strlen(qualifier));

    return row ? row : find_n(db, key, "*", 1);
}

enum run { RUN_OTHER, RUN_LETTERS, RUN_DIGITS };

static enum run run_of(char c)
{
    if (isalpha((unsigned char)c))
        return RUN_LETTERS;
    return isdigit((unsigned char)c) ? RUN_DIGITS : RUN_OTHER;
}

/* Length without the last run of letters or digits and the separators before it. */
static size_t shorten(const char *s, size_t n)
{
    const enum run last = run_of(s[n - 1]);

    while (n > 0 && run_of(s[n - 1]) == last)
        n--;
    while (n > 0 && run_of(s[n - 1]) == RUN_OTHER)
        n--;
    return n;
}

const struct assumption *assumption_best(const struct assumption_db *db, const char *key,
                                         const char *const *qualifier, size_t n)
{
    for (size_t q = 0; q < n; q++)
        if (qualifier[q])
            for (size_t len = strlen(qualifier[q]); len > 0; len = shorten(qualifier[q], len)) {
                const struct assumption *row = find_n(db, key, qualifier[q], len);
                if (row)
                    return row;
            }
    return find_n(db, key, "*", 1);
}
