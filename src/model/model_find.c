/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models by the names that papers, model cards and file names use for them. */
#include "model/model.h"

#include "core/text.h"

#include <string.h>

#define NAME_MAX_LEN 128u

/* Words of a name that do not change the architecture. */
static const char *const ignored[] = { "meta", "instruct", "chat", "it", "hf", "base" };

static bool is_ignored(const char *word)
{
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (strcmp(ignored[i], word) == 0)
            return true;
    return false;
}

static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' || c == ' ' ? '-' : c;
}

/* "meta-llama/Meta-Llama-3.1-8B-Instruct" -> "llama-3.1-8b"; n characters are read. */
static void normalise(const char *name, size_t n, char out[NAME_MAX_LEN])
{
    char word[NAME_MAX_LEN];
    size_t len = 0, n_out = 0;

    for (size_t i = 0; i < n; i++)
        if (name[i] == '/') {
            name += i + 1;
            n -= i + 1;
            i = (size_t)-1;
        }
    for (size_t i = 0; i <= n && n_out + len + 2 < NAME_MAX_LEN; i++) {
        const char c = i < n ? plain(name[i]) : '-';
        if (c != '-') {
            word[len++] = c;
            continue;
        }
        word[len] = '\0';
        if (len > 0 && !is_ignored(word)) {
            if (n_out > 0)
                out[n_out++] = '-';
            memcpy(out + n_out, word, len);
            n_out += len;
        }
        len = 0;
    }
    out[n_out] = '\0';
}

static bool same_name(const char *want, const char *name, size_t n)
{
    char have[NAME_MAX_LEN];

    normalise(name, n, have);
    return strcmp(want, have) == 0;
}

static bool is_named(const struct model *m, const char *want)
{
    if (same_name(want, m->id, strlen(m->id))
        || (m->name && same_name(want, m->name, strlen(m->name)))
        || (m->hf_id && same_name(want, m->hf_id, strlen(m->hf_id))))
        return true;
    for (const char *s = m->aliases; s && *s;) {
        const size_t n = strcspn(s, " ");
        if (same_name(want, s, n))
            return true;
        s += n + strspn(s + n, " ");
    }
    return false;
}

cosim_status model_find(const struct model_db *db, const char *id, const struct model **m,
                        cosim_error *e)
{
    struct nearest near = { .want = id };
    char want[NAME_MAX_LEN];

    for (size_t i = 0; i < db->n; i++)
        if (text_equal_nocase(db->model[i].id, id)) {
            *m = &db->model[i];
            return COSIM_OK;
        }
    normalise(id, strlen(id), want);
    for (size_t i = 0; i < db->n; i++) {
        if (want[0] && is_named(&db->model[i], want)) {
            *m = &db->model[i];
            return COSIM_OK;
        }
        nearest_offer(&near, db->model[i].id);
    }
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "unknown model '%s'", id);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}
