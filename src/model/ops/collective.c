/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"

/* Payload: rows of width n, some per token or one per row that needs logits. */
static void work(const struct op *op, const struct step *s, struct work *out)
{
    const double rows =
        op->rows_per_token > 0.0 ? s->batch * s->new_tokens * op->rows_per_token : s->head_rows;

    *out = (struct work){ .net_bytes = rows * op->n * OUT_BITS / 8.0 };
}

const struct op_kind op_collective = {
    .name = "collective",
    .doc = "all-reduce, all-gather, all-to-all or message between devices",
    .formula = "payload = T d b_out (all-reduce, message), T K d b_out (all-to-all), "
               "T_h V b_out (gathered logits)",
    .source = "docs/model.md 4",
    .work = work,
};
