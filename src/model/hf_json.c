/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/hf_json.h"

#include <math.h>
#include <string.h>

#define KEY_MAX_LEN 64u

/* Reads the next word of a blank-separated list; false at its end. */
static bool next_word(const char **list, char word[KEY_MAX_LEN])
{
    const size_t n = strcspn(*list, " ");

    if (n == 0 || n >= KEY_MAX_LEN)
        return false;
    memcpy(word, *list, n);
    word[n] = '\0';
    *list += n + strspn(*list + n, " ");
    return true;
}

const json_t *hf_get(const struct hf_doc *d, const char *keys, const char **key)
{
    char word[KEY_MAX_LEN];

    for (const char *k = keys; next_word(&k, word);)
        for (size_t s = 0; s < HF_DEPTH_MAX && d->scope[s]; s++) {
            const char *name = NULL;
            json_t *v = NULL;
            json_object_foreach((json_t *)(uintptr_t)d->scope[s], name, v)
            {
                if (strcmp(name, word) == 0 && !json_is_null(v)) {
                    *key = name;
                    return v;
                }
            }
        }
    return NULL;
}

/* Where "key" first stands in the text, quotes included. */
static struct src_pos locate(const struct hf_doc *d, const char *key)
{
    struct src_pos at = { d->name, 0, 0 };
    const size_t len = strlen(key);
    unsigned line = 1, col = 1;

    for (size_t i = 0; i + len + 2 <= d->n; i++, col++) {
        if (d->text[i] == '"' && memcmp(d->text + i + 1, key, len) == 0
            && d->text[i + 1 + len] == '"') {
            at.line = line;
            at.col = col;
            return at;
        }
        if (d->text[i] == '\n') {
            line++;
            col = 0;
        }
    }
    return at;
}

cosim_status hf_fail(const struct hf_doc *d, cosim_status st, const char *key, const char *msg)
{
    const struct src_pos at = locate(d, key);

    return err_at(d->e, st, &at, "'%s' %s", key, msg);
}

static cosim_status whole(const struct hf_doc *d, const char *key, const json_t *v, double hi,
                          double *out)
{
    if (!json_is_number(v))
        return hf_fail(d, COSIM_ESYNTAX, key, "is not a number");
    const double x = json_number_value(v);
    if (!(x >= 0.0 && x <= hi) || x != floor(x))
        return hf_fail(d, COSIM_ERANGE, key, "is not a whole number a model can have");
    *out = x;
    return COSIM_OK;
}

cosim_status hf_number(const struct hf_doc *d, const char *keys, double hi, double *v)
{
    const char *key = NULL;
    const json_t *j = hf_get(d, keys, &key);

    return j ? whole(d, key, j, hi, v) : COSIM_OK;
}

cosim_status hf_flag(const struct hf_doc *d, const char *keys, bool *v)
{
    const char *key = NULL;
    const json_t *j = hf_get(d, keys, &key);

    if (!j)
        return COSIM_OK;
    if (!json_is_boolean(j))
        return hf_fail(d, COSIM_ESYNTAX, key, "is neither true nor false");
    *v = json_is_true(j);
    return COSIM_OK;
}

cosim_status hf_numbers(const struct hf_doc *d, const char *key, size_t n, double hi, double **list)
{
    const char *name = NULL;
    const json_t *j = hf_get(d, key, &name);

    *list = NULL;
    if (!j)
        return COSIM_OK;
    if (!json_is_array(j) || json_array_size(j) != n)
        return hf_fail(d, COSIM_ERANGE, name, "is not a list of one number for each layer");
    double *v = ARENA_NEW(d->arena, double, n);
    if (!v)
        return err_set(d->e, COSIM_ENOMEM, "out of memory for a list of layers");
    for (size_t i = 0; i < n; i++)
        TRY(whole(d, name, json_array_get(j, i), hi, &v[i]));
    *list = v;
    return COSIM_OK;
}

cosim_status hf_assume(struct hf_doc *d, const char *what)
{
    char *notes = d->notes ? arena_printf(d->arena, "%s; %s", d->notes, what)
                           : arena_printf(d->arena, "assumed: %s", what);

    if (!notes)
        return err_set(d->e, COSIM_ENOMEM, "out of memory for notes");
    d->notes = notes;
    return COSIM_OK;
}
