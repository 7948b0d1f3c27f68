/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "validate/measured.h"

#include "core/text.h"
#include "validate/measured_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *unit;
} quantities[N_QUANTITIES] = {
#define QUANTITY_ROW(id, name, unit, doc) { name, unit },
    QUANTITY_LIST(QUANTITY_ROW)
#undef QUANTITY_ROW
};

const char *quantity_name(enum quantity q)
{
    return quantities[q].name;
}

const char *quantity_unit(enum quantity q)
{
    return quantities[q].unit;
}

/* A layout degree beyond this is no layout. */
#define DEGREE_MAX 4096ul

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void layout_of_text(const char *text, struct observation *o)
{
    const struct {
        const char *word;
        double *degree;
    } words[] = { { "TP", &o->tp }, { "PP", &o->pp }, { "EP", &o->ep }, { "DP", &o->dp } };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (const char *s = strstr(text, words[i].word); s; s = strstr(s + 1, words[i].word)) {
            if ((s > text && is_letter(s[-1])) || s[2] < '1' || s[2] > '9')
                continue;
            const unsigned long n = strtoul(s + 2, NULL, 10);
            if (n <= DEGREE_MAX)
                *words[i].degree = (double)n;
            break;
        }
}

const char *reader_text(const struct reader *r, size_t column)
{
    return csv_cell(&r->doc, r->row, r->col[column])->text;
}

cosim_status reader_f64(const struct reader *r, size_t column, double lo, double hi, double *v,
                        cosim_error *e)
{
    const struct csv_cell *c = csv_cell(&r->doc, r->row, r->col[column]);

    *v = UNKNOWN_F64;
    return text_equal_nocase(c->text, "nan") ? COSIM_OK : csv_f64(&r->doc, c, lo, hi, v, e);
}

void reader_add(struct reader *r, const struct observation *o)
{
    r->out->row[r->out->n++] = *o;
}

struct observation reader_blank(const struct reader *r)
{
    return (struct observation){
        .line = csv_cell(&r->doc, r->row, 0)->line,
        .value = UNKNOWN_F64,
        .device = "",
        .model = "",
        .runtime = "",
        .format = "",
        .a_bits = "",
        .kv_bits = "",
        .threads = "",
        .scope = "",
        .use = "",
        .source = "",
        .n_devices = UNKNOWN_F64,
        .tp = UNKNOWN_F64,
        .pp = UNKNOWN_F64,
        .ep = UNKNOWN_F64,
        .dp = UNKNOWN_F64,
        .batch = UNKNOWN_F64,
        .prompt_tokens = UNKNOWN_F64,
        .output_tokens = UNKNOWN_F64,
    };
}

cosim_status reader_run(struct reader *r, const char *const *column, size_t n_columns,
                        size_t per_row, reader_row *row, struct arena *a, cosim_error *e)
{
    const struct src_pos at = { r->doc.path, 1, 1 };

    for (size_t i = 0; i < n_columns; i++) {
        r->col[i] = csv_column(&r->doc, column[i]);
        if (r->col[i] == SIZE_MAX)
            return err_at(e, COSIM_ESYNTAX, &at, "no column '%s'", column[i]);
    }
    *r->out = (struct measured){
        .path = r->doc.path,
        .row = ARENA_NEW(a, struct observation, r->doc.n_rows * per_row + 1),
    };
    if (!r->out->row)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", r->doc.n_rows);
    for (r->row = 0; r->row < r->doc.n_rows; r->row++)
        TRY(row(r, e));
    return COSIM_OK;
}

const struct measured_kind *const measured_kind_list[] = { &measured_throughput, &measured_energy,
                                                           &measured_claims, NULL };

cosim_status measured_kind_find(const char *name, const struct measured_kind **k, cosim_error *e)
{
    struct nearest near = { .want = name };

    for (size_t i = 0; measured_kind_list[i]; i++) {
        *k = measured_kind_list[i];
        if (strcmp((*k)->name, name) == 0)
            return COSIM_OK;
        nearest_offer(&near, (*k)->name);
    }
    *k = NULL;
    const cosim_status st =
        err_set(e, COSIM_EUNKNOWN, "no measured files of kind '%.40s' are known", name);
    err_hint(e,
             nearest_suggestion(&near) ? "did you mean '%s'?"
                                       : "there are throughput, energy and claims%s",
             nearest_suggestion(&near) ? nearest_suggestion(&near) : "");
    return st;
}
