/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include "core/csv.h"
#include "core/num.h"
#include "core/text.h"
#include "model/model_arch.h"

#include <stdlib.h>
#include <string.h>

/* A row as it stands in models.csv. Columns that only later operators need are read and checked. */
struct model_row {
    struct arch arch;
    double gated, tied, norm_bias, qk_norm, attn_bias, ffn_bias, parallel;
    const char *rope, *norm, *attention_type, *swa_pattern, *layer_pattern, *ssm_type;
    const char *heads_of, *kv_heads_of, *d_ff_of;
    double rope_theta, shared_experts;
    double q_lora_rank, kv_lora_rank, qk_rope_dim, qk_nope_dim;
    double ssm_d_state, ssm_expand, ssm_conv, ssm_heads, ssm_head_dim, ssm_groups, ssm_d_inner;
    double lin_k_heads, lin_v_heads, lin_k_dim, lin_v_dim;
};

#define STR(column, member, flags)                                                                 \
    {                                                                                              \
        column, REC_STR, offsetof(struct model_row, member), 0, 0, 0, flags                        \
    }
#define NUM(column, member, lo, hi, flags)                                                         \
    {                                                                                              \
        column, REC_F64, offsetof(struct model_row, member), 0, lo, hi, flags                      \
    }
#define COUNT(column, member) NUM(column, member, 0, ARCH_WIDTH_MAX, 0)

static const struct rec_field fields[] = {
    STR("id", arch.m.id, REC_REQUIRED | REC_UNIQUE),
    STR("aliases", arch.m.aliases, 0),
    STR("name", arch.m.name, REC_REQUIRED),
    STR("hf_id", arch.m.hf_id, 0),
    STR("family", arch.m.family, REC_REQUIRED),
    NUM("layers", arch.layers, 1, ARCH_LAYERS_MAX, REC_REQUIRED),
    NUM("d_model", arch.m.d_model, 1, ARCH_WIDTH_MAX, REC_REQUIRED),
    COUNT("heads", arch.heads),
    COUNT("kv_heads", arch.kv_heads),
    COUNT("head_dim", arch.head_dim),
    COUNT("v_head_dim", arch.v_head_dim),
    COUNT("d_ff", arch.d_ff),
    NUM("gated", gated, 0, 1, REC_REQUIRED),
    STR("activation", arch.m.activation, REC_REQUIRED),
    NUM("vocab", arch.m.vocab, 1, ARCH_VOCAB_MAX, REC_REQUIRED),
    NUM("tied_embeddings", tied, 0, 1, REC_REQUIRED),
    NUM("max_ctx[token]", arch.m.max_ctx_tokens, 1, ARCH_CTX_MAX, 0),
    STR("rope", rope, REC_REQUIRED),
    NUM("rope_theta", rope_theta, 0, 1e12, 0),
    STR("norm", norm, REC_REQUIRED),
    NUM("norm_bias", norm_bias, 0, 1, REC_REQUIRED),
    NUM("norms_per_layer", arch.m.norms_per_layer, 0, 8, REC_REQUIRED),
    NUM("qk_norm", qk_norm, 0, 2, REC_REQUIRED),
    NUM("attn_bias", attn_bias, 0, 2, REC_REQUIRED),
    NUM("ffn_bias", ffn_bias, 0, 1, REC_REQUIRED),
    NUM("parallel_block", parallel, 0, 1, REC_REQUIRED),
    NUM("extra_layer_elems", arch.m.extra_layer_elems, 0, 1e9, 0),
    NUM("extra_elems", arch.m.extra_elems, 0, 1e9, 0),
    COUNT("experts", arch.experts),
    COUNT("active_experts", arch.active_experts),
    COUNT("shared_experts", shared_experts),
    COUNT("d_expert", arch.d_expert),
    COUNT("d_shared_expert", arch.d_shared_expert),
    COUNT("first_dense_layers", arch.first_dense_layers),
    STR("attention_type", attention_type, REC_REQUIRED),
    COUNT("q_lora_rank", q_lora_rank),
    COUNT("kv_lora_rank", kv_lora_rank),
    COUNT("qk_rope_dim", qk_rope_dim),
    COUNT("qk_nope_dim", qk_nope_dim),
    NUM("window[token]", arch.window_tokens, 1, ARCH_CTX_MAX, 0),
    STR("swa_pattern", swa_pattern, 0),
    STR("layer_pattern", layer_pattern, 0),
    STR("ssm_type", ssm_type, 0),
    COUNT("ssm_d_state", ssm_d_state),
    COUNT("ssm_expand", ssm_expand),
    COUNT("ssm_conv", ssm_conv),
    COUNT("ssm_heads", ssm_heads),
    COUNT("ssm_head_dim", ssm_head_dim),
    COUNT("ssm_groups", ssm_groups),
    COUNT("ssm_d_inner", ssm_d_inner),
    COUNT("lin_k_heads", lin_k_heads),
    COUNT("lin_v_heads", lin_v_heads),
    COUNT("lin_k_dim", lin_k_dim),
    COUNT("lin_v_dim", lin_v_dim),
    STR("heads_per_layer", heads_of, 0),
    STR("kv_heads_per_layer", kv_heads_of, 0),
    STR("d_ff_per_layer", d_ff_of, 0),
    { "params_published[1e9]", REC_F64, offsetof(struct model_row, arch.m.n_params_published), 1e9,
      1e-6, 1e5, 0 },
    { "params_accept", REC_STR, offsetof(struct model_row, arch.m.params_accept), 0, 0, 0,
      REC_OPTIONAL_COLUMN },
    { "params_published_active[1e9]", REC_F64,
      offsetof(struct model_row, arch.m.n_active_params_published), 1e9, 1e-6, 1e5, 0 },
    STR("unsupported", arch.m.unsupported, 0),
    STR("source", arch.m.source, REC_REQUIRED),
    STR("notes", arch.m.notes, 0),
};

/* Kinds of attention the engine computes; the others must say why not. */
static const char *const computed_attention[] = { "mha", "gqa", "mqa", "swa", "hybrid_swa" };

static double or_zero(double v)
{
    return is_known(v) ? v : 0.0;
}

/* "5 5 6" -> one number per layer; NULL when the cell is empty. */
static cosim_status read_list(const char *text, double layers, double **list,
                              const struct src_pos *at, struct arena *a, cosim_error *e)
{
    const size_t n = (size_t)layers;
    size_t i = 0;

    *list = NULL;
    if (!text)
        return COSIM_OK;
    double *v = ARENA_NEW(a, double, n);
    if (!v)
        return err_set(e, COSIM_ENOMEM, "out of memory for a list of layers");
    for (const char *s = text; *s; i++) {
        const size_t len = strcspn(s, " ");
        char word[24] = "";
        if (len < sizeof word)
            memcpy(word, s, len);
        if (i == n || !text_to_f64(word, &v[i]) || !(v[i] >= 1.0 && v[i] <= ARCH_WIDTH_MAX))
            return err_at(e, COSIM_ERANGE, at, "'%s' is not a list of %zu numbers from 1", text, n);
        s += len + strspn(s + len, " ");
    }
    if (i != n)
        return err_at(e, COSIM_ERANGE, at, "'%s' has %zu numbers, the model %zu layers", text, i,
                      n);
    *list = v;
    return COSIM_OK;
}

/* "5:1" = five windowed layers, then one global. */
static cosim_status read_pattern(struct model_row *r, const struct src_pos *at, cosim_error *e)
{
    char local[8] = "";
    const size_t n = r->swa_pattern ? strcspn(r->swa_pattern, ":") : 0;
    const bool hybrid = strcmp(r->attention_type, "hybrid_swa") == 0;

    if (hybrid || strcmp(r->attention_type, "swa") == 0) {
        if (!(r->arch.window_tokens > 0.0))
            return err_at(e, COSIM_ERANGE, at, "model '%s': the window is missing", r->arch.m.id);
    } else if (!r->arch.m.unsupported) {
        r->arch.window_tokens = 0.0;
    }
    if (!hybrid || r->arch.m.unsupported)
        return COSIM_OK;
    if (n > 0 && n < sizeof local)
        memcpy(local, r->swa_pattern, n);
    if (!text_to_f64(local, &r->arch.local_layers) || r->swa_pattern[n] != ':'
        || !text_to_f64(r->swa_pattern + n + 1, &r->arch.global_layers))
        return err_at(e, COSIM_ERANGE, at, "model '%s': swa_pattern '%s' is not like 5:1",
                      r->arch.m.id, r->swa_pattern ? r->swa_pattern : "");
    return COSIM_OK;
}

static cosim_status check_kind(const struct model_row *r, const struct src_pos *at, cosim_error *e)
{
    if (r->arch.m.unsupported)
        return COSIM_OK;
    for (size_t i = 0; i < sizeof computed_attention / sizeof *computed_attention; i++)
        if (strcmp(computed_attention[i], r->attention_type) == 0)
            return COSIM_OK;
    return err_at(e, COSIM_EUNSUPPORTED, at,
                  "model '%s': attention '%s' is not computed: column 'unsupported' must say why",
                  r->arch.m.id, r->attention_type);
}

/* Empty numeric cells mean "has none"; a V head is as wide as a K head unless it says otherwise. */
static void fill_defaults(struct model_row *r)
{
    struct arch *x = &r->arch;

    x->v_head_dim = is_known(x->v_head_dim) ? x->v_head_dim : x->head_dim;
    x->d_ff = or_zero(x->d_ff);
    x->experts = or_zero(x->experts);
    x->active_experts = or_zero(x->active_experts);
    x->d_expert = or_zero(x->d_expert);
    x->d_shared_expert = or_zero(x->d_shared_expert);
    x->first_dense_layers = or_zero(x->first_dense_layers);
    x->window_tokens = or_zero(x->window_tokens);
    x->m.extra_layer_elems = or_zero(x->m.extra_layer_elems);
    x->m.extra_elems = or_zero(x->m.extra_elems);
    x->m.gated_ffn = r->gated > 0.0;
    x->m.tied_embeddings = r->tied > 0.0;
    x->m.learned_positions = strcmp(r->rope, "learned_absolute") == 0;
    x->m.layernorm = strncmp(r->norm, "layernorm", strlen("layernorm")) == 0;
    x->m.norm_bias = r->norm_bias > 0.0;
    x->m.qk_norm = (int)r->qk_norm;
    x->m.attn_bias = r->attn_bias > 0.0;
    x->m.attn_out_bias = r->attn_bias > 1.0;
    x->m.ffn_bias = r->ffn_bias > 0.0;
    x->m.parallel_block = r->parallel > 0.0;
}

static cosim_status read_row(struct model_row *r, struct model *m, const struct src_pos *at,
                             struct arena *a, cosim_error *e)
{
    struct arch *x = &r->arch;

    fill_defaults(r);
    x->m.line = at->line;
    TRY(check_kind(r, at, e));
    TRY(read_pattern(r, at, e));
    TRY(read_list(r->heads_of, x->layers, &x->heads_of, at, a, e));
    TRY(read_list(r->kv_heads_of, x->layers, &x->kv_heads_of, at, a, e));
    TRY(read_list(r->d_ff_of, x->layers, &x->d_ff_of, at, a, e));
    if (x->m.learned_positions && !is_known(x->m.max_ctx_tokens))
        return err_at(e, COSIM_ERANGE, at, "model '%s': learned positions need max_ctx", x->m.id);
    return arch_to_model(x, m, at, a, e);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct model *)a)->id, ((const struct model *)b)->id);
}

cosim_status model_db_load(struct model_db *db, const char *path, struct arena *a, cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    memset(db, 0, sizeof *db);
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, fields, sizeof fields / sizeof *fields, sizeof(struct model_row), &rows,
                    a, e));
    struct model_row *row = rows;
    struct model *model = ARENA_NEW(a, struct model, doc.n_rows);
    if (!model)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", path);
    for (size_t i = 0; i < doc.n_rows; i++) {
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, i, 0));
        TRY(read_row(&row[i], &model[i], &at, a, e));
    }
    qsort(model, doc.n_rows, sizeof *model, by_id);
    db->path = doc.path;
    db->model = model;
    db->n = doc.n_rows;
    return COSIM_OK;
}
