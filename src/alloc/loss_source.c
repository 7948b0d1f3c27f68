/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/loss_source.h"

#include "core/num.h"

static const char *const names[N_LOSS_SOURCES] = {
#define LOSS_SOURCE_NAME(id, name) [LOSS_##id] = name,
    LOSS_SOURCE_LIST(LOSS_SOURCE_NAME)
#undef LOSS_SOURCE_NAME
};

const char *loss_source_name(enum loss_source s)
{
    return names[s];
}

static bool covers(size_t source, const struct alloc_option *option, const struct loss_known *known,
                   size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!option[k].barred && !is_known(known[k].from[source]))
            return false;
    return true;
}

cosim_status loss_choose(struct alloc_option *option, const struct loss_known *known, size_t n,
                         const char *group, cosim_error *e)
{
    for (size_t s = 0; s < N_LOSS_SOURCES; s++) {
        if (!covers(s, option, known, n))
            continue;
        for (size_t k = 0; k < n; k++)
            if (!option[k].barred) {
                option[k].loss = known[k].from[s];
                option[k].source = names[s];
            }
        return COSIM_OK;
    }
    return err_set(e, COSIM_ENO, "group '%s': no one source knows the loss of all its formats",
                   group);
}

double loss_from_curvature(double hessian_trace, double n_weights, double squared_error)
{
    return 0.5 * hessian_trace / n_weights * squared_error;
}

double loss_from_bits(double scale, double bits)
{
    return scale * exp2(-2.0 * bits);
}

double loss_from_law(double added_loss_of_model, double group_weights, double model_weights)
{
    return added_loss_of_model * group_weights / model_weights;
}
