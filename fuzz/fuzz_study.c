/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Study texts against the shipped tables (run from the root of the repository). */
#include "api/joint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More values than this are read but not resolved: the input would only cost time. */
#define POINTS_MAX 5000.0

static bool is_small(const struct study *s)
{
    static const enum study_key lists[] = { STUDY_MODEL, STUDY_DEVICE, STUDY_W,      STUDY_A,
                                            STUDY_KV,    STUDY_TP,     STUDY_PROMPT, STUDY_OUTPUT,
                                            STUDY_BATCH, STUDY_CLOCK };
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

/* Axes of a joint search, and a few candidates; not what would read files. */
static cosim_status try_joint(cosim *c, const struct study *s, cosim_error *e)
{
    struct joint *j = calloc(1, sizeof *j);
    struct search_problem p = { .n_axes = 0 };
    struct arena a = { NULL };
    struct rng r;

    if (!j)
        abort();
    cosim_status st = joint_resolve(j, c, s, e);
    p.n_axes = j->n_axes;
    p.axis = j->search;
    rng_stream(&r, 1, 0);
    for (int i = 0; st == COSIM_OK && i < 3; i++) {
        double x[JOINT_AXES_MAX];
        struct joint_choice choice;
        struct joint_point point;
        problem_random(&p, &r, x);
        joint_read(j, x, &choice);
        st = joint_price(j, &choice, i == 0, &point, &a, e);
    }
    arena_release(&a);
    joint_release(j);
    free(j);
    return st;
}

static bool reads_files(const struct study *s)
{
    return s->value[STUDY_W_SENSITIVITY].text || s->value[STUDY_KV_SENSITIVITY].text
           || s->value[STUDY_JOURNAL].text;
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
    if (st == COSIM_OK && is_small(&s) && joint_wanted(&s) && !reads_files(&s))
        st = try_joint(c, &s, &e);
    else if (st == COSIM_OK && is_small(&s))
        st = resolve(&r, c, &s, &e);
    if ((st == COSIM_OK) != (e.status == COSIM_OK) || (st != COSIM_OK && e.msg[0] == '\0'))
        abort();
    resolved_release(&r);
    arena_release(&s.arena);
    return 0;
}
