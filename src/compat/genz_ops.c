/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GenZ's operator lists: dense and expert transformers, prefill, decode and chunked passes. */
#include "compat/genz.h"
#include "compat/genz_priv.h"

#include <math.h>

static double ceil_div(double a, double b)
{
    return ceil(a / b);
}

static double floor_div(double a, double b)
{
    return floor(a / b);
}

static double at_least_1(double v)
{
    return v > 1.0 ? v : 1.0;
}

void genz_push(struct genz_build *b, const struct genz_op *op)
{
    struct genz_list *l = b->list;

    if (l->n < l->cap) {
        l->op[l->n] = *op;
        l->op[l->n].index = l->index;
        l->op[l->n].repeat = b->repeat;
        l->n++;
    }
    l->index++;
}

void genz_push_gemm(struct genz_build *b, const char *name, double m, double n, double k,
                    unsigned onchip, unsigned group)
{
    genz_push(b, &(struct genz_op){ .name = name,
                                    .type = GENZ_GEMM,
                                    .onchip = onchip,
                                    .group = group,
                                    .in = { { b->batch, n, k }, 3 },
                                    .weight = { { m, k }, 2 },
                                    .out = { { b->batch, n, m }, 3 } });
}

void genz_push_sync(struct genz_build *b, const char *name, enum genz_collective collective,
                    double ranks, double rows, double cols, unsigned group)
{
    genz_push(b, &(struct genz_op){ .name = name,
                                    .type = GENZ_SYNC,
                                    .collective = collective,
                                    .ranks = ranks,
                                    .group = group,
                                    .in = { { b->batch, rows, cols }, 3 } });
}

static double q_heads(const struct genz_build *b)
{
    return at_least_1(ceil_div(b->c->heads, b->ranks));
}

static double kv_heads(const struct genz_build *b)
{
    return at_least_1(ceil_div(b->c->kv_heads, b->ranks));
}

/* Both are H x M queries against N keys of Hkv heads; `copies` sequences ride in the head axis. */
static void push_attention(struct genz_build *b, const char *name, enum genz_type type,
                           double batch, double copies, double m, double n, unsigned onchip)
{
    const double h = copies * q_heads(b), hkv = copies * kv_heads(b), d = b->c->head_dim;
    struct genz_op op = { .name = name, .type = type, .onchip = onchip, .group = GENZ_MHA };

    op.in = (struct genz_tensor){ { batch, h, m, type == GENZ_LOGIT ? d : n }, 4 };
    op.weight = (struct genz_tensor){ { batch, hkv, n, d }, 4 };
    op.out = (struct genz_tensor){ { batch, h, m, type == GENZ_LOGIT ? n : d }, 4 };
    genz_push(b, &op);
}

static void push_scores(struct genz_build *b)
{
    const struct genz_case *c = b->c;
    const double own = b->batch, shared = b->batch / c->beam;
    const unsigned both = GENZ_IN | GENZ_OUT;

    switch (c->api) {
    case GENZ_PREFILL:
        push_attention(b, "Logit", GENZ_LOGIT, own, 1, b->tokens, b->tokens, GENZ_OUT);
        push_attention(b, "Attend", GENZ_ATTEND, own, 1, b->tokens, b->tokens, GENZ_IN);
        break;
    case GENZ_DECODE: /* the prompt is shared by the beams, what follows is not */
        push_attention(b, "Logit Pre", GENZ_LOGIT, shared, 1, 1, c->input_tokens, both);
        push_attention(b, "Logit Suf", GENZ_LOGIT, own, 1, 1, c->output_tokens, both);
        push_attention(b, "Attend Pre", GENZ_ATTEND, shared, 1, 1, c->input_tokens, both);
        push_attention(b, "Attend Suf", GENZ_ATTEND, own, 1, 1, c->output_tokens, both);
        break;
    case GENZ_CHUNKED:
        for (size_t i = 0; i < c->n_prefill; i++) {
            const double n = c->prefill[i].n, all = c->prefill[i].past + n;
            push_attention(b, "Logit Pre", GENZ_LOGIT, own, 1, n, all, GENZ_OUT);
            push_attention(b, "Attend Pre", GENZ_ATTEND, own, 1, n, all, GENZ_IN);
        }
        for (size_t i = 0; i < c->n_decode; i++) {
            const double n = c->decode[i].n, past = c->decode[i].past;
            push_attention(b, "Logit Dec", GENZ_LOGIT, own, n, 1, past, both);
            push_attention(b, "Attend Dec", GENZ_ATTEND, own, n, 1, past, both);
        }
        break;
    }
}

static void push_mixer(struct genz_build *b)
{
    const struct genz_case *c = b->c;
    const double d = c->head_dim, hq = q_heads(b), hk = kv_heads(b);
    const unsigned onchip = c->api == GENZ_PREFILL ? 0 : GENZ_IN | GENZ_OUT;

    genz_push_gemm(b, "QKV", (hq + 2.0 * hk) * d, b->tokens, c->hidden, onchip, GENZ_MHA);
    push_scores(b);
    genz_push_gemm(b, "Out Proj", c->hidden, b->tokens, hq * d, onchip, GENZ_MHA);
    if (b->ranks > 1.0)
        genz_push_sync(b, "MHA AR", GENZ_ALL_REDUCE, b->ranks, b->tokens, c->hidden, GENZ_MHA);
}

static void push_experts(struct genz_build *b, double ffn, unsigned onchip)
{
    const struct genz_case *c = b->c;
    const double d = c->hidden, e = c->experts, k = c->top_k;

    if (c->api == GENZ_DECODE) {
        /* top_k experts are read whatever the batch; the others only weigh */
        const double used = at_least_1(ceil_div(k, c->ep)), idle = ceil_div(e, c->ep) - used;
        genz_push_gemm(b, "up+gate", used * ffn * c->ffn_in, 1, d, onchip, GENZ_FFN);
        genz_push_gemm(b, "down", d, 1, used * ffn, onchip, GENZ_FFN);
        genz_push_gemm(b, "up+gate", idle * ffn * c->ffn_in, 0, d, 0, GENZ_FFN);
        genz_push_gemm(b, "down", d, 0, idle * ffn, 0, GENZ_FFN);
    } else {
        const double width = floor_div(e, c->ep) * ffn, n = floor_div(b->tokens * k, e);
        genz_push_gemm(b, "up+gate", width * c->ffn_in, n, d, onchip, GENZ_FFN);
        genz_push_gemm(b, "down", d, n, width, onchip, GENZ_FFN);
    }
}

static void push_ffn(struct genz_build *b)
{
    const struct genz_case *c = b->c;
    const double d = c->hidden, t = b->tokens, ffn = at_least_1(ceil_div(c->intermediate, c->tp));
    const unsigned onchip = c->api == GENZ_DECODE ? GENZ_IN | GENZ_OUT : 0;
    const bool moe = c->experts > 1.0;

    if (moe) {
        genz_push_gemm(b, "Gate", c->experts, t, floor_div(d, c->tp), 0, GENZ_FFN);
        if (c->tp > 1.0)
            genz_push_sync(b, "Gate AR", GENZ_ALL_REDUCE, c->tp, t,
                           c->api == GENZ_DECODE ? d : c->experts, GENZ_FFN);
        if (c->ep > 1.0)
            genz_push_sync(b, "Dispatch A2A", GENZ_ALL_TO_ALL, c->ep, t, c->top_k * d, GENZ_FFN);
        push_experts(b, ffn, onchip);
        if (c->ep > 1.0)
            genz_push_sync(b, "Collect A2A", GENZ_ALL_TO_ALL, c->ep, t, c->top_k * d, GENZ_FFN);
    } else {
        genz_push_gemm(b, "up+gate", ffn * c->ffn_in, t, d, onchip, GENZ_FFN);
        genz_push_gemm(b, "down", d, t, ffn, onchip, GENZ_FFN);
    }
    if (c->tp > 1.0)
        genz_push_sync(b, "FFN AR", GENZ_ALL_REDUCE, c->tp, t, d, GENZ_FFN);
}

/* A marker opens and one closes the repeated layers; they take an index each. */
static void push_layers(struct genz_build *b, double layers, double stages)
{
    b->repeat = layers * stages;
    b->list->index++;
    if (b->c->d_state > 0.0)
        genz_push_mamba(b);
    else
        push_mixer(b);
    push_ffn(b);
    b->list->index++;
    b->repeat = 1.0;
}

static void push_stages(struct genz_build *b)
{
    const struct genz_case *c = b->c;
    const double per_stage = ceil_div(c->layers, c->pp);

    if (c->pp > 1.0) {
        b->list->index++;
        push_layers(b, per_stage, c->pp - 1.0);
        b->repeat = c->pp - 1.0;
        genz_push_sync(b, "Message Pass", GENZ_MESSAGE, 2.0, b->tokens, c->hidden, 0);
        b->list->index++;
    }
    push_layers(b, c->layers - per_stage * (c->pp - 1.0), 1.0);
}

static double new_tokens(const struct genz_case *c)
{
    double n = 0.0;

    for (size_t i = 0; i < c->n_prefill; i++)
        n += c->prefill[i].n;
    return n;
}

static double chunk_tokens(const struct genz_case *c)
{
    double n = new_tokens(c);

    for (size_t i = 0; i < c->n_decode; i++)
        n += c->decode[i].n;
    return n;
}

static void push_all(struct genz_build *b)
{
    const struct genz_case *c = b->c;
    const double n = b->ranks, vocab_share = floor_div(c->vocab, n);

    b->repeat = 1.0;
    if (c->api != GENZ_DECODE) {
        const double t = c->api == GENZ_CHUNKED ? new_tokens(c) : b->tokens;
        genz_push_gemm(b, "embeddings", c->hidden, t, vocab_share, 0, 0);
        if (n > 1.0)
            genz_push_sync(b, "Emb_AR", GENZ_ALL_REDUCE, n, t, c->hidden, 0);
    }
    push_stages(b);
    genz_push_gemm(b, "classifier", vocab_share, b->tokens, c->hidden, 0, 0);
    if (n > 1.0)
        genz_push_sync(b, "classifier_AG", GENZ_ALL_GATHER, n, b->tokens, c->vocab, 0);
}

const char *genz_refusal(const struct genz_case *c)
{
    const double n = c->tp * c->ep;

    if (c->layers - ceil_div(c->layers, c->pp) * (c->pp - 1.0) < 1.0)
        return "pipeline: the last stage has no layer";
    if (c->experts > 1.0 && fmod(c->experts, c->ep) != 0.0)
        return "experts do not divide by ep";
    if (c->d_state > 0.0 && c->api == GENZ_CHUNKED)
        return "chunked state-space layers: no rule";
    if (c->d_state > 0.0 && c->heads > 1.0)
        return "hybrid of attention and state-space layers: the pattern is not among the columns";
    if (fmod(at_least_1(ceil_div(c->heads, n)), at_least_1(ceil_div(c->kv_heads, n))) != 0.0)
        return "heads per rank are no multiple of the kv heads per rank";
    return NULL;
}

cosim_status genz_build(const struct genz_case *c, struct genz_list *l, struct arena *a,
                        cosim_error *e)
{
    const double micro = at_least_1(floor_div(c->batch, c->pp));
    struct genz_build b = { .c = c, .list = l, .ranks = c->tp * c->ep };

    /* two stages of at most 24 operators, their attention pairs, and the ends */
    *l = (struct genz_list){ .cap = 64 + 4 * (c->n_prefill + c->n_decode) };
    l->op = ARENA_NEW(a, struct genz_op, l->cap);
    if (!l->op)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    b.batch = micro * (c->api == GENZ_DECODE ? c->beam : 1.0);
    b.tokens = c->api == GENZ_PREFILL  ? c->input_tokens
               : c->api == GENZ_DECODE ? 1.0
                                       : chunk_tokens(c);
    push_all(&b);
    return COSIM_OK;
}
