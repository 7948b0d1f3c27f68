/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden rows of calculon: forward passes and training steps. */
#include "compat/calculon.h"
#include "compat/input.h"
#include "compat/peer.h"

#include "core/num.h"

#include <stdio.h>
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
    NET("data_par_net", data_net),
};

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

static cosim_status compare_work(struct score *s, const struct calculon_sums *k, cosim_error *e)
{
    static const char *const name[N_CALCULON_STAGE] = {
        [CALCULON_FW] = "fw",       [CALCULON_RE] = "re",       [CALCULON_AGRAD] = "agrad",
        [CALCULON_WGRAD] = "wgrad", [CALCULON_OPTIM] = "optim",
    };

    for (int i = 0; i < N_CALCULON_STAGE; i++) {
        const struct calculon_work *w = &k->work[i];
        const struct value v[] = {
            { "flops", w->flops, SCORE_COUNT },
            { "flops_time", w->flops_s, SCORE_TIME },
            { "mem_accessed", w->mem_bytes, SCORE_COUNT },
            { "mem_time", w->mem_s, SCORE_TIME },
            { "time", w->time_s, SCORE_TIME },
        };

        for (size_t j = 0; j < sizeof v / sizeof *v; j++) {
            char column[64];

            (void)snprintf(column, sizeof column, "out_block_%s_%s", name[i], v[j].column);
            TRY(score_f64(s, column, v[j].mine, v[j].class, e));
        }
    }
    return COSIM_OK;
}

static cosim_status compare_links(struct score *s, const struct calculon_sums *k, cosim_error *e)
{
    const struct value v[] = {
        { "out_baseblock_fw_tp_time", k->fw.base_s, SCORE_TIME },
        { "out_edgeblock_fw_tp_time", k->fw.edge_s, SCORE_TIME },
        { "out_baseblock_fw_tp_time_exposed", k->fw.base_s, SCORE_TIME },
        { "out_edgeblock_fw_tp_time_exposed", k->fw.edge_s, SCORE_TIME },
        { "out_baseblock_agrad_tp_time", k->agrad.base_s, SCORE_TIME },
        { "out_edgeblock_agrad_tp_time", k->agrad.edge_s, SCORE_TIME },
        { "out_baseblock_agrad_tp_time_exposed", k->agrad.base_s, SCORE_TIME },
        { "out_edgeblock_agrad_tp_time_exposed", k->agrad.edge_s, SCORE_TIME },
        { "out_baseblock_recomm_time", k->again.base_s, SCORE_TIME },
        { "out_edgeblock_recomm_time", k->again.edge_s, SCORE_TIME },
        { "out_baseblock_recomm_time_exposed", k->again.base_s, SCORE_TIME },
        { "out_edgeblock_recomm_time_exposed", k->again.edge_s, SCORE_TIME },
        { "out_baseblock_fw_tp_size", k->fw.base_bytes, SCORE_COUNT },
        { "out_edgeblock_fw_tp_size", k->fw.edge_bytes, SCORE_COUNT },
        { "out_baseblock_bw_tp_size", k->agrad.base_bytes, SCORE_COUNT },
        { "out_edgeblock_bw_tp_size", k->agrad.edge_bytes, SCORE_COUNT },
        { "out_baseblock_recomm_size", k->again.base_bytes, SCORE_COUNT },
        { "out_edgeblock_recomm_size", k->again.edge_bytes, SCORE_COUNT },
        { "out_tp_bw_overlap_req", 0.0, SCORE_TIME },
        { "out_dp_bw_overlap_req_chunk", 0.0, SCORE_TIME },
        { "out_dp_bw_overlap_req_tail", 0.0, SCORE_TIME },
    };

    return compare(s, v, sizeof v / sizeof *v, e);
}

static cosim_status compare_memory(struct score *s, const struct calculon_case *c,
                                   const struct calculon_sums *k, const struct calculon_batch *t,
                                   cosim_error *e)
{
    /* "with offload": what must stay on the device, two blocks' worth */
    const double least_grad = c->training ? k->whole_weight_grad_bytes + k->weight_grad_bytes : 0.0;
    const struct value v[] = {
        { "out_block_weight_space", k->weight_bytes, SCORE_COUNT },
        { "out_block_act_working_space", k->act_working_bytes, SCORE_COUNT },
        { "out_block_act_storage_space", k->act_storage_bytes, SCORE_COUNT },
        { "out_block_act_checkpoint_size", k->checkpoint_bytes, SCORE_COUNT },
        { "out_block_weight_grad_space", k->weight_grad_bytes, SCORE_COUNT },
        { "out_block_weight_grad_space_no_sharding", k->whole_weight_grad_bytes, SCORE_COUNT },
        { "out_block_act_grad_space", k->act_grad_bytes, SCORE_COUNT },
        { "out_block_optimizer_space", k->optimizer_bytes, SCORE_COUNT },
        { "out_weight_space_with_offload", 2.0 * k->weight_bytes, SCORE_COUNT },
        { "out_act_space_with_offload", k->act_working_bytes + k->act_storage_bytes, SCORE_COUNT },
        { "out_act_checkpoint_size_with_offload", 2.0 * k->checkpoint_bytes, SCORE_COUNT },
        { "out_act_grad_space_with_offload", k->act_grad_bytes, SCORE_COUNT },
        { "out_weight_grad_space_with_offload", least_grad, SCORE_COUNT },
        { "out_optimizer_space_with_offload", 2.0 * k->optimizer_bytes, SCORE_COUNT },
        { "out_weight_space", t->weight_bytes, SCORE_COUNT },
        { "out_act_space", t->act_bytes, SCORE_COUNT },
        { "out_act_checkpoint_size", t->checkpoint_bytes, SCORE_COUNT },
        { "out_act_grad_space", t->act_grad_bytes, SCORE_COUNT },
        { "out_weight_grad_space", t->weight_grad_bytes, SCORE_COUNT },
        { "out_optimizer_space", t->optimizer_bytes, SCORE_COUNT },
        { "out_proc_mem_tier1_cap_req",
          t->weight_bytes + t->act_bytes + t->checkpoint_bytes + t->act_grad_bytes
              + t->weight_grad_bytes + t->optimizer_bytes,
          SCORE_COUNT },
        { "out_proc_mem_tier2_cap_req", 0.0, SCORE_COUNT },
        { "out_block_fw_pp_size", t->fw_pp_bytes, SCORE_COUNT },
        { "out_block_bw_pp_size", t->bw_pp_bytes, SCORE_COUNT },
        { "out_block_dp_size", t->dp_bytes, SCORE_COUNT },
    };

    return compare(s, v, sizeof v / sizeof *v, e);
}

static cosim_status compare_times(struct score *s, const struct calculon_case *c,
                                  const struct calculon_sums *k, const struct calculon_batch *t,
                                  cosim_error *e)
{
    const double compute_s = t->fw_s + t->bw_s + t->optim_s;
    const double perfect_s =
        t->blocks * t->microbatches * t->useful_flops / c->system->matrix_flops_per_s;
    /* time of a block behind which data could move */
    const double fw_hidden_s = min_f64(t->base_fw_s, t->edge_fw_s) - k->work[CALCULON_FW].mem_s;
    const double bw_hidden_s = min_f64(t->base_bw_s, t->edge_bw_s) - k->work[CALCULON_AGRAD].mem_s
                               - k->work[CALCULON_WGRAD].mem_s;
    const double act_bytes = k->act_storage_bytes + k->checkpoint_bytes; /* one of them is zero */
    const double optim_bytes = k->weight_grad_bytes + k->optimizer_bytes;
    const struct value v[] = {
        { "out_fw_time", t->fw_s, SCORE_TIME },
        { "out_bw_time", t->bw_s, SCORE_TIME },
        { "out_optim_step_time", t->optim_s, SCORE_TIME },
        { "out_recompute_time", t->recompute_s, SCORE_TIME },
        { "out_recomm_link_time", t->again_s, SCORE_TIME },
        { "out_recomm_exposed_time", t->again_s, SCORE_TIME },
        { "out_bubble_time", t->bubble_s, SCORE_TIME },
        { "out_tp_comm_link_time", t->tp_s, SCORE_TIME },
        { "out_pp_comm_link_time", t->pp_s, SCORE_TIME },
        { "out_dp_comm_link_time", t->dp_s, SCORE_TIME },
        { "out_tp_comm_exposed_time", t->tp_s, SCORE_TIME },
        { "out_pp_comm_exposed_time", t->pp_s, SCORE_TIME },
        { "out_dp_comm_exposed_time", t->dp_s, SCORE_TIME },
        { "out_fw_offload_exposed_time", 0.0, SCORE_TIME },
        { "out_bw_offload_exposed_time", 0.0, SCORE_TIME },
        { "out_total_time", t->total_s, SCORE_TIME },
        { "out_act_offload_bw_req", act_bytes / fw_hidden_s, SCORE_TIME },
        { "out_weight_offload_bw_req", k->weight_bytes / fw_hidden_s, SCORE_TIME },
        { "out_optim_offload_bw_req", c->training ? optim_bytes / bw_hidden_s : 0.0, SCORE_TIME },
        { "out_offload_mem_bw_req", 0.0, SCORE_TIME },
        { "out_useful_flops", t->useful_flops, SCORE_COUNT },
        { "out_compute_efficiency", perfect_s / compute_s, SCORE_TIME },
        { "out_system_efficiency", compute_s / t->total_s, SCORE_TIME },
        { "out_total_efficiency", perfect_s / t->total_s, SCORE_TIME },
        { "out_sample_rate", c->batch_size / t->total_s, SCORE_TIME },
    };

    return compare(s, v, sizeof v / sizeof *v, e);
}

/* The enumerator whose word stands in the cell. */
static cosim_status read_word(const struct csv_doc *doc, size_t row, const char *column,
                              const char *const *word, size_t n, size_t *v, cosim_error *e)
{
    for (*v = 0; *v < n; (*v)++)
        if (strcmp(word[*v], input_text(doc, row, column)) == 0)
            return COSIM_OK;
    return input_bad(doc, row, column, "is no setting of calculon", e);
}

#define READ_WORD(column, words, v)                                                                \
    TRY(read_word(doc, row, column, words, sizeof(words) / sizeof *(words), v, e))

static cosim_status read_words(const struct csv_doc *doc, size_t row, struct calculon_case *c,
                               cosim_error *e)
{
    static const char *const comm[] = { [CALCULON_COMM_AR] = "ar",
                                        [CALCULON_COMM_P2P_RS_AG] = "p2p_rs_ag",
                                        [CALCULON_COMM_RS_AG] = "rs_ag" };
    static const char *const recompute[] = { [CALCULON_RECOMPUTE_NONE] = "none",
                                             [CALCULON_RECOMPUTE_ATTN] = "attn_only",
                                             [CALCULON_RECOMPUTE_FULL] = "full" };
    static const char *const attention[] = { "multihead", "multiquery" };
    size_t v;

    TRY(input_bool(doc, row, "training", &c->training, e));
    TRY(input_bool(doc, row, "fused_activation", &c->fused_activation, e));
    TRY(input_bool(doc, row, "optimizer_sharding", &c->optimizer_sharding, e));
    TRY(input_bool(doc, row, "seq_par_ag_redo", &c->gather_again, e));
    READ_WORD("attention_type", attention, &v);
    c->multiquery = v == 1;
    READ_WORD("tensor_par_comm_type", comm, &v);
    c->comm = (enum calculon_comm)v;
    READ_WORD("activation_recompute", recompute, &v);
    c->recompute = c->training ? (enum calculon_recompute)v : CALCULON_RECOMPUTE_NONE;
    return COSIM_OK;
}

static cosim_status refusal(const struct csv_doc *doc, size_t row, struct calculon_case *c,
                            const char **why, cosim_error *e)
{
    bool weights, activations, optimizer, overlap;

    *why = NULL;
    TRY(input_bool(doc, row, "optimizer_offload", &optimizer, e));
    TRY(input_bool(doc, row, "data_par_overlap", &overlap, e));
    TRY(input_bool(doc, row, "weight_offload", &weights, e));
    TRY(input_bool(doc, row, "activations_offload", &activations, e));
    c->system = calculon_system_find(input_text(doc, row, "system"));
    c->element_bytes = 2.0;
    if (weights || activations || optimizer)
        *why = "offloading: not covered yet";
    else if (overlap || strcmp(input_text(doc, row, "tensor_par_overlap"), "none") != 0)
        *why = "overlapped communication: not covered yet";
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
    struct calculon_batch batch;
    const char *why;

    score_row(s, row, input_text(doc, row, "case"), NULL);
    TRY(input_read(doc, row, inputs, sizeof inputs / sizeof *inputs, &c, e));
    TRY(read_words(doc, row, &c, e));
    TRY(refusal(doc, row, &c, &why, e));
    if (why)
        return score_skip(s, why, e);
    calculon_build(&c, &block);
    calculon_sum(&c, &block, &sums);
    calculon_run(&c, &block, &sums, &batch);
    TRY(compare_work(s, &sums, e));
    TRY(compare_links(s, &sums, e));
    TRY(compare_memory(s, &c, &sums, &batch, e));
    return compare_times(s, &c, &sums, &batch, e);
}

static cosim_status validate(const struct csv_doc *doc, struct score *s, cosim_error *e)
{
    for (size_t row = 0; row < doc->n_rows; row++)
        TRY(validate_row(doc, row, s, e));
    return COSIM_OK;
}

const struct peer peer_calculon = {
    .name = "calculon",
    .doc = "calculon: Megatron blocks, forward or training, tensor, pipeline and data parallelism",
    .source = "calculon caa4b11 (2024-02-22)",
    .column = { "app_hidden", "app_attn_size", "tensor_par_comm_type", "out_block_fw_flops" },
    .gap = "overlapped communication and offloading have no rule",
    .quirk = "times of flops and bytes are added, not overlapped; efficiency jumps at fixed sizes; "
             "attention not causal; tensor-parallel reductions also count as vector work; an "
             "empty backward message still costs latency in the pipeline bubble; no "
             "embedding and no output layer; the work of recomputation counts everything since the "
             "start "
             "of the block again for each repeated layer",
    .validate = validate,
};
