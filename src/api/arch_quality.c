/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What number formats cost in loss: a measurement of the reference when there is one (assumed to
 * hold for its neighbours), else laws. Weights: the QAT law when the formats were trained with and
 * it has a set for them, else the term for quantising after training; activations and cache: the
 * effective size of the precision law. All laws are asked with the parameters of the design and the
 * training tokens of the co-design law. [combination: ours]
 */
#include "api/arch.h"
#include "api/law_quality.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

double arch_added_loss(const struct arch_precision *p, const struct arch_study *s,
                       const struct plan *plan)
{
    if (is_known(p->measured_loss))
        return p->measured_loss;
    return law_added_loss(plan, format_nominal_bits(s->r.space.a[p->a]), s->trained);
}

cosim_status arch_quality_of(struct arch_precision *p, const struct arch_study *s, struct arena *a,
                             cosim_error *e)
{
    size_t digit[N_AXES] = { [AXIS_W] = p->w, [AXIS_KV] = p->kv, [AXIS_A] = p->a };
    struct quality q;

    resolved_quality(&s->r, digit, &q);
    const bool wide = q.origin == ORIGIN_DERIVED && !(q.ppl_increase_ratio > 0.0);
    p->measured_loss = log1p(q.ppl_increase_ratio); /* ln of a ratio of perplexities */
    if (wide)
        p->loss_origin = "law codesign";
    else if (is_known(p->measured_loss))
        p->loss_origin =
            arena_printf(a, "law codesign + measured, assumed to hold here: %s", q.doc);
    else
        p->loss_origin =
            arena_printf(a, "law codesign + law %s, by its nominal bits",
                         s->trained ? "qat (where it has a set), else precision" : "precision");
    return p->loss_origin ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a study");
}
