/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The formats: to add one, write write_<name>.c and its row in writer.c. Private to report. */
#ifndef REPORT_WRITERS_H
#define REPORT_WRITERS_H

#include "report/writer.h"

cosim_status write_table(const struct table *t, const struct report_meta *meta, FILE *out,
                         cosim_error *e);
cosim_status write_csv(const struct table *t, const struct report_meta *meta, FILE *out,
                       cosim_error *e);
cosim_status write_json(const struct table *t, const struct report_meta *meta, FILE *out,
                        cosim_error *e);
cosim_status write_markdown(const struct table *t, const struct report_meta *meta, FILE *out,
                            cosim_error *e);

/** One cell for people; buf is used for numbers, strings are returned as they are. */
const char *shown_cell(const struct column *c, const struct cell *v, char *buf, size_t n);

/** Column heading for people: without the unit suffix, unless two columns would look the same. */
const char *shown_heading(const struct table *t, size_t col, char *buf, size_t n);

/** Metadata as JSON; `indent` is put before each member, "" = all on one line. */
void write_meta_object(const struct table *t, const struct report_meta *meta, const char *indent,
                       FILE *out);

/** A JSON string with its quotes; NULL is null. */
void json_put_str(const char *s, FILE *out);

#endif
