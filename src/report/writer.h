/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Prints a result table. Formats are rows of writer_list, one file each.
 *
 * csv and json carry SI base units under the column names, doubles as the shortest of 15, 16 or 17
 * digits that reads back to the same bits, unknown as an empty cell or null. Infinity is "inf" in
 * CSV and null in JSON, which has no such number. Invalid UTF-8 becomes U+FFFD everywhere.
 */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include "core/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct report_input {
    const char *name; /* as the user gave it */
    uint64_t hash;    /* hash_file of core/hash.h */
};

struct report_meta {
    const char *version;
    const char *commit;       /* NULL = unknown */
    const char *command_line; /* NULL = not started from a command line */
    bool seeded;
    uint64_t seed; /* when seeded */
    unsigned schema;
    size_t n_inputs;
    const struct report_input *input;
    bool partial; /* interrupted: the rows are what was found until then */
    /* For people (format "table") only. */
    bool colour;
    unsigned width; /* terminal columns; 0 = no limit */
};

struct writer {
    const char *name, *suffix, *doc;
    cosim_status (*write)(const struct table *t, const struct report_meta *meta, FILE *out,
                          cosim_error *e);
};

extern const struct writer writer_list[];
extern const size_t n_writers;

/** The row for a name, or EUNKNOWN with the nearest one as a hint. */
cosim_status writer_find(const char *format, const struct writer **w, cosim_error *e);

/**
 * Writes the table and flushes. EUNKNOWN: no such format. EIO: the output failed (full disk, closed
 * pipe: the caller decides about SIGPIPE).
 */
cosim_status report_write(const struct table *t, const char *format, const struct report_meta *meta,
                          FILE *out, cosim_error *e);

/** The metadata alone, one indented JSON object: for NAME.meta.json beside a CSV. Errors: EIO. */
cosim_status report_write_meta_json(const struct table *t, const struct report_meta *meta,
                                    FILE *out, cosim_error *e);

/** Shortest of %.15g, %.16g, %.17g that reads back to the same number. Returns buf. */
#define REPORT_F64_CHARS 32
char *report_f64(char buf[REPORT_F64_CHARS], double v);

/** EIO with the reason when anything written to `out` so far was lost. */
cosim_status report_flush(FILE *out, cosim_error *e);

#endif
