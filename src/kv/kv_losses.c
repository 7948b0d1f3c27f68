/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/kv_losses.h"

#include <stdio.h>

static const char *const tensor[LM_N_ROLES] = {
    [LM_Q] = "attn_q",      [LM_K] = "attn_k",  [LM_V] = "attn_v",      [LM_OUT] = "attn_out",
    [LM_GATE] = "ffn_gate", [LM_UP] = "ffn_up", [LM_DOWN] = "ffn_down",
};

cosim_status kv_losses_write(const char *path, const struct lm *m, const double *loss,
                             size_t stride, const char *const *format, size_t n_formats,
                             cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };
    FILE *f = fopen(path, "w");

    if (!f)
        return err_at(e, COSIM_EIO, &at, "cannot write the losses");
    (void)fputs("tensor,layer,format,loss_nats\n", f);
    for (size_t l = 0; l < m->c.n_layers; l++)
        for (size_t r = 0; r < LM_N_ROLES; r++)
            for (size_t k = 0; k < n_formats; k++)
                (void)fprintf(f, "%s,%zu,%s,%.9g\n", tensor[r], l, format[k],
                              loss[m->layer[l].matrix[r] * stride + k]);
    const int failed = ferror(f);
    return fclose(f) || failed ? err_at(e, COSIM_EIO, &at, "cannot write the losses") : COSIM_OK;
}
