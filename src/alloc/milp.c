/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/milp.h"
#include "alloc/glpk_guard.h"
#include "core/num.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* One more of an array in the arena; false when memory is out. */
static bool grow(struct milp *m, void **v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    const size_t more = *cap ? 2 * *cap : 256;
    void *bigger = arena_alloc(m->arena, more, size);
    if (!bigger) {
        m->failed = true;
        return false;
    }
    if (n > 0)
        memcpy(bigger, *v, n * size);
    *v = bigger;
    *cap = more;
    return true;
}

size_t milp_add_column(struct milp *m, double cost, double most, bool integer)
{
    void *v = m->column;

    if (!grow(m, &v, m->n_columns, &m->cap_columns, sizeof *m->column))
        return 0;
    m->column = v;
    m->column[m->n_columns] = (struct milp_column){ cost, most, integer };
    return m->n_columns++;
}

void milp_add_row(struct milp *m, double lowest, double highest)
{
    void *v = m->row;

    if (!grow(m, &v, m->n_rows, &m->cap_rows, sizeof *m->row))
        return;
    m->row = v;
    m->row[m->n_rows++] = (struct milp_row){ lowest, highest, m->n_terms, 0 };
}

void milp_add_term(struct milp *m, size_t column, double value)
{
    void *v = m->term;

    if (m->n_rows == 0 || !grow(m, &v, m->n_terms, &m->cap_terms, sizeof *m->term))
        return;
    m->term = v;
    m->term[m->n_terms++] = (struct milp_term){ column, value };
    m->row[m->n_rows - 1].n++;
}

struct solving {
    const struct milp *m;
    size_t max_nodes;
    double *x, *bound;
    double largest; /* cost: GLPK's tolerances are about 1 */
};

static void load_columns(glp_prob *lp, const struct milp *m, double largest)
{
    glp_add_cols(lp, (int)m->n_columns);
    for (size_t i = 0; i < m->n_columns; i++) {
        const struct milp_column *c = &m->column[i];
        const int j = (int)i + 1;
        glp_set_col_kind(lp, j, c->integer ? GLP_IV : GLP_CV);
        glp_set_col_bnds(lp, j,
                         isinf(c->most)  ? GLP_LO
                         : c->most > 0.0 ? GLP_DB
                                         : GLP_FX,
                         0.0, c->most);
        glp_set_obj_coef(lp, j, c->cost / largest);
    }
}

static void load_rows(glp_prob *lp, const struct milp *m, int *index, double *value)
{
    for (size_t i = 0; i < m->n_rows; i++) {
        const struct milp_row *r = &m->row[i];
        const bool low = !isinf(r->lowest), high = !isinf(r->highest);
        const int row = glp_add_rows(lp, 1);
        for (size_t k = 0; k < r->n; k++) {
            index[k + 1] = (int)m->term[r->first + k].column + 1;
            value[k + 1] = m->term[r->first + k].value;
        }
        glp_set_row_bnds(lp, row,
                         low && high ? (r->lowest < r->highest ? GLP_DB : GLP_FX)
                         : low       ? GLP_LO
                         : high      ? GLP_UP
                                     : GLP_FR,
                         r->lowest, r->highest);
        glp_set_mat_row(lp, row, (int)r->n, index, value);
    }
}

static cosim_status body(void *ctx, cosim_error *e)
{
    struct solving *s = ctx;
    const struct milp *m = s->m;
    int *index = ARENA_NEW(m->arena, int, m->n_columns + 1);
    double *value = ARENA_NEW(m->arena, double, m->n_columns + 1);

    if (!index || !value)
        return err_set(e, COSIM_ENOMEM, "out of memory for an integer problem");
    glp_prob *lp = glp_create_prob();
    glp_set_obj_dir(lp, GLP_MIN);
    load_columns(lp, m, s->largest);
    load_rows(lp, m, index, value);
    const cosim_status st = glpk_optimise(lp, &(struct glpk_limit){ .max_nodes = s->max_nodes },
                                          "nothing meets all limits", s->bound, e);
    for (size_t i = 0; st == COSIM_OK && i < m->n_columns; i++) {
        s->x[i] = glp_mip_col_val(lp, (int)i + 1);
        if (m->column[i].integer)
            s->x[i] = round(s->x[i]);
    }
    if (st == COSIM_OK)
        *s->bound *= s->largest;
    glp_delete_prob(lp);
    return st;
}

cosim_status milp_solve(const struct milp *m, size_t max_nodes, double *x, double *bound,
                        cosim_error *e)
{
    struct solving s = { m, max_nodes, x, bound, 0.0 };

    if (m->failed)
        return err_set(e, COSIM_ENOMEM, "out of memory for an integer problem");
    if (m->n_columns > INT_MAX - 2 || m->n_rows > INT_MAX - 2)
        return err_set(e, COSIM_ERANGE, "%zu columns are too many", m->n_columns);
    for (size_t i = 0; i < m->n_columns; i++)
        s.largest = max_f64(s.largest, fabs(m->column[i].cost));
    if (!(s.largest > 0.0))
        s.largest = 1.0;
    return glpk_guarded(body, &s, e);
}
