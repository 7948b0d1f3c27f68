/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small helpers on text: strict numbers, "did you mean", case-blind comparison. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whole string as a finite double (C locale, no hex, no inf/nan); false otherwise. */
bool text_to_f64(const char *s, double *v);

/** Whole string as an unsigned integer without sign; false on overflow or other characters. */
bool text_to_u64(const char *s, uint64_t *v);

/** ASCII case-blind equality. */
bool text_equal_nocase(const char *a, const char *b);

/** Damerau-Levenshtein distance of two short strings, capped at 64 characters each, case-blind. */
unsigned text_distance(const char *a, const char *b);

/* Walks candidate names and remembers the nearest to `want`. Start with .want set, rest 0. */
struct nearest {
    const char *want, *best;
    unsigned distance;
};
void nearest_offer(struct nearest *n, const char *candidate);

/** The best candidate when it is near enough to be suggested, else NULL. */
const char *nearest_suggestion(const struct nearest *n);

#endif
