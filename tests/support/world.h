/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shipped tables, loaded once per test program, and short ways to what a test needs of them. */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include "eval/space.h"
#include "hw/device.h"
#include "hw/rates.h"
#include "model/model.h"
#include "quant/scheme.h"
#include "support/close.h"

#include <string.h>

static struct {
    struct arena arena;
    struct device_db devices;
    struct assumption_db assumptions;
    struct format_db formats;
    struct scheme_db schemes;
    struct model_db models;
} world;

static inline int world_load(void **state)
{
    cosim_error e = { 0 };
    struct arena *a = &world.arena;

    (void)state;
    if (device_db_load(&world.devices, "hwdb/devices.csv", a, &e) == COSIM_OK
        && assumption_db_load(&world.assumptions, "hwdb/assumptions.csv", a, &e) == COSIM_OK
        && format_db_load(&world.formats, "workloads/formats.csv", a, &e) == COSIM_OK
        && scheme_db_load(&world.schemes, "workloads/recipes.csv", &world.formats, a, &e)
               == COSIM_OK
        && model_db_load(&world.models, "workloads/models.csv", a, &e) == COSIM_OK)
        return 0;
    print_error("%s:%u:%u: %s\n", e.file, e.line, e.col, e.msg);
    return 1;
}

static inline int world_release(void **state)
{
    (void)state;
    arena_release(&world.arena);
    return 0;
}

static inline const struct model *world_model(const char *id)
{
    cosim_error e = { 0 };
    const struct model *m = NULL;

    if (model_find(&world.models, id, &m, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return m;
}

static inline const struct format *world_format(const char *id)
{
    cosim_error e = { 0 };
    const struct format *f = NULL;

    if (format_find(&world.formats, id, 0, &f, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return f;
}

static inline const struct scheme *world_scheme(const char *text)
{
    cosim_error e = { 0 };
    const struct scheme *s = NULL;

    if (scheme_parse(&world.schemes, text, &s, &world.arena, &e) != COSIM_OK)
        fail_msg("'%s': %s", text, e.msg);
    return s;
}

static inline struct kv_formats world_kv(const char *k, const char *v)
{
    cosim_error e = { 0 };
    struct kv_formats pair = { NULL, NULL, k };

    if (scheme_parse_kv(&world.schemes, k, ROLE_K, &pair.k, &world.arena, &e) != COSIM_OK
        || scheme_parse_kv(&world.schemes, v, ROLE_V, &pair.v, &world.arena, &e) != COSIM_OK)
        fail_msg("'%s:%s': %s", k, v, e.msg);
    return pair;
}

static inline struct rates world_rates(const char *id)
{
    cosim_error e = { 0 };
    const struct device *d = NULL;
    struct rates r = { 0 };

    if (device_find(&world.devices, id, &d, &e) != COSIM_OK
        || rates_make(&r, d, &world.assumptions, &world.arena, &e) != COSIM_OK)
        fail_msg("%s: %s", id, e.msg);
    return r;
}

static inline struct plan world_plan(const struct model *m, const char *w, const char *kv)
{
    cosim_error e = { 0 };
    const struct kv_formats pair = world_kv(kv, kv);
    struct plan p;

    if (plan_make(&p, m, world_scheme(w), pair.k, pair.v, &world.arena, &e) != COSIM_OK)
        fail_msg("%s %s %s: %s", m->id, w, kv, e.msg);
    return p;
}

/* Zero-initialised graphs may be made again and again; graph_release them. */
static inline void world_graph(struct graph *g, const struct plan *p, struct parallel par)
{
    cosim_error e = { 0 };

    if (graph_make(g, p, world_format("bf16"), &par, &e) != COSIM_OK)
        fail_msg("%s: %s", p->model->id, e.msg);
}

static inline const struct op *world_op(const struct graph *g, const char *label)
{
    for (size_t i = 0; i < g->n_op; i++)
        if (strcmp(g->op[i].label, label) == 0)
            return &g->op[i];
    fail_msg("%s has no operator '%s'", g->plan->model->id, label);
    return NULL;
}

static inline struct work world_work(const struct op *op, struct step s)
{
    struct work w;

    op->kind->work(op, &s, &w);
    return w;
}

#define NO_PARALLEL ((struct parallel){ 1, 1, 1, 1 })

#endif
