/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/choice.h"

#include "core/num.h"
#include "search/weights.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define MAX_OBJ 8u
#define RHO 0.05 /* of the augmented Tchebycheff function, as in PGSAM */

struct frame {
    double ideal[MAX_OBJ], nadir[MAX_OBJ];
};

static double normalised(const struct points *p, const struct frame *f, size_t i, size_t j)
{
    const double range = f->nadir[j] - f->ideal[j];

    return range > 0 ? (p->obj[j][i] - f->ideal[j]) / range : 0;
}

size_t choice_knee(const struct points *front, double *bulge)
{
    struct frame f;
    size_t knee = SIZE_MAX;
    double most = -INF_F64;

    indicator_range(front, f.ideal, f.nadir);
    for (size_t i = 0; i < front->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < front->m; j++)
            sum += normalised(front, &f, i, j);
        const double b = (1 - sum) / sqrt((double)front->m);
        if (b > most) {
            most = b;
            knee = i;
        }
        if (bulge)
            bulge[i] = b;
    }
    return knee;
}

static double scalar(const struct points *p, const struct frame *f, size_t i, const double *w)
{
    double z[MAX_OBJ];

    for (size_t j = 0; j < p->m; j++)
        z[j] = normalised(p, f, i, j);
    return weights_tchebycheff(w, z, p->m, RHO);
}

void choice_values(const struct points *front, const double *weight, double *value)
{
    double w[MAX_OBJ], sum = 0;
    struct frame f;

    for (size_t j = 0; j < front->m; j++)
        sum += weight[j];
    for (size_t j = 0; j < front->m; j++)
        w[j] = weight[j] / sum;
    indicator_range(front, f.ideal, f.nadir);
    for (size_t i = 0; i < front->n; i++)
        value[i] = scalar(front, &f, i, w);
}

static void add_weight(const struct points *front, size_t k, size_t n_w, const double *value,
                       struct regret *r)
{
    double least = INF_F64;

    for (size_t i = 0; i < front->n; i++)
        least = min_f64(value[i], least);
    for (size_t i = 0; i < front->n; i++) {
        const double lost = value[i] - least;
        r[i].mean += lost / (double)n_w;
        if (lost > r[i].max) {
            r[i].max = lost;
            r[i].worst_weight = k;
        }
    }
}

cosim_status choice_regrets(const struct points *front, size_t h, struct regret *r, cosim_error *e)
{
    const size_t m = front->m, n_w = weights_count(m, h);
    double *w = malloc(n_w * m * sizeof *w), *value = malloc((front->n + 1) * sizeof *value);

    if (!w || !value) {
        free(w);
        free(value);
        return err_set(e, COSIM_ENOMEM, "no memory for %zu weights", n_w);
    }
    weights_das_dennis(m, h, w);
    for (size_t i = 0; i < front->n; i++)
        r[i] = (struct regret){ 0 };
    for (size_t k = 0; k < n_w; k++) {
        choice_values(front, w + k * m, value);
        add_weight(front, k, n_w, value, r);
    }
    free(w);
    free(value);
    return COSIM_OK;
}

/* The factor on all errors at which `a` first can be <= `c` in objective j. */
static double factor(double a, double c, double rel_error)
{
    const double room = rel_error * (fabs(a) + fabs(c));

    if (a <= c)
        return 0;
    return room > 0 ? (a - c) / room : INF_F64;
}

void choice_robustness(const struct points *front, size_t c, const double *rel_error,
                       struct robustness *r)
{
    *r = (struct robustness){ .tolerance = INF_F64 };
    for (size_t i = 0; i < front->n; i++) {
        bool certain = true;
        double needed = 0;
        if (i == c)
            continue;
        for (size_t j = 0; j < front->m; j++) {
            const double a = front->obj[j][i], b = front->obj[j][c], err = rel_error[j];
            certain = certain && a + err * fabs(a) < b - err * fabs(b);
            needed = max_f64(factor(a, b, err), needed);
        }
        r->certainly_dominated += certain;
        r->possibly_dominated += needed <= 1;
        r->tolerance = min_f64(needed, r->tolerance);
    }
}
