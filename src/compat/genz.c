/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden rows of GenZ. */
#include "compat/genz.h"
#include "compat/input.h"
#include "compat/peer.h"

#include "core/text.h"

#include <stdio.h>
#include <string.h>

#define GIB 1073741824.0
#define MIB 1048576.0
#define SPANS_MAX 4096 /* requests in one chunk */

#define DIM(column, member, lo)                                                                    \
    {                                                                                              \
        column, offsetof(struct genz_case, member), 1, lo, INPUT_COUNT_MAX, INPUT_WHOLE, 0         \
    }
#define DIM_OR(column, member, lo, when_empty)                                                     \
    {                                                                                              \
        column, offsetof(struct genz_case, member), 1, lo, INPUT_COUNT_MAX,                        \
            INPUT_WHOLE | INPUT_DEFAULT, when_empty                                                \
    }
#define RATE(column, member, scale)                                                                \
    {                                                                                              \
        column, offsetof(struct genz_case, member), scale, 1e-9, 1e12, 0, 0                        \
    }

/* ranges only keep nonsense out: zero divisors and products that overflow */
static const struct input inputs[] = {
    DIM("hidden", hidden, 1),
    DIM("intermediate", intermediate, 0),
    DIM("ffn_in", ffn_in, 0),
    DIM("layers", layers, 1),
    DIM("heads", heads, 1),
    DIM("kv_heads", kv_heads, 1),
    DIM("head_dim", head_dim, 1),
    DIM("vocab", vocab, 1),
    DIM_OR("experts", experts, 1, 1),
    DIM_OR("top_k", top_k, 1, 1),
    DIM_OR("mamba_d_state", d_state, 0, 0),
    DIM_OR("mamba_d_conv", d_conv, 0, 0),
    DIM_OR("mamba_expand", expand, 0, 0),
    DIM_OR("mamba_dt_rank", dt_rank, 0, 0),
    RATE("peak_tflops", peak_flops_per_s, 1e12),
    RATE("mem_gib", mem_bytes, GIB),
    RATE("mem_bw_gibps", mem_bytes_per_s, GIB),
    RATE("link_bw_gibps", link_bytes_per_s, GIB),
    { "link_lat_us", offsetof(struct genz_case, link_latency_s), 1e-6, 0, 1e9, 0, 0 },
    { "eff", offsetof(struct genz_case, eff_ratio), 1, 1e-9, 1, 0, 0 },
    DIM("batch", batch, 1),
    DIM_OR("input_tokens", input_tokens, 0, 0),
    DIM_OR("output_tokens", output_tokens, 0, 0),
    DIM_OR("beam", beam, 1, 1),
    DIM("tp", tp, 1),
    DIM("pp", pp, 1),
    DIM("ep", ep, 1),
};

static bool whole(const char *s, size_t n, double *v)
{
    char buf[16];
    uint64_t u;

    if (n == 0 || n >= sizeof buf)
        return false;
    memcpy(buf, s, n);
    buf[n] = '\0';
    if (!text_to_u64(buf, &u) || u > (uint64_t)INPUT_COUNT_MAX)
        return false;
    *v = (double)u;
    return true;
}

/* "past+new;..." for prefill, "count x context;..." or a bare context for decode. */
static cosim_status read_spans(const struct csv_doc *doc, size_t row, const char *column,
                               char separator, struct genz_span **spans, size_t *n, struct arena *a,
                               cosim_error *e)
{
    const char *p = input_text(doc, row, column);

    *n = 0;
    *spans = NULL;
    if (*p == '\0')
        return COSIM_OK;
    *spans = ARENA_NEW(a, struct genz_span, SPANS_MAX);
    if (!*spans)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    for (;;) {
        const size_t length = strcspn(p, ";"), first = strcspn(p, separator == '+' ? "+;" : "x;");
        struct genz_span *s = &(*spans)[*n];
        const bool pair = first < length;
        double left = 1.0, right;
        const bool good =
            pair ? whole(p, first, &left) && whole(p + first + 1, length - first - 1, &right)
                 : separator == 'x' && whole(p, length, &right);

        if (!good || *n + 1 == SPANS_MAX)
            return input_bad(doc, row, column,
                             separator == '+' ? "is not past+new;past+new..."
                                              : "is not COUNTxCONTEXT;CONTEXT...",
                             e);
        *s = separator == '+' ? (struct genz_span){ .past = left, .n = right }
                              : (struct genz_span){ .past = right, .n = left };
        (*n)++;
        if (p[length] == '\0')
            return COSIM_OK;
        p += length + 1;
    }
}

static cosim_status read_api(const struct csv_doc *doc, size_t row, enum genz_api *api,
                             cosim_error *e)
{
    static const char *const name[] = {
        [GENZ_PREFILL] = "prefill", [GENZ_DECODE] = "decode", [GENZ_CHUNKED] = "chunked"
    };
    const char *text = input_text(doc, row, "api");

    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (strcmp(name[i], text) == 0) {
            *api = (enum genz_api)i;
            return COSIM_OK;
        }
    return input_bad(doc, row, "api", "is none of prefill, decode, chunked", e);
}

static cosim_status read_case(const struct csv_doc *doc, size_t row, struct genz_case *c,
                              struct arena *a, cosim_error *e)
{
    struct genz_span *prefill, *decode;

    *c = (struct genz_case){ 0 };
    TRY(input_read(doc, row, inputs, sizeof inputs / sizeof *inputs, c, e));
    TRY(read_api(doc, row, &c->api, e));
    c->format = genz_format_find(input_text(doc, row, "bits"));
    if (!c->format)
        return input_bad(doc, row, "bits", "is no format of GenZ", e);
    TRY(read_spans(doc, row, "prefill_chunks", '+', &prefill, &c->n_prefill, a, e));
    TRY(read_spans(doc, row, "decode_ctx", 'x', &decode, &c->n_decode, a, e));
    c->prefill = prefill;
    c->decode = decode;
    if (c->api == GENZ_PREFILL && c->input_tokens == 0.0)
        return input_bad(doc, row, "input_tokens", "must not be empty for prefill", e);
    return COSIM_OK;
}

static cosim_status compare_op(struct score *s, const struct genz_op *op, cosim_error *e)
{
    const struct {
        const char *column;
        double mine;
        enum score_class class;
    } value[] = {
        { "repeat", op->repeat, SCORE_COUNT },
        { "flops", op->flops, SCORE_COUNT },
        { "in_bytes", op->in_bytes, SCORE_COUNT },
        { "w_bytes", op->weight_bytes, SCORE_COUNT },
        { "out_bytes", op->out_bytes, SCORE_COUNT },
        { "compute_ms", op->compute_s * 1e3, SCORE_TIME },
        { "memory_ms", op->memory_s * 1e3, SCORE_TIME },
        { "comm_ms", op->comm_s * 1e3, SCORE_TIME },
        { "latency_ms", op->time_s * 1e3, SCORE_TIME },
    };
    char dims[192];

    genz_dims(op, dims, sizeof dims);
    TRY(score_text(s, "op_name", op->name, e));
    TRY(score_text(s, "op_type", genz_type_name(op->type), e));
    TRY(score_text(s, "dims", dims, e));
    TRY(score_text(s, "bound", op->bound, e));
    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        TRY(score_f64(s, value[i].column, value[i].mine, value[i].class, e));
    return COSIM_OK;
}

static cosim_status compare_totals(struct score *s, const struct genz_totals *t, cosim_error *e)
{
    const struct {
        const char *column;
        double mine;
        enum score_class class;
    } value[] = {
        { "e2e_latency_ms", t->time_s * 1e3, SCORE_TIME },
        { "throughput_per_s", t->throughput_per_s, SCORE_TIME },
        { "total_flops", t->flops, SCORE_COUNT },
        { "weight_mib", t->weight_bytes / MIB, SCORE_COUNT },
        { "kv_mib", t->kv_bytes / MIB, SCORE_COUNT },
        { "attn_ms", t->attn_s * 1e3, SCORE_TIME },
        { "linear_ms", t->linear_s * 1e3, SCORE_TIME },
        { "comm_total_ms", t->comm_s * 1e3, SCORE_TIME },
        { "mha_ms", t->mha_s * 1e3, SCORE_TIME },
        { "ffn_ms", t->ffn_s * 1e3, SCORE_TIME },
        { "collective_ms", t->collective_s * 1e3, SCORE_TIME },
        { "energy_kwh_as_reported", t->energy_kwh_reported, SCORE_TIME },
        { "offloaded", t->offloaded ? 1.0 : 0.0, SCORE_COUNT },
    };

    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        TRY(score_f64(s, value[i].column, value[i].mine, value[i].class, e));
    return COSIM_OK;
}

static cosim_status compare_op_row(const struct csv_doc *doc, size_t row, struct score *s,
                                   const struct genz_list *l, cosim_error *e)
{
    const char *text = input_text(doc, row, "op_index");
    uint64_t index;

    if (!text_to_u64(text, &index))
        return input_bad(doc, row, "op_index", "is not a whole number", e);
    for (size_t i = 0; i < l->n; i++)
        if (l->op[i].index == index)
            return compare_op(s, &l->op[i], e);
    return score_fail(s, "op_index", text, "no such operator", e);
}

/* Their shared experts have a number and a width that the columns do not tell. */
static bool has_shared_experts(const struct csv_doc *doc, size_t row, const struct genz_case *c)
{
    char name[128];
    size_t n = 0;

    for (const char *p = input_text(doc, row, "model"); *p && n + 1 < sizeof name; p++)
        name[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
    name[n] = '\0';
    return c->experts > 1.0 && strstr(name, "deepseek") != NULL;
}

static cosim_status validate_row(const struct csv_doc *doc, size_t row, struct score *s,
                                 struct arena *a, cosim_error *e)
{
    const char *kind = input_text(doc, row, "row"), *why;
    struct genz_totals totals;
    struct genz_list list;
    struct genz_case c;

    score_row(s, row, input_text(doc, row, "case"), input_text(doc, row, "op_name"));
    TRY(read_case(doc, row, &c, a, e));
    why = genz_refusal(&c);
    if (!why && has_shared_experts(doc, row, &c))
        why = "shared experts: their number and width are not among the columns";
    if (why)
        return score_skip(s, why, e);
    TRY(genz_build(&c, &list, a, e));
    genz_cost(&c, &list, &totals);
    if (strcmp(kind, "op") == 0)
        return compare_op_row(doc, row, s, &list, e);
    if (strcmp(kind, "e2e") == 0)
        return compare_totals(s, &totals, e);
    return input_bad(doc, row, "row", "is neither op nor e2e", e);
}

static cosim_status validate(const struct csv_doc *doc, struct score *s, cosim_error *e)
{
    cosim_status st = COSIM_OK;

    for (size_t row = 0; row < doc->n_rows && st == COSIM_OK; row++) {
        struct arena a = { 0 };

        st = validate_row(doc, row, s, &a, e);
        arena_release(&a);
    }
    return st;
}

const struct peer peer_genz = {
    .name = "genz",
    .doc = "GenZ-LLM-Analyzer: roofline per operator, tensor, pipeline and expert parallelism",
    .source = "GenZ-LLM-Analyzer 091bdd0 (2026-07-29), version 0.0.16",
    .column = { "peak_tflops", "mem_bw_gibps", "ffn_in", "op_index", "e2e_latency_ms" },
    .quirk = "energy 100 times too high; GiB/s taken for GB/s; embedding as a vocabulary-wide "
             "GEMM; classifier over all prompt tokens; attention not causal; expert decode reads "
             "top_k experts whatever the batch; one word for weights, activations and KV; "
             "pipeline throughput mixes batch and micro-batch",
    .validate = validate,
};
