/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study becomes the axes of a joint search. */
#include "api/joint.h"

#include "core/num.h"
#include "core/text.h"

#include <string.h>

static bool given(const struct study *s, enum study_key key)
{
    return s->value[key].text != NULL;
}

bool joint_wanted(const struct study *s)
{
    for (int key = STUDY_JOINT_FIRST; key < N_STUDY_KEYS; key++)
        if (given(s, (enum study_key)key))
            return true;
    return false;
}

void joint_release(struct joint *j)
{
    resolved_release(&j->r);
    arena_release(&j->arena);
}

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for a joint search");
}

static cosim_status count_of(size_t *n, const struct study *s, enum study_key key, uint64_t most,
                             cosim_error *e)
{
    const struct setting v = study_get(s, key);
    uint64_t u;

    TRY(setting_u64(&v, 1, most, &u, e));
    *n = (size_t)u;
    return COSIM_OK;
}

/* --- axes ---------------------------------------------------------------------------------- */

static cosim_status add_axis(struct joint *j, struct joint_axis axis, const char *name,
                             enum search_axis_kind kind, size_t n, cosim_error *e)
{
    if (!name)
        return no_memory(e);
    if (j->n_axes == JOINT_AXES_MAX)
        return err_set(e, COSIM_ERANGE, "a joint search has at most %u axes", JOINT_AXES_MAX);
    j->axis[j->n_axes] = axis;
    j->search[j->n_axes++] = (struct search_axis){ .name = name, .kind = kind, .n = (uint32_t)n };
    return COSIM_OK;
}

/* Axes of the space that a joint axis takes the place of. */
static bool is_replaced(const struct joint *j, int axis)
{
    return (axis == AXIS_W && j->n_parts > 0) || (axis == AXIS_KV && j->n_kv_blocks > 1)
           || (j->platform && (axis == AXIS_DEVICE || axis == AXIS_CLOCK));
}

static cosim_status add_space_axes(struct joint *j, cosim_error *e)
{
    for (int a = 0; a < N_AXES; a++) {
        const bool ordinal = a >= AXIS_TP && a != AXIS_DEVICE;
        if (!is_replaced(j, a))
            TRY(add_axis(j, (struct joint_axis){ .kind = JOINT_SPACE, .index = (unsigned)a },
                         axis_name((enum axis)a), ordinal ? AXIS_ORDINAL : AXIS_CATEGORICAL,
                         j->r.space.n[a], e));
    }
    return COSIM_OK;
}

static cosim_status add_format_axes(struct joint *j, cosim_error *e)
{
    for (unsigned p = 0; p < j->n_parts; p++)
        for (unsigned b = 0; b < j->n_blocks; b++)
            TRY(add_axis(j, (struct joint_axis){ JOINT_WEIGHT, 0, p, b },
                         arena_printf(&j->arena, "w %s %u", j->part[p].set, b), AXIS_CATEGORICAL,
                         j->r.space.n[AXIS_W], e));
    for (unsigned b = 0; j->n_kv_blocks > 1 && b < j->n_kv_blocks; b++)
        TRY(add_axis(j, (struct joint_axis){ JOINT_CACHE, 0, 0, b },
                     arena_printf(&j->arena, "kv %u", b), AXIS_CATEGORICAL, j->r.space.n[AXIS_KV],
                     e));
    return COSIM_OK;
}

static cosim_status add_shape_axes(struct joint *j, cosim_error *e)
{
    for (unsigned k = 0; j->shaped && k < N_JOINT_SHAPES; k++)
        TRY(add_axis(j, (struct joint_axis){ .kind = JOINT_SHAPE, .index = k },
                     joint_shape_name((enum joint_shape)k),
                     k == JOINT_EXPERTS ? AXIS_CATEGORICAL : AXIS_ORDINAL, j->n_shape[k], e));
    return COSIM_OK;
}

/* Nodes of the deepest candidate: embedding, layers, head. */
static size_t most_nodes(const struct joint *j)
{
    size_t most = 0;

    for (size_t i = 0; !j->shaped && i < j->r.space.n[AXIS_MODEL]; i++)
        most = j->r.space.model[i]->n_layers > most ? j->r.space.model[i]->n_layers : most;
    for (size_t i = 0; j->shaped && i < j->n_shape[JOINT_LAYERS]; i++)
        most = (size_t)j->shape[JOINT_LAYERS][i] > most ? (size_t)j->shape[JOINT_LAYERS][i] : most;
    return most + 2;
}

static cosim_status add_place_axes(struct joint *j, cosim_error *e)
{
    static const char *const phase[] = { "prefill", "decode" };

    for (unsigned i = 0; i + 1 < j->n_stages; i++)
        TRY(add_axis(j, (struct joint_axis){ .kind = JOINT_CUT, .index = i },
                     arena_printf(&j->arena, "cut %u", i), AXIS_ORDINAL, most_nodes(j) + 1, e));
    for (unsigned f = 0; f < 2; f++)
        for (unsigned i = 0; i < j->n_stages; i++)
            TRY(add_axis(j, (struct joint_axis){ JOINT_MEMBER, f, 0, i },
                         arena_printf(&j->arena, "%s stage %u", phase[f], i), AXIS_CATEGORICAL,
                         j->platform->n_members, e));
    for (unsigned m = 0; m < j->platform->n_members; m++)
        if (j->platform->member[m].runs_on == m)
            TRY(add_axis(j, (struct joint_axis){ .kind = JOINT_CLOCK, .index = m },
                         arena_printf(&j->arena, "clock %s", j->platform->member[m].name),
                         AXIS_ORDINAL, j->members.n_clocks, e));
    return COSIM_OK;
}

/* --- formats ------------------------------------------------------------------------------- */

static void add_part(struct joint *j, const char *set)
{
    j->part[j->n_parts++] = (struct joint_part){ set, tensor_set(set) };
}

/* Attention and FFN part when one of them is named; experts are a part of the rest. */
static cosim_status pick_parts(struct joint *j, const struct study *s, cosim_error *e)
{
    static const char *const known[] = { "attn", "ffn", "experts" };
    enum { ATTN, FFN, EXPERTS, N_KNOWN };
    struct list_walk w = { .list = study_get(s, STUDY_W_APART) };
    bool wanted[N_KNOWN] = { false };
    cosim_status st = COSIM_OK;

    while (w.list.text && list_next(&w, &st, e)) {
        size_t i = 0;
        while (i < N_KNOWN && strcmp(known[i], w.token) != 0)
            i++;
        if (i == N_KNOWN) {
            st = err_at(e, COSIM_EUNKNOWN, &w.at, "'%.40s' is no set of tensors", w.token);
            err_hint(e, "there are attn, ffn and experts");
            return st;
        }
        wanted[i] = true;
    }
    if (wanted[ATTN] || wanted[FFN]) {
        add_part(j, known[ATTN]);
        add_part(j, known[FFN]);
    } else {
        add_part(j, "linear");
    }
    if (wanted[EXPERTS])
        add_part(j, known[EXPERTS]);
    return st;
}

/* A mixture has its own idea of which tensor gets what: only plain formats can be split. */
static cosim_status find_formats(struct joint *j, const struct study *s, cosim_error *e)
{
    const struct space *space = &j->r.space;
    const struct setting list = study_get(s, STUDY_W);
    const struct format **f = ARENA_NEW(&j->arena, const struct format *, space->n[AXIS_W]);

    if (!f)
        return no_memory(e);
    for (size_t i = 0; i < space->n[AXIS_W]; i++) {
        const char *text = scheme_text(space->w[i]);
        if (format_find(&j->c->formats, text, ROLE_W, &f[i], NULL) == COSIM_OK)
            continue;
        const cosim_status st =
            err_at(e, COSIM_EUSAGE, &list.at, "'%.60s' is a mixture: it cannot be split", text);
        err_hint(e, "give plain formats to 'w' (cosim list formats)");
        return st;
    }
    j->w_format = f;
    return COSIM_OK;
}

/* Blocks of the cache are written as overrides, so every value must be a plain format. */
static cosim_status check_cache(struct joint *j, const struct study *s, cosim_error *e)
{
    const struct setting list = study_get(s, STUDY_KV);

    for (size_t i = 0; i < j->r.space.n[AXIS_KV]; i++) {
        const struct kv_formats *kv = &j->r.space.kv[i];
        if (strchr(scheme_text(kv->k), '+') || strchr(scheme_text(kv->v), '+'))
            return err_at(e, COSIM_EUSAGE, &list.at, "'%.60s' has layers: it cannot be split",
                          kv->label);
    }
    return COSIM_OK;
}

/* "+attn@10-19=int4-g128" for each block: the longest scheme must still be one. */
static cosim_status check_length(const struct joint *j, const struct study *s, cosim_error *e)
{
    const struct setting at = study_get(s, STUDY_W_BLOCKS);
    size_t longest = 0;

    for (size_t i = 0; i < j->r.space.n[AXIS_W]; i++) {
        const size_t n = strlen(j->w_format[i]->id);
        longest = n > longest ? n : longest;
    }
    if (j->n_parts * j->n_blocks * (longest + sizeof "+experts@100-100=") > SCHEME_TEXT_MAX - 8)
        return err_at(e, COSIM_ERANGE, &at.at,
                      "%zu blocks of %zu sets make schemes of more than %u characters", j->n_blocks,
                      j->n_parts, SCHEME_TEXT_MAX);
    return COSIM_OK;
}

static cosim_status pick_formats(struct joint *j, const struct study *s, cosim_error *e)
{
    TRY(count_of(&j->n_blocks, s, STUDY_W_BLOCKS, JOINT_BLOCKS_MAX, e));
    TRY(count_of(&j->n_kv_blocks, s, STUDY_KV_BLOCKS, JOINT_BLOCKS_MAX, e));
    if (j->n_blocks > 1 || given(s, STUDY_W_APART)) {
        TRY(pick_parts(j, s, e));
        TRY(find_formats(j, s, e));
        TRY(check_length(j, s, e));
    }
    return j->n_kv_blocks > 1 ? check_cache(j, s, e) : COSIM_OK;
}

/* Measured increases of whole models, to be shared out over blocks. */
static cosim_status find_increases(struct joint *j, cosim_error *e)
{
    const struct space *s = &j->r.space;
    const size_t n_w = s->n[AXIS_W], n_a = s->n[AXIS_A], n_kv = s->n[AXIS_KV];
    double *w = ARENA_NEW(&j->arena, double, s->n[AXIS_MODEL] * n_w * n_a);
    double *kv = ARENA_NEW(&j->arena, double, s->n[AXIS_MODEL] * n_kv);
    struct quality q;

    if (!w || !kv)
        return no_memory(e);
    for (size_t m = 0; m < s->n[AXIS_MODEL]; m++) {
        const char *id = s->model[m]->id;
        for (size_t i = 0; i < n_w; i++)
            for (size_t a = 0; a < n_a; a++) {
                quality_lookup(j->r.quality, id, scheme_text(s->w[i]), s->a[a]->id, "16", "16", &q);
                w[(m * n_w + i) * n_a + a] = log1p(q.ppl_increase_ratio);
            }
        for (size_t i = 0; i < n_kv; i++) {
            quality_lookup(j->r.quality, id, "16", "16", scheme_text(s->kv[i].k),
                           scheme_text(s->kv[i].v), &q);
            kv[m * n_kv + i] = log1p(q.ppl_increase_ratio);
        }
    }
    j->w_ln = w;
    j->kv_ln = kv;
    return COSIM_OK;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* The axes of a sweep, without what only a joint search knows. */
static cosim_status resolve_space(struct joint *j, const struct study *s, cosim_error *e)
{
    struct study plain = study_plain(s);

    if (!j->platform)
        return resolve(&j->r, j->c, &plain, e);
    if (given(s, STUDY_DEVICE))
        return err_at(e, COSIM_EUSAGE, &s->value[STUDY_DEVICE].at,
                      "the devices are those of the platform");
    TRY(study_refuse_split(s, "a platform's members work one after the other", e));
    /* the space wants a device to count for: what is counted does not depend on it */
    plain.value[STUDY_DEVICE] = (struct setting){ .text = j->platform->member[0].device.id };
    return resolve(&j->r, j->c, &plain, e);
}

static cosim_status pick_platform(struct joint *j, const struct study *s, cosim_error *e)
{
    const struct setting id = study_get(s, STUDY_PLATFORM);

    TRY(count_of(&j->n_stages, s, STUDY_STAGES, JOINT_STAGES_MAX, e));
    if (!id.text)
        return given(s, STUDY_STAGES) ? err_at(e, COSIM_EUSAGE, &s->value[STUDY_STAGES].at,
                                               "'stages' needs a 'platform'")
                                      : COSIM_OK;
    return joint_platform(&j->platform, j->c, &id, &j->arena, e);
}

cosim_status joint_resolve(struct joint *j, cosim *c, const struct study *s, cosim_error *e)
{
    j->c = c;
    TRY(pick_platform(j, s, e));
    TRY(resolve_space(j, s, e));
    TRY(pick_formats(j, s, e));
    TRY(joint_pick_shapes(j, s, e));
    TRY(find_increases(j, e));
    TRY(joint_sensitivities(j, s, e));
    if (j->platform)
        TRY(joint_members_make(&j->members, j->platform, c, j->r.space.number[AXIS_CLOCK],
                               j->r.space.n[AXIS_CLOCK], &j->arena, e));
    TRY(add_space_axes(j, e));
    TRY(add_format_axes(j, e));
    TRY(add_shape_axes(j, e));
    return j->platform ? add_place_axes(j, e) : COSIM_OK;
}

const char *joint_label(const struct joint *j, size_t axis, size_t value, char buffer[64])
{
    const struct joint_axis *a = &j->axis[axis];
    const struct space *s = &j->r.space;
    double number = (double)value;

    switch (a->kind) {
    case JOINT_SPACE:
        return space_label(s, (enum axis)a->index, value, buffer);
    case JOINT_WEIGHT:
        return j->w_format[value]->id;
    case JOINT_CACHE:
        return s->kv[value].label;
    case JOINT_MEMBER:
        return j->platform->member[value].name;
    case JOINT_SHAPE:
        if (a->index == JOINT_EXPERTS) {
            (void)snprintf(buffer, 64, "%.0f:%.0f", j->shape[JOINT_EXPERTS][value],
                           j->active[value]);
            return buffer;
        }
        number = j->shape[a->index][value];
        break;
    case JOINT_CLOCK:
        number = j->members.clock_ratio[value];
        break;
    case JOINT_CUT:
        break;
    }
    (void)snprintf(buffer, 64, "%.10g", number);
    return buffer;
}
