/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's price of single kernels and layers beside our own measurements (schema:
 * reports/measured/h200/README.md). Data sheet and labelled assumptions, nothing fitted.
 */
#include "api/context.h"
#include "core/csv.h"
#include "core/num.h"
#include "core/table.h"
#include "core/text.h"
#include "validate/stats.h"
#include "validate/summary.h"

#include <string.h>

enum {
    COL_FILE,
    COL_LINE,
    COL_GROUP,
    COL_OP,
    COL_QUANTITY,
    COL_DTYPE,
    COL_SHAPE,
    COL_LAUNCH,
    COL_UNIT,
    COL_MEASURED,
    COL_PREDICTED,
    COL_ERROR,
    COL_BOUND,
    N_COLS
};

static const struct column columns[N_COLS] = {
    [COL_FILE] = { "file", "", "measured file", CELL_STR },
    [COL_LINE] = { "line", "", "in that file", CELL_U64 },
    [COL_GROUP] = { "group", "", "gemm, attention, elementwise, bandwidth, layer, stack",
                    CELL_STR },
    [COL_OP] = { "op", "", "operator and its regime", CELL_STR },
    [COL_QUANTITY] = { "quantity", "", "time or energy of one call", CELL_STR },
    [COL_DTYPE] = { "dtype", "", "number format", CELL_STR },
    [COL_SHAPE] = { "shape", "", "sizes", CELL_STR },
    [COL_LAUNCH] = { "launch", "", "graph or eager", CELL_STR },
    [COL_UNIT] = { "unit", "", "of measured and predicted", CELL_STR },
    [COL_MEASURED] = { "measured", "", "median of the run, SI", CELL_F64 },
    [COL_PREDICTED] = { "predicted", "", "by the engine, nothing fitted, SI", CELL_F64 },
    [COL_ERROR] = { "error_ratio", "ratio", "predicted / measured - 1", CELL_F64 },
    [COL_BOUND] = { "bound", "", "what the engine says decides", CELL_STR },
};

/* One file being compared. */
struct reading {
    cosim *c;
    const struct rates *rates;
    const struct format *kv; /* 16-bit cache */
    struct csv_doc doc;
    const char *file, *only; /* only: quantity to compare, NULL = both */
    size_t row;              /* being read */
    struct table *t;
    cosim_error *e;
};

static const char *text_of(const struct reading *r, const char *column)
{
    const size_t col = csv_column(&r->doc, column);

    return col == SIZE_MAX ? "" : csv_cell(&r->doc, r->row, col)->text;
}

/* NaN when the column is absent or the cell empty. */
static cosim_status number_of(const struct reading *r, const char *column, double *v)
{
    const size_t col = csv_column(&r->doc, column);

    *v = UNKNOWN_F64;
    return col == SIZE_MAX ? COSIM_OK
                           : csv_f64(&r->doc, csv_cell(&r->doc, r->row, col), 0.0, 0.0, v, r->e);
}

/* What is predicted for a row. */
struct priced_row {
    const char *group, *op, *bound;
    char shape[96];
    double s, j;
};

static cosim_status put(struct reading *r, const struct priced_row *p, const char *quantity,
                        const char *unit, double measured, double predicted)
{
    const struct {
        size_t col;
        const char *text;
    } cell[] = {
        { COL_FILE, r->file },      { COL_GROUP, p->group }, { COL_OP, p->op },
        { COL_QUANTITY, quantity }, { COL_SHAPE, p->shape }, { COL_LAUNCH, text_of(r, "launch") },
        { COL_UNIT, unit },         { COL_BOUND, p->bound },
    };
    const char *dtype = text_of(r, "dtype");
    size_t row;

    if (!is_known(measured) || !is_known(predicted) || measured <= 0.0
        || (r->only && strcmp(r->only, quantity) != 0))
        return COSIM_OK;
    TRY(table_add_row(r->t, &row, r->e));
    for (size_t i = 0; i < sizeof cell / sizeof *cell; i++)
        TRY(table_set_str(r->t, row, cell[i].col, cell[i].text, r->e));
    TRY(table_set_str(r->t, row, COL_DTYPE, dtype[0] ? dtype : "bf16", r->e));
    table_set_u64(r->t, row, COL_LINE, csv_cell(&r->doc, r->row, 0)->line);
    table_set_f64(r->t, row, COL_MEASURED, measured);
    table_set_f64(r->t, row, COL_PREDICTED, predicted);
    table_set_f64(r->t, row, COL_ERROR, relative_error(measured, predicted));
    return COSIM_OK;
}

static cosim_status put_both(struct reading *r, const struct priced_row *p)
{
    double us, j;

    TRY(number_of(r, "latency_us", &us));
    TRY(number_of(r, "energy_j", &j));
    TRY(put(r, p, "time", "s", us * 1e-6, p->s));
    return put(r, p, "energy", "J", j, p->j);
}

/* Static power runs for the whole call. */
static void price(const struct reading *r, struct priced_row *p, const struct op *op,
                  const struct step *s)
{
    struct op_cost c;

    point_price(&c, op, s, r->rates);
    p->s = c.call_s;
    p->j = c.total_j + r->rates->rate[RATE_STATIC_W].value * c.call_s;
    p->bound = bound_name(c.bound);
}

static cosim_status gemm_row(struct reading *r)
{
    static const struct {
        const char *dtype;
        enum precision math;
        double bits;
    } dtypes[] = {
        { "bf16", PREC_BF16, 16.0 },
        { "fp16", PREC_FP16, 16.0 },
        { "fp8_static", PREC_FP8, 8.0 },
        { "int8_sq", PREC_INT8, 8.0 },
    };
    struct priced_row p = { .group = "gemm" };
    double m, n, k;

    TRY(number_of(r, "m", &m));
    TRY(number_of(r, "n", &n));
    TRY(number_of(r, "k", &k));
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].dtype, text_of(r, "dtype")) == 0) {
            const struct op op = { .kind = &op_gemm,
                                   .times = 1.0,
                                   .math = dtypes[i].math,
                                   .n = n,
                                   .k = k,
                                   .w_bits = dtypes[i].bits,
                                   .a_bits = dtypes[i].bits };
            p.op = m <= 256.0 ? "gemm, m <= 256" : "gemm, m > 256";
            (void)snprintf(p.shape, sizeof p.shape, "m=%.0f n=%.0f k=%.0f", m, n, k);
            price(r, &p, &op, &(struct step){ m, 1.0, 0.0, m });
            return put_both(r, &p);
        }
    return COSIM_OK;
}

static cosim_status attention_row(struct reading *r, bool decode)
{
    struct priced_row p = { .group = "attention",
                            .op = decode ? "attention, decode" : "attention, prefill" };
    double batch, tokens, heads, kv_heads, dim, window;

    TRY(number_of(r, "batch", &batch));
    TRY(number_of(r, decode ? "kv_len" : "seq", &tokens));
    TRY(number_of(r, "heads", &heads));
    TRY(number_of(r, "kv_heads", &kv_heads));
    TRY(number_of(r, "head_dim", &dim));
    TRY(number_of(r, "window", &window));
    const struct op op = { .kind = &op_attention,
                           .times = 1.0,
                           .math = PREC_BF16,
                           .heads = heads,
                           .kv_heads = kv_heads,
                           .head_dim = dim,
                           .v_head_dim = dim,
                           .window = is_known(window) ? window : 0.0,
                           .k_format = r->kv,
                           .v_format = r->kv };
    const struct step s = decode ? (struct step){ batch, 1.0, tokens - 1.0, batch }
                                 : (struct step){ batch, tokens, 0.0, batch };
    (void)snprintf(p.shape, sizeof p.shape, "b=%.0f t=%.0f h=%.0f/%.0f d=%.0f", batch, tokens,
                   heads, kv_heads, dim);
    price(r, &p, &op, &s);
    return put_both(r, &p);
}

static cosim_status prefill_row(struct reading *r)
{
    return attention_row(r, false);
}

static cosim_status decode_row(struct reading *r)
{
    return attention_row(r, true);
}

/* Reads and writes per element and flops (docs/model.md 1). */
static cosim_status elementwise_row(struct reading *r)
{
    static const struct {
        const char *name, *label;
        double flops, accesses;
    } kinds[] = {
        { "rmsnorm", "rmsnorm", 4.0, 2.0 },   { "softmax", "softmax", 5.0, 2.0 },
        { "silu_mul", "silu_mul", 5.0, 3.0 }, { "add", "add", 1.0, 3.0 },
        { "residual_add", "add", 1.0, 3.0 },  { "embedding", "embedding", 0.0, 2.0 },
    };
    struct priced_row p = { .group = "elementwise" };
    double rows, cols;

    TRY(number_of(r, "rows", &rows));
    TRY(number_of(r, "cols", &cols));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, text_of(r, "op")) == 0) {
            const struct op op = { .kind = &op_elementwise,
                                   .times = 1.0,
                                   .math = PREC_VECTOR,
                                   .n = cols,
                                   .flops_per_elem = kinds[i].flops,
                                   .accesses_per_elem = kinds[i].accesses };
            p.op = kinds[i].label;
            (void)snprintf(p.shape, sizeof p.shape, "rows=%.0f cols=%.0f", rows, cols);
            price(r, &p, &op, &(struct step){ rows, 1.0, 0.0, rows });
            return put_both(r, &p);
        }
    return COSIM_OK;
}

/* Streams from memory: buffers that rotate through more than the cache. */
static cosim_status bandwidth_row(struct reading *r)
{
    struct priced_row p = { .group = "bandwidth" };
    double bytes;

    if (strcmp(text_of(r, "buffers"), "rotate") != 0)
        return COSIM_OK;
    TRY(number_of(r, "traffic_bytes", &bytes));
    const struct op op = { .kind = &op_elementwise,
                           .times = 1.0,
                           .math = PREC_VECTOR,
                           .n = bytes / (OUT_BITS / 8.0),
                           .accesses_per_elem = 1.0 };
    p.op = text_of(r, "op");
    (void)snprintf(p.shape, sizeof p.shape, "bytes=%.0f", bytes);
    price(r, &p, &op, &(struct step){ 1.0, 1.0, 0.0, 1.0 });
    return put_both(r, &p);
}

static bool is_end(const struct op *op)
{
    return op->kind == &op_embedding || op->kind == &op_head
           || strcmp(op->label, "final_norm") == 0;
}

/* Sum of the layers' operators; launches count when the host issues each kernel. */
static void price_layers(const struct reading *r, const struct graph *g, const struct step *s,
                         double layers, bool whole_model, struct priced_row *p)
{
    const double launch_s = r->rates->rate[RATE_LAUNCH_S].value;
    const double share = layers / (double)g->plan->model->n_layers;
    double kernels = 0.0, busy_s = 0.0, j = 0.0;

    for (size_t i = 0; i < g->n_op; i++) {
        struct op_cost c;
        if (is_end(&g->op[i]) && !whole_model)
            continue;
        const double part = is_end(&g->op[i]) ? 1.0 : share;
        point_price(&c, &g->op[i], s, r->rates);
        busy_s += part * c.total_s;
        j += part * c.total_j;
        kernels += part * g->op[i].times;
    }
    p->s = roofline_launch_s(busy_s, kernels, launch_s);
    p->j = j + r->rates->rate[RATE_STATIC_W].value * p->s;
    p->bound = p->s > busy_s ? "launch" : "";
}

static cosim_status make_graph(const struct reading *r, struct plan *plan, struct graph *g,
                               struct arena *a)
{
    const struct scheme *w, *k, *v;
    const struct format *act;
    const struct model *m;
    const struct parallel one = { 1, 1, 1, 1 };

    TRY(model_find(&r->c->models, text_of(r, "model"), &m, r->e));
    TRY(scheme_parse(&r->c->schemes, "bf16", &w, a, r->e));
    TRY(scheme_parse_kv(&r->c->schemes, "bf16", ROLE_K, &k, a, r->e));
    TRY(scheme_parse_kv(&r->c->schemes, "bf16", ROLE_V, &v, a, r->e));
    TRY(format_find(&r->c->formats, "bf16", ROLE_A, &act, r->e));
    TRY(plan_make(plan, m, w, k, v, a, r->e));
    return graph_make(g, plan, act, &one, r->e);
}

static cosim_status layer_row(struct reading *r)
{
    const char *op = text_of(r, "op"), *phase = text_of(r, "phase");
    const bool whole = strcmp(op, "model") == 0, decode = strcmp(phase, "decode") == 0;
    struct priced_row p = { .group = whole ? "model" : op };
    struct arena a = { NULL };
    struct plan plan;
    struct graph g = { .plan = NULL };
    double batch, seq, layers;
    char label[64];

    if (!whole && strcmp(op, "layer") != 0 && strcmp(op, "stack") != 0)
        return COSIM_OK;
    TRY(number_of(r, "batch", &batch));
    TRY(number_of(r, "seq", &seq));
    TRY(number_of(r, "layers", &layers));
    const struct step s = decode ? (struct step){ batch, 1.0, seq - 1.0, batch }
                                 : (struct step){ batch, seq, 0.0, batch };
    (void)snprintf(label, sizeof label, "%s, %s, %s", op, phase, text_of(r, "launch"));
    p.op = label;
    (void)snprintf(p.shape, sizeof p.shape, "b=%.0f t=%.0f layers=%.0f", batch, seq, layers);
    cosim_status st = make_graph(r, &plan, &g, &a);
    if (st == COSIM_OK) {
        price_layers(r, &g, &s, layers, whole, &p);
        st = put_both(r, &p);
    }
    graph_release(&g);
    arena_release(&a);
    return st;
}

/* Files of a measured set; what a folder lacks is left out. To add one: a row. */
static const struct {
    const char *file;
    cosim_status (*row)(struct reading *r);
} files[] = {
    { "gemm.csv", gemm_row },
    { "attention_prefill.csv", prefill_row },
    { "attention_decode.csv", decode_row },
    { "elementwise.csv", elementwise_row },
    { "bandwidth.csv", bandwidth_row },
    { "layer_llama3.csv", layer_row },
};

static cosim_status read_file(struct reading *r, const char *dir, size_t i, struct arena *a)
{
    const char *path;
    cosim_error missing = { .status = COSIM_OK };

    TRY(context_path(a, dir, files[i].file, &path, r->e));
    const cosim_status st = csv_load(&r->doc, path, a, &missing);
    if (st == COSIM_EIO)
        return table_note(r->t, r->e, "absent: %s", files[i].file);
    if (st != COSIM_OK) {
        if (r->e)
            *r->e = missing;
        return st;
    }
    r->file = files[i].file;
    for (r->row = 0; r->row < r->doc.n_rows; r->row++)
        TRY(files[i].row(r));
    return COSIM_OK;
}

/* One quantity has one unit, which axes and columns then show. */
static cosim_status rows_table(cosim_table **rows, const char *only, cosim_error *e)
{
    struct column column[N_COLS];

    memcpy(column, columns, sizeof column);
    if (only)
        column[COL_MEASURED].unit = column[COL_PREDICTED].unit =
            strcmp(only, "time") == 0 ? "s" : "J";
    return table_new(rows, "single kernels and layers", column, N_COLS, e);
}

static cosim_status compare(cosim *c, const char *dir, const cosim_operators_options *o,
                            struct arena *a, cosim_table **rows, cosim_error *e)
{
    struct rates *rates = ARENA_NEW(a, struct rates, 1);
    struct reading r = { .c = c, .rates = rates, .only = o->only, .e = e };
    const struct device *d;

    if (!rates)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    if (o->only && strcmp(o->only, "time") != 0 && strcmp(o->only, "energy") != 0)
        return err_set(e, COSIM_EUSAGE, "'--only' takes time or energy here, not '%s'", o->only);
    TRY(device_find(&c->devices, o->device ? o->device : "h200-sxm", &d, e));
    TRY(rates_make(rates, d, &c->assumptions, a, e));
    TRY(format_find(&c->formats, "bf16", ROLE_K | ROLE_V, &r.kv, e));
    TRY(rows_table(rows, o->only, e));
    r.t = *rows;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        TRY(read_file(&r, dir, i, a));
    return (*rows)->n_rows > 0
               ? COSIM_OK
               : err_set(e, COSIM_ENO, "%s: no measured file that can be compared", dir);
}

cosim_status cosim_validate_operators(cosim *c, const char *dir, const cosim_operators_options *o,
                                      cosim_table **summary, cosim_table **rows, cosim_error *e)
{
    struct arena a = { NULL };

    *summary = *rows = NULL;
    cosim_status st = !o || o->size < sizeof *o
                          ? err_set(e, COSIM_EUSAGE, "cosim_operators_options needs its size")
                          : compare(c, dir, o, &a, rows, e);
    if (st == COSIM_OK)
        st = summary_of(*rows, o->by ? o->by : "quantity,group,op,dtype", summary, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*rows);
        *rows = NULL;
    }
    return st;
}
