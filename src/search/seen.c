/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/seen.h"

#include <stdlib.h>

void seen_release(struct seen *s)
{
    free(s->key);
    free(s->value);
    *s = (struct seen){ .n_obj = s->n_obj };
}

static size_t slot_of(const uint64_t *key, size_t cap, uint64_t id)
{
    size_t at = (size_t)splitmix64(id) & (cap - 1);

    while (key[at] && key[at] != id + 1)
        at = (at + 1) & (cap - 1);
    return at;
}

static void put(struct seen *s, uint64_t id, const double *value)
{
    const size_t at = slot_of(s->key, s->cap, id);

    s->n += s->key[at] == 0;
    s->key[at] = id + 1;
    for (size_t j = 0; j <= s->n_obj; j++)
        s->value[at * (s->n_obj + 1) + j] = value[j];
}

static cosim_status grow(struct seen *s, cosim_error *e)
{
    struct seen t = { .n_obj = s->n_obj, .cap = s->cap ? 2 * s->cap : 1024 };

    t.key = calloc(t.cap, sizeof *t.key);
    t.value = malloc(t.cap * (s->n_obj + 1) * sizeof *t.value);
    if (!t.key || !t.value) {
        seen_release(&t);
        return err_set(e, COSIM_ENOMEM, "no memory for %zu points seen", s->n + 1);
    }
    for (size_t i = 0; i < s->cap; i++)
        if (s->key[i])
            put(&t, s->key[i] - 1, s->value + i * (s->n_obj + 1));
    seen_release(s);
    *s = t;
    return COSIM_OK;
}

cosim_status seen_put(struct seen *s, uint64_t id, const struct priced *f, cosim_error *e)
{
    double value[9];

    if (2 * (s->n + 1) > s->cap)
        TRY(grow(s, e));
    for (size_t j = 0; j < s->n_obj; j++)
        value[j] = f->obj[j];
    value[s->n_obj] = f->violation;
    put(s, id, value);
    return COSIM_OK;
}

bool seen_get(const struct seen *s, uint64_t id, struct priced *f)
{
    if (s->cap == 0)
        return false;
    const size_t at = slot_of(s->key, s->cap, id);
    if (!s->key[at])
        return false;
    for (size_t j = 0; j < s->n_obj; j++)
        f->obj[j] = s->value[at * (s->n_obj + 1) + j];
    f->violation = s->value[at * (s->n_obj + 1) + s->n_obj];
    return true;
}
