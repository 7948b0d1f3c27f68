/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/arch.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

/* id, name, unit, doc, type */
#define COLUMN_LIST(X)                                                                             \
    X(WHAT, "what", "", "reference, or what was found", CELL_STR)                                  \
    X(MARK, "mark", "", "name of a row that pictures point out", CELL_STR)                         \
    X(POINT, "point", "", "number of the design in its grid", CELL_U64)                            \
    X(FRONT, "on_front", "", "not dominated by another design of the grid", CELL_BOOL)             \
    X(LAYERS, "layers", "", "decoder layers", CELL_F64)                                            \
    X(WIDTH, "width", "", "hidden size", CELL_F64)                                                 \
    X(FFN_RATIO, "ffn_ratio", "", "FFN width of the active experts together / width", CELL_F64)    \
    X(GQA, "gqa", "", "query heads per KV head", CELL_F64)                                         \
    X(EXPERTS, "experts", "", "experts of a layer, 1 = dense", CELL_F64)                           \
    X(ACTIVE, "active_experts", "", "experts of a token", CELL_F64)                                \
    X(VOCAB, "vocab", "", "entries of the vocabulary: no term in the law", CELL_F64)               \
    X(W, "w", "", "weight scheme", CELL_STR)                                                       \
    X(A, "a", "", "activation format", CELL_STR)                                                   \
    X(KV, "kv", "", "KV cache format", CELL_STR)                                                   \
    X(PARAMS, "n_params", "", "parameters, with embeddings", CELL_F64)                             \
    X(ACTIVE_PARAMS, "n_active_params", "", "parameters of the chosen experts and all else",       \
      CELL_F64)                                                                                    \
    X(LOSS, "loss", "nat", "predicted, per token: law and added", CELL_F64)                        \
    X(ADDED, "added_loss", "nat", "of it, by number formats", CELL_F64)                            \
    X(FEASIBLE, "feasible", "", "feasible, or which budget is exceeded", CELL_STR)                 \
    X(BINDING, "binding", "", "the budget used most", CELL_STR)                                    \
    X(USED, "used_ratio", "", "of that budget", CELL_F64)                                          \
    X(EXTRAPOLATED, "extrapolated", "", "outside the models that the law was fitted on", CELL_STR) \
    X(ORIGIN, "loss_origin", "", "where the loss comes from", CELL_STR)                            \
    X(PROMPT, "prompt", "", "prompt tokens per sequence", CELL_U64)                                \
    X(OUTPUT, "output", "", "output tokens per sequence", CELL_U64)                                \
    X(BATCH, "batch", "", "sequences per replica", CELL_U64)                                       \
    X(DEVICE, "device", "", "device", CELL_STR)

enum {
#define COLUMN_ENUM(id, name, unit, doc, type) COL_##id,
    COLUMN_LIST(COLUMN_ENUM)
#undef COLUMN_ENUM
        N_FIXED
};

static const struct column fixed[N_FIXED] = {
#define COLUMN_ROW(id, name, unit, doc, type) { name, unit, doc, type },
    COLUMN_LIST(COLUMN_ROW)
#undef COLUMN_ROW
};

static const enum metric shown_metric[] = { METRIC_TTFT,   METRIC_TPOT,        METRIC_E2E,
                                            METRIC_MEMORY, METRIC_J_PER_TOKEN, METRIC_POWER };
enum { N_SHOWN = sizeof shown_metric / sizeof *shown_metric };

static const struct column delta_column[] = {
    { "loss_change", "nat", "loss minus that of the reference", CELL_F64 },
    { "ppl_change_ratio", "", "e^loss_change - 1: predicted perplexity against the reference",
      CELL_F64 },
    { "e2e_ratio", "", "e2e_s / that of the reference", CELL_F64 },
    { "memory_ratio", "", "memory_bytes / that of the reference", CELL_F64 },
    { "j_per_token_ratio", "", "j_per_token / that of the reference", CELL_F64 },
};
enum { N_DELTAS = sizeof delta_column / sizeof *delta_column };

/* fixed, metrics, one used_* per budget, deltas */
#define COL_METRIC ((size_t)N_FIXED)
#define COL_BUDGET (COL_METRIC + N_SHOWN)

cosim_status arch_table_new(struct table **t, const struct arch_study *s, const char *title,
                            bool deltas, cosim_error *e)
{
    struct column c[COL_BUDGET + N_ARCH_METRICS + N_DELTAS];
    char name[N_ARCH_METRICS][48];
    size_t n = COL_BUDGET;

    memcpy(c, fixed, sizeof fixed);
    for (size_t i = 0; i < N_SHOWN; i++) {
        const struct metric_info *m = &metric_table[shown_metric[i]];
        c[COL_METRIC + i] = (struct column){ m->name, m->unit, m->doc, CELL_F64 };
    }
    for (size_t i = 0; i < N_ARCH_METRICS; i++) {
        if (!is_known(s->max[i]))
            continue;
        (void)snprintf(name[i], sizeof name[i], "used_%s", metric_table[arch_metric[i]].name);
        c[n++] = (struct column){ name[i], "", "share of that budget", CELL_F64 };
    }
    for (size_t i = 0; deltas && i < N_DELTAS; i++)
        c[n++] = delta_column[i];
    return table_new(t, title, c, n, e);
}

static cosim_status put_text(struct table *t, const struct arch_study *s,
                             const struct arch_row *row, size_t r, cosim_error *e)
{
    const struct arch_point *p = row->p;
    const struct arch_precision *f = &s->precision[p->arch.precision];
    const bool bound = p->binding != ARCH_NO_BUDGET;
    const char *binding = bound ? metric_table[arch_metric[p->binding]].name : NULL;
    char why[64] = "feasible";

    if (p->cost.impossible)
        (void)snprintf(why, sizeof why, "cannot be built or priced");
    else if (!arch_fits(p))
        (void)snprintf(why, sizeof why, "exceeds %s", binding);
    TRY(table_set_str(t, r, COL_WHAT, row->what, e));
    TRY(table_set_str(t, r, COL_MARK, row->mark, e));
    TRY(table_set_str(t, r, COL_DEVICE, s->r.space.rates[0].device->id, e));
    TRY(table_set_str(t, r, COL_W, f->w_name, e));
    TRY(table_set_str(t, r, COL_A, f->a_name, e));
    TRY(table_set_str(t, r, COL_KV, f->kv_name, e));
    TRY(table_set_str(t, r, COL_FEASIBLE, why, e));
    TRY(table_set_str(t, r, COL_BINDING, binding, e));
    TRY(table_set_str(t, r, COL_EXTRAPOLATED, arch_in_law_range(&p->arch) ? "no" : "yes", e));
    return table_set_str(t, r, COL_ORIGIN, f->loss_origin, e);
}

static void put_deltas(struct table *t, const struct arch_study *s, const struct arch_row *row,
                       size_t r, size_t col)
{
    const double *m = row->facts->metric, *ref = s->reference_facts.metric;
    const double change = row->p->loss - s->reference_point.loss;
    const double v[N_DELTAS] = {
        change,
        expm1(change),
        m[METRIC_E2E] / ref[METRIC_E2E],
        m[METRIC_MEMORY] / ref[METRIC_MEMORY],
        m[METRIC_J_PER_TOKEN] / ref[METRIC_J_PER_TOKEN],
    };

    for (size_t i = 0; i < N_DELTAS; i++)
        table_set_f64(t, r, col + i, v[i]);
}

cosim_status arch_table_add(struct table *t, const struct arch_study *s, const struct arch_row *row,
                            cosim_error *e)
{
    const struct arch_point *p = row->p;
    const struct arch_design *a = &p->arch;
    const struct {
        size_t col;
        double v;
    } design[] = {
        { COL_LAYERS, a->layers }, { COL_WIDTH, a->width },     { COL_FFN_RATIO, a->ffn_ratio },
        { COL_GQA, a->gqa },       { COL_EXPERTS, a->experts }, { COL_ACTIVE, a->active_experts },
        { COL_VOCAB, a->vocab },
    };
    size_t r, col = COL_BUDGET;

    TRY(table_add_row(t, &r, e));
    TRY(put_text(t, s, row, r, e));
    if (row->point != UINT64_MAX)
        table_set_u64(t, r, COL_POINT, row->point);
    table_set_flag(t, r, COL_FRONT, row->on_front);
    table_set_u64(t, r, COL_PROMPT, (uint64_t)s->r.space.number[AXIS_PROMPT][0]);
    table_set_u64(t, r, COL_OUTPUT, (uint64_t)s->r.space.number[AXIS_OUTPUT][0]);
    table_set_u64(t, r, COL_BATCH, (uint64_t)s->r.space.number[AXIS_BATCH][0]);
    for (size_t i = 0; i < sizeof design / sizeof *design; i++)
        table_set_f64(t, r, design[i].col, design[i].v);
    if (p->cost.impossible)
        return COSIM_OK;
    table_set_f64(t, r, COL_PARAMS, row->facts->n_params);
    table_set_f64(t, r, COL_ACTIVE_PARAMS, row->facts->n_active_params);
    table_set_f64(t, r, COL_LOSS, p->loss);
    table_set_f64(t, r, COL_ADDED, p->cost.added_loss);
    if (p->binding != ARCH_NO_BUDGET)
        table_set_f64(t, r, COL_USED, p->used_ratio);
    for (size_t i = 0; i < N_SHOWN; i++)
        table_set_f64(t, r, COL_METRIC + i, row->facts->metric[shown_metric[i]]);
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        if (is_known(s->max[i]))
            table_set_f64(t, r, col++, p->cost.value[i] / s->max[i]);
    if (col < t->n_columns)
        put_deltas(t, s, row, r, col);
    return COSIM_OK;
}

cosim_status arch_table_reference(struct table *t, const struct arch_study *s, cosim_error *e)
{
    char what[128];

    (void)snprintf(what, sizeof what, "reference %s", s->reference->id);
    return arch_table_add(t, s,
                          &(struct arch_row){ .what = what,
                                              .mark = s->reference->id,
                                              .point = UINT64_MAX,
                                              .p = &s->reference_point,
                                              .facts = &s->reference_facts },
                          e);
}

cosim_status arch_describe(struct table *t, const struct arch_study *s, cosim_error *e)
{
    const struct space *x = &s->r.space;
    bool by_law = false;

    TRY(table_note(t, e, "device %s, prompt %.0f, output %.0f, batch %.0f", x->rates[0].device->id,
                   x->number[AXIS_PROMPT][0], x->number[AXIS_OUTPUT][0], x->number[AXIS_BATCH][0]));
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        if (is_known(s->max[i]))
            TRY(table_note(t, e, "budget: %s <= %.6g %s (%s)", metric_table[arch_metric[i]].name,
                           s->max[i], metric_table[arch_metric[i]].unit, s->max_from[i]));
    TRY(table_note(t, e,
                   "loss: law codesign, arXiv 2602.10377v1 (10^10 training tokens), of the paper; "
                   "costs: this engine, with embeddings, head and attention, which the paper does "
                   "not count; search: ours"));
    for (size_t i = 0; i < s->axes.n_precisions; i++)
        by_law = by_law || !is_known(s->precision[i].measured_loss);
    if (by_law)
        TRY(table_note(t, e,
                       "formats without a measurement: their added loss is by law, asked with all "
                       "parameters and 10^10 tokens; its authors warn that the constants do not "
                       "transfer"));
    if (s->axes.n_vocab > 1 || s->axes.vocab[0] < s->reference->vocab
        || s->axes.vocab[0] > s->reference->vocab)
        TRY(table_note(t, e,
                       "the law has no term for the vocabulary: losses per token are comparable at "
                       "equal tokenizer only"));
    return COSIM_OK;
}
