/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan as the rules of llama-quantize --tensor-type-file: NAME=TYPE, NAME an ECMAScript regex
 * that is searched in the tensor's name, the first match wins; types as ggml spells them (q4_K).
 */
#include "api/allocate.h"

#include <ctype.h>
#include <string.h>

#define COUNT(x) (sizeof(x) / sizeof *(x))

/* Ids that ggml spells in another way than we do. */
static const struct {
    const char *id, *ggml;
} spelled[] = {
    { "bf16", "bf16" },   { "fp16", "f16" },         { "fp32", "f32" },
    { "mxfp4", "mxfp4" }, { "nvfp4-ggml", "nvfp4" },
};

/* "q4_K" of q4_k; NULL: ggml has no such type. */
static const char *ggml_type(struct arena *a, const struct format *f)
{
    for (size_t i = 0; i < COUNT(spelled); i++)
        if (strcmp(spelled[i].id, f->id) == 0)
            return spelled[i].ggml;
    if (strcmp(f->family, "gguf") != 0)
        return NULL;
    char *name = arena_strdup(a, f->id);
    const size_t n = name ? strlen(name) : 0;
    if (n > 2 && strcmp(name + n - 2, "_k") == 0)
        name[n - 1] = 'K';
    return name;
}

struct rules {
    struct allocation *al;
    const struct alloc_plan *plan;
    struct table *t;
    bool has[N_TENSORS]; /* the model has such tensors in its layers */
};

static int see(const struct model_tensor *mt, void *user)
{
    struct rules *r = user;

    if (mt->layer != SIZE_MAX)
        r->has[mt->tensor] = true;
    return 0;
}

/* "(0|1|5)" of the layers in which tensor t has format f, NULL when there are none. */
static const char *layers_of(const struct rules *r, size_t t, size_t f)
{
    struct allocation *al = r->al;
    const char *text = NULL;
    size_t n = 0;

    for (size_t i = 0; i < al->problem.n_groups; i++) {
        const struct allocate_group *g = &al->group[i];
        if (!(al->kind[g->kind].tensors & (1u << t)) || r->plan->choice[i] != f)
            continue;
        for (size_t l = g->first; l <= g->last; l++, n++)
            text = arena_printf(&al->arena, "%s%s%zu", text ? text : "", text ? "|" : "(", l);
    }
    if (n == al->model->n_layers)
        return "[0-9]+";
    return text ? arena_printf(&al->arena, "%s)", text) : NULL;
}

static cosim_status add_rule(struct rules *r, size_t t, size_t f, cosim_error *e)
{
    const struct format *format = r->al->format[f].format;
    const char *layers = layers_of(r, t, f);
    const char *type = ggml_type(&r->al->arena, format);
    size_t row;

    if (!layers)
        return COSIM_OK;
    if (!type) {
        const cosim_status st = err_set(e, COSIM_ENO, "'%s' is no type of llama.cpp", format->id);
        err_hint(e, "keep to its formats: --engine=llama.cpp");
        return st;
    }
    const char *rule = arena_printf(&r->al->arena, "^blk\\.%s\\.%s\\.weight$=%s", layers,
                                    tensor_gguf_name((enum tensor_id)t), type);
    if (!rule)
        return err_set(e, COSIM_ENOMEM, "out of memory for rules");
    TRY(table_add_row(r->t, &row, e));
    return table_set_str(r->t, row, 0, rule, e);
}

cosim_status allocate_table_llama(struct allocation *al, struct table **t, cosim_error *e)
{
    static const struct column columns[] = {
        { "rule", "", "a line of llama-quantize --tensor-type-file", CELL_STR },
    };
    struct alloc_plan plan;
    struct rules r = { .al = al, .plan = &plan };

    TRY(allocate_solve(al, &plan, e));
    TRY(table_new(t, "tensor types for llama-quantize", columns, COUNT(columns), e));
    r.t = *t;
    (void)model_each_tensor(al->model, see, &r);
    for (size_t k = 0; k < N_TENSORS; k++)
        for (size_t f = 0; r.has[k] && f < al->n_formats; f++)
            TRY(add_rule(&r, k, f, e));
    return table_note(
        *t, e,
        "llama-quantize --token-embedding-type bf16 --output-tensor-type bf16 "
        "--tensor-type-file FILE model-bf16.gguf plan.gguf Q8_0; a base of F16 or F32 "
        "would ignore the rules");
}
