/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/block.h"

#include "core/num.h"
#include "core/vector.h"
#include "energy/energy.h"
#include "roofline/roofline.h"

#include <string.h>

static double *column(struct arena *a, size_t stride)
{
    return ARENA_NEW(a, double, stride);
}

static void fill(double *column, size_t n, double value)
{
    for (size_t d = 0; d < n; d++)
        column[d] = value;
}

cosim_status rate_columns_make(struct rate_columns *c, const struct rates *r, size_t n,
                               struct arena *a, cosim_error *e)
{
    c->n = n;
    c->stride = (n + BLOCK_LANES - 1) / BLOCK_LANES * BLOCK_LANES;
    c->device_price_usd = column(a, c->stride);
    bool ok = c->device_price_usd != NULL;
    for (int p = 0; p < N_PREC; p++) {
        c->s_per_flop[p] = column(a, c->stride);
        c->j_per_flop[p] = column(a, c->stride);
        ok = ok && c->s_per_flop[p] && c->j_per_flop[p];
        for (size_t d = 0; ok && d < n; d++) {
            c->s_per_flop[p][d] = r[d].s_per_flop[p].value;
            c->j_per_flop[p][d] = r[d].j_per_flop[p].value;
        }
    }
    for (int i = 0; i < N_RATES; i++) {
        c->rate[i] = column(a, c->stride);
        ok = ok && c->rate[i];
        for (size_t d = 0; ok && d < n; d++)
            c->rate[i][d] = r[d].rate[i].value;
    }
    for (size_t d = 0; ok && d < n; d++)
        c->device_price_usd[d] = r[d].device->price_usd;
    return ok ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for %zu devices", n);
}

cosim_status block_init(struct block *b, const struct rate_columns *c, struct arena *a,
                        cosim_error *e)
{
    double **const columns[] = { &b->prefill_s, &b->decode_s, &b->prefill_j, &b->decode_j };
    bool ok = true;

    b->columns = c;
    b->graph_reject = ARENA_NEW(a, uint8_t, c->stride);
    b->reject = ARENA_NEW(a, uint8_t, c->stride);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        ok = (*columns[i] = column(a, c->stride)) != NULL && ok;
    for (int i = 0; i < N_METRICS; i++)
        ok = (b->metric[i] = column(a, c->stride)) != NULL && ok;
    for (int i = N_POINT_METRICS; ok && i < N_METRICS; i++)
        fill(b->metric[i], c->stride, UNKNOWN_F64);
    return ok && b->reject && b->graph_reject
               ? COSIM_OK
               : err_set(e, COSIM_ENOMEM, "out of memory for a block");
}

void block_set_graph(struct block *b, const struct load *l)
{
    const struct rate_columns *c = b->columns;
    const struct phase *ph = &l->prefill;

    for (size_t d = 0; d < c->n; d++) {
        bool known = is_known(c->rate[RATE_S_PER_MEM_BYTE][d])
                     && is_known(c->s_per_flop[PREC_VECTOR][d])
                     && is_known(c->rate[RATE_MEM_USABLE_BYTES][d]);
        for (size_t i = 0; i < ph->n_op; i++)
            if (ph->op[i].flops > 0.0)
                known = known && is_known(c->s_per_flop[ph->op[i].math][d]);
        enum reject why = known ? REJECT_NONE : REJECT_RATE;
        if (known && l->n_devices > 1.0) {
            if (!is_known(c->rate[RATE_S_PER_LINK_BYTE][d]))
                why = REJECT_LINK;
            else if (l->n_devices > c->rate[RATE_LINK_DOMAIN][d])
                why = REJECT_DOMAIN;
        }
        b->graph_reject[d] = (uint8_t)why;
    }
}

/* Prices of one chunk, side by side: copies cannot alias the sums, so the loops vectorise. */
struct chunk {
    double s_per_byte[BLOCK_LANES], s_per_cache[BLOCK_LANES], s_per_vector[BLOCK_LANES];
    double floor_s[BLOCK_LANES];
};

static inline void load_chunk(struct chunk *k, const struct rate_columns *c, size_t base)
{
    memcpy(k->s_per_byte, c->rate[RATE_S_PER_MEM_BYTE] + base, sizeof k->s_per_byte);
    memcpy(k->s_per_cache, c->rate[RATE_S_PER_CACHE_BYTE] + base, sizeof k->s_per_cache);
    memcpy(k->s_per_vector, c->s_per_flop[PREC_VECTOR] + base, sizeof k->s_per_vector);
    memcpy(k->floor_s, c->rate[RATE_OP_FLOOR_S] + base, sizeof k->floor_s);
}

/* Not inlined: gcc would fuse the lanes of two operators and then vectorise neither. */
__attribute__((noinline)) HOT void add_op(double *restrict busy_s, const struct chunk *restrict k,
                                          const double *restrict s_per_flop,
                                          const struct priced_op *op)

{
    const struct priced_op o = *op;

    for (size_t j = 0; j < BLOCK_LANES; j++) {
        const double work_s = roofline_s((struct streams){
            .compute_s = o.flops * s_per_flop[j],
            .memory_s = o.mem_bytes * k->s_per_byte[j],
            .cache_s = o.cache_bytes * k->s_per_cache[j],
            .vector_s = o.vector_flops * k->s_per_vector[j],
        });
        busy_s[j] += o.times * (k->floor_s[j] + work_s);
    }
}

__attribute__((noinline)) HOT void add_net(double *restrict busy_s, const struct rate_columns *c,
                                           size_t base, const struct priced_net *net)
{
    const struct priced_net n = *net;
    const double *restrict alpha_s = c->rate[RATE_LINK_LATENCY_S] + base;
    const double *restrict s_per_byte = c->rate[RATE_S_PER_LINK_BYTE] + base;
    const double *restrict floor_s = c->rate[RATE_COLLECTIVE_FLOOR_S] + base;

    for (size_t j = 0; j < BLOCK_LANES; j++)
        busy_s[j] += n.times * (floor_s[j] + coll_s(&n.form, alpha_s[j], n.bytes * s_per_byte[j]));
}

/* Seconds of one micro-batch through all stages. */
HOT void phase_s(double *restrict out, const struct phase *ph, double kernels,
                 const struct rate_columns *c)
{
    for (size_t base = 0; base < c->stride; base += BLOCK_LANES) {
        const double *const launch_s = c->rate[RATE_LAUNCH_S] + base;
        double busy_s[BLOCK_LANES] = { 0 };
        struct chunk k;

        load_chunk(&k, c, base);
        for (size_t i = 0; i < ph->n_op; i++)
            add_op(busy_s, &k, c->s_per_flop[ph->op[i].math] + base, &ph->op[i]);
        for (size_t i = 0; i < ph->n_net; i++)
            add_net(busy_s, c, base, &ph->net[i]);
        for (size_t j = 0; j < BLOCK_LANES; j++)
            out[base + j] = roofline_launch_s(busy_s[j], kernels, launch_s[j]);
    }
}

/* Dynamic joules of one rank for one micro-batch. */
HOT void phase_j(double *restrict out, const struct phase *ph, const struct rate_columns *c)
{
    memset(out, 0, c->stride * sizeof *out);
    for (int p = 0; p < N_PREC; p++)
        if (ph->flops[p] > 0.0)
            for (size_t d = 0; d < c->stride; d++)
                out[d] += ph->flops[p] * c->j_per_flop[p][d];
    for (size_t d = 0; d < c->stride; d++)
        out[d] += ph->mem_bytes * c->rate[RATE_J_PER_MEM_BYTE][d];
    for (size_t d = 0; d < c->stride; d++)
        out[d] += ph->cache_bytes * c->rate[RATE_J_PER_CACHE_BYTE][d];
    if (ph->n_net > 0)
        for (size_t d = 0; d < c->stride; d++)
            out[d] += ph->link_bytes * c->rate[RATE_J_PER_LINK_BYTE][d];
}

static bool gate(struct block *b, const struct load *l)
{
    const struct rate_columns *c = b->columns;
    const double *usable = c->rate[RATE_MEM_USABLE_BYTES];
    const double context = l->request.prompt_tokens + l->request.output_tokens;
    bool any = false;

    if (context > l->graph->plan->model->max_ctx_tokens) {
        memset(b->reject, REJECT_CONTEXT, c->n);
        return false;
    }
    for (size_t d = 0; d < c->n; d++) {
        uint8_t why = b->graph_reject[d];
        if (why == REJECT_NONE && l->memory_bytes > usable[d])
            why = REJECT_CAPACITY;
        b->reject[d] = why;
        any = any || why == REJECT_NONE;
    }
    return any;
}

#define ASKED(id) (asked & (1u << METRIC_##id))
#define ENERGY_METRICS                                                                             \
    (1u << METRIC_J_PER_TOKEN | 1u << METRIC_POWER | 1u << METRIC_USD_PER_MTOK                     \
     | 1u << METRIC_CARBON)

HOT void latency_metrics(struct block *b, const struct load *l)
{
    const double dp = l->graph->par.dp, batch = l->request.batch, out = l->request.output_tokens;

    for (size_t d = 0; d < b->columns->stride; d++) {
        const double ttft = b->prefill_s[d] * l->prefill_fill, tpot = b->decode_s[d];
        const double e2e = ttft + l->decode_steps * tpot;
        b->metric[METRIC_TTFT][d] = ttft;
        b->metric[METRIC_TPOT][d] = tpot;
        b->metric[METRIC_E2E][d] = e2e;
        b->metric[METRIC_TOKENS_PER_S][d] = dp * batch * out / e2e;
    }
}

HOT void energy_metrics(struct block *b, const struct load *l, uint32_t asked)
{
    const struct rate_columns *c = b->columns;
    const double dp = l->graph->par.dp, batch = l->request.batch, out = l->request.output_tokens;
    const double work_of_all = l->micro_batches * l->ranks, n_devices = l->n_devices * dp;

    phase_j(b->decode_j, &l->decode, c);
    for (size_t d = 0; d < c->stride; d++) {
        const double static_w = c->rate[RATE_STATIC_W][d] * l->n_devices;
        const double prefill_j =
            energy_j(b->prefill_j[d] * work_of_all, static_w, b->metric[METRIC_TTFT][d]);
        const double decode_j =
            energy_j(b->decode_j[d] * work_of_all, static_w, b->metric[METRIC_TPOT][d]);
        const double total_j = prefill_j + l->decode_steps * decode_j;
        b->metric[METRIC_J_PER_TOKEN][d] = total_j / (batch * out);
        b->metric[METRIC_POWER][d] = dp * total_j / b->metric[METRIC_E2E][d];
    }
    if (ASKED(USD_PER_MTOK))
        for (size_t d = 0; d < c->stride; d++)
            b->metric[METRIC_USD_PER_MTOK][d] = energy_usd_per_mtok(
                c->rate[RATE_CAPEX_USD_PER_S][d] * n_devices, b->metric[METRIC_POWER][d],
                c->rate[RATE_ELECTRICITY_USD_PER_J][d], b->metric[METRIC_TOKENS_PER_S][d]);
    if (ASKED(CARBON))
        for (size_t d = 0; d < c->stride; d++)
            b->metric[METRIC_CARBON][d] = energy_carbon_g_per_mtok(b->metric[METRIC_J_PER_TOKEN][d],
                                                                   c->rate[RATE_CARBON_G_PER_J][d]);
}

static void constant_metrics(struct block *b, const struct load *l, double ppl, uint32_t asked)
{
    const size_t n = b->columns->stride;
    const double n_devices = l->n_devices * l->graph->par.dp;

    if (ASKED(MEMORY))
        fill(b->metric[METRIC_MEMORY], n, l->memory_bytes);
    if (ASKED(DEVICES))
        fill(b->metric[METRIC_DEVICES], n, n_devices);
    if (ASKED(PPL_INCREASE))
        fill(b->metric[METRIC_PPL_INCREASE], n, ppl);
    if (ASKED(PRICE))
        for (size_t d = 0; d < n; d++)
            b->metric[METRIC_PRICE][d] = b->columns->device_price_usd[d] * n_devices;
    if (ASKED(DECODE_TOKENS_PER_S))
        for (size_t d = 0; d < n; d++)
            b->metric[METRIC_DECODE_TOKENS_PER_S][d] =
                l->graph->par.dp * l->request.batch / b->metric[METRIC_TPOT][d];
}

void block_eval(struct block *b, const struct load *l, double ppl_increase_ratio, uint32_t asked)
{
    if (!gate(b, l))
        return;
    if (!b->prefill_known) {
        phase_s(b->prefill_s, &l->prefill, l->graph->kernels, b->columns);
        phase_j(b->prefill_j, &l->prefill, b->columns);
        b->prefill_known = true;
    }
    phase_s(b->decode_s, &l->decode, l->graph->kernels, b->columns);
    latency_metrics(b, l);
    if (asked & ENERGY_METRICS)
        energy_metrics(b, l, asked);
    constant_metrics(b, l, ppl_increase_ratio, asked);
}
