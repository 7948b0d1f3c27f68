/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/chinchilla.h"
#include "law/law.h"

#include "core/num.h"

#include <math.h>

static double value(const double *x, const double *p, double *gradient)
{
    const double ln_n = log(x[0]), ln_d = log(x[1]);
    const double size = p[CHIN_A] * exp(-p[CHIN_ALPHA] * ln_n);
    const double data = p[CHIN_B] * exp(-p[CHIN_BETA] * ln_d);

    if (gradient) {
        gradient[CHIN_E] = 1.0;
        gradient[CHIN_A] = size / p[CHIN_A];
        gradient[CHIN_B] = data / p[CHIN_B];
        gradient[CHIN_ALPHA] = -size * ln_n;
        gradient[CHIN_BETA] = -data * ln_d;
    }
    return p[CHIN_E] + size + data;
}

struct chinchilla_optimum chinchilla_optimum(const double *p, double train_flops)
{
    const double a = p[CHIN_ALPHA], b = p[CHIN_BETA], c = train_flops / 6.0;
    const double g = pow(a * p[CHIN_A] / (b * p[CHIN_B]), 1.0 / (a + b));

    return (struct chinchilla_optimum){
        .n_params = g * pow(c, b / (a + b)),
        .n_tokens = pow(c, a / (a + b)) / g,
    };
}

static const struct law_input input[] = {
    { "n_params", "", "parameters of the model", 1.0, 1e16, UNKNOWN_F64 },
    { "n_tokens", "token", "training tokens", 1.0, 1e18, UNKNOWN_F64 },
};

static const struct law_param param[CHIN_PARAMS] = {
    [CHIN_E] = { "E", "irreducible loss", LAW_POSITIVE, 0.3, 4.0 },
    [CHIN_A] = { "A", "weight of the size term", LAW_POSITIVE, 1.0, 1e5 },
    [CHIN_B] = { "B", "weight of the data term", LAW_POSITIVE, 1.0, 1e5 },
    [CHIN_ALPHA] = { "alpha", "exponent of the size", LAW_POSITIVE, 0.05, 1.5 },
    [CHIN_BETA] = { "beta", "exponent of the data", LAW_POSITIVE, 0.05, 1.5 },
};

static const struct law_constants constants[] = {
    { "refit",
      "T. Besiroglu et al., 'Chinchilla Scaling: A replication attempt', 2024 (recalled)",
      ORIGIN_DERIVED,
      { [CHIN_E] = 1.8172,
        [CHIN_A] = 482.01,
        [CHIN_B] = 2085.43,
        [CHIN_ALPHA] = 0.3478,
        [CHIN_BETA] = 0.3658 } },
    { "published",
      "J. Hoffmann et al., 2022, approach 3 (recalled); implies 93 tokens per parameter at 5.76e23 "
      "flops, against its own rule of 20",
      ORIGIN_DERIVED,
      { [CHIN_E] = 1.69,
        [CHIN_A] = 406.4,
        [CHIN_B] = 410.7,
        [CHIN_ALPHA] = 0.34,
        [CHIN_BETA] = 0.28 } },
};

const struct law law_chinchilla = {
    .name = "chinchilla",
    .doc = "L = E + A/N^alpha + B/D^beta",
    .source = "J. Hoffmann et al., 'Training Compute-Optimal Large Language Models', 2022",
    .result = "loss",
    .input = input,
    .n_inputs = sizeof input / sizeof *input,
    .param = param,
    .n_params = CHIN_PARAMS,
    .constants = constants,
    .n_constants = sizeof constants / sizeof *constants,
    .fold_input = 0,
    .value = value,
};
