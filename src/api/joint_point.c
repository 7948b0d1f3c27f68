/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A row of a joint search becomes a model with formats in a place, and is priced. */
#include "api/joint.h"

#include "api/rows.h"
#include "core/num.h"

#include <stdarg.h>
#include <string.h>

#define FFN_STEP 64.0 /* FFN widths of published models are multiples of it */
#define WIDE "bf16"   /* what a split scheme leaves alone: embeddings, head, norms */

void joint_read(const struct joint *j, const double *x, struct joint_choice *c)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < j->n_axes; i++) {
        const struct joint_axis *a = &j->axis[i];
        const size_t v = (size_t)x[i];
        switch (a->kind) {
        case JOINT_SPACE:
            c->digit[a->index] = v;
            break;
        case JOINT_WEIGHT:
            c->w[a->part][a->block] = v;
            break;
        case JOINT_CACHE:
            c->kv[a->block] = v;
            break;
        case JOINT_SHAPE:
            c->shape[a->index] = v;
            break;
        case JOINT_CUT:
            c->cut[a->index] = v;
            break;
        case JOINT_MEMBER:
            c->member[a->index][a->block] = v;
            break;
        case JOINT_CLOCK:
            c->clock[a->index] = v;
            break;
        }
    }
}

/* --- texts of schemes ---------------------------------------------------------------------- */

struct text {
    char s[SCHEME_TEXT_MAX + 1];
    size_t n;
};

static void append(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void append(struct text *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const int n = vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, args);
    va_end(args);
    t->n = n > 0 && (size_t)n < sizeof t->s - t->n ? t->n + (size_t)n : sizeof t->s - 1;
}

/* "+set=f", or "+set@0-7=f+set@8-15=g": neighbours of one format are one range. */
static void append_blocks(struct text *t, const char *set, const char *const *format,
                          size_t n_blocks, size_t n_layers)
{
    for (size_t b = 0, next; b < n_blocks; b = next) {
        for (next = b + 1; next < n_blocks && strcmp(format[next], format[b]) == 0;)
            next++;
        const struct joint_span s = { joint_span_of(b, n_blocks, n_layers).first,
                                      joint_span_of(next - 1, n_blocks, n_layers).last };
        if (b == 0 && next == n_blocks)
            append(t, "+%s=%s", set, format[b]);
        else if (s.last > s.first)
            append(t, "+%s@%zu-%zu=%s", set, s.first, s.last - 1, format[b]);
    }
}

const char *joint_weight_text(const struct joint *j, const struct joint_choice *c, size_t n_layers,
                              struct arena *a)
{
    struct text t = { .n = 0 };

    if (j->n_parts == 0)
        return scheme_text(j->r.space.w[c->digit[AXIS_W]]);
    append(&t, WIDE);
    for (size_t p = 0; p < j->n_parts; p++) {
        const char *format[JOINT_BLOCKS_MAX];
        for (size_t b = 0; b < j->n_blocks; b++)
            format[b] = j->w_format[c->w[p][b]]->id;
        append_blocks(&t, j->part[p].set, format, j->n_blocks, n_layers);
    }
    return arena_strdup(a, t.s);
}

const char *joint_cache_text(const struct joint *j, const struct joint_choice *c, size_t n_layers,
                             bool values, struct arena *a)
{
    const char *format[JOINT_BLOCKS_MAX];
    struct text t = { .n = 0 };

    if (j->n_kv_blocks < 2) {
        const struct kv_formats *kv = &j->r.space.kv[c->digit[AXIS_KV]];
        return scheme_text(values ? kv->v : kv->k);
    }
    for (size_t b = 0; b < j->n_kv_blocks; b++) {
        const struct kv_formats *kv = &j->r.space.kv[c->kv[b]];
        format[b] = scheme_text(values ? kv->v : kv->k);
    }
    append(&t, "%s", format[0]);
    size_t same = 1;
    while (same < j->n_kv_blocks && strcmp(format[same], format[0]) == 0)
        same++;
    if (same < j->n_kv_blocks)
        append_blocks(&t, "*", format, j->n_kv_blocks, n_layers);
    return arena_strdup(a, t.s);
}

/* --- building ------------------------------------------------------------------------------ */

/* What a candidate is made of, on its way to the evaluator. */
struct building {
    const struct joint *j;
    const struct joint_choice *c;
    bool for_people;
    struct joint_point *p;
    struct arena *a;
    struct plan plan;
    struct graph graph;
    struct load load;
};

/* The width of an expert as a multiple of what kernels work in. */
static double buildable_ffn_ratio(const struct model_shape *s)
{
    const double width = s->ffn_ratio * s->d_model / s->active_experts;

    return max_f64(1.0, round(width / FFN_STEP)) * FFN_STEP * s->active_experts / s->d_model;
}

static cosim_status make_model(struct building *b, bool *built, cosim_error *e)
{
    const struct joint *j = b->j;
    struct model_shape s = j->reference;
    char why[160];

    *built = true;
    if (!j->shaped) {
        b->p->model = j->r.space.model[b->c->digit[AXIS_MODEL]];
        return COSIM_OK;
    }
    s.layers = j->shape[JOINT_LAYERS][b->c->shape[JOINT_LAYERS]];
    s.d_model = j->shape[JOINT_WIDTH][b->c->shape[JOINT_WIDTH]];
    s.ffn_ratio = j->shape[JOINT_FFN][b->c->shape[JOINT_FFN]];
    s.gqa = j->shape[JOINT_GQA][b->c->shape[JOINT_GQA]];
    s.vocab = j->shape[JOINT_VOCAB][b->c->shape[JOINT_VOCAB]];
    s.experts = j->shape[JOINT_EXPERTS][b->c->shape[JOINT_EXPERTS]];
    s.active_experts = j->active[b->c->shape[JOINT_EXPERTS]];
    s.ffn_ratio = buildable_ffn_ratio(&s);
    *built = model_shape_problem(&s, why) == NULL;
    if (!*built)
        return COSIM_OK;
    struct model *m = ARENA_NEW(b->a, struct model, 1);
    if (!m)
        return err_set(e, COSIM_ENOMEM, "out of memory for a model");
    TRY(model_synth(m, &s, b->a, e));
    b->p->model = m;
    return COSIM_OK;
}

static cosim_status make_plan(struct building *b, cosim_error *e)
{
    const struct scheme_db *db = &b->j->c->schemes;
    const size_t n = b->p->model->n_layers;
    const struct scheme *w, *k, *v;

    b->p->w = joint_weight_text(b->j, b->c, n, b->a);
    b->p->k = joint_cache_text(b->j, b->c, n, false, b->a);
    b->p->v = joint_cache_text(b->j, b->c, n, true, b->a);
    if (!b->p->w || !b->p->k || !b->p->v)
        return err_set(e, COSIM_ENOMEM, "out of memory for a scheme");
    TRY(scheme_parse(db, b->p->w, &w, b->a, e));
    TRY(scheme_parse_kv(db, b->p->k, ROLE_K, &k, b->a, e));
    TRY(scheme_parse_kv(db, b->p->v, ROLE_V, &v, b->a, e));
    return plan_make(&b->plan, b->p->model, w, k, v, b->a, e);
}

static double number(const struct building *b, enum axis axis)
{
    return b->j->r.space.number[axis][b->c->digit[axis]];
}

static cosim_status make_load(struct building *b, bool *suits, cosim_error *e)
{
    const struct parallel par = { (unsigned)number(b, AXIS_TP), (unsigned)number(b, AXIS_PP),
                                  (unsigned)number(b, AXIS_EP), (unsigned)number(b, AXIS_DP) };
    const struct request request = { number(b, AXIS_BATCH), number(b, AXIS_PROMPT),
                                     number(b, AXIS_OUTPUT) };

    *suits = graph_layout_problem(b->p->model, &par) == NULL;
    if (!*suits)
        return COSIM_OK;
    TRY(graph_make(&b->graph, &b->plan, b->j->r.space.a[b->c->digit[AXIS_A]], &par, e));
    return load_make(&b->load, &b->graph, &request, e);
}

static cosim_status price_on_platform(struct building *b, cosim_error *e)
{
    const struct joint *j = b->j;
    const struct joint_platform_at at = {
        j->platform, &j->members, j->n_stages, b->c->cut, { b->c->member[0], b->c->member[1] },
        b->c->clock
    };
    struct joint_point *p = b->p;

    if (number(b, AXIS_PROMPT) + number(b, AXIS_OUTPUT) > p->model->max_ctx_tokens) {
        p->point.reject = REJECT_CONTEXT;
        return COSIM_OK;
    }
    TRY(joint_place(&p->point, &p->over_ratio, b->for_people ? &p->placement : NULL, j->c, &b->load,
                    &at, b->a, e));
    p->point.metric[METRIC_PPL_INCREASE] = UNKNOWN_F64;
    return COSIM_OK;
}

static cosim_status price_on_device(struct building *b, cosim_error *e)
{
    struct joint_point *p = b->p;
    const double *need = &p->point.metric[METRIC_MEMORY];

    p->rates = &b->j->r.space.rates[space_lane(&b->j->r.space, b->c->digit)];
    point_eval(&p->point, &b->load, p->rates, UNKNOWN_F64);
    if (p->point.reject == REJECT_CAPACITY)
        p->over_ratio = *need / p->rates->rate[RATE_MEM_USABLE_BYTES].value - 1.0;
    if (!b->for_people)
        return COSIM_OK;
    char assumed[512];
    point_assumed(p->rates, &b->load, assumed, sizeof assumed);
    p->assumed = arena_strdup(b->a, assumed);
    return p->assumed ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a candidate");
}

static cosim_status build(struct building *b, cosim_error *e)
{
    bool ok;

    TRY(make_model(b, &ok, e));
    if (!ok)
        return COSIM_OK;
    TRY(make_plan(b, e));
    TRY(make_load(b, &ok, e));
    if (!ok)
        return COSIM_OK;
    TRY(b->j->platform ? price_on_platform(b, e) : price_on_device(b, e));
    return joint_judge(b->j, b->c, &b->plan, b->for_people, b->p, b->a, e);
}

cosim_status joint_price(const struct joint *j, const struct joint_choice *choice, bool for_people,
                         struct joint_point *p, struct arena *a, cosim_error *e)
{
    struct building b = { .j = j, .c = choice, .for_people = for_people, .p = p, .a = a };

    *p = (struct joint_point){ .point = { .reject = REJECT_LAYOUT } };
    for (int m = 0; m < N_METRICS; m++)
        p->point.metric[m] = UNKNOWN_F64;
    const cosim_status st = build(&b, e);
    load_release(&b.load);
    graph_release(&b.graph);
    return st;
}
