/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law.h"

#include "core/num.h"

#include <math.h>

enum { SCALE, EXPONENT, N_PARAM };

/* (c/x)^a, the same for size and for data. */
static double value(const double *x, const double *p, double *gradient)
{
    const double ln_ratio = log(p[SCALE] / x[0]);
    const double loss = exp(p[EXPONENT] * ln_ratio);

    if (gradient) {
        gradient[SCALE] = p[EXPONENT] * loss / p[SCALE];
        gradient[EXPONENT] = loss * ln_ratio;
    }
    return loss;
}

#define KAPLAN_SOURCE "J. Kaplan et al., 'Scaling Laws for Neural Language Models', 2020"

static const struct law_input size_input[] = {
    { "n_params", "", "parameters without the embedding", 1.0, 1e16, UNKNOWN_F64 },
};
static const struct law_param size_param[N_PARAM] = {
    [SCALE] = { "N_c", "parameters at which the loss would be 1", LAW_POSITIVE, 1e10, 1e18 },
    [EXPONENT] = { "alpha_N", "exponent of the size", LAW_POSITIVE, 0.01, 0.5 },
};
static const struct law_constants size_constants[] = {
    { "published", KAPLAN_SOURCE " (recalled)", ORIGIN_DERIVED, { 8.8e13, 0.076 } },
};

const struct law law_kaplan_n = {
    .name = "kaplan_n",
    .doc = "L = (N_c/N)^alpha_N, data and compute unlimited",
    .source = KAPLAN_SOURCE,
    .result = "loss",
    .input = size_input,
    .n_inputs = sizeof size_input / sizeof *size_input,
    .param = size_param,
    .n_params = N_PARAM,
    .constants = size_constants,
    .n_constants = sizeof size_constants / sizeof *size_constants,
    .fold_input = 0,
    .value = value,
};

static const struct law_input data_input[] = {
    { "n_tokens", "token", "training tokens", 1.0, 1e18, UNKNOWN_F64 },
};
static const struct law_param data_param[N_PARAM] = {
    [SCALE] = { "D_c", "tokens at which the loss would be 1", LAW_POSITIVE, 1e10, 1e18 },
    [EXPONENT] = { "alpha_D", "exponent of the data", LAW_POSITIVE, 0.01, 0.5 },
};
static const struct law_constants data_constants[] = {
    { "published", KAPLAN_SOURCE " (recalled)", ORIGIN_DERIVED, { 5.4e13, 0.095 } },
};

const struct law law_kaplan_d = {
    .name = "kaplan_d",
    .doc = "L = (D_c/D)^alpha_D, size unlimited, stopped early",
    .source = KAPLAN_SOURCE,
    .result = "loss",
    .input = data_input,
    .n_inputs = sizeof data_input / sizeof *data_input,
    .param = data_param,
    .n_params = N_PARAM,
    .constants = data_constants,
    .n_constants = sizeof data_constants / sizeof *data_constants,
    .fold_input = 0,
    .value = value,
};
