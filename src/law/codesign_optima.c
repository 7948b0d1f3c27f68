/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/codesign.h"

#include <math.h>

double codesign_xi_forward(double gqa, double ffn_ratio)
{
    return 4.0 + 4.0 / gqa + 6.0 * ffn_ratio;
}

double codesign_xi_decode(double gqa, double ffn_ratio)
{
    return 0.5 * codesign_xi_forward(gqa, ffn_ratio);
}

double codesign_xi_all(double gqa, double ffn_ratio, double active_ratio)
{
    return 2.0 + 2.0 / gqa + 3.0 * ffn_ratio / active_ratio;
}

double codesign_decode_bytes(const struct codesign_decode *c, double gqa, double ffn_ratio)
{
    const double d = c->width;

    return codesign_xi_decode(gqa, ffn_ratio) * d * d * c->w_bytes
           + 2.0 * c->mean_kv_tokens * d * c->kv_bytes / gqa;
}

double codesign_kv_share(const struct codesign_decode *c, double gqa)
{
    return 2.0 * c->mean_kv_tokens * c->kv_bytes / (gqa * c->width * c->w_bytes);
}

double codesign_layers_prefill(double flops_per_token, double width, double gqa, double ffn_ratio)
{
    return flops_per_token / (codesign_xi_forward(gqa, ffn_ratio) * width * width);
}

double codesign_layers_decode(double bytes_per_token, const struct codesign_decode *c, double gqa,
                              double ffn_ratio)
{
    return bytes_per_token / codesign_decode_bytes(c, gqa, ffn_ratio);
}

double codesign_active_memory(const double *p, double width)
{
    const double gap = p[CODESIGN_ALPHA_RHO] - p[CODESIGN_ALPHA_R];
    const double base = p[CODESIGN_ALPHA_R] * p[CODESIGN_KAPPA_D] / (gap * p[CODESIGN_KAPPA_RHO]);

    return pow(base, 1.0 / p[CODESIGN_ALPHA_RHO])
           * pow(width, (p[CODESIGN_BETA_1] - p[CODESIGN_BETA_2]) / p[CODESIGN_ALPHA_RHO]);
}

cosim_status codesign_active_prefill(double *rho, double eta, double w_bytes, double gqa,
                                     double ffn_ratio, cosim_error *e)
{
    const double flops = eta * w_bytes; /* per stored weight; a dense model has 2 */

    if (!(flops < 2.0))
        return err_set(e, COSIM_ENO,
                       "%g flops per stored weight: below 2 a sparse model fits, here it does not",
                       flops);
    *rho = 3.0 * flops * ffn_ratio / ((2.0 + 2.0 / gqa) * (2.0 - flops) + 6.0 * ffn_ratio);
    return COSIM_OK;
}

cosim_status codesign_active_decode(double *rho, double *xi_all, double eta, double delta,
                                    double gqa, double ffn_ratio, bool paper_eq11, cosim_error *e)
{
    const double alpha_a = 2.0 + 2.0 / gqa, active = alpha_a + 3.0 * ffn_ratio;

    *xi_all = paper_eq11 ? (active + sqrt(active * active + 4.0 * eta * delta)) / (2.0 * eta)
                         : (active + delta) / eta;
    if (!(*xi_all > alpha_a))
        return err_set(e, COSIM_ENO, "the memory budget holds no expert at all (eta %g)", eta);
    *rho = 3.0 * ffn_ratio / (*xi_all - alpha_a);
    return COSIM_OK;
}

/* One budget along which the depth is eliminated, for the implicit optima. */
struct budget {
    const double *p;
    double amount, width;
    const struct codesign_decode *decode; /* NULL: prefill */
    double fixed;                         /* the ratio that is not searched */
    double mass;                          /* D~ of (8.7), when the FFN ratio is searched */
};

/* D~ = kappa_rho rho^alpha_rho d^(beta_2 - beta_1) + kappa_d */
static double expert_mass(const double *p, double width, double active_ratio)
{
    return p[CODESIGN_KAPPA_RHO] * pow(active_ratio, p[CODESIGN_ALPHA_RHO])
               * pow(width, p[CODESIGN_BETA_2] - p[CODESIGN_BETA_1])
           + p[CODESIGN_KAPPA_D];
}

/* budget^alpha_l / cost^(alpha_l - 1), the shared factor of all four formulas */
static double saturation(const struct budget *b, double cost)
{
    const double a = b->p[CODESIGN_ALPHA_L];

    return pow(b->amount, a) / pow(cost, a - 1.0);
}

/* Stationarity in r: alpha_r D~ r^-(alpha_r+1) d^-beta_2 = alpha_l kappa_l l^-(alpha_l+1) dl/dr */
static double next_ffn(const struct budget *b, double r)
{
    const double *p = b->p, d = b->width;
    const double per_depth =
        p[CODESIGN_ALPHA_R] * b->mass / (p[CODESIGN_ALPHA_L] * p[CODESIGN_KAPPA_L]);
    double rest;

    if (b->decode)
        rest = saturation(b, codesign_decode_bytes(b->decode, b->fixed, r))
               / (3.0 * b->decode->w_bytes * pow(d, 2.0 + p[CODESIGN_BETA_2]));
    else
        rest = saturation(b, codesign_xi_forward(b->fixed, r))
               / (6.0 * pow(d, 2.0 * p[CODESIGN_ALPHA_L] + p[CODESIGN_BETA_2]));
    return pow(per_depth * rest, 1.0 / (p[CODESIGN_ALPHA_R] + 1.0));
}

static double next_gqa(const struct budget *b, double gqa)
{
    const double *p = b->p, d = b->width, alpha_m = p[CODESIGN_ALPHA_M];
    const double per_depth =
        p[CODESIGN_ALPHA_L] * p[CODESIGN_KAPPA_L] / (alpha_m * p[CODESIGN_KAPPA_M]);
    double rest;

    if (b->decode) {
        const struct codesign_decode *c = b->decode;
        rest = 2.0 * (d * d * c->w_bytes + c->mean_kv_tokens * d * c->kv_bytes) * pow(d, alpha_m)
               / saturation(b, codesign_decode_bytes(c, gqa, b->fixed));
    } else {
        rest = 4.0 * pow(d, 2.0 * p[CODESIGN_ALPHA_L] + alpha_m)
               / saturation(b, codesign_xi_forward(gqa, b->fixed));
    }
    return pow(per_depth * rest, 1.0 / (alpha_m + 1.0));
}

static cosim_status settle(double *x, double (*next)(const struct budget *, double),
                           const struct budget *b, cosim_error *e)
{
    double now = 1.0;

    for (int i = 0; i < 500; i++) {
        const double then = 0.5 * now + 0.5 * next(b, now);

        if (!isfinite(then) || then <= 0.0)
            break;
        if (fabs(then - now) <= 1e-12 * then) {
            *x = then;
            return COSIM_OK;
        }
        now = then;
    }
    return err_set(e, COSIM_ENO, "no stationary ratio found along the budget %g", b->amount);
}

cosim_status codesign_ffn_prefill(double *ffn_ratio, const double *p, double flops_per_token,
                                  double width, double gqa, double active_ratio, cosim_error *e)
{
    const struct budget b = { p,     flops_per_token,
                              width, NULL,
                              gqa,   expert_mass(p, width, active_ratio) };

    return settle(ffn_ratio, next_ffn, &b, e);
}

cosim_status codesign_gqa_prefill(double *gqa, const double *p, double flops_per_token,
                                  double width, double ffn_ratio, cosim_error *e)
{
    const struct budget b = { p, flops_per_token, width, NULL, ffn_ratio, 0.0 };

    return settle(gqa, next_gqa, &b, e);
}

cosim_status codesign_ffn_decode(double *ffn_ratio, const double *p, double bytes_per_token,
                                 const struct codesign_decode *c, double gqa, double active_ratio,
                                 cosim_error *e)
{
    const struct budget b = { p,        bytes_per_token,
                              c->width, c,
                              gqa,      expert_mass(p, c->width, active_ratio) };

    return settle(ffn_ratio, next_ffn, &b, e);
}

cosim_status codesign_gqa_decode(double *gqa, const double *p, double bytes_per_token,
                                 const struct codesign_decode *c, double ffn_ratio, cosim_error *e)
{
    const struct budget b = { p, bytes_per_token, c->width, c, ffn_ratio, 0.0 };

    return settle(gqa, next_gqa, &b, e);
}
