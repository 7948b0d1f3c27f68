/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law.h"

#include "core/num.h"

#include <math.h>

enum { A, ALPHA, B, BETA, GAMMA, E, N_PARAM };
enum { IN_N, IN_D, IN_EFF_N, IN_EFF_D };

static double value(const double *x, const double *p, double *gradient)
{
    const double ln_n = log(x[IN_N] * x[IN_EFF_N]), ln_d = log(x[IN_D] * x[IN_EFF_D]);
    const double size = p[A] * exp(-p[ALPHA] * ln_n), data = p[B] * exp(-p[BETA] * ln_d);
    const double sum = size + data, power = exp(p[GAMMA] * log(sum));

    if (gradient) {
        const double outer = p[GAMMA] * power / sum;

        gradient[A] = outer * size / p[A];
        gradient[ALPHA] = -outer * size * ln_n;
        gradient[B] = outer * data / p[B];
        gradient[BETA] = -outer * data * ln_d;
        gradient[GAMMA] = power * log(sum);
        gradient[E] = 1.0;
    }
    return power + p[E];
}

static const struct law_input input[] = {
    [IN_N] = { "n_params", "", "parameters of the model", 1.0, 1e16, UNKNOWN_F64 },
    [IN_D] = { "n_tokens", "token", "training tokens", 1.0, 1e18, UNKNOWN_F64 },
    [IN_EFF_N] = { "eff_n", "", "parameter efficiency of the format, 1 = exact", 1e-6, 1.0, 1.0 },
    [IN_EFF_D] = { "eff_d", "", "data efficiency of the format, 1 = exact", 1e-6, 1.0, 1.0 },
};

static const struct law_param param[N_PARAM] = {
    [A] = { "A", "weight of the size term", LAW_POSITIVE, 1.0, 1e5 },
    [ALPHA] = { "alpha", "exponent of the size", LAW_POSITIVE, 0.05, 1.5 },
    [B] = { "B", "weight of the data term", LAW_POSITIVE, 1.0, 1e5 },
    [BETA] = { "beta", "exponent of the data", LAW_POSITIVE, 0.05, 1.5 },
    [GAMMA] = { "gamma", "exponent of the sum", LAW_POSITIVE, 0.1, 2.0 },
    [E] = { "E", "irreducible loss", LAW_POSITIVE, 0.3, 4.0 },
};

const struct law law_quartet = {
    .name = "quartet",
    .doc = "L = (A/(N eff_N)^alpha + B/(D eff_D)^beta)^gamma + E; parameters are to be fitted",
    .source = "'Quartet: Native FP4 Training', arXiv 2505.14669 (secondary account; form only)",
    .result = "loss",
    .input = input,
    .n_inputs = sizeof input / sizeof *input,
    .param = param,
    .n_params = N_PARAM,
    .fold_input = IN_N,
    .value = value,
};
