/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/hf.h"

#include "core/file.h"
#include "core/num.h"

#include <math.h>
#include <string.h>

#define CONFIG_BYTES_MAX (4u * 1024u * 1024u)

static cosim_status read_shape(struct hf_reading *r)
{
    struct arch *x = &r->x;
    bool multi_query = false, new_decoder = false;

    TRY(hf_number(&r->d, "hidden_size n_embd d_model n_embed model_dim", ARCH_WIDTH_MAX,
                  &x->m.d_model));
    TRY(hf_number(&r->d, "num_hidden_layers n_layer n_layers num_layers num_transformer_layers",
                  ARCH_LAYERS_MAX, &x->layers));
    TRY(hf_number(&r->d, "vocab_size padded_vocab_size", ARCH_VOCAB_MAX, &x->m.vocab));
    TRY(hf_number(&r->d,
                  "max_position_embeddings seq_length n_positions max_seq_len "
                  "max_context_length",
                  ARCH_CTX_MAX, &x->m.max_ctx_tokens));
    if (r->family->unsupported)
        return COSIM_OK;
    const char *key = NULL;
    const json_t *heads = hf_get(&r->d, "num_query_heads", &key);
    if (!heads || !json_is_array(heads)) {
        TRY(hf_number(&r->d, "num_attention_heads n_head n_heads", ARCH_COUNT_MAX, &x->heads));
        TRY(hf_flag(&r->d, "new_decoder_architecture", &new_decoder));
        TRY(hf_flag(&r->d, "multi_query", &multi_query));
        if (multi_query && !new_decoder)
            x->kv_heads = 1.0;
        else
            TRY(hf_number(&r->d,
                          "num_key_value_heads multi_query_group_num num_kv_heads n_head_kv "
                          "kv_n_heads",
                          ARCH_COUNT_MAX, &x->kv_heads));
        if (new_decoder)
            x->m.norms_per_layer = 2.0; /* Falcon 40B norms attention and FFN apart */
        if (!is_known(x->kv_heads)) {
            x->kv_heads = x->heads;
            TRY(hf_assume(&r->d, "as many KV heads as heads"));
        }
    }
    TRY(hf_number(&r->d, "head_dim kv_channels attention_head_dim", ARCH_COUNT_MAX, &x->head_dim));
    if (!is_known(x->head_dim) && x->heads > 0.0) {
        x->head_dim = x->m.d_model / x->heads;
        TRY(hf_assume(&r->d, "head_dim = hidden size / heads"));
    }
    x->v_head_dim = x->head_dim;
    return hf_number(&r->d, "v_head_dim", ARCH_COUNT_MAX, &x->v_head_dim);
}

/* What a family does by itself, unless a key says otherwise. */
static cosim_status read_habits(struct hf_reading *r)
{
    const struct hf_family *f = r->family;
    struct model *m = &r->x.m;
    const char *key = NULL;
    const json_t *act = hf_get(&r->d, "hidden_act hidden_activation activation_function", &key);
    bool out_bias = f->attn_bias > 1, qkv_bias = f->attn_bias > 0, mlp_bias = f->ffn_bias;
    bool tied = f->tied, parallel = f->parallel, qk_norm = f->qk_norm > 0, bias = false;

    if (hf_get(&r->d, "use_bias bias", &key)) {
        TRY(hf_flag(&r->d, "use_bias bias", &bias));
        out_bias = qkv_bias = mlp_bias = bias;
    }
    if (hf_get(&r->d, "attention_bias", &key)) {
        TRY(hf_flag(&r->d, "attention_bias", &bias));
        qkv_bias = bias || f->attn_bias == 1;
        out_bias = bias && !f->no_out_bias;
    }
    TRY(hf_flag(&r->d, "add_qkv_bias qkv_bias", &qkv_bias));
    TRY(hf_flag(&r->d, "mlp_bias", &mlp_bias));
    TRY(hf_flag(&r->d, "use_qk_norm", &qk_norm));
    TRY(hf_flag(&r->d, "parallel_attn", &parallel));
    if (hf_get(&r->d, "tie_word_embeddings tie_embedding_weights share_input_output_layers", &key))
        TRY(hf_flag(&r->d, "tie_word_embeddings tie_embedding_weights share_input_output_layers",
                    &tied));
    else
        TRY(hf_assume(&r->d, tied ? "tied embeddings, as the family does"
                                  : "an output head of its own, as the family does"));
    m->activation =
        act && json_is_string(act) ? arena_strdup(r->d.arena, json_string_value(act)) : NULL;
    m->gated_ffn = f->gated;
    m->layernorm = f->layernorm;
    m->norm_bias = f->norm_bias;
    m->parallel_block = parallel;
    m->norms_per_layer = max_f64(m->norms_per_layer, parallel ? 1.0 : 2.0);
    m->learned_positions = f->learned_positions;
    m->qk_norm = !qk_norm ? 0 : f->qk_norm ? f->qk_norm : 1;
    m->tied_embeddings = tied;
    m->ffn_bias = mlp_bias;
    m->attn_bias = qkv_bias;
    m->attn_out_bias = out_bias;
    return COSIM_OK;
}

static void add_extras(struct hf_reading *r)
{
    const struct hf_family *f = r->family;
    struct model *m = &r->x.m;
    const double e = r->x.experts;

    m->extra_elems = f->extra_positions * m->d_model + (f->head_bias ? m->vocab : 0.0)
                     + (f->embedding_norm ? 2.0 * m->d_model : 0.0);
    m->extra_layer_elems = (f->router_bias ? e : 0.0) + (f->sinks ? r->x.heads : 0.0)
                           + (f->expert_bias ? e * (2.0 * r->x.d_expert + m->d_model) : 0.0)
                           + (f->shared_gate ? m->d_model : 0.0);
}

static cosim_status find_family(struct hf_reading *r, const char *type)
{
    static const struct hf_family unknown = {
        .model_type = "",
        .unsupported = "a model_type this program has not met: its layers may differ"
    };
    char *family = arena_strdup(r->d.arena, type);

    if (!family)
        return err_set(r->d.e, COSIM_ENOMEM, "out of memory for a model");
    r->family = hf_family_find(type);
    if (!r->family)
        r->family = &unknown;
    r->x.m.family = family;
    r->x.m.unsupported = r->family->unsupported;
    r->x.m.norms_per_layer = r->family->norms_per_layer;
    return COSIM_OK;
}

static cosim_status read_config(struct hf_reading *r, const json_t *root)
{
    static const char *const nested[] = { "text_config", "llm_config", "attn_config",
                                          "ffn_config" };
    const char *key = NULL;
    size_t n = 0;
    double narrow = UNKNOWN_F64;

    for (size_t i = 0; i < sizeof nested / sizeof *nested && n + 1 < HF_DEPTH_MAX; i++) {
        const json_t *inner = json_object_get(root, nested[i]);
        if (json_is_object(inner))
            r->d.scope[n++] = inner;
    }
    r->d.scope[n] = root;
    const json_t *type = hf_get(&r->d, "model_type", &key);
    if (!type || !json_is_string(type))
        return hf_fail(&r->d, COSIM_ESYNTAX, "model_type", "is missing or no text");
    TRY(find_family(r, json_string_value(type)));
    TRY(read_shape(r));
    if (!(r->x.layers >= 1.0))
        return hf_fail(&r->d, COSIM_ERANGE, "num_hidden_layers", "is missing or 0");
    if (r->x.m.unsupported)
        return COSIM_OK;
    TRY(hf_number(&r->d, "word_embed_proj_dim", ARCH_WIDTH_MAX, &narrow));
    if (is_known(narrow) && narrow != r->x.m.d_model) {
        r->x.m.unsupported = "embeddings narrower than the model have no operator yet";
        return COSIM_OK;
    }
    TRY(hf_read_layer_lists(r));
    TRY(hf_read_ffn(r));
    TRY(hf_read_experts(r));
    TRY(hf_read_windows(r));
    TRY(read_habits(r));
    if (r->x.m.learned_positions && !(r->x.m.max_ctx_tokens >= 1.0))
        return hf_fail(&r->d, COSIM_ESYNTAX, "max_position_embeddings", "is missing");
    add_extras(r);
    return COSIM_OK;
}

/* "dir/llama/config.json" -> "llama"; "llama.json" -> "llama". */
static char *id_of(const char *path, struct arena *a)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t n = strlen(base);

    if (strcmp(base, "config.json") == 0 && slash && slash > path) {
        const char *start = slash;
        while (start > path && start[-1] != '/')
            start--;
        base = start;
        n = (size_t)(slash - start);
    } else if (n > 5 && strcmp(base + n - 5, ".json") == 0) {
        n -= 5;
    }
    return arena_strndup(a, base, n);
}

static cosim_status parse_error(const char *name, const json_error_t *je, cosim_error *e)
{
    const struct src_pos at = { name, je->line > 0 ? (unsigned)je->line : 0,
                                je->column > 0 ? (unsigned)je->column : 0 };
    const bool range = json_error_code(je) == json_error_numeric_overflow;

    return err_at(e, range ? COSIM_ERANGE : COSIM_ESYNTAX, &at, "not a JSON object: %s", je->text);
}

cosim_status model_hf_parse(struct model *m, const char *name, const void *data, size_t n,
                            struct arena *a, cosim_error *e)
{
    json_error_t je;
    char *id = id_of(name, a), *path = arena_strdup(a, name);
    json_t *root = json_loadb(data, n, 0, &je);

    memset(m, 0, sizeof *m);
    if (!root)
        return parse_error(name, &je, e);
    struct hf_reading r = {
        .d = { .name = path, .text = data, .n = n, .arena = a, .e = e },
        .x = { .m = { .id = id,
                      .name = id,
                      .source = path,
                      .d_model = UNKNOWN_F64,
                      .vocab = UNKNOWN_F64,
                      .max_ctx_tokens = UNKNOWN_F64,
                      .n_params_published = UNKNOWN_F64,
                      .n_active_params_published = UNKNOWN_F64 },
               .layers = UNKNOWN_F64,
               .heads = UNKNOWN_F64,
               .kv_heads = UNKNOWN_F64,
               .head_dim = UNKNOWN_F64,
               .v_head_dim = UNKNOWN_F64 },
    };
    const struct src_pos at = { path, 0, 0 };
    cosim_status st = COSIM_OK;

    if (!id || !path)
        st = err_set(e, COSIM_ENOMEM, "out of memory for a model");
    else if (!json_is_object(root))
        st = err_at(e, COSIM_ESYNTAX, &at, "not a JSON object");
    else
        st = read_config(&r, root);
    json_decref(root);
    if (st == COSIM_OK)
        st = arch_to_model(&r.x, m, &at, a, e);
    m->notes = r.d.notes;
    return st;
}

cosim_status model_from_hf(struct model *m, const char *path, struct arena *a, cosim_error *e)
{
    struct file_bytes f = { 0 };

    memset(m, 0, sizeof *m);
    TRY(file_read(&f, path, CONFIG_BYTES_MAX, e));
    const cosim_status st = model_hf_parse(m, path, f.data, f.n, a, e);
    file_release(&f);
    return st;
}
