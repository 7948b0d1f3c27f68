/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/kv_device.h"

#include "core/num.h"
#include "eval/point.h"
#include "kv/pair.h"

#include <string.h>

#define CONTEXT_DEFAULT 1024.0 /* of the search */

/* Formats of formats.csv that store what KVTuner's quantisers store. */
static const struct {
    const char *mode;
    unsigned bits;
    const char *format;
} stored[] = {
    { "pertoken", 16, "bf16" }, { "pertoken", 8, "kv8" }, { "pertoken", 4, "kv4" },
    { "pertoken", 2, "kv2" },   { "kivi", 16, "bf16" },   { "kivi", 4, "kivi-4" },
    { "kivi", 2, "kivi-2" },
};

static const char *format_of(const char *mode, unsigned bits)
{
    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
        if (stored[i].bits == bits && strcmp(stored[i].mode, mode) == 0)
            return stored[i].format;
    return NULL;
}

cosim_status kv_device_open(struct kv_device *d, cosim *c, const struct kv_device_options *o,
                            struct kv_search_options *search, struct arena *a, cosim_error *e)
{
    const struct device *device;

    if (!o->device || !o->model)
        return err_set(e, COSIM_EUSAGE, "'--device' and '--model-id' go together");
    TRY(model_find(&c->models, o->model, &d->model, e));
    TRY(device_find(&c->devices, o->device, &device, e));
    if (d->model->unsupported)
        return err_set(e, COSIM_EUNSUPPORTED, "model '%s' is not computed yet: %s", d->model->id,
                       d->model->unsupported);
    TRY(rates_make(&d->rates, device, &c->assumptions, a, e));
    TRY(scheme_parse(&c->schemes, o->w ? o->w : "bf16", &d->w, a, e));
    if (!(search->n_kv_heads > 0))
        search->n_kv_heads = d->model->layer[0].n_kv_heads;
    if (!(search->head_dim > 0))
        search->head_dim = d->model->layer[0].head_dim;
    if (!(search->bytes_per_s > 0))
        search->bytes_per_s = 1.0 / d->rates.rate[RATE_S_PER_MEM_BYTE].value;
    if (!(search->j_per_byte > 0))
        search->j_per_byte = d->rates.rate[RATE_J_PER_MEM_BYTE].value;
    return COSIM_OK;
}

/* "bf16+*@0=kv8+*@1=kv4" of one side of "KV8 K8V4 ..."; NULL: a pair has no format. */
static const char *side(const struct kv_device *d, const char *mode, const char *pairs, bool keys,
                        struct arena *a)
{
    const char *text = "bf16";
    size_t layer = 0;

    for (const char *s = pairs; *s && text; s += strspn(s, " ")) {
        const size_t n = strcspn(s, " ");
        char name[16];
        (void)snprintf(name, sizeof name, "%.*s", (int)n, s);
        s += n;
        const size_t id = kv_pair_parse(name);
        const struct kv_pair p = kv_pair_of(id < KV_N_PAIRS ? id : 0);
        const char *format = format_of(mode, keys ? p.k_bits : p.v_bits);
        text = format && id < KV_N_PAIRS ? arena_printf(a, "%s+*@%zu=%s", text, layer++, format)
                                         : NULL;
    }
    return layer == d->model->n_layers ? text : NULL;
}

/* One decode step at the context: prompt and one further token. */
static cosim_status judge(const struct kv_device *d, cosim *c, const char *k_text,
                          const char *v_text, double context, struct point *p, double *memory_bytes,
                          struct arena *a, cosim_error *e)
{
    static const struct parallel one = { 1, 1, 1, 1 };
    const struct request request = { 1.0, max_f64(context - 1.0, 1.0), 2.0 };
    const struct scheme *k, *v;
    const struct format *wide;
    struct graph graph = { 0 };
    struct load load = { 0 };
    struct plan plan;

    TRY(scheme_parse_kv(&c->schemes, k_text, ROLE_K, &k, a, e));
    TRY(scheme_parse_kv(&c->schemes, v_text, ROLE_V, &v, a, e));
    TRY(format_find(&c->formats, "bf16", ROLE_A, &wide, e));
    TRY(plan_make(&plan, d->model, d->w, k, v, a, e));
    cosim_status st = graph_make(&graph, &plan, wide, &one, e);
    if (st == COSIM_OK)
        st = load_make(&load, &graph, &request, e);
    if (st == COSIM_OK) {
        point_eval(p, &load, &d->rates, UNKNOWN_F64);
        *memory_bytes = load.memory_bytes;
    }
    load_release(&load);
    graph_release(&graph);
    return st;
}

static cosim_status fill_row(const struct kv_device *d, cosim *c, const struct kv_search_options *o,
                             const struct table *from, struct table *to, size_t row, cosim_error *e)
{
    const size_t n = from->n_columns;
    const char *mode = o->mode ? o->mode : "pertoken";
    const char *pairs = table_cell(from, row, table_column(from, "pairs"))->as.str;
    const double context = o->context_tokens > 0 ? o->context_tokens : CONTEXT_DEFAULT;
    struct arena a = { 0 };
    const char *k = side(d, mode, pairs, true, &a), *v = side(d, mode, pairs, false, &a);
    double memory = UNKNOWN_F64;
    struct point p;

    if (!k || !v) {
        arena_release(&a);
        return COSIM_OK;
    }
    const cosim_status st = judge(d, c, k, v, context, &p, &memory, &a, e);
    arena_release(&a);
    TRY(st);
    const double step_s = p.metric[METRIC_TPOT];
    table_set_f64(to, row, n, memory);
    table_set_f64(to, row, n + 1, step_s);
    table_set_f64(to, row, n + 2, p.decode.dynamic_j + d->rates.rate[RATE_STATIC_W].value * step_s);
    return table_set_str(to, row, n + 3, reject_name(p.reject), e);
}

static cosim_status copy_row(const struct table *from, struct table *to, size_t row, cosim_error *e)
{
    size_t at;

    TRY(table_add_row(to, &at, e));
    for (size_t i = 0; i < from->n_columns; i++)
        TRY(table_copy_cell(to, at, i, from, row, i, e));
    return COSIM_OK;
}

static cosim_status extend(const struct kv_device *d, cosim *c, const struct kv_search_options *o,
                           const struct table *from, struct table *to, cosim_error *e)
{
    for (size_t r = 0; r < from->n_rows; r++) {
        TRY(copy_row(from, to, r, e));
        TRY(fill_row(d, c, o, from, to, r, e));
    }
    for (size_t i = 0; i < from->n_notes; i++)
        TRY(table_note(to, e, "%s", from->note[i]));
    return table_note(to, e,
                      "%s with weights %s on %s, one sequence of %g tokens; the front is one of "
                      "bytes and loss",
                      d->model->id, scheme_text(d->w), d->rates.device->id,
                      o->context_tokens > 0 ? o->context_tokens : CONTEXT_DEFAULT);
}

/* Layers of the first row's assignment. */
static size_t layers_of(const struct table *t)
{
    const char *s = table_cell(t, 0, table_column(t, "pairs"))->as.str;
    size_t n = 1;

    for (; *s; s++)
        n += *s == ' ';
    return n;
}

cosim_status kv_device_columns(const struct kv_device *d, cosim *c,
                               const struct kv_search_options *search, struct table **t,
                               cosim_error *e)
{
    static const struct column more[] = {
        { "memory_bytes", "byte", "weights, cache and activations", CELL_F64 },
        { "tpot_s", "s", "one decode step at this context", CELL_F64 },
        { "decode_j", "J", "one decode step, static power included", CELL_F64 },
        { "feasible", "", "feasible, or why not", CELL_STR },
    };
    enum { N_MORE = sizeof more / sizeof *more, N_MAX = 16 };
    struct table *from = *t, *to = NULL;
    struct column all[N_MAX + N_MORE];

    if (from->n_rows > 0 && layers_of(from) != d->model->n_layers)
        return err_set(e, COSIM_ERANGE, "%s has %zu layers, the sensitivities %zu", d->model->id,
                       d->model->n_layers, layers_of(from));
    if (from->n_columns > N_MAX)
        return err_set(e, COSIM_EINTERNAL, "the search has %zu columns", from->n_columns);
    memcpy(all, from->column, from->n_columns * sizeof *all);
    memcpy(all + from->n_columns, more, sizeof more);
    TRY(table_new(&to, from->title, all, from->n_columns + N_MORE, e));
    const cosim_status st = extend(d, c, search, from, to, e);
    if (st != COSIM_OK) {
        table_free(to);
        return st;
    }
    table_free(from);
    *t = to;
    return COSIM_OK;
}
