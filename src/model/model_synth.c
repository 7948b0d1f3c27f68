/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model_synth.h"

#include "core/num.h"
#include "model/model_arch.h"

#include <math.h>
#include <stdio.h>

/* Widths come from ratios (4864/896): a width this near to a whole number is one. */
#define WHOLE_TOLERANCE 1e-9

static bool is_moe(const struct model_shape *s)
{
    return s->experts > 1.0;
}

double model_shape_heads(const struct model_shape *s)
{
    return s->heads > 0.0 ? s->heads : s->d_model / s->head_dim;
}

double model_shape_expert_width(const struct model_shape *s)
{
    return s->ffn_ratio * s->d_model / (is_moe(s) ? s->active_experts : 1.0);
}

static bool is_whole(double v)
{
    return fabs(v - round(v)) <= WHOLE_TOLERANCE * fabs(v);
}

const char *model_shape_problem(const struct model_shape *s, char buffer[160])
{
    const double heads = model_shape_heads(s);
    const struct {
        const char *name;
        double value, hi;
    } whole[] = {
        { "layers", s->layers, ARCH_LAYERS_MAX },
        { "width", s->d_model, ARCH_WIDTH_MAX },
        { "head size", s->head_dim, ARCH_COUNT_MAX },
        { "heads (width / head size)", heads, ARCH_COUNT_MAX },
        { "query heads per KV head", s->gqa, ARCH_COUNT_MAX },
        { "KV heads (heads / query heads per KV head)", heads / s->gqa, ARCH_COUNT_MAX },
        { "experts", is_moe(s) ? s->experts : 1.0, ARCH_COUNT_MAX },
        { "active experts", is_moe(s) ? s->active_experts : 1.0, is_moe(s) ? s->experts : 1.0 },
        { "FFN width of an expert (width x FFN ratio / active experts)",
          model_shape_expert_width(s), ARCH_WIDTH_MAX },
        { "vocabulary", s->vocab, ARCH_VOCAB_MAX },
        { "context", s->max_ctx_tokens, ARCH_CTX_MAX },
    };

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        const double v = whole[i].value;
        if (v >= 1.0 && v <= whole[i].hi && is_whole(v))
            continue;
        (void)snprintf(buffer, 160, "%s: %.6g, want a whole number 1 to %g", whole[i].name, v,
                       whole[i].hi);
        return buffer;
    }
    return NULL;
}

static char *make_id(const struct model_shape *s, struct arena *a)
{
    char experts[48] = "", id[192];

    if (is_moe(s))
        (void)snprintf(experts, sizeof experts, "-e%.0fk%.0f", s->experts, s->active_experts);
    (void)snprintf(id, sizeof id, "synth-l%.0f-d%.0f-h%.0f-r%.6g-g%.0f%s-v%.0f%s", s->layers,
                   s->d_model, s->head_dim, s->ffn_ratio, s->gqa, experts, s->vocab,
                   s->tied_embeddings ? "" : "-untied");
    return arena_strdup(a, id);
}

cosim_status model_synth(struct model *m, const struct model_shape *s, struct arena *a,
                         cosim_error *e)
{
    char buffer[160];
    const char *problem = model_shape_problem(s, buffer);

    if (problem)
        return err_set(e, COSIM_ERANGE, "no such architecture: %s", problem);
    const char *id = make_id(s, a);
    if (!id)
        return err_set(e, COSIM_ENOMEM, "out of memory for a model");
    const double heads = round(model_shape_heads(s)), ffn = round(model_shape_expert_width(s));
    const struct arch x = {
        .m = { .id = id,
               .name = id,
               .family = is_moe(s) ? "mixtral" : "llama",
               .activation = "silu",
               .source = "made up from its shape",
               .d_model = s->d_model,
               .vocab = s->vocab,
               .max_ctx_tokens = s->max_ctx_tokens,
               .gated_ffn = true,
               .tied_embeddings = s->tied_embeddings,
               .norms_per_layer = 2.0,
               .n_params_published = UNKNOWN_F64,
               .n_active_params_published = UNKNOWN_F64 },
        .layers = s->layers,
        .heads = heads,
        .kv_heads = round(heads / s->gqa),
        .head_dim = s->head_dim,
        .v_head_dim = s->head_dim,
        .d_ff = is_moe(s) ? 0.0 : ffn,
        .experts = is_moe(s) ? s->experts : 0.0,
        .active_experts = is_moe(s) ? s->active_experts : 0.0,
        .d_expert = is_moe(s) ? ffn : 0.0,
    };
    const struct src_pos at = { 0 };

    return arch_to_model(&x, m, &at, a, e);
}
