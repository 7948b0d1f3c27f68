/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/merge.h"

#include "core/num.h"

#include <math.h>

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for an allocation problem");
}

static cosim_status check_option(const struct alloc_problem *p, const struct alloc_group *g,
                                 const struct alloc_option *o, cosim_error *e)
{
    if (!isfinite(o->loss))
        return err_set(e, COSIM_ERANGE, "group '%s', format '%s': the loss is not known", g->name,
                       o->name);
    for (size_t r = 0; o->use && r < p->n_resources; r++)
        if (!isfinite(o->use[r]) || o->use[r] < 0.0)
            return err_set(e, COSIM_ERANGE, "group '%s', format '%s': %s = %g", g->name, o->name,
                           p->resource[r], o->use[r]);
    if (o->bytes > UINT64_C(1) << 53)
        return err_set(e, COSIM_ERANGE, "group '%s', format '%s': more than 2^53 bytes", g->name,
                       o->name);
    return COSIM_OK;
}

cosim_status alloc_check(const struct alloc_problem *p, cosim_error *e)
{
    if (!p->n_groups)
        return err_set(e, COSIM_EUSAGE, "there is nothing to allocate");
    if (p->n_resources > ALLOC_RESOURCES_MAX)
        return err_set(e, COSIM_EUSAGE, "%zu resources, at most %d", p->n_resources,
                       ALLOC_RESOURCES_MAX);
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct alloc_group *g = &p->group[i];
        size_t n_allowed = 0;

        for (size_t k = 0; k < g->n_options; k++) {
            if (g->option[k].barred)
                continue;
            n_allowed++;
            TRY(check_option(p, g, &g->option[k], e));
        }
        if (!n_allowed) {
            err_set(e, COSIM_ENO, "group '%s' has no allowed format", g->name);
            if (g->n_options)
                err_hint(e, "'%s' is barred: %s", g->option[0].name, g->option[0].barred);
            return COSIM_ENO;
        }
    }
    return COSIM_OK;
}

/* Index of the group's allowed option with that format, or SIZE_MAX. */
static size_t option_of(const struct alloc_group *g, uint32_t format)
{
    for (size_t k = 0; k < g->n_options; k++)
        if (g->option[k].format == format && !g->option[k].barred)
            return k;
    return SIZE_MAX;
}

static cosim_status joint_item(struct merged_item *item, bool *exists,
                               const struct alloc_problem *p, const struct merged_set *set,
                               size_t first_option, struct arena *a, cosim_error *e)
{
    const uint32_t format = p->group[set->member[0]].option[first_option].format;
    size_t *choice = ARENA_NEW(a, size_t, set->n_members);

    if (!choice)
        return no_memory(e);
    *exists = true;
    *item = (struct merged_item){ .choice = choice };
    for (size_t m = 0; m < set->n_members; m++) {
        const struct alloc_group *g = &p->group[set->member[m]];

        choice[m] = m ? option_of(g, format) : first_option;
        if (choice[m] == SIZE_MAX) {
            *exists = false;
            return COSIM_OK;
        }
        item->bytes += g->option[choice[m]].bytes;
        item->loss += g->option[choice[m]].loss;
    }
    return COSIM_OK;
}

static cosim_status joint_items(struct merged_set *set, const struct alloc_problem *p,
                                struct arena *a, cosim_error *e)
{
    const struct alloc_group *first = &p->group[set->member[0]];
    struct merged_item *item = ARENA_NEW(a, struct merged_item, first->n_options);

    if (!item)
        return no_memory(e);
    for (size_t k = 0; k < first->n_options; k++) {
        bool exists = false;

        if (first->option[k].barred)
            continue;
        TRY(joint_item(&item[set->n_items], &exists, p, set, k, a, e));
        set->n_items += exists;
    }
    set->item = item;
    if (!set->n_items)
        return err_set(e, COSIM_ENO,
                       "groups '%s' and '%s' must share a format, but none is allowed in all of "
                       "fusion set %u",
                       first->name, p->group[set->member[1]].name, first->fusion);
    return COSIM_OK;
}

static bool leads(const struct alloc_problem *p, size_t i)
{
    if (!p->group[i].fusion)
        return true;
    for (size_t k = 0; k < i; k++)
        if (p->group[k].fusion == p->group[i].fusion)
            return false;
    return true;
}

cosim_status merge(struct merged *m, const struct alloc_problem *p, struct arena *a, cosim_error *e)
{
    TRY(alloc_check(p, e));
    struct merged_set *set = ARENA_NEW(a, struct merged_set, p->n_groups);
    size_t *member = ARENA_NEW(a, size_t, p->n_groups);
    size_t n = 0, n_members = 0;

    if (!set || !member)
        return no_memory(e);
    for (size_t i = 0; i < p->n_groups; i++) {
        struct merged_set *s = &set[n];

        if (!leads(p, i))
            continue;
        n++;
        s->member = member + n_members;
        for (size_t k = i; k < p->n_groups; k++)
            if (k == i || (p->group[i].fusion && p->group[k].fusion == p->group[i].fusion)) {
                member[n_members++] = k;
                s->n_members++;
            }
        TRY(joint_items(s, p, a, e));
    }
    *m = (struct merged){ set, n };
    return COSIM_OK;
}

void merge_apply(const struct merged_set *set, size_t item, size_t *choice)
{
    for (size_t m = 0; m < set->n_members; m++)
        choice[set->member[m]] = set->item[item].choice[m];
}

void alloc_sum(const struct alloc_problem *p, struct alloc_plan *plan)
{
    plan->bytes = 0;
    plan->loss = 0.0;
    for (size_t r = 0; r < ALLOC_RESOURCES_MAX; r++)
        plan->use[r] = 0.0;
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct alloc_option *o = &p->group[i].option[plan->choice[i]];

        plan->bytes += o->bytes;
        plan->loss += o->loss;
        for (size_t r = 0; o->use && r < p->n_resources; r++)
            plan->use[r] += o->use[r];
    }
}
