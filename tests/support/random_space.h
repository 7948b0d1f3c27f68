/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random spaces of shipped models, devices, formats and layouts, for oracles and laws. */
#ifndef TESTS_SUPPORT_RANDOM_SPACE_H
#define TESTS_SUPPORT_RANDOM_SPACE_H

#include "core/num.h"
#include "core/rng.h"
#include "support/world.h"

/* Sanitizers slow programs down several times: they get as many times less of the same. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FEWER 4u
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FEWER 4u
#endif
#ifndef FEWER
#define FEWER 1u
#endif

static const char *const random_w[] = {
    "bf16",
    "fp8",
    "int8",
    "int4-g128",
    "int4-g128-asym",
    "nvfp4",
    "mxfp4",
    "nf4",
    "q4_k_m",
    "q8_0",
    "q2_k",
    "iq3_xs",
    "ternary",
    "int3-g128",
    "aqlm-1x16",
    "fp8+*=fp8",
    "int4-g128+ffn_down@0,1=int8",
    "hlq2-g128",
    "quip-e8p",
    "tq1_0",
};
static const char *const random_a[] = { "bf16", "fp16", "int8", "fp8", "nvfp4", "mxfp8" };
static const char *const random_kv[] = { "bf16", "fp16",   "fp8",  "kv8",        "kv4",
                                         "kv2",  "kivi-2", "q8_0", "kv4+*@0=kv8" };

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
#define PICK(r, a) (a)[rng_below((r), COUNT_OF(a))]

/* n numbers up to `most`, the first one 1 in half of the cases. */
static inline const double *random_numbers(struct rng *r, size_t n, uint64_t most, struct arena *a)
{
    double *v = ARENA_NEW(a, double, n);

    for (size_t i = 0; i < n; i++) {
        /* small numbers as often as large ones */
        const uint64_t limit = UINT64_C(1) << rng_below(r, 1 + (uint64_t)log2((double)most));
        v[i] = 1.0 + (double)rng_below(r, limit < most ? limit : most);
    }
    if (rng_below(r, 2))
        v[0] = 1.0;
    return v;
}

/*
 * A space over the given models and all devices; other axes have a few random values each. Every
 * third combination has no measured quality.
 */
static inline void random_space(struct space *s, struct rng *r, const struct model *const *models,
                                size_t n_models, const struct rates *rates, size_t n_rates,
                                struct arena *a)
{
    static const struct {
        enum axis axis;
        uint64_t most;
    } axes[] = { { AXIS_TP, 16 },       { AXIS_PP, 8 },        { AXIS_EP, 8 },     { AXIS_DP, 4 },
                 { AXIS_PROMPT, 8192 }, { AXIS_OUTPUT, 2048 }, { AXIS_BATCH, 256 } };
    static const double clocks[] = { 1.0, 0.5 };
    cosim_error e = { 0 };
    const struct scheme **w = ARENA_NEW(a, const struct scheme *, 3);
    const struct format **f = ARENA_NEW(a, const struct format *, 2);
    struct kv_formats *kv = ARENA_NEW(a, struct kv_formats, 2);

    *s = (struct space){ .model = models, .w = w, .a = f, .kv = kv, .rates = rates };
    s->n[AXIS_MODEL] = n_models;
    s->n[AXIS_CLOCK] = n_rates % 2 ? 1 : 2; /* lanes are lanes, whatever made their rates */
    s->n[AXIS_DEVICE] = n_rates / s->n[AXIS_CLOCK];
    s->number[AXIS_CLOCK] = clocks;
    s->n[AXIS_W] = 3;
    s->n[AXIS_A] = s->n[AXIS_KV] = 2;
    for (size_t i = 0; i < 3; i++)
        w[i] = world_scheme(PICK(r, random_w));
    for (size_t i = 0; i < 2; i++) {
        f[i] = world_format(PICK(r, random_a));
        const char *k = PICK(r, random_kv), *v = PICK(r, random_kv);
        kv[i] = world_kv(k, v);
    }
    for (size_t i = 0; i < COUNT_OF(axes); i++) {
        s->n[axes[i].axis] = 2 + rng_below(r, 2);
        s->number[axes[i].axis] = random_numbers(r, s->n[axes[i].axis], axes[i].most, a);
    }
    const size_t n_quality = n_models * 3 * 2 * 2;
    double *ppl = ARENA_NEW(a, double, n_quality);
    for (size_t i = 0; i < n_quality; i++)
        ppl[i] = rng_below(r, 3) == 0 ? UNKNOWN_F64 : rng_f64(r) - 0.01;
    s->ppl_increase = ppl;
    if (space_finish(s, a, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
}

/* Rates of every shipped device. */
static inline const struct rates *all_rates(size_t *n)
{
    cosim_error e = { 0 };
    struct rates *r = ARENA_NEW(&world.arena, struct rates, world.devices.n);

    *n = world.devices.n;
    for (size_t i = 0; i < *n; i++)
        if (rates_make(&r[i], &world.devices.device[i], &world.assumptions, &world.arena, &e)
            != COSIM_OK)
            fail_msg("%s", e.msg);
    return r;
}

/* Every model that is computed. */
static inline const struct model *const *all_models(size_t *n)
{
    const struct model **m = ARENA_NEW(&world.arena, const struct model *, world.models.n);

    *n = 0;
    for (size_t i = 0; i < world.models.n; i++)
        if (!world.models.model[i].unsupported)
            m[(*n)++] = &world.models.model[i];
    return m;
}

#endif
