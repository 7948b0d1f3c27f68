/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law.h"

#include "core/num.h"

#include <math.h>

enum { K, GAMMA_N, GAMMA_D, GAMMA_G, N_PARAM };
enum { IN_N, IN_D, IN_GROUP };

static double value(const double *x, const double *p, double *gradient)
{
    const double ln_n = log(x[IN_N]), ln_d = log(x[IN_D]), ln_g = log(log2(x[IN_GROUP]));
    const double delta = p[K] * exp(p[GAMMA_D] * ln_d + p[GAMMA_G] * ln_g - p[GAMMA_N] * ln_n);

    if (gradient) {
        gradient[K] = delta / p[K];
        gradient[GAMMA_N] = -delta * ln_n;
        gradient[GAMMA_D] = delta * ln_d;
        gradient[GAMMA_G] = delta * ln_g;
    }
    return delta;
}

static const struct law_input input[] = {
    [IN_N] = { "n_params", "", "parameters of the model", 1.0, 1e16, UNKNOWN_F64 },
    [IN_D] = { "n_tokens", "token", "training tokens", 1.0, 1e18, UNKNOWN_F64 },
    [IN_GROUP] = { "group", "", "elements that share a scale", 2.0, 1e9, UNKNOWN_F64 },
};

static const struct law_param param[N_PARAM] = {
    [K] = { "k", "weight", LAW_POSITIVE, 0.01, 2.0 },
    [GAMMA_N] = { "gamma_N", "exponent of the size", LAW_POSITIVE, 0.02, 1.0 },
    [GAMMA_D] = { "gamma_D", "exponent of the data", LAW_POSITIVE, 0.01, 0.6 },
    [GAMMA_G] = { "gamma_G", "exponent of log2 of the group", LAW_POSITIVE, 0.05, 2.0 },
};

#define QAT_SOURCE                                                                                 \
    "'Scaling Law for Quantization-Aware Training', arXiv 2505.14302 (secondary account)"
#define QAT_SET(name, k, n, d, g)                                                                  \
    {                                                                                              \
        name, QAT_SOURCE, ORIGIN_DERIVED,                                                          \
        {                                                                                          \
            [K] = k, [GAMMA_N] = n, [GAMMA_D] = d, [GAMMA_G] = g                                   \
        }                                                                                          \
    }

static const struct law_constants constants[] = {
    QAT_SET("w4a4", 0.1582, 0.2186, 0.0745, 0.7779),
    QAT_SET("w4a16", 0.2522, 0.3589, 0.1610, 0.3533),
    QAT_SET("w16a4", 0.1004, 0.1816, 0.0331, 0.9812),
    QAT_SET("w4a4_fc2_8bit", 0.3519, 0.2637, 0.0964, 0.3407),
};

const struct law law_qat = {
    .name = "qat",
    .doc = "delta = k D^gamma_D (log2 G)^gamma_G / N^gamma_N, added by quantisation-aware training",
    .source = QAT_SOURCE,
    .result = "added_loss",
    .input = input,
    .n_inputs = sizeof input / sizeof *input,
    .param = param,
    .n_params = N_PARAM,
    .constants = constants,
    .n_constants = sizeof constants / sizeof *constants,
    .fold_input = IN_N,
    .value = value,
};
