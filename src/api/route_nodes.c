/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model becomes a chain of nodes: the engine prices every operator on every member. */
#include "api/route_making.h"
#include "core/num.h"
#include "eval/point.h"
#include "model/pairs.h"

#include <string.h>

static bool is_expert_op(const struct op *op)
{
    return op->kind == &op_experts;
}

/* Operators in graph order: embedding, the classes of layers one by one, the ends. Of a layer of
 * experts only the routed ones are the second part: router and shared experts stay with attention.
 */
static cosim_status sort_ops(struct making *k, cosim_error *e)
{
    const struct graph *g = k->load->graph;
    size_t cls = SIZE_MAX;
    bool after_attention = false;

    k->class_of_op = ARENA_NEW(k->a, size_t, g->n_op);
    k->part_of_op = ARENA_NEW(k->a, enum part, g->n_op);
    if (!k->class_of_op || !k->part_of_op)
        return err_set(e, COSIM_ENOMEM, "out of memory for operators");
    for (size_t i = 0; i < g->n_op; i++) {
        const struct op *op = &g->op[i];
        if (strcmp(op->label, "attn_norm") == 0) {
            cls = cls == SIZE_MAX ? 0 : cls + 1;
            after_attention = false;
        }
        const bool moe = cls != SIZE_MAX && g->plan->cls[cls].layer.n_experts > 0.0;
        k->class_of_op[i] = cls;
        if (op->kind == &op_embedding)
            k->part_of_op[i] = PART_EMBEDDING;
        else if (op->kind == &op_head || strcmp(op->label, "final_norm") == 0)
            k->part_of_op[i] = PART_HEAD;
        else
            k->part_of_op[i] =
                k->split && (moe ? is_expert_op(op) : after_attention) ? PART_FFN : PART_LAYER;
        after_attention = after_attention || strcmp(op->label, "attn_out") == 0;
    }
    return COSIM_OK;
}

static cosim_status list_pieces(struct making *k, cosim_error *e)
{
    const struct model *m = k->load->graph->plan->model;
    const size_t most = 2 * m->n_layers + 2;
    size_t n = 0;

    k->piece = ARENA_NEW(k->a, struct piece, most);
    k->node = ARENA_NEW(k->a, struct route_node, most);
    if (!k->piece || !k->node)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu layers", m->n_layers);
    k->piece[n] = (struct piece){ .part = PART_EMBEDDING };
    k->node[n++].name = "embedding";
    for (size_t i = 0; i < m->n_layers; i++) {
        const size_t cls = k->load->graph->plan->class_of[i];
        k->piece[n] = (struct piece){ PART_LAYER, i, cls };
        k->node[n++].name = arena_printf(k->a, k->split ? "layer %zu attention" : "layer %zu", i);
        if (!k->split)
            continue;
        k->piece[n] = (struct piece){ PART_FFN, i, cls };
        k->node[n++].name = arena_printf(
            k->a, m->layer[i].n_experts > 0.0 ? "layer %zu experts" : "layer %zu ffn", i);
    }
    k->piece[n] = (struct piece){ .part = PART_HEAD };
    k->node[n++].name = "head";
    k->u->problem.n_nodes = n;
    k->u->problem.node = k->node;
    return COSIM_OK;
}

static double tensors_bytes(const struct plan_class *c, enum tensor_id first, enum tensor_id last)
{
    double bytes = 0.0;

    for (enum tensor_id t = first; t <= last; t++)
        if (c->tensor[t].format)
            bytes += c->tensor[t].bits * c->tensor[t].row_elems * c->tensor[t].n_rows / 8.0;
    return bytes;
}

static double layer_bytes(const struct plan *p, const struct piece *piece, bool split)
{
    const struct plan_bytes *x = &p->prefix[piece->layer], *y = x + 1;
    const double all =
        (y->by_tp - x->by_tp) + (y->by_tp_ep - x->by_tp_ep) + (y->replicated - x->replicated);
    const struct plan_class *c = &p->cls[piece->cls];
    const double ffn = c->layer.n_experts > 0.0
                           ? tensors_bytes(c, TENSOR_EXP_GATE, TENSOR_EXP_DOWN)
                           : tensors_bytes(c, TENSOR_FFN_GATE, TENSOR_FFN_DOWN);

    if (!split)
        return all;
    return piece->part == PART_FFN ? ffn : all - ffn;
}

static double layer_kv_bytes(const struct graph *g, const struct piece *piece, double n_tokens)
{
    const struct plan_class *c = &g->plan->cls[piece->cls];
    const struct layer *l = &c->layer;
    const double kept = keys_kept(n_tokens, l->window_tokens);

    return kept * l->n_kv_heads / 8.0
           * (l->head_dim * format_kv_bits(c->k_format, l->head_dim, kept)
              + l->v_head_dim * format_kv_bits(c->v_format, l->v_head_dim, kept));
}

/* Parts of layers that may well want the same place: number formats that alternate from layer to
 * layer make no kind of their own, short windows and experts do. */
static void name_kinds(struct making *k)
{
    const struct plan *p = k->load->graph->plan;
    size_t n_kinds = 0;

    for (size_t i = 0; i < k->u->problem.n_nodes; i++) {
        const struct piece *x = &k->piece[i];
        size_t j = 0;

        k->node[i].layer = SIZE_MAX;
        if (x->part == PART_EMBEDDING || x->part == PART_HEAD)
            continue;
        const struct layer *l = &p->cls[x->cls].layer;
        k->node[i].layer = x->layer;
        for (; j < i; j++) {
            const struct layer *m = &p->cls[k->piece[j].cls].layer;
            if (k->piece[j].part == x->part && (m->n_experts > 0.0) == (l->n_experts > 0.0)
                && (m->window_tokens > 0.0) == (l->window_tokens > 0.0))
                break;
        }
        k->node[i].kind = j < i ? k->node[j].kind : n_kinds++;
    }
}

/* What the layers and ends do not hold goes with the embedding or the head: learned positions,
 * the final norm. */
static void size_nodes(struct making *k)
{
    const struct graph *g = k->load->graph;
    const struct plan *p = g->plan;
    const struct request *r = &k->load->request;
    double layers = 0.0;

    for (size_t i = 0; i < k->u->problem.n_nodes; i++) {
        struct route_node *n = &k->node[i];
        const struct piece *piece = &k->piece[i];
        if (piece->part == PART_LAYER || piece->part == PART_FFN) {
            n->weight_bytes = layer_bytes(p, piece, k->split);
            layers += n->weight_bytes;
        }
        if (piece->part == PART_FFN)
            n->n_experts = p->cls[piece->cls].layer.n_experts;
        if (piece->part == PART_LAYER) {
            n->kv_bytes = r->batch * layer_kv_bytes(g, piece, r->prompt_tokens + r->output_tokens);
            n->kv_prompt_bytes = r->batch * layer_kv_bytes(g, piece, r->prompt_tokens);
        }
    }
    name_kinds(k);
    struct route_node *head = &k->node[k->u->problem.n_nodes - 1];
    k->node[0].weight_bytes = p->weight_bytes - layers - p->head_bytes;
    head->tied = !p->head.format;
    head->weight_bytes = head->tied ? p->embedding_bytes : p->head_bytes;
}

static bool in_piece(const struct making *k, const struct piece *piece, size_t op)
{
    if (k->part_of_op[op] != piece->part)
        return false;
    return piece->part == PART_EMBEDDING || piece->part == PART_HEAD
           || k->class_of_op[op] == piece->cls;
}

/* What goes to the attention core and comes back in a decode pass, and what it reads there. */
static void size_cores(struct making *k)
{
    const struct load *l = k->load;

    for (size_t i = 0; i < k->u->problem.n_nodes; i++)
        for (size_t j = 0; j < l->graph->n_op; j++) {
            const struct op *op = &l->graph->op[j];
            struct op_cost o;
            if (op->kind != &op_attention || !in_piece(k, &k->piece[i], j))
                continue;
            point_op(&o, l, &l->decode, j, &k->u->rates[0]);
            struct route_node *n = &k->node[i];
            n->core_in_bytes =
                l->request.batch
                * (op->heads * op->head_dim + op->kv_heads * (op->head_dim + op->v_head_dim))
                * OUT_BITS / 8.0;
            n->core_out_bytes = l->request.batch * op->heads * op->v_head_dim * OUT_BITS / 8.0;
            n->kv_read_bytes = o.work.kv_read_bytes;
        }
}

/* One pass of an operator on a member, the share of one layer. */
static struct route_cost price_op(const struct making *k, enum route_phase phase, size_t op,
                                  bool in_layer, size_t member)
{
    const struct load *l = k->load;
    const struct rates *r = &k->u->rates[member];
    const double stream = k->u->platform->member[member].stream_bytes_per_s;
    struct op_cost o;

    point_op(&o, l, phase == ROUTE_PREFILL ? &l->prefill : &l->decode, op, r);
    /* a class of equal layers is one operator of many calls: one layer makes its share */
    const double layers = in_layer ? l->graph->plan->cls[k->class_of_op[op]].times : 1.0;
    const double calls = o.op->times / layers;
    const bool core = o.op->kind == &op_attention;
    struct route_cost c = {
        .s = o.total_s / layers,
        .dynamic_j = o.total_j / layers,
        .compute_s = calls * o.t.compute_s,
        .memory_s = calls * o.t.memory_s,
        .other_s = calls * max_f64(o.t.cache_s, o.t.vector_s),
        .memory_j = calls * work_mem_bytes(&o.work) * r->rate[RATE_J_PER_MEM_BYTE].value,
        .calls = calls,
        .stream_s = is_known(stream) ? calls * o.work.w_bytes / stream : 0.0,
    };
    c.core_s = core ? c.s : 0.0;
    c.core_j = core ? c.dynamic_j : 0.0;
    return c;
}

/* One pass of a node on a member: its operators one after the other; of a tier not faster than its
 * weights come. */
static struct route_cost price(const struct making *k, enum route_phase phase, size_t node,
                               size_t member)
{
    const struct route_setup *u = k->u;
    struct route_cost c = { 0 };

    for (size_t i = 0; i < u->n_ops; i++) {
        const struct route_cost *o = route_op_cost(u, phase, i, member);
        if (!in_piece(k, &k->piece[node], i))
            continue;
        c.s += o->s;
        c.dynamic_j += o->dynamic_j;
        c.compute_s += o->compute_s;
        c.memory_s += o->memory_s;
        c.other_s += o->other_s;
        c.memory_j += o->memory_j;
        c.calls += o->calls;
        c.stream_s += o->stream_s;
        c.core_s += o->core_s;
        c.core_j += o->core_j;
    }
    c.s = roofline_launch_s(c.s, c.calls, u->rates[member].rate[RATE_LAUNCH_S].value);
    c.memory_s = max_f64(c.memory_s, c.stream_s);
    c.s = max_f64(c.s, c.stream_s);
    if (!is_known(c.s) || !is_known(c.dynamic_j))
        c.s = INF_F64;
    return c;
}

/* The first node of the same part and class: layers of a class cost the same. */
static size_t alike(const struct making *k, size_t node)
{
    size_t i = 0;

    while (k->piece[i].part != k->piece[node].part || k->piece[i].cls != k->piece[node].cls)
        i++;
    return i;
}

/* Operators in graph order, each with the first node that it is a part of. */
static cosim_status price_ops(struct making *k, cosim_error *e)
{
    struct route_setup *u = k->u;
    const struct graph *g = k->load->graph;
    const size_t n = g->n_op;

    struct route_cost *cost =
        ARENA_NEW(k->a, struct route_cost, N_ROUTE_PHASES * n * u->problem.n_members);
    u->op = ARENA_NEW(k->a, struct route_op, n);
    if (!cost || !u->op)
        return err_set(e, COSIM_ENOMEM, "out of memory for operators");
    u->n_ops = n;
    u->op_cost = cost;
    for (size_t i = 0; i < n; i++) {
        u->op[i].label = arena_strdup(k->a, g->op[i].label);
        if (!u->op[i].label)
            return err_set(e, COSIM_ENOMEM, "out of memory for operators");
        while (!in_piece(k, &k->piece[u->op[i].first_node], i))
            u->op[i].first_node++;
    }
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < n; i++)
            for (size_t m = 0; m < u->problem.n_members; m++)
                *cost++ = price_op(k, (enum route_phase)f, i,
                                   k->node[u->op[i].first_node].layer != SIZE_MAX, m);
    return COSIM_OK;
}

cosim_status route_nodes_price(struct making *k, cosim_error *e)
{
    struct route_problem *p = &k->u->problem;
    struct route_cost *cost =
        ARENA_NEW(k->a, struct route_cost, N_ROUTE_PHASES * p->n_nodes * p->n_members);

    if (!cost)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu nodes", p->n_nodes);
    p->cost = cost;
    TRY(price_ops(k, e));
    size_cores(k);
    for (size_t i = 0; i < p->n_nodes; i++)
        k->node[i].like = alike(k, i);
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < p->n_nodes; i++)
            for (size_t m = 0; m < p->n_members; m++) {
                const size_t like = k->node[i].like;
                *cost++ = like < i ? *route_cost_at(p, (enum route_phase)f, like, m)
                                   : price(k, (enum route_phase)f, i, m);
            }
    return COSIM_OK;
}

cosim_status route_nodes_list(struct making *k, cosim_error *e)
{
    TRY(sort_ops(k, e));
    TRY(list_pieces(k, e));
    size_nodes(k);
    return COSIM_OK;
}
