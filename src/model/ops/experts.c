/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"
#include "model/pairs.h"

#include <math.h>

/*
 * Routed experts of one rank: it holds experts / ep of them and receives T K rows on average
 * from all ep ranks. Weights of the experts that any token picked are read once.
 */
static void work(const struct op *op, const struct step *s, struct work *out)
{
    const double tokens = s->batch * s->new_tokens;
    const double unique = experts_expected(op->experts, op->active, tokens * op->ep) / op->ep;
    const double rows = tokens * op->active * experts_imbalance(op->ep, tokens * op->active);
    const double tiles = unique * ceil(rows / unique / TILE_ROWS);

    *out = (struct work){
        .flops = 2.0 * rows * op->n * op->k,
        .vector_flops = op->dequant_ops * op->n * op->k * tiles + op->flops_per_elem * rows * op->n,
        .w_bytes = unique * op->n * op->k * op->w_bits / 8.0,
        .a_bytes = rows * (op->k * op->a_bits + op->n * OUT_BITS) / 8.0,
        .cache_bytes = (rows * op->k * op->a_bits * ceil(op->n / TILE_COLS)
                        + op->n * op->k * op->w_bits * tiles + rows * op->n * OUT_BITS)
                       / 8.0,
    };
}

const struct op_kind op_experts = {
    .name = "experts",
    .doc = "grouped product of the routed experts",
    .formula = "flops = 2 T K imb n k; weight bytes = E[unique] n k b_w, "
               "E[unique] = E (1 - (1 - K/E)^T), imb = min(r, 1 + sqrt(2 ln r / m)) over r ranks",
    .source = "docs/model.md 1; both are ours",
    .work = work,
};
