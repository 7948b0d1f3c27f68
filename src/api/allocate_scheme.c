/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as a weight scheme: a base format and as few overrides as a short search finds. */
#include "api/allocate.h"

#include "core/text.h"

#include <stdarg.h>
#include <string.h>

#define NO_FORMAT UINT16_MAX
#define WIDE_BITS 16.0
#define WIDE_BASE "bf16"

/* The format of every tensor of every layer; NO_FORMAT: the layer has no such tensor. */
struct grid {
    struct allocation *al;
    size_t n_layers;
    uint16_t *want, *now; /* [tensor][layer] */
};

struct text {
    char s[SCHEME_TEXT_MAX + 1];
    size_t n;
    bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const int n = vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, args);
    va_end(args);
    t->full = t->full || n < 0 || (size_t)n >= sizeof t->s - t->n;
    if (!t->full)
        t->n += (size_t)n;
}

static uint16_t *cell(const struct grid *g, uint16_t *of, size_t tensor, size_t layer)
{
    return &of[tensor * g->n_layers + layer];
}

/* Marks the tensors that there are; grid_new then gives them their formats. */
static int mark(const struct model_tensor *mt, void *user)
{
    const struct grid *g = user;

    if (mt->layer != SIZE_MAX && (allocate_tensors(g->al) & (1u << (unsigned)mt->tensor)))
        *cell(g, g->want, (size_t)mt->tensor, mt->layer) = 0;
    return 0;
}

static cosim_status grid_new(struct grid *g, struct allocation *al, const struct alloc_plan *plan,
                             cosim_error *e)
{
    const size_t n = N_TENSORS * al->model->n_layers;

    *g = (struct grid){ al, al->model->n_layers, ARENA_NEW(&al->arena, uint16_t, n),
                        ARENA_NEW(&al->arena, uint16_t, n) };
    if (!g->want || !g->now)
        return err_set(e, COSIM_ENOMEM, "out of memory for a scheme");
    for (size_t i = 0; i < n; i++)
        g->want[i] = NO_FORMAT;
    (void)model_each_tensor(al->model, mark, g);
    for (size_t i = 0; i < al->problem.n_groups; i++)
        for (size_t t = 0; t < N_TENSORS; t++)
            for (size_t l = al->group[i].first; l <= al->group[i].last; l++)
                if ((al->kind[al->group[i].kind].tensors & (1u << t))
                    && *cell(g, g->want, t, l) != NO_FORMAT)
                    *cell(g, g->want, t, l) = (uint16_t)plan->choice[i];
    return COSIM_OK;
}

static const struct format *format_at(const struct grid *g, size_t i)
{
    return g->al->format[i].format;
}

/* Layers where `of` says f, as "0-3,7"; a range may run over layers that do not mind. */
static void put_layers(struct text *t, const struct grid *g,
                       bool (*has)(const struct grid *g, size_t tensor, size_t layer, uint16_t f),
                       bool (*minds)(const struct grid *g, size_t tensor, size_t layer, uint16_t f),
                       size_t tensor, uint16_t f)
{
    const char *comma = "";

    for (size_t l = 0; l < g->n_layers; l++) {
        size_t last = l;
        if (!has(g, tensor, l, f))
            continue;
        for (size_t k = l + 1; k < g->n_layers && !minds(g, tensor, k, f); k++)
            if (has(g, tensor, k, f))
                last = k;
        if (last == l)
            put(t, "%s%zu", comma, l);
        else
            put(t, "%s%zu-%zu", comma, l, last);
        comma = ",";
        l = last;
    }
}

/* --- whole layers: "*@0-3=f" ----------------------------------------------------------------- */

/* The format that most tensors of a layer have. */
static uint16_t usual(const struct grid *g, size_t layer)
{
    size_t n[ALLOCATE_FORMATS_MAX] = { 0 }, best = 0;

    for (size_t t = 0; t < N_TENSORS; t++)
        if (*cell(g, g->want, t, layer) != NO_FORMAT)
            n[*cell(g, g->want, t, layer)]++;
    for (size_t f = 1; f < g->al->n_formats; f++)
        if (n[f] > n[best])
            best = f;
    return (uint16_t)best;
}

static bool layer_has(const struct grid *g, size_t tensor, size_t layer, uint16_t f)
{
    (void)tensor;
    return usual(g, layer) == f;
}

static bool layer_minds(const struct grid *g, size_t tensor, size_t layer, uint16_t f)
{
    return !layer_has(g, tensor, layer, f);
}

static void put_whole_layers(struct text *t, const struct grid *g, uint16_t base)
{
    for (size_t f = 0; f < g->al->n_formats; f++) {
        bool any = false;
        for (size_t l = 0; l < g->n_layers; l++) {
            if (f == base || usual(g, l) != f)
                continue;
            any = true;
            for (size_t x = 0; x < N_TENSORS; x++)
                *cell(g, g->now, x, l) = (uint16_t)f;
        }
        if (!any)
            continue;
        put(t, "+*@");
        put_layers(t, g, layer_has, layer_minds, 0, (uint16_t)f);
        put(t, "=%s", format_at(g, f)->id);
    }
}

/* --- single tensors -------------------------------------------------------------------------- */

static bool cell_has(const struct grid *g, size_t tensor, size_t layer, uint16_t f)
{
    return *cell(g, g->want, tensor, layer) == f && *cell(g, g->now, tensor, layer) != f;
}

static bool cell_minds(const struct grid *g, size_t tensor, size_t layer, uint16_t f)
{
    const uint16_t want = *cell(g, g->want, tensor, layer);

    return want != f && want != NO_FORMAT;
}

static void put_tensor(struct text *t, const struct grid *g, size_t tensor, uint16_t f)
{
    bool any = false, all = true;

    for (size_t l = 0; l < g->n_layers; l++) {
        any = any || cell_has(g, tensor, l, f);
        all = all && !cell_minds(g, tensor, l, f);
    }
    if (!any)
        return;
    put(t, "+%s", tensor_name((enum tensor_id)tensor));
    if (!all) {
        put(t, "@");
        put_layers(t, g, cell_has, cell_minds, tensor, f);
    }
    put(t, "=%s", format_at(g, f)->id);
}

/* Format of most layers of a tensor; NO_FORMAT when there is none. */
static uint16_t most_frequent(const struct grid *g, size_t tensor)
{
    size_t n[ALLOCATE_FORMATS_MAX] = { 0 }, best = 0;
    bool any = false;

    for (size_t l = 0; l < g->n_layers; l++) {
        const uint16_t f = *cell(g, g->want, tensor, l);
        any = any || f != NO_FORMAT;
        if (f != NO_FORMAT && ++n[f] > n[best])
            best = f;
    }
    return any ? (uint16_t)best : NO_FORMAT;
}

static void put_formats(struct text *t, const struct grid *g, size_t tensor)
{
    for (size_t f = 0; f < g->al->n_formats; f++)
        put_tensor(t, g, tensor, (uint16_t)f);
}

/* Formats by their layers, or the usual one for all layers and then the exceptions. */
static void put_shorter(struct text *t, const struct grid *g, size_t tensor)
{
    const uint16_t most = most_frequent(g, tensor);
    const struct text before = *t;
    bool differs = false;

    for (size_t l = 0; l < g->n_layers; l++)
        differs = differs || cell_has(g, tensor, l, most);
    put_formats(t, g, tensor);
    if (most == NO_FORMAT || !differs)
        return;
    const size_t plain = t->full ? SIZE_MAX : t->n;
    struct text other = before;
    put(&other, "+%s=%s", tensor_name((enum tensor_id)tensor), format_at(g, most)->id);
    for (size_t l = 0; l < g->n_layers; l++)
        *cell(g, g->now, tensor, l) = most;
    put_formats(&other, g, tensor);
    if (!other.full && other.n < plain)
        *t = other;
}

/* --- the shortest of a few ways --------------------------------------------------------------- */

static void write_scheme(struct text *t, const struct grid *g, uint16_t base, bool whole_layers)
{
    *t = (struct text){ .n = 0 };
    put(t, "%s", base == NO_FORMAT ? WIDE_BASE : format_at(g, base)->id);
    for (size_t i = 0; i < N_TENSORS * g->n_layers; i++)
        g->now[i] = base;
    if (whole_layers)
        put_whole_layers(t, g, base);
    for (size_t x = 0; x < N_TENSORS; x++)
        put_shorter(t, g, x);
}

static bool occurs(const struct grid *g, size_t f)
{
    for (size_t i = 0; i < N_TENSORS * g->n_layers; i++)
        if (g->want[i] == f)
            return true;
    return false;
}

/* A recipe's name as a base would be the recipe, a wide one would widen embeddings and norms too.
 */
static bool can_be_base(const struct grid *g, size_t f)
{
    const struct scheme_db *db = &g->al->c->schemes;
    const char *name;

    if (format_at(g, f)->payload_bits >= WIDE_BITS || !occurs(g, f))
        return false;
    for (size_t i = 0; (name = scheme_recipe_name(db, i)) != NULL; i++)
        if (text_equal_nocase(name, format_at(g, f)->id))
            return false;
    return true;
}

/* The base 16 bits is a candidate too, perhaps: then nothing needs to be said about it. */
static uint16_t wide_base(const struct grid *g)
{
    for (size_t f = 0; f < g->al->n_formats; f++)
        if (strcmp(format_at(g, f)->id, WIDE_BASE) == 0)
            return (uint16_t)f;
    return NO_FORMAT;
}

cosim_status allocate_scheme(struct allocation *al, const struct alloc_plan *plan,
                             const char **text, cosim_error *e)
{
    struct text *t = ARENA_NEW(&al->arena, struct text, 2);
    struct text *best = t, *next = t ? t + 1 : NULL;
    struct grid g;

    if (!t)
        return err_set(e, COSIM_ENOMEM, "out of memory for a scheme");
    TRY(grid_new(&g, al, plan, e));
    write_scheme(best, &g, wide_base(&g), false);
    for (size_t f = 0; f <= al->n_formats; f++)
        for (int whole = 0; whole < 2; whole++) {
            if (f < al->n_formats && !can_be_base(&g, f))
                continue;
            write_scheme(next, &g, f < al->n_formats ? (uint16_t)f : wide_base(&g), whole);
            if (!next->full && (best->full || next->n < best->n)) {
                struct text *was = best;
                best = next;
                next = was;
            }
        }
    *text = best->s;
    if (!best->full)
        return COSIM_OK;
    const cosim_status st =
        err_set(e, COSIM_ERANGE, "the plan's scheme is longer than %u characters", SCHEME_TEXT_MAX);
    err_hint(e, "larger groups make it shorter: --blocks");
    return st;
}
