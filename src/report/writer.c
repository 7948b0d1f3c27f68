/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/writer.h"

#include "core/text.h"
#include "report/locale_c.h"
#include "report/writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct writer writer_list[] = {
    { "table", ".txt", "aligned columns with SI prefixes, for people", write_table },
    { "csv", ".csv", "RFC 4180, SI base units, full precision", write_csv },
    { "json", ".jsonl", "JSON lines: metadata first, then one object per row", write_json },
    { "markdown", ".md", "a table to paste into a document", write_markdown },
};
const size_t n_writers = sizeof writer_list / sizeof *writer_list;

cosim_status writer_find(const char *format, const struct writer **w, cosim_error *e)
{
    struct nearest near = { .want = format };

    for (size_t i = 0; i < n_writers; i++) {
        if (strcmp(writer_list[i].name, format) == 0) {
            *w = &writer_list[i];
            return COSIM_OK;
        }
        nearest_offer(&near, writer_list[i].name);
    }
    (void)err_set(e, COSIM_EUNKNOWN, "unknown format '%s'", format);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return COSIM_EUNKNOWN;
}

cosim_status report_flush(FILE *out, cosim_error *e)
{
    errno = 0;
    if (fflush(out) == 0 && !ferror(out))
        return COSIM_OK;
    /* a failure inside fprintf leaves only the flag: errno may be long gone */
    return err_set(e, COSIM_EIO, "cannot write the output: %s",
                   errno ? strerror(errno) : "an earlier write failed");
}

char *report_f64(char buf[REPORT_F64_CHARS], double v)
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(buf, REPORT_F64_CHARS, "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    return buf;
}

cosim_status report_write(const struct table *t, const char *format, const struct report_meta *meta,
                          FILE *out, cosim_error *e)
{
    const struct writer *w = NULL;
    struct locale_c c;

    TRY(writer_find(format, &w, e));
    locale_c_enter(&c);
    cosim_status st = w->write(t, meta, out, e);
    locale_c_leave(&c);
    return st == COSIM_OK ? report_flush(out, e) : st;
}

cosim_status report_write_meta_json(const struct table *t, const struct report_meta *meta,
                                    FILE *out, cosim_error *e)
{
    struct locale_c c;

    locale_c_enter(&c);
    write_meta_object(t, meta, "\n  ", out);
    (void)putc('\n', out);
    locale_c_leave(&c);
    return report_flush(out, e);
}
