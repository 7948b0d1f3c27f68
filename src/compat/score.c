/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/score.h"
#include "compat/score_priv.h"

#include "core/num.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A printed value is right up to half a unit of its last place; the rest is float rounding. */
#define HALF_UNIT (0.5 * (1.0 + 1e-6))

const struct score_class_info score_class_info[N_SCORE] = {
#define SCORE_INFO(id, name, tolerance) { name, tolerance },
    SCORE_CLASS_LIST(SCORE_INFO)
#undef SCORE_INFO
};

cosim_status score_new(struct score **s, const struct csv_doc *doc, const char *peer,
                       cosim_error *e)
{
    struct score *new = calloc(1, sizeof *new);

    *s = new;
    if (!new)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    new->doc = doc;
    new->peer = peer;
    new->column = ARENA_NEW(&new->arena, struct score_column, doc->n_cols * N_SCORE + 1);
    if (!new->column) {
        score_free(new);
        *s = NULL;
        return err_set(e, COSIM_ENOMEM, "out of memory");
    }
    return COSIM_OK;
}

void score_free(struct score *s)
{
    if (!s)
        return;
    arena_release(&s->arena);
    free(s);
}

void score_row(struct score *s, size_t row, const char *case_id, const char *op)
{
    s->row = row;
    s->case_id = case_id;
    s->op = op;
    for (int k = 0; k < N_SCORE; k++)
        s->class[k].row_counted = false;
}

/* Keeps the first SCORE_FAIL_MAX failed values; all are counted. */
static cosim_status keep_failure(struct score *s, size_t col, const struct score_value *v,
                                 cosim_error *e)
{
    struct score_value *f;

    s->n_failed++;
    if (s->n_failed > SCORE_FAIL_MAX)
        return COSIM_OK;
    f = ARENA_NEW(&s->arena, struct score_value, 1);
    if (!f)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    *f = *v;
    f->want = arena_strdup(&s->arena, v->want);
    f->got = arena_strdup(&s->arena, v->got);
    if (!f->want || !f->got)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    f->col = col;
    if (s->last_failure)
        s->last_failure->next = f;
    else
        s->first_failure = f;
    s->last_failure = f;
    return COSIM_OK;
}

static cosim_status keep(struct score *s, size_t col, struct score_value *v, cosim_error *e)
{
    struct score_class_sum *sum = &s->class[v->class];
    struct score_column *c = &s->column[col * N_SCORE + (size_t)v->class];

    sum->n_values++;
    if (!sum->row_counted) {
        sum->row_counted = true;
        sum->n_rows++;
    }
    v->row = s->row;
    v->case_id = s->case_id;
    v->op = s->op;
    v->col = col;
    c->n_values++;
    if (c->n_values == 1 || v->error_ratio > c->worst.error_ratio) {
        c->worst = *v;
        c->worst.want = arena_strdup(&s->arena, v->want);
        c->worst.got = arena_strdup(&s->arena, v->got);
        if (!c->worst.want || !c->worst.got)
            return err_set(e, COSIM_ENOMEM, "out of memory");
        if (sum->n_values == 1 || v->error_ratio > sum->worst->error_ratio)
            sum->worst = &c->worst;
    }
    if (!v->failed)
        return COSIM_OK;
    sum->n_failed++;
    c->n_failed++;
    return keep_failure(s, col, v, e);
}

/* One unit of the last place that the text shows. */
static double printed_unit(const char *text)
{
    const char *dot = strchr(text, '.');
    double unit = 1.0;

    for (const char *p = dot ? dot + 1 : ""; *p >= '0' && *p <= '9'; p++)
        unit /= 10.0;
    return unit;
}

/* Relative to the peer's value, or to `least` when that is larger (the unit of a printed 0.00). */
static double error_ratio(double mine, double want, double least)
{
    const double base = max_f64(fabs(want), least);

    if (mine == want)
        return 0.0;
    if (base == 0.0 || !isfinite(mine))
        return INF_F64;
    return fabs(mine - want) / base;
}

cosim_status score_f64(struct score *s, const char *column, double mine, enum score_class class,
                       cosim_error *e)
{
    const size_t col = csv_column(s->doc, column);
    const struct csv_cell *cell;
    struct score_value v = { .class = class };
    char got[40];
    double want;

    if (col == SIZE_MAX)
        return COSIM_OK;
    cell = csv_cell(s->doc, s->row, col);
    if (cell->text[0] == '\0')
        return COSIM_OK;
    if (!text_to_f64(cell->text, &want)) {
        const struct src_pos at = csv_pos(s->doc, cell);
        return err_at(e, COSIM_ESYNTAX, &at, "column '%s': '%.60s' is not a number", column,
                      cell->text);
    }
    (void)snprintf(got, sizeof got, "%.17g", mine);
    v.want = cell->text;
    v.got = got;
    if (class == SCORE_PRINTED) {
        const double unit = printed_unit(cell->text);
        v.error_ratio = error_ratio(mine, want, unit);
        v.failed = !(fabs(mine - want) <= HALF_UNIT * unit);
    } else {
        v.error_ratio = error_ratio(mine, want, 0.0);
        v.failed = !(v.error_ratio <= score_class_info[class].tolerance);
    }
    return keep(s, col, &v, e);
}

cosim_status score_text(struct score *s, const char *column, const char *mine, cosim_error *e)
{
    const size_t col = csv_column(s->doc, column);
    struct score_value v = { .class = SCORE_TEXT, .got = mine };

    if (col == SIZE_MAX)
        return COSIM_OK;
    v.want = csv_cell(s->doc, s->row, col)->text;
    if (v.want[0] == '\0')
        return COSIM_OK;
    v.failed = strcmp(v.want, mine) != 0;
    v.error_ratio = v.failed ? INF_F64 : 0.0;
    return keep(s, col, &v, e);
}

cosim_status score_fail(struct score *s, const char *column, const char *want, const char *got,
                        cosim_error *e)
{
    const size_t col = csv_column(s->doc, column);
    struct score_value v = {
        .class = SCORE_TEXT, .want = want, .got = got, .failed = true, .error_ratio = INF_F64
    };

    return keep(s, col == SIZE_MAX ? 0 : col, &v, e);
}

cosim_status score_skip(struct score *s, const char *reason, cosim_error *e)
{
    struct score_skip *k = s->skip;

    while (k && strcmp(k->reason, reason) != 0)
        k = k->next;
    if (!k) {
        k = ARENA_NEW(&s->arena, struct score_skip, 1);
        if (!k || !(k->reason = arena_strdup(&s->arena, reason)))
            return err_set(e, COSIM_ENOMEM, "out of memory");
        if (s->last_skip)
            s->last_skip->next = k;
        else
            s->skip = k;
        s->last_skip = k;
    }
    k->n_rows++;
    return COSIM_OK;
}
