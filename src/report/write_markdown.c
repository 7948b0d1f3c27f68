/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/utf8.h"
#include "report/writers.h"

#include <string.h>

/* Line breaks would end the row; the rest of the list would be read as markup. */
static void put_text(const char *s, FILE *out)
{
    uint32_t c;

    for (size_t step; (step = utf8_next(s, &c)) > 0; s += step) {
        if (c < 0x80 && strchr("\\`*_|<>[]", (int)c))
            (void)putc('\\', out);
        utf8_put(utf8_is_control(c) ? ' ' : c, out);
    }
}

cosim_status write_markdown(const struct table *t, const struct report_meta *meta, FILE *out,
                            cosim_error *e)
{
    char buf[256];

    (void)e;
    if (*t->title) {
        (void)fputs("**", out);
        put_text(t->title, out);
        (void)fputs("**\n\n", out);
    }
    for (size_t c = 0; c < t->n_columns; c++) {
        (void)fputs(c == 0 ? "| " : " | ", out);
        put_text(shown_heading(t, c, buf, sizeof buf), out);
    }
    (void)fputs(" |\n", out);
    for (size_t c = 0; c < t->n_columns; c++)
        (void)fputs(t->column[c].type == CELL_STR ? "|---" : "|--:", out);
    (void)fputs("|\n", out);
    for (size_t r = 0; r < t->n_rows && !ferror(out); r++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            (void)fputs(c == 0 ? "| " : " | ", out);
            put_text(shown_cell(&t->column[c], table_cell(t, r, c), buf, sizeof buf), out);
        }
        (void)fputs(" |\n", out);
    }
    if (t->n_notes > 0 || meta->partial)
        (void)putc('\n', out);
    for (size_t i = 0; i < t->n_notes; i++) {
        (void)fputs("- ", out);
        put_text(t->note[i], out);
        (void)putc('\n', out);
    }
    if (meta->partial)
        (void)fputs("- partial: the run was interrupted\n", out);
    return COSIM_OK;
}
