/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/hf.h"

#include "core/file.h"
#include "core/num.h"
#include "model/hf_json.h"
#include "model/model_arch.h"

#include <math.h>
#include <string.h>

#define CONFIG_BYTES_MAX (4u * 1024u * 1024u)
#define PATTERN_DEFAULT 6.0 /* Gemma 3: five windowed layers, then a global one */

struct reading {
    struct hf_doc d;
    struct arch x;
    const struct hf_family *family;
};

static cosim_status read_shape(struct reading *r)
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

/* OpenELM: every layer has its own heads and FFN width, rounded to a divisor. */
static double round_to(double v, double divisor)
{
    double out = max_f64(divisor, floor((v + divisor / 2.0) / divisor) * divisor);

    if (out < 0.9 * v)
        out += divisor;
    return out;
}

static cosim_status read_layer_lists(struct reading *r)
{
    const size_t n = (size_t)r->x.layers;
    const char *key = NULL;
    const json_t *heads = hf_get(&r->d, "num_query_heads", &key);
    const json_t *mult = hf_get(&r->d, "ffn_multipliers", &key);
    double divisor = 1.0;

    if (!heads || !json_is_array(heads))
        return COSIM_OK;
    TRY(hf_numbers(&r->d, "num_query_heads", n, ARCH_COUNT_MAX, &r->x.heads_of));
    TRY(hf_numbers(&r->d, "num_kv_heads", n, ARCH_COUNT_MAX, &r->x.kv_heads_of));
    if (!r->x.kv_heads_of)
        return hf_fail(&r->d, COSIM_ESYNTAX, "num_query_heads", "needs num_kv_heads beside it");
    TRY(hf_number(&r->d, "ffn_dim_divisor", ARCH_WIDTH_MAX, &divisor));
    if (!mult || !json_is_array(mult) || json_array_size(mult) != n || !(divisor >= 1.0))
        return hf_fail(&r->d, COSIM_ERANGE, "ffn_multipliers",
                       "is not a list of one number for each layer with a divisor");
    double *ff = ARENA_NEW(r->d.arena, double, n);
    if (!ff)
        return err_set(r->d.e, COSIM_ENOMEM, "out of memory for a list of layers");
    r->x.heads = r->x.kv_heads = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double m = json_number_value(json_array_get(mult, i));
        if (!(m > 0.0 && m <= 64.0))
            return hf_fail(&r->d, COSIM_ERANGE, "ffn_multipliers", "has a value out of range");
        ff[i] = round_to(m * r->x.m.d_model, divisor);
        r->x.heads = max_f64(r->x.heads_of[i], r->x.heads);
        r->x.kv_heads = max_f64(r->x.kv_heads_of[i], r->x.kv_heads);
    }
    r->x.d_ff_of = ff;
    r->x.d_ff = ff[n - 1];
    return COSIM_OK;
}

static cosim_status read_ffn(struct reading *r)
{
    double *d_ff = &r->x.d_ff;

    if (r->x.d_ff_of)
        return COSIM_OK;
    *d_ff = UNKNOWN_F64;
    TRY(hf_number(&r->d, "intermediate_size ffn_dim ffn_hidden_size n_inner", ARCH_WIDTH_MAX,
                  d_ff));
    if (is_known(*d_ff))
        return COSIM_OK;
    if (r->family->gated) {
        *d_ff = 0.0; /* a dense layer without a width is refused when the layers are laid out */
        return COSIM_OK;
    }
    *d_ff = 4.0 * r->x.m.d_model;
    return hf_assume(&r->d, "FFN width = 4 x hidden size");
}

static cosim_status read_sparse_layers(struct reading *r)
{
    const size_t n = (size_t)r->x.layers;
    const char *key = NULL;
    const json_t *freq = hf_get(&r->d, "moe_layer_freq", &key);
    const json_t *dense = hf_get(&r->d, "mlp_only_layers", &key);
    double step = 1.0;

    if (freq && json_is_array(freq))
        return hf_numbers(&r->d, "moe_layer_freq", n, 1.0, &r->x.is_moe_of);
    TRY(hf_number(&r->d, "moe_layer_freq decoder_sparse_step", ARCH_LAYERS_MAX, &step));
    if (!(step >= 1.0))
        return hf_fail(&r->d, COSIM_ERANGE, "decoder_sparse_step", "must be 1 or more");
    if (step == 1.0 && (!dense || json_array_size(dense) == 0))
        return COSIM_OK;
    double *moe = ARENA_NEW(r->d.arena, double, n);
    if (!moe)
        return err_set(r->d.e, COSIM_ENOMEM, "out of memory for a list of layers");
    for (size_t i = 0; i < n; i++)
        moe[i] = (double)i >= r->x.first_dense_layers && fmod((double)i + 1.0, step) == 0.0;
    for (size_t i = 0; dense && i < json_array_size(dense); i++) {
        const json_t *item = json_array_get(dense, i);
        const json_int_t at = json_is_integer(item) ? json_integer_value(item) : -1;
        if (at < 0 || (size_t)at >= n)
            return hf_fail(&r->d, COSIM_ERANGE, "mlp_only_layers",
                           "names a layer that is not there");
        moe[at] = 0.0;
    }
    r->x.is_moe_of = moe;
    return COSIM_OK;
}

static cosim_status read_experts(struct reading *r)
{
    struct arch *x = &r->x;
    double shared = 0.0;

    TRY(hf_number(&r->d, "num_experts num_local_experts n_routed_experts moe_num_experts",
                  ARCH_COUNT_MAX, &x->experts));
    if (!(x->experts > 0.0))
        return COSIM_OK;
    TRY(hf_number(&r->d,
                  "num_experts_per_tok num_experts_per_token experts_per_token moe_top_k "
                  "top_k_experts",
                  ARCH_COUNT_MAX, &x->active_experts));
    TRY(hf_number(&r->d, "moe_intermediate_size expert_intermediate_size", ARCH_WIDTH_MAX,
                  &x->d_expert));
    if (!(x->d_expert > 0.0)) {
        if (!r->family->expert_is_intermediate)
            return hf_fail(&r->d, COSIM_ESYNTAX, "moe_intermediate_size", "is missing");
        x->d_expert = x->d_ff;
    }
    TRY(hf_number(&r->d, "n_shared_experts num_shared_experts", ARCH_COUNT_MAX, &shared));
    x->d_shared_expert = shared * x->d_expert;
    TRY(hf_number(&r->d,
                  "shared_expert_intermediate_size shared_intermediate_size share_expert_dim "
                  "moe_shared_expert_intermediate_size",
                  ARCH_WIDTH_MAX, &x->d_shared_expert));
    TRY(hf_number(&r->d, "first_k_dense_replace", ARCH_LAYERS_MAX, &x->first_dense_layers));
    return read_sparse_layers(r);
}

/* "full_attention" and "sliding_attention" for each layer; anything else is another operator. */
static cosim_status read_layer_types(struct reading *r, const json_t *types, double window)
{
    const size_t n = (size_t)r->x.layers;
    double *of = ARENA_NEW(r->d.arena, double, n);

    if (!of)
        return err_set(r->d.e, COSIM_ENOMEM, "out of memory for a list of layers");
    if (!json_is_array(types) || json_array_size(types) != n)
        return hf_fail(&r->d, COSIM_ERANGE, "layer_types", "does not name every layer");
    for (size_t i = 0; i < n; i++) {
        const char *type = json_string_value(json_array_get(types, i));
        if (type && strcmp(type, "sliding_attention") == 0)
            of[i] = window;
        else if (!type || strcmp(type, "full_attention") != 0)
            r->x.m.unsupported = "a layer type other than full and sliding attention";
        if (of[i] == 0.0 && type && strcmp(type, "sliding_attention") == 0)
            return hf_fail(&r->d, COSIM_ESYNTAX, "layer_types", "needs sliding_window");
    }
    r->x.window_of = of;
    return COSIM_OK;
}

static cosim_status read_windows(struct reading *r)
{
    const char *key = NULL;
    const json_t *types = hf_get(&r->d, "layer_types", &key);
    double window = 0.0, first = 0.0, pattern = PATTERN_DEFAULT;
    bool use = false;

    TRY(hf_number(&r->d, "sliding_window", ARCH_CTX_MAX, &window));
    if (types)
        return read_layer_types(r, types, window);
    if (window == 0.0 || r->family->window == HF_WINDOW_NONE
        || window >= max_f64(0.0, r->x.m.max_ctx_tokens))
        return COSIM_OK;
    r->x.window_tokens = window;
    switch (r->family->window) {
    case HF_WINDOW_NONE:
    case HF_WINDOW_ALL:
        return COSIM_OK;
    case HF_WINDOW_1_1:
        r->x.local_layers = r->x.global_layers = 1.0;
        return hf_assume(&r->d, "windowed and global layers alternate");
    case HF_WINDOW_PATTERN:
        TRY(hf_number(&r->d, "sliding_window_pattern", ARCH_LAYERS_MAX, &pattern));
        if (!(pattern >= 1.0))
            return hf_fail(&r->d, COSIM_ERANGE, "sliding_window_pattern", "must be 1 or more");
        r->x.local_layers = pattern - 1.0;
        r->x.global_layers = 1.0;
        return hf_assume(&r->d, "the last layer of each sliding_window_pattern is global");
    case HF_WINDOW_FLAG:
        break;
    }
    r->x.window_tokens = 0.0;
    TRY(hf_flag(&r->d, "use_sliding_window", &use));
    if (!use)
        return COSIM_OK;
    TRY(hf_number(&r->d, "max_window_layers", ARCH_LAYERS_MAX, &first));
    double *of = ARENA_NEW(r->d.arena, double, (size_t)r->x.layers);
    if (!of)
        return err_set(r->d.e, COSIM_ENOMEM, "out of memory for a list of layers");
    for (size_t i = 0; i < (size_t)r->x.layers; i++)
        of[i] = (double)i >= first ? window : 0.0;
    r->x.window_of = of;
    return COSIM_OK;
}

/* What a family does by itself, unless a key says otherwise. */
static cosim_status read_habits(struct reading *r)
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

static void add_extras(struct reading *r)
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

static cosim_status find_family(struct reading *r, const char *type)
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

static cosim_status read_config(struct reading *r, const json_t *root)
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
    TRY(read_layer_lists(r));
    TRY(read_ffn(r));
    TRY(read_experts(r));
    TRY(read_windows(r));
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
    struct reading r = {
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
