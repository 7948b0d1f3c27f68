/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/allocate_sensitivity.h"

#include "alloc/loss_source.h"
#include "core/num.h"
#include "core/text.h"

#include <stdint.h>
#include <string.h>

/* A row as it is written. */
struct written {
    const char *tensor, *layer, *format;
    double loss_nats, scale_nats, hessian_trace, squared_error;
};

#define TEXT(column, member, flags)                                                                \
    {                                                                                              \
        column, REC_STR, offsetof(struct written, member), 0, 0, 0, flags                          \
    }
#define NUMBER(column, member)                                                                     \
    {                                                                                              \
        column, REC_F64, offsetof(struct written, member), 0, 0, 1e30, REC_OPTIONAL_COLUMN         \
    }

static const struct rec_field fields[] = {
    TEXT("tensor", tensor, REC_REQUIRED),
    TEXT("layer", layer, REC_REQUIRED),
    TEXT("format", format, REC_OPTIONAL_COLUMN),
    NUMBER("loss_nats", loss_nats),
    NUMBER("scale_nats", scale_nats),
    NUMBER("hessian_trace", hessian_trace),
    NUMBER("squared_error", squared_error),
};

#define LAYERS_MAX 100000u

static struct src_pos place(const struct csv_doc *doc, size_t row, const char *column)
{
    const size_t col = csv_column(doc, column);

    return csv_pos(doc, csv_cell(doc, row, col == SIZE_MAX ? 0 : col));
}

static cosim_status read_tensor(struct sensitivity_row *r, const char *text, struct src_pos at,
                                cosim_error *e)
{
    struct nearest near = { .want = text };
    const enum tensor_id t = tensor_find(text);

    if (strcmp(text, "*") == 0) {
        r->tensors = (1u << N_TENSORS) - 1u;
        return COSIM_OK;
    }
    if (t < N_TENSORS) {
        r->tensors = 1u << (unsigned)t;
        return COSIM_OK;
    }
    for (unsigned i = 0; i < N_TENSORS; i++)
        nearest_offer(&near, tensor_name((enum tensor_id)i));
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "no tensor is called '%.40s'", text);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

/* "7", "4-7" or "*". */
static cosim_status read_layers(struct sensitivity_row *r, const char *text, struct src_pos at,
                                cosim_error *e)
{
    const char *dash = strchr(text, '-');
    char first[24];
    uint64_t lo, hi;

    if (strcmp(text, "*") == 0) {
        r->last = SIZE_MAX;
        return COSIM_OK;
    }
    const size_t n = dash ? (size_t)(dash - text) : strlen(text);
    if (n >= sizeof first)
        return err_at(e, COSIM_ESYNTAX, &at, "a layer is expected: 7, 4-7 or *");
    memcpy(first, text, n);
    first[n] = '\0';
    if (!text_to_u64(first, &lo) || !text_to_u64(dash ? dash + 1 : first, &hi))
        return err_at(e, COSIM_ESYNTAX, &at, "a layer is expected: 7, 4-7 or *");
    if (lo > hi || hi > LAYERS_MAX)
        return err_at(e, COSIM_ERANGE, &at, "layers %.40s are no range up to %u", text, LAYERS_MAX);
    r->first = (size_t)lo;
    r->last = (size_t)hi;
    return COSIM_OK;
}

/* Exactly one of the three forms. */
static cosim_status read_form(struct sensitivity_row *r, const struct written *w, struct src_pos at,
                              cosim_error *e)
{
    const bool loss = is_known(w->loss_nats), scale = is_known(w->scale_nats);
    const bool curve = is_known(w->hessian_trace) && is_known(w->squared_error);
    const bool half = is_known(w->hessian_trace) != is_known(w->squared_error);
    cosim_status st;

    r->loss_nats = w->loss_nats;
    r->scale_nats = w->scale_nats;
    r->hessian_trace = w->hessian_trace;
    r->squared_error = w->squared_error;
    if (loss + scale + curve == 1 && !half && scale == (w->format == NULL))
        return COSIM_OK;
    st = err_at(e, COSIM_ESYNTAX, &at, "the row has no loss, or more than one");
    err_hint(e, "give format and loss_nats; or scale_nats without a format; or format, "
                "hessian_trace and squared_error");
    return st;
}

cosim_status sensitivity_parse(struct sensitivity *s, const struct csv_doc *doc,
                               const struct format_db *formats, struct arena *a, cosim_error *e)
{
    void *rows = NULL;

    TRY(csv_records(doc, fields, sizeof fields / sizeof *fields, sizeof(struct written), &rows, a,
                    e));
    const struct written *w = rows;
    struct sensitivity_row *r = ARENA_NEW(a, struct sensitivity_row, doc->n_rows);
    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for '%s'", doc->path);
    for (size_t i = 0; i < doc->n_rows; i++) {
        r[i].at = place(doc, i, "tensor");
        TRY(read_tensor(&r[i], w[i].tensor, r[i].at, e));
        TRY(read_layers(&r[i], w[i].layer, place(doc, i, "layer"), e));
        TRY(read_form(&r[i], &w[i], r[i].at, e));
        if (w[i].format) {
            const struct src_pos at = place(doc, i, "format");
            cosim_error own = { 0 };
            const cosim_status st = format_find(formats, w[i].format, ROLE_W, &r[i].format, &own);
            if (st != COSIM_OK) {
                (void)err_at(e, st, &at, "%s", own.msg);
                err_hint(e, "%s", own.hint);
                return st;
            }
        }
    }
    *s = (struct sensitivity){ r, doc->n_rows };
    return COSIM_OK;
}

static size_t format_slot(const struct format *f, const struct format *const *format, size_t n)
{
    size_t i = 0;

    while (f && i < n && format[i] != f)
        i++;
    return f ? i : n;
}

static const struct sensitivity_row **cell(const struct sensitivity_index *x, size_t tensor,
                                           size_t layer, size_t slot)
{
    return &x->of[(tensor * x->n_layers + layer) * (x->n_formats + 1) + slot];
}

static cosim_status put_row(struct sensitivity_index *x, const struct sensitivity_row *r,
                            size_t slot, cosim_error *e)
{
    const size_t last = r->last == SIZE_MAX ? x->n_layers - 1 : r->last;

    if (r->first >= x->n_layers || last >= x->n_layers)
        return err_at(e, COSIM_ERANGE, &r->at, "layer %zu: the model has layers 0 to %zu", last,
                      x->n_layers - 1);
    for (size_t t = 0; t < N_TENSORS; t++)
        for (size_t l = r->first; (r->tensors & (1u << t)) && l <= last; l++) {
            const struct sensitivity_row **to = cell(x, t, l, slot);
            if (*to)
                return err_at(e, COSIM_ESYNTAX, &r->at,
                              "%s of layer %zu is already given in line %u",
                              tensor_name((enum tensor_id)t), l, (*to)->at.line);
            *to = r;
        }
    return COSIM_OK;
}

cosim_status sensitivity_bind(struct sensitivity_index *x, const struct sensitivity *s,
                              size_t n_layers, const struct format *const *format, size_t n_formats,
                              struct arena *a, cosim_error *e)
{
    *x = (struct sensitivity_index){ n_layers, n_formats, NULL };
    x->of = ARENA_NEW(a, const struct sensitivity_row *, N_TENSORS *n_layers *(n_formats + 1));
    if (!x->of)
        return err_set(e, COSIM_ENOMEM, "out of memory for sensitivities");
    for (size_t i = 0; i < s->n; i++) {
        const size_t slot = format_slot(s->row[i].format, format, n_formats);
        if (s->row[i].format && slot == n_formats)
            continue; /* a format that is no candidate */
        TRY(put_row(x, &s->row[i], slot, e));
    }
    return COSIM_OK;
}

double sensitivity_loss(const struct sensitivity_index *x, enum tensor_id t, size_t layer,
                        size_t format, const struct format *f, double n_weights)
{
    const struct sensitivity_row *r = *cell(x, (size_t)t, layer, format);

    if (r && is_known(r->loss_nats))
        return r->loss_nats;
    if (r)
        return loss_from_curvature(r->hessian_trace, n_weights, r->squared_error);
    r = *cell(x, (size_t)t, layer, x->n_formats);
    return r ? loss_from_bits(r->scale_nats, format_nominal_bits(f)) : UNKNOWN_F64;
}
