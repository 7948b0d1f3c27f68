/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/study.h"

#include "core/file.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define STUDY_BYTES_MAX (1u << 20)

const struct study_key_info study_key_table[N_STUDY_KEYS] = {
#define STUDY_ROW(id, key, arg, def, doc) { key, arg, def, doc },
    STUDY_KEY_LIST(STUDY_ROW)
#undef STUDY_ROW
};

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for a study");
}

static cosim_status find_key(const char *key, struct src_pos at, enum study_key *out,
                             cosim_error *e)
{
    struct nearest near = { .want = key };

    for (int i = 0; i < N_STUDY_KEYS; i++) {
        if (strcmp(key, study_key_table[i].key) == 0) {
            *out = (enum study_key)i;
            return COSIM_OK;
        }
        nearest_offer(&near, study_key_table[i].key);
    }
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "unknown key '%s'", key);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

cosim_status study_set(struct study *s, const char *key, const char *value, struct src_pos at,
                       cosim_error *e)
{
    enum study_key id = N_STUDY_KEYS;

    TRY(find_key(key, at, &id, e));
    struct setting set = { arena_strdup(&s->arena, value), at };
    set.at.file = at.file ? arena_strdup(&s->arena, at.file) : NULL;
    if (!set.text || (at.file && !set.at.file))
        return no_memory(e);
    if (id != STUDY_MAX && id != STUDY_MIN) {
        s->value[id] = set;
        return COSIM_OK;
    }
    if (s->n_limits == STUDY_LIMITS_MAX)
        return err_at(e, COSIM_ERANGE, &at, "more than %u limits", STUDY_LIMITS_MAX);
    s->limit[s->n_limits++] = (struct limit){ set, id == STUDY_MAX ? 1 : -1 };
    return COSIM_OK;
}

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r", s[n - 1]))
        s[--n] = '\0';
    return s;
}

static cosim_status parse_line(struct study *s, const char *name, unsigned number, char *line,
                               cosim_error *e)
{
    char *comment = strchr(line, '#');

    if (comment)
        *comment = '\0';
    char *key = trim(line);
    if (*key == '\0')
        return COSIM_OK;
    struct src_pos at = { name, number, (unsigned)(key - line) + 1 };
    char *equal = strchr(key, '=');
    if (!equal) {
        const cosim_status st = err_at(e, COSIM_ESYNTAX, &at, "no '=' in '%.40s'", key);
        err_hint(e, "write key = value, for example: model = llama-3.1-8b");
        return st;
    }
    *equal = '\0';
    char *value = trim(equal + 1);
    const struct src_pos key_at = at;
    at.col = (unsigned)(value - line) + 1;
    if (*value == '\0')
        return err_at(e, COSIM_ESYNTAX, &at, "key '%.40s' has no value", trim(key));
    enum study_key id;
    TRY(find_key(trim(key), key_at, &id, e));
    return study_set(s, trim(key), value, at, e);
}

cosim_status study_parse(struct study *s, const char *name, const char *text, cosim_error *e)
{
    char *copy = arena_strdup(&s->arena, text);
    unsigned number = 0;

    if (!copy)
        return no_memory(e);
    for (char *line = strncmp(copy, "\xEF\xBB\xBF", 3) == 0 ? copy + 3 : copy; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        TRY(parse_line(s, name, ++number, line, e));
        line = end ? end + 1 : NULL;
    }
    return COSIM_OK;
}

cosim_status study_load(struct study *s, const char *path, cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };
    struct file_bytes f;

    TRY(file_read(&f, path, STUDY_BYTES_MAX, e));
    cosim_status st = COSIM_OK;
    if (memchr(f.data, '\0', f.n)) {
        st = err_at(e, COSIM_ESYNTAX, &at, "NUL byte: this is not a study file");
        err_hint(e, "a study file has lines such as: device = h100-sxm, rtx-4090");
    } else {
        st = study_parse(s, path, (const char *)f.data, e);
    }
    file_release(&f);
    return st;
}

cosim_status study_refuse_split(const struct study *s, const char *why, cosim_error *e)
{
    static const enum study_key parallel[] = { STUDY_TP, STUDY_PP, STUDY_EP, STUDY_DP };

    for (size_t i = 0; i < sizeof parallel / sizeof *parallel; i++) {
        const struct setting *v = &s->value[parallel[i]];
        if (v->text && strcmp(v->text, "1") != 0)
            return err_at(e, COSIM_EUSAGE, &v->at, "%s: '%s' stays 1", why,
                          study_key_table[parallel[i]].key);
    }
    return COSIM_OK;
}

struct setting study_get(const struct study *s, enum study_key key)
{
    struct setting v = s->value[key];

    if (!v.text) {
        v.text = study_key_table[key].def;
        v.at = (struct src_pos){ study_key_table[key].key, 0, 0 };
    }
    return v;
}

cosim_status study_without_search(const struct study *s, cosim_error *e)
{
    for (int key = STUDY_SEARCH_FIRST; key < N_STUDY_KEYS; key++)
        if (s->value[key].text)
            return err_at(e, COSIM_EUSAGE, &s->value[key].at, "only 'cosim search' takes '%s'",
                          study_key_table[key].key);
    return COSIM_OK;
}

struct study study_plain(const struct study *s)
{
    struct study plain = *s;

    for (int key = STUDY_SEARCH_FIRST; key < N_STUDY_KEYS; key++)
        plain.value[key].text = NULL;
    return plain;
}

bool list_next(struct list_walk *w, cosim_status *st, cosim_error *e)
{
    const char *s = w->list.text + w->offset;
    bool in_layers = false;
    size_t n = 0;

    *st = COSIM_OK;
    if (w->offset > 0 && *s == '\0' && w->list.text[w->offset - 1] != ',')
        return false;
    while (s[n] && (s[n] != ',' || in_layers)) {
        in_layers = s[n] == '@' || (in_layers && s[n] != '=');
        n++;
    }
    const size_t lead = strspn(s, " \t");
    size_t end = n;
    while (end > lead && strchr(" \t", s[end - 1]))
        end--;
    w->at = w->list.at;
    if (w->at.col > 0)
        w->at.col += (unsigned)(w->offset + lead);
    if (end <= lead || end - lead >= sizeof w->token) {
        *st = err_at(e, COSIM_ESYNTAX, &w->at,
                     end <= lead ? "empty entry in the list '%.60s'" : "entry is too long: '%.60s'",
                     w->list.text);
        return false;
    }
    memcpy(w->token, s + lead, end - lead);
    w->token[end - lead] = '\0';
    w->offset += n + (s[n] == ',');
    return true;
}
