/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time and energy of a plan as sums over its groups. A step takes max(busy, kernels launch_s)
 * (docs/model.md): the largest of two sums, and joules per token
 *   (D_p + P step_p + n (D_d + P step_d)) / tokens,   P static power, D dynamic joules,
 * the largest of up to four. A sum that is never the largest is left out.
 */
#include "api/allocate.h"

#include "core/num.h"

static double launch_s(const struct allocation *al)
{
    return al->rates->rate[RATE_LAUNCH_S].value;
}

static double static_w(const struct allocation *al)
{
    return al->rates->rate[RATE_STATIC_W].value;
}

static double decode_steps(const struct allocation *al)
{
    return al->request.output_tokens - 1.0;
}

/* What a cost adds to a form. */
static double amount(const struct allocation *al, const struct allocate_form *f,
                     const struct allocate_cost *x)
{
    const double launches = x->kernels * launch_s(al);
    const double decode_s = f->decode_launch ? launches : x->decode_s;
    const double prefill_s = f->prefill_launch ? launches : x->prefill_s;

    if (f->metric == ALLOCATE_TPOT)
        return decode_s;
    return (x->prefill_j + static_w(al) * prefill_s
            + decode_steps(al) * (x->decode_j + static_w(al) * decode_s))
           / (al->request.batch * al->request.output_tokens);
}

/* Smallest and largest sums over all plans of what `of` says of a cost. */
struct span {
    double least, most;
};

static struct span span_of(const struct allocation *al, double (*of)(const struct allocate_cost *))
{
    struct span s = { of(&al->fixed), of(&al->fixed) };

    for (size_t i = 0; i < al->problem.n_groups; i++) {
        double least = INF_F64, most = 0.0;
        for (size_t f = 0; f < al->n_formats; f++)
            if (!al->problem.group[i].option[f].barred) {
                const double v = of(allocate_cost_at(al, i, f));
                least = min_f64(least, v);
                most = max_f64(most, v);
            }
        s.least += least;
        s.most += most;
    }
    return s;
}

static double decode_busy(const struct allocate_cost *x)
{
    return x->decode_s;
}

static double prefill_busy(const struct allocate_cost *x)
{
    return x->prefill_s;
}

static double kernels(const struct allocate_cost *x)
{
    return x->kernels;
}

/* Which of the two can be the longer one. */
struct regime {
    bool busy, launch;
};

static struct regime regime_of(const struct allocation *al,
                               double (*busy)(const struct allocate_cost *))
{
    const struct span b = span_of(al, busy), k = span_of(al, kernels);

    return (struct regime){ .busy = b.most > k.least * launch_s(al),
                            .launch = k.most * launch_s(al) > b.least };
}

static void add_form(struct allocation *al, enum allocate_metric m, bool prefill, bool decode)
{
    struct allocate_form *f = &al->form[al->problem.n_resources++];

    *f = (struct allocate_form){ m, prefill, decode, 0.0 };
    f->fixed = amount(al, f, &al->fixed);
}

static void list_forms(struct allocation *al)
{
    const struct regime decode = regime_of(al, decode_busy), prefill = regime_of(al, prefill_busy);
    const bool energy_known =
        is_known(static_w(al)) && is_known(al->fixed.decode_j) && is_known(al->fixed.prefill_j);

    al->problem.n_resources = 0;
    for (int d = 0; d < 2; d++)
        if (d ? decode.launch : decode.busy)
            add_form(al, ALLOCATE_TPOT, false, d);
    for (int p = 0; energy_known && p < 2; p++)
        for (int d = 0; d < 2; d++)
            if ((p ? prefill.launch : prefill.busy) && (d ? decode.launch : decode.busy))
                add_form(al, ALLOCATE_ENERGY, p, d);
}

cosim_status allocate_forms(struct allocation *al, cosim_error *e)
{
    static const char *const name[N_ALLOCATE_METRICS] = {
        [ALLOCATE_TPOT] = "tpot_s of the groups",
        [ALLOCATE_ENERGY] = "j_per_token of the groups",
    };
    const char **names = ARENA_NEW(&al->arena, const char *, ALLOC_RESOURCES_MAX);
    double *use =
        ARENA_NEW(&al->arena, double, al->problem.n_groups * al->n_formats * ALLOC_RESOURCES_MAX);

    if (!names || !use)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu groups", al->problem.n_groups);
    list_forms(al);
    al->problem.resource = names;
    for (size_t r = 0; r < al->problem.n_resources; r++)
        names[r] = name[al->form[r].metric];
    for (size_t i = 0; i < al->problem.n_groups * al->n_formats; i++) {
        double *of = &use[i * ALLOC_RESOURCES_MAX];
        for (size_t r = 0; r < al->problem.n_resources; r++)
            of[r] = amount(al, &al->form[r], &al->cost[i]);
        al->option[i].use = of;
    }
    return COSIM_OK;
}
