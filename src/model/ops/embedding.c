/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"

/* Gathers T rows of width n from the table and writes them. */
static void work(const struct op *op, const struct step *s, struct work *out)
{
    const double elems = s->batch * s->new_tokens * op->n;

    *out = (struct work){
        .w_bytes = elems * op->w_bits / 8.0,
        .a_bytes = elems * OUT_BITS / 8.0,
        .cache_bytes = elems * OUT_BITS / 8.0,
    };
}

const struct op_kind op_embedding = {
    .name = "embedding",
    .doc = "token embedding: one table row per token",
    .formula = "bytes = T d (b_w + b_out)",
    .source = "docs/model.md 1",
    .work = work,
};
