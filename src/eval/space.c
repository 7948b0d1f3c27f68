/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/space.h"

#include "core/num.h"

static const struct {
    const char *name, *doc;
} axis_table[N_AXES] = {
#define AXIS_ROW(id, name, doc) { name, doc },
    AXIS_LIST(AXIS_ROW)
#undef AXIS_ROW
};

const char *axis_name(enum axis a)
{
    return axis_table[a].name;
}

const char *axis_doc(enum axis a)
{
    return axis_table[a].doc;
}

/* Ids are counted in doubles by readers of CSV and JSON: stay exact there. */
#define POINTS_MAX (UINT64_C(1) << 53)
#define PLANS_MAX 65536u

static cosim_status count_points(struct space *s, cosim_error *e)
{
    s->n_points = 1;
    for (int i = 0; i < N_AXES; i++) {
        if (s->n[i] == 0)
            return err_set(e, COSIM_ERANGE, "axis '%s' has no value", axis_name((enum axis)i));
        if (s->n_points > POINTS_MAX / s->n[i])
            return err_set(e, COSIM_ERANGE, "the space has more than 2^53 points");
        s->n_points *= s->n[i];
    }
    s->n_lanes = s->n[AXIS_DEVICE] * s->n[AXIS_CLOCK];
    s->n_blocks = s->n_points / s->n_lanes;
    return COSIM_OK;
}

cosim_status space_finish(struct space *s, struct arena *a, cosim_error *e)
{
    TRY(count_points(s, e));
    const size_t n_plans = s->n[AXIS_MODEL] * s->n[AXIS_W] * s->n[AXIS_KV];

    if (s->n[AXIS_MODEL] > PLANS_MAX || s->n[AXIS_W] > PLANS_MAX || s->n[AXIS_KV] > PLANS_MAX
        || n_plans > PLANS_MAX)
        return err_set(e, COSIM_ERANGE, "more than %u combinations of model, weight and KV formats",
                       PLANS_MAX);
    s->plan = ARENA_NEW(a, struct plan, n_plans);
    if (!s->plan)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu plans", n_plans);
    for (size_t i = 0; i < n_plans; i++) {
        const size_t kv = i % s->n[AXIS_KV], w = i / s->n[AXIS_KV] % s->n[AXIS_W];
        const size_t m = i / s->n[AXIS_KV] / s->n[AXIS_W];
        TRY(plan_make(&s->plan[i], s->model[m], s->w[w], s->kv[kv].k, s->kv[kv].v, a, e));
    }
    return rate_columns_make(&s->columns, s->rates, s->n_lanes, a, e);
}

size_t space_quality_index(const struct space *s, const size_t digit[N_AXES])
{
    return ((digit[AXIS_MODEL] * s->n[AXIS_W] + digit[AXIS_W]) * s->n[AXIS_KV] + digit[AXIS_KV])
               * s->n[AXIS_A]
           + digit[AXIS_A];
}

void space_digits(const struct space *s, uint64_t id, size_t digit[N_AXES])
{
    for (int i = N_AXES - 1; i >= 0; i--) {
        digit[i] = (size_t)(id % s->n[i]);
        id /= s->n[i];
    }
}

const char *space_label(const struct space *s, enum axis axis, size_t i, char buffer[32])
{
    switch (axis) {
    case AXIS_MODEL:
        return s->model[i]->id;
    case AXIS_W:
        return scheme_text(s->w[i]);
    case AXIS_KV:
        return s->kv[i].label;
    case AXIS_A:
        return s->a[i]->id;
    case AXIS_DEVICE:
        return s->rates[i * s->n[AXIS_CLOCK]].device->id;
    case AXIS_TP:
    case AXIS_PP:
    case AXIS_EP:
    case AXIS_DP:
    case AXIS_PROMPT:
    case AXIS_OUTPUT:
    case AXIS_BATCH:
    case AXIS_CLOCK:
    case N_AXES:
        break;
    }
    (void)snprintf(buffer, 32, "%.10g", s->number[axis][i]);
    return buffer;
}

cosim_status walker_init(struct walker *w, const struct space *s, cosim_error *e)
{
    *w = (struct walker){ .space = s, .graph_key = UINT64_MAX, .prefill_key = UINT64_MAX };
    return block_init(&w->block, &s->columns, &w->arena, e);
}

void walker_release(struct walker *w)
{
    load_release(&w->load);
    graph_release(&w->graph);
    arena_release(&w->arena);
}

static cosim_status build_graph(struct walker *w, const size_t digit[N_AXES], cosim_error *e)
{
    const struct space *s = w->space;
    const size_t plan =
        (digit[AXIS_MODEL] * s->n[AXIS_W] + digit[AXIS_W]) * s->n[AXIS_KV] + digit[AXIS_KV];
    const struct parallel par = {
        (unsigned)s->number[AXIS_TP][digit[AXIS_TP]],
        (unsigned)s->number[AXIS_PP][digit[AXIS_PP]],
        (unsigned)s->number[AXIS_EP][digit[AXIS_EP]],
        (unsigned)s->number[AXIS_DP][digit[AXIS_DP]],
    };

    TRY(graph_make(&w->graph, &s->plan[plan], s->a[digit[AXIS_A]], &par, e));
    w->layout_ok = graph_layout_problem(s->plan[plan].model, &par) == NULL;
    w->ppl_increase_ratio =
        s->ppl_increase ? s->ppl_increase[space_quality_index(s, digit)] : UNKNOWN_F64;
    return COSIM_OK;
}

/* Digits MODEL .. DP decide the graph, PROMPT and BATCH the prefill, OUTPUT the rest. */
static cosim_status prepare(struct walker *w, uint64_t block, const size_t digit[N_AXES],
                            cosim_error *e)
{
    const struct space *s = w->space;
    const uint64_t prefill_key = block / s->n[AXIS_OUTPUT];
    const uint64_t graph_key = prefill_key / s->n[AXIS_BATCH] / s->n[AXIS_PROMPT];
    const double output_tokens = s->number[AXIS_OUTPUT][digit[AXIS_OUTPUT]];
    const bool new_graph = graph_key != w->graph_key;

    if (prefill_key == w->prefill_key) {
        load_set_output(&w->load, output_tokens);
        return COSIM_OK;
    }
    w->prefill_key = UINT64_MAX; /* until everything below has worked */
    if (new_graph)
        TRY(build_graph(w, digit, e));
    const struct request r = { s->number[AXIS_BATCH][digit[AXIS_BATCH]],
                               s->number[AXIS_PROMPT][digit[AXIS_PROMPT]], output_tokens };
    TRY(load_make(&w->load, &w->graph, &r, e));
    if (new_graph)
        block_set_graph(&w->block, &w->load);
    block_set_prefill(&w->block);
    w->graph_key = graph_key;
    w->prefill_key = prefill_key;
    return COSIM_OK;
}

cosim_status walker_prepare(struct walker *w, uint64_t block, bool *layout_ok, cosim_error *e)
{
    size_t digit[N_AXES];

    space_digits(w->space, block * w->space->n_lanes, digit);
    TRY(prepare(w, block, digit, e));
    *layout_ok = w->layout_ok;
    return COSIM_OK;
}

cosim_status walker_eval(struct walker *w, uint64_t block, uint32_t asked, cosim_error *e)
{
    size_t digit[N_AXES];

    space_digits(w->space, block * w->space->n_lanes, digit);
    TRY(prepare(w, block, digit, e));
    if (!w->layout_ok) {
        for (size_t d = 0; d < w->space->n_lanes; d++)
            w->block.reject[d] = REJECT_LAYOUT;
        return COSIM_OK;
    }
    block_eval(&w->block, &w->load, w->ppl_increase_ratio, asked);
    return COSIM_OK;
}

cosim_status walker_point(struct walker *w, uint64_t id, struct point *p, cosim_error *e)
{
    size_t digit[N_AXES];

    space_digits(w->space, id, digit);
    TRY(prepare(w, id / w->space->n_lanes, digit, e));
    point_eval(p, &w->load, &w->space->rates[space_lane(w->space, digit)], w->ppl_increase_ratio);
    if (!w->layout_ok)
        p->reject = REJECT_LAYOUT;
    return COSIM_OK;
}
