/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compatibility with public simulators. Each peer is a set of rules, written down from its
 * documentation and numbers, that recomputes its outputs from its inputs, its known errors
 * included. The rules live only here: the models of the engine do not use them.
 *
 * To add a peer: one file that defines `const struct peer peer_<id>` and one row in PEER_LIST.
 */
#ifndef COMPAT_PEER_H
#define COMPAT_PEER_H

#include "compat/score.h"

#define PEER_COLUMNS_MAX 8

struct peer {
    const char *name; /* as a user types it */
    const char *doc;
    const char *source;                   /* project and commit */
    const char *column[PEER_COLUMNS_MAX]; /* header names that only this schema has together */
    const char *gap;                      /* what the rules do not cover at all, or NULL */
    const char *quirk;                    /* known errors that the rules reproduce */

    /** Compares every row that the rules cover; the others are skipped with a reason. */
    cosim_status (*validate)(const struct csv_doc *doc, struct score *s, cosim_error *e);
};

#define PEER_LIST(X)                                                                               \
    X(genz)                                                                                        \
    X(llmviewer)                                                                                   \
    X(calculon)                                                                                    \
    X(llmanalysis)                                                                                 \
    X(infersim)

#define PEER_EXTERN(id) extern const struct peer peer_##id;
PEER_LIST(PEER_EXTERN)
#undef PEER_EXTERN

/** The registry, `n` peers. */
const struct peer *const *peer_list(size_t *n);

/** The peer of that name, or NULL; EUNKNOWN with a suggestion. */
cosim_status peer_find(const char *name, const struct peer **p, cosim_error *e);

/** The peer whose schema the header has; ESYNTAX with a hint when none matches. */
cosim_status peer_detect(const struct csv_doc *doc, const struct peer **p, cosim_error *e);

/**
 * Recomputes a file of peer outputs and compares.
 *
 * summary  one row per class of quantity: rows and values compared, largest relative error with
 *          its column, case, operator and line, tolerance, verdict; one row per reason to skip
 * worst    failed values with file:line and column first, then the worst value of each column
 * ok       every compared value is within its tolerance and there was at least one
 * errors   ESYNTAX: unknown schema, malformed cell (with its place); ERANGE; EIO; ENOMEM.
 *          A value that differs is no error: see `ok`. On error both tables are NULL.
 * owner    the caller frees both tables with table_free
 */
cosim_status peer_validate(const char *path, struct table **summary, struct table **worst, bool *ok,
                           cosim_error *e);

/** As peer_validate, for a file that is loaded already. */
cosim_status peer_validate_doc(const struct csv_doc *doc, struct table **summary,
                               struct table **worst, bool *ok, cosim_error *e);

#endif
