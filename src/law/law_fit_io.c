/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law_fit.h"

#include "core/num.h"

static cosim_status find_columns(size_t *column, size_t *result, const struct law *law,
                                 const struct csv_doc *doc, cosim_error *e)
{
    const struct src_pos at = { doc->path, 1, 1 };

    for (size_t k = 0; k < law->n_inputs; k++) {
        column[k] = csv_column(doc, law->input[k].name);
        if (column[k] == SIZE_MAX && !is_known(law->input[k].if_none))
            return err_at(e, COSIM_ESYNTAX, &at, "column '%s' of law '%s' is missing",
                          law->input[k].name, law->name);
    }
    *result = csv_column(doc, law->result);
    if (*result == SIZE_MAX)
        return err_at(e, COSIM_ESYNTAX, &at, "column '%s' is missing", law->result);
    return COSIM_OK;
}

cosim_status law_data_read(struct law_data *data, const struct law *law, const struct csv_doc *doc,
                           struct arena *a, cosim_error *e)
{
    size_t column[LAW_INPUTS_MAX], result;

    TRY(find_columns(column, &result, law, doc, e));
    double *x = ARENA_NEW(a, double, doc->n_rows * law->n_inputs);
    double *y = ARENA_NEW(a, double, doc->n_rows);
    if (doc->n_rows && (!x || !y))
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu observations", doc->n_rows);
    for (size_t row = 0; row < doc->n_rows; row++) {
        for (size_t k = 0; k < law->n_inputs; k++) {
            const struct law_input *in = &law->input[k];
            double *v = &x[row * law->n_inputs + k];

            *v = in->if_none;
            if (column[k] == SIZE_MAX)
                continue;
            const struct csv_cell *c = csv_cell(doc, row, column[k]);
            const struct src_pos at = csv_pos(doc, c);
            TRY(csv_f64(doc, c, in->lo, in->hi, v, e));
            if (!is_known(*v))
                return err_at(e, COSIM_ESYNTAX, &at, "'%s' is empty", in->name);
        }
        const struct csv_cell *c = csv_cell(doc, row, result);
        const struct src_pos at = csv_pos(doc, c);
        y[row] = UNKNOWN_F64;
        TRY(csv_f64(doc, c, 1e-12, 1e6, &y[row], e));
        if (!is_known(y[row]))
            return err_at(e, COSIM_ESYNTAX, &at, "'%s' is empty", law->result);
    }
    *data = (struct law_data){ law, doc->n_rows, x, y };
    return COSIM_OK;
}

static cosim_status fit_notes(struct table *t, const struct law_fit *f, cosim_error *e)
{
    TRY(table_note(t, e,
                   "%zu observations, log-residual rms %.4g, error: mean %.4g, median %.4g, "
                   "p90 %.4g, max %.4g (ratios)",
                   f->error.n, f->log_rmse, f->error.mean_ratio, f->error.median_ratio,
                   f->error.p90_ratio, f->error.max_ratio));
    TRY(table_note(t, e, "%zu of %zu local searches reached the best objective, %.6g",
                   f->n_starts_agreeing, f->n_starts, f->objective));
    if (f->n_folds)
        TRY(table_note(t, e,
                       "held out by '%s' (%zu values, %zu observations): mean %.4g, median "
                       "%.4g, p90 %.4g",
                       f->fold_input, f->n_folds, f->held_out.n, f->held_out.mean_ratio,
                       f->held_out.median_ratio, f->held_out.p90_ratio));
    if (f->n_samples)
        TRY(table_note(t, e, "intervals: %.4g of %zu bootstrap resamples", f->coverage_ratio,
                       f->n_samples));
    return COSIM_OK;
}

static cosim_status fit_rows(struct table *t, const struct law_fit *f, cosim_error *e)
{
    for (size_t k = 0; k < f->law->n_params; k++) {
        size_t row;

        TRY(table_add_row(t, &row, e));
        TRY(table_set_str(t, row, 0, f->law->param[k].name, e));
        table_set_f64(t, row, 1, f->p[k]);
        table_set_f64(t, row, 2, f->lo[k]);
        table_set_f64(t, row, 3, f->hi[k]);
        table_set_flag(t, row, 4, f->fixed[k]);
        TRY(table_set_str(t, row, 5, f->law->param[k].doc, e));
    }
    return fit_notes(t, f, e);
}

cosim_status law_fit_table(struct table **t, const struct law_fit *fit, cosim_error *e)
{
    static const struct column column[] = {
        { "parameter", "", "parameter of the law", CELL_STR },
        { "value", "", "fitted value", CELL_F64 },
        { "lo", "", "lower end of the interval", CELL_F64 },
        { "hi", "", "upper end of the interval", CELL_F64 },
        { "fixed", "", "given, not fitted", CELL_BOOL },
        { "meaning", "", "what it is", CELL_STR },
    };

    TRY(table_new(t, fit->law->doc, column, sizeof column / sizeof *column, e));
    const cosim_status st = fit_rows(*t, fit, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status fold_row(struct table *t, double held_out, const struct law_error_stats *s,
                             cosim_error *e)
{
    size_t row;

    TRY(table_add_row(t, &row, e));
    table_set_f64(t, row, 0, held_out);
    table_set_u64(t, row, 1, s->n);
    table_set_f64(t, row, 2, s->mean_ratio);
    table_set_f64(t, row, 3, s->median_ratio);
    table_set_f64(t, row, 4, s->p90_ratio);
    table_set_f64(t, row, 5, s->max_ratio);
    return COSIM_OK;
}

static cosim_status fold_rows(struct table *t, const struct law_fit *fit, cosim_error *e)
{
    for (size_t i = 0; i < fit->n_folds; i++)
        TRY(fold_row(t, fit->fold[i].held_out, &fit->fold[i].error, e));
    TRY(fold_row(t, UNKNOWN_F64, &fit->held_out, e));
    return table_note(t, e, "held out by '%s'; the last row is all of them", fit->fold_input);
}

cosim_status law_fold_table(struct table **t, const struct law_fit *fit, cosim_error *e)
{
    static const struct column column[] = {
        { "held_out", "", "value of the input that was not fitted", CELL_F64 },
        { "count", "", "observations predicted", CELL_U64 },
        { "mean_error_ratio", "", "mean of |predicted - observed| / observed", CELL_F64 },
        { "median_error_ratio", "", "median of it", CELL_F64 },
        { "p90_error_ratio", "", "90th percentile of it", CELL_F64 },
        { "max_error_ratio", "", "largest of it", CELL_F64 },
    };

    TRY(table_new(t, "leave-one-size-out cross-validation", column, sizeof column / sizeof *column,
                  e));
    const cosim_status st = fold_rows(*t, fit, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
