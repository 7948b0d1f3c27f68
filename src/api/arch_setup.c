/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Axes, the reference and the budgets of a study of architectures. */
#include "api/arch.h"
#include "api/arch_keys.h"

#include "core/num.h"
#include "core/text.h"
#include "law/codesign.h"

#include <stdlib.h>
#include <string.h>

/* --- lists ---------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Whole numbers, ascending, each once. */
static cosim_status sorted_numbers(const struct setting *s, double lo, double hi,
                                   const double **out, size_t *n, struct arena *a, cosim_error *e)
{
    double *v = NULL;
    size_t kept = 0;

    TRY(list_numbers(s, lo, hi, &v, n, a, e));
    qsort(v, *n, sizeof *v, compare_numbers);
    for (size_t i = 0; i < *n; i++)
        if (kept == 0 || v[i] > v[kept - 1])
            v[kept++] = v[i];
    *n = kept;
    *out = v;
    return COSIM_OK;
}

static cosim_status read_experts(struct arch_study *s, const struct setting *list, cosim_error *e)
{
    double *all = NULL, *active = NULL;

    TRY(list_pairs(list, 65536, &all, &active, &s->axes.n_experts, &s->arena, e));
    struct arch_experts *v = ARENA_NEW(&s->arena, struct arch_experts, s->axes.n_experts);
    if (!v)
        return err_set(e, COSIM_ENOMEM, "out of memory for a study");
    for (size_t i = 0; i < s->axes.n_experts; i++)
        v[i] = (struct arch_experts){ all[i], active[i] };
    s->axes.experts = v;
    return COSIM_OK;
}

/* The list of a shape that the study gives, else what a search over architectures takes. */
static struct setting shape_list(const struct study *s, enum study_key key)
{
    struct setting v = s->value[key];

    if (v.text)
        return v;
    switch (key) {
#define SHAPE_DEFAULT(id, def)                                                                     \
    case STUDY_##id:                                                                               \
        v.text = def;                                                                              \
        break;
        ARCH_SHAPE_LIST(SHAPE_DEFAULT)
#undef SHAPE_DEFAULT
    default:
        break;
    }
    v.at = (struct src_pos){ study_key_table[key].key, 0, 0 };
    return v;
}

static cosim_status read_vocab(struct arch_study *s, const struct setting *text, cosim_error *e)
{
    if (text->text)
        return sorted_numbers(text, 1, 16777216, &s->axes.vocab, &s->axes.n_vocab, &s->arena, e);
    s->axes.vocab = &s->reference->vocab;
    s->axes.n_vocab = 1;
    return COSIM_OK;
}

static cosim_status read_axes(struct arch_study *s, const struct study *study, cosim_error *e)
{
    const struct setting layers = shape_list(study, STUDY_LAYERS),
                         width = shape_list(study, STUDY_WIDTH), gqa = shape_list(study, STUDY_GQA),
                         ratio = shape_list(study, STUDY_FFN_RATIO),
                         experts = shape_list(study, STUDY_EXPERTS),
                         vocab = shape_list(study, STUDY_VOCAB);
    struct arch_axes *x = &s->axes;
    double *ratios = NULL;

    TRY(sorted_numbers(&layers, 1, 4096, &x->layers, &x->n_layers, &s->arena, e));
    TRY(sorted_numbers(&width, 1, 1048576, &x->width, &x->n_width, &s->arena, e));
    TRY(sorted_numbers(&gqa, 1, 65536, &x->gqa, &x->n_gqa, &s->arena, e));
    TRY(list_reals(&ratio, 1e-3, 1e3, &ratios, &x->n_ffn_ratio, &s->arena, e));
    x->ffn_ratio = ratios;
    TRY(read_experts(s, &experts, e));
    return read_vocab(s, &vocab, e);
}

/* --- what all designs share ------------------------------------------------------------------- */

static cosim_status one_value_each(const struct arch_study *s, cosim_error *e)
{
    for (int a = 0; a < N_AXES; a++)
        if (s->r.space.n[a] != 1 && a != AXIS_W && a != AXIS_KV && a != AXIS_A)
            return err_set(e, COSIM_EUSAGE,
                           "'%s' has %zu values: an architecture is searched for "
                           "one device and one request",
                           axis_name((enum axis)a), s->r.space.n[a]);
    return COSIM_OK;
}

static cosim_status read_shape(struct arch_study *s, const struct arch_given *g, cosim_error *e)
{
    const struct space *x = &s->r.space;
    const struct setting *head = &g->key[KEY_HEAD_DIM];
    const double tokens = x->number[AXIS_PROMPT][0] + x->number[AXIS_OUTPUT][0];
    uint64_t head_dim = 0;

    s->shape = (struct model_shape){ .head_dim = s->reference->layer[0].head_dim,
                                     .max_ctx_tokens = max_f64(tokens, 1.0),
                                     .tied_embeddings = s->reference->tied_embeddings };
    if (is_known(s->reference->max_ctx_tokens))
        s->shape.max_ctx_tokens = max_f64(tokens, s->reference->max_ctx_tokens);
    if (!head->text)
        return COSIM_OK;
    TRY(setting_u64(head, 1, 65536, &head_dim, e));
    s->shape.head_dim = (double)head_dim;
    return COSIM_OK;
}

static cosim_status make_precisions(struct arch_study *s, cosim_error *e)
{
    const struct space *x = &s->r.space;
    const size_t n = x->n[AXIS_W] * x->n[AXIS_KV] * x->n[AXIS_A];
    struct arch_precision *p = ARENA_NEW(&s->arena, struct arch_precision, n);

    if (!p)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu precisions", n);
    for (size_t i = 0; i < n; i++) {
        p[i].a = i % x->n[AXIS_A];
        p[i].kv = i / x->n[AXIS_A] % x->n[AXIS_KV];
        p[i].w = i / x->n[AXIS_A] / x->n[AXIS_KV];
        p[i].w_name = scheme_text(x->w[p[i].w]);
        p[i].kv_name = x->kv[p[i].kv].label;
        p[i].a_name = x->a[p[i].a]->id;
        TRY(arch_quality_of(&p[i], s, &s->arena, e));
    }
    s->precision = p;
    s->axes.n_precisions = n;
    return COSIM_OK;
}

/* Points are counted in doubles by readers of CSV and JSON: stay exact there. */
#define DESIGNS_MAX 9007199254740992.0

static cosim_status count_designs(const struct arch_study *s, cosim_error *e)
{
    const struct arch_axes *x = &s->axes;
    const double n = (double)x->n_layers * (double)x->n_width * (double)x->n_ffn_ratio
                     * (double)x->n_gqa * (double)x->n_experts * (double)x->n_vocab
                     * (double)x->n_precisions;

    return n <= DESIGNS_MAX ? COSIM_OK
                            : err_set(e, COSIM_ERANGE, "more than 2^53 designs: give fewer values");
}

static cosim_status read_against(struct arch_study *s, const struct setting *list, cosim_error *e)
{
    struct list_walk w = { .list = *list };
    cosim_status st;

    while (list_next(&w, &st, e)) {
        const enum metric m = metric_find(w.token);
        if (m == N_METRICS) {
            st = err_at(e, COSIM_EUNKNOWN, &w.at, "unknown metric '%s'", w.token);
            err_hint(e, "see 'cosim list objectives'");
            return st;
        }
        for (size_t i = 0; i < s->n_against; i++)
            if (s->against[i] == m)
                return err_at(e, COSIM_ESYNTAX, &w.at, "'%s' is given twice", w.token);
        if (s->n_against == SWEEP_OBJECTIVES_MAX)
            return err_at(e, COSIM_ERANGE, &w.at, "more than %u metrics", SWEEP_OBJECTIVES_MAX);
        s->against[s->n_against++] = m;
    }
    return st;
}

/* --- the reference and the budgets -------------------------------------------------------------
 */

/* Means over its layers, should they differ. */
static struct arch_design design_of(const struct model *m, double *kv_width)
{
    struct arch_design a = { .layers = (double)m->n_layers,
                             .width = m->d_model,
                             .vocab = m->vocab };
    double ffn = 0.0, kv = 0.0, heads = 0.0, kv_heads = 0.0, experts = 0.0, active = 0.0;

    for (size_t i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layer[i];
        const bool moe = l->n_experts > 0.0;
        ffn += l->d_ff + l->d_shared_expert + l->n_active_experts * l->d_expert;
        kv += l->n_kv_heads * l->head_dim;
        heads += l->n_heads;
        kv_heads += l->n_kv_heads;
        experts += moe ? l->n_experts : 1.0;
        active += moe ? l->n_active_experts : 1.0;
    }
    a.ffn_ratio = ffn / a.layers / m->d_model;
    a.gqa = heads / kv_heads;
    a.experts = experts / a.layers;
    a.active_experts = active / a.layers;
    *kv_width = kv / a.layers;
    return a;
}

static double law_of_reference(const struct arch_study *s)
{
    const struct arch_design *a = &s->reference_point.arch;
    const double x[CODESIGN_INPUTS] = {
        [CODESIGN_IN_LAYERS] = a->layers,
        [CODESIGN_IN_WIDTH] = a->width,
        [CODESIGN_IN_FFN_RATIO] = a->ffn_ratio,
        [CODESIGN_IN_ACTIVE_RATIO] = a->active_experts / a->experts,
        [CODESIGN_IN_KV_WIDTH] = s->reference_kv_width,
    };

    return law_codesign.value(x, law_codesign.constants[0].p, NULL);
}

static cosim_status price_reference(struct arch_study *s, cosim_error *e)
{
    struct arch_point *p = &s->reference_point;
    struct arch_facts *f = &s->reference_facts;
    struct arch_engine g;

    *p = (struct arch_point){ .arch = design_of(s->reference, &s->reference_kv_width),
                              .binding = ARCH_NO_BUDGET };
    arch_engine_init(&g, s);
    const cosim_status st = arch_engine_model(&g, s->reference, &s->precision[0], f, e);
    arch_engine_release(&g);
    TRY(st);
    if (f->impossible)
        return err_set(e, COSIM_ENO, "'%s' has no costs on this device: %s", s->reference->id,
                       reject_doc(f->reject));
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        p->cost.value[i] = f->metric[arch_metric[i]];
    p->cost.added_loss = f->added_loss;
    p->loss = law_of_reference(s) + f->added_loss;
    return COSIM_OK;
}

static cosim_status no_budget(const char *name, const struct src_pos *at, cosim_error *e)
{
    const cosim_status st = err_at(e, COSIM_EUSAGE, at, "'%s' can be no budget here", name);

    err_hint(e, "budgets: --max of ttft_s, tpot_s, e2e_s, memory_bytes, j_per_token, "
                "usd_per_mtok, carbon_g_per_mtok");
    return st;
}

static size_t budget_of(enum metric m)
{
    size_t i = 0;

    while (i < N_ARCH_METRICS && arch_metric[i] != m)
        i++;
    return i;
}

static void lower(struct arch_study *s, size_t i, double max, const char *from)
{
    if (!is_known(s->max[i]) || max < s->max[i]) {
        s->max[i] = max;
        s->max_from[i] = from;
    }
}

static cosim_status read_limits(struct arch_study *s, cosim_error *e)
{
    static const struct src_pos at = { "--max", 0, 0 };

    for (size_t i = 0; i < s->r.request.n_limits; i++) {
        const struct sweep_limit *l = &s->r.request.limit[i];
        const size_t b = budget_of(l->metric);
        if (b == N_ARCH_METRICS || l->sense < 0)
            return no_budget(metric_table[l->metric].name, &at, e);
        if (!(l->bound > 0.0))
            return err_at(e, COSIM_ERANGE, &at, "the budget of %s must be above 0",
                          metric_table[l->metric].name);
        lower(s, b, l->bound, "asked for");
    }
    return COSIM_OK;
}

static cosim_status same_as_reference(struct arch_study *s, const struct setting *list,
                                      cosim_error *e)
{
    struct list_walk w = { .list = *list };
    cosim_status st;

    while (list_next(&w, &st, e)) {
        const size_t b = budget_of(metric_find(w.token));
        if (strcmp(w.token, "none") == 0)
            continue;
        if (b == N_ARCH_METRICS)
            return no_budget(w.token, &w.at, e);
        const double max = s->reference_facts.metric[arch_metric[b]];
        if (!is_known(max))
            return err_at(e, COSIM_ENO, &w.at, "%s of '%s' is not known on this device", w.token,
                          s->reference->id);
        lower(s, b, max, arena_printf(&s->arena, "of %s", s->reference->id));
    }
    return st;
}

static cosim_status read_budgets(struct arch_study *s, const struct arch_given *g, cosim_error *e)
{
    const double usable = s->r.space.rates[0].rate[RATE_MEM_USABLE_BYTES].value;
    const struct setting latency = { "e2e_s", { "--same", 0, 0 } };
    struct arch_engine unused;

    TRY(read_limits(s, e));
    const bool timed =
        is_known(s->max[ARCH_TTFT]) || is_known(s->max[ARCH_TPOT]) || is_known(s->max[ARCH_E2E]);
    if (g->key[KEY_SAME].text)
        TRY(same_as_reference(s, &g->key[KEY_SAME], e));
    else if (!timed)
        TRY(same_as_reference(s, &latency, e));
    lower(s, ARCH_MEMORY, usable, "usable memory of the device");
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        if (is_known(s->max[i]) && !is_known(s->reference_point.cost.value[i]))
            return err_set(e, COSIM_ENO, "%s is not known on this device",
                           metric_table[arch_metric[i]].name);
    arch_engine_init(&unused, s);
    const struct arch_search q = arch_search_of(s, &unused);
    arch_judge(&s->reference_point, &q);
    return COSIM_OK;
}

cosim_status arch_study_open(struct arch_study *s, cosim *c, const struct study *study,
                             const struct arch_given *g, cosim_error *e)
{
    struct study copy = study_plain(study);

    memset(s, 0, sizeof *s);
    if (g->key[KEY_LIKE].text && copy.value[STUDY_MODEL].text)
        return err_set(e, COSIM_EUSAGE, "--like and --model name the same thing: give one");
    if (g->key[KEY_LIKE].text)
        copy.value[STUDY_MODEL] = g->key[KEY_LIKE];
    if (copy.value[STUDY_OBJECTIVES].text)
        return err_set(e, COSIM_EUSAGE,
                       "the loss is the objective; --against names what it is "
                       "traded for");
    if (copy.value[STUDY_COMPAT].text)
        return err_set(e, COSIM_EUSAGE, "--compat belongs to estimate and explain");
    if (!copy.value[STUDY_MODEL].text)
        copy.value[STUDY_MODEL] = (struct setting){ ARCH_REFERENCE_DEFAULT, { "--like", 0, 0 } };
    TRY(resolve(&s->r, c, &copy, e));
    TRY(one_value_each(s, e));
    s->reference = s->r.space.model[0];
    s->trained = g->trained;
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        s->max[i] = UNKNOWN_F64;
    TRY(read_against(s, &g->key[KEY_AGAINST], e));
    TRY(read_shape(s, g, e));
    TRY(read_axes(s, study, e));
    TRY(make_precisions(s, e));
    TRY(count_designs(s, e));
    TRY(price_reference(s, e));
    return read_budgets(s, g, e);
}

void arch_study_release(struct arch_study *s)
{
    resolved_release(&s->r);
    arena_release(&s->arena);
}
