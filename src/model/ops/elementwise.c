/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"

/* Works through T rows of width n; what it reads and writes per element is said by the operator. */
static void work(const struct op *op, const struct step *s, struct work *out)
{
    const double elems = s->batch * s->new_tokens * op->n;
    const double bytes = op->accesses_per_elem * elems * OUT_BITS / 8.0;

    *out = (struct work){
        .vector_flops = op->flops_per_elem * elems,
        .w_bytes = op->n * op->w_bits / 8.0,
        .a_bytes = bytes,
        .cache_bytes = bytes,
    };
}

const struct op_kind op_elementwise = {
    .name = "elementwise",
    .doc = "RMSNorm (4 flops an element) or LayerNorm (7), residual fused; other row-wise work",
    .formula = "vector flops = 4 T d or 7 T d; bytes = 2 T d b_out + d b_w",
    .source = "docs/model.md 1, element counts are ours",
    .work = work,
};
