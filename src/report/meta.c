/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/writers.h"

#include <inttypes.h>

static const char *const type_name[] = {
    [CELL_STR] = "string", [CELL_F64] = "number", [CELL_U64] = "integer", [CELL_BOOL] = "boolean"
};

static void put_member(const char *name, const char *value, const char *indent, FILE *out)
{
    (void)fprintf(out, "%s\"%s\": ", indent, name);
    json_put_str(value, out);
    (void)fputs(*indent ? "," : ", ", out);
}

static void put_inputs(const struct report_meta *meta, FILE *out)
{
    for (size_t i = 0; i < meta->n_inputs; i++) {
        (void)fputs(i > 0 ? ", {\"name\": " : "{\"name\": ", out);
        json_put_str(meta->input[i].name, out);
        (void)fprintf(out, ", \"fnv1a64\": \"%016" PRIx64 "\"}", meta->input[i].hash);
    }
}

static void put_columns(const struct table *t, FILE *out)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->column[i];
        (void)fputs(i > 0 ? ", {\"name\": " : "{\"name\": ", out);
        json_put_str(c->name, out);
        (void)fputs(", \"unit\": ", out);
        json_put_str(c->unit, out);
        (void)fprintf(out, ", \"type\": \"%s\", \"doc\": ", type_name[c->type]);
        json_put_str(c->doc, out);
        (void)putc('}', out);
    }
}

void write_meta_object(const struct table *t, const struct report_meta *meta, const char *indent,
                       FILE *out)
{
    const char *comma = *indent ? "," : ", ";

    (void)putc('{', out);
    put_member("cosim", meta->version, indent, out);
    put_member("commit", meta->commit, indent, out);
    (void)fprintf(out, "%s\"schema\": %u%s", indent, meta->schema, comma);
    put_member("command", meta->command_line, indent, out);
    if (meta->seeded)
        (void)fprintf(out, "%s\"seed\": %" PRIu64 "%s", indent, meta->seed, comma);
    else
        (void)fprintf(out, "%s\"seed\": null%s", indent, comma);
    (void)fprintf(out, "%s\"partial\": %s%s", indent, meta->partial ? "true" : "false", comma);
    (void)fprintf(out, "%s\"inputs\": [", indent);
    put_inputs(meta, out);
    (void)fprintf(out, "]%s", comma);
    put_member("title", t->title, indent, out);
    (void)fprintf(out, "%s\"rows\": %zu%s%s\"columns\": [", indent, t->n_rows, comma, indent);
    put_columns(t, out);
    (void)fprintf(out, "]%s%s\"notes\": [", comma, indent);
    for (size_t i = 0; i < t->n_notes; i++) {
        (void)fputs(i > 0 ? ", " : "", out);
        json_put_str(t->note[i], out);
    }
    (void)fputs(*indent ? "]\n}" : "]}", out);
}
