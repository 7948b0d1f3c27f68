/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a study: an error with a place, or settings whose lists end. */
#include "api/study.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct setting *s)
{
    struct list_walk w = { .list = *s };
    size_t left = strlen(s->text) + 1;
    cosim_error e = { 0 };
    cosim_status st;

    while (list_next(&w, &st, &e))
        if (left-- == 0 || w.token[0] == '\0')
            abort();
    if ((st == COSIM_OK) != (e.status == COSIM_OK))
        abort();
}

static void read_numbers(const struct setting *s, struct arena *a)
{
    double *v = NULL;
    uint64_t one;
    size_t n = 0;

    if (list_numbers(s, 1.0, 1e6, &v, &n, a, NULL) == COSIM_OK)
        for (size_t i = 0; i < n; i++)
            if (!(v[i] >= 1.0 && v[i] <= 1e6))
                abort();
    if (setting_u64(s, 1, 1024, &one, NULL) == COSIM_OK && (one < 1 || one > 1024))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct study s = { 0 };
    cosim_error e = { 0 };
    char *text = arena_strndup(&s.arena, (const char *)data, size);

    if (!text)
        return 0;
    if (study_parse(&s, "fuzz.study", text, &e) != COSIM_OK && (e.status == COSIM_OK || !e.line))
        abort();
    for (int key = 0; key < N_STUDY_KEYS; key++) {
        const struct setting v = study_get(&s, (enum study_key)key);
        if (v.text) {
            walk(&v);
            read_numbers(&v, &s.arena);
        }
    }
    arena_release(&s.arena);
    return 0;
}
