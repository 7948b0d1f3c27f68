/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the files that build GenZ's operator list. */
#ifndef COMPAT_GENZ_PRIV_H
#define COMPAT_GENZ_PRIV_H

#include "compat/genz.h"

struct genz_build {
    const struct genz_case *c;
    struct genz_list *list;
    double batch, tokens, ranks, repeat;
};

void genz_push(struct genz_build *b, const struct genz_op *op);

/** (batch, n, k) x (m, k) */
void genz_push_gemm(struct genz_build *b, const char *name, double m, double n, double k,
                    unsigned onchip, unsigned group);
void genz_push_sync(struct genz_build *b, const char *name, enum genz_collective collective,
                    double ranks, double rows, double cols, unsigned group);

/** One Mamba-1 mixer. */
void genz_push_mamba(struct genz_build *b);

#endif
