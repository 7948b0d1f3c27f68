/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"

/* Normalises T rows of width n; the residual addition is fused and moves nothing more. */
static void work(const struct op *op, const struct step *s, struct work *out)
{
    const double elems = s->batch * s->new_tokens * op->n;

    *out = (struct work){
        .vector_flops = op->flops_per_elem * elems,
        .w_bytes = op->n * op->w_bits / 8.0,
        .a_bytes = 2.0 * elems * OUT_BITS / 8.0,
        .cache_bytes = 2.0 * elems * OUT_BITS / 8.0,
    };
}

const struct op_kind op_norm = {
    .name = "norm",
    .doc = "RMSNorm (4 flops an element) or LayerNorm (7), residual fused",
    .formula = "vector flops = 4 T d or 7 T d; bytes = 2 T d b_out + d b_w",
    .source = "equations.md 1.2, element counts are ours",
    .work = work,
};
