/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Candidate formats, and the groups of tensors that choose among them. */
#include "api/allocate.h"

#include "core/num.h"
#include "core/text.h"

#include <string.h>

#define BIT(t) (1u << (unsigned)TENSOR_##t)

/* What engines run as one product, so one format each: q/k/v, gate/up, all experts of a layer. */
static const struct allocate_kind fused[] = {
    { "attn_qkv", BIT(ATTN_Q) | BIT(ATTN_K) | BIT(ATTN_V) },
    { "attn_out", BIT(ATTN_OUT) },
    { "ffn_gate_up", BIT(FFN_GATE) | BIT(FFN_UP) },
    { "ffn_down", BIT(FFN_DOWN) },
    { "experts", BIT(EXP_GATE) | BIT(EXP_UP) | BIT(EXP_DOWN) },
    { "shexp_gate_up", BIT(SHEXP_GATE) | BIT(SHEXP_UP) },
    { "shexp_down", BIT(SHEXP_DOWN) },
};

static const struct allocate_kind single[] = {
    { "attn_q", BIT(ATTN_Q) },         { "attn_k", BIT(ATTN_K) },
    { "attn_v", BIT(ATTN_V) },         { "attn_out", BIT(ATTN_OUT) },
    { "ffn_gate", BIT(FFN_GATE) },     { "ffn_up", BIT(FFN_UP) },
    { "ffn_down", BIT(FFN_DOWN) },     { "exp_gate", BIT(EXP_GATE) },
    { "exp_up", BIT(EXP_UP) },         { "exp_down", BIT(EXP_DOWN) },
    { "shexp_gate", BIT(SHEXP_GATE) }, { "shexp_up", BIT(SHEXP_UP) },
    { "shexp_down", BIT(SHEXP_DOWN) },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

/* --- candidates ------------------------------------------------------------------------------ */

static bool is_recipe(const struct allocation *al, const char *name)
{
    const char *recipe;

    for (size_t i = 0; (recipe = scheme_recipe_name(&al->c->schemes, i)) != NULL; i++)
        if (text_equal_nocase(recipe, name))
            return true;
    return false;
}

static cosim_status add_candidate(struct allocation *al, const struct format *f,
                                  const struct src_pos *at, cosim_error *e)
{
    for (size_t i = 0; i < al->n_formats; i++)
        if (al->format[i].format == f)
            return COSIM_OK;
    if (al->n_formats == ALLOCATE_FORMATS_MAX)
        return err_at(e, COSIM_ERANGE, at, "more than %u formats", ALLOCATE_FORMATS_MAX);
    al->format[al->n_formats++] = (struct allocate_format){ .format = f };
    return COSIM_OK;
}

static cosim_status named_candidate(struct allocation *al, const struct list_walk *w,
                                    cosim_error *e)
{
    const struct format *f = NULL;
    cosim_error own = { 0 };
    cosim_status st;

    if (strchr(w->token, '+')) {
        st = err_at(e, COSIM_ERANGE, &w->at, "'%.60s' is a scheme, not a format", w->token);
        err_hint(e, "name plain formats; which tensor gets which is what is computed");
        return st;
    }
    st = format_find(&al->c->formats, w->token, ROLE_W, &f, &own);
    if (st == COSIM_OK)
        return add_candidate(al, f, &w->at, e);
    if (st == COSIM_EUNKNOWN && is_recipe(al, w->token)) {
        st = err_at(e, COSIM_ERANGE, &w->at, "'%s' is a recipe: a mixture already", w->token);
        err_hint(e, "name plain formats such as q4_k,q6_k; 'cosim list formats' shows all");
        return st;
    }
    st = err_at(e, st, &w->at, "%s", own.msg);
    if (own.hint[0])
        err_hint(e, "%s", own.hint);
    return st;
}

/* A measured number of "q4_k_m" or of the file type "q2_k" is one of a mixture. It counts for the
 * plain format only when the recipe of that name gives every allocated tensor that very format. */
struct same_format {
    const struct scheme *scheme;
    struct scheme_context context;
    const struct format_db *formats;
    const struct format *want;
};

static int differs(const struct model_tensor *mt, void *user)
{
    const struct same_format *s = user;
    const struct scheme_tensor t = { (enum tensor_id)mt->tensor, mt->layer, mt->row_elems,
                                     mt->n_rows };

    for (size_t i = 0; i < COUNT(fused); i++)
        if (fused[i].tensors & (1u << (unsigned)mt->tensor))
            return scheme_format(s->scheme, &s->context, &t)
                   != format_for_row(s->formats, s->want, mt->row_elems);
    return 0;
}

static bool measured_as_plain(struct allocation *al, const struct format *f)
{
    const struct model *m = al->model;
    struct same_format s = {
        .context = { m->n_layers, m->layer[0].n_heads, m->layer[0].n_kv_heads,
                     m->layer[m->n_layers - 1].n_experts, m->n_params, m->tied_embeddings },
        .formats = &al->c->formats,
        .want = f,
    };

    if (!is_recipe(al, f->id))
        return true;
    return scheme_parse(&al->c->schemes, f->id, &s.scheme, &al->arena, NULL) == COSIM_OK
           && model_each_tensor(m, differs, &s) == 0;
}

static cosim_status look_up(struct allocation *al, struct allocate_format *f, cosim_error *e)
{
    const struct kv_formats *kv = &al->r.space.kv[0];
    struct quality q;

    quality_lookup(al->r.quality, al->model->id, f->format->id, al->r.space.a[0]->id,
                   scheme_text(kv->k), scheme_text(kv->v), &q);
    const bool plain = !is_known(q.ppl_increase_ratio) || measured_as_plain(al, f->format);
    f->measured_nats = plain ? log1p(q.ppl_increase_ratio) - al->cache_nats : UNKNOWN_F64;
    f->proxy = q.proxy;
    f->uncertain = q.uncertain;
    f->quality_doc = arena_strdup(&al->arena, plain ? q.doc : "measured as a mixture only");
    return f->quality_doc ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for formats");
}

static cosim_status measured_candidates(struct allocation *al, cosim_error *e)
{
    const struct src_pos none = { NULL, 0, 0 };

    for (size_t i = 0; i < al->c->formats.n; i++) {
        struct allocate_format f = { .format = &al->c->formats.format[i] };
        if (!(f.format->roles & ROLE_W) || strcmp(f.format->id, "fp16") == 0
            || strcmp(f.format->id, "fp32") == 0)
            continue; /* three names of the same loss: bf16 stands for them */
        TRY(look_up(al, &f, e));
        if (is_known(f.measured_nats) && !f.uncertain)
            TRY(add_candidate(al, f.format, &none, e));
    }
    if (al->n_formats > 1)
        return COSIM_OK;
    const cosim_status st =
        err_set(e, COSIM_EUSAGE, "no format was measured on '%s'", al->model->id);
    err_hint(e, "name the candidates with --w, and give --sensitivity or --training-tokens");
    return st;
}

cosim_status allocate_candidates(struct allocation *al, cosim_error *e)
{
    struct list_walk w = { .list = al->study->value[STUDY_W] };
    const struct kv_formats *kv = &al->r.space.kv[0];
    struct quality cache;
    cosim_status st = COSIM_OK;

    /* the same for every plan: taken off here, added to every total */
    quality_lookup(al->r.quality, al->model->id, "bf16", "bf16", scheme_text(kv->k),
                   scheme_text(kv->v), &cache);
    al->cache_nats = is_known(cache.ppl_increase_ratio) ? log1p(cache.ppl_increase_ratio) : 0.0;
    if (!w.list.text)
        TRY(measured_candidates(al, e));
    while (w.list.text && list_next(&w, &st, e))
        TRY(named_candidate(al, &w, e));
    TRY(st);
    for (size_t i = 0; i < al->n_formats; i++)
        TRY(look_up(al, &al->format[i], e));
    return COSIM_OK;
}

/* --- groups ---------------------------------------------------------------------------------- */

struct by {
    bool tensor, layer;
};

static cosim_status read_by(const struct allocation *al, struct by *by, cosim_error *e)
{
    struct list_walk w = { .list = { .text = al->o->by ? al->o->by : "tensor,layer" } };
    cosim_status st;

    w.list.at = (struct src_pos){ "--by", 0, 0 };
    *by = (struct by){ false, false };
    while (list_next(&w, &st, e)) {
        if (strcmp(w.token, "tensor") == 0)
            by->tensor = true;
        else if (strcmp(w.token, "layer") == 0)
            by->layer = true;
        else
            return err_at(e, COSIM_EUSAGE, &w.at, "'%.40s' is neither tensor nor layer", w.token);
    }
    return st;
}

/* Weights of each tensor class in each layer. */
struct counting {
    const struct allocation *al;
    double *weights; /* [layer][kind] */
};

static int count(const struct model_tensor *mt, void *user)
{
    struct counting *k = user;

    if (mt->layer == SIZE_MAX)
        return 0;
    for (size_t i = 0; i < k->al->n_kinds; i++)
        if (k->al->kind[i].tensors & (1u << (unsigned)mt->tensor))
            k->weights[mt->layer * k->al->n_kinds + i] += mt->row_elems * mt->n_rows;
    return 0;
}

static const char *group_name(struct allocation *al, const struct allocate_group *g)
{
    if (g->first == 0 && g->last + 1 == al->model->n_layers)
        return al->kind[g->kind].name;
    if (g->first == g->last)
        return arena_printf(&al->arena, "%s@%zu", al->kind[g->kind].name, g->first);
    return arena_printf(&al->arena, "%s@%zu-%zu", al->kind[g->kind].name, g->first, g->last);
}

static cosim_status make_groups(struct allocation *al, const double *weights, size_t block,
                                cosim_error *e)
{
    const size_t n_layers = al->model->n_layers, n_blocks = (n_layers + block - 1) / block;
    struct allocate_group *group =
        ARENA_NEW(&al->arena, struct allocate_group, n_blocks * al->n_kinds);
    struct alloc_group *out = ARENA_NEW(&al->arena, struct alloc_group, n_blocks * al->n_kinds);
    size_t n = 0;

    if (!group || !out)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu groups", n_blocks * al->n_kinds);
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t k = 0; k < al->n_kinds; k++) {
            const size_t first = b * block, end = first + block;
            struct allocate_group g = { k, first, (end < n_layers ? end : n_layers) - 1, 0.0 };
            for (size_t i = g.first; i <= g.last; i++)
                g.n_weights += weights[i * al->n_kinds + k];
            if (!(g.n_weights > 0.0))
                continue; /* these layers have no such tensors */
            al->n_weights += g.n_weights;
            out[n].name = group_name(al, &g);
            if (!out[n].name)
                return err_set(e, COSIM_ENOMEM, "out of memory for names");
            group[n++] = g;
        }
    al->group = group;
    al->problem.group = out;
    al->problem.n_groups = n;
    return COSIM_OK;
}

cosim_status allocate_list_groups(struct allocation *al, cosim_error *e)
{
    const struct allocate_kind *from = al->o->split ? single : fused;
    const size_t n_from = al->o->split ? COUNT(single) : COUNT(fused);
    struct by by;

    TRY(read_by(al, &by, e));
    if (al->o->blocks && !by.layer)
        return err_set(e, COSIM_EUSAGE, "'--blocks' needs groups by layer");
    if (al->o->split && !by.tensor)
        return err_set(e, COSIM_EUSAGE, "'--split' needs groups by tensor");
    for (size_t i = 0; i < n_from; i++) {
        if (by.tensor)
            al->kind[al->n_kinds++] = from[i];
        else
            al->kind[0].tensors |= from[i].tensors;
    }
    if (!by.tensor) {
        al->kind[0].name = "layer";
        al->n_kinds = 1;
    }
    const size_t n_layers = al->model->n_layers;
    struct counting k = { al, ARENA_NEW(&al->arena, double, n_layers * al->n_kinds) };
    if (!k.weights)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu layers", n_layers);
    (void)model_each_tensor(al->model, count, &k);
    return make_groups(al, k.weights,
                       !by.layer            ? n_layers
                       : al->o->blocks == 0 ? 1
                                            : (size_t)al->o->blocks,
                       e);
}
