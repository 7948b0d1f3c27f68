/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/codesign_check.h"

#include "core/num.h"
#include "law/law.h"

#include <math.h>
#include <nlopt.h>

const struct codesign_form_info codesign_form_table[N_CODESIGN_FORMS] = {
#define CODESIGN_FORM_ROW(id, equation, variable, budgets) { equation, variable, budgets },
    CODESIGN_FORM_LIST(CODESIGN_FORM_ROW)
#undef CODESIGN_FORM_ROW
};

cosim_status codesign_closed(double *x, enum codesign_form form, const struct codesign_case *c,
                             cosim_error *e)
{
    const double d = c->decode.width, m = c->memory_bytes;
    double xi;

    switch (form) {
    case FORM_ACTIVE_MEMORY:
        *x = codesign_active_memory(c->p, d);
        return COSIM_OK;
    case FORM_ACTIVE_PREFILL:
        return codesign_active_prefill(x, c->flops_per_token / m, c->decode.w_bytes, c->gqa,
                                       c->ffn_ratio, e);
    case FORM_FFN_PREFILL:
        return codesign_ffn_prefill(x, c->p, c->flops_per_token, d, c->gqa, c->active_ratio, e);
    case FORM_GQA_PREFILL:
        return codesign_gqa_prefill(x, c->p, c->flops_per_token, d, c->ffn_ratio, e);
    case FORM_FFN_DECODE:
        return codesign_ffn_decode(x, c->p, c->bytes_per_token, &c->decode, c->gqa, c->active_ratio,
                                   e);
    case FORM_GQA_DECODE:
        return codesign_gqa_decode(x, c->p, c->bytes_per_token, &c->decode, c->ffn_ratio, e);
    case FORM_ACTIVE_DECODE:
    case FORM_ACTIVE_DECODE_PRINTED:
        return codesign_active_decode(x, &xi, c->bytes_per_token / m,
                                      codesign_kv_share(&c->decode, c->gqa), c->gqa, c->ffn_ratio,
                                      form == FORM_ACTIVE_DECODE_PRINTED, e);
    case N_CODESIGN_FORMS:
        break;
    }
    return err_set(e, COSIM_EINTERNAL, "no such closed form");
}

static double memory_layers(const struct codesign_case *c)
{
    const double d = c->decode.width;

    return c->memory_bytes
           / (codesign_xi_all(c->gqa, c->ffn_ratio, c->active_ratio) * d * d * c->decode.w_bytes);
}

static double layers_of(enum codesign_form form, const struct codesign_case *c)
{
    const double prefill =
        codesign_layers_prefill(c->flops_per_token, c->decode.width, c->gqa, c->ffn_ratio);
    const double decode =
        codesign_layers_decode(c->bytes_per_token, &c->decode, c->gqa, c->ffn_ratio);

    switch (form) {
    case FORM_ACTIVE_MEMORY:
        return memory_layers(c);
    case FORM_ACTIVE_PREFILL:
        return min_f64(prefill, memory_layers(c));
    case FORM_FFN_PREFILL:
    case FORM_GQA_PREFILL:
        return prefill;
    case FORM_ACTIVE_DECODE:
    case FORM_ACTIVE_DECODE_PRINTED:
        return min_f64(decode, memory_layers(c));
    case FORM_FFN_DECODE:
    case FORM_GQA_DECODE:
    case N_CODESIGN_FORMS:
        break;
    }
    return decode;
}

double codesign_along(enum codesign_form form, const struct codesign_case *c, double x)
{
    struct codesign_case at = *c;

    switch (form) {
    case FORM_ACTIVE_MEMORY:
        at.ffn_ratio = c->ffn_ratio / c->active_ratio * x; /* stored width r / rho is kept */
        at.active_ratio = x;
        break;
    case FORM_ACTIVE_PREFILL:
    case FORM_ACTIVE_DECODE:
    case FORM_ACTIVE_DECODE_PRINTED:
        at.active_ratio = x;
        break;
    case FORM_FFN_PREFILL:
    case FORM_FFN_DECODE:
        at.ffn_ratio = x;
        break;
    case FORM_GQA_PREFILL:
    case FORM_GQA_DECODE:
    case N_CODESIGN_FORMS:
        at.gqa = x;
        break;
    }
    const double in[CODESIGN_INPUTS] = {
        [CODESIGN_IN_LAYERS] = layers_of(form, &at),
        [CODESIGN_IN_WIDTH] = at.decode.width,
        [CODESIGN_IN_FFN_RATIO] = at.ffn_ratio,
        [CODESIGN_IN_ACTIVE_RATIO] = at.active_ratio,
        [CODESIGN_IN_KV_WIDTH] = at.decode.width / at.gqa,
    };
    return law_codesign.value(in, c->p, NULL);
}

struct target {
    enum codesign_form form;
    const struct codesign_case *c;
};

static double loss_at(unsigned n, const double *ln_x, double *gradient, void *user)
{
    const struct target *t = user;

    (void)n;
    (void)gradient;
    return codesign_along(t->form, t->c, exp(ln_x[0]));
}

cosim_status codesign_minimum(double *x, double *loss, enum codesign_form form,
                              const struct codesign_case *c, cosim_error *e)
{
    static const double start[] = { 0.02, 0.2, 1.0, 5.0, 50.0 };
    struct target t = { form, c };
    nlopt_opt opt = nlopt_create(NLOPT_LN_NELDERMEAD, 1);

    if (!opt)
        return err_set(e, COSIM_ENOMEM, "out of memory for NLopt");
    *loss = INF_F64;
    (void)nlopt_set_min_objective(opt, loss_at, &t);
    (void)nlopt_set_lower_bounds1(opt, log(1e-4));
    (void)nlopt_set_upper_bounds1(opt, log(1e3));
    (void)nlopt_set_xtol_abs1(opt, 1e-10);
    (void)nlopt_set_maxeval(opt, 2000);
    for (size_t i = 0; i < sizeof start / sizeof *start; i++) {
        double ln_x = log(start[i]), f;
        if (nlopt_optimize(opt, &ln_x, &f) > 0 && f < *loss) {
            *loss = f;
            *x = exp(ln_x);
        }
    }
    nlopt_destroy(opt);
    return isinf(*loss) ? err_set(e, COSIM_ENO, "NLopt finds no minimum") : COSIM_OK;
}
