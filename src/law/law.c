/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "law/law.h"

#include "core/num.h"
#include "core/text.h"

#include <stdint.h>
#include <string.h>

static const struct law *const laws[] = {
#define LAW(id) &law_##id,
#include "law/law_list.h"
#undef LAW
};

size_t law_count(void)
{
    return sizeof laws / sizeof laws[0];
}

const struct law *law_at(size_t i)
{
    return laws[i];
}

cosim_status law_find(const struct law **law, const char *name, cosim_error *e)
{
    struct nearest near = { .want = name };

    for (size_t i = 0; i < law_count(); i++) {
        if (strcmp(laws[i]->name, name) == 0) {
            *law = laws[i];
            return COSIM_OK;
        }
        nearest_offer(&near, laws[i]->name);
    }
    err_set(e, COSIM_EUNKNOWN, "unknown law '%s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return COSIM_EUNKNOWN;
}

cosim_status law_constants_find(const struct law_constants **c, const struct law *law,
                                const char *name, cosim_error *e)
{
    struct nearest near = { .want = name ? name : "" };

    if (!law->n_constants)
        return err_set(e, COSIM_EUNKNOWN,
                       "law '%s' has no published parameters: fit it to data first", law->name);
    if (!name) {
        *c = &law->constants[0];
        return COSIM_OK;
    }
    for (size_t i = 0; i < law->n_constants; i++) {
        if (strcmp(law->constants[i].name, name) == 0) {
            *c = &law->constants[i];
            return COSIM_OK;
        }
        nearest_offer(&near, law->constants[i].name);
    }
    err_set(e, COSIM_EUNKNOWN, "law '%s' has no parameter set '%s'", law->name, name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    else
        err_hint(e, "its default set is '%s'", law->constants[0].name);
    return COSIM_EUNKNOWN;
}

size_t law_input_index(const struct law *law, const char *name)
{
    for (size_t i = 0; i < law->n_inputs; i++)
        if (strcmp(law->input[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

size_t law_param_index(const struct law *law, const char *name)
{
    for (size_t i = 0; i < law->n_params; i++)
        if (strcmp(law->param[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

cosim_status law_complete(const struct law *law, double *x, cosim_error *e)
{
    for (size_t i = 0; i < law->n_inputs; i++) {
        const struct law_input *in = &law->input[i];

        if (!is_known(x[i]))
            x[i] = in->if_none;
        if (!is_known(x[i]))
            return err_set(e, COSIM_EUSAGE, "law '%s' needs '%s' (%s)", law->name, in->name,
                           in->doc);
        if (x[i] < in->lo || x[i] > in->hi)
            return err_set(e, COSIM_ERANGE, "%s = %g is outside %g .. %g", in->name, x[i], in->lo,
                           in->hi);
    }
    return COSIM_OK;
}

cosim_status law_loss(double *loss, const struct law *law, const double *x, const double *p,
                      cosim_error *e)
{
    double full[LAW_INPUTS_MAX];

    memcpy(full, x, law->n_inputs * sizeof *full);
    TRY(law_complete(law, full, e));
    *loss = law->value(full, p, NULL);
    return COSIM_OK;
}
