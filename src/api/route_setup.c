/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A platform and a study become a problem of routing: the engine prices every operator. */
#include "api/resolve.h"
#include "api/route.h"
#include "core/num.h"
#include "model/pairs.h"

#include <string.h>

enum part { PART_EMBEDDING, PART_LAYER, PART_FFN, PART_HEAD, N_PARTS };

/* A node of the chain and the operators of it. */
struct piece {
    enum part part;
    size_t layer, cls;
};

struct making {
    struct route_setup *u;
    const struct load *load;
    const struct assumption_db *assumptions;
    const struct rates *const *rates; /* of each member; NULL = made from its device */
    bool split;
    struct arena *a;
    struct piece *piece;
    struct route_node *node;
    size_t *class_of_op; /* n_cls: before and after the layers */
    enum part *part_of_op;
};

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

/* One pass of a node on a member. */
static struct route_cost price(const struct making *k, enum route_phase phase, size_t node,
                               size_t member)
{
    const struct load *l = k->load;
    const struct phase *ph = phase == ROUTE_PREFILL ? &l->prefill : &l->decode;
    const struct rates *r = &k->u->rates[member];
    const struct piece *piece = &k->piece[node];
    const double stream = k->u->platform->member[member].stream_bytes_per_s;
    const double fixed = piece->part == PART_EMBEDDING || piece->part == PART_HEAD ? 1.0 : 0.0;
    struct route_cost c = { 0 };
    double kernels = 0.0, w_bytes = 0.0;

    for (size_t i = 0; i < l->graph->n_op; i++) {
        struct op_cost o;
        if (!in_piece(k, piece, i))
            continue;
        point_op(&o, l, ph, i, r);
        /* a class of equal layers is one operator of many calls: one layer makes its share */
        const double layers = fixed > 0.0 ? 1.0 : l->graph->plan->cls[piece->cls].times;
        const double calls = o.op->times / layers;
        c.s += o.total_s / layers;
        c.dynamic_j += o.total_j / layers;
        c.compute_s += calls * o.t.compute_s;
        c.memory_s += calls * o.t.memory_s;
        c.other_s += calls * max_f64(o.t.cache_s, o.t.vector_s);
        c.memory_j += calls * work_mem_bytes(&o.work) * r->rate[RATE_J_PER_MEM_BYTE].value;
        w_bytes += calls * o.work.w_bytes;
        if (o.op->kind == &op_attention) {
            c.core_s += o.total_s / layers;
            c.core_j += o.total_j / layers;
        }
        kernels += calls;
    }
    c.s = roofline_launch_s(c.s, kernels, r->rate[RATE_LAUNCH_S].value);
    if (is_known(stream)) {
        c.memory_s = max_f64(c.memory_s, w_bytes / stream);
        c.s = max_f64(c.s, w_bytes / stream);
    }
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

static cosim_status price_all(struct making *k, cosim_error *e)
{
    struct route_problem *p = &k->u->problem;
    struct route_cost *cost =
        ARENA_NEW(k->a, struct route_cost, N_ROUTE_PHASES * p->n_nodes * p->n_members);

    if (!cost)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu nodes", p->n_nodes);
    p->cost = cost;
    for (int f = 0; f < N_ROUTE_PHASES; f++)
        for (size_t i = 0; i < p->n_nodes; i++)
            for (size_t m = 0; m < p->n_members; m++) {
                const size_t like = alike(k, i);
                *cost++ = like < i ? *route_cost_at(p, (enum route_phase)f, like, m)
                                   : price(k, (enum route_phase)f, i, m);
            }
    return COSIM_OK;
}

static double peak_of(const struct rates *r)
{
    double s_per_flop = r->s_per_flop[PREC_BF16].value;

    return s_per_flop > 0.0 ? 1.0 / s_per_flop : 0.0;
}

/* A slower clock slows arithmetic and caches; the memory keeps its own. */
static void slow_down(struct rates *r, double clock_ratio)
{
    for (int p = 0; p < N_PREC; p++)
        r->s_per_flop[p].value /= clock_ratio;
    r->rate[RATE_S_PER_CACHE_BYTE].value /= clock_ratio;
}

static cosim_status price_members(struct making *k, const struct route_event *event, cosim_error *e)
{
    struct route_setup *u = k->u;
    const struct platform *pf = u->platform;
    struct route_problem *p = &u->problem;

    for (size_t m = 0; m < pf->n_members; m++) {
        const struct platform_member *x = &pf->member[m];
        const bool tier = x->runs_on != m;
        if (k->rates)
            u->rates[m] = *k->rates[m];
        else
            TRY(rates_make(&u->rates[m], &pf->member[x->runs_on].device, k->assumptions, k->a, e));
        p->static_w[m] =
            is_known(x->static_w) ? x->static_w : u->rates[m].rate[RATE_STATIC_W].value;
        if (!is_known(p->static_w[m]))
            return err_set(e, COSIM_EUNSUPPORTED, "the static power of '%s' is not known", x->name);
        if (event && event->clock_ratio > 0.0 && x->runs_on == event->member)
            slow_down(&u->rates[m], event->clock_ratio);
        p->runs_on[m] = x->runs_on;
        p->weight_pool[m] = x->pool;
        p->state_pool[m] = pf->member[x->runs_on].pool;
        p->stream_bytes_per_s[m] = tier ? x->stream_bytes_per_s : INF_F64;
        p->peak_flops_per_s[m] = tier ? 0.0 : peak_of(&u->rates[m]);
        p->down[m] = event && !(event->clock_ratio > 0.0)
                     && (m == event->member || x->runs_on == event->member);
    }
    return COSIM_OK;
}

/* A pool holds what its largest user may take; a tier takes all but the system's share. */
static void size_pools(struct route_setup *u, double reserve_bytes)
{
    const struct platform *pf = u->platform;
    struct route_problem *p = &u->problem;
    bool computes[ROUTE_MEMBERS] = { false };

    for (size_t m = 0; m < pf->n_members; m++) {
        const size_t k = pf->member[m].pool;
        if (pf->member[m].runs_on == m) {
            computes[k] = true;
            p->capacity_bytes[k] =
                max_f64(p->capacity_bytes[k], u->rates[m].rate[RATE_MEM_USABLE_BYTES].value);
        } else if (!computes[k]) {
            p->capacity_bytes[k] = pf->pool[k].mem_bytes;
        }
    }
    for (size_t k = 0; k < pf->n_pools; k++)
        if (computes[k])
            p->capacity_bytes[k] = max_f64(0.0, p->capacity_bytes[k] - reserve_bytes);
}

static cosim_status price_links(struct route_setup *u, const struct assumption_db *assumptions,
                                cosim_error *e)
{
    const struct platform *pf = u->platform;

    for (size_t x = 0; x < pf->n_members; x++)
        for (size_t y = 0; y < pf->n_members; y++) {
            const struct platform_link *l =
                platform_link_between(pf, pf->member[x].runs_on, pf->member[y].runs_on);
            struct route_link *out = &u->problem.link[x][y];
            if (!l)
                continue;
            out->sync_s = l->sync_s;
            if (!is_known(l->bytes_per_s))
                continue;
            const char *const type[] = { l->type };
            const struct assumption *eta = assumption_best(assumptions, "eta_link", type, 1);
            const struct assumption *latency =
                assumption_best(assumptions, "link_latency_s", type, 1);
            const struct assumption *j = assumption_best(assumptions, "j_per_link_byte", type, 1);
            if (!eta || !latency || !j)
                return err_set(e, COSIM_EUNSUPPORTED, "a link of type '%s' has no rates", l->type);
            out->sync_s += latency->value;
            out->s_per_byte = 1.0 / (l->bytes_per_s * eta->value);
            out->j_per_byte = j->value;
        }
    return COSIM_OK;
}

static cosim_status make(struct making *k, const struct route_event *event, cosim_error *e)
{
    struct route_setup *u = k->u;
    struct route_problem *p = &u->problem;
    const struct load *l = k->load;
    const double d_model = l->graph->plan->model->d_model;

    p->n_members = u->platform->n_members;
    p->n_pools = u->platform->n_pools;
    p->n_sequences = u->batch = l->request.batch;
    u->prompt_tokens = l->request.prompt_tokens;
    u->output_tokens = l->request.output_tokens;
    p->repeats[ROUTE_PREFILL] = 1.0;
    p->repeats[ROUTE_DECODE] = l->decode_steps;
    p->hop_bytes[ROUTE_PREFILL] = u->batch * u->prompt_tokens * d_model * OUT_BITS / 8.0;
    p->hop_bytes[ROUTE_DECODE] = u->batch * d_model * OUT_BITS / 8.0;
    p->token_bytes = 4.0 * u->batch;
    TRY(sort_ops(k, e));
    TRY(list_pieces(k, e));
    size_nodes(k);
    TRY(price_members(k, event, e));
    size_pools(u, l->act_bytes);
    size_cores(k);
    TRY(price_links(u, k->assumptions, e));
    return price_all(k, e);
}

static cosim_status check_space(const struct space *s, cosim_error *e)
{
    static const enum axis parallel[] = { AXIS_TP, AXIS_PP, AXIS_EP, AXIS_DP };

    if (s->n_points != 1)
        return err_set(e, COSIM_EUSAGE,
                       "a routing needs one value for each of model, formats, "
                       "prompt, output and batch");
    for (size_t i = 0; i < sizeof parallel / sizeof *parallel; i++)
        if (s->number[parallel[i]][0] > 1.0)
            return err_set(e, COSIM_EUSAGE, "routing places layers; '%s' stays 1",
                           axis_name(parallel[i]));
    return COSIM_OK;
}

cosim_status route_setup_from_rates(struct route_setup *u, const struct load *load,
                                    const struct assumption_db *assumptions,
                                    const struct platform *platform,
                                    const struct rates *const *rates, struct arena *a,
                                    cosim_error *e)
{
    struct making k = { .u = u, .load = load, .assumptions = assumptions, .rates = rates, .a = a };

    *u = (struct route_setup){ .platform = platform };
    u->model_id = load->graph->plan->model->id;
    return make(&k, NULL, e);
}

cosim_status route_setup_from_load(struct route_setup *u, const struct load *load,
                                   const struct assumption_db *assumptions,
                                   const struct platform *platform, bool split,
                                   const struct route_event *event, struct arena *a, cosim_error *e)
{
    struct making k = { .u = u, .load = load, .assumptions = assumptions, .split = split, .a = a };

    *u = (struct route_setup){ .platform = platform };
    u->model_id = arena_strdup(a, load->graph->plan->model->id);
    if (!u->model_id)
        return err_set(e, COSIM_ENOMEM, "out of memory for a routing");
    return make(&k, event, e);
}

/* The load of the one point that the study describes. */
static cosim_status one_load(struct walker *w, cosim_error *e)
{
    struct point point;

    TRY(walker_point(w, 0, &point, e));
    if (point.reject == REJECT_CONTEXT || !w->load.graph)
        return err_set(e, COSIM_ENO, "this cannot run anywhere: %s", reject_doc(point.reject));
    return COSIM_OK;
}

cosim_status route_setup_make(struct route_setup *u, cosim *c, const struct study *s,
                              const struct platform *platform, bool split,
                              const struct route_event *event, struct arena *a, cosim_error *e)
{
    struct study own = *s;
    struct resolved r;
    struct walker w = { .space = NULL };

    *u = (struct route_setup){ .platform = platform };
    /* the engine wants a device to count for: what is counted does not depend on it */
    own.value[STUDY_DEVICE] = (struct setting){ .text = platform->member[0].device.id };
    own.value[STUDY_OBJECTIVES].text = NULL;
    cosim_status st = resolve(&r, c, &own, e);
    if (st == COSIM_OK)
        st = check_space(&r.space, e);
    if (st == COSIM_OK)
        st = walker_init(&w, &r.space, e);
    if (st == COSIM_OK)
        st = one_load(&w, e);
    if (st == COSIM_OK)
        st = route_setup_from_load(u, &w.load, &c->assumptions, platform, split, event, a, e);
    walker_release(&w);
    resolved_release(&r);
    return st;
}
