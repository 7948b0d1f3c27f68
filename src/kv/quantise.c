/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/quantise.h"

#include "core/num.h"

#include <string.h>

#define META_BITS 32.0 /* binary16 scale and zero point per group */

const struct kv_scheme kv_schemes[2] = {
    { "pertoken", false, 0, 0, KV_RULE_PAPER },
    { "kivi", true, 32, 32, KV_RULE_PAPER },
};

const struct kv_scheme *kv_scheme_find(const char *name)
{
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(kv_schemes[i].name, name))
            return &kv_schemes[i];
    return NULL;
}

/* rint rounds half to even in the default rounding mode, which nothing here changes. */
static double paper_value(double x, double min, double scale)
{
    return rint((x - min) / scale) * scale + min;
}

static double repository_value(double x, double min, double scale, double q_min, double q_max)
{
    const double zero = rint(min / scale) - q_min;
    const double q = rint(x / scale - zero);

    return (min_f64(max_f64(q, q_min), q_max) + zero) * scale;
}

void kv_quantise_group(enum kv_rule rule, unsigned bits, const double *x, double *y, size_t n,
                       size_t stride)
{
    const double levels = (double)((1ull << (bits < 16 ? bits : 16)) - 1);
    double min = INF_F64, max = -INF_F64;

    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i * stride])) {
            min = min_f64(min, x[i * stride]);
            max = max_f64(max, x[i * stride]);
        }
    double scale = (max - min) / levels;
    if (rule == KV_RULE_REPOSITORY)
        scale = max_f64(max - min, 1e-5) / levels;
    /* equal values, a range below the smallest double, or nothing finite: nothing to round */
    const bool keep = bits >= 16 || !(scale > 0) || !isfinite(scale);
    const double q_min = -(levels + 1) / 2, q_max = (levels - 1) / 2;
    for (size_t i = 0; i < n; i++) {
        const double v = x[i * stride];
        if (keep || !isfinite(v))
            y[i * stride] = v;
        else if (rule == KV_RULE_REPOSITORY)
            y[i * stride] = repository_value(v, min, scale, q_min, q_max);
        else
            y[i * stride] = paper_value(v, min, scale);
    }
}

static size_t group_of(const struct kv_scheme *s, size_t whole)
{
    return s->group && s->group < whole ? s->group : whole;
}

static void per_token(const struct kv_scheme *s, unsigned bits, const double *x, double *y,
                      size_t n_vectors, size_t dim)
{
    const size_t group = group_of(s, dim);

    for (size_t v = 0; v < n_vectors; v++)
        for (size_t d = 0; d < dim; d += group)
            kv_quantise_group(s->rule, bits, x + v * dim + d, y + v * dim + d,
                              dim - d < group ? dim - d : group, 1);
}

static void per_channel(const struct kv_scheme *s, unsigned bits, const double *x, double *y,
                        size_t n_tokens, size_t width)
{
    const size_t group = group_of(s, n_tokens);

    for (size_t t = 0; t < n_tokens; t += group)
        for (size_t c = 0; c < width; c++)
            kv_quantise_group(s->rule, bits, x + t * width + c, y + t * width + c,
                              n_tokens - t < group ? n_tokens - t : group, width);
}

void kv_quantise(const struct kv_scheme *s, enum kv_side side, unsigned bits, const double *x,
                 double *y, size_t n_tokens, size_t n_heads, size_t dim)
{
    if (side == KV_SIDE_K && s->k_per_channel)
        per_channel(s, bits, x, y, n_tokens, n_heads * dim);
    else
        per_token(s, bits, x, y, n_tokens * n_heads, dim);
}

size_t kv_quantised_tokens(const struct kv_scheme *s, enum kv_side side, size_t n_tokens)
{
    const size_t old = n_tokens > s->residual_tokens ? n_tokens - s->residual_tokens : 0;

    if (side == KV_SIDE_K && s->k_per_channel && s->group)
        return old / s->group * s->group;
    return old;
}

double kv_bits_eff(const struct kv_scheme *s, unsigned bits, size_t dim, double n_tokens)
{
    if (bits >= 16)
        return 16;
    const double window = min_f64(n_tokens, (double)s->residual_tokens);
    const double group = (double)group_of(s, dim);

    return ((n_tokens - window) * ((double)bits + META_BITS / group) + window * 16) / n_tokens;
}
