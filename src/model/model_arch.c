/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model_arch.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

struct limit {
    const char *name;
    size_t offset; /* of a double in struct arch */
    double lo, hi;
};

#define LIMIT(name, member, lo, hi)                                                                \
    {                                                                                              \
        name, offsetof(struct arch, member), lo, hi                                                \
    }

static const struct limit limits[] = {
    LIMIT("layers", layers, 1, ARCH_LAYERS_MAX),
    LIMIT("d_model", m.d_model, 1, ARCH_WIDTH_MAX),
};

static const struct limit limits_of_computed[] = {
    LIMIT("vocab", m.vocab, 1, ARCH_VOCAB_MAX),
    LIMIT("heads", heads, 1, ARCH_COUNT_MAX),
    LIMIT("kv_heads", kv_heads, 1, ARCH_COUNT_MAX),
    LIMIT("head_dim", head_dim, 1, ARCH_COUNT_MAX),
    LIMIT("v_head_dim", v_head_dim, 1, ARCH_COUNT_MAX),
    LIMIT("d_ff", d_ff, 0, ARCH_WIDTH_MAX),
    LIMIT("experts", experts, 0, ARCH_COUNT_MAX),
    LIMIT("active_experts", active_experts, 0, ARCH_COUNT_MAX),
    LIMIT("d_expert", d_expert, 0, ARCH_WIDTH_MAX),
    LIMIT("d_shared_expert", d_shared_expert, 0, ARCH_WIDTH_MAX),
    LIMIT("first_dense_layers", first_dense_layers, 0, ARCH_LAYERS_MAX),
    LIMIT("window_tokens", window_tokens, 0, ARCH_CTX_MAX),
    LIMIT("local_layers", local_layers, 0, ARCH_LAYERS_MAX),
    LIMIT("global_layers", global_layers, 0, ARCH_LAYERS_MAX),
};

static cosim_status check_limits(const struct arch *x, const struct limit *limit, size_t n,
                                 const struct src_pos *at, cosim_error *e)
{
    for (size_t i = 0; i < n; i++) {
        double v;
        memcpy(&v, (const char *)x + limit[i].offset, sizeof v);
        if (!is_known(v))
            return err_at(e, COSIM_ESYNTAX, at, "model '%s': %s is missing", x->m.id,
                          limit[i].name);
        if (!(v >= limit[i].lo && v <= limit[i].hi) || v != floor(v))
            return err_at(e, COSIM_ERANGE, at, "model '%s': %s is %g, want a whole number %g to %g",
                          x->m.id, limit[i].name, v, limit[i].lo, limit[i].hi);
    }
    return COSIM_OK;
}

static bool is_moe(const struct arch *x, size_t i)
{
    if (!(x->experts > 0.0))
        return false;
    return x->is_moe_of ? x->is_moe_of[i] > 0.0 : (double)i >= x->first_dense_layers;
}

static double window(const struct arch *x, size_t i)
{
    if (x->window_of)
        return x->window_of[i];
    if (!(x->global_layers > 0.0))
        return x->window_tokens;
    const double at = fmod((double)i, x->local_layers + x->global_layers);
    return at < x->local_layers ? x->window_tokens : 0.0;
}

static cosim_status check_layer(const struct arch *x, const struct layer *l, size_t i,
                                const struct src_pos *at, cosim_error *e)
{
    const char *problem = NULL;

    if (!(l->n_kv_heads >= 1.0) || fmod(l->n_heads, l->n_kv_heads) != 0.0)
        problem = "heads are no multiple of kv_heads";
    else if (l->n_experts > 0.0
             && (!(l->n_active_experts >= 1.0) || l->n_active_experts > l->n_experts))
        problem = "active experts must lie between 1 and the experts";
    else if (l->n_experts > 0.0 && !(l->d_expert >= 1.0))
        problem = "the width of an expert is missing";
    else if (!(l->n_experts > 0.0) && !(l->d_ff >= 1.0))
        problem = "the width of the FFN is missing";
    if (problem)
        return err_at(e, COSIM_ERANGE, at, "model '%s', layer %zu: %s", x->m.id, i, problem);
    return COSIM_OK;
}

static struct layer make_layer(const struct arch *x, size_t i)
{
    struct layer l;

    memset(&l, 0, sizeof l); /* layers are compared byte for byte */
    l.mixer = MIXER_ATTENTION;
    l.n_heads = x->heads_of ? x->heads_of[i] : x->heads;
    l.n_kv_heads = x->kv_heads_of ? x->kv_heads_of[i] : x->kv_heads;
    l.head_dim = x->head_dim;
    l.v_head_dim = x->v_head_dim;
    l.window_tokens = window(x, i);
    if (is_moe(x, i)) {
        l.n_experts = x->experts;
        l.n_active_experts = x->active_experts;
        l.d_expert = x->d_expert;
        l.d_shared_expert = x->d_shared_expert;
    } else {
        l.d_ff = x->d_ff_of ? x->d_ff_of[i] : x->d_ff;
    }
    return l;
}

cosim_status arch_to_model(const struct arch *x, struct model *m, const struct src_pos *at,
                           struct arena *a, cosim_error *e)
{
    *m = x->m;
    TRY(check_limits(x, limits, sizeof limits / sizeof *limits, at, e));
    m->n_layers = (size_t)x->layers;
    m->n_params = m->n_active_params = UNKNOWN_F64;
    if (m->unsupported)
        return COSIM_OK;
    TRY(check_limits(x, limits_of_computed, sizeof limits_of_computed / sizeof *limits_of_computed,
                     at, e));
    struct layer *layer = ARENA_NEW(a, struct layer, m->n_layers);
    if (!layer)
        return err_set(e, COSIM_ENOMEM, "out of memory for model '%s'", m->id);
    for (size_t i = 0; i < m->n_layers; i++) {
        layer[i] = make_layer(x, i);
        TRY(check_layer(x, &layer[i], i, at, e));
    }
    m->layer = layer;
    m->n_params = model_count_params(m);
    m->n_active_params = model_count_active_params(m);
    return COSIM_OK;
}
