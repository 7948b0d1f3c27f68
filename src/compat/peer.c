/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/peer.h"

#include "core/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct peer *const peers[] = {
#define PEER_ROW(id) &peer_##id,
    PEER_LIST(PEER_ROW)
#undef PEER_ROW
};

#define N_PEERS (sizeof peers / sizeof *peers)

const struct peer *const *peer_list(size_t *n)
{
    *n = N_PEERS;
    return peers;
}

cosim_status peer_find(const char *name, const struct peer **p, cosim_error *e)
{
    struct nearest near = { .want = name };

    *p = NULL;
    for (size_t i = 0; i < N_PEERS; i++) {
        if (text_equal_nocase(peers[i]->name, name)) {
            *p = peers[i];
            return COSIM_OK;
        }
        nearest_offer(&near, peers[i]->name);
    }
    (void)err_set(e, COSIM_EUNKNOWN, "unknown peer '%s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return COSIM_EUNKNOWN;
}

static bool has_schema(const struct csv_doc *doc, const struct peer *p)
{
    for (size_t i = 0; i < PEER_COLUMNS_MAX && p->column[i]; i++)
        if (csv_column(doc, p->column[i]) == SIZE_MAX)
            return false;
    return true;
}

static void hint_names(cosim_error *e)
{
    char names[160] = "";

    for (size_t i = 0; i < N_PEERS; i++) {
        const size_t used = strlen(names);
        (void)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", peers[i]->name);
    }
    err_hint(e, "known: %s; the columns must keep their names", names);
}

cosim_status peer_detect(const struct csv_doc *doc, const struct peer **p, cosim_error *e)
{
    const struct src_pos at = { doc->path, 1, 1 };

    for (size_t i = 0; i < N_PEERS; i++)
        if (has_schema(doc, peers[i])) {
            *p = peers[i];
            return COSIM_OK;
        }
    *p = NULL;
    (void)err_at(e, COSIM_ESYNTAX, &at, "the header is not that of a known simulator's output");
    hint_names(e);
    return COSIM_ESYNTAX;
}

cosim_status peer_validate_doc(const struct csv_doc *doc, struct table **summary,
                               struct table **worst, bool *ok, cosim_error *e)
{
    const struct peer *p;
    struct score *s = NULL;
    cosim_status st;

    *summary = *worst = NULL;
    *ok = false;
    TRY(peer_detect(doc, &p, e));
    TRY(score_new(&s, doc, p->name, e));
    st = p->validate(doc, s, e);
    if (st == COSIM_OK)
        st = score_report(s, summary, worst, ok, e);
    if (st == COSIM_OK && p->gap)
        st = table_note(*summary, e, "%s: %s", p->name, p->gap);
    if (st != COSIM_OK) {
        table_free(*summary);
        table_free(*worst);
        *summary = *worst = NULL;
    }
    score_free(s);
    return st;
}

cosim_status peer_validate(const char *path, struct table **summary, struct table **worst, bool *ok,
                           cosim_error *e)
{
    struct arena a = { 0 };
    struct csv_doc doc;
    cosim_status st;

    *summary = *worst = NULL;
    *ok = false;
    st = csv_load(&doc, path, &a, e);
    if (st == COSIM_OK)
        st = peer_validate_doc(&doc, summary, worst, ok, e);
    arena_release(&a);
    return st;
}
