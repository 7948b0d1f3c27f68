/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/objectives.h"
#include "api/study.h"
#include "core/num.h"
#include "core/text.h"

#include <string.h>

static cosim_status read_reference(const struct objectives *o, const char *text, double *ref,
                                   cosim_error *e)
{
    const struct points p = objectives_points(o);
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

static cosim_status against_truth(const struct objectives *o, const cosim_front_options *opt,
                                  struct table *t, cosim_error *e)
{
    struct objectives truth = { .n = 0 };
    double ideal[HV_MAX_OBJ], nadir[HV_MAX_OBJ], *a[HV_MAX_OBJ], *b[HV_MAX_OBJ];
    cosim_status st = objectives_read(&truth, opt->truth, opt->columns, opt->maximise, e);
    struct points front = objectives_points(o), reference = objectives_points(&truth);

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

    TRY(objectives_read(o, front, opt->columns, opt->maximise, e));
    if (o->n == 0)
        return err_set(e, COSIM_ENO, "no row has all objectives");
    TRY(read_reference(o, opt->reference, ref, e));
    TRY(put(t, "points", (double)o->n, "rows with all objectives known", e));
    TRY(put(t, "unknown", (double)o->n_unknown, "rows left out", e));
    TRY(objectives_keep_front(o, e));
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
