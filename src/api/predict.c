/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/predict.h"

#include "api/resolve.h"
#include "core/num.h"

#include <math.h>
#include <string.h>

#define PREDICT_TEXT_MAX 256u

static bool skip(struct prediction *p, const char *why, const char *name)
{
    p->skip = why;
    p->skipped_name = name;
    return false;
}

/* ---- names ---- */

static bool find_device(cosim *c, const struct foreign_names *names, const char *name,
                        struct prediction *p)
{
    const struct foreign_name *f = names_find(names, "device", name);

    if (f && !f->id)
        return skip(p, f->notes ? f->notes : "device not mapped", name);
    if (device_find(&c->devices, f ? f->id : name, &p->device, NULL) != COSIM_OK)
        return skip(p, name[0] ? "device without a row in hwdb" : "device not stated", name);
    return true;
}

static bool find_model(cosim *c, const struct foreign_names *names, const char *name,
                       struct prediction *p)
{
    const struct foreign_name *f = names_find(names, "model", name);

    if (model_find(&c->models, f && f->id ? f->id : name, &p->model, NULL) != COSIM_OK)
        return skip(p, "model without a row in workloads", name);
    if (p->model->unsupported)
        return skip(p, "model needs operators that are not there yet", name);
    return true;
}

/* Our format for the stated bits of activations or cache: "fp8/8" before "8". */
static const char *format_of_bits(const struct foreign_names *names, const char *kind,
                                  const char *format, const char *bits)
{
    char both[PREDICT_TEXT_MAX];

    (void)snprintf(both, sizeof both, "%s/%s", format, bits);
    const struct foreign_name *f = names_find(names, kind, both);
    f = f ? f : names_find(names, kind, bits);
    return f ? f->id : NULL;
}

static bool find_formats(const struct foreign_names *names, const struct observation *o,
                         struct prediction *p)
{
    const struct foreign_name *f = names_find(names, "format", o->format);

    if (!f || !f->id)
        return skip(p, o->format[0] ? "format not mapped" : "format not stated", o->format);
    p->w = f->id;
    p->a = o->a_bits[0] ? format_of_bits(names, "a", o->format, o->a_bits) : f->a;
    p->kv = o->kv_bits[0] ? format_of_bits(names, "kv", o->format, o->kv_bits) : f->kv;
    if (!p->a || !p->kv)
        return skip(p, "bits of activations or cache not mapped", o->format);
    return true;
}

/* ---- layout ---- */

static double or_one(double v)
{
    return is_known(v) ? v : 1.0;
}

/* Expert parallelism runs over the ranks of the others in most engines and is not multiplied. */
static bool find_layout(const struct observation *o, const struct foreign_name *runtime,
                        struct prediction *p)
{
    const double n = or_one(o->n_devices);
    const bool stated = is_known(o->tp) || is_known(o->pp) || is_known(o->ep) || is_known(o->dp);

    p->tp = or_one(o->tp);
    p->pp = or_one(o->pp);
    p->ep = or_one(o->ep);
    p->dp = or_one(o->dp);
    if (o->quantity == QUANTITY_WEIGHTS) {
        p->tp = p->pp = p->ep = p->dp = 1.0;
        return true;
    }
    if (!stated && runtime && runtime->layout && strcmp(runtime->layout, "pp") == 0)
        p->pp = n;
    else if (!stated)
        p->tp = n;
    if (p->tp * p->pp * p->ep * p->dp <= n && p->tp * p->pp * p->ep * p->dp >= n)
        return true;
    if (p->ep <= n && p->ep >= n) {
        p->tp = p->pp = p->dp = 1.0;
        return true;
    }
    return skip(p, "layout and number of devices disagree", o->runtime);
}

static bool needs_batch(enum quantity q)
{
    return q != QUANTITY_WEIGHTS && q != QUANTITY_FITS;
}

static bool find_lengths(const struct observation *o, struct prediction *p)
{
    if (!is_known(o->batch) && !o->largest_batch && needs_batch(o->quantity))
        return skip(p, "batch not stated", o->runtime);
    p->batch = max_f64(round(or_one(o->batch) / p->dp), 1.0);
    p->prompt_tokens =
        is_known(o->prompt_tokens) ? max_f64(round(o->prompt_tokens), 1.0) : PREDICT_PROMPT_TOKENS;
    p->output_tokens =
        is_known(o->output_tokens) ? max_f64(round(o->output_tokens), 1.0) : PREDICT_OUTPUT_TOKENS;
    return true;
}

/* Names what the prediction of this quantity really uses and the source does not say. */
static cosim_status list_assumed(const struct observation *o, struct prediction *p, struct arena *a,
                                 cosim_error *e)
{
    const bool prompt = !is_known(o->prompt_tokens) && o->quantity != QUANTITY_WEIGHTS;
    const bool output = !is_known(o->output_tokens) && o->quantity != QUANTITY_WEIGHTS
                        && o->quantity != QUANTITY_PREFILL && o->quantity != QUANTITY_TTFT;

    p->assumed = arena_printf(a, "%s%s%s", prompt ? "prompt" : "", prompt && output ? " " : "",
                              output ? "output" : "");
    return p->assumed ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for predictions");
}

/* ---- evaluation ---- */

static cosim_status set(struct study *s, enum study_key key, const char *value, cosim_error *e)
{
    return study_set(s, study_key_table[key].key, value,
                     (struct src_pos){ "measured_names.csv", 0, 0 }, e);
}

static cosim_status set_number(struct study *s, enum study_key key, double v, cosim_error *e)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.0f", v);
    return set(s, key, text, e);
}

static cosim_status fill_study(struct study *s, const struct prediction *p, const char *batch,
                               cosim_error *e)
{
    TRY(set(s, STUDY_MODEL, p->model->id, e));
    TRY(set(s, STUDY_DEVICE, p->device->id, e));
    TRY(set(s, STUDY_W, p->w, e));
    TRY(set(s, STUDY_A, p->a, e));
    TRY(set(s, STUDY_KV, p->kv, e));
    TRY(set_number(s, STUDY_TP, p->tp, e));
    TRY(set_number(s, STUDY_PP, p->pp, e));
    TRY(set_number(s, STUDY_EP, p->ep, e));
    TRY(set_number(s, STUDY_DP, p->dp, e));
    TRY(set_number(s, STUDY_PROMPT, p->prompt_tokens, e));
    TRY(set_number(s, STUDY_OUTPUT, p->output_tokens, e));
    return set(s, STUDY_BATCH, batch, e);
}

static double value_of(enum quantity q, const struct prediction *p, const struct point *pt,
                       const struct load *l)
{
    const double *m = pt->metric;
    const double per_s = p->dp * p->batch * p->prompt_tokens;

    switch (q) {
    case QUANTITY_PREFILL:
        return per_s / m[METRIC_TTFT];
    case QUANTITY_DECODE:
        return m[METRIC_DECODE_TOKENS_PER_S];
    case QUANTITY_OUTPUT:
    case QUANTITY_SERVING:
        return m[METRIC_TOKENS_PER_S];
    case QUANTITY_TOTAL:
        return m[METRIC_TOKENS_PER_S] * (p->prompt_tokens + p->output_tokens) / p->output_tokens;
    case QUANTITY_TTFT:
        return m[METRIC_TTFT];
    case QUANTITY_TPOT:
        return m[METRIC_TPOT];
    case QUANTITY_DECODE_TIME:
        return m[METRIC_E2E] - m[METRIC_TTFT];
    case QUANTITY_E2E:
        return m[METRIC_E2E];
    case QUANTITY_WEIGHTS:
        return l->weight_bytes;
    case QUANTITY_PEAK:
        return m[METRIC_MEMORY] * m[METRIC_DEVICES];
    case QUANTITY_FITS:
        return pt->reject == REJECT_NONE ? 1.0 : 0.0;
    case QUANTITY_J_PER_TOKEN:
        return m[METRIC_J_PER_TOKEN];
    case QUANTITY_POWER:
        return m[METRIC_POWER];
    case N_QUANTITIES:
        break;
    }
    return UNKNOWN_F64;
}

/* Evaluates every batch of the resolved list and keeps the feasible one with most tokens/s; of a
 * single batch the result counts whether it fits or not. */
static cosim_status best_batch(struct resolved *r, enum quantity q, struct prediction *p,
                               cosim_error *e)
{
    const bool one = r->space.n_points == 1;
    struct walker w;
    double best = -INF_F64;
    cosim_status st = walker_init(&w, &r->space, e);

    for (uint64_t id = 0; st == COSIM_OK && id < r->space.n_points; id++) {
        struct point pt = { 0 };
        st = walker_point(&w, id, &pt, e);
        if (st != COSIM_OK || (!one && pt.reject != REJECT_NONE))
            continue;
        if (one || pt.metric[METRIC_TOKENS_PER_S] > best) {
            best = pt.metric[METRIC_TOKENS_PER_S];
            p->reject = pt.reject;
            p->batch = r->space.number[AXIS_BATCH][id];
            p->value = value_of(q, p, &pt, &w.load);
        }
    }
    walker_release(&w);
    return st;
}

static cosim_status evaluate(cosim *c, enum quantity q, struct prediction *p, const char *batch,
                             cosim_error *e)
{
    struct study *s = NULL;
    struct resolved r = { 0 };

    TRY(cosim_study_new(&s, e));
    cosim_status st = fill_study(s, p, batch, e);
    if (st == COSIM_OK)
        st = resolve(&r, c, s, e);
    if (st == COSIM_OK)
        st = best_batch(&r, q, p, e);
    resolved_release(&r);
    cosim_study_free(s);
    return st;
}

/* The batch of most tokens/s that fits: powers of two, then eighths of the best one above it. */
static cosim_status evaluate_largest(cosim *c, enum quantity q, struct prediction *p,
                                     cosim_error *e)
{
    char list[64];

    p->reject = REJECT_CAPACITY;
    (void)snprintf(list, sizeof list, "1..%.0f:*2", PREDICT_BATCH_MAX);
    TRY(evaluate(c, q, p, list, e));
    if (!is_known(p->value) || p->batch < 8.0 || p->batch >= PREDICT_BATCH_MAX)
        return COSIM_OK;
    (void)snprintf(list, sizeof list, "%.0f..%.0f:+%.0f", p->batch, 2.0 * p->batch - 1.0,
                   p->batch / 8.0);
    return evaluate(c, q, p, list, e);
}

cosim_status predict(cosim *c, const struct foreign_names *names, const struct observation *o,
                     struct prediction *p, struct arena *a, cosim_error *e)
{
    const struct foreign_name *runtime = names_prefix(names, "runtime", o->runtime);
    char batch[32];

    *p = (struct prediction){ .value = UNKNOWN_F64, .assumed = "" };
    p->runtime = runtime && runtime->id ? runtime->id : o->runtime;
    if (o->skip) {
        (void)skip(p, o->skip, o->model);
        return COSIM_OK;
    }
    /* stored bytes are the same on every device */
    p->any_device = o->quantity == QUANTITY_WEIGHTS;
    if (p->any_device)
        p->device = c->devices.device;
    if ((!p->any_device && !find_device(c, names, o->device, p))
        || !find_model(c, names, o->model, p) || !find_formats(names, o, p)
        || !find_layout(o, runtime, p) || !find_lengths(o, p))
        return COSIM_OK;
    TRY(list_assumed(o, p, a, e));
    (void)snprintf(batch, sizeof batch, "%.0f", p->batch);
    TRY(o->largest_batch ? evaluate_largest(c, o->quantity, p, e)
                         : evaluate(c, o->quantity, p, batch, e));
    if (!is_known(p->value))
        (void)skip(p, reject_doc(p->reject), o->model);
    return COSIM_OK;
}
