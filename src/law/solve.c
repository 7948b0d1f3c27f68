/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/solve.h"

#include "core/detmath.h"
#include "core/num.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

/* A task with the parameters in the form they are searched in: logarithms where positive. */
struct search {
    const struct law_task *task;
    double p[LAW_PARAMS_MAX];
    size_t free[LAW_PARAMS_MAX], n_free;
};

static bool is_log(const struct law *law, size_t i)
{
    return law->param[i].sign == LAW_POSITIVE;
}

/* The residual whose square is twice the Huber loss of r; *slope is its derivative. */
static double huberised(double r, double h, double *slope)
{
    const double size = fabs(r);

    *slope = 1.0;
    if (size <= h)
        return r;
    const double f = sqrt(2.0 * h * size - h * h);
    *slope = h / f;
    return r < 0.0 ? -f : f;
}

double law_objective(const struct law_task *task, const double *p)
{
    const struct law *law = task->data->law;
    double sum = 0.0;

    for (size_t i = 0; i < task->n_rows; i++) {
        const size_t row = task->row[i];
        const double loss = law->value(task->data->x + row * law->n_inputs, p, NULL);
        double slope;

        if (!(loss > 0.0) || !isfinite(loss))
            return INF_F64;
        const double f = huberised(log(loss / task->data->y[row]), task->huber, &slope);
        sum += 0.5 * f * f;
    }
    return sum;
}

static void unpack(struct search *s, const gsl_vector *theta)
{
    const struct law *law = s->task->data->law;

    for (size_t k = 0; k < s->n_free; k++) {
        const size_t i = s->free[k];
        const double v = gsl_vector_get(theta, k);

        s->p[i] = is_log(law, i) ? exp(v) : v;
    }
}

static int residuals(const gsl_vector *theta, void *user, gsl_vector *f)
{
    struct search *s = user;
    const struct law_task *t = s->task;
    const struct law *law = t->data->law;

    unpack(s, theta);
    for (size_t i = 0; i < t->n_rows; i++) {
        const size_t row = t->row[i];
        const double loss = law->value(t->data->x + row * law->n_inputs, s->p, NULL);
        double slope;

        if (!(loss > 0.0) || !isfinite(loss))
            return GSL_EDOM;
        gsl_vector_set(f, i, huberised(log(loss / t->data->y[row]), t->huber, &slope));
    }
    return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *theta, void *user, gsl_matrix *jac)
{
    struct search *s = user;
    const struct law_task *t = s->task;
    const struct law *law = t->data->law;
    double gradient[LAW_PARAMS_MAX];

    unpack(s, theta);
    for (size_t i = 0; i < t->n_rows; i++) {
        const size_t row = t->row[i];
        const double loss = law->value(t->data->x + row * law->n_inputs, s->p, gradient);
        double slope;

        if (!(loss > 0.0) || !isfinite(loss))
            return GSL_EDOM;
        (void)huberised(log(loss / t->data->y[row]), t->huber, &slope);
        for (size_t k = 0; k < s->n_free; k++) {
            const size_t j = s->free[k];
            const double by_theta = is_log(law, j) ? s->p[j] : 1.0;

            gsl_matrix_set(jac, i, k, slope * gradient[j] / loss * by_theta);
        }
    }
    return GSL_SUCCESS;
}

static void start(struct search *s, const struct law_task *task, const double *p)
{
    const struct law *law = task->data->law;

    *s = (struct search){ .task = task };
    memcpy(s->p, p, law->n_params * sizeof *p);
    for (size_t i = 0; i < law->n_params; i++)
        if (!task->fixed[i])
            s->free[s->n_free++] = i;
}

static void iterate(struct search *s, gsl_multifit_nlinear_workspace *w, gsl_vector *theta)
{
    gsl_multifit_nlinear_fdf fdf = {
        .f = residuals,
        .df = jacobian,
        .n = s->task->n_rows,
        .p = s->n_free,
        .params = s,
    };
    int info = 0;

    if (gsl_multifit_nlinear_init(theta, &fdf, w) != GSL_SUCCESS)
        return;
    /* the stopping tests look at the step and the gradient: far below what data can resolve */
    (void)gsl_multifit_nlinear_driver(300, 1e-13, 1e-14, 0.0, NULL, NULL, &info, w);
    unpack(s, gsl_multifit_nlinear_position(w));
}

cosim_status law_solve(const struct law_task *task, double *p, double *objective, cosim_error *e)
{
    const gsl_multifit_nlinear_parameters how = {
        .trs = gsl_multifit_nlinear_trs_lm,
        .scale = gsl_multifit_nlinear_scale_more,
        .solver = gsl_multifit_nlinear_solver_qr,
        .factor_up = 3.0,
        .factor_down = 2.0,
        .avmax = 0.75,
        .h_df = 1e-8,
        .h_fvv = 0.02,
    };
    const struct law *law = task->data->law;
    struct search s;

    *objective = law_objective(task, p);
    start(&s, task, p);
    if (!s.n_free || !isfinite(*objective))
        return COSIM_OK;

    gsl_vector *theta = gsl_vector_alloc(s.n_free);
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, task->n_rows, s.n_free);
    if (!theta || !w) {
        gsl_vector_free(theta);
        if (w)
            gsl_multifit_nlinear_free(w);
        return err_set(e, COSIM_ENOMEM, "out of memory for a fit of %zu observations",
                       task->n_rows);
    }
    for (size_t k = 0; k < s.n_free; k++) {
        const size_t i = s.free[k];
        gsl_vector_set(theta, k, is_log(law, i) ? log(p[i]) : p[i]);
    }
    iterate(&s, w, theta);
    const double reached = law_objective(task, s.p);
    if (reached < *objective) {
        memcpy(p, s.p, law->n_params * sizeof *p);
        *objective = reached;
    }
    gsl_multifit_nlinear_free(w);
    gsl_vector_free(theta);
    return COSIM_OK;
}

void law_draw(const struct law *law, const bool *fixed, struct rng *rng, double *p)
{
    for (size_t i = 0; i < law->n_params; i++) {
        const struct law_param *q = &law->param[i];
        const double u = rng_f64(rng);

        if (fixed[i])
            continue;
        if (is_log(law, i))
            p[i] = q->lo * det_exp(u * det_log(q->hi / q->lo));
        else
            p[i] = q->lo + u * (q->hi - q->lo);
    }
}
