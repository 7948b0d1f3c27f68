/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/num.h"
#include "kv/calibrate.h"
#include "kv/kv.h"
#include "kv/kv_losses.h"
#include "kv/search.h"
#include "kv/tensor.h"

#include <gsl/gsl_statistics_double.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
    { "uniform", "", "the same format everywhere", CELL_STR },
    { "bytes", "byte", "of the uniform assignment: K/V per token, or all matrices", CELL_F64 },
    { "searched_bytes", "byte", "of the searched one, never more", CELL_F64 },
    { "predicted_kl_nats", "nat", "of the uniform assignment", CELL_F64 },
    { "searched_predicted_kl_nats", "nat", "of the searched one", CELL_F64 },
    { "kl_nats", "nat", "measured, uniform", CELL_F64 },
    { "searched_kl_nats", "nat", "measured, searched", CELL_F64 },
    { "loss_nats", "nat", "measured, uniform", CELL_F64 },
    { "searched_loss_nats", "nat", "measured, searched", CELL_F64 },
    { "loss_change_nats", "nat", "searched minus uniform", CELL_F64 },
    { "loss_change_error_nats", "nat", "standard error of the change over windows", CELL_F64 },
    { "searched", "", "the searched assignment", CELL_STR },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

/* Weight formats that are tried; an option id is a position here. */
static const char *const weight_format[] = { "q8_0", "q6_k", "q5_k", "q4_k", "q3_k", "q2_k" };
#define N_WEIGHT_FORMATS COUNT(weight_format)
/* A mixed assignment must measure this much better than the uniform one to be taken: smaller
 * gains on one text did not carry over to another (measured, docs/kvtuner.md). */
#define CLEAR_GAIN_RATIO 0.8
#define WEIGHT_PROBE 4 /* q3_k: its KL stands clear of rounding noise */

/* Items are layers (options: pairs) or matrices (options: weight formats). */
struct tune {
    const struct kv_tune_options *o;
    const struct kv_scheme *scheme;
    struct lm m;
    struct lm_text calibration, test;
    struct lm_reference calibration_ref, test_ref;
    struct lm_kv *kv; /* n_layers, all in full between uses */
    struct kv_sens sens;
    struct kv_space space;
    struct arena *a;
    cosim_error *e;
};

static size_t n_options(const struct tune *t)
{
    return t->o->weights ? N_WEIGHT_FORMATS : KV_N_PAIRS;
}

static const char *option_name(const struct tune *t, size_t option)
{
    return t->o->weights ? weight_format[option] : kv_pair_name(option);
}

static cosim_status apply(struct tune *t, const size_t *option)
{
    for (size_t i = 0; i < t->space.n_layers; i++) {
        const struct kv_pair p = kv_pair_of(option[i]);
        if (t->o->weights)
            TRY(lm_set_format(&t->m, i, fq_find(weight_format[option[i]]), t->e));
        else
            t->kv[i] =
                (struct lm_kv){ .scheme = t->scheme, .k_bits = p.k_bits, .v_bits = p.v_bits };
    }
    return COSIM_OK;
}

static cosim_status space_new(struct tune *t, size_t n_items, kv_pair_set set, double **cost,
                              double **loss)
{
    struct kv_group *g = ARENA_NEW(t->a, struct kv_group, n_items);
    size_t *layer = ARENA_NEW(t->a, size_t, n_items);

    *cost = ARENA_NEW(t->a, double, n_items *KV_N_PAIRS);
    *loss = ARENA_NEW(t->a, double, n_items *KV_N_PAIRS);
    if (!g || !layer || !*cost || !*loss)
        return err_set(t->e, COSIM_ENOMEM, "search space");
    for (size_t i = 0; i < n_items; i++) {
        layer[i] = i;
        g[i] = (struct kv_group){ 1, &layer[i], set };
    }
    t->space = (struct kv_space){ n_items, n_items, g, *cost, *loss, 0 };
    return COSIM_OK;
}

static cosim_status kv_space_new(struct tune *t)
{
    const struct lm_config *c = &t->m.c;
    const double n = (double)t->test.window, width = (double)(c->n_kv_heads * c->head_dim);
    double *cost, *loss;

    TRY(kv_calibrate(&t->m, &t->calibration, t->scheme, true, &t->sens, t->a, t->e));
    TRY(space_new(t, c->n_layers, KV_SET_ALL, &cost, &loss));
    memcpy(loss, t->sens.kl_nats, c->n_layers * KV_N_PAIRS * sizeof *loss);
    for (size_t i = 0; i < c->n_layers * KV_N_PAIRS; i++) {
        const struct kv_pair p = kv_pair_of(i % KV_N_PAIRS);
        cost[i] = rint(width * n
                       * (kv_bits_eff(t->scheme, p.k_bits, c->head_dim, n)
                          + kv_bits_eff(t->scheme, p.v_bits, c->head_dim, n)));
    }
    return COSIM_OK;
}

/* Relative squared error of a rounded matrix. */
static cosim_status squared_error(const struct lm_matrix *x, const struct fq_format *f,
                                  double *ratio, cosim_error *e)
{
    const size_t n = x->n_in * x->n_out;
    float *y = malloc(n * sizeof *y);
    double error = 0, total = 0;

    if (!y)
        return err_set(e, COSIM_ENOMEM, "matrix '%s'", x->name);
    fq_round(f, x->stored, y, n);
    for (size_t i = 0; i < n; i++) {
        const double w = (double)x->stored[i], d = w - (double)y[i];
        error += d * d;
        total += w * w;
    }
    free(y);
    *ratio = total > 0 ? error / total : 0;
    return COSIM_OK;
}

/* One measured KL per matrix; the other formats follow its squared error (ours). */
static cosim_status weight_losses(struct tune *t, double *loss)
{
    for (size_t i = 0; i < t->m.n_matrices; i++) {
        double probe = 0, error[N_WEIGHT_FORMATS];
        struct lm_quality q;
        for (size_t f = 0; f < N_WEIGHT_FORMATS; f++)
            TRY(squared_error(&t->m.matrix[i], fq_find(weight_format[f]), &error[f], t->e));
        TRY(lm_set_format(&t->m, i, fq_find(weight_format[WEIGHT_PROBE]), t->e));
        TRY(lm_measure(&t->m, &t->calibration, &t->calibration_ref, NULL, 0, &q, NULL, t->e));
        TRY(lm_set_format(&t->m, i, NULL, t->e));
        probe = error[WEIGHT_PROBE];
        for (size_t f = 0; f < N_WEIGHT_FORMATS; f++)
            loss[i * KV_N_PAIRS + f] = probe > 0 ? max_f64(q.kl_nats, 0) * error[f] / probe : 0;
    }
    return COSIM_OK;
}

static cosim_status weight_space_new(struct tune *t)
{
    double *cost, *loss;

    TRY(space_new(t, t->m.n_matrices, (kv_pair_set)((1u << N_WEIGHT_FORMATS) - 1), &cost, &loss));
    for (size_t i = 0; i < t->m.n_matrices * N_WEIGHT_FORMATS; i++) {
        const struct lm_matrix *x = &t->m.matrix[i / N_WEIGHT_FORMATS];
        cost[i / N_WEIGHT_FORMATS * KV_N_PAIRS + i % N_WEIGHT_FORMATS] =
            (double)(x->n_in * x->n_out) * fq_find(weight_format[i % N_WEIGHT_FORMATS])->bits;
    }
    TRY(weight_losses(t, loss));
    return t->o->losses_out ? kv_losses_write(t->o->losses_out, &t->m, loss, KV_N_PAIRS,
                                              weight_format, N_WEIGHT_FORMATS, t->e)
                            : COSIM_OK;
}

/* What one assignment costs and measures. */
struct outcome {
    double cost, predicted;
    struct lm_quality q;
    double *window_loss; /* n_windows */
};

static cosim_status measure(struct tune *t, const size_t *option, struct outcome *x)
{
    kv_space_evaluate(&t->space, option, &x->cost, &x->predicted);
    TRY(apply(t, option));
    return lm_measure(&t->m, &t->test, &t->test_ref, t->kv, 0, &x->q, x->window_loss, t->e);
}

/*
 * The prediction ranks; whether a mixed assignment really beats the uniform one of the same bytes
 * is decided by measuring both on the calibration text, never on the test text. By KL: the text's
 * own loss is so noisy that it would refuse assignments with a thousandth of the KL (seen with
 * KIVI).
 */
static cosim_status confirm(struct tune *t, const size_t *uniform, const size_t *mixed,
                            bool *better)
{
    struct lm_quality u, m;

    *better = false;
    if (!memcmp(uniform, mixed, t->space.n_layers * sizeof *mixed))
        return COSIM_OK;
    TRY(apply(t, uniform));
    TRY(lm_measure(&t->m, &t->calibration, &t->calibration_ref, t->kv, 0, &u, NULL, t->e));
    TRY(apply(t, mixed));
    TRY(lm_measure(&t->m, &t->calibration, &t->calibration_ref, t->kv, 0, &m, NULL, t->e));
    *better = m.kl_nats <= CLEAR_GAIN_RATIO * u.kl_nats;
    return COSIM_OK;
}

static double change_error(const struct tune *t, const struct outcome *a, const struct outcome *b)
{
    const double n = (double)t->test.n_windows;
    double mean = 0, sum = 0;

    for (size_t w = 0; w < t->test.n_windows; w++)
        mean += (b->window_loss[w] - a->window_loss[w]) / n;
    for (size_t w = 0; w < t->test.n_windows; w++) {
        const double d = b->window_loss[w] - a->window_loss[w] - mean;
        sum += d * d;
    }
    return n > 1 ? sqrt(sum / (n - 1) * n) / a->q.n_scored : UNKNOWN_F64;
}

static cosim_status describe(const struct tune *t, const size_t *option, struct table *out,
                             size_t row)
{
    char text[2048] = "";
    size_t at = 0;

    for (size_t i = 0; i < t->space.n_layers && at + 80 < sizeof text; i++)
        if (t->o->weights)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%.40s=%s", i ? " " : "",
                                   t->m.matrix[i].name, option_name(t, option[i]));
        else
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "",
                                   option_name(t, option[i]));
    return table_set_str(out, row, COUNT(columns) - 1, text, t->e);
}

static cosim_status compare(struct tune *t, const struct kv_front *f, size_t uniform,
                            double *window_loss, struct kv_tune_result *r, struct table *out)
{
    const size_t n = t->space.n_layers;
    const double unit = t->o->weights ? 8 : 8 * (double)t->test.window;
    size_t option[KV_LAYERS_MAX], mixed[KV_LAYERS_MAX], row;
    bool better;
    struct outcome u = { .window_loss = window_loss };
    struct outcome s = { .window_loss = window_loss + t->test.n_windows };

    for (size_t i = 0; i < n; i++)
        option[i] = uniform;
    TRY(measure(t, option, &u));
    const struct kv_point *best = kv_front_within(f, u.cost);
    if (!best)
        return err_set(t->e, COSIM_EINTERNAL, "the front misses the uniform assignment");
    kv_point_layers(&t->space, best, mixed);
    TRY(confirm(t, option, mixed, &better));
    if (better) {
        TRY(measure(t, mixed, &s));
    } else {
        memcpy(mixed, option, n * sizeof *mixed);
        memcpy(s.window_loss, u.window_loss, t->test.n_windows * sizeof *s.window_loss);
        s = (struct outcome){ u.cost, u.predicted, u.q, s.window_loss };
    }
    const double v[] = { u.cost / unit,
                         s.cost / unit,
                         u.predicted,
                         s.predicted,
                         u.q.kl_nats,
                         s.q.kl_nats,
                         u.q.loss_nats,
                         s.q.loss_nats,
                         s.q.loss_nats - u.q.loss_nats,
                         change_error(t, &u, &s) };
    TRY(table_add_row(out, &row, t->e));
    TRY(table_set_str(out, row, 0, option_name(t, uniform), t->e));
    for (size_t c = 0; c < COUNT(v); c++)
        table_set_f64(out, row, 1 + c, v[c]);
    r->n_compared++;
    r->n_kl_worse += s.q.kl_nats > u.q.kl_nats;
    r->n_loss_worse += s.q.loss_nats > u.q.loss_nats;
    r->n_loss_worse_2se += s.q.loss_nats - u.q.loss_nats > 2 * change_error(t, &u, &s);
    return describe(t, mixed, out, row);
}

static cosim_status compare_all(struct tune *t, struct kv_tune_result *r, struct table *out)
{
    double *window_loss = ARENA_NEW(t->a, double, 2 * t->test.n_windows);
    struct kv_front f;

    if (!window_loss)
        return err_set(t->e, COSIM_ENOMEM, "losses of windows");
    TRY(kv_search_dp(&t->space, &f, t->a, t->e));
    for (size_t i = t->o->weights ? 0 : 1; i < n_options(t); i++)
        TRY(compare(t, &f, i, window_loss, r, out));
    return table_note(out, t->e, "%zu points on the front of %.6g states", f.n, f.n_visited);
}

static cosim_status rank_layers(struct tune *t, struct kv_tune_result *r)
{
    const size_t n = t->m.c.n_layers * (KV_N_PAIRS - 1);
    double *x = ARENA_NEW(t->a, double, 6 * n), *work = x + 4 * n;

    if (!x)
        return err_set(t->e, COSIM_ENOMEM, "rank correlation");
    memset(t->kv, 0, t->m.c.n_layers * sizeof *t->kv);
    for (size_t i = 0; i < n; i++) {
        const size_t layer = i / (KV_N_PAIRS - 1), pair = 1 + i % (KV_N_PAIRS - 1);
        const size_t at = layer * KV_N_PAIRS + pair;
        x[i] = t->sens.error[at].e_o;
        x[n + i] = t->sens.error[at].o_rel;
        x[2 * n + i] = t->sens.kl_nats[at];
        TRY(kv_measure_single(&t->m, &t->test, &t->test_ref, t->scheme, layer, kv_pair_of(pair),
                              t->kv, &x[3 * n + i], t->e));
    }
    r->rank_e_o = gsl_stats_spearman(x, 1, x + 3 * n, 1, n, work);
    r->rank_o_rel = gsl_stats_spearman(x + n, 1, x + 3 * n, 1, n, work);
    r->rank_predicted = gsl_stats_spearman(x + 2 * n, 1, x + 3 * n, 1, n, work);
    return COSIM_OK;
}

static cosim_status load(struct tune *t, struct file_bytes *f)
{
    const struct kv_tune_options *o = t->o;
    const size_t n_cal = o->calibration_windows ? o->calibration_windows : 8;
    const size_t n_test = o->test_windows ? o->test_windows : 16;

    if (!t->scheme)
        return err_set(t->e, COSIM_EUNKNOWN, "unknown mode '%s': pertoken or kivi", o->mode);
    if (!o->model || !o->text)
        return err_set(t->e, COSIM_EUSAGE, "a model and a text are needed");
    if (o->losses_out && !o->weights)
        return err_set(t->e, COSIM_EUSAGE, "'--losses' are those of '--weights'");
    TRY(lm_load(&t->m, o->model, t->a, t->e));
    TRY(file_read(f, o->text, KV_FILE_BYTES_MAX, t->e));
    const size_t half = f->n / 2 / LM_WINDOW * LM_WINDOW;
    TRY(lm_text_span(&t->calibration, f->data, half, 0, n_cal, t->e));
    TRY(lm_text_span(&t->test, f->data + half, f->n - half, 0, n_test, t->e));
    t->kv = ARENA_NEW(t->a, struct lm_kv, t->m.c.n_layers);
    return t->kv && 2 + LM_N_ROLES * t->m.c.n_layers <= KV_LAYERS_MAX
               ? COSIM_OK
               : err_set(t->e, COSIM_ERANGE, "the model has too many layers");
}

static cosim_status tune(struct tune *t, struct kv_tune_result *r, struct table *out)
{
    TRY(lm_reference_new(&t->calibration_ref, &t->m, &t->calibration, t->e));
    TRY(t->o->weights ? weight_space_new(t) : kv_space_new(t));
    TRY(lm_reference_new(&t->test_ref, &t->m, &t->test, t->e));
    TRY(compare_all(t, r, out));
    if (!t->o->single_layers || t->o->weights)
        return COSIM_OK;
    TRY(rank_layers(t, r));
    return table_note(out, t->e,
                      "rank correlation with measured KL over layers and pairs: e_o %.4f, o_rel "
                      "%.4f, predicted %.4f",
                      r->rank_e_o, r->rank_o_rel, r->rank_predicted);
}

cosim_status kv_tune_run(const struct kv_tune_options *o, struct kv_tune_result *r,
                         struct table **out, cosim_error *e)
{
    struct arena a = { 0 };
    struct file_bytes f = { 0 };
    struct tune t = {
        .o = o, .scheme = kv_scheme_find(o->mode ? o->mode : "pertoken"), .a = &a, .e = e
    };

    *out = NULL;
    *r = (struct kv_tune_result){ UNKNOWN_F64, UNKNOWN_F64, UNKNOWN_F64, 0, 0, 0, 0 };
    cosim_status st = load(&t, &f);
    if (st == COSIM_OK)
        st = table_new(out, "Searched against uniform formats", columns, COUNT(columns), e);
    if (st == COSIM_OK)
        st = tune(&t, r, *out);
    lm_reference_free(&t.calibration_ref);
    lm_reference_free(&t.test_ref);
    file_release(&f);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*out);
        *out = NULL;
    }
    return st;
}
