/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden rows of LLM-Viewer. */
#include "compat/llmviewer.h"
#include "compat/input.h"
#include "compat/peer.h"

#include <string.h>

#define DIM(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct llmviewer_case, member), 1, 1, INPUT_COUNT_MAX, INPUT_WHOLE, 0     \
    }
#define RATE(column, member)                                                                       \
    {                                                                                              \
        column, offsetof(struct llmviewer_case, member), 1, 1, 1e24, 0, 0                          \
    }
#define BITS(column, member)                                                                       \
    {                                                                                              \
        column, offsetof(struct llmviewer_case, member), 1, 0.5, 64, 0, 0                          \
    }

static const struct input inputs[] = {
    DIM("hidden", hidden),
    DIM("intermediate", intermediate),
    DIM("layers", layers),
    DIM("heads", heads),
    DIM("kv_heads", kv_heads),
    DIM("vocab", vocab),
    RATE("bandwidth_Bps", mem_bytes_per_s),
    RATE("fp16_ops", fp16_ops_per_s),
    RATE("int8_ops", int8_ops_per_s),
    RATE("onchip_B", onchip_bytes),
    DIM("batch", batch),
    DIM("seqlen", seqlen),
    BITS("w_bit", w_bits),
    BITS("a_bit", a_bits),
    BITS("kv_bit", kv_bits),
    { "flash", offsetof(struct llmviewer_case, flash), 1, 0, 1, INPUT_WHOLE, 0 },
};

static cosim_status compare(struct score *s, const struct llmviewer_op *op, double footprint_bytes,
                            cosim_error *e)
{
    const struct {
        const char *column;
        double mine;
        enum score_class class;
    } value[] = {
        { "ops", op->ops, SCORE_COUNT },
        { "load_weight_B", op->load_weight_bytes, SCORE_COUNT },
        { "load_act_B", op->load_act_bytes, SCORE_COUNT },
        { "store_act_B", op->store_act_bytes, SCORE_COUNT },
        { "load_kv_B", op->load_kv_bytes, SCORE_COUNT },
        { "store_kv_B", op->store_kv_bytes, SCORE_COUNT },
        { "time_s", op->time_s, SCORE_TIME },
        { "mem_footprint_B", footprint_bytes, SCORE_COUNT },
    };

    TRY(score_text(s, "bound", op->bound, e));
    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        TRY(score_f64(s, value[i].column, value[i].mine, value[i].class, e));
    return COSIM_OK;
}

static cosim_status read_stage(const struct csv_doc *doc, size_t row, enum llmviewer_stage *stage,
                               cosim_error *e)
{
    const char *text = input_text(doc, row, "stage");

    for (int i = 0; i < N_LLMVIEWER_STAGE; i++)
        if (strcmp(text, llmviewer_stage_name((enum llmviewer_stage)i)) == 0) {
            *stage = (enum llmviewer_stage)i;
            return COSIM_OK;
        }
    return input_bad(doc, row, "stage", "is neither prefill nor decode", e);
}

static cosim_status validate_row(const struct csv_doc *doc, size_t row, struct score *s,
                                 cosim_error *e)
{
    const char *op = input_text(doc, row, "op"), *why;
    enum llmviewer_stage stage = LLMVIEWER_PREFILL;
    struct llmviewer_pass pass;
    struct llmviewer_case c;

    score_row(s, row, input_text(doc, row, "case"), op);
    TRY(input_read(doc, row, inputs, sizeof inputs / sizeof *inputs, &c, e));
    TRY(read_stage(doc, row, &stage, e));
    why = llmviewer_refusal(&c);
    if (why)
        return score_skip(s, why, e);
    llmviewer_build(&c, stage, &pass);
    if (strcmp(op, pass.total.name) == 0)
        return compare(s, &pass.total, pass.footprint_bytes, e);
    for (size_t i = 0; i < pass.n; i++)
        if (strcmp(op, pass.op[i].name) == 0)
            return compare(s, &pass.op[i], 0.0, e);
    return score_fail(s, "op", op, "no such operator", e);
}

static cosim_status validate(const struct csv_doc *doc, struct score *s, cosim_error *e)
{
    for (size_t row = 0; row < doc->n_rows; row++)
        TRY(validate_row(doc, row, s, e));
    return COSIM_OK;
}

const struct peer peer_llmviewer = {
    .name = "llm-viewer",
    .doc = "LLM-Viewer: roofline per operator on one device, weight, activation and KV widths",
    .source = "LLM-Viewer 472f71f (2024-07-30)",
    .column = { "bandwidth_Bps", "onchip_B", "load_weight_B", "store_kv_B", "stage" },
    .quirk = "flash attention writes tokens x context instead of tokens x head width and ignores "
             "grouped heads; the activation uses hidden, not intermediate; lm_head counts one op "
             "per multiply-add and one token's activations; attention not causal",
    .validate = validate,
};
