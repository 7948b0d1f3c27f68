/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/problem.h"

#include "search/archive.h"

size_t problem_n_vars(const struct search_problem *p)
{
    size_t n = 0;

    for (size_t a = 0; a < p->n_axes; a++)
        n += p->axis[a].kind == AXIS_PERMUTATION ? p->axis[a].n : 1;
    return n;
}

cosim_status problem_check(const struct search_problem *p, cosim_error *e)
{
    if (p->n_obj < 1 || p->n_obj > ARCHIVE_MAX_OBJ)
        return err_set(e, COSIM_ERANGE, "%zu objectives: 1 to %u can be searched", p->n_obj,
                       ARCHIVE_MAX_OBJ);
    if (p->n_axes == 0 || !p->evaluate)
        return err_set(e, COSIM_ERANGE, "nothing to search: no axis or no objective function");
    for (size_t a = 0; a < p->n_axes; a++) {
        const struct search_axis *x = &p->axis[a];
        const bool ok = x->kind == AXIS_REAL ? x->lo <= x->hi && x->hi - x->lo < 1e300 : x->n >= 1;
        if (!ok)
            return err_set(e, COSIM_ERANGE, "axis '%s' has no values", x->name ? x->name : "?");
    }
    return COSIM_OK;
}

uint64_t problem_n_points(const struct search_problem *p)
{
    uint64_t n = 1;

    for (size_t a = 0; a < p->n_axes; a++) {
        const struct search_axis *x = &p->axis[a];
        if (x->kind == AXIS_REAL || x->kind == AXIS_PERMUTATION
            || n > (UINT64_C(1) << 63) / (x->n ? x->n : 1))
            return 0;
        n *= x->n;
    }
    return n;
}

uint64_t problem_id(const struct search_problem *p, const double *x)
{
    uint64_t id = 0;

    for (size_t a = 0; a < p->n_axes; a++)
        id = id * p->axis[a].n + (uint64_t)x[a];
    return id;
}

void problem_point(const struct search_problem *p, uint64_t id, double *x)
{
    for (size_t a = p->n_axes; a-- > 0; id /= p->axis[a].n)
        x[a] = (double)(id % p->axis[a].n);
}

void problem_random(const struct search_problem *p, struct rng *r, double *x)
{
    for (size_t a = 0; a < p->n_axes; a++) {
        const struct search_axis *axis = &p->axis[a];
        if (axis->kind == AXIS_REAL) {
            *x++ = axis->lo + rng_f64(r) * (axis->hi - axis->lo);
        } else if (axis->kind == AXIS_PERMUTATION) {
            for (uint32_t i = 0; i < axis->n; i++) { /* each number is put at a random place */
                const uint32_t at = (uint32_t)rng_below(r, i + 1);
                x[i] = x[at];
                x[at] = i;
            }
            x += axis->n;
        } else {
            *x++ = (double)rng_below(r, axis->n);
        }
    }
}

void problem_from_unit(const struct search_problem *p, const double *u, double *x)
{
    for (size_t a = 0; a < p->n_axes; a++) {
        const struct search_axis *axis = &p->axis[a];
        if (axis->kind == AXIS_REAL) {
            *x++ = axis->lo + *u++ * (axis->hi - axis->lo);
        } else if (axis->kind == AXIS_PERMUTATION) {
            for (uint32_t i = 0; i < axis->n; i++) { /* x[i] = rank of u[i], ties by place */
                uint32_t rank = 0;
                for (uint32_t k = 0; k < axis->n; k++)
                    rank += u[k] < u[i] || (u[k] == u[i] && k < i);
                x[i] = rank;
            }
            x += axis->n;
            u += axis->n;
        } else {
            const uint32_t v = (uint32_t)(*u++ * axis->n);
            *x++ = v < axis->n ? v : axis->n - 1;
        }
    }
}

bool priced_dominates(const struct priced *a, const struct priced *b, size_t n_obj)
{
    bool lt = false;

    if (a->violation > 0 || b->violation > 0)
        return a->violation < b->violation;
    for (size_t j = 0; j < n_obj; j++) {
        if (a->obj[j] > b->obj[j])
            return false;
        lt = lt || a->obj[j] < b->obj[j];
    }
    return lt;
}
