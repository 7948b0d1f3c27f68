/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/resolve.h"

#include "core/hash.h"
#include "core/num.h"
#include "core/text.h"
#include "hw/clock.h"

#include <fnmatch.h>
#include <string.h>

#define NAMES_MAX 4096u
#define CLOCK_MIN 0.1 /* below it neither voltage nor static power follow this model */

/* A growing list of pointers in the arena. */
struct picks {
    struct arena *arena;
    const void **item;
    size_t n;
};

static cosim_status picks_init(struct picks *p, struct arena *a, cosim_error *e)
{
    *p = (struct picks){ a, ARENA_NEW(a, const void *, NAMES_MAX), 0 };
    return p->item ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a study");
}

static cosim_status pick(struct picks *p, const void *item, struct src_pos at, cosim_error *e)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->item[i] == item)
            return COSIM_OK; /* named twice, or by a glob and by name */
    if (p->n == NAMES_MAX)
        return err_at(e, COSIM_ERANGE, &at, "more than %u values", NAMES_MAX);
    p->item[p->n++] = item;
    return COSIM_OK;
}

static bool is_glob(const char *s)
{
    return strpbrk(s, "*?[") != NULL || strcmp(s, "all") == 0;
}

static bool glob_matches(const char *glob, const char *id)
{
    return strcmp(glob, "all") == 0 || fnmatch(glob, id, 0) == 0;
}

static cosim_status nothing_matches(const struct list_walk *w, cosim_error *e)
{
    return err_at(e, COSIM_EUNKNOWN, &w->at, "nothing matches '%s'", w->token);
}

/* Lookups give errors without a place: this adds the place of the text. */
static cosim_status at_token(cosim_status st, const struct list_walk *w, cosim_error *e)
{
    /* the grammar of schemes counts columns inside its own text */
    const bool placeless = e && (e->file[0] == '\0' || strcmp(e->file, "scheme") == 0);

    if (st != COSIM_OK && placeless && w->at.file) {
        (void)snprintf(e->file, sizeof e->file, "%s", w->at.file);
        e->line = w->at.line;
        e->col += w->at.col > 0 && e->col > 0 ? w->at.col - 1 : w->at.col;
    }
    return st;
}

static bool ends_with(const char *s, const char *tail)
{
    const size_t n = strlen(s), m = strlen(tail);

    return n >= m && strcmp(s + n - m, tail) == 0;
}

static cosim_status read_config(struct resolved *r, const char *path, struct picks *p,
                                struct src_pos at, cosim_error *e)
{
    struct model *m = ARENA_NEW(&r->arena, struct model, 1);

    if (!m)
        return err_set(e, COSIM_ENOMEM, "out of memory for '%s'", path);
    TRY(model_from_hf(m, path, &r->arena, e));
    return pick(p, m, at, e);
}

static cosim_status pick_models(struct resolved *r, cosim *c, struct setting s, cosim_error *e)
{
    struct list_walk w = { .list = s };
    struct picks p;
    cosim_status st;

    TRY(picks_init(&p, &r->arena, e));
    while (list_next(&w, &st, e)) {
        const size_t before = p.n;
        const struct model *m = NULL;
        if (ends_with(w.token, ".json")) {
            TRY(read_config(r, w.token, &p, w.at, e));
        } else if (is_glob(w.token)) {
            for (size_t i = 0; i < c->models.n; i++)
                if (!c->models.model[i].unsupported && glob_matches(w.token, c->models.model[i].id))
                    TRY(pick(&p, &c->models.model[i], w.at, e));
            if (p.n == before)
                return nothing_matches(&w, e);
        } else {
            TRY(at_token(model_find(&c->models, w.token, &m, e), &w, e));
            TRY(pick(&p, m, w.at, e));
        }
    }
    r->space.model = (const struct model *const *)p.item;
    r->space.n[AXIS_MODEL] = p.n;
    return st;
}

/* Every device at every clock. */
static cosim_status make_lanes(struct resolved *r, cosim *c, const struct device *const *device,
                               cosim_error *e)
{
    struct space *s = &r->space;
    const size_t n_clocks = s->n[AXIS_CLOCK], n = s->n[AXIS_DEVICE] * n_clocks;
    struct rates *rates = ARENA_NEW(&r->arena, struct rates, n);

    if (!rates)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu devices", n);
    for (size_t i = 0; i < n; i++) {
        const double clock_ratio = s->number[AXIS_CLOCK][i % n_clocks];
        TRY(rates_make(&rates[i], device[i / n_clocks], &c->assumptions, &r->arena, e));
        TRY(rates_set_clock(&rates[i], clock_ratio, &c->assumptions, &r->arena, e));
    }
    s->rates = rates;
    return COSIM_OK;
}

/* Fractions of the nominal clock, not in the list of whole numbers below. */
static cosim_status pick_clocks(struct resolved *r, struct setting s, cosim_error *e)
{
    double *values = NULL;

    TRY(list_reals(&s, CLOCK_MIN, 1.0, &values, &r->space.n[AXIS_CLOCK], &r->arena, e));
    r->space.number[AXIS_CLOCK] = values;
    return COSIM_OK;
}

static cosim_status pick_devices(struct resolved *r, cosim *c, struct setting s, cosim_error *e)
{
    struct list_walk w = { .list = s };
    struct picks p;
    cosim_status st;

    TRY(picks_init(&p, &r->arena, e));
    while (list_next(&w, &st, e)) {
        const size_t before = p.n;
        const struct device *d = NULL;
        const char *cls = strncmp(w.token, "class:", 6) == 0 ? w.token + 6 : NULL;
        if (cls || is_glob(w.token)) {
            for (size_t i = 0; i < c->devices.n; i++) {
                d = &c->devices.device[i];
                if (cls ? strcmp(cls, d->device_class) == 0 : glob_matches(w.token, d->id))
                    TRY(pick(&p, d, w.at, e));
            }
            if (p.n == before)
                return nothing_matches(&w, e);
        } else {
            TRY(at_token(device_find(&c->devices, w.token, &d, e), &w, e));
            TRY(pick(&p, d, w.at, e));
        }
    }
    TRY(st);
    r->space.n[AXIS_DEVICE] = p.n;
    return make_lanes(r, c, (const struct device *const *)p.item, e);
}

static cosim_status pick_weights(struct resolved *r, cosim *c, struct setting s, cosim_error *e)
{
    struct list_walk w = { .list = s };
    struct picks p;
    cosim_status st;

    TRY(picks_init(&p, &r->arena, e));
    while (list_next(&w, &st, e)) {
        const struct scheme *scheme = NULL;
        TRY(at_token(scheme_parse(&c->schemes, w.token, &scheme, &r->arena, e), &w, e));
        TRY(pick(&p, scheme, w.at, e));
    }
    r->space.w = (const struct scheme *const *)p.item;
    r->space.n[AXIS_W] = p.n;
    return st;
}

static cosim_status pick_activations(struct resolved *r, cosim *c, struct setting s, cosim_error *e)
{
    struct list_walk w = { .list = s };
    struct picks p;
    cosim_status st;

    TRY(picks_init(&p, &r->arena, e));
    while (list_next(&w, &st, e)) {
        const struct format *f = NULL;
        TRY(at_token(format_find(&c->formats, w.token, ROLE_A, &f, e), &w, e));
        TRY(pick(&p, f, w.at, e));
    }
    r->space.a = (const struct format *const *)p.item;
    r->space.n[AXIS_A] = p.n;
    return st;
}

/* "int8" for both sides, or "int8:int4" for K and V. */
static cosim_status parse_pair(struct kv_formats *pair, struct resolved *r, cosim *c,
                               struct list_walk *w, cosim_error *e)
{
    pair->label = arena_strdup(&r->arena, w->token);
    if (!pair->label)
        return err_set(e, COSIM_ENOMEM, "out of memory for a study");
    char *colon = strchr(w->token, ':');
    if (colon)
        *colon = '\0';
    TRY(at_token(scheme_parse_kv(&c->schemes, w->token, ROLE_K, &pair->k, &r->arena, e), w, e));
    return at_token(
        scheme_parse_kv(&c->schemes, colon ? colon + 1 : w->token, ROLE_V, &pair->v, &r->arena, e),
        w, e);
}

static cosim_status pick_kv(struct resolved *r, cosim *c, struct setting s, cosim_error *e)
{
    struct list_walk w = { .list = s };
    struct kv_formats *pair = ARENA_NEW(&r->arena, struct kv_formats, NAMES_MAX);
    size_t n = 0;
    cosim_status st;

    if (!pair)
        return err_set(e, COSIM_ENOMEM, "out of memory for a study");
    while (list_next(&w, &st, e)) {
        if (n == NAMES_MAX)
            return err_at(e, COSIM_ERANGE, &w.at, "more than %u values", NAMES_MAX);
        TRY(parse_pair(&pair[n++], r, c, &w, e));
    }
    r->space.kv = pair;
    r->space.n[AXIS_KV] = n;
    return st;
}

static const struct {
    enum axis axis;
    enum study_key key;
    double hi;
} number_axes[] = {
    { AXIS_TP, STUDY_TP, 1024 },        { AXIS_PP, STUDY_PP, 1024 },
    { AXIS_EP, STUDY_EP, 4096 },        { AXIS_DP, STUDY_DP, 1e6 },
    { AXIS_PROMPT, STUDY_PROMPT, 1e8 }, { AXIS_OUTPUT, STUDY_OUTPUT, 1e8 },
    { AXIS_BATCH, STUDY_BATCH, 1e6 },
};

static cosim_status scenario_number(struct resolved *r, const struct scenario *sc, enum axis axis,
                                    cosim_error *e)
{
    double *v = ARENA_NEW(&r->arena, double, 1);

    if (!v)
        return err_set(e, COSIM_ENOMEM, "out of memory for a study");
    *v = axis == AXIS_PROMPT   ? sc->prompt_tokens
         : axis == AXIS_OUTPUT ? sc->output_tokens
                               : sc->batch;
    r->space.number[axis] = v;
    r->space.n[axis] = 1;
    return COSIM_OK;
}

static cosim_status pick_numbers(struct resolved *r, cosim *c, const struct study *s,
                                 cosim_error *e)
{
    const struct setting name = study_get(s, STUDY_SCENARIO);
    const struct scenario *sc = NULL;

    if (name.text) {
        struct list_walk w = { .list = name, .at = name.at };
        TRY(at_token(scenario_find(&c->scenarios, name.text, &sc, e), &w, e));
    }
    for (size_t i = 0; i < sizeof number_axes / sizeof *number_axes; i++) {
        const enum axis axis = number_axes[i].axis;
        const bool from_scenario =
            sc && !s->value[number_axes[i].key].text
            && (axis == AXIS_PROMPT || axis == AXIS_OUTPUT || axis == AXIS_BATCH);
        if (from_scenario) {
            TRY(scenario_number(r, sc, axis, e));
            continue;
        }
        const struct setting v = study_get(s, number_axes[i].key);
        double *values = NULL;
        TRY(list_numbers(&v, 1.0, number_axes[i].hi, &values, &r->space.n[axis], &r->arena, e));
        r->space.number[axis] = values;
    }
    return COSIM_OK;
}

void resolved_quality(const struct resolved *r, const size_t digit[N_AXES], struct quality *q)
{
    const struct space *s = &r->space;
    const struct kv_formats *kv = &s->kv[digit[AXIS_KV]];

    quality_lookup(r->quality, s->model[digit[AXIS_MODEL]]->id, scheme_text(s->w[digit[AXIS_W]]),
                   s->a[digit[AXIS_A]]->id, scheme_text(kv->k), scheme_text(kv->v), q);
}

/* Perplexity increase of each (model, w, kv, a); unknown stays unknown. */
static cosim_status find_quality(struct resolved *r, cosim_error *e)
{
    struct space *s = &r->space;
    const size_t n = s->n[AXIS_MODEL] * s->n[AXIS_W] * s->n[AXIS_KV] * s->n[AXIS_A];
    double *ppl = ARENA_NEW(&r->arena, double, n);

    if (!ppl)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu qualities", n);
    for (size_t i = 0; i < n; i++) {
        size_t digit[N_AXES] = { 0 };
        size_t rest = i;
        digit[AXIS_A] = rest % s->n[AXIS_A];
        rest /= s->n[AXIS_A];
        digit[AXIS_KV] = rest % s->n[AXIS_KV];
        rest /= s->n[AXIS_KV];
        digit[AXIS_W] = rest % s->n[AXIS_W];
        digit[AXIS_MODEL] = rest / s->n[AXIS_W];
        struct quality q;
        resolved_quality(r, digit, &q);
        ppl[i] = q.ppl_increase_ratio;
    }
    s->ppl_increase = ppl;
    return COSIM_OK;
}

/* Every axis value in order: two spaces with equal signatures number their points alike. */
static void sign(struct resolved *r)
{
    uint64_t h = HASH_START;

    for (int axis = 0; axis < N_AXES; axis++) {
        const char *name = axis_name((enum axis)axis);
        h = hash_bytes(h, name, strlen(name) + 1); /* else "1,2" and "1" are "1" and "2,1" */
        for (size_t i = 0; i < r->space.n[axis]; i++) {
            char buffer[32];
            const char *label = space_label(&r->space, (enum axis)axis, i, buffer);
            h = hash_bytes(h, label, strlen(label) + 1);
        }
    }
    (void)snprintf(r->signature, sizeof r->signature, "%016llx", (unsigned long long)h);
}

static cosim_status need(const struct setting *s, const char *key, cosim_error *e)
{
    if (s->text)
        return COSIM_OK;
    const cosim_status st = err_set(e, COSIM_EUSAGE, "no %s is given", key);
    err_hint(e, "name at least one with --%s; 'cosim list %ss' shows all", key, key);
    return st;
}

cosim_status resolve(struct resolved *r, cosim *c, const struct study *s, cosim_error *e)
{
    const struct setting model = study_get(s, STUDY_MODEL), device = study_get(s, STUDY_DEVICE);

    memset(r, 0, sizeof *r);
    TRY(study_without_search(s, e));
    r->quality = &c->quality;
    TRY(need(&model, "model", e));
    TRY(need(&device, "device", e));
    TRY(pick_models(r, c, model, e));
    TRY(pick_clocks(r, study_get(s, STUDY_CLOCK), e));
    TRY(pick_devices(r, c, device, e));
    TRY(pick_weights(r, c, study_get(s, STUDY_W), e));
    TRY(pick_kv(r, c, study_get(s, STUDY_KV), e));
    TRY(pick_activations(r, c, study_get(s, STUDY_A), e));
    TRY(pick_numbers(r, c, s, e));
    TRY(resolve_request(&r->request, s, e));
    TRY(find_quality(r, e));
    TRY(space_finish(&r->space, &r->arena, e));
    sign(r);
    r->request.space = &r->space;
    r->request.stop = &c->stop;
    return COSIM_OK;
}

void resolved_release(struct resolved *r)
{
    arena_release(&r->arena);
    memset(r, 0, sizeof *r);
}
