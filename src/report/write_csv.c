/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/utf8.h"
#include "report/writers.h"

#include <inttypes.h>
#include <string.h>

static void put_text(const char *s, FILE *out)
{
    /* outer blanks are quoted too: many readers, libcsv among them, strip bare ones */
    const size_t n = strlen(s);
    const bool quote = s[strcspn(s, ",\"\r\n")] != '\0'
                       || (n > 0 && (strchr(" \t", s[0]) || strchr(" \t", s[n - 1])));
    uint32_t c;

    if (quote)
        (void)putc('"', out);
    for (size_t step; (step = utf8_next(s, &c)) > 0; s += step) {
        if (c == '"')
            (void)putc('"', out);
        utf8_put(c, out);
    }
    if (quote)
        (void)putc('"', out);
}

static void put_cell(const struct column *c, const struct cell *v, FILE *out)
{
    char number[REPORT_F64_CHARS];

    if (!v->known)
        return;
    switch (c->type) {
    case CELL_STR:
        put_text(v->as.str, out);
        break;
    case CELL_F64:
        (void)fputs(report_f64(number, v->as.f64), out);
        break;
    case CELL_U64:
        (void)fprintf(out, "%" PRIu64, v->as.u64);
        break;
    case CELL_BOOL:
        (void)fputs(v->as.flag ? "true" : "false", out);
        break;
    }
}

cosim_status write_csv(const struct table *t, const struct report_meta *meta, FILE *out,
                       cosim_error *e)
{
    (void)meta; /* goes beside the file: report_write_meta_json */
    (void)e;
    for (size_t c = 0; c < t->n_columns; c++) {
        if (c > 0)
            (void)putc(',', out);
        put_text(t->column[c].name, out);
    }
    (void)fputs("\r\n", out);
    for (size_t r = 0; r < t->n_rows && !ferror(out); r++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            if (c > 0)
                (void)putc(',', out);
            put_cell(&t->column[c], table_cell(t, r, c), out);
        }
        /* a lone empty cell would be an empty line, which readers skip */
        if (t->n_columns == 1 && !table_cell(t, r, 0)->known)
            (void)fputs("\"\"", out);
        (void)fputs("\r\n", out);
    }
    return COSIM_OK;
}
