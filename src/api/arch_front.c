/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trade between predicted loss and costs over a whole grid of designs. */
#include "api/arch.h"
#include "api/arch_threads.h"

#include "core/num.h"
#include "search/front.h"
#include "search/run.h"

#include <stdlib.h>

/* Up to here every design is evaluated; above it PGSAM searches. */
#define FRONT_POINTS_MAX UINT64_C(2000000)
#define FRONT_ALGORITHM "pgsam"

#define OBJECTIVES_MAX (1 + SWEEP_OBJECTIVES_MAX)

/* Loss and the metrics it is traded against; senses turn all into minima. */
struct trade {
    const struct arch_study *s;
    size_t n_metrics;
    const enum metric *metric;
    double *obj[OBJECTIVES_MAX]; /* by point; NaN: not feasible */
};

static cosim_status price(const struct trade *k, struct arch_engine *g, const struct arch_design *a,
                          struct arch_point *p, struct arch_facts *f, double *obj, cosim_error *e)
{
    const struct arch_search q = arch_search_of(k->s, g);

    TRY(arch_evaluate(p, &q, a, e));
    TRY(arch_engine_facts(g, a, f, e));
    obj[0] = p->loss;
    for (size_t j = 0; j < k->n_metrics; j++)
        obj[j + 1] = metric_table[k->metric[j]].sense * f->metric[k->metric[j]];
    return COSIM_OK;
}

/* All depths of one width and choice: the engine remembers them together. */
static cosim_status price_width(struct arch_engine *g, void *user, uint64_t i, cosim_error *e)
{
    const struct trade *k = user;
    const size_t n = k->s->axes.n_layers;

    for (uint64_t id = i * n; id < (i + 1) * n; id++) {
        const struct arch_design a = arch_grid_point(k->s, id);
        struct arch_point p;
        struct arch_facts f;
        double obj[OBJECTIVES_MAX];

        TRY(price(k, g, &a, &p, &f, obj, e));
        for (size_t j = 0; j <= k->n_metrics; j++)
            k->obj[j][id] = arch_fits(&p) ? obj[j] : UNKNOWN_F64;
    }
    return COSIM_OK;
}

static cosim_status add_member(struct table *t, const struct trade *k, struct arch_engine *g,
                               uint64_t id, cosim_error *e)
{
    const struct arch_design a = arch_grid_point(k->s, id);
    struct arch_point p;
    struct arch_facts f;
    double obj[OBJECTIVES_MAX];

    TRY(price(k, g, &a, &p, &f, obj, e));
    return arch_table_add(t, k->s,
                          &(struct arch_row){ .what = p.arch.experts > 1.0 ? "searched with experts"
                                                                           : "searched dense",
                                              .point = id,
                                              .on_front = true,
                                              .p = &p,
                                              .facts = &f },
                          e);
}

static cosim_status add_members(struct table *t, const struct trade *k, const uint64_t *id,
                                size_t n, cosim_error *e)
{
    struct arch_engine g;
    cosim_status st = COSIM_OK;

    if (n == 0) {
        st = err_set(e, COSIM_ENO, "no architecture of these axes meets the budgets");
        err_hint(e, "'--show region' tells which budget each design exceeds");
        return st;
    }
    arch_engine_init(&g, k->s);
    for (size_t i = 0; st == COSIM_OK && i < n; i++)
        st = add_member(t, k, &g, id[i], e);
    arch_engine_release(&g);
    return st;
}

static cosim_status filter(struct table *t, const struct trade *k, uint32_t *keep, uint64_t *id,
                           cosim_error *e)
{
    size_t n = 0;

    TRY(front_filter((const double *const *)k->obj, arch_n_points(k->s), k->n_metrics + 1, keep, &n,
                     e));
    for (size_t i = 0; i < n; i++)
        id[i] = keep[i];
    TRY(add_members(t, k, id, n, e));
    return table_note(t, e, "%zu of %llu designs are on the front: every one was evaluated", n,
                      (unsigned long long)arch_n_points(k->s));
}

static cosim_status whole_grid(struct table *t, struct trade *k, cosim_error *e)
{
    const uint64_t n = arch_n_points(k->s);
    uint32_t *keep = calloc(n, sizeof *keep);
    uint64_t *id = calloc(n, sizeof *id);
    cosim_status st = COSIM_OK;

    for (size_t j = 0; j <= k->n_metrics; j++)
        k->obj[j] = calloc(n, sizeof *k->obj[j]);
    for (size_t j = 0; j <= k->n_metrics; j++)
        if (!k->obj[j] || !keep || !id)
            st = err_set(e, COSIM_ENOMEM, "out of memory for %llu designs", (unsigned long long)n);
    if (st == COSIM_OK)
        st = arch_for_each(k->s, n / k->s->axes.n_layers, price_width, k, e);
    if (st == COSIM_OK)
        st = filter(t, k, keep, id, e);
    for (size_t j = 0; j <= k->n_metrics; j++)
        free(k->obj[j]);
    free(keep);
    free(id);
    return st;
}

/* --- grids too large for that: digits of a point are the axes ----------------------------------
 */

/* How far a design is from its budgets; one that cannot be built is worse than any that can. */
static double violation(const struct arch_study *s, const struct arch_point *p)
{
    double over = 0.0;

    if (p->cost.impossible)
        return 1e6;
    for (size_t i = 0; i < N_ARCH_METRICS; i++)
        if (p->cost.value[i] > s->max[i])
            over += p->cost.value[i] / s->max[i] - 1.0;
    return over;
}

static void evaluate_rows(const void *ctx, size_t n, const double *x, double *const *obj, double *v)
{
    const struct trade *k = ctx;
    const struct arch_axes *ax = &k->s->axes;
    const size_t base[] = { ax->n_ffn_ratio,  ax->n_gqa,   ax->n_experts, ax->n_vocab,
                            ax->n_precisions, ax->n_width, ax->n_layers };
    struct arch_engine g;

    arch_engine_init(&g, k->s);
    for (size_t i = 0; i < n; i++) {
        struct arch_point p = { .cost = { .impossible = true } };
        struct arch_facts f;
        double value[OBJECTIVES_MAX] = { 0.0 };
        uint64_t id = 0;

        for (size_t d = 0; d < 7; d++)
            id = id * base[d] + (uint64_t)x[i * 7 + d];
        const struct arch_design a = arch_grid_point(k->s, id);
        if (price(k, &g, &a, &p, &f, value, NULL) != COSIM_OK)
            p.cost.impossible = true;
        v[i] = violation(k->s, &p);
        for (size_t j = 0; j <= k->n_metrics; j++)
            obj[j][i] = p.cost.impossible || !is_known(value[j]) ? 0.0 : value[j];
    }
    arch_engine_release(&g);
}

static cosim_status search_grid(struct table *t, const struct trade *k, struct archive *archive,
                                cosim_error *e)
{
    const struct arch_axes *x = &k->s->axes;
    const struct search_axis axis[] = {
        { "ffn_ratio", AXIS_ORDINAL, (uint32_t)x->n_ffn_ratio, 0.0, 0.0 },
        { "gqa", AXIS_ORDINAL, (uint32_t)x->n_gqa, 0.0, 0.0 },
        { "experts", AXIS_CATEGORICAL, (uint32_t)x->n_experts, 0.0, 0.0 },
        { "vocab", AXIS_ORDINAL, (uint32_t)x->n_vocab, 0.0, 0.0 },
        { "precision", AXIS_CATEGORICAL, (uint32_t)x->n_precisions, 0.0, 0.0 },
        { "width", AXIS_ORDINAL, (uint32_t)x->n_width, 0.0, 0.0 },
        { "layers", AXIS_ORDINAL, (uint32_t)x->n_layers, 0.0, 0.0 },
    };
    const struct search_problem p = { .name = "architectures",
                                      .n_axes = sizeof axis / sizeof *axis,
                                      .n_obj = k->n_metrics + 1,
                                      .axis = axis,
                                      .ctx = k,
                                      .evaluate = evaluate_rows,
                                      .costly = true };
    const struct sweep_request *q = &k->s->r.request;
    const struct search_options o = { .budget = q->samples,
                                      .seed = q->seed,
                                      .threads = arch_n_threads(k->s),
                                      .stop = q->stop,
                                      .no_trace = true };
    struct search_result r = { .stop = STOP_DONE };

    cosim_status st = search_run(&p, search_algo_find(FRONT_ALGORITHM), &o, archive, &r, e);
    if (st == COSIM_OK)
        st = archive_sort(archive, e);
    if (st == COSIM_OK)
        st = add_members(t, k, archive_ids(archive), archive_size(archive), e);
    if (st == COSIM_OK)
        st = table_note(t, e,
                        "%zu designs found by " FRONT_ALGORITHM " in %llu evaluations (%s; seed "
                        "%llu) of a grid of %llu: not proved to be the whole front",
                        archive_size(archive), (unsigned long long)r.evaluations,
                        search_stop_name[r.stop], (unsigned long long)q->seed,
                        (unsigned long long)arch_n_points(k->s));
    search_result_release(&r);
    return st;
}

static cosim_status sampled_grid(struct table *t, const struct trade *k, cosim_error *e)
{
    struct archive *archive = NULL;

    TRY(archive_new(&archive, k->n_metrics + 1, e));
    const cosim_status st = search_grid(t, k, archive, e);
    archive_free(archive);
    return st;
}

static cosim_status check_known(const struct arch_study *s, cosim_error *e)
{
    for (size_t i = 0; i < s->n_against; i++)
        if (!is_known(s->reference_facts.metric[s->against[i]])) {
            (void)err_set(e, COSIM_ENO, "%s is not known for architectures on this device",
                          metric_table[s->against[i]].name);
            err_hint(e, "--against names what the loss is traded against");
            return COSIM_ENO;
        }
    return COSIM_OK;
}

static cosim_status front_rows(struct table *t, const struct arch_study *s, cosim_error *e)
{
    struct trade k = { .s = s, .n_metrics = s->n_against, .metric = s->against };

    TRY(check_known(s, e));
    TRY(arch_table_reference(t, s, e));
    TRY(arch_n_points(s) <= FRONT_POINTS_MAX ? whole_grid(t, &k, e) : sampled_grid(t, &k, e));
    for (size_t j = 0; j < k.n_metrics; j++)
        TRY(table_note(t, e, "loss is traded against: %s %s",
                       metric_table[k.metric[j]].sense > 0 ? "min" : "max",
                       metric_table[k.metric[j]].name));
    return arch_describe(t, s, e);
}

cosim_status arch_show_front(struct table **t, const struct arch_study *s, cosim_error *e)
{
    TRY(arch_table_new(t, s, "front of architectures", true, e));
    const cosim_status st = front_rows(*t, s, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
