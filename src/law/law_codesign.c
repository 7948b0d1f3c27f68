/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/codesign.h"
#include "law/law.h"

#include "core/num.h"

#include <math.h>

struct codesign_terms codesign_terms(const double *p, const double *x)
{
    const double ln_d = log(x[CODESIGN_IN_WIDTH]);
    const double ln_r = log(x[CODESIGN_IN_FFN_RATIO]) * p[CODESIGN_ALPHA_R];

    return (struct codesign_terms){
        .depth = p[CODESIGN_KAPPA_L] * exp(-p[CODESIGN_ALPHA_L] * log(x[CODESIGN_IN_LAYERS])),
        .experts = p[CODESIGN_KAPPA_RHO]
                   * exp(p[CODESIGN_ALPHA_RHO] * log(x[CODESIGN_IN_ACTIVE_RATIO]) - ln_r
                         - p[CODESIGN_BETA_1] * ln_d),
        .width = p[CODESIGN_KAPPA_D] * exp(-ln_r - p[CODESIGN_BETA_2] * ln_d),
        .kv = p[CODESIGN_KAPPA_M] * exp(-p[CODESIGN_ALPHA_M] * log(x[CODESIGN_IN_KV_WIDTH])),
        .floor = p[CODESIGN_L_INF],
    };
}

static double value(const double *x, const double *p, double *gradient)
{
    const struct codesign_terms t = codesign_terms(p, x);

    if (gradient) {
        const double ln_d = log(x[CODESIGN_IN_WIDTH]);

        gradient[CODESIGN_KAPPA_L] = t.depth / p[CODESIGN_KAPPA_L];
        gradient[CODESIGN_ALPHA_L] = -t.depth * log(x[CODESIGN_IN_LAYERS]);
        gradient[CODESIGN_KAPPA_RHO] = t.experts / p[CODESIGN_KAPPA_RHO];
        gradient[CODESIGN_ALPHA_RHO] = t.experts * log(x[CODESIGN_IN_ACTIVE_RATIO]);
        gradient[CODESIGN_ALPHA_R] = -(t.experts + t.width) * log(x[CODESIGN_IN_FFN_RATIO]);
        gradient[CODESIGN_BETA_1] = -t.experts * ln_d;
        gradient[CODESIGN_KAPPA_D] = t.width / p[CODESIGN_KAPPA_D];
        gradient[CODESIGN_BETA_2] = -t.width * ln_d;
        gradient[CODESIGN_KAPPA_M] = t.kv / p[CODESIGN_KAPPA_M];
        gradient[CODESIGN_ALPHA_M] = -t.kv * log(x[CODESIGN_IN_KV_WIDTH]);
        gradient[CODESIGN_L_INF] = 1.0;
    }
    return t.depth + t.experts + t.width + t.kv + t.floor;
}

static const struct law_input input[CODESIGN_INPUTS] = {
    [CODESIGN_IN_LAYERS] = { "layers", "", "decoder layers", 1.0, 1e4, UNKNOWN_F64 },
    [CODESIGN_IN_WIDTH] = { "width", "", "hidden size", 1.0, 1e6, UNKNOWN_F64 },
    [CODESIGN_IN_FFN_RATIO] = { "ffn_ratio", "", "FFN width of the active experts / width", 1e-3,
                                1e3, UNKNOWN_F64 },
    [CODESIGN_IN_ACTIVE_RATIO] = { "active_ratio", "", "active experts / experts, 1 = dense", 1e-4,
                                   1.0, 1.0 },
    [CODESIGN_IN_KV_WIDTH] = { "kv_width", "", "KV heads x head size", 1.0, 1e6, UNKNOWN_F64 },
};

static const struct law_param param[CODESIGN_PARAMS] = {
    [CODESIGN_KAPPA_L] = { "kappa_l", "weight of the depth term", LAW_POSITIVE, 0.5, 50.0 },
    [CODESIGN_ALPHA_L] = { "alpha_l", "exponent of the depth", LAW_POSITIVE, 0.3, 3.0 },
    [CODESIGN_KAPPA_RHO] = { "kappa_rho", "weight of the expert term", LAW_POSITIVE, 1e-3, 1.0 },
    [CODESIGN_ALPHA_RHO] = { "alpha_rho", "exponent of the active share", LAW_POSITIVE, 0.2, 3.0 },
    [CODESIGN_ALPHA_R] = { "alpha_r", "exponent of the FFN ratio", LAW_POSITIVE, 0.02, 1.0 },
    [CODESIGN_BETA_1] = { "beta_1", "exponent of the width, expert term", LAW_FREE, -0.8, 0.5 },
    [CODESIGN_KAPPA_D] = { "kappa_d", "weight of the width term", LAW_POSITIVE, 10.0, 5000.0 },
    [CODESIGN_BETA_2] = { "beta_2", "exponent of the width", LAW_FREE, 0.3, 1.6 },
    [CODESIGN_KAPPA_M] = { "kappa_m", "weight of the KV term", LAW_POSITIVE, 0.02, 2.0 },
    [CODESIGN_ALPHA_M] = { "alpha_m", "exponent of the KV width", LAW_POSITIVE, 0.01, 0.3 },
    [CODESIGN_L_INF] = { "L_inf", "irreducible loss", LAW_POSITIVE, 1.0, 4.0 },
};

static const struct law_constants constants[] = {
    { "published",
      "arXiv 2602.10377v1 Eq 15, Table 6",
      ORIGIN_DERIVED,
      { [CODESIGN_KAPPA_L] = 9.96,
        [CODESIGN_ALPHA_L] = 1.63,
        [CODESIGN_KAPPA_RHO] = 0.031,
        [CODESIGN_ALPHA_RHO] = 1.09,
        [CODESIGN_ALPHA_R] = 0.17,
        [CODESIGN_BETA_1] = -0.33,
        [CODESIGN_KAPPA_D] = 500.0,
        [CODESIGN_BETA_2] = 0.97,
        [CODESIGN_KAPPA_M] = 0.20,
        [CODESIGN_ALPHA_M] = 0.05,
        [CODESIGN_L_INF] = 2.53 } },
};

const struct law law_codesign = {
    .name = "codesign",
    .doc = "L = kappa_l/l^alpha_l + kappa_rho rho^alpha_rho/(r^alpha_r d^beta_1) + "
           "kappa_d/(r^alpha_r d^beta_2) + kappa_m/d_m^alpha_m + L_inf",
    .source = "'Hardware Co-Design Scaling Laws via Roofline Modelling for On-Device LLMs', arXiv "
              "2602.10377v1, Eq 2/14",
    .result = "loss",
    .input = input,
    .n_inputs = CODESIGN_INPUTS,
    .param = param,
    .n_params = CODESIGN_PARAMS,
    .constants = constants,
    .n_constants = sizeof constants / sizeof *constants,
    .fold_input = CODESIGN_IN_WIDTH,
    .value = value,
};
