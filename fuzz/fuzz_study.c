/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Study texts against the shipped tables (run from the root of the repository). */
#include "api/resolve.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More values than this are read but not resolved: the input would only cost time. */
#define POINTS_MAX 5000.0

static bool is_small(const struct study *s)
{
    static const enum study_key lists[] = { STUDY_MODEL,  STUDY_DEVICE, STUDY_W,
                                            STUDY_A,      STUDY_KV,     STUDY_TP,
                                            STUDY_PROMPT, STUDY_OUTPUT, STUDY_BATCH };
    double n = 1.0;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct setting v = study_get(s, lists[i]);
        if (v.text && (strpbrk(v.text, "*?[") || strstr(v.text, "all") || strstr(v.text, "json")))
            return false;
        for (const char *c = v.text; c && *c; c++)
            n *= *c == ',' ? 2.0 : 1.0;
    }
    return n < POINTS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cosim *c;
    const cosim_options o = { .size = sizeof o, .hwdb = "hwdb", .workloads = "workloads" };
    struct study s = { 0 };
    struct resolved r = { 0 };
    cosim_error e = { 0 };

    if (size > 4096 || (!c && cosim_open(&c, &o, NULL) != COSIM_OK))
        return 0;
    char *text = arena_strndup(&s.arena, (const char *)data, size);
    if (!text)
        abort();
    cosim_status st = study_parse(&s, "fuzz.study", text, &e);
    if (st == COSIM_OK && is_small(&s))
        st = resolve(&r, c, &s, &e);
    if ((st == COSIM_OK) != (e.status == COSIM_OK) || (st != COSIM_OK && e.msg[0] == '\0'))
        abort();
    resolved_release(&r);
    arena_release(&s.arena);
    return 0;
}
