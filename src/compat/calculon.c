/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden rows of calculon: forward passes. */
#include "compat/calculon.h"
#include "compat/input.h"
#include "compat/peer.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

#define DIM(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct calculon_case, member), 1, 1, INPUT_COUNT_MAX, INPUT_WHOLE, 0      \
    }
#define NET(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct calculon_case, member), 1, 0, CALCULON_NETS - 1, INPUT_WHOLE, 0    \
    }

static const struct input inputs[] = {
    DIM("app_hidden", hidden),
    DIM("app_feedforward", feedforward),
    DIM("app_seq_size", seq_size),
    DIM("app_attn_heads", attn_heads),
    DIM("app_attn_size", attn_size),
    DIM("app_num_blocks", num_blocks),
    DIM("tensor_par", tensor_par),
    DIM("pipeline_par", pipeline_par),
    DIM("data_par", data_par),
    DIM("batch_size", batch_size),
    DIM("microbatch_size", microbatch_size),
    DIM("pipeline_interleaving", interleaving),
    NET("tensor_par_net", tensor_net),
    NET("pipeline_par_net", pipeline_net),
};

/* A batch on one pipeline stage. */
struct stage {
    double blocks, microbatches, pp_bytes, pp_s;
    double base_s, edge_s, fw_s, tp_s, pp_total_s, bubble_s, total_s;
};

static void run(const struct calculon_case *c, const struct calculon_block *b,
                const struct calculon_sums *k, struct stage *t)
{
    const double pp = c->pipeline_par, blocks = ceil(c->num_blocks / pp);
    const double missing = blocks * pp - c->num_blocks;
    const double per_chunk = floor(blocks / c->interleaving), base = per_chunk - 1.0;
    const double micro = floor(floor(c->batch_size / c->data_par) / c->microbatch_size);
    const double short_by = fmod(micro, pp) != 0.0 ? pp - fmod(micro, pp) : 0.0;
    const struct calculon_net *net = &c->system->net[(int)c->pipeline_net];
    double chunk_s, cut_s;

    t->blocks = blocks;
    t->microbatches = micro;
    t->pp_bytes = pp == 1.0                     ? 0.0
                  : c->comm == CALCULON_COMM_AR ? b->activation_bytes
                                                : b->activation_bytes / c->tensor_par;
    t->pp_s = calculon_net_s(net, CALCULON_P2P, t->pp_bytes, 2.0);
    t->base_s = k->time_s + k->base_tp_s;
    t->edge_s = k->time_s + k->edge_tp_s + t->pp_s;
    /* upstream's backward pass is empty, but its message still takes the latency of the network */
    const double edge_s = t->edge_s + calculon_net_s(net, CALCULON_P2P, 0.0, 2.0);
    chunk_s = base * t->base_s + edge_s;
    cut_s = base > 0.0 ? missing * (t->base_s + edge_s) / 2.0 : missing * edge_s;
    t->fw_s = blocks * micro * k->time_s;
    t->tp_s = micro * c->interleaving * (base * k->base_tp_s + k->edge_tp_s);
    t->pp_total_s = pp > 1.0 ? micro * c->interleaving * t->pp_s : 0.0;
    t->bubble_s = (pp - 1.0) * chunk_s + (c->interleaving - 1.0) * short_by * chunk_s - cut_s;
    t->total_s = t->fw_s + t->bubble_s + t->tp_s + t->pp_total_s;
}

struct value {
    const char *column;
    double mine;
    enum score_class class;
};

static cosim_status compare(struct score *s, const struct value *v, size_t n, cosim_error *e)
{
    for (size_t i = 0; i < n; i++)
        TRY(score_f64(s, v[i].column, v[i].mine, v[i].class, e));
    return COSIM_OK;
}

static cosim_status compare_block(struct score *s, const struct calculon_sums *k,
                                  const struct stage *t, cosim_error *e)
{
    const struct value v[] = {
        { "out_block_fw_flops", k->flops, SCORE_COUNT },
        { "out_block_fw_flops_time", k->flops_s, SCORE_TIME },
        { "out_block_fw_mem_accessed", k->mem_bytes, SCORE_COUNT },
        { "out_block_fw_mem_time", k->mem_s, SCORE_TIME },
        { "out_block_fw_time", k->time_s, SCORE_TIME },
        { "out_baseblock_fw_tp_time", k->base_tp_s, SCORE_TIME },
        { "out_edgeblock_fw_tp_time", k->edge_tp_s, SCORE_TIME },
        { "out_baseblock_fw_tp_time_exposed", k->base_tp_s, SCORE_TIME },
        { "out_edgeblock_fw_tp_time_exposed", k->edge_tp_s, SCORE_TIME },
        { "out_baseblock_fw_tp_size", k->base_tp_bytes, SCORE_COUNT },
        { "out_edgeblock_fw_tp_size", k->edge_tp_bytes, SCORE_COUNT },
        { "out_block_fw_pp_size", t->pp_bytes, SCORE_COUNT },
        { "out_block_weight_space", k->weight_bytes, SCORE_COUNT },
        { "out_block_act_working_space", k->act_working_bytes, SCORE_COUNT },
        { "out_block_act_storage_space", k->act_storage_bytes, SCORE_COUNT },
    };

    return compare(s, v, sizeof v / sizeof *v, e);
}

static cosim_status compare_stage(struct score *s, const struct calculon_case *c,
                                  const struct calculon_sums *k, const struct stage *t,
                                  cosim_error *e)
{
    const double weight_bytes = k->weight_bytes * t->blocks;
    const double hidden_s = min_f64(t->base_s, t->edge_s) - k->mem_s; /* to move data behind */
    const double perfect_s = t->blocks * t->microbatches * k->flops / c->system->matrix_flops_per_s;
    const struct value v[] = {
        { "out_weight_space_with_offload", 2.0 * k->weight_bytes, SCORE_COUNT },
        { "out_act_space_with_offload", k->act_working_bytes + k->act_storage_bytes, SCORE_COUNT },
        { "out_weight_space", weight_bytes, SCORE_COUNT },
        { "out_act_space", k->act_working_bytes, SCORE_COUNT },
        { "out_fw_time", t->fw_s, SCORE_TIME },
        { "out_bubble_time", t->bubble_s, SCORE_TIME },
        { "out_tp_comm_link_time", t->tp_s, SCORE_TIME },
        { "out_tp_comm_exposed_time", t->tp_s, SCORE_TIME },
        { "out_pp_comm_link_time", t->pp_total_s, SCORE_TIME },
        { "out_pp_comm_exposed_time", t->pp_total_s, SCORE_TIME },
        { "out_total_time", t->total_s, SCORE_TIME },
        { "out_act_offload_bw_req", k->act_storage_bytes / hidden_s, SCORE_TIME },
        { "out_weight_offload_bw_req", k->weight_bytes / hidden_s, SCORE_TIME },
        { "out_proc_mem_tier1_cap_req", weight_bytes + k->act_working_bytes, SCORE_COUNT },
        { "out_proc_mem_tier2_cap_req", 0.0, SCORE_COUNT },
        { "out_useful_flops", k->flops, SCORE_COUNT },
        { "out_compute_efficiency", perfect_s / t->fw_s, SCORE_TIME },
        { "out_system_efficiency", t->fw_s / t->total_s, SCORE_TIME },
        { "out_total_efficiency", perfect_s / t->total_s, SCORE_TIME },
        { "out_sample_rate", c->batch_size / t->total_s, SCORE_TIME },
    };

    return compare(s, v, sizeof v / sizeof *v, e);
}

/* What a forward pass does not do is printed as zero. */
static cosim_status compare_zeros(struct score *s, cosim_error *e)
{
    static const char *const column[] = {
        "out_block_re_flops",
        "out_block_re_flops_time",
        "out_block_re_mem_accessed",
        "out_block_re_mem_time",
        "out_block_re_time",
        "out_baseblock_recomm_time",
        "out_edgeblock_recomm_time",
        "out_baseblock_recomm_time_exposed",
        "out_edgeblock_recomm_time_exposed",
        "out_block_agrad_flops",
        "out_block_agrad_flops_time",
        "out_block_agrad_mem_accessed",
        "out_block_agrad_mem_time",
        "out_block_agrad_time",
        "out_baseblock_agrad_tp_time",
        "out_edgeblock_agrad_tp_time",
        "out_baseblock_agrad_tp_time_exposed",
        "out_edgeblock_agrad_tp_time_exposed",
        "out_block_wgrad_flops",
        "out_block_wgrad_flops_time",
        "out_block_wgrad_mem_accessed",
        "out_block_wgrad_mem_time",
        "out_block_wgrad_time",
        "out_block_optim_flops",
        "out_block_optim_flops_time",
        "out_block_optim_mem_accessed",
        "out_block_optim_mem_time",
        "out_block_optim_time",
        "out_baseblock_bw_tp_size",
        "out_edgeblock_bw_tp_size",
        "out_baseblock_recomm_size",
        "out_edgeblock_recomm_size",
        "out_block_bw_pp_size",
        "out_block_dp_size",
        "out_tp_bw_overlap_req",
        "out_dp_bw_overlap_req_chunk",
        "out_dp_bw_overlap_req_tail",
        "out_block_act_checkpoint_size",
        "out_block_weight_grad_space",
        "out_block_weight_grad_space_no_sharding",
        "out_block_act_grad_space",
        "out_block_optimizer_space",
        "out_act_grad_space_with_offload",
        "out_weight_grad_space_with_offload",
        "out_optimizer_space_with_offload",
        "out_act_checkpoint_size",
        "out_act_grad_space",
        "out_weight_grad_space",
        "out_optimizer_space",
        "out_bw_time",
        "out_optim_step_time",
        "out_recompute_time",
        "out_recomm_link_time",
        "out_recomm_exposed_time",
        "out_dp_comm_link_time",
        "out_dp_comm_exposed_time",
        "out_fw_offload_exposed_time",
        "out_bw_offload_exposed_time",
        "out_optim_offload_bw_req",
        "out_offload_mem_bw_req",
    };

    for (size_t i = 0; i < sizeof column / sizeof *column; i++)
        TRY(score_f64(s, column[i], 0.0, SCORE_COUNT, e));
    return COSIM_OK;
}

static cosim_status read_words(const struct csv_doc *doc, size_t row, struct calculon_case *c,
                               cosim_error *e)
{
    static const char *const comm[] = {
        [CALCULON_COMM_AR] = "ar",
        [CALCULON_COMM_P2P_RS_AG] = "p2p_rs_ag",
        [CALCULON_COMM_RS_AG] = "rs_ag",
    };
    const char *attention = input_text(doc, row, "attention_type");
    const char *text = input_text(doc, row, "tensor_par_comm_type");

    TRY(input_bool(doc, row, "fused_activation", &c->fused_activation, e));
    c->multiquery = strcmp(attention, "multiquery") == 0;
    if (!c->multiquery && strcmp(attention, "multihead") != 0)
        return input_bad(doc, row, "attention_type", "is neither multihead nor multiquery", e);
    for (size_t i = 0; i < sizeof comm / sizeof *comm; i++)
        if (strcmp(comm[i], text) == 0) {
            c->comm = (enum calculon_comm)i;
            return COSIM_OK;
        }
    return input_bad(doc, row, "tensor_par_comm_type", "is none of ar, p2p_rs_ag, rs_ag", e);
}

static cosim_status refusal(const struct csv_doc *doc, size_t row, struct calculon_case *c,
                            const char **why, cosim_error *e)
{
    bool training, weights, activations;

    *why = NULL;
    TRY(input_bool(doc, row, "training", &training, e));
    TRY(input_bool(doc, row, "weight_offload", &weights, e));
    TRY(input_bool(doc, row, "activations_offload", &activations, e));
    c->system = calculon_system_find(input_text(doc, row, "system"));
    c->element_bytes = 2.0;
    if (training)
        *why = "training: not covered yet";
    else if (weights || activations)
        *why = "offloading: not covered yet";
    else if (strcmp(input_text(doc, row, "tensor_par_overlap"), "none") != 0)
        *why = "overlapped tensor-parallel communication: not covered yet";
    else if (strcmp(input_text(doc, row, "datatype"), "float16") != 0)
        *why = "data type other than float16: its rates are not known";
    else if (!c->system)
        *why = "the description of this system is not known";
    return COSIM_OK;
}

static cosim_status validate_row(const struct csv_doc *doc, size_t row, struct score *s,
                                 cosim_error *e)
{
    struct calculon_case c = { 0 };
    struct calculon_block block;
    struct calculon_sums sums;
    struct stage stage;
    const char *why;

    score_row(s, row, input_text(doc, row, "case"), NULL);
    TRY(input_read(doc, row, inputs, sizeof inputs / sizeof *inputs, &c, e));
    TRY(read_words(doc, row, &c, e));
    TRY(refusal(doc, row, &c, &why, e));
    if (why)
        return score_skip(s, why, e);
    calculon_build(&c, &block);
    calculon_sum(&c, &block, &sums);
    run(&c, &block, &sums, &stage);
    TRY(compare_block(s, &sums, &stage, e));
    TRY(compare_stage(s, &c, &sums, &stage, e));
    return compare_zeros(s, e);
}

static cosim_status validate(const struct csv_doc *doc, struct score *s, cosim_error *e)
{
    for (size_t row = 0; row < doc->n_rows; row++)
        TRY(validate_row(doc, row, s, e));
    return COSIM_OK;
}

const struct peer peer_calculon = {
    .name = "calculon",
    .doc = "calculon: forward pass of a Megatron block, tensor and pipeline parallelism",
    .source = "calculon caa4b11 (2024-02-22)",
    .column = { "app_hidden", "app_attn_size", "tensor_par_comm_type", "out_block_fw_flops" },
    .gap = "training rows: gradients, recomputation, optimizer and data parallelism have no rule",
    .quirk = "times of flops and bytes are added, not overlapped; efficiency jumps at fixed sizes; "
             "attention not causal; tensor-parallel reductions also count as vector work; an "
             "empty backward message still costs latency in the pipeline bubble; no "
             "embedding and no output layer",
    .validate = validate,
};
