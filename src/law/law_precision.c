/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/precision_law.h"

#include "law/law.h"

#include "core/num.h"

#include <math.h>

/* 1 - e^(-bits/gamma), and its derivative by gamma divided by itself. */
static double kept(double bits, double gamma, double *log_slope)
{
    const double lost = exp(-bits / gamma);
    const double f = -expm1(-bits / gamma);

    *log_slope = lost > 0.0 ? -lost * bits / (gamma * gamma) / f : 0.0;
    return f;
}

double precision_n_eff_ratio(const double *p, double w_bits, double a_bits, double kv_bits)
{
    double unused;

    return kept(w_bits, p[PRECLAW_GAMMA_W], &unused) * kept(a_bits, p[PRECLAW_GAMMA_A], &unused)
           * kept(kv_bits, p[PRECLAW_GAMMA_KV], &unused);
}

double precision_ptq_loss(const double *p, double n_params, double n_tokens, double post_bits)
{
    return p[PRECLAW_C_T]
           * exp(p[PRECLAW_GAMMA_D] * log(n_tokens) - p[PRECLAW_GAMMA_N] * log(n_params)
                 - post_bits / p[PRECLAW_GAMMA_POST]);
}

double precision_critical_tokens(const double *p, double n_params, double post_bits)
{
    const double rise = p[PRECLAW_GAMMA_D] * p[PRECLAW_C_T];
    const double fall = p[PRECLAW_BETA] * p[PRECLAW_B] * pow(n_params, p[PRECLAW_GAMMA_N])
                        * exp(post_bits / p[PRECLAW_GAMMA_POST]);

    return pow(fall / rise, 1.0 / (p[PRECLAW_GAMMA_D] + p[PRECLAW_BETA]));
}

static void ptq_gradient(const double *x, const double *p, double ptq, double *gradient)
{
    const double post = x[PRECLAW_IN_POST], gamma = p[PRECLAW_GAMMA_POST];

    gradient[PRECLAW_C_T] = ptq / p[PRECLAW_C_T];
    gradient[PRECLAW_GAMMA_D] = ptq * log(x[PRECLAW_IN_D]);
    gradient[PRECLAW_GAMMA_N] = -ptq * log(x[PRECLAW_IN_N]);
    gradient[PRECLAW_GAMMA_POST] = ptq > 0.0 ? ptq * post / (gamma * gamma) : 0.0;
}

static double value(const double *x, const double *p, double *gradient)
{
    double by_w, by_a, by_kv;
    const double ratio = kept(x[PRECLAW_IN_W], p[PRECLAW_GAMMA_W], &by_w)
                         * kept(x[PRECLAW_IN_ACT], p[PRECLAW_GAMMA_A], &by_a)
                         * kept(x[PRECLAW_IN_KV], p[PRECLAW_GAMMA_KV], &by_kv);
    const double ln_n = log(x[PRECLAW_IN_N] * ratio), ln_d = log(x[PRECLAW_IN_D]);
    const double size = p[PRECLAW_A] * exp(-p[PRECLAW_ALPHA] * ln_n);
    const double data = p[PRECLAW_B] * exp(-p[PRECLAW_BETA] * ln_d);
    const double ptq = precision_ptq_loss(p, x[PRECLAW_IN_N], x[PRECLAW_IN_D], x[PRECLAW_IN_POST]);

    if (gradient) {
        gradient[PRECLAW_A] = size / p[PRECLAW_A];
        gradient[PRECLAW_ALPHA] = -size * ln_n;
        gradient[PRECLAW_B] = data / p[PRECLAW_B];
        gradient[PRECLAW_BETA] = -data * ln_d;
        gradient[PRECLAW_E] = 1.0;
        gradient[PRECLAW_GAMMA_W] = -p[PRECLAW_ALPHA] * size * by_w;
        gradient[PRECLAW_GAMMA_A] = -p[PRECLAW_ALPHA] * size * by_a;
        gradient[PRECLAW_GAMMA_KV] = -p[PRECLAW_ALPHA] * size * by_kv;
        ptq_gradient(x, p, ptq, gradient);
    }
    return size + data + p[PRECLAW_E] + ptq;
}

static const struct law_input input[] = {
    [PRECLAW_IN_N] = { "n_params", "", "parameters of the model", 1.0, 1e16, UNKNOWN_F64 },
    [PRECLAW_IN_D] = { "n_tokens", "token", "training tokens", 1.0, 1e18, UNKNOWN_F64 },
    [PRECLAW_IN_W] = { "w_bits", "bit", "weights in training; none = exact", 0.5, INF_F64,
                       INF_F64 },
    [PRECLAW_IN_ACT] = { "a_bits", "bit", "activations in training; none = exact", 0.5, INF_F64,
                         INF_F64 },
    [PRECLAW_IN_KV] = { "kv_bits", "bit", "keys and values in training; none = exact", 0.5, INF_F64,
                        INF_F64 },
    [PRECLAW_IN_POST] = { "post_bits", "bit", "weights after training; none = as trained", 0.5,
                          INF_F64, INF_F64 },
};

static const struct law_param param[PRECLAW_PARAMS] = {
    [PRECLAW_A] = { "A", "weight of the size term", LAW_POSITIVE, 1.0, 1e5 },
    [PRECLAW_ALPHA] = { "alpha", "exponent of the size", LAW_POSITIVE, 0.05, 1.5 },
    [PRECLAW_B] = { "B", "weight of the data term", LAW_POSITIVE, 1.0, 1e5 },
    [PRECLAW_BETA] = { "beta", "exponent of the data", LAW_POSITIVE, 0.05, 1.5 },
    [PRECLAW_E] = { "E", "irreducible loss", LAW_POSITIVE, 0.3, 4.0 },
    [PRECLAW_GAMMA_W] = { "gamma_w", "bits scale of weights", LAW_POSITIVE, 0.3, 6.0 },
    [PRECLAW_GAMMA_A] = { "gamma_a", "bits scale of activations", LAW_POSITIVE, 0.3, 6.0 },
    [PRECLAW_GAMMA_KV] = { "gamma_kv", "bits scale of keys and values", LAW_POSITIVE, 0.3, 6.0 },
    [PRECLAW_C_T] = { "C_T", "weight of the loss after training", LAW_POSITIVE, 1e-3, 1.0 },
    [PRECLAW_GAMMA_D] = { "gamma_D", "its exponent of the data", LAW_POSITIVE, 0.1, 1.0 },
    [PRECLAW_GAMMA_N] = { "gamma_N", "its exponent of the size", LAW_POSITIVE, 0.1, 1.0 },
    [PRECLAW_GAMMA_POST] = { "gamma_post", "its bits scale", LAW_POSITIVE, 0.2, 2.0 },
};

static const struct law_constants constants[] = {
    { "published",
      "T. Kumar et al., arXiv 2411.04330; offsets n_w, n_a, n_kv, b not used",
      ORIGIN_DERIVED,
      { [PRECLAW_A] = 4299.0,
        [PRECLAW_ALPHA] = 0.4965,
        [PRECLAW_B] = 18060.0,
        [PRECLAW_BETA] = 0.4965,
        [PRECLAW_E] = 2.7648,
        [PRECLAW_GAMMA_W] = 2.6745,
        [PRECLAW_GAMMA_A] = 2.2102,
        [PRECLAW_GAMMA_KV] = 0.9578,
        [PRECLAW_C_T] = 0.0598,
        [PRECLAW_GAMMA_D] = 0.5068,
        [PRECLAW_GAMMA_N] = 0.3439,
        [PRECLAW_GAMMA_POST] = 0.5907 } },
};

const struct law law_precision = {
    .name = "precision",
    .doc = "L = A/N_eff^alpha + B/D^beta + E + C_T D^gamma_D/N^gamma_N e^(-P_post/gamma_post), "
           "N_eff = N (1-e^(-P_w/gamma_w)) (1-e^(-P_a/gamma_a)) (1-e^(-P_kv/gamma_kv))",
    .source = "T. Kumar et al., 'Scaling Laws for Precision', arXiv 2411.04330",
    .result = "loss",
    .input = input,
    .n_inputs = sizeof input / sizeof *input,
    .param = param,
    .n_params = PRECLAW_PARAMS,
    .constants = constants,
    .n_constants = sizeof constants / sizeof *constants,
    .fold_input = PRECLAW_IN_N,
    .value = value,
};
