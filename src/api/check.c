/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/allocate.h"
#include "api/allocate_engine.h"
#include "api/context.h"
#include "compat/peer.h"
#include "core/num.h"
#include "core/table.h"
#include "hw/lint.h"
#include "hw/platform.h"

#include <string.h>

/* Counted parameters may differ from the published number by this much; from a nominal one more. */
#define PARAMS_TOLERANCE 0.005
#define NOMINAL_TOLERANCE 0.01

static const struct column model_columns[] = {
    { "file", "", "", CELL_STR },
    { "line", "", "", CELL_U64 },
    { "model", "", "", CELL_STR },
    { "severity", "", "error or warning", CELL_STR },
    { "message", "", "", CELL_STR },
    { "n_params", "", "counted", CELL_F64 },
    { "n_params_published", "", "", CELL_F64 },
    { "difference_ratio", "ratio", "", CELL_F64 },
};

static cosim_status add_model(struct table *t, const char *path, const struct model *m,
                              const char *severity, const char *message, double difference,
                              cosim_error *e)
{
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, 0, path, e));
    table_set_u64(t, row, 1, m->line);
    TRY(table_set_str(t, row, 2, m->id, e));
    TRY(table_set_str(t, row, 3, severity, e));
    TRY(table_set_str(t, row, 4, message, e));
    table_set_f64(t, row, 5, m->unsupported ? UNKNOWN_F64 : m->n_params);
    table_set_f64(t, row, 6, m->n_params_published);
    table_set_f64(t, row, 7, difference);
    return COSIM_OK;
}

/* Their loaders find everything that can be wrong with them. */
static cosim_status check_engines(cosim *c, cosim_error *e)
{
    struct engine_db db;
    struct arena a = { 0 };
    const cosim_status st = allocate_load_engines(c, &db, &a, e);

    arena_release(&a);
    return st;
}

static cosim_status check_workloads(cosim *c, struct table **t, size_t *errors, cosim_error *e)
{
    size_t compared = 0;

    TRY(check_engines(c, e));
    TRY(table_new(t, "workloads", model_columns, sizeof model_columns / sizeof *model_columns, e));
    for (size_t i = 0; i < c->models.n; i++) {
        const struct model *m = &c->models.model[i];
        if (m->unsupported) {
            TRY(add_model(*t, c->models.path, m, "warning", m->unsupported, UNKNOWN_F64, e));
            continue;
        }
        if (!is_known(m->n_params_published))
            continue;
        compared++;
        const double difference = m->n_params / m->n_params_published - 1.0;
        const bool accepted = m->params_accept && fabs(difference) <= NOMINAL_TOLERANCE;
        if (fabs(difference) > PARAMS_TOLERANCE && accepted) {
            TRY(add_model(*t, c->models.path, m, "warning", m->params_accept, difference, e));
        } else if (fabs(difference) > PARAMS_TOLERANCE) {
            TRY(add_model(*t, c->models.path, m, "error",
                          "counted and published parameters differ by more than 0.5 %", difference,
                          e));
            (*errors)++;
        }
    }
    return table_note(*t, e, "%zu models, %zu compared with published parameter counts, %zu errors",
                      c->models.n, compared, *errors);
}

/* As check_engines. */
static cosim_status check_platforms(cosim *c, size_t *n, cosim_error *e)
{
    const char *members, *links;
    struct platform_db db;
    struct arena a = { 0 };

    cosim_status st = context_path(&a, c->hwdb, "platforms.csv", &members, e);
    if (st == COSIM_OK)
        st = context_path(&a, c->hwdb, "platform_links.csv", &links, e);
    if (st == COSIM_OK)
        st = platform_db_load(&db, &c->devices, members, links, &a, e);
    *n = st == COSIM_OK ? db.n : 0;
    arena_release(&a);
    return st;
}

static cosim_status check_hwdb(cosim *c, struct table **t, size_t *errors, cosim_error *e)
{
    size_t platforms;

    TRY(check_platforms(c, &platforms, e));
    TRY(device_db_lint(&c->devices, t, e));
    *errors = lint_errors(*t);
    return table_note(*t, e, "%zu devices, %zu platforms, %zu errors, %zu accepted findings",
                      c->devices.n, platforms, *errors, (*t)->n_rows - *errors);
}

cosim_status cosim_check(cosim *c, const char *what, cosim_table **t, cosim_error *e)
{
    size_t errors = 0;
    cosim_status st;

    *t = NULL;
    if (strcmp(what, "hwdb") == 0)
        st = check_hwdb(c, t, &errors, e);
    else if (strcmp(what, "workloads") == 0)
        st = check_workloads(c, t, &errors, e);
    else
        return err_set(e, COSIM_EUSAGE, "there is no check of '%s'; there are hwdb and workloads",
                       what);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
        return st;
    }
    return errors == 0 ? COSIM_OK : err_set(e, COSIM_ENO, "%s: %zu errors", what, errors);
}

cosim_status cosim_validate_golden(const char *path, cosim_table **summary, cosim_table **worst,
                                   cosim_error *e)
{
    bool ok = false;

    TRY(peer_validate(path, summary, worst, &ok, e));
    return ok ? COSIM_OK : err_set(e, COSIM_ENO, "%s: not reproduced within the tolerance", path);
}
