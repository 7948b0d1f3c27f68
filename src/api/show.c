/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/context.h"
#include "core/num.h"
#include "core/table.h"
#include "core/text.h"

#include <string.h>

static const struct column columns[] = {
    { "property", "", "", CELL_STR },
    { "value", "", "number in SI units, or text", CELL_STR },
    { "unit", "", "", CELL_STR },
    { "origin", "", "sheet, measured, derived or assumed", CELL_STR },
    { "source", "", "", CELL_STR },
};

struct page {
    struct table *t;
    cosim_error *e;
    cosim_status st;
};

static void text(struct page *p, const char *property, const char *value, const char *unit,
                 const char *origin, const char *source)
{
    const char *const cell[] = { property, value, unit, origin, source };
    size_t row;

    if (p->st != COSIM_OK || !value)
        return;
    p->st = table_add_row(p->t, &row, p->e);
    for (size_t i = 0; p->st == COSIM_OK && i < 5; i++)
        p->st = table_set_str(p->t, row, i, cell[i], p->e);
}

static void number(struct page *p, const char *property, double value, const char *unit,
                   const char *origin, const char *source)
{
    char buffer[32];

    if (!is_known(value))
        return;
    (void)snprintf(buffer, sizeof buffer, "%.6g", value);
    text(p, property, buffer, unit, origin, source);
}

static void show_sourced(struct page *p, const char *property, const struct sourced *s,
                         const char *unit)
{
    if (s->origin == ORIGIN_UNKNOWN)
        text(p, property, "unknown", unit, "unknown", NULL);
    else
        number(p, property, s->value, unit, origin_name(s->origin), s->source);
}

static cosim_status show_device(struct page *p, cosim *c, const struct device *d)
{
    struct arena scratch = { NULL };
    struct rates r;
    char label[48];

    text(p, "id", d->id, NULL, NULL, d->source);
    text(p, "vendor", d->vendor, NULL, NULL, NULL);
    text(p, "class", d->device_class, NULL, NULL, NULL);
    number(p, "year", d->year, NULL, "sheet", NULL);
    number(p, "process_nm", d->process_nm, "nm", "sheet", NULL);
    for (int i = 0; i < N_PREC; i++) {
        (void)snprintf(label, sizeof label, "peak_%s", precision_name((enum precision)i));
        number(p, label, d->peak_flops_per_s[i], "flop/s", "sheet", NULL);
    }
    text(p, "mem_type", d->mem_type, NULL, NULL, NULL);
    number(p, "mem_bytes", d->mem_bytes, "byte", "sheet", NULL);
    number(p, "mem_bytes_per_s", d->mem_bytes_per_s, "byte/s", "sheet", NULL);
    number(p, "l2_bytes", d->l2_bytes, "byte", "sheet", NULL);
    number(p, "l2_bytes_per_s", d->l2_bytes_per_s, "byte/s", "sheet", NULL);
    text(p, "link_type", d->link_type, NULL, NULL, NULL);
    number(p, "link_bytes_per_s", d->link_bytes_per_s, "byte/s", "sheet", NULL);
    number(p, "host_bytes_per_s", d->host_bytes_per_s, "byte/s", "sheet", NULL);
    number(p, "tdp_w", d->tdp_w, "W", "sheet", NULL);
    number(p, "price_usd", d->price_usd, "USD", "sheet", NULL);
    number(p, "confidence_ratio", d->confidence_ratio, NULL, NULL, NULL);
    text(p, "fields_from_memory", d->fields_from_memory, NULL, NULL, NULL);
    text(p, "notes", d->notes, NULL, NULL, NULL);
    cosim_status st = rates_make(&r, d, &c->assumptions, &scratch, p->e);
    for (int i = 0; st == COSIM_OK && i < N_RATES; i++)
        show_sourced(p, rate_name((enum rate)i), &r.rate[i], rate_unit((enum rate)i));
    for (int i = 0; st == COSIM_OK && i < N_PREC; i++) {
        if (!is_known(r.s_per_flop[i].value))
            continue;
        (void)snprintf(label, sizeof label, "s_per_flop[%s]", precision_name((enum precision)i));
        show_sourced(p, label, &r.s_per_flop[i], "s/flop");
        (void)snprintf(label, sizeof label, "j_per_flop[%s]", precision_name((enum precision)i));
        show_sourced(p, label, &r.j_per_flop[i], "J/flop");
    }
    arena_release(&scratch);
    return st;
}

static void show_layer(struct page *p, const struct model *m, size_t first, size_t last)
{
    const struct layer *l = &m->layer[first];
    char label[32], value[256];
    size_t n = 0;

    (void)snprintf(label, sizeof label, first == last ? "layer %zu" : "layers %zu-%zu", first,
                   last);
    n += (size_t)snprintf(value, sizeof value, "heads %.0f, kv heads %.0f, head size %.0f",
                          l->n_heads, l->n_kv_heads, l->head_dim);
    if (l->window_tokens > 0.0)
        n += (size_t)snprintf(value + n, sizeof value - n, ", window %.0f", l->window_tokens);
    if (l->d_ff > 0.0)
        n += (size_t)snprintf(value + n, sizeof value - n, ", ffn %.0f", l->d_ff);
    if (l->n_experts > 0.0)
        n += (size_t)snprintf(value + n, sizeof value - n, ", experts %.0f of %.0f x %.0f",
                              l->n_active_experts, l->n_experts, l->d_expert);
    if (l->d_shared_expert > 0.0)
        (void)snprintf(value + n, sizeof value - n, ", shared %.0f", l->d_shared_expert);
    text(p, label, value, NULL, NULL, NULL);
}

static void show_model(struct page *p, const struct model *m)
{
    text(p, "id", m->id, NULL, NULL, m->source);
    text(p, "hf_id", m->hf_id, NULL, NULL, NULL);
    text(p, "family", m->family, NULL, NULL, NULL);
    text(p, "not computed yet", m->unsupported, NULL, NULL, NULL);
    number(p, "d_model", m->d_model, NULL, NULL, NULL);
    number(p, "vocab", m->vocab, NULL, NULL, NULL);
    number(p, "max_ctx_tokens", m->max_ctx_tokens, NULL, NULL, NULL);
    if (!m->unsupported) {
        number(p, "n_params", m->n_params, NULL, "derived", "counted from the tensors");
        number(p, "n_active_params", m->n_active_params, NULL, "derived", NULL);
        for (size_t first = 0, i = 1; i <= m->n_layers; i++)
            if (i == m->n_layers
                || memcmp(&m->layer[i], &m->layer[first], sizeof m->layer[i]) != 0) {
                show_layer(p, m, first, i - 1);
                first = i;
            }
    }
    number(p, "n_params_published", m->n_params_published, NULL, NULL, NULL);
    text(p, "notes", m->notes, NULL, NULL, NULL);
}

static void show_format(struct page *p, const struct format *f)
{
    text(p, "id", f->id, NULL, f->origin, f->source);
    text(p, "doc", f->doc, NULL, NULL, NULL);
    text(p, "family", f->family, NULL, NULL, NULL);
    number(p, "nominal_bits", format_nominal_bits(f), "bit", NULL, NULL);
    number(p, "bits, 4096 x 4096", format_bits(f, 4096.0, 4096.0 * 4096.0), "bit", "derived",
           "equation 2.1");
    number(p, "group", f->group, "elements", NULL, NULL);
    number(p, "scale_bits", f->scale_bits, "bit", NULL, NULL);
    number(p, "zero_bits", f->zero_bits, "bit", NULL, NULL);
    number(p, "block_bytes", f->block_bytes, "byte", NULL, NULL);
    number(p, "block_elems", f->block_elems, "elements", NULL, NULL);
    number(p, "residual_tokens", f->residual_tokens, "token", NULL, NULL);
    number(p, "dequant_ops", f->dequant_ops, "instructions per weight", NULL, NULL);
    text(p, "math", f->math < N_PREC ? precision_name(f->math) : "dequantised", NULL, NULL, NULL);
}

static void show_scenario(struct page *p, const struct scenario *s)
{
    text(p, "id", s->id, NULL, NULL, s->source);
    text(p, "doc", s->doc, NULL, NULL, NULL);
    number(p, "prompt_tokens", s->prompt_tokens, "token", NULL, NULL);
    number(p, "output_tokens", s->output_tokens, "token", NULL, NULL);
    number(p, "batch", s->batch, NULL, NULL, NULL);
    number(p, "ttft_slo_s", s->ttft_slo_s, "s", NULL, NULL);
    number(p, "tpot_slo_s", s->tpot_slo_s, "s", NULL, NULL);
}

static cosim_status unknown_id(cosim *c, const char *id, cosim_error *e)
{
    struct nearest near = { .want = id };

    for (size_t i = 0; i < c->devices.n; i++)
        nearest_offer(&near, c->devices.device[i].id);
    for (size_t i = 0; i < c->models.n; i++)
        nearest_offer(&near, c->models.model[i].id);
    for (size_t i = 0; i < c->formats.n; i++)
        nearest_offer(&near, c->formats.format[i].id);
    for (size_t i = 0; i < c->scenarios.n; i++)
        nearest_offer(&near, c->scenarios.scenario[i].id);
    const cosim_status st =
        err_set(e, COSIM_EUNKNOWN, "no device, model, format or scenario is called '%s'", id);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

/* Each kind is tried in turn; what the id is not is no error. */
static cosim_status show(struct page *p, cosim *c, const char *id)
{
    const struct device *d;
    const struct model *m;
    const struct format *f;
    const struct scenario *s;

    if (device_find(&c->devices, id, &d, NULL) == COSIM_OK)
        TRY(show_device(p, c, d));
    else if (model_find(&c->models, id, &m, NULL) == COSIM_OK)
        show_model(p, m);
    else if (format_find(&c->formats, id, 0, &f, NULL) == COSIM_OK)
        show_format(p, f);
    else if (scenario_find(&c->scenarios, id, &s, NULL) == COSIM_OK)
        show_scenario(p, s);
    else
        return unknown_id(c, id, p->e);
    return p->st;
}

cosim_status cosim_show(cosim *c, const char *id, cosim_table **t, cosim_error *e)
{
    struct page p = { NULL, e, COSIM_OK };

    *t = NULL;
    TRY(table_new(&p.t, id, columns, sizeof columns / sizeof *columns, e));
    const cosim_status st = show(&p, c, id);
    if (st != COSIM_OK) {
        table_free(p.t);
        return st;
    }
    *t = p.t;
    return COSIM_OK;
}
