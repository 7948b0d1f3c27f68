/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed look-ups in a parsed config.json; every error points at the key in the text. */
#ifndef MODEL_HF_JSON_H
#define MODEL_HF_JSON_H

#include "core/arena.h"
#include "core/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define HF_DEPTH_MAX 3u

struct hf_doc {
    const char *name, *text; /* text: n bytes, for positions only */
    size_t n;
    const json_t *scope[HF_DEPTH_MAX]; /* objects searched, inner first; NULL ends */
    struct arena *arena;
    cosim_error *e;
    char *notes; /* what was assumed, in the arena; NULL = nothing */
};

/** The first of `keys` (separated by blanks) that is there and not null; *key names it. */
const json_t *hf_get(const struct hf_doc *d, const char *keys, const char **key);

/** An error at a key of the text. */
cosim_status hf_fail(const struct hf_doc *d, cosim_status st, const char *key, const char *msg);

/** Whole number 0 to `hi`; *v is left alone when no key is there. */
cosim_status hf_number(const struct hf_doc *d, const char *keys, double hi, double *v);
cosim_status hf_flag(const struct hf_doc *d, const char *keys, bool *v);

/** A list of n whole numbers up to hi, or *list = NULL when the key is not there. */
cosim_status hf_numbers(const struct hf_doc *d, const char *key, size_t n, double hi,
                        double **list);

/** Adds a line to the assumptions. */
cosim_status hf_assume(struct hf_doc *d, const char *what);

#endif
