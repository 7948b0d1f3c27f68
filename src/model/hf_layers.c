/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What differs from layer to layer: widths, experts, windows. */
#include "model/hf.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

#define PATTERN_DEFAULT 6.0 /* Gemma 3: five windowed layers, then a global one */

/* OpenELM: every layer has its own heads and FFN width, rounded to a divisor. */
static double round_to(double v, double divisor)
{
    double out = max_f64(divisor, floor((v + divisor / 2.0) / divisor) * divisor);

    if (out < 0.9 * v)
        out += divisor;
    return out;
}

cosim_status hf_read_layer_lists(struct hf_reading *r)
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

cosim_status hf_read_ffn(struct hf_reading *r)
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

static cosim_status read_sparse_layers(struct hf_reading *r)
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

cosim_status hf_read_experts(struct hf_reading *r)
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
static cosim_status read_layer_types(struct hf_reading *r, const json_t *types, double window)
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

cosim_status hf_read_windows(struct hf_reading *r)
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
