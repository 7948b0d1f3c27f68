/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/weights.h"

#include "core/num.h"

#define MAX_PARTS 8u

size_t weights_count(size_t m, size_t h)
{
    size_t n = 1;

    for (size_t k = 1; k < m; k++)
        n = n * (h + k) / k;
    return n;
}

void weights_das_dennis(size_t m, size_t h, double *w)
{
    size_t part[MAX_PARTS] = { 0 };

    part[m - 1] = h;
    for (;;) {
        for (size_t j = 0; j < m; j++)
            *w++ = (double)part[j] / (double)h;
        /* the next composition of h: one unit moves left from the last part that has any */
        size_t j = m - 1;
        while (j > 0 && part[j] == 0)
            j--;
        if (j == 0)
            return;
        const size_t rest = part[j] - 1;
        part[j] = 0;
        part[j - 1]++;
        part[m - 1] = rest;
    }
}

size_t weights_step_for(size_t m, size_t n)
{
    size_t h = 1;

    while (m > 1 && weights_count(m, h) < n)
        h++;
    return h;
}

double weights_tchebycheff(const double *w, const double *z, size_t m, double rho)
{
    double worst = -INF_F64, sum = 0;

    for (size_t j = 0; j < m; j++) {
        worst = max_f64(w[j] * z[j], worst);
        sum += w[j] * z[j];
    }
    return worst + rho * sum;
}
