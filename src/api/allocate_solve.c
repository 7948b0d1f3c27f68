/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked becomes a call of one of the solvers of alloc/alloc.h. */
#include "api/allocate.h"

#include "core/num.h"

#include <math.h>
#include <string.h>

#define ILP_SECONDS 120.0

/* --- values of plans ----------------------------------------------------------------------- */

double allocate_value(const struct allocation *al, const struct alloc_plan *plan,
                      enum allocate_metric m)
{
    double value = UNKNOWN_F64;

    if (m == ALLOCATE_PPL)
        return expm1(plan->loss + al->cache_nats);
    if (m == ALLOCATE_MEMORY)
        return al->fixed_memory_bytes + (double)plan->bytes;
    for (size_t r = 0; r < al->problem.n_resources; r++) {
        const double v = al->form[r].fixed + plan->use[r];
        if (al->form[r].metric == m && !(v <= value))
            value = v;
    }
    return value;
}

cosim_status allocate_uniform(struct allocation *al, size_t format, struct alloc_plan *plan,
                              cosim_error *e)
{
    *plan = (struct alloc_plan){ .method = "uniform",
                                 .choice = ARENA_NEW(&al->arena, size_t, al->problem.n_groups),
                                 .loss_bound = UNKNOWN_F64 };
    if (!plan->choice)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plan");
    for (size_t i = 0; i < al->problem.n_groups; i++) {
        if (al->problem.group[i].option[format].barred)
            return COSIM_ENO;
        plan->choice[i] = format;
    }
    alloc_sum(&al->problem, plan);
    return COSIM_OK;
}

/* --- tidy ------------------------------------------------------------------------------------ */

static bool alike(const struct allocation *al, size_t x, size_t y)
{
    const struct alloc_group *a = &al->problem.group[x], *b = &al->problem.group[y];

    if (al->group[x].kind != al->group[y].kind)
        return false;
    for (size_t f = 0; f < al->n_formats; f++) {
        const struct alloc_option *p = &a->option[f], *q = &b->option[f];
        if (p->bytes != q->bytes || p->loss < q->loss || p->loss > q->loss
            || !p->barred != !q->barred)
            return false;
        for (size_t r = 0; r < al->problem.n_resources; r++)
            if (!p->barred && (p->use[r] < q->use[r] || p->use[r] > q->use[r]))
                return false;
    }
    return true;
}

void allocate_tidy(const struct allocation *al, struct alloc_plan *plan)
{
    const struct alloc_group *g = al->problem.group;

    for (size_t i = 0; i < al->problem.n_groups; i++) {
        size_t best = i;
        for (size_t k = i + 1; k < al->problem.n_groups; k++)
            if (g[k].option[plan->choice[k]].bytes > g[best].option[plan->choice[best]].bytes
                && alike(al, i, k))
                best = k;
        const size_t kept = plan->choice[i];
        plan->choice[i] = plan->choice[best];
        plan->choice[best] = kept;
    }
    alloc_sum(&al->problem, plan);
}

/* --- the solvers ----------------------------------------------------------------------------- */

#define BYTES_MAX 9007199254740992.0 /* 2^53: whole bytes as doubles */

double allocate_byte_budget(const struct allocation *al)
{
    const double usable = al->rates->rate[RATE_MEM_USABLE_BYTES].value;
    double most = usable - al->fixed_memory_bytes;

    if (is_known(al->ask.max[ALLOCATE_MEMORY]))
        most = min_f64(most, al->ask.max[ALLOCATE_MEMORY] - al->fixed_memory_bytes);
    if (is_known(al->ask.max_weight_bytes))
        most = min_f64(most, al->ask.max_weight_bytes - al->fixed.bytes);
    return floor(min_f64(most, BYTES_MAX));
}

static double loss_budget(const struct allocation *al)
{
    const double most = al->ask.max[ALLOCATE_PPL];

    return is_known(most) ? log1p(most) - al->cache_nats : UNKNOWN_F64;
}

static bool only_bytes_and_loss(const struct allocation *al)
{
    const struct allocate_ask *a = &al->ask;

    return a->n_objectives == 1
           && (a->objective[0] == ALLOCATE_PPL || a->objective[0] == ALLOCATE_MEMORY)
           && !is_known(a->max[ALLOCATE_TPOT]) && !is_known(a->max[ALLOCATE_ENERGY]);
}

static cosim_status nothing_fits(const struct allocation *al, double budget, cosim_error *e)
{
    double least = 0.0;

    for (size_t i = 0; i < al->problem.n_groups; i++) {
        double smallest = INF_F64;
        for (size_t f = 0; f < al->n_formats; f++)
            if (!al->problem.group[i].option[f].barred)
                smallest = min_f64(smallest, (double)al->problem.group[i].option[f].bytes);
        least += smallest;
    }
    if (least <= budget)
        return err_set(e, COSIM_ENO, "no allocation meets all limits");
    return err_set(e, COSIM_ENO,
                   "the smallest allocation needs %.4g GB of memory, %.4g GB are allowed",
                   (al->fixed_memory_bytes + least) / 1e9, (al->fixed_memory_bytes + budget) / 1e9);
}

/* Takes the other plan when it fits and loses less. The bound that was proved stays. */
static void take_better(struct alloc_plan *plan, const struct alloc_plan *other, uint64_t bytes)
{
    const double bound = plan->loss_bound;

    if (other->bytes > bytes || !(other->loss < plan->loss))
        return;
    *plan = *other;
    plan->loss_bound = is_known(other->loss_bound) ? other->loss_bound : bound;
}

cosim_status allocate_best_within(struct allocation *al, const struct alloc_frontier *f,
                                  uint64_t bytes, struct alloc_plan *plan, cosim_error *e)
{
    struct alloc_plan other, bucketed;
    double price;

    if (f->bucket_bytes == 1)
        return alloc_frontier_best(plan, f, bytes, &al->arena, e);
    TRY(alloc_frontier_best(&bucketed, f, bytes, &al->arena, e));
    TRY(alloc_lagrange_budget(plan, &price, &al->problem, bytes, &al->arena, e));
    take_better(plan, &bucketed, bytes);
    for (size_t k = 0; k < al->n_formats; k++) {
        const cosim_status st = allocate_uniform(al, k, &other, e);
        if (st == COSIM_OK)
            take_better(plan, &other, bytes);
        else if (st != COSIM_ENO)
            return st;
    }
    return COSIM_OK;
}

static cosim_status by_frontier(struct allocation *al, struct alloc_plan *plan, cosim_error *e)
{
    const double budget = allocate_byte_budget(al), most = loss_budget(al);
    struct alloc_frontier f;
    size_t i;

    TRY(alloc_frontier(&f, &al->problem, &(struct alloc_limits){ .max_bytes = (uint64_t)budget },
                       &al->arena, e));
    i = f.n - 1; /* the least loss */
    if (is_known(most) && f.point[i].loss > most * (1.0 + 1e-12))
        return err_set(e, COSIM_ENO, "no allocation meets all limits");
    if (al->ask.objective[0] == ALLOCATE_MEMORY)
        for (i = 0; is_known(most) && f.point[i].loss > most * (1.0 + 1e-12);)
            i++;
    else if (!al->o->method) /* dp was picked, not asked for: sizes may be too many for it */
        return allocate_best_within(al, &f, (uint64_t)budget, plan, e);
    return alloc_frontier_plan(plan, &f, i, &al->arena, e);
}

/* Smallest and largest sum of a quantity over plans: what a weight is relative to. */
static double range_of(const struct allocation *al,
                       double (*of)(const struct alloc_option *o, size_t r), size_t r)
{
    double range = 0.0;

    for (size_t i = 0; i < al->problem.n_groups; i++) {
        double least = INF_F64, most = -INF_F64;
        for (size_t f = 0; f < al->n_formats; f++) {
            const struct alloc_option *o = &al->problem.group[i].option[f];
            if (o->barred)
                continue;
            least = min_f64(least, of(o, r));
            most = max_f64(most, of(o, r));
        }
        range += most - least;
    }
    return range > 0.0 ? range : 1.0;
}

static double loss_of(const struct alloc_option *o, size_t r)
{
    (void)r;
    return o->loss;
}

static double bytes_of(const struct alloc_option *o, size_t r)
{
    (void)r;
    return (double)o->bytes;
}

static double use_of(const struct alloc_option *o, size_t r)
{
    return o->use[r];
}

static struct alloc_ask ilp_ask(const struct allocation *al)
{
    struct alloc_ask ask = alloc_ask_default();
    const double *weight = al->ask.weight;
    bool weighed[N_ALLOCATE_METRICS] = { false };

    ask.loss_weight = weight[ALLOCATE_PPL] / range_of(al, loss_of, 0);
    ask.bytes_weight = weight[ALLOCATE_MEMORY] / range_of(al, bytes_of, 0);
    ask.max_bytes = allocate_byte_budget(al);
    ask.max_loss = loss_budget(al);
    for (size_t r = 0; r < al->problem.n_resources; r++) {
        const enum allocate_metric m = al->form[r].metric;
        if (is_known(al->ask.max[m]))
            ask.max_use[r] = al->ask.max[m] - al->form[r].fixed;
        if (!weighed[m]) /* of several sums the first: see the note of the plan */
            ask.use_weight[r] = weight[m] / range_of(al, use_of, r);
        weighed[m] = true;
    }
    return ask;
}

/* `explained`: the error says more than that nothing fits. */
static cosim_status by_ilp(struct allocation *al, struct alloc_plan *plan, bool *explained,
                           cosim_error *e)
{
    const struct alloc_ask ask = ilp_ask(al);

    *explained = true;
    for (size_t r = 0; r < al->problem.n_resources; r++)
        if (ask.max_use[r] < 0.0)
            return err_set(e, COSIM_ENO,
                           "what is not allocated alone takes %.4g %s, more than the "
                           "limit",
                           al->form[r].fixed, allocate_metric_name(al->form[r].metric));
    const cosim_status st = alloc_ilp(plan, &al->problem, &ask, ILP_SECONDS, &al->arena, e);
    *explained = st == COSIM_EINTERRUPTED;
    if (st != COSIM_EINTERRUPTED)
        return st;
    err_hint(e, "fewer formats in --w or larger groups (--blocks) make it easier");
    return COSIM_ENO;
}

static cosim_status by_lagrange(struct allocation *al, struct alloc_plan *plan, cosim_error *e)
{
    double price;

    if (al->ask.objective[0] != ALLOCATE_PPL || is_known(al->ask.max[ALLOCATE_PPL]))
        return err_set(e, COSIM_EUSAGE, "'--method=lagrange' finds the least loss within a size");
    return alloc_lagrange_budget(plan, &price, &al->problem, (uint64_t)allocate_byte_budget(al),
                                 &al->arena, e);
}

static cosim_status wrong_method(const char *method, cosim_error *e)
{
    const cosim_status st = err_set(e, COSIM_EUSAGE,
                                    strcmp(method, "dp") == 0 || strcmp(method, "lagrange") == 0
                                        ? "'--method=%.40s' knows sizes and losses only"
                                        : "'--method' is dp, ilp or lagrange, not '%.40s'",
                                    method);

    err_hint(e, "'--method=ilp' keeps to several limits and weighs several objectives");
    return st;
}

cosim_status allocate_solve(struct allocation *al, struct alloc_plan *plan, cosim_error *e)
{
    const bool simple = only_bytes_and_loss(al);
    const char *method = al->o->method ? al->o->method : simple ? "dp" : "ilp";
    const double budget = allocate_byte_budget(al);
    cosim_error own = { 0 };
    bool explained = false;
    cosim_status st;

    for (size_t i = 0; i < al->ask.n_objectives; i++)
        if (al->ask.objective[i] == ALLOCATE_ENERGY
            && !is_known(allocate_value(al, &(struct alloc_plan){ .bytes = 0 }, ALLOCATE_ENERGY)))
            return err_set(e, COSIM_ENO, "the energy of '%s' is not known", al->rates->device->id);
    TRY(alloc_check(&al->problem, e));
    if (!(budget >= 1.0))
        return nothing_fits(al, budget, e);
    if (strcmp(method, "ilp") == 0)
        st = by_ilp(al, plan, &explained, &own);
    else if (strcmp(method, "dp") == 0 && simple)
        st = by_frontier(al, plan, &own);
    else if (strcmp(method, "lagrange") == 0 && simple)
        st = by_lagrange(al, plan, &own);
    else
        return wrong_method(method, e);
    if (st == COSIM_ENO && !explained)
        return nothing_fits(al, budget, e);
    if (st != COSIM_OK) {
        (void)err_set(e, st, "%s", own.msg);
        err_hint(e, "%s", own.hint);
        return st;
    }
    allocate_tidy(al, plan);
    return COSIM_OK;
}
