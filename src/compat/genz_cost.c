/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flops, bytes, times and totals of a GenZ operator list. */
#include "compat/genz.h"

#include "core/num.h"

#include <stdio.h>
#include <string.h>

#define GIB 1073741824.0

static const double onchip_bytes_per_s = 18000.0 * GIB; /* GenZ's constant for pinned tensors */
static const double collective_start_s = 5e-6;          /* GenZ's constant per collective */
static const double offload_bytes_per_s = 128.0 * GIB;  /* GenZ's constant, host link */

/* The words of GenZ; bytes and factors from golden/README.md, "Precision". */
static const struct genz_format formats[] = {
    { "f32", 32, 4.0, 2.0 }, { "bf16", 16, 2.0, 1.0 },   { "int8", 8, 1.0, 0.5 },
    { "fp8", 8, 1.0, 0.5 },  { "fp6", 6, 0.75, 0.5 },    { "int4", 4, 0.5, 0.25 },
    { "fp4", 4, 0.5, 0.25 }, { "int2", 2, 0.25, 0.125 },
};

#define N_FORMATS (sizeof formats / sizeof *formats)

const struct genz_format *genz_format_find(const char *name)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const struct genz_format *genz_format_of_bits(double bits)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (formats[i].bits == bits)
            return &formats[i];
    return NULL;
}

const char *genz_type_name(enum genz_type t)
{
    static const char *const name[N_GENZ_TYPE] = {
        [GENZ_GEMM] = "GEMM",     [GENZ_LOGIT] = "Logit",   [GENZ_ATTEND] = "Attend",
        [GENZ_CONV1D] = "CONV1D", [GENZ_EINSUM] = "Einsum", [GENZ_SYNC] = "Sync",
    };

    return name[t];
}

static double volume(const struct genz_tensor *t)
{
    double v = t->n > 0 ? 1.0 : 0.0;

    for (int i = 0; i < t->n; i++)
        v *= t->dim[i];
    return v;
}

static double flops_of(const struct genz_op *op)
{
    switch (op->type) {
    case GENZ_GEMM:
        return 2.0 * volume(&op->in) * op->weight.dim[0];
    case GENZ_LOGIT: /* b H M D x N */
        return 2.0 * volume(&op->in) * op->weight.dim[2];
    case GENZ_ATTEND: /* b H M N x D */
        return 2.0 * volume(&op->in) * op->weight.dim[3];
    case GENZ_CONV1D: /* b N F x kernel */
        return 2.0 * volume(&op->in) * op->weight.dim[2];
    case GENZ_EINSUM: /* the largest tensor of each of the scan's products has all its indices */
        return 2.0 * max_f64(volume(&op->in), volume(&op->out));
    case GENZ_SYNC:
    case N_GENZ_TYPE:
        break;
    }
    return 0.0;
}

static double comm_s(const struct genz_case *c, const struct genz_op *op)
{
    const double n = op->ranks, l = c->link_latency_s;
    const double bytes = volume(&op->in) * c->format->bytes,
                 share_s = bytes / n / c->link_bytes_per_s;

    if (op->type != GENZ_SYNC)
        return 0.0;
    switch (op->collective) {
    case GENZ_ALL_REDUCE:
        return collective_start_s + 2.0 * (n - 1.0) * l + 2.0 * (n - 1.0) * share_s;
    case GENZ_ALL_GATHER:
    case GENZ_ALL_TO_ALL:
        return collective_start_s + (n - 1.0) * l + (n - 1.0) * share_s;
    case GENZ_MESSAGE:
        break;
    }
    return l + bytes / c->link_bytes_per_s;
}

static void count(const struct genz_case *c, struct genz_op *op)
{
    const double b = op->type == GENZ_SYNC ? 0.0 : c->format->bytes;

    op->flops = flops_of(op);
    op->in_bytes = volume(&op->in) * b;
    op->weight_bytes = volume(&op->weight) * b;
    op->out_bytes = volume(&op->out) * b;
}

static void time_op(const struct genz_case *c, double mem_bytes_per_s, struct genz_op *op)
{
    const double in_rate = op->onchip & GENZ_IN ? onchip_bytes_per_s : mem_bytes_per_s;
    const double weight_rate = op->onchip & GENZ_WEIGHT ? onchip_bytes_per_s : mem_bytes_per_s;
    const double out_rate = op->onchip & GENZ_OUT ? onchip_bytes_per_s : mem_bytes_per_s;

    op->compute_s = op->flops * c->format->compute_factor / c->peak_flops_per_s / c->eff_ratio;
    op->memory_s =
        op->flops == 0.0
            ? 0.0
            : (op->in_bytes / in_rate + op->weight_bytes / weight_rate + op->out_bytes / out_rate)
                  / c->eff_ratio;
    op->comm_s = comm_s(c, op);
    op->time_s = max_f64(max_f64(op->compute_s, op->memory_s), op->comm_s);
    op->bound = op->time_s == op->comm_s     ? "Collective"
                : op->time_s == op->memory_s ? "Memory"
                                             : "Compute";
}

/* Watts times hours: 1 kW split 30 static, 40 compute, 20 memory, 10 network, percent as is. */
static double energy_kwh(const struct genz_case *c, double mem_bytes_per_s,
                         const struct genz_op *op)
{
    const double ms = op->time_s * 1e3 * op->repeat;
    double compute_ratio, memory_ratio, comm_ratio;

    if (op->time_s == 0.0)
        return 0.0;
    compute_ratio = op->flops * c->format->compute_factor / c->peak_flops_per_s / op->time_s;
    memory_ratio = (op->in_bytes + op->weight_bytes + op->out_bytes) / mem_bytes_per_s / op->time_s;
    comm_ratio = op->comm_s / op->time_s;
    return ms * 1000.0 * (30.0 + 40.0 * compute_ratio + 20.0 * memory_ratio + 10.0 * comm_ratio)
           / 3.6e9;
}

static double kv_bytes(const struct genz_op *op)
{
    if (op->type == GENZ_LOGIT || op->type == GENZ_ATTEND || op->type == GENZ_CONV1D)
        return op->weight_bytes;
    if (op->type == GENZ_EINSUM && strcmp(op->name, "x calc") == 0)
        return op->weight_bytes / op->in.dim[0]; /* one state, not one per token */
    return 0.0;
}

static void add_times(const struct genz_op *op, struct genz_totals *t)
{
    const double s = op->time_s * op->repeat;

    t->time_s += s;
    if (op->type == GENZ_LOGIT || op->type == GENZ_ATTEND)
        t->attn_s += s;
    if (op->type == GENZ_GEMM)
        t->linear_s += s;
    if (op->type == GENZ_SYNC)
        t->comm_s += s;
    if (op->group & GENZ_MHA)
        t->mha_s += s;
    if (op->group & GENZ_FFN)
        t->ffn_s += s;
}

/* GenZ's mixture: what fits is read from the memory, the rest over the host link, in parallel. */
static double offload_rate(const struct genz_case *c, double held_bytes)
{
    const double fit = min_f64(held_bytes, c->mem_bytes) / c->mem_bytes_per_s;
    const double rest = (held_bytes - c->mem_bytes) / offload_bytes_per_s;

    return held_bytes / max_f64(fit, rest);
}

static double tokens_out(const struct genz_case *c)
{
    double n = (double)c->n_decode; /* GenZ counts an entry once, whatever its sequences */

    if (c->api != GENZ_CHUNKED)
        return c->batch;
    for (size_t i = 0; i < c->n_prefill; i++)
        n += c->prefill[i].n;
    return n;
}

void genz_cost(const struct genz_case *c, struct genz_list *l, struct genz_totals *t)
{
    double rate = c->mem_bytes_per_s, held_bytes;

    *t = (struct genz_totals){ 0 };
    for (size_t i = 0; i < l->n; i++) {
        struct genz_op *op = &l->op[i];

        count(c, op);
        t->flops += op->flops * op->repeat;
        t->kv_bytes += kv_bytes(op) * op->repeat;
        if (op->type == GENZ_GEMM)
            t->weight_bytes += op->weight_bytes * op->repeat;
    }
    held_bytes = (t->weight_bytes + t->kv_bytes) / c->pp;
    t->offloaded = held_bytes > c->mem_bytes;
    if (t->offloaded)
        rate = offload_rate(c, held_bytes);
    for (size_t i = 0; i < l->n; i++) {
        time_op(c, rate, &l->op[i]);
        add_times(&l->op[i], t);
        t->energy_kwh_reported += energy_kwh(c, rate, &l->op[i]);
    }
    t->collective_s = t->comm_s;
    t->throughput_per_s = tokens_out(c) / t->time_s;
}

static size_t print_tensor(const struct genz_tensor *t, const char *parens, char *buf, size_t n)
{
    size_t used = 0;

    for (int i = 0; i < t->n && used < n; i++)
        used += (size_t)snprintf(buf + used, n - used, "%c%.0f", i ? 'x' : parens[0], t->dim[i]);
    if (used < n)
        used += (size_t)snprintf(buf + used, n - used, "%c", parens[1]);
    return used < n ? used : n - 1;
}

void genz_dims(const struct genz_op *op, char *buf, size_t n)
{
    const char *parens = op->type == GENZ_EINSUM ? "[]" : "()";
    size_t used = 0;

    if (op->type == GENZ_SYNC) {
        (void)print_tensor(&op->in, parens, buf, n);
        return;
    }
    used += (size_t)snprintf(buf, n, "(");
    used += print_tensor(&op->in, parens, buf + used, n - used);
    used += (size_t)snprintf(buf + used, n - used, "x");
    used += print_tensor(&op->weight, parens, buf + used, n - used);
    used += (size_t)snprintf(buf + used, n - used, "x");
    used += print_tensor(&op->out, parens, buf + used, n - used);
    (void)snprintf(buf + used, n - used, ")");
}
