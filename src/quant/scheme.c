/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/scheme.h"

#include "core/text.h"
#include "quant/recipe.h"

#include <stdint.h>
#include <string.h>

struct layer_range {
    size_t first, last;
};

struct override {
    unsigned tensors;
    const struct layer_range *range; /* none = every layer */
    size_t n_ranges;
    const struct format *format;
};

struct scheme {
    const char *text;
    const struct scheme_db *db;
    const char *recipe;         /* NULL = a plain format */
    const struct format *plain; /* of the linear layers, or of everything when it is wide */
    const struct format *wide;  /* what a plain format leaves alone: 16 bits */
    const struct override *override;
    size_t n_overrides;
};

#define WIDE_FORMAT "bf16"
#define WIDE_BITS 16.0

struct parser {
    const struct scheme_db *db;
    const char *text, *at; /* whole text, and the next character */
    unsigned roles;
    struct arena *arena;
    cosim_error *e;
};

static cosim_status fail(struct parser *p, cosim_status st, const char *where, const char *msg)
{
    const struct src_pos at = { "scheme", 1, (unsigned)(where - p->text) + 1 };

    return err_at(p->e, st, &at, "'%s': %s", p->text, msg);
}

/* Copies the characters up to one of `stop`; an empty or very long word is an error. */
static cosim_status take_word(struct parser *p, const char *stop, char *word, size_t size)
{
    const size_t n = strcspn(p->at, stop);

    if (n == 0 || n >= size)
        return fail(p, COSIM_ESYNTAX, p->at,
                    n == 0 ? "a name is missing here" : "the name here is too long");
    memcpy(word, p->at, n);
    word[n] = '\0';
    p->at += n;
    return COSIM_OK;
}

static cosim_status take_format(struct parser *p, const char *word, const char *where,
                                const struct format **f)
{
    cosim_error inner = { 0 };
    const cosim_status st = format_find(p->db->formats, word, p->roles, f, &inner);

    if (st != COSIM_OK) {
        (void)fail(p, st, where, inner.msg);
        err_hint(p->e, "%s", inner.hint);
    }
    return st;
}

static const char *find_recipe(const struct scheme_db *db, const char *word)
{
    for (size_t i = 0; i < db->n_recipes; i++)
        if (db->recipe[i].recipe[0] != '*' && text_equal_nocase(db->recipe[i].recipe, word))
            return db->recipe[i].recipe;
    return NULL;
}

/* A recipe's name that is nearer than any format's is the better hint. */
static void hint_recipe(struct parser *p, const char *word)
{
    struct nearest near = { .want = word };
    const char *name;

    for (size_t i = 0; (name = scheme_recipe_name(p->db, i)) != NULL; i++)
        nearest_offer(&near, name);
    for (size_t i = 0; i < p->db->formats->n; i++)
        if (p->db->formats->format[i].roles & p->roles)
            nearest_offer(&near, p->db->formats->format[i].id);
    if (nearest_suggestion(&near))
        err_hint(p->e, "did you mean '%s'?", nearest_suggestion(&near));
}

static cosim_status parse_base(struct parser *p, struct scheme *s)
{
    const char *where = p->at;
    const struct format *f;
    char word[64];

    TRY(take_word(p, "+", word, sizeof word));
    if (p->roles & ROLE_W) {
        s->recipe = find_recipe(p->db, word);
        if (s->recipe)
            return COSIM_OK;
        cosim_error inner = { 0 };
        if (format_find(p->db->formats, word, 0, &f, &inner) != COSIM_OK) {
            (void)fail(p, COSIM_EUNKNOWN, where, "no recipe and no format has this name");
            hint_recipe(p, word);
            return COSIM_EUNKNOWN;
        }
    }
    return take_format(p, word, where, &s->plain);
}

static cosim_status take_number(struct parser *p, size_t *v)
{
    const char *where = p->at;
    char word[16];
    uint64_t x;

    TRY(take_word(p, "-,=+@", word, sizeof word));
    if (!text_to_u64(word, &x) || x > 1000000)
        return fail(p, COSIM_ESYNTAX, where, "a layer number is expected here");
    *v = (size_t)x;
    return COSIM_OK;
}

static cosim_status parse_layers(struct parser *p, struct override *o)
{
    size_t n = 1;

    for (const char *s = p->at; *s && *s != '=' && *s != '+'; s++)
        n += *s == ',';
    struct layer_range *range = ARENA_NEW(p->arena, struct layer_range, n);
    if (!range)
        return err_set(p->e, COSIM_ENOMEM, "out of memory for a scheme");
    for (size_t i = 0; i < n; i++) {
        const char *where = p->at;
        TRY(take_number(p, &range[i].first));
        range[i].last = range[i].first;
        if (*p->at == '-') {
            p->at++;
            TRY(take_number(p, &range[i].last));
        }
        if (range[i].last < range[i].first)
            return fail(p, COSIM_ESYNTAX, where, "the range ends before it begins");
        if (i + 1 < n && *p->at != ',')
            return fail(p, COSIM_ESYNTAX, p->at, "',' is expected here");
        p->at += i + 1 < n;
    }
    o->range = range;
    o->n_ranges = n;
    return COSIM_OK;
}

static const struct {
    const char *name;
    unsigned tensors;
} tensor_sets[] = {
    { "*", TENSORS_ALL },
    { "linear", TENSORS_LINEAR },
    { "attn", TENSORS_ATTN },
    { "ffn", TENSORS_LINEAR & ~TENSORS_ATTN },
    { "experts",
      TENSOR_BIT(TENSOR_EXP_GATE) | TENSOR_BIT(TENSOR_EXP_UP) | TENSOR_BIT(TENSOR_EXP_DOWN) },
};
#define N_TENSOR_SETS (sizeof tensor_sets / sizeof *tensor_sets)

unsigned tensor_set(const char *name)
{
    const enum tensor_id t = tensor_find(name);

    for (size_t i = 0; i < N_TENSOR_SETS; i++)
        if (strcmp(name, tensor_sets[i].name) == 0)
            return tensor_sets[i].tensors;
    return t < N_TENSORS ? TENSOR_BIT(t) : 0;
}

static cosim_status unknown_tensor(struct parser *p, const char *word, const char *where)
{
    struct nearest near = { .want = word };

    for (unsigned t = 0; t < N_TENSORS; t++)
        nearest_offer(&near, tensor_name((enum tensor_id)t));
    for (size_t i = 0; i < N_TENSOR_SETS; i++)
        nearest_offer(&near, tensor_sets[i].name);
    const cosim_status st = fail(p, COSIM_EUNKNOWN, where, "no tensor has this name");
    if (nearest_suggestion(&near))
        err_hint(p->e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

static cosim_status parse_override(struct parser *p, struct override *o)
{
    const char *where = p->at;
    char word[64];

    TRY(take_word(p, "@=+", word, sizeof word));
    o->tensors = tensor_set(word);
    if (o->tensors == 0)
        return unknown_tensor(p, word, where);
    const unsigned cache = TENSOR_BIT(TENSOR_ATTN_K) | TENSOR_BIT(TENSOR_ATTN_V);
    if (!(p->roles & ROLE_W) && o->tensors != TENSORS_ALL && (o->tensors & ~cache))
        return fail(p, COSIM_ERANGE, where, "a cache scheme knows only attn_k, attn_v and '*'");
    if (*p->at == '@') {
        p->at++;
        TRY(parse_layers(p, o));
    }
    if (*p->at != '=')
        return fail(p, COSIM_ESYNTAX, p->at, "'=' and a format are expected here");
    where = ++p->at;
    TRY(take_word(p, "+", word, sizeof word));
    return take_format(p, word, where, &o->format);
}

static cosim_status parse(struct parser *p, const struct scheme **out)
{
    struct scheme *s = ARENA_NEW(p->arena, struct scheme, 1);
    size_t n = 0;

    if (strnlen(p->text, SCHEME_TEXT_MAX + 1) > SCHEME_TEXT_MAX)
        return err_set(p->e, COSIM_ERANGE, "a scheme has at most %u characters", SCHEME_TEXT_MAX);
    for (const char *c = p->text; *c; c++)
        n += *c == '+';
    struct override *o = ARENA_NEW(p->arena, struct override, n);
    char *text = arena_strdup(p->arena, p->text);
    if (!s || !o || !text)
        return err_set(p->e, COSIM_ENOMEM, "out of memory for a scheme");
    *s = (struct scheme){ .text = text, .db = p->db, .override = o };
    TRY(format_find(p->db->formats, WIDE_FORMAT, 0, &s->wide, p->e));
    TRY(parse_base(p, s));
    while (*p->at == '+') {
        p->at++;
        TRY(parse_override(p, &o[s->n_overrides]));
        s->n_overrides++;
    }
    if (s->n_overrides == 0)
        s->text = s->recipe ? s->recipe : s->plain->id;
    *out = s;
    return COSIM_OK;
}

cosim_status scheme_parse(const struct scheme_db *db, const char *text, const struct scheme **s,
                          struct arena *a, cosim_error *e)
{
    return parse(&(struct parser){ db, text, text, ROLE_W, a, e }, s);
}

cosim_status scheme_parse_kv(const struct scheme_db *db, const char *text, enum role role,
                             const struct scheme **s, struct arena *a, cosim_error *e)
{
    return parse(&(struct parser){ db, text, text, role, a, e }, s);
}

const char *scheme_text(const struct scheme *s)
{
    return s->text;
}

static bool override_applies(const struct override *o, const struct scheme_tensor *t)
{
    if (!(o->tensors & TENSOR_BIT(t->id)))
        return false;
    for (size_t i = 0; i < o->n_ranges; i++)
        if (t->layer != SIZE_MAX && t->layer >= o->range[i].first && t->layer <= o->range[i].last)
            return true;
    return o->n_ranges == 0;
}

static const struct format *chosen(const struct scheme *s, const struct scheme_context *c,
                                   const struct scheme_tensor *t)
{
    for (size_t i = s->n_overrides; i-- > 0;)
        if (override_applies(&s->override[i], t))
            return s->override[i].format;
    if (!s->recipe) {
        const bool all = s->plain->payload_bits >= WIDE_BITS;
        return all || (TENSORS_LINEAR & TENSOR_BIT(t->id)) ? s->plain : s->wide;
    }
    for (size_t i = 0; i < s->db->n_recipes; i++) {
        const struct recipe_row *r = &s->db->recipe[i];
        if ((strcmp(r->recipe, "*") == 0 || strcmp(r->recipe, s->recipe) == 0)
            && recipe_row_applies(r, c, t))
            return r->format;
    }
    return s->wide;
}

const struct format *scheme_format(const struct scheme *s, const struct scheme_context *c,
                                   const struct scheme_tensor *t)
{
    return format_for_row(s->db->formats, chosen(s, c, t), t->row_elems);
}

double scheme_tensor_bytes(const struct scheme *s, const struct scheme_context *c,
                           const struct scheme_tensor *t)
{
    const bool expert = t->id >= TENSOR_EXP_GATE && t->id <= TENSOR_EXP_DOWN;
    const double elems = t->row_elems * t->n_rows;
    /* each expert is a matrix of its own, with its own codebooks */
    const double matrix = expert && c->n_experts > 0.0 ? elems / c->n_experts : elems;

    return elems * format_bits(scheme_format(s, c, t), t->row_elems, matrix) / 8.0;
}
