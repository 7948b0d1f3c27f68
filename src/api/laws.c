/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/context.h"
#include "core/csv.h"
#include "core/num.h"
#include "core/table.h"
#include "core/text.h"
#include "law/law_fit.h"

#include <string.h>

cosim_status cosim_law_list(const char *name, cosim_table **t, cosim_error *e)
{
    const struct law *law;

    *t = NULL;
    if (!name)
        return law_list_table(t, e);
    TRY(law_find(&law, name, e));
    return law_constants_table(t, law, e);
}

/* One "name=value" token. */
static cosim_status split_pair(struct list_walk *w, double *value, cosim_error *e)
{
    char *equal = strchr(w->token, '=');

    if (!equal || !text_to_f64(equal + 1, value))
        return err_set(e, COSIM_EUSAGE, "'%s' is not NAME=NUMBER", w->token);
    *equal = '\0';
    return COSIM_OK;
}

static cosim_status read_inputs(const struct law *law, const char *text, double *x, cosim_error *e)
{
    struct list_walk w = { .list = { text, { "--input", 0, 0 } } };
    cosim_status st;

    for (size_t i = 0; i < law->n_inputs; i++)
        x[i] = UNKNOWN_F64;
    while (list_next(&w, &st, e)) {
        struct nearest near = { .want = w.token };
        double value = 0.0;
        size_t i = 0;
        TRY(split_pair(&w, &value, e));
        while (i < law->n_inputs && strcmp(law->input[i].name, w.token) != 0)
            nearest_offer(&near, law->input[i++].name);
        if (i == law->n_inputs) {
            st = err_set(e, COSIM_EUNKNOWN, "law '%s' has no input '%s'", law->name, w.token);
            if (near.best)
                err_hint(e, "did you mean '%s'?", near.best);
            return st;
        }
        x[i] = value;
    }
    return st;
}

cosim_status cosim_law_value(const char *name, const char *constants, const char *inputs,
                             cosim_table **t, cosim_error *e)
{
    double x[LAW_INPUTS_MAX];
    const struct law *law;

    *t = NULL;
    TRY(law_find(&law, name, e));
    TRY(read_inputs(law, inputs, x, e));
    return law_value_table(t, law, x, constants, e);
}

static cosim_status read_fixed(struct law_fixed fixed[LAW_PARAMS_MAX], size_t *n, const char *text,
                               struct arena *a, cosim_error *e)
{
    struct list_walk w = { .list = { text, { "--fix", 0, 0 } } };
    cosim_status st = COSIM_OK;

    while (text && list_next(&w, &st, e)) {
        if (*n == LAW_PARAMS_MAX)
            return err_set(e, COSIM_ERANGE, "more than %d fixed parameters", LAW_PARAMS_MAX);
        TRY(split_pair(&w, &fixed[*n].value, e));
        if (!(fixed[(*n)++].param = arena_strdup(a, w.token)))
            return err_set(e, COSIM_ENOMEM, "out of memory");
    }
    return st;
}

static cosim_status fit(struct arena *a, const char *name, const char *path,
                        const cosim_fit_options *o, cosim_table **parameters, cosim_table **folds,
                        cosim_error *e)
{
    struct law_fixed fixed[LAW_PARAMS_MAX];
    struct law_fit_options opt = {
        .seed = o->seed,
        .n_bootstrap = o->n_bootstrap,
        .no_bootstrap = o->no_bootstrap != 0,
        .fold_input = o->fold,
        .fixed = fixed,
    };
    struct law_data data;
    struct law_fit result;
    const struct law *law;
    struct csv_doc doc;

    TRY(law_find(&law, name, e));
    TRY(read_fixed(fixed, &opt.n_fixed, o->fixed, a, e));
    TRY(csv_load(&doc, path, a, e));
    TRY(law_data_read(&data, law, &doc, a, e));
    TRY(law_fit(&result, &data, &opt, a, e));
    TRY(law_fit_table(parameters, &result, e));
    return law_fold_table(folds, &result, e);
}

cosim_status cosim_fit(cosim *c, const char *law, const char *path, const cosim_fit_options *o,
                       cosim_table **parameters, cosim_table **folds, cosim_error *e)
{
    struct arena a = { NULL };

    (void)c; /* an open context has switched GSL's own error handler off */
    *parameters = *folds = NULL;
    if (!o || o->size < sizeof *o)
        return err_set(e, COSIM_EUSAGE, "cosim_fit_options needs its size");
    const cosim_status st = fit(&a, law, path, o, parameters, folds, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*parameters);
        table_free(*folds);
        *parameters = *folds = NULL;
    }
    return st;
}
