/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/recipe.h"

#include "core/csv.h"
#include "core/text.h"

#include <string.h>

static const struct {
    const char *name, *gguf;
} tensor_names[N_TENSORS] = {
#define TENSOR_NAME(id, name, gguf) { name, gguf },
    TENSOR_LIST(TENSOR_NAME)
#undef TENSOR_NAME
};

const char *tensor_name(enum tensor_id t)
{
    return tensor_names[t].name;
}

const char *tensor_gguf_name(enum tensor_id t)
{
    return tensor_names[t].gguf;
}

enum tensor_id tensor_find(const char *name)
{
    unsigned t = 0;

    while (t < N_TENSORS && !text_equal_nocase(tensor_names[t].name, name))
        t++;
    return (enum tensor_id)t;
}

/* Which layers, i of n counted from 0; divisions are llama.cpp's integer ones. */
static bool layers_all(size_t i, size_t n)
{
    (void)i;
    (void)n;
    return true;
}

static bool layers_more(size_t i, size_t n)
{
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

static bool layers_first_2(size_t i, size_t n)
{
    (void)n;
    return i < 2;
}

static bool layers_first_4(size_t i, size_t n)
{
    (void)n;
    return i < 4;
}

static bool layers_first_8th(size_t i, size_t n)
{
    return i < n / 8;
}

static bool layers_first_16th(size_t i, size_t n)
{
    return i < n / 16;
}

static bool layers_middle(size_t i, size_t n)
{
    return i >= n / 8 && i < 7 * n / 8;
}

static const struct {
    const char *name;
    bool (*rule)(size_t i, size_t n);
} layer_rules[] = {
    { "", layers_all },
    { "more", layers_more },
    { "i<2", layers_first_2 },
    { "i<4", layers_first_4 },
    { "i<n/8", layers_first_8th },
    { "i<n/16", layers_first_16th },
    { "n/8<=i<7n/8", layers_middle },
};

static double context_layers(const struct scheme_context *c)
{
    return (double)c->n_layers;
}

static double context_heads(const struct scheme_context *c)
{
    return c->n_heads;
}

static double context_gqa(const struct scheme_context *c)
{
    return c->n_kv_heads > 0.0 ? c->n_heads / c->n_kv_heads : 0.0;
}

static double context_experts(const struct scheme_context *c)
{
    return c->n_experts;
}

static double context_tied(const struct scheme_context *c)
{
    return c->tied_embeddings ? 1.0 : 0.0;
}

static const struct {
    const char *name;
    double (*value)(const struct scheme_context *c);
} variables[] = {
    { "layers", context_layers },   { "heads", context_heads }, { "gqa", context_gqa },
    { "experts", context_experts }, { "tied", context_tied },
};

/* Longest first, so that ">=" is not read as ">". */
static const struct {
    const char *text;
    enum compare compare;
} comparisons[] = {
    { "!=", CMP_NE }, { ">=", CMP_GE }, { "=", CMP_EQ }, { "<", CMP_LT }, { ">", CMP_GT },
};

static bool condition_holds(const struct condition *k, const struct scheme_context *c)
{
    const double v = k->value(c);

    switch (k->compare) {
    case CMP_EQ:
        return v == k->number;
    case CMP_NE:
        return v != k->number;
    case CMP_GE:
        return v >= k->number;
    case CMP_LT:
        return v < k->number;
    case CMP_GT:
        return v > k->number;
    }
    return false;
}

bool recipe_row_applies(const struct recipe_row *r, const struct scheme_context *c,
                        const struct scheme_tensor *t)
{
    if (!(r->tensors & TENSOR_BIT(t->id)))
        return false;
    if (t->layer != SIZE_MAX && !r->layers(t->layer, c->n_layers))
        return false;
    for (size_t i = 0; i < r->n_conditions; i++)
        if (!condition_holds(&r->condition[i], c))
            return false;
    return true;
}

/* One "name op number" of n characters. */
static bool parse_condition(const char *s, size_t n, struct condition *k)
{
    char text[48];

    if (n >= sizeof text)
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    const size_t name_len = strcspn(text, "!=<>");
    for (size_t c = 0; c < sizeof comparisons / sizeof *comparisons; c++) {
        const size_t op_len = strlen(comparisons[c].text);
        if (strncmp(text + name_len, comparisons[c].text, op_len) != 0)
            continue;
        k->compare = comparisons[c].compare;
        if (!text_to_f64(text + name_len + op_len, &k->number))
            return false;
        text[name_len] = '\0';
        for (size_t v = 0; v < sizeof variables / sizeof *variables; v++)
            if (strcmp(variables[v].name, text) == 0) {
                k->value = variables[v].value;
                return true;
            }
        return false;
    }
    return false;
}

static cosim_status read_conditions(struct recipe_row *r, const char *text,
                                    const struct src_pos *at, cosim_error *e)
{
    for (const char *s = text; *s;) {
        const size_t n = strcspn(s, "&");
        if (r->n_conditions == CONDITIONS_MAX
            || !parse_condition(s, n, &r->condition[r->n_conditions]))
            return err_at(e, COSIM_ESYNTAX, at,
                          "condition '%s' is not made of layers, heads, gqa, experts or tied, a "
                          "comparison and a number, joined by '&'",
                          text);
        r->n_conditions++;
        s += n + (s[n] == '&');
    }
    return COSIM_OK;
}

static cosim_status read_tensors(struct recipe_row *r, const char *text, const struct src_pos *at,
                                 cosim_error *e)
{
    for (const char *s = text; *s;) {
        const size_t n = strcspn(s, " ");
        char name[32] = "";
        if (n < sizeof name)
            memcpy(name, s, n);
        const enum tensor_id t = tensor_find(name);
        if (strcmp(name, "*") == 0)
            r->tensors |= TENSORS_ALL;
        else if (t < N_TENSORS)
            r->tensors |= TENSOR_BIT(t);
        else
            return err_at(e, COSIM_EUNKNOWN, at, "unknown tensor in '%s'", text);
        s += n + strspn(s + n, " ");
    }
    return COSIM_OK;
}

static cosim_status read_layers(struct recipe_row *r, const char *text, const struct src_pos *at,
                                cosim_error *e)
{
    for (size_t i = 0; i < sizeof layer_rules / sizeof *layer_rules; i++)
        if (strcmp(layer_rules[i].name, text) == 0) {
            r->layers = layer_rules[i].rule;
            return COSIM_OK;
        }
    return err_at(e, COSIM_EUNKNOWN, at, "unknown layer rule '%s'", text);
}

struct text_row {
    const char *recipe, *tensor, *layers, *condition, *format, *source;
};

#define STR(column, member, flags)                                                                 \
    {                                                                                              \
        column, REC_STR, offsetof(struct text_row, member), 0, 0, 0, flags                         \
    }

static const struct rec_field fields[] = {
    STR("recipe", recipe, REC_REQUIRED),
    STR("tensor", tensor, REC_REQUIRED),
    STR("layers", layers, 0),
    STR("condition", condition, 0),
    STR("format", format, REC_REQUIRED),
    STR("source", source, REC_REQUIRED),
};

static cosim_status read_row(const struct scheme_db *db, const struct text_row *text,
                             struct recipe_row *r, const struct src_pos *at, cosim_error *e)
{
    cosim_error inner = { 0 };

    r->recipe = text->recipe;
    TRY(read_tensors(r, text->tensor, at, e));
    TRY(read_layers(r, text->layers ? text->layers : "", at, e));
    TRY(read_conditions(r, text->condition ? text->condition : "", at, e));
    const cosim_status st = format_find(db->formats, text->format, ROLE_W, &r->format, &inner);
    if (st != COSIM_OK) {
        (void)err_at(e, st, at, "%s", inner.msg);
        err_hint(e, "%s", inner.hint);
    }
    return st;
}

cosim_status scheme_db_load(struct scheme_db *db, const char *path, const struct format_db *formats,
                            struct arena *a, cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    memset(db, 0, sizeof *db);
    db->formats = formats;
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, fields, sizeof fields / sizeof *fields, sizeof(struct text_row), &rows, a,
                    e));
    const struct text_row *text = rows;
    struct recipe_row *r = ARENA_NEW(a, struct recipe_row, doc.n_rows);
    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", path);
    for (size_t i = 0; i < doc.n_rows; i++) {
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, i, 0));
        TRY(read_row(db, &text[i], &r[i], &at, e));
    }
    db->path = doc.path;
    db->recipe = r;
    db->n_recipes = doc.n_rows;
    return COSIM_OK;
}

const char *scheme_recipe_name(const struct scheme_db *db, size_t i)
{
    const char *last = "*";

    for (size_t r = 0; r < db->n_recipes; r++) {
        if (strcmp(db->recipe[r].recipe, "*") == 0 || strcmp(db->recipe[r].recipe, last) == 0)
            continue;
        last = db->recipe[r].recipe;
        if (i-- == 0)
            return last;
    }
    return NULL;
}
