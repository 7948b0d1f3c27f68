/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GenZ's Mamba-1 mixer: projections of one rank's width, a scan that is not divided by ranks. */
#include "compat/genz_priv.h"

#include <math.h>

static void push_einsum(struct genz_build *b, const char *name, unsigned onchip,
                        struct genz_tensor in, struct genz_tensor weight, struct genz_tensor out)
{
    genz_push(b, &(struct genz_op){ .name = name,
                                    .type = GENZ_EINSUM,
                                    .onchip = onchip,
                                    .in = in,
                                    .weight = weight,
                                    .out = out });
}

#define T2(a, b) ((struct genz_tensor){ { (a), (b) }, 2 })
#define T3(a, b, c) ((struct genz_tensor){ { (a), (b), (c) }, 3 })
#define T4(a, b, c, d) ((struct genz_tensor){ { (a), (b), (c), (d) }, 4 })

static void push_scan(struct genz_build *b)
{
    const double n = b->batch, l = b->tokens, s = b->c->d_state;
    const double f = b->c->hidden * b->c->expand;
    const unsigned all = GENZ_IN | GENZ_WEIGHT | GENZ_OUT;

    push_einsum(b, "deltaA", GENZ_WEIGHT | GENZ_OUT, T3(n, f, l), T2(f, s), T4(n, f, l, s));
    push_einsum(b, "deltaB", GENZ_OUT, T3(n, f, l), T3(n, l, s), T4(n, f, l, s));
    push_einsum(b, "deltaBu", 0, T4(n, f, l, s), T3(n, f, l), T4(n, f, l, s));
    push_einsum(b, "x calc", all, T4(l, n, f, s), T4(l, n, f, s), T4(l, n, f, s));
    push_einsum(b, "y calc", all, T4(l, n, f, s), T3(l, n, s), T3(l, n, f));
    push_einsum(b, "D addition", all, T3(n, l, f), T3(n, l, f), T3(n, l, f));
    push_einsum(b, "out mult z", all, T3(n, l, f), T3(n, l, f), T3(n, l, f));
}

void genz_push_mamba(struct genz_build *b)
{
    const struct genz_case *c = b->c;
    /* rint is round-half-even, as Python's round */
    const double d = rint(c->hidden / b->ranks), f = d * c->expand, l = b->tokens;

    genz_push_gemm(b, "Inproj", 2.0 * f, l, d, 0, 0);
    genz_push(b, &(struct genz_op){ .name = "Conv",
                                    .type = GENZ_CONV1D,
                                    .in = T3(b->batch, l, f),
                                    .weight = T3(f, 1, c->d_conv),
                                    .out = T3(b->batch, l, f) });
    genz_push_gemm(b, "BC proj", c->dt_rank + 2.0 * c->d_state, l, f, 0, 0);
    genz_push_gemm(b, "xt proj", f, l, c->dt_rank, 0, 0);
    push_scan(b);
    genz_push_gemm(b, "Out proj", d, l, f, 0, 0);
    if (b->ranks > 1.0)
        genz_push_sync(b, "Mamba AR", GENZ_ALL_REDUCE, b->ranks, l, d, GENZ_MHA);
}
