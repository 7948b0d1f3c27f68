/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a group costs in a format. The engine's own graph of the model is built with the kind in
 * that format and every other tensor in another one, and the kind's operators are priced in it: so
 * a fused product is priced as one, and nothing is computed here that `cosim explain` would not
 * show.
 */
#include "api/allocate.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

#define BIT(t) (1u << (unsigned)TENSOR_##t)

/* Which tensors an operator of the graph (model/graph.c) reads. Others read none. */
static const struct {
    const char *label;
    unsigned tensors;
} reads[] = {
    { "qkv", BIT(ATTN_Q) | BIT(ATTN_K) | BIT(ATTN_V) },
    { "attn_q", BIT(ATTN_Q) },
    { "attn_k", BIT(ATTN_K) },
    { "attn_v", BIT(ATTN_V) },
    { "attn_out", BIT(ATTN_OUT) },
    { "gate_up", BIT(FFN_GATE) | BIT(FFN_UP) },
    { "ffn_gate", BIT(FFN_GATE) },
    { "ffn_up", BIT(FFN_UP) },
    { "ffn_down", BIT(FFN_DOWN) },
    { "exp_gate_up", BIT(EXP_GATE) | BIT(EXP_UP) },
    { "exp_gate", BIT(EXP_GATE) },
    { "exp_up", BIT(EXP_UP) },
    { "exp_down", BIT(EXP_DOWN) },
    { "shexp_gate_up", BIT(SHEXP_GATE) | BIT(SHEXP_UP) },
    { "shexp_gate", BIT(SHEXP_GATE) },
    { "shexp_up", BIT(SHEXP_UP) },
    { "shexp_down", BIT(SHEXP_DOWN) },
};

static unsigned tensors_read(const struct op *op)
{
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        if (strcmp(reads[i].label, op->label) == 0)
            return reads[i].tensors;
    return 0;
}

/* A model with formats, as the evaluator sees it. */
struct built {
    struct arena arena; /* the plan's */
    struct plan plan;
    struct graph graph;
    struct load load;
};

static cosim_status build(struct built *b, struct allocation *al, const char *scheme,
                          cosim_error *e)
{
    static const struct parallel one = { 1, 1, 1, 1 };
    const struct kv_formats *kv = &al->r.space.kv[0];
    const struct scheme *w = NULL;

    TRY(scheme_parse(&al->c->schemes, scheme, &w, &b->arena, e));
    TRY(plan_make(&b->plan, al->model, w, kv->k, kv->v, &b->arena, e));
    TRY(graph_make(&b->graph, &b->plan, al->r.space.a[0], &one, e));
    return load_make(&b->load, &b->graph, &al->request, e);
}

static void built_release(struct built *b)
{
    load_release(&b->load);
    graph_release(&b->graph);
    arena_release(&b->arena);
}

/* "bf16+attn_q=int4+...": `f` in the tensors of the mask, `other` in the other allocated ones. */
static const char *apart(struct allocation *al, struct arena *a, unsigned tensors,
                         const struct format *f, const struct format *other)
{
    const unsigned all = allocate_tensors(al);
    const char *text = "bf16";

    for (unsigned t = 0; t < N_TENSORS && text; t++)
        if (all & (1u << t))
            text = arena_printf(a, "%s+%s=%s", text, tensor_name((enum tensor_id)t),
                                tensors & (1u << t) ? f->id : other->id);
    return text;
}

/* A format that no product can share with f. */
static const struct format *stranger(const struct allocation *al, const struct format *f)
{
    for (size_t i = 0; i < al->c->formats.n; i++) {
        const struct format *x = &al->c->formats.format[i];
        if (x != f && (x->roles & ROLE_W) && x->payload_bits >= 16.0
            && x->payload_bits != f->payload_bits)
            return x;
    }
    return f;
}

static void add_op(struct allocate_cost *sum, const struct built *b, size_t op, double layers,
                   const struct rates *r)
{
    struct op_cost decode, prefill;

    point_op(&decode, &b->load, &b->load.decode, op, r);
    point_op(&prefill, &b->load, &b->load.prefill, op, r);
    sum->decode_s += decode.total_s / layers;
    sum->decode_j += decode.total_j / layers;
    sum->prefill_s += prefill.total_s / layers;
    sum->prefill_j += prefill.total_j / layers;
    sum->kernels += decode.op->times / layers;
}

/* Bytes of the kind's tensors in one layer of a class. */
static double class_bytes(const struct plan_class *c, unsigned tensors)
{
    double bytes = 0.0;

    for (unsigned t = 0; t < N_TENSORS; t++)
        if ((tensors & (1u << t)) && c->tensor[t].format)
            bytes += c->tensor[t].bits * c->tensor[t].row_elems * c->tensor[t].n_rows / 8.0;
    return bytes;
}

/* Adds what one layer of each class costs to cost[class]; operators stand in the order of the
 * classes, each of which begins with its attention norm. */
static cosim_status price_classes(struct allocate_cost *cost, const struct built *b,
                                  unsigned tensors, const struct rates *r, cosim_error *e)
{
    size_t cls = SIZE_MAX;

    for (size_t i = 0; i < b->graph.n_op; i++) {
        const struct op *op = &b->graph.op[i];
        const unsigned read = tensors_read(op);
        if (strcmp(op->label, "attn_norm") == 0)
            cls = cls == SIZE_MAX ? 0 : cls + 1;
        if (!(read & tensors))
            continue;
        if ((read & ~tensors) || cls == SIZE_MAX)
            return err_set(e, COSIM_EINTERNAL, "operator '%s' reads more than one group",
                           op->label);
        add_op(&cost[cls], b, i, b->plan.cls[cls].times, r);
    }
    for (size_t i = 0; i < b->plan.n_cls; i++)
        cost[i].bytes = class_bytes(&b->plan.cls[i], tensors);
    return COSIM_OK;
}

/* --- hard rules of the format and the device ------------------------------------------------- */

/* Rows of the tensors of a kind in layers first..last, one visit a tensor. */
struct rows {
    const struct allocation *al;
    const struct allocate_group *g;
    const struct format *f;
    const char *barred, *stored_as;
    struct arena *arena;
};

static int check_row(const struct model_tensor *mt, void *user)
{
    struct rows *x = user;
    const struct format *used;

    if (mt->layer < x->g->first || mt->layer > x->g->last
        || !(x->al->kind[x->g->kind].tensors & (1u << (unsigned)mt->tensor)))
        return 0;
    used = format_for_row(&x->al->c->formats, x->f, mt->row_elems);
    const double unit = used->block_elems > 1.0 ? used->block_elems : used->group;
    if (unit > 1.0 && fmod(mt->row_elems, unit) != 0.0)
        x->barred = arena_printf(x->arena, "rows of %.0f weights are no multiple of %.0f",
                                 mt->row_elems, unit);
    else if (used != x->f)
        x->stored_as = arena_printf(x->arena, "%s in rows of %.0f", used->id, mt->row_elems);
    return x->barred != NULL;
}

static const char *no_rate(struct allocation *al, const struct format *f)
{
    const enum precision math = format_math(f, al->r.space.a[0]);

    if (is_known(al->rates->s_per_flop[math].value))
        return NULL;
    return arena_printf(&al->arena, "%s has no rate for %s", al->rates->device->id,
                        precision_name(math));
}

/* --- all groups in all formats --------------------------------------------------------------- */

static void add_cost(struct allocate_cost *sum, const struct allocate_cost *x)
{
    sum->bytes += x->bytes;
    sum->decode_s += x->decode_s;
    sum->decode_j += x->decode_j;
    sum->prefill_s += x->prefill_s;
    sum->prefill_j += x->prefill_j;
    sum->kernels += x->kernels;
}

static cosim_status price_kind(struct allocation *al, size_t kind, size_t format,
                               const struct built *b, cosim_error *e)
{
    struct allocate_cost *of_class = ARENA_NEW(&al->arena, struct allocate_cost, b->plan.n_cls);

    if (!of_class)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu classes", b->plan.n_cls);
    TRY(price_classes(of_class, b, al->kind[kind].tensors, al->rates, e));
    for (size_t i = 0; i < al->problem.n_groups; i++) {
        const struct allocate_group *g = &al->group[i];
        struct allocate_cost *sum = &al->cost[i * al->n_formats + format];
        for (size_t l = g->first; g->kind == kind && l <= g->last; l++)
            add_cost(sum, &of_class[b->plan.class_of[l]]);
    }
    return COSIM_OK;
}

static cosim_status price_kind_in(struct allocation *al, size_t kind, size_t format, cosim_error *e)
{
    struct built b = { 0 };
    const struct format *f = al->format[format].format;
    const char *scheme = apart(al, &b.arena, al->kind[kind].tensors, f, stranger(al, f));
    cosim_status st =
        scheme ? build(&b, al, scheme, e) : err_set(e, COSIM_ENOMEM, "out of memory for a scheme");

    if (st == COSIM_OK)
        st = price_kind(al, kind, format, &b, e);
    built_release(&b);
    return st;
}

/* The model at 16 bits: what no format changes. */
static cosim_status price_rest(struct allocation *al, cosim_error *e)
{
    const unsigned all = allocate_tensors(al);
    struct built b = { 0 };
    cosim_status st = build(&b, al, "bf16", e);

    al->fixed = (struct allocate_cost){ 0 };
    for (size_t i = 0; st == COSIM_OK && i < b.graph.n_op; i++)
        if (!(tensors_read(&b.graph.op[i]) & all))
            add_op(&al->fixed, &b, i, 1.0, al->rates);
    if (st == COSIM_OK) {
        double allocated = 0.0;
        for (size_t l = 0; l < al->model->n_layers; l++)
            allocated += class_bytes(&b.plan.cls[b.plan.class_of[l]], all);
        al->fixed.bytes = b.plan.weight_bytes - allocated;
        al->fixed_memory_bytes = b.load.memory_bytes - allocated;
        if (al->request.prompt_tokens + al->request.output_tokens > al->model->max_ctx_tokens)
            st = err_set(e, COSIM_ENO, "this cannot run anywhere: %s", reject_doc(REJECT_CONTEXT));
    }
    built_release(&b);
    return st;
}

static void make_option(struct allocation *al, size_t group, size_t format,
                        struct alloc_option *out)
{
    const struct allocate_format *f = &al->format[format];
    const struct allocate_cost *cost = allocate_cost_at(al, group, format);
    struct rows rows = { al, &al->group[group], f->format, NULL, NULL, &al->arena };

    (void)model_each_tensor(al->model, check_row, &rows);
    al->stored_as[group * al->n_formats + format] = rows.stored_as;
    *out = (struct alloc_option){
        .name = f->format->id,
        .format = (uint32_t)format,
        /* whole bytes; the sum of bits per weight leaves crumbs far below one */
        .bytes = (uint64_t)ceil(cost->bytes - 1e-3),
        .barred = f->engine_reason ? f->engine_reason
                  : rows.barred    ? rows.barred
                                   : no_rate(al, f->format),
    };
    if (!out->barred && !is_known(cost->decode_s))
        out->barred = "its time is not known on this device";
}

cosim_status allocate_price(struct allocation *al, cosim_error *e)
{
    const size_t n = al->problem.n_groups * al->n_formats;
    struct alloc_option *option = ARENA_NEW(&al->arena, struct alloc_option, n);
    struct alloc_group *group = ARENA_NEW(&al->arena, struct alloc_group, al->problem.n_groups);

    al->cost = ARENA_NEW(&al->arena, struct allocate_cost, n);
    al->stored_as = ARENA_NEW(&al->arena, const char *, n);
    if (!option || !group || !al->cost || !al->stored_as)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu options", n);
    TRY(price_rest(al, e));
    for (size_t k = 0; k < al->n_kinds; k++)
        for (size_t f = 0; f < al->n_formats; f++)
            TRY(price_kind_in(al, k, f, e));
    for (size_t i = 0; i < al->problem.n_groups; i++) {
        for (size_t f = 0; f < al->n_formats; f++)
            make_option(al, i, f, &option[i * al->n_formats + f]);
        group[i] = al->problem.group[i];
        group[i].option = &option[i * al->n_formats];
        group[i].n_options = al->n_formats;
    }
    al->problem.group = group;
    al->option = option;
    return COSIM_OK;
}

cosim_status allocate_engine_point(struct allocation *al, const char *scheme, struct point *p,
                                   cosim_error *e)
{
    struct built b = { 0 };
    const cosim_status st = build(&b, al, scheme, e);

    if (st == COSIM_OK)
        point_eval(p, &b.load, al->rates, UNKNOWN_F64);
    built_release(&b);
    return st;
}
