/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/arch_search.h"

#include "law/codesign.h"

#include "core/num.h"

#include <math.h>
#include <stdint.h>

double arch_law_loss(const struct arch_search *s, const struct arch_design *a)
{
    const double x[CODESIGN_INPUTS] = {
        [CODESIGN_IN_LAYERS] = a->layers,
        [CODESIGN_IN_WIDTH] = a->width,
        [CODESIGN_IN_FFN_RATIO] = a->ffn_ratio,
        [CODESIGN_IN_ACTIVE_RATIO] = a->active_experts / a->experts,
        [CODESIGN_IN_KV_WIDTH] = a->width / a->gqa,
    };

    return law_codesign.value(x, s->law, NULL);
}

bool arch_in_law_range(const struct arch_design *a)
{
    return a->layers >= 4.0 && a->layers <= 32.0 && a->width >= 768.0 && a->width <= 3072.0
           && a->experts <= 16.0 && a->active_experts <= 2.0;
}

void arch_judge(struct arch_point *p, const struct arch_search *s)
{
    p->binding = ARCH_NO_BUDGET;
    p->used_ratio = 0.0;
    for (size_t i = 0; i < s->n_costs; i++) {
        const double ratio = p->cost.value[i] / s->max[i];
        if (is_known(ratio) && (p->binding == ARCH_NO_BUDGET || ratio > p->used_ratio)) {
            p->binding = i;
            p->used_ratio = ratio;
        }
    }
}

cosim_status arch_evaluate(struct arch_point *p, const struct arch_search *s,
                           const struct arch_design *arch, cosim_error *e)
{
    *p = (struct arch_point){ .arch = *arch, .binding = ARCH_NO_BUDGET, .loss = INF_F64 };
    TRY(s->cost(s->user, arch, &p->cost, e));
    if (p->cost.impossible)
        return COSIM_OK;
    p->loss = arch_law_loss(s, arch) + p->cost.added_loss;
    arch_judge(p, s);
    return COSIM_OK;
}

bool arch_fits(const struct arch_point *p)
{
    return !p->cost.impossible && p->used_ratio <= 1.0;
}

/* The largest depth in lo .. hi that fits, of real or of whole ones; lo does. */
static cosim_status saturate(struct arch_point *best, const struct arch_search *s, bool whole,
                             double lo, double hi, cosim_error *e)
{
    struct arch_design a = best->arch;
    struct arch_point p;

    while (hi - lo > (whole ? 1.0 : 1e-12 * hi)) {
        const double middle = lo + 0.5 * (hi - lo);
        a.layers = whole ? floor(middle) : middle;
        TRY(arch_evaluate(&p, s, &a, e));
        if (arch_fits(&p)) {
            lo = a.layers;
            *best = p;
        } else {
            hi = a.layers;
        }
    }
    return COSIM_OK;
}

cosim_status arch_try_depth(struct arch_point *p, const struct arch_search *s,
                            const struct arch_design *at, enum arch_depth depth, cosim_error *e)
{
    const struct arch_axes *x = s->axes;
    const bool whole = depth == ARCH_DEPTH_WHOLE;
    const double lo = whole ? ceil(x->layers[0]) : x->layers[0];
    const double hi = whole ? floor(x->layers[x->n_layers - 1]) : x->layers[x->n_layers - 1];
    struct arch_design a = *at;
    struct arch_point deepest;

    a.layers = lo;
    TRY(arch_evaluate(p, s, &a, e));
    if (!arch_fits(p)) {
        p->loss = INF_F64;
        return COSIM_OK;
    }
    a.layers = hi;
    TRY(arch_evaluate(&deepest, s, &a, e));
    if (arch_fits(&deepest)) {
        *p = deepest;
        return COSIM_OK;
    }
    return saturate(p, s, whole, lo, hi, e);
}

cosim_status arch_best_depth(struct arch_point *best, const struct arch_search *s,
                             const struct arch_design *at, enum arch_depth depth, cosim_error *e)
{
    TRY(arch_try_depth(best, s, at, depth, e));
    if (!isinf(best->loss))
        return COSIM_OK;
    if (best->cost.impossible)
        return err_set(e, COSIM_ENO, "no model of width %g with these ratios can be built",
                       at->width);
    return err_set(e, COSIM_ENO, "even %g layers of width %g exceed the budgets",
                   s->axes->layers[0], at->width);
}

static cosim_status try_width(struct arch_point *p, const struct arch_search *s,
                              const struct arch_design *at, double width, enum arch_depth depth,
                              cosim_error *e)
{
    struct arch_design a = *at;

    a.width = width;
    return arch_try_depth(p, s, &a, depth, e);
}

enum { SCAN = 24 };

/* Golden section on ln(width) between two neighbours of the best of a scan. */
static cosim_status refine_width(struct arch_point *best, const struct arch_search *s,
                                 const struct arch_design *at, double lo, double hi, cosim_error *e)
{
    const double golden = 0.5 * (sqrt(5.0) - 1.0);
    const enum arch_depth real = ARCH_DEPTH_REAL;
    struct arch_point left, right;

    TRY(try_width(&left, s, at, exp(hi - golden * (hi - lo)), real, e));
    TRY(try_width(&right, s, at, exp(lo + golden * (hi - lo)), real, e));
    while (hi - lo > 1e-7) {
        if (left.loss <= right.loss) {
            hi = lo + golden * (hi - lo);
            right = left;
            TRY(try_width(&left, s, at, exp(hi - golden * (hi - lo)), real, e));
        } else {
            lo = hi - golden * (hi - lo);
            left = right;
            TRY(try_width(&right, s, at, exp(lo + golden * (hi - lo)), real, e));
        }
    }
    const struct arch_point *p = left.loss <= right.loss ? &left : &right;
    if (p->loss < best->loss)
        *best = *p;
    return COSIM_OK;
}

/* Scan in equal ratios, then golden section beside the best of the scan. */
static cosim_status best_of_any_width(struct arch_point *best, const struct arch_search *s,
                                      const struct arch_design *at, cosim_error *e)
{
    const double from = log(s->axes->width[0]), to = log(s->axes->width[s->axes->n_width - 1]);
    const double step = (to - from) / SCAN;
    struct arch_point p;
    int at_best = 0;

    for (int i = 0; i <= SCAN; i++) {
        TRY(try_width(&p, s, at, exp(from + step * i), ARCH_DEPTH_REAL, e));
        if (p.loss < best->loss) {
            *best = p;
            at_best = i;
        }
    }
    if (isinf(best->loss) || !(step > 0.0))
        return COSIM_OK;
    return refine_width(best, s, at, from + step * (at_best > 0 ? at_best - 1 : 0),
                        from + step * (at_best < SCAN ? at_best + 1 : SCAN), e);
}

cosim_status arch_best_size(struct arch_point *best, const struct arch_search *s,
                            const struct arch_design *at, enum arch_depth depth, cosim_error *e)
{
    best->loss = INF_F64;
    if (s->axes->any_width)
        return best_of_any_width(best, s, at, e);
    for (size_t d = 0; d < s->axes->n_width; d++) {
        struct arch_point p;
        TRY(try_width(&p, s, at, s->axes->width[d], depth, e));
        if (p.loss < best->loss)
            *best = p;
    }
    return COSIM_OK;
}

size_t arch_n_choices(const struct arch_axes *x)
{
    return x->n_ffn_ratio * x->n_gqa * x->n_experts * x->n_vocab * x->n_precisions;
}

struct arch_design arch_choice(const struct arch_axes *x, size_t id)
{
    struct arch_design a = { .layers = x->layers[0], .width = x->width[0] };

    a.precision = id % x->n_precisions;
    id /= x->n_precisions;
    a.vocab = x->vocab[id % x->n_vocab];
    id /= x->n_vocab;
    a.experts = x->experts[id % x->n_experts].experts;
    a.active_experts = x->experts[id % x->n_experts].active;
    id /= x->n_experts;
    a.gqa = x->gqa[id % x->n_gqa];
    a.ffn_ratio = x->ffn_ratio[id / x->n_gqa];
    return a;
}

cosim_status arch_best(struct arch_point *best, const struct arch_search *s, enum arch_depth depth,
                       cosim_error *e)
{
    best->loss = INF_F64;
    for (size_t id = 0; id < arch_n_choices(s->axes); id++) {
        const struct arch_design a = arch_choice(s->axes, id);
        struct arch_point p;

        TRY(arch_best_size(&p, s, &a, depth, e));
        if (p.loss < best->loss)
            *best = p;
    }
    if (isinf(best->loss))
        return err_set(e, COSIM_ENO, "no architecture of these axes meets the budgets");
    return COSIM_OK;
}

cosim_status arch_shadow(struct arch_price *price, const struct arch_search *s,
                         const struct arch_point *best, size_t cost, cosim_error *e)
{
    double loss[2];

    for (int up = 0; up < 2; up++) {
        struct arch_search moved = *s;
        struct arch_point p;

        moved.max[cost] *= up ? 1.02 : 0.98;
        TRY(arch_best_size(&p, &moved, &best->arch, ARCH_DEPTH_REAL, e));
        loss[up] = p.loss;
    }
    *price = (struct arch_price){ loss[0], loss[1], (loss[1] - loss[0]) / log(1.02 / 0.98) };
    return COSIM_OK;
}
