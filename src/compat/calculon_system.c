/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two systems of the golden file, as calculon's system files describe them. */
#include "compat/calculon.h"

#include <stddef.h>
#include <string.h>

static const struct calculon_step matrix_eff[] = {
    { 128e9, 0.95 }, { 16e9, 0.9 }, { 1e9, 0.6 }, { 0, 0.1 }
};
static const struct calculon_step vector_eff[] = { { 16e9, 0.95 }, { 1e9, 0.5 }, { 0, 0.1 } };
static const struct calculon_step mem_eff[] = {
    { 100e6, 0.9 }, { 10e6, 0.75 }, { 1e6, 0.6 }, { 0, 0.3 }
};

/* ops in the order of enum calculon_net_op */
static const struct calculon_system systems[] = {
    { "a100_80g",
      312e12,
      78e12,
      2048e9,
      { { 300e9 * 0.65, 1e-5, { 1.0, 1.5, 1.5, 2.0 }, { 0, -1, -1, -1 } },
        { 25e9 * 0.9, 2e-5, { 1.0, 1.0, 1.0, 1.0 }, { 0, 0, 0, 0 } } } },
    { "h100_80g_nvl8",
      1000e12,
      120e12,
      3072e9,
      { { 450e9 * 0.65, 1e-5, { 1.0, 1.0, 1.0, 1.0 }, { 0, 0, 0, 1 } },
        { 50e9 * 0.9, 2e-5, { 1.0, 1.0, 1.0, 1.0 }, { 0, 0, 0, 0 } } } },
};

const struct calculon_system *calculon_system_find(const char *name)
{
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (strcmp(systems[i].name, name) == 0)
            return &systems[i];
    return NULL;
}

static double eff_of(const struct calculon_step *step, double amount)
{
    while (amount < step->from)
        step++;
    return step->ratio;
}

double calculon_matrix_s(const struct calculon_system *s, double flops)
{
    return flops / (s->matrix_flops_per_s * eff_of(matrix_eff, flops));
}

double calculon_vector_s(const struct calculon_system *s, double flops)
{
    return flops / (s->vector_flops_per_s * eff_of(vector_eff, flops));
}

double calculon_mem_s(const struct calculon_system *s, double bytes)
{
    return bytes / (s->mem_bytes_per_s * eff_of(mem_eff, bytes));
}

double calculon_net_s(const struct calculon_net *net, enum calculon_net_op op, double bytes,
                      double ranks)
{
    const double scaled = bytes * net->scale[op];

    return net->latency_s + (scaled + scaled / ranks * net->offset[op]) / net->bytes_per_s;
}
