/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/allocate.h"
#include "api/allocate_engine.h"
#include "api/context.h"
#include "api/sweep.h"
#include "core/num.h"
#include "core/table.h"
#include "core/text.h"
#include "search/algo.h"
#include "search/testproblem.h"

#include <string.h>

/* One column of a list: name, unit, and how to fill it from row item i. */
struct lister {
    const char *kind, *doc;
    cosim_status (*make)(cosim *c, struct table **t, cosim_error *e);
};

static double best_known(double a, double b)
{
    if (!is_known(a))
        return b;
    return is_known(b) ? max_f64(a, b) : a;
}

static cosim_status list_devices(cosim *c, struct table **t, cosim_error *e)
{
    static const struct column col[] = {
        { "id", "", "unique name", CELL_STR },
        { "class", "", "gpu, cpu, npu, tpu, fpga, asic, soc", CELL_STR },
        { "year", "", "introduction", CELL_F64 },
        { "fp16_flops_per_s", "flop/s", "dense, best of fp16 and bf16", CELL_F64 },
        { "int8_flops_per_s", "flop/s", "dense", CELL_F64 },
        { "mem_type", "", "memory", CELL_STR },
        { "mem_bytes", "byte", "capacity", CELL_F64 },
        { "mem_bytes_per_s", "byte/s", "bandwidth", CELL_F64 },
        { "tdp_w", "W", "thermal design power", CELL_F64 },
        { "price_usd", "USD", "list price at launch", CELL_F64 },
        { "confidence_ratio", "ratio", "how sure the row is", CELL_F64 },
    };

    TRY(table_new(t, "devices", col, sizeof col / sizeof *col, e));
    for (size_t i = 0; i < c->devices.n; i++) {
        const struct device *d = &c->devices.device[i];
        const double *peak = d->peak_flops_per_s;
        size_t row;
        TRY(table_add_row(*t, &row, e));
        TRY(table_set_str(*t, row, 0, d->id, e));
        TRY(table_set_str(*t, row, 1, d->device_class, e));
        table_set_f64(*t, row, 2, d->year);
        table_set_f64(*t, row, 3, best_known(peak[PREC_FP16], peak[PREC_BF16]));
        table_set_f64(*t, row, 4, peak[PREC_INT8]);
        TRY(table_set_str(*t, row, 5, d->mem_type, e));
        table_set_f64(*t, row, 6, d->mem_bytes);
        table_set_f64(*t, row, 7, d->mem_bytes_per_s);
        table_set_f64(*t, row, 8, d->tdp_w);
        table_set_f64(*t, row, 9, d->price_usd);
        table_set_f64(*t, row, 10, d->confidence_ratio);
    }
    return COSIM_OK;
}

static cosim_status list_models(cosim *c, struct table **t, cosim_error *e)
{
    static const struct column col[] = {
        { "id", "", "unique name", CELL_STR },
        { "family", "", "architecture family", CELL_STR },
        { "layers", "", "decoder layers", CELL_U64 },
        { "d_model", "", "hidden size", CELL_F64 },
        { "params", "", "parameters, by formula", CELL_F64 },
        { "active_params", "", "parameters that one token uses", CELL_F64 },
        { "max_ctx_tokens", "", "longest context", CELL_F64 },
        { "computed", "", "yes, or the operator that is missing", CELL_STR },
    };

    TRY(table_new(t, "models", col, sizeof col / sizeof *col, e));
    for (size_t i = 0; i < c->models.n; i++) {
        const struct model *m = &c->models.model[i];
        size_t row;
        TRY(table_add_row(*t, &row, e));
        TRY(table_set_str(*t, row, 0, m->id, e));
        TRY(table_set_str(*t, row, 1, m->family, e));
        table_set_u64(*t, row, 2, m->n_layers);
        table_set_f64(*t, row, 3, m->d_model);
        table_set_f64(*t, row, 4, m->unsupported ? UNKNOWN_F64 : m->n_params);
        table_set_f64(*t, row, 5, m->unsupported ? UNKNOWN_F64 : m->n_active_params);
        table_set_f64(*t, row, 6, m->max_ctx_tokens);
        TRY(table_set_str(*t, row, 7, m->unsupported ? m->unsupported : "yes", e));
    }
    return COSIM_OK;
}

static void roles_text(unsigned roles, char out[8])
{
    size_t n = 0;

    for (unsigned i = 0; i < 4; i++)
        if (roles & (1u << i))
            out[n++] = "wakv"[i];
    out[n] = '\0';
}

static cosim_status list_formats(cosim *c, struct table **t, cosim_error *e)
{
    static const struct column col[] = {
        { "id", "", "unique name", CELL_STR },
        { "roles", "", "w weights, a activations, k keys, v values", CELL_STR },
        { "bits", "bit", "per element with scales, zeros and codebooks, 4096 x 4096 tensor",
          CELL_F64 },
        { "nominal_bits", "bit", "payload alone", CELL_F64 },
        { "math", "", "native precision when both operands are stored so", CELL_STR },
        { "dequant_ops", "", "vector instructions per weight", CELL_F64 },
        { "doc", "", "", CELL_STR },
        { "source", "", "", CELL_STR },
    };

    TRY(table_new(t, "formats", col, sizeof col / sizeof *col, e));
    for (size_t i = 0; i < c->formats.n; i++) {
        const struct format *f = &c->formats.format[i];
        char roles[8];
        size_t row;
        roles_text(f->roles, roles);
        TRY(table_add_row(*t, &row, e));
        TRY(table_set_str(*t, row, 0, f->id, e));
        TRY(table_set_str(*t, row, 1, roles, e));
        table_set_f64(*t, row, 2, format_bits(f, 4096.0, 4096.0 * 4096.0));
        table_set_f64(*t, row, 3, format_nominal_bits(f));
        TRY(table_set_str(*t, row, 4, f->math < N_PREC ? precision_name(f->math) : "dequantised",
                          e));
        table_set_f64(*t, row, 5, f->dequant_ops);
        TRY(table_set_str(*t, row, 6, f->doc, e));
        TRY(table_set_str(*t, row, 7, f->source, e));
    }
    return COSIM_OK;
}

/* Lists of (name, doc) pairs and a third column. */
static cosim_status named_table(struct table **t, const char *title, const char *third,
                                cosim_error *e)
{
    const struct column col[] = {
        { "name", "", "", CELL_STR },
        { third, "", "", CELL_STR },
        { "doc", "", "", CELL_STR },
    };

    return table_new(t, title, col, 3, e);
}

static cosim_status named_row(struct table *t, const char *name, const char *third, const char *doc,
                              cosim_error *e)
{
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, 0, name, e));
    TRY(table_set_str(t, row, 1, third, e));
    return table_set_str(t, row, 2, doc, e);
}

static cosim_status list_recipes(cosim *c, struct table **t, cosim_error *e)
{
    const char *name;

    TRY(named_table(t, "recipes", "kind", e));
    for (size_t i = 0; (name = scheme_recipe_name(&c->schemes, i)) != NULL; i++)
        TRY(named_row(*t, name, "llama.cpp mixture",
                      "a format per tensor and layer: rules in recipes.csv", e));
    return COSIM_OK;
}

static cosim_status list_scenarios(cosim *c, struct table **t, cosim_error *e)
{
    static const struct column col[] = {
        { "id", "", "", CELL_STR },
        { "prompt_tokens", "", "", CELL_F64 },
        { "output_tokens", "", "", CELL_F64 },
        { "batch", "", "", CELL_F64 },
        { "ttft_slo_s", "s", "", CELL_F64 },
        { "tpot_slo_s", "s", "", CELL_F64 },
        { "doc", "", "", CELL_STR },
        { "source", "", "", CELL_STR },
    };

    TRY(table_new(t, "scenarios", col, sizeof col / sizeof *col, e));
    for (size_t i = 0; i < c->scenarios.n; i++) {
        const struct scenario *s = &c->scenarios.scenario[i];
        size_t row;
        TRY(table_add_row(*t, &row, e));
        TRY(table_set_str(*t, row, 0, s->id, e));
        table_set_f64(*t, row, 1, s->prompt_tokens);
        table_set_f64(*t, row, 2, s->output_tokens);
        table_set_f64(*t, row, 3, s->batch);
        table_set_f64(*t, row, 4, s->ttft_slo_s);
        table_set_f64(*t, row, 5, s->tpot_slo_s);
        TRY(table_set_str(*t, row, 6, s->doc, e));
        TRY(table_set_str(*t, row, 7, s->source, e));
    }
    return COSIM_OK;
}

static cosim_status list_objectives(cosim *c, struct table **t, cosim_error *e)
{
    (void)c;
    TRY(named_table(t, "objectives", "sense", e));
    for (int m = 0; m < N_METRICS; m++)
        TRY(named_row(*t, metric_table[m].name, metric_table[m].sense > 0 ? "min" : "max",
                      metric_table[m].doc, e));
    return COSIM_OK;
}

static cosim_status list_algorithms(cosim *c, struct table **t, cosim_error *e)
{
    (void)c;
    TRY(named_table(t, "algorithms", "source", e));
    for (const struct sweep_algorithm *a = sweep_algorithm_table; a->name; a++)
        TRY(named_row(*t, a->name, a->source, a->doc, e));
    for (size_t i = 0; i < n_search_algos; i++)
        TRY(named_row(*t, search_algos[i]->name, search_algos[i]->source, search_algos[i]->doc, e));
    return table_note(
        *t, e,
        "'cosim sweep' takes exhaustive, pruned and random; 'cosim search' the others and "
        "its own exhaustive and random");
}

static cosim_status list_problems(cosim *c, struct table **t, cosim_error *e)
{
    (void)c;
    TRY(named_table(t, "problems", "variables", e));
    for (size_t i = 0; i < testproblem_count(); i++) {
        const struct testproblem *p = testproblem_at(i);
        char variables[32];
        (void)snprintf(variables, sizeof variables, "%zu", p->n_vars);
        TRY(named_row(*t, p->name, variables, p->doc, e));
    }
    return COSIM_OK;
}

static cosim_status list_axes(cosim *c, struct table **t, cosim_error *e)
{
    (void)c;
    TRY(named_table(t, "axes", "order", e));
    for (int i = 0; i < N_AXES; i++)
        TRY(named_row(*t, axis_name((enum axis)i), i == N_AXES - 1 ? "fastest" : "",
                      axis_doc((enum axis)i), e));
    return COSIM_OK;
}

static cosim_status list_operators(cosim *c, struct table **t, cosim_error *e)
{
    (void)c;
    TRY(named_table(t, "operators", "formula", e));
#define OP_ROW(op) TRY(named_row(*t, op_##op.name, op_##op.formula, op_##op.doc, e));
    OP_LIST(OP_ROW)
#undef OP_ROW
    return COSIM_OK;
}

static cosim_status list_engines(cosim *c, struct table **t, cosim_error *e)
{
    struct arena a = { 0 };
    struct engine_db db;
    cosim_status st = allocate_load_engines(c, &db, &a, e);

    if (st == COSIM_OK)
        st = engine_table(t, &db, e);
    arena_release(&a);
    return st;
}

static const struct lister listers[] = {
    { "devices", "hardware descriptors (hwdb/devices.csv)", list_devices },
    { "models", "architectures (workloads/models.csv)", list_models },
    { "formats", "number formats (workloads/formats.csv)", list_formats },
    { "recipes", "mixtures of formats (workloads/recipes.csv)", list_recipes },
    { "scenarios", "prompt and output lengths (workloads/scenarios.csv)", list_scenarios },
    { "objectives", "metrics that can be traded or limited", list_objectives },
    { "algorithms", "ways to search a space", list_algorithms },
    { "problems", "standard test problems of 'cosim search --problem'", list_problems },
    { "axes", "what a point is made of", list_axes },
    { "operators", "kernels that are counted, with their formulas", list_operators },
    { "engines", "weight formats that inference engines load (workloads/engines.csv)",
      list_engines },
};

cosim_status cosim_list(cosim *c, const char *kind, cosim_table **t, cosim_error *e)
{
    struct nearest near = { .want = kind };

    *t = NULL;
    for (size_t i = 0; i < sizeof listers / sizeof *listers; i++) {
        nearest_offer(&near, listers[i].kind);
        if (strcmp(listers[i].kind, kind) != 0)
            continue;
        const cosim_status st = listers[i].make(c, t, e);
        if (st != COSIM_OK) {
            table_free(*t);
            *t = NULL;
        }
        return st;
    }
    const cosim_status st = err_set(e, COSIM_EUSAGE, "there is no list of '%s'", kind);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    else
        err_hint(e, "lists: devices, models, formats, recipes, scenarios, objectives, algorithms, "
                    "problems, "
                    "axes, operators, engines");
    return st;
}
