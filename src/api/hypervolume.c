/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/hypervolume.h"
#include "api/study.h"
#include "core/num.h"
#include "core/table.h"
#include "core/text.h"
#include "search/choice.h"
#include "search/front.h"

#include <stdlib.h>
#include <string.h>

/* Objectives of a table as columns, all minimised. */
struct objectives {
    struct arena arena;
    size_t n, m, n_unknown;
    const char *name[HV_MAX_OBJ];
    bool maximised[HV_MAX_OBJ];
    double *obj[HV_MAX_OBJ];
};

static cosim_status no_column(const struct table *t, const char *name, cosim_error *e)
{
    struct nearest near = { .want = name };

    for (size_t i = 0; i < t->n_columns; i++)
        nearest_offer(&near, t->column[i].name);
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "there is no column '%s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

static cosim_status add_column(struct objectives *o, const struct table *t, size_t *at, size_t col,
                               cosim_error *e)
{
    if (o->m == HV_MAX_OBJ)
        return err_set(e, COSIM_ERANGE, "more than %u objectives", HV_MAX_OBJ);
    if (t->column[col].type == CELL_STR)
        return err_set(e, COSIM_ESYNTAX, "column '%s' holds no numbers", t->column[col].name);
    o->name[o->m] = t->column[col].name;
    at[o->m++] = col;
    return COSIM_OK;
}

static cosim_status choose_columns(struct objectives *o, const struct table *t, const char *list,
                                   size_t at[HV_MAX_OBJ], cosim_error *e)
{
    cosim_status st = COSIM_OK;

    if (!list) {
        for (size_t i = 0; i < t->n_columns; i++)
            if (t->column[i].type == CELL_F64)
                TRY(add_column(o, t, at, i, e));
    } else {
        struct list_walk w = { .list = { list, { "--columns", 0, 0 } } };
        while (list_next(&w, &st, e)) {
            const size_t col = table_column(t, w.token);
            if (col == SIZE_MAX)
                return no_column(t, w.token, e);
            TRY(add_column(o, t, at, col, e));
        }
    }
    if (st == COSIM_OK && o->m == 0)
        return err_set(e, COSIM_ESYNTAX, "the table has no column of numbers");
    return st;
}

static cosim_status choose_senses(struct objectives *o, const char *list, cosim_error *e)
{
    struct list_walk w = { .list = { list, { "--maximise", 0, 0 } } };
    cosim_status st = COSIM_OK;

    while (list && list_next(&w, &st, e)) {
        size_t i = 0;
        while (i < o->m && strcmp(o->name[i], w.token) != 0)
            i++;
        if (i == o->m)
            return err_set(e, COSIM_EUNKNOWN, "'%s' is none of the objectives", w.token);
        o->maximised[i] = true;
    }
    return st;
}

/* Rows with an unknown objective are counted, not used. */
static cosim_status read_objectives(struct objectives *o, const struct table *t,
                                    const cosim_front_options *opt, cosim_error *e)
{
    size_t at[HV_MAX_OBJ];

    TRY(choose_columns(o, t, opt->columns, at, e));
    TRY(choose_senses(o, opt->maximise, e));
    for (size_t j = 0; j < o->m; j++)
        if (!(o->obj[j] = ARENA_NEW(&o->arena, double, t->n_rows)))
            return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", t->n_rows);
    for (size_t r = 0; r < t->n_rows; r++) {
        bool known = true;
        for (size_t j = 0; j < o->m; j++) {
            const double v = cosim_table_number(t, r, at[j]);
            known = known && is_known(v);
            o->obj[j][o->n] = o->maximised[j] ? -v : v;
        }
        o->n += known;
        o->n_unknown += !known;
    }
    return COSIM_OK;
}

static cosim_status read_reference(const struct objectives *o, const char *text, double *ref,
                                   cosim_error *e)
{
    struct points p = { o->n, o->m, (const double *const *)o->obj };
    double ideal[HV_MAX_OBJ], worst[HV_MAX_OBJ];
    struct list_walk w = { .list = { text, { "--ref", 0, 0 } } };
    cosim_status st = COSIM_OK;
    size_t n = 0;

    if (!text) {
        indicator_range(&p, ideal, worst);
        for (size_t j = 0; j < o->m; j++)
            ref[j] = worst[j] + 0.1 * (worst[j] - ideal[j]);
        return COSIM_OK;
    }
    while (list_next(&w, &st, e)) {
        double v;
        if (n == o->m || !text_to_f64(w.token, &v)) {
            st = err_set(e, COSIM_EUSAGE, "--ref needs %zu numbers: '%s'", o->m, text);
            return st;
        }
        ref[n] = o->maximised[n] ? -v : v;
        n++;
    }
    if (st == COSIM_OK && n != o->m)
        return err_set(e, COSIM_EUSAGE, "--ref needs %zu numbers: '%s'", o->m, text);
    return st;
}

static const struct column columns[] = {
    { "quantity", "", "", CELL_STR },
    { "value", "", "", CELL_F64 },
    { "doc", "", "", CELL_STR },
};

static cosim_status put(struct table *t, const char *quantity, double value, const char *doc,
                        cosim_error *e)
{
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, 0, quantity, e));
    table_set_f64(t, row, 1, value);
    return table_set_str(t, row, 2, doc, e);
}

/* Keeps the non-dominated points of `o`, in place. */
static cosim_status keep_front(struct objectives *o, cosim_error *e)
{
    uint32_t *keep = ARENA_NEW(&o->arena, uint32_t, o->n);
    size_t n = 0;

    if (!keep)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu points", o->n);
    TRY(front_filter((const double *const *)o->obj, o->n, o->m, keep, &n, e));
    for (size_t j = 0; j < o->m; j++)
        for (size_t i = 0; i < n; i++)
            o->obj[j][i] = o->obj[j][keep[i]]; /* keep ascends: never read behind a write */
    o->n = n;
    return COSIM_OK;
}

static cosim_status against_truth(const struct objectives *o, const cosim_front_options *opt,
                                  struct table *t, cosim_error *e)
{
    struct objectives truth = { .n = 0 };
    double ideal[HV_MAX_OBJ], nadir[HV_MAX_OBJ], *a[HV_MAX_OBJ], *b[HV_MAX_OBJ];
    cosim_status st = read_objectives(&truth, opt->truth, opt, e);
    struct points front = { o->n, o->m, (const double *const *)o->obj };
    struct points reference = { truth.n, truth.m, (const double *const *)truth.obj };

    if (st == COSIM_OK && truth.m != o->m)
        st = err_set(e, COSIM_EUSAGE, "the reference front has %zu objectives, not %zu", truth.m,
                     o->m);
    for (size_t j = 0; st == COSIM_OK && j < o->m; j++) {
        a[j] = ARENA_NEW(&truth.arena, double, o->n);
        b[j] = ARENA_NEW(&truth.arena, double, truth.n);
        if (!a[j] || !b[j])
            st = err_set(e, COSIM_ENOMEM, "out of memory for a reference front");
    }
    if (st == COSIM_OK) {
        indicator_range(&reference, ideal, nadir);
        indicator_normalise(&front, ideal, nadir, a);
        indicator_normalise(&reference, ideal, nadir, b);
        front.obj = (const double *const *)a;
        reference.obj = (const double *const *)b;
        st = put(t, "igd_plus", indicator_igd_plus(&front, &reference),
                 "mean distance from the reference front, normalised; 0 is best", e);
    }
    if (st == COSIM_OK)
        st = put(t, "epsilon_additive", indicator_epsilon(&front, &reference),
                 "least shift that covers the reference front, normalised", e);
    if (st == COSIM_OK)
        st = put(t, "spread", indicator_spread(&front, &reference), "0 = evenly spaced", e);
    arena_release(&truth.arena);
    return st;
}

static cosim_status measure(struct objectives *o, const struct table *front,
                            const cosim_front_options *opt, struct table *t, cosim_error *e)
{
    double ref[HV_MAX_OBJ], volume;
    char text[512] = "reference point";
    size_t n = strlen(text);

    TRY(read_objectives(o, front, opt, e));
    if (o->n == 0)
        return err_set(e, COSIM_ENO, "no row has all objectives");
    TRY(read_reference(o, opt->reference, ref, e));
    TRY(put(t, "points", (double)o->n, "rows with all objectives known", e));
    TRY(put(t, "unknown", (double)o->n_unknown, "rows left out", e));
    TRY(keep_front(o, e));
    TRY(put(t, "nondominated", (double)o->n, "rows that no other row beats", e));
    TRY(hypervolume((const double *const *)o->obj, o->n, o->m, ref, &volume, e));
    for (size_t j = 0; j < o->m && n < sizeof text; j++)
        n += (size_t)snprintf(text + n, sizeof text - n, " %s=%.10g", o->name[j],
                              o->maximised[j] ? -ref[j] : ref[j]);
    TRY(put(t, "hypervolume", volume, text, e));
    return opt->truth ? against_truth(o, opt, t, e) : COSIM_OK;
}

cosim_status cosim_hypervolume(const cosim_table *front, const cosim_front_options *opt,
                               cosim_table **t, cosim_error *e)
{
    struct objectives o = { .n = 0 };

    *t = NULL;
    if (!opt || opt->size < sizeof *opt)
        return err_set(e, COSIM_EUSAGE, "cosim_front_options needs its size");
    TRY(table_new(t, "hypervolume", columns, sizeof columns / sizeof *columns, e));
    const cosim_status st = measure(&o, front, opt, *t, e);
    arena_release(&o.arena);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
