/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/context.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

cosim_status context_path(struct arena *a, const char *folder, const char *file, const char **path,
                          cosim_error *e)
{
    *path = arena_printf(a, "%s/%s", folder, file);
    return *path ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory");
}

static cosim_status load(cosim *c, cosim_error *e)
{
    struct arena *a = &c->arena;
    const char *devices, *aliases, *assumptions, *formats, *recipes, *models, *scenarios;

    TRY(context_path(a, c->hwdb, "devices.csv", &devices, e));
    TRY(context_path(a, c->hwdb, "aliases.csv", &aliases, e));
    TRY(context_path(a, c->hwdb, "assumptions.csv", &assumptions, e));
    TRY(context_path(a, c->workloads, "formats.csv", &formats, e));
    TRY(context_path(a, c->workloads, "recipes.csv", &recipes, e));
    TRY(context_path(a, c->workloads, "models.csv", &models, e));
    TRY(context_path(a, c->workloads, "scenarios.csv", &scenarios, e));
    TRY(device_db_load(&c->devices, devices, a, e));
    TRY(device_alias_load(&c->devices, aliases, a, e));
    TRY(assumption_db_load(&c->assumptions, assumptions, a, e));
    TRY(format_db_load(&c->formats, formats, a, e));
    TRY(scheme_db_load(&c->schemes, recipes, &c->formats, a, e));
    TRY(model_db_load(&c->models, models, a, e));
    TRY(scenario_db_load(&c->scenarios, scenarios, a, e));
    return quality_db_load(&c->quality, c->workloads, a, e);
}

cosim_status cosim_open(cosim **out, const cosim_options *o, cosim_error *e)
{
    *out = NULL;
    if (!o || o->size < sizeof *o || !o->hwdb || !o->workloads)
        return err_set(e, COSIM_EUSAGE, "cosim_options needs its size, hwdb and workloads");
    cosim *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    (void)gsl_set_error_handler_off();
    c->hwdb = arena_strdup(&c->arena, o->hwdb);
    c->workloads = arena_strdup(&c->arena, o->workloads);
    c->reports = o->reports ? arena_strdup(&c->arena, o->reports) : NULL;
    const cosim_status st = c->hwdb && c->workloads && (c->reports || !o->reports)
                                ? load(c, e)
                                : err_set(e, COSIM_ENOMEM, "out of memory");
    if (st != COSIM_OK) {
        cosim_close(c);
        return st;
    }
    *out = c;
    return COSIM_OK;
}

void cosim_close(cosim *c)
{
    if (!c)
        return;
    arena_release(&c->arena);
    free(c);
}

void cosim_stop(cosim *c)
{
    c->stop = 1;
}
