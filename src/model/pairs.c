/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/pairs.h"

#include "core/num.h"

double pairs_causal(double new_tokens, double cached)
{
    return new_tokens * cached + new_tokens * (new_tokens + 1.0) / 2.0;
}

double pairs_full(double new_tokens, double cached)
{
    return new_tokens * (new_tokens + cached);
}

double pairs_window(double new_tokens, double cached, double window)
{
    const double u = min_f64(max_f64(window - cached, 0.0), new_tokens);

    return u * cached + u * (u + 1.0) / 2.0 + (new_tokens - u) * window;
}

double keys_read(double new_tokens, double cached, double window)
{
    const double all = cached + new_tokens;

    return window > 0.0 ? min_f64(all, window + new_tokens - 1.0) : all;
}

double keys_kept(double n_tokens, double window)
{
    return window > 0.0 ? min_f64(n_tokens, window) : n_tokens;
}

double experts_expected(double experts, double active, double tokens)
{
    return experts * (1.0 - pow(1.0 - active / experts, tokens));
}

double experts_imbalance(double ranks, double mean_load)
{
    if (ranks <= 1.0)
        return 1.0;
    return min_f64(ranks, 1.0 + sqrt(2.0 * log(ranks) / mean_load));
}
