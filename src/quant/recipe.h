/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of mixtures (workloads/recipes.csv), inside the room only: see scheme.h. */
#ifndef QUANT_RECIPE_H
#define QUANT_RECIPE_H

#include "quant/scheme.h"

#define TENSOR_BIT(t) (1u << (unsigned)(t))

/* What "*" stands for: every weight matrix but the router and position embeddings. */
#define TENSORS_ALL                                                                                \
    (((1u << N_TENSORS) - 1u)                                                                      \
     & ~(TENSOR_BIT(TENSOR_NORM) | TENSOR_BIT(TENSOR_BIAS) | TENSOR_BIT(TENSOR_ROUTER)             \
         | TENSOR_BIT(TENSOR_POS_EMBD)))

/* What a plain format quantises. */
#define TENSORS_LINEAR (TENSORS_ALL & ~(TENSOR_BIT(TENSOR_TOKEN_EMBD) | TENSOR_BIT(TENSOR_OUTPUT)))

#define TENSORS_ATTN                                                                               \
    (TENSOR_BIT(TENSOR_ATTN_Q) | TENSOR_BIT(TENSOR_ATTN_K) | TENSOR_BIT(TENSOR_ATTN_V)             \
     | TENSOR_BIT(TENSOR_ATTN_OUT))

#define CONDITIONS_MAX 4u

/* One comparison of a number of the model: "gqa>=4". */
struct condition {
    double (*value)(const struct scheme_context *c);
    enum compare { CMP_EQ, CMP_NE, CMP_GE, CMP_LT, CMP_GT } compare;
    double number;
};

struct recipe_row {
    const char *recipe; /* "*" = all */
    unsigned tensors;   /* TENSOR_BIT */
    bool (*layers)(size_t i, size_t n);
    struct condition condition[CONDITIONS_MAX];
    size_t n_conditions;
    const struct format *format;
};

/** Whether a rule speaks about this tensor of this model. */
bool recipe_row_applies(const struct recipe_row *r, const struct scheme_context *c,
                        const struct scheme_tensor *t);

#endif
