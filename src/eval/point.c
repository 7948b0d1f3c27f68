/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/point.h"

#include "core/num.h"
#include "energy/energy.h"

static double rate(const struct rates *r, enum rate id)
{
    return r->rate[id].value;
}

static bool rates_known(const struct phase *ph, const struct rates *r)
{
    if (!is_known(rate(r, RATE_S_PER_MEM_BYTE)) || !is_known(r->s_per_flop[PREC_VECTOR].value))
        return false;
    for (size_t i = 0; i < ph->n_op; i++)
        if (ph->op[i].flops > 0.0 && !is_known(r->s_per_flop[ph->op[i].math].value))
            return false;
    return true;
}

enum reject point_gate(const struct load *l, const struct rates *r)
{
    if (l->request.prompt_tokens + l->request.output_tokens > l->graph->plan->model->max_ctx_tokens)
        return REJECT_CONTEXT;
    if (!rates_known(&l->prefill, r) || !is_known(rate(r, RATE_MEM_USABLE_BYTES)))
        return REJECT_RATE;
    if (l->n_devices > 1.0) {
        if (!is_known(rate(r, RATE_S_PER_LINK_BYTE)))
            return REJECT_LINK;
        if (l->n_devices > rate(r, RATE_LINK_DOMAIN))
            return REJECT_DOMAIN;
    }
    return l->memory_bytes > rate(r, RATE_MEM_USABLE_BYTES) ? REJECT_CAPACITY : REJECT_NONE;
}

static struct phase_cost phase_eval(const struct phase *ph, const struct graph *g,
                                    const struct rates *r)
{
    const double s_per_byte = rate(r, RATE_S_PER_MEM_BYTE);
    const double s_per_vector = r->s_per_flop[PREC_VECTOR].value;
    struct phase_cost c = { 0 };

    for (size_t i = 0; i < ph->n_op; i++) {
        const struct priced_op *o = &ph->op[i];
        const double work_s = roofline_s((struct streams){
            .compute_s = o->flops * r->s_per_flop[o->math].value,
            .memory_s = o->mem_bytes * s_per_byte,
            .cache_s = o->cache_bytes * rate(r, RATE_S_PER_CACHE_BYTE),
            .vector_s = o->vector_flops * s_per_vector,
        });
        c.busy_s += o->times * (rate(r, RATE_OP_FLOOR_S) + work_s);
    }
    for (size_t i = 0; i < ph->n_net; i++) {
        const struct priced_net *n = &ph->net[i];
        const double net_s = coll_s(&n->form, rate(r, RATE_LINK_LATENCY_S),
                                    n->bytes * rate(r, RATE_S_PER_LINK_BYTE));
        c.busy_s += n->times * (rate(r, RATE_COLLECTIVE_FLOOR_S) + net_s);
    }
    c.step_s = roofline_launch_s(c.busy_s, g->kernels, rate(r, RATE_LAUNCH_S));
    c.launch_bound = c.step_s > c.busy_s;
    for (int p = 0; p < N_PREC; p++)
        if (ph->flops[p] > 0.0)
            c.dynamic_j += ph->flops[p] * r->j_per_flop[p].value;
    c.dynamic_j += ph->mem_bytes * rate(r, RATE_J_PER_MEM_BYTE);
    c.dynamic_j += ph->cache_bytes * rate(r, RATE_J_PER_CACHE_BYTE);
    if (ph->n_net > 0)
        c.dynamic_j += ph->link_bytes * rate(r, RATE_J_PER_LINK_BYTE);
    return c;
}

void point_eval(struct point *p, const struct load *l, const struct rates *r,
                double ppl_increase_ratio)
{
    const double batch = l->request.batch, out = l->request.output_tokens;
    const double dp = l->graph->par.dp, work_of_all = l->micro_batches * l->ranks;
    const double static_w = rate(r, RATE_STATIC_W) * l->n_devices;
    double *m = p->metric;

    for (int i = 0; i < N_METRICS; i++)
        m[i] = UNKNOWN_F64;
    p->reject = point_gate(l, r);
    m[METRIC_MEMORY] = l->memory_bytes;
    m[METRIC_DEVICES] = l->n_devices * dp;
    m[METRIC_PRICE] = r->device->price_usd * m[METRIC_DEVICES];
    m[METRIC_PPL_INCREASE] = ppl_increase_ratio;
    if (p->reject != REJECT_NONE && p->reject != REJECT_CAPACITY)
        return;
    p->prefill = phase_eval(&l->prefill, l->graph, r);
    p->decode = phase_eval(&l->decode, l->graph, r);
    m[METRIC_TTFT] = p->prefill.step_s * l->prefill_fill;
    m[METRIC_TPOT] = p->decode.step_s;
    m[METRIC_E2E] = m[METRIC_TTFT] + l->decode_steps * m[METRIC_TPOT];
    m[METRIC_TOKENS_PER_S] = dp * batch * out / m[METRIC_E2E];
    m[METRIC_DECODE_TOKENS_PER_S] = dp * batch / m[METRIC_TPOT];
    const double prefill_j = energy_j(p->prefill.dynamic_j * work_of_all, static_w, m[METRIC_TTFT]);
    const double decode_j = energy_j(p->decode.dynamic_j * work_of_all, static_w, m[METRIC_TPOT]);
    const double total_j = prefill_j + l->decode_steps * decode_j;
    m[METRIC_J_PER_TOKEN] = total_j / (batch * out);
    m[METRIC_POWER] = dp * total_j / m[METRIC_E2E];
    m[METRIC_USD_PER_MTOK] =
        energy_usd_per_mtok(rate(r, RATE_CAPEX_USD_PER_S) * m[METRIC_DEVICES], m[METRIC_POWER],
                            rate(r, RATE_ELECTRICITY_USD_PER_J), m[METRIC_TOKENS_PER_S]);
    m[METRIC_CARBON] =
        energy_carbon_g_per_mtok(m[METRIC_J_PER_TOKEN], rate(r, RATE_CARBON_G_PER_J));
}

/* The second largest of the streams tells how much faster the binding one may become. */
static void find_flip(struct op_cost *c)
{
    const double stream[] = { c->t.compute_s, c->t.memory_s, c->t.cache_s,
                              c->t.vector_s,  c->network_s,  c->floor_s };
    double next = 0.0;

    c->flip_to = c->bound;
    for (int b = 0; b < N_BOUNDS; b++)
        if (b != (int)c->bound && stream[b] > next) {
            next = stream[b];
            c->flip_to = (enum bound)b;
        }
    c->flip_ratio = next > 0.0 ? stream[c->bound] / next : INF_F64;
}

void point_price(struct op_cost *c, const struct op *op, const struct step *s,
                 const struct rates *r)
{
    const bool net = op->collective != COLL_NONE;

    *c = (struct op_cost){ .op = op };
    op->kind->work(op, s, &c->work);
    c->floor_s = rate(r, net ? RATE_COLLECTIVE_FLOOR_S : RATE_OP_FLOOR_S);
    if (net) {
        const struct coll_form form = load_coll_form(op);
        c->network_s = coll_s(&form, rate(r, RATE_LINK_LATENCY_S),
                              c->work.net_bytes * rate(r, RATE_S_PER_LINK_BYTE));
        c->bound = c->floor_s > c->network_s ? BOUND_FLOOR : BOUND_NETWORK;
        c->call_s = c->floor_s + c->network_s;
        c->total_j =
            op->times * (form.ring_volume * c->work.net_bytes) * rate(r, RATE_J_PER_LINK_BYTE);
    } else {
        c->t.compute_s = c->work.flops > 0.0 ? c->work.flops * r->s_per_flop[op->math].value : 0.0;
        c->t.memory_s = work_mem_bytes(&c->work) * rate(r, RATE_S_PER_MEM_BYTE);
        c->t.cache_s = c->work.cache_bytes * rate(r, RATE_S_PER_CACHE_BYTE);
        c->t.vector_s = c->work.vector_flops * r->s_per_flop[PREC_VECTOR].value;
        c->bound = roofline_bound(c->t, c->floor_s);
        c->call_s = c->floor_s + roofline_s(c->t);
        c->total_j = op->times
                     * ((c->work.flops > 0.0 ? c->work.flops * r->j_per_flop[op->math].value : 0.0)
                        + c->work.vector_flops * r->j_per_flop[PREC_VECTOR].value
                        + work_mem_bytes(&c->work) * rate(r, RATE_J_PER_MEM_BYTE)
                        + c->work.cache_bytes * rate(r, RATE_J_PER_CACHE_BYTE));
    }
    c->total_s = op->times * c->call_s;
    find_flip(c);
}

void point_op(struct op_cost *c, const struct load *l, const struct phase *ph, size_t i,
              const struct rates *r)
{
    point_price(c, &l->graph->op[i], &ph->step, r);
}
