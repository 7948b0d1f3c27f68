/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/law_quality.h"

#include "core/num.h"
#include "law/law.h"
#include "law/precision_law.h"

#include <math.h>

#define WIDE_BITS 16.0

/* Nominal bits and elements of a scale, over the weights of attention, FFN and experts. */
struct weight_bits {
    double bits, group;
};

static bool is_matrix(int t)
{
    return (t >= TENSOR_ATTN_Q && t <= TENSOR_FFN_DOWN)
           || (t >= TENSOR_EXP_GATE && t <= TENSOR_SHEXP_DOWN);
}

static struct weight_bits bits_of(const struct plan *plan)
{
    double n = 0.0, bits = 0.0, groups = 0.0;

    for (size_t i = 0; i < plan->n_cls; i++)
        for (int k = 0; k < N_TENSORS; k++) {
            const struct plan_tensor *t = &plan->cls[i].tensor[k];
            if (!t->format || !is_matrix(k))
                continue;
            const double elems = plan->cls[i].times * t->row_elems * t->n_rows;
            const double block =
                t->format->block_elems > 0.0 ? t->format->block_elems : t->format->group;
            n += elems;
            bits += elems * format_nominal_bits(t->format);
            groups += elems / (block > 0.0 ? block : t->row_elems);
        }
    return (struct weight_bits){ bits / n, n / groups };
}

static double cache_bits_of(const struct plan *plan)
{
    double n = 0.0, bits = 0.0;

    for (size_t i = 0; i < plan->n_cls; i++) {
        const struct plan_class *c = &plan->cls[i];
        n += c->times;
        bits +=
            c->times * 0.5 * (format_nominal_bits(c->k_format) + format_nominal_bits(c->v_format));
    }
    return bits / n;
}

/* The published set of the QAT law for these bits, or NULL. */
static const double *qat_set(double w_bits, double a_bits)
{
    const bool w4 = w_bits <= 4.5 && w_bits >= 3.5, a4 = a_bits <= 4.5 && a_bits >= 3.5;
    const char *name = w4 && a4                    ? "w4a4"
                       : w4 && a_bits >= WIDE_BITS ? "w4a16"
                       : a4 && w_bits >= WIDE_BITS ? "w16a4"
                                                   : NULL;
    const struct law_constants *c;

    return name && law_constants_find(&c, &law_qat, name, NULL) == COSIM_OK ? c->p : NULL;
}

/* A (N_eff^-alpha - N^-alpha): activations and cache of fewer bits as a smaller model. */
static double smaller_model(const double *p, double n, double a_bits, double cache_bits)
{
    const double ratio = precision_n_eff_ratio(p, INF_F64, a_bits < WIDE_BITS ? a_bits : INF_F64,
                                               cache_bits < WIDE_BITS ? cache_bits : INF_F64);

    return p[PRECLAW_A] * (pow(n * ratio, -p[PRECLAW_ALPHA]) - pow(n, -p[PRECLAW_ALPHA]));
}

double law_added_loss(const struct plan *plan, double a_bits, bool trained)
{
    const double *law = law_precision.constants[0].p;
    const double n = plan->model->n_params, d = LAW_TRAINING_TOKENS;
    const struct weight_bits w = bits_of(plan);
    const double cache_bits = cache_bits_of(plan);
    const double *qat = trained ? qat_set(w.bits, a_bits) : NULL;

    if (qat)
        return law_qat.value((const double[]){ n, d, w.group }, qat, NULL)
               + smaller_model(law, n, WIDE_BITS, cache_bits);
    return (w.bits < WIDE_BITS ? precision_ptq_loss(law, n, d, w.bits) : 0.0)
           + smaller_model(law, n, a_bits, cache_bits);
}
