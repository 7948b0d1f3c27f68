/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed of the joint search: one line `name value unit` per number. */
#include "api/joint.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CANDIDATES 5000u

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Random candidates of a study, built and priced one after the other. */
static cosim_status price_some(cosim *c, const char *name, const char *text, cosim_error *e)
{
    struct study s = { .n_limits = 0 };
    struct joint *j = calloc(1, sizeof *j);
    struct search_problem p = { .n_axes = 0 };
    struct rng r;
    double x[JOINT_AXES_MAX];

    if (!j)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    cosim_status st = study_parse(&s, name, text, e);
    if (st == COSIM_OK)
        st = joint_resolve(j, c, &s, e);
    p.n_axes = j->n_axes;
    p.axis = j->search;
    rng_stream(&r, 1, 0);
    const double start_s = now_s();
    for (unsigned i = 0; st == COSIM_OK && i < CANDIDATES; i++) {
        struct arena a = { NULL };
        struct joint_choice choice;
        struct joint_point point;
        problem_random(&p, &r, x);
        joint_read(j, x, &choice);
        st = joint_price(j, &choice, false, &point, &a, e);
        arena_release(&a);
    }
    if (st == COSIM_OK)
        (void)printf("%s %.4g us\n", name, 1e6 * (now_s() - start_s) / CANDIDATES);
    joint_release(j);
    free(j);
    arena_release(&s.arena);
    return st;
}

int main(void)
{
    static const struct {
        const char *name, *text;
    } spaces[] = {
        { "joint_device_us_per_candidate",
          "model = llama-3.1-8b\ndevice = class:gpu\nw = bf16,q8_0,q6_k,int4-g128\nw-blocks = 8\n"
          "w-apart = ffn\nkv = bf16,kv8,kv4\nkv-blocks = 8\nbatch = 1..64\nclock = 0.5..1:+0.1" },
        { "joint_platform_us_per_candidate",
          "model = llama-3.1-8b\nplatform = rtx-4090-host\nw = bf16,q8_0,q6_k,int4-g128\n"
          "w-blocks = 8\nw-apart = ffn\nstages = 3\nclock = 0.5..1:+0.1" },
        { "joint_shape_us_per_candidate",
          "model = qwen2.5-0.5b\ndevice = class:soc\nlayers = 4..32\nwidth = 768..3072:+64\n"
          "ffn-ratio = 0.5,1,2,4\ngqa = 1,2,4,8\nexperts = 1:1,8:1,8:2\nw = bf16,q4_k" },
    };
    const cosim_options o = { sizeof o, "hwdb", "workloads", NULL };
    cosim_error e = { 0 };
    cosim *c = NULL;
    cosim_status st = cosim_open(&c, &o, &e);

    for (size_t i = 0; st == COSIM_OK && i < sizeof spaces / sizeof *spaces; i++)
        st = price_some(c, spaces[i].name, spaces[i].text, &e);
    if (st != COSIM_OK)
        (void)fprintf(stderr, "bench_joint: %s: %s\n", e.file, e.msg);
    cosim_close(c);
    return cosim_status_exit_code(st);
}
