/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/stats.h"

#include "core/num.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 1000u

cosim_status stats_quartiles(const double *v, size_t n, struct quartiles *q, cosim_error *e)
{
    double *sorted = malloc((n + 1) * sizeof *sorted);

    if (!sorted)
        return err_set(e, COSIM_ENOMEM, "no memory for %zu numbers", n);
    memcpy(sorted, v, n * sizeof *v);
    gsl_sort(sorted, 1, n);
    q->q1 = gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.25);
    q->median = gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.5);
    q->q3 = gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.75);
    free(sorted);
    return COSIM_OK;
}

/* P(U <= u) from the numbers of arrangements of n_a and n_b values with each U:
 * count(a, b, u) = count(a - 1, b, u - b) + count(a, b - 1, u). */
static cosim_status exact_below(size_t n_a, size_t n_b, double u, double *p, cosim_error *e)
{
    const size_t max_u = n_a * n_b, width = max_u + 1;
    double *prev = calloc((n_b + 1) * width, sizeof *prev), total = 0, below = 0;
    double *now = calloc((n_b + 1) * width, sizeof *now);

    if (!prev || !now) {
        free(prev);
        free(now);
        return err_set(e, COSIM_ENOMEM, "no memory for the rank test");
    }
    for (size_t b = 0; b <= n_b; b++)
        prev[b * width] = 1; /* no a at all: U = 0 */
    for (size_t a = 1; a <= n_a; a++) {
        memset(now, 0, width * sizeof *now);
        now[0] = 1; /* no b at all */
        for (size_t b = 1; b <= n_b; b++)
            for (size_t k = 0; k <= max_u; k++)
                now[b * width + k] =
                    now[(b - 1) * width + k] + (k >= b ? prev[b * width + k - b] : 0);
        double *t = prev;
        prev = now;
        now = t;
    }
    for (size_t k = 0; k <= max_u; k++) {
        total += prev[n_b * width + k];
        below += (double)k <= u ? prev[n_b * width + k] : 0;
    }
    *p = below / total;
    free(prev);
    free(now);
    return COSIM_OK;
}

/* Sum of t^3 - t over groups of t equal values. */
static cosim_status tie_sum(const double *a, size_t n_a, const double *b, size_t n_b, double *sum,
                            cosim_error *e)
{
    const size_t n = n_a + n_b;
    double *all = malloc((n + 1) * sizeof *all);

    if (!all)
        return err_set(e, COSIM_ENOMEM, "no memory for %zu numbers", n);
    memcpy(all, a, n_a * sizeof *a);
    memcpy(all + n_a, b, n_b * sizeof *b);
    gsl_sort(all, 1, n);
    *sum = 0;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && all[end] == all[i])
            end++;
        const double t = (double)(end - i);
        *sum += t * t * t - t;
        i = end;
    }
    free(all);
    return COSIM_OK;
}

cosim_status stats_rank_test(const double *a, size_t n_a, const double *b, size_t n_b,
                             struct rank_test *t, cosim_error *e)
{
    const double na = (double)n_a, nb = (double)n_b, n = na + nb;
    double ties = 0;

    t->u = 0;
    for (size_t i = 0; i < n_a; i++)
        for (size_t k = 0; k < n_b; k++)
            t->u += a[i] > b[k] ? 1 : a[i] == b[k] ? 0.5 : 0;
    t->a12 = t->u / (na * nb);
    TRY(tie_sum(a, n_a, b, n_b, &ties, e));
    const double least = min_f64(t->u, na * nb - t->u);
    if (ties == 0 && n_a * n_b <= EXACT_MAX) {
        TRY(exact_below(n_a, n_b, least, &t->p, e));
        t->p = min_f64(2 * t->p, 1);
        return COSIM_OK;
    }
    const double variance = na * nb / 12 * (n + 1 - ties / (n * (n - 1)));
    const double z = (na * nb / 2 - least - 0.5) / sqrt(variance);
    t->p = variance > 0 && z > 0 ? 2 * gsl_cdf_ugaussian_Q(z) : 1;
    return COSIM_OK;
}
