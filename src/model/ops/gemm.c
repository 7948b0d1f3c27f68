/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/op.h"

#include <math.h>

static void product(const struct op *op, double m, struct work *out)
{
    const double row_tiles = ceil(m / TILE_ROWS), col_tiles = ceil(op->n / TILE_COLS);

    *out = (struct work){
        .flops = 2.0 * m * op->n * op->k,
        .vector_flops =
            op->dequant_ops * op->n * op->k * row_tiles + op->flops_per_elem * m * op->n,
        .w_bytes = op->k * op->n * op->w_bits / 8.0,
        .a_bytes = m * (op->k * op->a_bits + op->n * OUT_BITS) / 8.0,
        .cache_bytes = (m * op->k * op->a_bits * col_tiles + op->k * op->n * op->w_bits * row_tiles
                        + m * op->n * OUT_BITS)
                       / 8.0,
    };
}

static void gemm_work(const struct op *op, const struct step *s, struct work *out)
{
    product(op, s->batch * s->new_tokens, out);
}

static void head_work(const struct op *op, const struct step *s, struct work *out)
{
    product(op, s->head_rows, out);
}

const struct op_kind op_gemm = {
    .name = "gemm",
    .doc = "dense projection of every token: qkv, out, gate, up, down, router",
    .formula = "flops = 2 T n k; bytes = n k b_w + T (k b_a + n b_out); "
               "dequantisation c_deq n k ceil(T / 128) vector instructions; "
               "cache bytes = T k b_a ceil(n / 128) + n k b_w ceil(T / 128) + T n b_out",
    .source = "Williams 2009; docs/model.md 1 and 2",
    .work = gemm_work,
};

const struct op_kind op_head = {
    .name = "head",
    .doc = "output projection of the rows that need logits (one per sequence)",
    .formula = "as gemm with T_h = B rows",
    .source = "docs/model.md 1",
    .work = head_work,
};
