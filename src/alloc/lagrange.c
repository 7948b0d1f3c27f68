/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/alloc.h"
#include "alloc/merge.h"

#include "core/num.h"

#include <math.h>

static cosim_status new_plan(struct alloc_plan *plan, const struct alloc_problem *p,
                             struct arena *a, cosim_error *e)
{
    *plan = (struct alloc_plan){ .method = "lagrange",
                                 .choice = ARENA_NEW(a, size_t, p->n_groups),
                                 .loss_bound = UNKNOWN_F64 };
    return plan->choice ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a plan");
}

/* argmin of loss_weight loss + price bytes; ties: fewer bytes, then less loss, then the order. */
static void at_price(struct alloc_plan *plan, const struct alloc_problem *p, const struct merged *m,
                     double loss_weight, double price)
{
    for (size_t i = 0; i < m->n_sets; i++) {
        const struct merged_set *set = &m->set[i];
        size_t best = 0;
        double least = INF_F64;

        for (size_t k = 0; k < set->n_items; k++) {
            const struct merged_item *x = &set->item[k], *y = &set->item[best];
            const double v = loss_weight * x->loss + price * (double)x->bytes;

            if (v < least
                || (v <= least
                    && (x->bytes < y->bytes || (x->bytes == y->bytes && x->loss < y->loss)))) {
                best = k;
                least = v;
            }
        }
        merge_apply(set, best, plan->choice);
    }
    alloc_sum(p, plan);
}

cosim_status alloc_lagrange(struct alloc_plan *plan, const struct alloc_problem *p,
                            double loss_per_byte, struct arena *a, cosim_error *e)
{
    struct merged m;

    if (!(loss_per_byte >= 0.0))
        return err_set(e, COSIM_ERANGE, "the price of a byte is %g", loss_per_byte);
    TRY(merge(&m, p, a, e));
    TRY(new_plan(plan, p, a, e));
    at_price(plan, p, &m, 1.0, loss_per_byte);
    return COSIM_OK;
}

static void swap_plans(struct alloc_plan *a, struct alloc_plan *b)
{
    const struct alloc_plan t = *a;

    *a = *b;
    *b = t;
}

cosim_status alloc_lagrange_budget(struct alloc_plan *plan, double *loss_per_byte,
                                   const struct alloc_problem *p, uint64_t budget_bytes,
                                   struct arena *a, cosim_error *e)
{
    struct alloc_plan fits, over, mid;
    struct merged m;

    TRY(merge(&m, p, a, e));
    TRY(new_plan(&fits, p, a, e));
    TRY(new_plan(&over, p, a, e));
    TRY(new_plan(&mid, p, a, e));
    *loss_per_byte = 0.0;
    at_price(&over, p, &m, 1.0, 0.0);
    at_price(&fits, p, &m, 0.0, 1.0);
    if (over.bytes <= budget_bytes) {
        over.loss_bound = over.loss;
        *plan = over;
        return COSIM_OK;
    }
    if (fits.bytes > budget_bytes)
        return err_set(e, COSIM_ENO, "the smallest plan is %llu bytes, the budget %llu",
                       (unsigned long long)fits.bytes, (unsigned long long)budget_bytes);
    for (;;) {
        /* the price at which both ends cost the same: a corner of the hull lies below, or none */
        const double price = (fits.loss - over.loss) / (double)(over.bytes - fits.bytes);

        at_price(&mid, p, &m, 1.0, price);
        *loss_per_byte = price;
        const double ends = fits.loss + price * (double)fits.bytes;
        const double inside = mid.loss + price * (double)mid.bytes;
        const bool between = mid.bytes > fits.bytes && mid.bytes < over.bytes;
        if (!between || !(inside < ends - 1e-13 * fabs(ends)))
            break;
        swap_plans(&mid, mid.bytes <= budget_bytes ? &fits : &over);
    }
    /* the dual value at the final price, from its own minimiser */
    fits.loss_bound = mid.loss + *loss_per_byte * ((double)mid.bytes - (double)budget_bytes);
    if (fits.loss_bound > fits.loss)
        fits.loss_bound = fits.loss;
    *plan = fits;
    return COSIM_OK;
}
