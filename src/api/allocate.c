/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/allocate.h"

#include "core/num.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    cosim_status (*show)(struct allocation *al, struct table **t, cosim_error *e);
} shows[] = {
    { "plan", allocate_table_plan },       { "groups", allocate_table_groups },
    { "front", allocate_table_front },     { "compare", allocate_table_compare },
    { "picture", allocate_table_picture }, { "barred", allocate_table_barred },
    { "scheme", allocate_table_scheme },   { "tensor-types", allocate_table_llama },
};

/* The engine with one model, device and request; weights, objectives and limits are read here. */
static cosim_status resolve_point(struct allocation *al, cosim_error *e)
{
    struct study own = *al->study;

    own.value[STUDY_W] = (struct setting){ .text = "bf16" };
    own.value[STUDY_OBJECTIVES].text = NULL;
    own.n_limits = 0;
    TRY(study_refuse_split(&own, "an allocation is for one device", e));
    TRY(resolve(&al->r, al->c, &own, e));
    const struct space *s = &al->r.space;
    if (s->n_points != 1)
        return err_set(e, COSIM_EUSAGE,
                       "an allocation needs one value for each of model, device, activations, "
                       "cache, prompt, output and batch");
    al->model = s->model[0];
    al->rates = &s->rates[0];
    if (!is_known(al->rates->rate[RATE_MEM_USABLE_BYTES].value))
        return err_set(e, COSIM_ENO, "the memory of '%s' is not known", al->rates->device->id);
    al->request = (struct request){ s->number[AXIS_BATCH][0], s->number[AXIS_PROMPT][0],
                                    s->number[AXIS_OUTPUT][0] };
    return COSIM_OK;
}

cosim_status allocate_setup(struct allocation *al, cosim_error *e)
{
    TRY(allocate_read_ask(al, e));
    TRY(resolve_point(al, e));
    TRY(allocate_candidates(al, e));
    TRY(allocate_engine_rules(al, e));
    TRY(allocate_list_groups(al, e));
    TRY(allocate_price(al, e));
    return allocate_forms(al, e);
}

void allocate_release(struct allocation *al)
{
    resolved_release(&al->r);
    arena_release(&al->arena);
}

static cosim_status allocate(struct allocation *al, struct table **t, cosim_error *e)
{
    struct nearest near = { .want = al->o->show };

    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        nearest_offer(&near, shows[i].name);
        if (strcmp(shows[i].name, al->o->show) != 0)
            continue;
        TRY(allocate_setup(al, e));
        if (shows[i].show != allocate_table_barred)
            TRY(allocate_losses(al, e));
        return shows[i].show(al, t, e);
    }
    const cosim_status st =
        err_set(e, COSIM_EUNKNOWN, "an allocation shows no '%.40s'", al->o->show);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

cosim_status cosim_allocate(cosim *c, const cosim_study *s, const cosim_allocate_options *o,
                            cosim_table **t, cosim_error *e)
{
    *t = NULL;
    if (!o || o->size < sizeof *o || !o->show)
        return err_set(e, COSIM_EUSAGE, "cosim_allocate_options needs its size and what to show");
    struct allocation *al = calloc(1, sizeof *al);
    if (!al)
        return err_set(e, COSIM_ENOMEM, "out of memory");
    al->c = c;
    al->study = s;
    al->o = o;
    const cosim_status st = allocate(al, t, e);
    allocate_release(al);
    free(al);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
