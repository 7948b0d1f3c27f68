/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law.h"

#include <stdio.h>
#include <string.h>

/* Appends ", name" to a list in a fixed buffer; a full buffer ends the list. */
static void append(char *text, size_t cap, const char *name)
{
    const size_t n = strlen(text);

    (void)snprintf(text + n, cap - n, "%s%s", n ? ", " : "", name);
}

static cosim_status list_row(struct table *t, const struct law *law, cosim_error *e)
{
    char inputs[256] = "", sets[256] = "";
    size_t row;

    for (size_t i = 0; i < law->n_inputs; i++)
        append(inputs, sizeof inputs, law->input[i].name);
    for (size_t i = 0; i < law->n_constants; i++)
        append(sets, sizeof sets, law->constants[i].name);
    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, 0, law->name, e));
    TRY(table_set_str(t, row, 1, law->doc, e));
    TRY(table_set_str(t, row, 2, law->result, e));
    TRY(table_set_str(t, row, 3, inputs, e));
    TRY(table_set_str(t, row, 4, sets[0] ? sets : NULL, e));
    return table_set_str(t, row, 5, law->source, e);
}

cosim_status law_list_table(struct table **t, cosim_error *e)
{
    static const struct column column[] = {
        { "law", "", "name to be used in commands", CELL_STR },
        { "formula", "", "what it computes", CELL_STR },
        { "result", "", "loss, or added_loss of a degradation", CELL_STR },
        { "inputs", "", "input names, also the columns of a file to fit", CELL_STR },
        { "sets", "", "published parameter sets, the default first", CELL_STR },
        { "source", "", "where the formula is from", CELL_STR },
    };

    TRY(table_new(t, "scaling laws", column, sizeof column / sizeof *column, e));
    for (size_t i = 0; i < law_count(); i++) {
        const cosim_status st = list_row(*t, law_at(i), e);
        if (st != COSIM_OK) {
            table_free(*t);
            *t = NULL;
            return st;
        }
    }
    return COSIM_OK;
}

static cosim_status constants_rows(struct table *t, const struct law *law, cosim_error *e)
{
    for (size_t s = 0; s < law->n_constants; s++) {
        const struct law_constants *c = &law->constants[s];

        for (size_t i = 0; i < law->n_params; i++) {
            size_t row;

            TRY(table_add_row(t, &row, e));
            TRY(table_set_str(t, row, 0, c->name, e));
            TRY(table_set_str(t, row, 1, law->param[i].name, e));
            table_set_f64(t, row, 2, c->p[i]);
            TRY(table_set_str(t, row, 3, law->param[i].doc, e));
            TRY(table_set_str(t, row, 4, origin_name(c->origin), e));
            TRY(table_set_str(t, row, 5, c->source, e));
        }
    }
    return COSIM_OK;
}

cosim_status law_constants_table(struct table **t, const struct law *law, cosim_error *e)
{
    static const struct column column[] = {
        { "set", "", "parameter set", CELL_STR },     { "parameter", "", "its name", CELL_STR },
        { "value", "", "value", CELL_F64 },           { "meaning", "", "what it is", CELL_STR },
        { "origin", "", "kind of source", CELL_STR }, { "source", "", "source", CELL_STR },
    };

    TRY(table_new(t, law->name, column, sizeof column / sizeof *column, e));
    const cosim_status st = constants_rows(*t, law, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status value_rows(struct table *t, const struct law *law, const double *x,
                               const char *set, cosim_error *e)
{
    const struct law_constants *only = NULL;

    if (set || !law->n_constants)
        TRY(law_constants_find(&only, law, set, e));
    for (size_t s = 0; s < law->n_constants; s++) {
        const struct law_constants *c = &law->constants[s];
        double loss;
        size_t row;

        if (only && only != c)
            continue;
        TRY(law_loss(&loss, law, x, c->p, e));
        TRY(table_add_row(t, &row, e));
        TRY(table_set_str(t, row, 0, law->name, e));
        TRY(table_set_str(t, row, 1, c->name, e));
        table_set_f64(t, row, 2, loss);
        TRY(table_set_str(t, row, 3, origin_name(c->origin), e));
        TRY(table_set_str(t, row, 4, c->source, e));
    }
    return COSIM_OK;
}

cosim_status law_value_table(struct table **t, const struct law *law, const double *x,
                             const char *set, cosim_error *e)
{
    const struct column column[] = {
        { "law", "", "law", CELL_STR },
        { "set", "", "parameter set", CELL_STR },
        { law->result, "nat", "predicted, per token", CELL_F64 },
        { "origin", "", "kind of source of the parameters", CELL_STR },
        { "source", "", "source of the parameters", CELL_STR },
    };

    TRY(table_new(t, law->doc, column, sizeof column / sizeof *column, e));
    const cosim_status st = value_rows(*t, law, x, set, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
