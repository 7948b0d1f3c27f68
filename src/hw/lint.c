/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/lint_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COL_FILE, COL_LINE, COL_COLUMN, COL_DEVICE, COL_RULE, COL_MESSAGE, COL_HINT, COL_SEVERITY };

static const struct column columns[] = {
    [COL_FILE] = { "file", "", "file of the device table", CELL_STR },
    [COL_LINE] = { "line", "", "line of the row, from 1", CELL_U64 },
    [COL_COLUMN] = { "column", "", "header of the blamed cell", CELL_STR },
    [COL_DEVICE] = { "device", "", "id of the row", CELL_STR },
    [COL_RULE] = { "rule", "", "which check failed", CELL_STR },
    [COL_MESSAGE] = { "message", "", "what is wrong", CELL_STR },
    [COL_HINT] = { "hint", "", "what it may have been", CELL_STR },
    [COL_SEVERITY] = { "severity", "", "error, or warning when accepted in the row", CELL_STR },
};

static const struct {
    const char *name;
    void (*check)(struct lint *l);
} rules[] = {
#define LINT_RULE_ROW(id, doc) { #id, lint_##id },
    LINT_RULES(LINT_RULE_ROW)
#undef LINT_RULE_ROW
};

enum { N_RULES = sizeof rules / sizeof *rules };

bool lint_begins(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

double lint_value(const struct lint *l, size_t offset)
{
    for (size_t i = 0; i < l->n_blamed; i++)
        if (l->blamed[i] == offset)
            return UNKNOWN_F64;
    return device_f64(l->d, offset);
}

double lint_cell(const struct lint *l, size_t offset)
{
    return lint_value(l, offset) / device_column_scale(offset);
}

void lint_window(struct lint *l, size_t offset, double lo, double hi, const char *what)
{
    const double v = lint_cell(l, offset);

    if (v < lo || v > hi)
        lint_blame(l, offset, "check the unit in the header", "%g is not %s (%g to %g)", v, what,
                   lo, hi);
}

/* "rule:column" stands as a word in `accept`. */
static bool accepted(const struct lint *l, size_t offset)
{
    const char *column = device_column(offset);
    char want[128];

    if (!l->d->accept)
        return false;
    (void)snprintf(want, sizeof want, "%s:%.*s", l->rule, (int)strcspn(column, "["), column);
    for (const char *s = l->d->accept; *s;) {
        const size_t n = strcspn(s, " ");
        if (n == strlen(want) && strncmp(s, want, n) == 0)
            return true;
        s += n + strspn(s + n, " ");
    }
    return false;
}

static cosim_status add_finding(struct lint *l, size_t offset, const char *hint, const char *msg)
{
    const bool ok = accepted(l, offset);
    struct table *t = l->table;
    size_t row;

    TRY(table_add_row(t, &row, l->e));
    TRY(table_set_str(t, row, COL_FILE, l->db->path, l->e));
    table_set_u64(t, row, COL_LINE, l->d->line);
    TRY(table_set_str(t, row, COL_COLUMN, device_column(offset), l->e));
    TRY(table_set_str(t, row, COL_DEVICE, l->d->id, l->e));
    TRY(table_set_str(t, row, COL_RULE, l->rule, l->e));
    TRY(table_set_str(t, row, COL_MESSAGE, msg, l->e));
    TRY(table_set_str(t, row, COL_HINT, ok ? "accepted: see the notes of the row" : hint, l->e));
    return table_set_str(t, row, COL_SEVERITY, ok ? "warning" : "error", l->e);
}

static bool already_found(const struct lint *l, size_t offset)
{
    for (size_t row = 0; row < l->table->n_rows; row++)
        if (table_cell(l->table, row, COL_LINE)->as.u64 == l->d->line
            && strcmp(table_cell(l->table, row, COL_RULE)->as.str, l->rule) == 0
            && strcmp(table_cell(l->table, row, COL_COLUMN)->as.str, device_column(offset)) == 0)
            return true;
    return false;
}

void lint_blame(struct lint *l, size_t offset, const char *hint, const char *fmt, ...)
{
    char msg[256];
    va_list ap;

    if (l->st != COSIM_OK || already_found(l, offset))
        return;
    for (size_t i = 0; i < l->n_blamed; i++)
        if (l->blamed[i] == offset)
            return;
    va_start(ap, fmt);
    (void)vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    l->st = add_finding(l, offset, hint, msg);
    /* An accepted value is taken as right: later rules go on using it. */
    if (!accepted(l, offset) && l->n_blamed < LINT_BLAMED_MAX)
        l->blamed[l->n_blamed++] = offset;
}

/* Whether a finding of this table row is the one that `word` (n characters) accepts. */
static bool is_finding(const struct lint *l, size_t row, const char *word, size_t n)
{
    const char *rule = table_cell(l->table, row, COL_RULE)->as.str;
    const char *column = table_cell(l->table, row, COL_COLUMN)->as.str;
    const size_t n_rule = strlen(rule), n_column = strcspn(column, "[");

    return table_cell(l->table, row, COL_LINE)->as.u64 == l->d->line && n == n_rule + 1 + n_column
           && strncmp(word, rule, n_rule) == 0 && word[n_rule] == ':'
           && strncmp(word + n_rule + 1, column, n_column) == 0;
}

void lint_accept(struct lint *l)
{
    for (const char *s = l->d->accept ? l->d->accept : ""; *s;) {
        const size_t n = strcspn(s, " ");
        bool found = false;
        for (size_t row = 0; row < l->table->n_rows && !found; row++)
            found = is_finding(l, row, s, n);
        if (!found)
            lint_blame(l, AT(accept), "remove it", "'%.*s' is accepted, but no such finding exists",
                       (int)n, s);
        s += n + strspn(s + n, " ");
    }
}

cosim_status device_db_lint(const struct device_db *db, struct table **findings, cosim_error *e)
{
    struct lint l = { .db = db, .e = e };

    *findings = NULL;
    TRY(table_new(&l.table, "device lint", columns, sizeof columns / sizeof *columns, e));
    for (l.i_device = 0; l.i_device < db->n && l.st == COSIM_OK; l.i_device++) {
        l.d = &db->device[l.i_device];
        l.n_blamed = 0;
        for (size_t r = 0; r < N_RULES && l.st == COSIM_OK; r++) {
            l.rule = rules[r].name;
            rules[r].check(&l);
        }
    }
    if (l.st != COSIM_OK) {
        table_free(l.table);
        return l.st;
    }
    *findings = l.table;
    return COSIM_OK;
}

size_t lint_errors(const struct table *findings)
{
    size_t n = 0;

    for (size_t row = 0; row < findings->n_rows; row++)
        n += strcmp(table_cell(findings, row, COL_SEVERITY)->as.str, "error") == 0;
    return n;
}
