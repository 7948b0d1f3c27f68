/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/score_priv.h"

#include "core/num.h"

#include <stdio.h>

enum {
    SUM_PEER,
    SUM_CLASS,
    SUM_ROWS,
    SUM_VALUES,
    SUM_SKIPPED,
    SUM_REASON,
    SUM_ERROR,
    SUM_COLUMN,
    SUM_CASE,
    SUM_OP,
    SUM_LINE,
    SUM_TOLERANCE,
    SUM_FAILED,
    SUM_VERDICT,
    N_SUM
};

static const struct column summary_column[N_SUM] = {
    [SUM_PEER] = { "peer", "", "simulator whose numbers are compared", CELL_STR },
    [SUM_CLASS] = { "quantity", "", "class of the compared values", CELL_STR },
    [SUM_ROWS] = { "rows", "", "rows with a compared value of this class", CELL_U64 },
    [SUM_VALUES] = { "values", "", "compared values", CELL_U64 },
    [SUM_SKIPPED] = { "rows_skipped", "", "rows not compared", CELL_U64 },
    [SUM_REASON] = { "reason", "", "why they are not compared", CELL_STR },
    [SUM_ERROR] = { "error_ratio", "", "largest relative error", CELL_F64 },
    [SUM_COLUMN] = { "column", "", "column of the largest error", CELL_STR },
    [SUM_CASE] = { "case", "", "its case", CELL_STR },
    [SUM_OP] = { "op", "", "its operator", CELL_STR },
    [SUM_LINE] = { "line", "", "its line in the file", CELL_U64 },
    [SUM_TOLERANCE] = { "tolerance_ratio", "", "allowed relative error; empty: half a printed unit",
                        CELL_F64 },
    [SUM_FAILED] = { "values_failed", "", "values outside the tolerance", CELL_U64 },
    [SUM_VERDICT] = { "verdict", "", "equal, different or skipped", CELL_STR },
};

enum {
    W_PLACE,
    W_LINE,
    W_COLUMN,
    W_CLASS,
    W_CASE,
    W_OP,
    W_WANT,
    W_GOT,
    W_ERROR,
    W_VALUES,
    W_FAILED,
    W_VERDICT,
    N_W
};

static const struct column worst_column[N_W] = {
    [W_PLACE] = { "place", "", "file and line", CELL_STR },
    [W_LINE] = { "line", "", "line in the file", CELL_U64 },
    [W_COLUMN] = { "column", "", "compared column", CELL_STR },
    [W_CLASS] = { "quantity", "", "class of the value", CELL_STR },
    [W_CASE] = { "case", "", "case of the peer", CELL_STR },
    [W_OP] = { "op", "", "operator", CELL_STR },
    [W_WANT] = { "peer_value", "", "what the file says", CELL_STR },
    [W_GOT] = { "value", "", "what the rules give", CELL_STR },
    [W_ERROR] = { "error_ratio", "", "relative error; infinite: a text or a zero differs",
                  CELL_F64 },
    [W_VALUES] = { "values", "", "values compared in the column; empty: this is one failed value",
                   CELL_U64 },
    [W_FAILED] = { "values_failed", "", "values outside the tolerance in the column", CELL_U64 },
    [W_VERDICT] = { "verdict", "", "equal or different", CELL_STR },
};

static unsigned line_of(const struct score *s, const struct score_value *v)
{
    return csv_cell(s->doc, v->row, 0)->line;
}

static cosim_status add_class(const struct score *s, enum score_class k, struct table *t,
                              cosim_error *e)
{
    const struct score_class_sum *sum = &s->class[k];
    const double tolerance = score_class_info[k].tolerance;
    size_t r;

    TRY(table_add_row(t, &r, e));
    TRY(table_set_str(t, r, SUM_PEER, s->peer, e));
    TRY(table_set_str(t, r, SUM_CLASS, score_class_info[k].name, e));
    table_set_u64(t, r, SUM_ROWS, sum->n_rows);
    table_set_u64(t, r, SUM_VALUES, sum->n_values);
    table_set_f64(t, r, SUM_ERROR, sum->worst->error_ratio);
    table_set_f64(t, r, SUM_TOLERANCE, k == SCORE_PRINTED ? UNKNOWN_F64 : tolerance);
    table_set_u64(t, r, SUM_FAILED, sum->n_failed);
    if (sum->worst->error_ratio > 0.0) {
        TRY(table_set_str(t, r, SUM_COLUMN, s->doc->header[sum->worst->col].text, e));
        TRY(table_set_str(t, r, SUM_CASE, sum->worst->case_id, e));
        TRY(table_set_str(t, r, SUM_OP, sum->worst->op, e));
        table_set_u64(t, r, SUM_LINE, line_of(s, sum->worst));
    }
    return table_set_str(t, r, SUM_VERDICT, sum->n_failed ? "different" : "equal", e);
}

static cosim_status add_skips(const struct score *s, struct table *t, cosim_error *e)
{
    for (const struct score_skip *k = s->skip; k; k = k->next) {
        size_t r;

        TRY(table_add_row(t, &r, e));
        TRY(table_set_str(t, r, SUM_PEER, s->peer, e));
        table_set_u64(t, r, SUM_SKIPPED, k->n_rows);
        TRY(table_set_str(t, r, SUM_REASON, k->reason, e));
        TRY(table_set_str(t, r, SUM_VERDICT, "skipped", e));
    }
    return COSIM_OK;
}

static cosim_status add_value(const struct score *s, const struct score_value *v, struct table *t,
                              size_t *r, cosim_error *e)
{
    char place[320];

    TRY(table_add_row(t, r, e));
    (void)snprintf(place, sizeof place, "%.290s:%u", s->doc->path, line_of(s, v));
    TRY(table_set_str(t, *r, W_PLACE, place, e));
    table_set_u64(t, *r, W_LINE, line_of(s, v));
    TRY(table_set_str(t, *r, W_COLUMN, s->doc->header[v->col].text, e));
    TRY(table_set_str(t, *r, W_CLASS, score_class_info[v->class].name, e));
    TRY(table_set_str(t, *r, W_CASE, v->case_id, e));
    TRY(table_set_str(t, *r, W_OP, v->op, e));
    TRY(table_set_str(t, *r, W_WANT, v->want, e));
    TRY(table_set_str(t, *r, W_GOT, v->got, e));
    table_set_f64(t, *r, W_ERROR, v->error_ratio);
    return table_set_str(t, *r, W_VERDICT, v->failed ? "different" : "equal", e);
}

/* First every failed value with its place, then the worst value of each compared column. */
static cosim_status fill_worst(const struct score *s, struct table *t, cosim_error *e)
{
    size_t r;

    for (const struct score_value *v = s->first_failure; v; v = v->next)
        TRY(add_value(s, v, t, &r, e));
    if (s->n_failed > SCORE_FAIL_MAX)
        TRY(table_note(t, e, "%zu values differ; the first %u are listed", s->n_failed,
                       SCORE_FAIL_MAX));
    for (size_t i = 0; i < s->doc->n_cols * N_SCORE; i++) {
        const struct score_column *c = &s->column[i];

        if (c->n_values == 0)
            continue;
        TRY(add_value(s, &c->worst, t, &r, e));
        table_set_u64(t, r, W_VALUES, c->n_values);
        table_set_u64(t, r, W_FAILED, c->n_failed);
    }
    return COSIM_OK;
}

static cosim_status fill_summary(const struct score *s, struct table *t, cosim_error *e)
{
    for (int k = 0; k < N_SCORE; k++)
        if (s->class[k].n_values > 0)
            TRY(add_class(s, (enum score_class)k, t, e));
    return add_skips(s, t, e);
}

cosim_status score_report(struct score *s, struct table **summary, struct table **worst, bool *ok,
                          cosim_error *e)
{
    cosim_status st;
    size_t n_values = 0;

    *summary = *worst = NULL;
    for (int k = 0; k < N_SCORE; k++)
        n_values += s->class[k].n_values;
    *ok = n_values > 0 && s->n_failed == 0;
    st = table_new(summary, "golden values", summary_column, N_SUM, e);
    if (st == COSIM_OK)
        st = table_new(worst, "largest differences", worst_column, N_W, e);
    if (st == COSIM_OK)
        st = fill_summary(s, *summary, e);
    if (st == COSIM_OK)
        st = fill_worst(s, *worst, e);
    if (st == COSIM_OK && n_values == 0)
        st = table_note(*summary, e, "no value of this file could be compared");
    if (st != COSIM_OK) {
        table_free(*summary);
        table_free(*worst);
        *summary = *worst = NULL;
    }
    return st;
}
