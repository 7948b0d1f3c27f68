/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/alloc.h"
#include "alloc/glpk_guard.h"

#include "core/num.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* One 0/1 column per allowed option. Groups that are equal in every number are counted, not told
 * apart: they share integer columns, else the search would try all their orders. */
struct model {
    const struct alloc_problem *p;
    const struct alloc_ask *ask;
    glp_prob *lp;
    int *column; /* per option, all groups in a row; 0 = barred, or the group has a leader */
    const size_t *start;
    size_t *leader; /* per group: the first of its equals, or itself */
    size_t *equals; /* per leader: how many they are */
    double *left;   /* per option: how many of the equals still take it */
    int *index;     /* 1-based row buffer */
    double *value;
    double seconds;
    struct alloc_plan *plan;
    double shrink; /* limits are multiplied by it: 1, or just below after a rounding miss */
};

struct alloc_ask alloc_ask_default(void)
{
    struct alloc_ask ask = { .loss_weight = 1.0,
                             .max_loss = UNKNOWN_F64,
                             .max_bytes = UNKNOWN_F64 };

    for (size_t r = 0; r < ALLOC_RESOURCES_MAX; r++)
        ask.max_use[r] = UNKNOWN_F64;
    return ask;
}

/* The quantities that can be limited or weighed: 0 loss, 1 bytes, 2.. resources. */
static double amount(const struct alloc_option *o, size_t quantity)
{
    if (quantity == 0)
        return o->loss;
    if (quantity == 1)
        return (double)o->bytes;
    return o->use ? o->use[quantity - 2] : 0.0;
}

static double limit(const struct alloc_ask *ask, size_t quantity)
{
    if (quantity == 0)
        return ask->max_loss;
    return quantity == 1 ? ask->max_bytes : ask->max_use[quantity - 2];
}

static double weight_of(const struct alloc_ask *ask, size_t quantity)
{
    if (quantity == 0)
        return ask->loss_weight;
    return quantity == 1 ? ask->bytes_weight : ask->use_weight[quantity - 2];
}

static bool equal_numbers(double x, double y)
{
    return !(x < y) && !(x > y);
}

static bool equal_options(const struct model *m, const struct alloc_option *x,
                          const struct alloc_option *y)
{
    if (!x->barred != !y->barred)
        return false;
    for (size_t q = 0; !x->barred && q < 2 + m->p->n_resources; q++)
        if (!equal_numbers(amount(x, q), amount(y, q)))
            return false;
    return true;
}

static bool equal_groups(const struct model *m, size_t i, size_t j)
{
    const struct alloc_group *x = &m->p->group[i], *y = &m->p->group[j];

    if (x->fusion || y->fusion || x->n_options != y->n_options)
        return false;
    for (size_t k = 0; k < x->n_options; k++)
        if (!equal_options(m, &x->option[k], &y->option[k]))
            return false;
    return true;
}

static void find_equals(struct model *m)
{
    for (size_t i = 0; i < m->p->n_groups; i++) {
        size_t j = 0;

        while (j < i && (m->leader[j] != j || !equal_groups(m, i, j)))
            j++;
        m->leader[i] = j;
        m->equals[j]++;
    }
}

static int *column_of(const struct model *m, size_t group, size_t option)
{
    return &m->column[m->start[group] + option];
}

static void add_columns(struct model *m)
{
    double largest = 0.0;

    for (size_t i = 0; i < m->p->n_groups; i++)
        for (size_t k = 0; k < m->p->group[i].n_options; k++) {
            const struct alloc_option *o = &m->p->group[i].option[k];
            double cost = 0.0;

            *column_of(m, i, k) = 0;
            if (o->barred || m->leader[i] != i)
                continue;
            const int j = glp_add_cols(m->lp, 1);
            *column_of(m, i, k) = j;
            glp_set_col_kind(m->lp, j, m->equals[i] > 1 ? GLP_IV : GLP_BV);
            glp_set_col_bnds(m->lp, j, GLP_DB, 0.0, (double)m->equals[i]);
            for (size_t q = 0; q < 2 + m->p->n_resources; q++)
                cost += weight_of(m->ask, q) * amount(o, q);
            glp_set_obj_coef(m->lp, j, cost);
            largest = max_f64(largest, fabs(cost));
        }
    /* GLPK's tolerances are about 1: keep the objective there */
    for (int j = 1; largest > 0.0 && j <= glp_get_num_cols(m->lp); j++)
        glp_set_obj_coef(m->lp, j, glp_get_obj_coef(m->lp, j) / largest);
}

static void add_row(struct model *m, int n, int type, double bound)
{
    const int row = glp_add_rows(m->lp, 1);

    glp_set_row_bnds(m->lp, row, type, bound, bound);
    glp_set_mat_row(m->lp, row, n, m->index, m->value);
}

static void one_option_per_group(struct model *m)
{
    for (size_t i = 0; i < m->p->n_groups; i++) {
        int n = 0;

        if (m->leader[i] != i)
            continue;
        for (size_t k = 0; k < m->p->group[i].n_options; k++)
            if (*column_of(m, i, k)) {
                m->index[++n] = *column_of(m, i, k);
                m->value[n] = 1.0;
            }
        add_row(m, n, GLP_FX, (double)m->equals[i]);
    }
}

static int find_format(const struct model *m, size_t group, uint32_t format)
{
    const struct alloc_group *g = &m->p->group[group];

    for (size_t k = 0; k < g->n_options; k++)
        if (g->option[k].format == format && *column_of(m, group, k))
            return *column_of(m, group, k);
    return 0;
}

/* Every format of `from` is taken in `from` exactly when it is in `to`. */
static void link_formats(struct model *m, size_t from, size_t to)
{
    for (size_t k = 0; k < m->p->group[from].n_options; k++) {
        if (!*column_of(m, from, k))
            continue;
        const int other = find_format(m, to, m->p->group[from].option[k].format);
        m->index[1] = *column_of(m, from, k);
        m->value[1] = 1.0;
        m->index[2] = other;
        m->value[2] = -1.0;
        add_row(m, other ? 2 : 1, GLP_FX, 0.0);
    }
}

static void fused_groups_agree(struct model *m)
{
    for (size_t i = 0; i < m->p->n_groups; i++)
        for (size_t k = 0; m->p->group[i].fusion && k < i; k++)
            if (m->p->group[k].fusion == m->p->group[i].fusion) {
                link_formats(m, k, i);
                link_formats(m, i, k);
                break;
            }
}

static void keep_limits(struct model *m)
{
    for (size_t q = 0; q < 2 + m->p->n_resources; q++) {
        const double most = limit(m->ask, q);
        const double scale = fabs(most) > 0.0 ? fabs(most) : 1.0;
        int n = 0;

        if (!is_known(most) || isinf(most))
            continue;
        for (size_t i = 0; i < m->p->n_groups; i++)
            for (size_t k = 0; k < m->p->group[i].n_options; k++)
                if (*column_of(m, i, k)) {
                    m->index[++n] = *column_of(m, i, k);
                    m->value[n] = amount(&m->p->group[i].option[k], q) / scale;
                }
        add_row(m, n, GLP_UP, most >= 0.0 ? m->shrink * most / scale : most / scale);
    }
}

static bool within(const struct alloc_plan *plan, const struct alloc_ask *ask, size_t n_resources)
{
    bool ok =
        !(plan->loss > ask->max_loss * (1.0 + 1e-12)) && !((double)plan->bytes > ask->max_bytes);

    for (size_t r = 0; r < n_resources; r++)
        ok = ok && !(plan->use[r] > ask->max_use[r] * (1.0 + 1e-12));
    return ok;
}

/* The option with the most of its count left; of several the first. Takes one away. */
static size_t next_choice(const struct model *m, size_t group, double *left)
{
    const size_t from = m->leader[group];
    size_t best = 0;

    for (size_t k = 1; k < m->p->group[from].n_options; k++)
        if (left[m->start[from] + k] > left[m->start[from] + best])
            best = k;
    left[m->start[from] + best] -= 1.0;
    return best;
}

static void take_solution(const struct model *m, struct alloc_plan *plan)
{
    for (size_t i = 0; i < m->p->n_groups; i++)
        for (size_t k = 0; k < m->p->group[i].n_options; k++) {
            const int j = *column_of(m, i, k);

            m->left[m->start[i] + k] = j ? glp_mip_col_val(m->lp, j) : -INF_F64;
        }
    for (size_t i = 0; i < m->p->n_groups; i++)
        plan->choice[i] = next_choice(m, i, m->left);
    alloc_sum(m->p, plan);
}

static cosim_status build_and_solve(void *ctx, cosim_error *e)
{
    struct model *m = ctx;

    m->lp = glp_create_prob();
    glp_set_obj_dir(m->lp, GLP_MIN);
    add_columns(m);
    one_option_per_group(m);
    fused_groups_agree(m);
    keep_limits(m);
    const cosim_status st = glpk_optimise(m->lp, &(struct glpk_limit){ .seconds = m->seconds },
                                          "no allocation meets all limits", NULL, e);
    if (st == COSIM_OK)
        take_solution(m, m->plan);
    glp_delete_prob(m->lp);
    return st;
}

cosim_status alloc_ilp(struct alloc_plan *plan, const struct alloc_problem *p,
                       const struct alloc_ask *ask, double seconds, struct arena *a, cosim_error *e)
{
    size_t n_columns = 0;

    TRY(alloc_check(p, e));
    size_t *start = ARENA_NEW(a, size_t, p->n_groups);
    for (size_t i = 0; start && i < p->n_groups; i++) {
        start[i] = n_columns;
        n_columns += p->group[i].n_options;
    }
    if (n_columns > INT_MAX - 2)
        return err_set(e, COSIM_ERANGE, "%zu options are too many", n_columns);
    struct model m = {
        .p = p, .ask = ask, .start = start, .seconds = seconds, .plan = plan, .shrink = 1.0
    };
    m.column = ARENA_NEW(a, int, n_columns);
    m.left = ARENA_NEW(a, double, n_columns);
    m.leader = ARENA_NEW(a, size_t, p->n_groups);
    m.equals = ARENA_NEW(a, size_t, p->n_groups);
    m.index = ARENA_NEW(a, int, n_columns + 3);
    m.value = ARENA_NEW(a, double, n_columns + 3);
    *plan = (struct alloc_plan){ .method = "ilp", .choice = ARENA_NEW(a, size_t, p->n_groups) };
    if (!start || !m.column || !m.left || !m.leader || !m.equals || !m.index || !m.value
        || !plan->choice)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu options", n_columns);
    find_equals(&m);
    /* a limit may be missed by the solver's tolerance of 1e-7: then ask for a little less */
    for (int attempt = 0; attempt < 3; attempt++) {
        TRY(glpk_guarded(build_and_solve, &m, e));
        if (within(plan, ask, p->n_resources)) {
            plan->loss_bound = attempt == 0 && ask->loss_weight > 0.0 ? plan->loss : UNKNOWN_F64;
            return COSIM_OK;
        }
        m.shrink -= attempt ? 1e-5 : 1e-6;
    }
    return err_set(e, COSIM_EINTERNAL, "the integer solver keeps missing a limit");
}
