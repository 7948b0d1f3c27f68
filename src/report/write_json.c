/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/utf8.h"
#include "report/writers.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void json_put_str(const char *s, FILE *out)
{
    static const char named[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    uint32_t c;

    if (!s) {
        (void)fputs("null", out);
        return;
    }
    (void)putc('"', out);
    for (size_t step; (step = utf8_next(s, &c)) > 0; s += step) {
        const char *at = c < 0x80 ? strchr(named, (int)c) : NULL;
        if (at)
            (void)fprintf(out, "\\%c", letter[at - named]);
        else if (utf8_is_control(c))
            (void)fprintf(out, "\\u%04x", (unsigned)c);
        else
            utf8_put(c, out);
    }
    (void)putc('"', out);
}

static void put_cell(const struct column *c, const struct cell *v, FILE *out)
{
    char number[REPORT_F64_CHARS];

    if (!v->known || (c->type == CELL_F64 && !isfinite(v->as.f64))) {
        (void)fputs("null", out);
        return;
    }
    switch (c->type) {
    case CELL_STR:
        json_put_str(v->as.str, out);
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

cosim_status write_json(const struct table *t, const struct report_meta *meta, FILE *out,
                        cosim_error *e)
{
    (void)e;
    (void)fputs("{\"meta\": ", out);
    write_meta_object(t, meta, "", out);
    (void)fputs("}\n", out);
    for (size_t r = 0; r < t->n_rows && !ferror(out); r++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            (void)fputs(c == 0 ? "{" : ", ", out);
            json_put_str(t->column[c].name, out);
            (void)fputs(": ", out);
            put_cell(&t->column[c], table_cell(t, r, c), out);
        }
        (void)fputs("}\n", out);
    }
    return COSIM_OK;
}
