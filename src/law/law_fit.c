/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law_fit.h"

#include "law/solve.h"

#include "core/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_STARTS = 24, DRAWS_PER_START = 200, DEFAULT_BOOTSTRAP = 200 };
enum { STREAM_STARTS = 0, STREAM_BOOTSTRAP = 1 }; /* resample b uses stream STREAM_BOOTSTRAP + b */

/* A candidate starting point; ties in the objective keep the order of drawing. */
struct candidate {
    double objective;
    size_t order;
    double p[LAW_PARAMS_MAX];
};

static int by_objective(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->objective != y->objective)
        return x->objective < y->objective ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Linear interpolation between order statistics of a sorted list. */
static double quantile(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;

    if (i + 1 >= n)
        return sorted[n - 1];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

/* `ratio` is sorted in place. */
static struct law_error_stats error_stats(double *ratio, size_t n)
{
    struct law_error_stats s = { n, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64 };
    double sum = 0.0;

    if (!n)
        return s;
    for (size_t i = 0; i < n; i++)
        sum += ratio[i];
    qsort(ratio, n, sizeof *ratio, by_value);
    s.mean_ratio = sum / (double)n;
    s.median_ratio = quantile(ratio, n, 0.5);
    s.p90_ratio = quantile(ratio, n, 0.9);
    s.max_ratio = ratio[n - 1];
    return s;
}

static double error_ratio(const struct law_data *d, size_t row, const double *p)
{
    return fabs(d->law->value(d->x + row * d->law->n_inputs, p, NULL) - d->y[row]) / d->y[row];
}

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for a fit");
}

static cosim_status fix_parameters(struct law_fit *fit, const struct law_fit_options *o,
                                   cosim_error *e)
{
    for (size_t i = 0; i < o->n_fixed; i++) {
        const size_t k = law_param_index(fit->law, o->fixed[i].param);

        if (k == SIZE_MAX)
            return err_set(e, COSIM_EUSAGE, "law '%s' has no parameter '%s'", fit->law->name,
                           o->fixed[i].param);
        if (!isfinite(o->fixed[i].value)
            || (fit->law->param[k].sign == LAW_POSITIVE && !(o->fixed[i].value > 0.0)))
            return err_set(e, COSIM_ERANGE, "'%s' cannot be fixed at %g", o->fixed[i].param,
                           o->fixed[i].value);
        fit->fixed[k] = true;
        fit->p[k] = o->fixed[i].value;
    }
    return COSIM_OK;
}

/* Random points, and the published sets, sorted by how well they do. */
static void draw_candidates(struct candidate *c, size_t n, const struct law_task *task,
                            const double *fixed_p, uint64_t seed)
{
    const struct law *law = task->data->law;
    struct rng rng;

    rng_stream(&rng, seed, STREAM_STARTS);
    for (size_t i = 0; i < n; i++) {
        memcpy(c[i].p, fixed_p, sizeof c[i].p);
        if (i < law->n_constants) {
            for (size_t k = 0; k < law->n_params; k++)
                if (!task->fixed[k])
                    c[i].p[k] = law->constants[i].p[k];
        } else {
            law_draw(law, task->fixed, &rng, c[i].p);
        }
        c[i].order = i;
        c[i].objective = law_objective(task, c[i].p);
    }
    qsort(c, n, sizeof *c, by_objective);
}

static cosim_status multistart(struct law_fit *fit, const struct law_task *task,
                               const struct law_fit_options *o, cosim_error *e)
{
    const size_t n_starts = o->n_starts ? o->n_starts : DEFAULT_STARTS;
    const size_t n_drawn = n_starts * DRAWS_PER_START + fit->law->n_constants;
    struct candidate *c = calloc(n_drawn, sizeof *c);
    cosim_status st = COSIM_OK;

    if (!c)
        return no_memory(e);
    draw_candidates(c, n_drawn, task, fit->p, o->seed);
    for (size_t i = 0; i < n_starts && st == COSIM_OK; i++)
        st = law_solve(task, c[i].p, &c[i].objective, e);
    if (st == COSIM_OK) {
        qsort(c, n_starts, sizeof *c, by_objective);
        memcpy(fit->p, c[0].p, sizeof fit->p);
        fit->objective = c[0].objective;
        fit->n_starts = n_starts;
        for (size_t i = 0; i < n_starts; i++)
            fit->n_starts_agreeing +=
                c[i].objective <= c[0].objective * (1.0 + 1e-6) + 1e-15 * (double)task->n_rows;
        if (!isfinite(fit->objective))
            st =
                err_set(e, COSIM_ENO, "law '%s' has no finite value on these data", fit->law->name);
    }
    free(c);
    return st;
}

static cosim_status fit_quality(struct law_fit *fit, const struct law_data *d, struct arena *a,
                                cosim_error *e)
{
    double *ratio = ARENA_NEW(a, double, d->n);
    double sum = 0.0;

    if (!ratio)
        return no_memory(e);
    for (size_t i = 0; i < d->n; i++) {
        const double r = log(d->law->value(d->x + i * d->law->n_inputs, fit->p, NULL) / d->y[i]);
        ratio[i] = error_ratio(d, i, fit->p);
        sum += r * r;
    }
    fit->log_rmse = sqrt(sum / (double)d->n);
    fit->error = error_stats(ratio, d->n);
    return COSIM_OK;
}

static cosim_status bootstrap(struct law_fit *fit, const struct law_task *task,
                              const struct law_fit_options *o, struct arena *a, cosim_error *e)
{
    const size_t n_samples = o->n_bootstrap ? o->n_bootstrap : DEFAULT_BOOTSTRAP;
    const size_t n_params = fit->law->n_params, n = task->n_rows;
    double *sample = ARENA_NEW(a, double, n_samples *n_params);
    uint32_t *row = ARENA_NEW(a, uint32_t, n);
    double *sorted = ARENA_NEW(a, double, n_samples);

    if (!sample || !row || !sorted)
        return no_memory(e);
    for (size_t b = 0; b < n_samples; b++) {
        struct law_task resample = *task;
        struct rng rng;
        double objective, p[LAW_PARAMS_MAX];

        rng_stream(&rng, o->seed, STREAM_BOOTSTRAP + b);
        for (size_t i = 0; i < n; i++)
            row[i] = task->row[rng_below(&rng, n)];
        resample.row = row;
        memcpy(p, fit->p, sizeof p);
        TRY(law_solve(&resample, p, &objective, e));
        memcpy(sample + b * n_params, p, n_params * sizeof *p);
    }
    fit->sample = sample;
    fit->n_samples = n_samples;
    const double tail = 0.5 * (1.0 - fit->coverage_ratio);
    for (size_t k = 0; k < n_params; k++) {
        for (size_t b = 0; b < n_samples; b++)
            sorted[b] = sample[b * n_params + k];
        qsort(sorted, n_samples, sizeof *sorted, by_value);
        fit->lo[k] = quantile(sorted, n_samples, tail);
        fit->hi[k] = quantile(sorted, n_samples, 1.0 - tail);
    }
    return COSIM_OK;
}

/* Different values of an input, ascending. */
static size_t distinct(double *value, const struct law_data *d, size_t input)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        value[i] = d->x[i * d->law->n_inputs + input];
    qsort(value, d->n, sizeof *value, by_value);
    for (size_t i = 0; i < d->n; i++)
        if (!n || value[i] != value[n - 1])
            value[n++] = value[i];
    return n;
}

static cosim_status cross_validate(struct law_fit *fit, const struct law_task *task, size_t input,
                                   size_t n_free, struct arena *a, cosim_error *e)
{
    const struct law_data *d = task->data;
    double *value = ARENA_NEW(a, double, d->n), *ratio = ARENA_NEW(a, double, d->n);
    double *all = ARENA_NEW(a, double, d->n);
    uint32_t *row = ARENA_NEW(a, uint32_t, d->n);

    if (!value || !ratio || !all || !row)
        return no_memory(e);
    const size_t n_values = distinct(value, d, input);
    struct law_fold *fold = ARENA_NEW(a, struct law_fold, n_values);
    size_t n_all = 0;
    if (!fold)
        return no_memory(e);
    for (size_t f = 0; f < n_values; f++) {
        struct law_task rest = *task;
        double objective, p[LAW_PARAMS_MAX];
        size_t n_out = 0;

        rest.row = row;
        rest.n_rows = 0;
        for (size_t i = 0; i < d->n; i++)
            if (d->x[i * d->law->n_inputs + input] != value[f])
                row[rest.n_rows++] = (uint32_t)i;
        if (rest.n_rows < n_free)
            continue; /* this size holds too much of the data to do without */
        memcpy(p, fit->p, sizeof p);
        TRY(law_solve(&rest, p, &objective, e));
        for (size_t i = 0; i < d->n; i++)
            if (d->x[i * d->law->n_inputs + input] == value[f])
                ratio[n_out++] = error_ratio(d, i, p);
        memcpy(all + n_all, ratio, n_out * sizeof *all);
        n_all += n_out;
        fold[fit->n_folds++] = (struct law_fold){ value[f], error_stats(ratio, n_out) };
    }
    fit->fold = fold;
    fit->held_out = error_stats(all, n_all);
    return COSIM_OK;
}

static cosim_status fold_input(size_t *input, const struct law *law, const char *name,
                               cosim_error *e)
{
    *input = name ? law_input_index(law, name) : law->fold_input;
    if (*input == SIZE_MAX)
        return err_set(e, COSIM_EUSAGE, "law '%s' has no input '%s'", law->name, name);
    return COSIM_OK;
}

cosim_status law_fit(struct law_fit *fit, const struct law_data *data,
                     const struct law_fit_options *o, struct arena *a, cosim_error *e)
{
    const struct law *law = data->law;
    size_t n_free = 0, input;

    *fit = (struct law_fit){ .law = law,
                             .coverage_ratio = o->coverage_ratio > 0.0 ? o->coverage_ratio : 0.95 };
    for (size_t k = 0; k < law->n_params; k++)
        fit->lo[k] = fit->hi[k] = UNKNOWN_F64;
    if (!(fit->coverage_ratio < 1.0))
        return err_set(e, COSIM_EUSAGE, "an interval cannot cover %g", fit->coverage_ratio);
    TRY(fold_input(&input, law, o->fold_input, e));
    fit->fold_input = law->input[input].name;
    TRY(fix_parameters(fit, o, e));
    for (size_t k = 0; k < law->n_params; k++)
        n_free += !fit->fixed[k];
    if (data->n < n_free || data->n == 0 || data->n > UINT32_MAX)
        return err_set(e, COSIM_ERANGE, "%zu observations cannot determine %zu parameters", data->n,
                       n_free);

    uint32_t *row = ARENA_NEW(a, uint32_t, data->n);
    if (!row)
        return no_memory(e);
    for (size_t i = 0; i < data->n; i++)
        row[i] = (uint32_t)i;
    const struct law_task task = { data, row, data->n, fit->fixed,
                                   o->huber > 0.0 ? o->huber : 1e-3 };
    TRY(multistart(fit, &task, o, e));
    TRY(fit_quality(fit, data, a, e));
    if (!o->no_bootstrap)
        TRY(bootstrap(fit, &task, o, a, e));
    if (!o->no_cross_validation)
        TRY(cross_validate(fit, &task, input, n_free, a, e));
    return COSIM_OK;
}

cosim_status law_fit_predict(struct law_interval *out, const struct law_fit *fit, const double *x,
                             cosim_error *e)
{
    const size_t n = fit->n_samples;

    *out = (struct law_interval){ fit->law->value(x, fit->p, NULL), UNKNOWN_F64, UNKNOWN_F64 };
    if (!n)
        return COSIM_OK;
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        return no_memory(e);
    for (size_t b = 0; b < n; b++)
        sorted[b] = fit->law->value(x, fit->sample + b * fit->law->n_params, NULL);
    qsort(sorted, n, sizeof *sorted, by_value);
    const double tail = 0.5 * (1.0 - fit->coverage_ratio);
    out->lo = quantile(sorted, n, tail);
    out->hi = quantile(sorted, n, 1.0 - tail);
    free(sorted);
    return COSIM_OK;
}
