/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "kv/groups.h"
#include "kv/kv.h"
#include "kv/search.h"
#include "kv/sens_table.h"

#include <string.h>

static const struct column columns[] = {
    { "model", "", "", CELL_STR },
    { "mode", "", "quantiser", CELL_STR },
    { "preset", "", "soft limit in bits and number", CELL_STR },
    { "average_bits", "bit", "nominal, of the preset", CELL_F64 },
    { "surrogate", "", "what stands for accuracy", CELL_STR },
    { "loss", "", "of the preset under the surrogate", CELL_F64 },
    { "verdict", "", "on the front, or dominated by it", CELL_STR },
    { "loss_same_bits", "", "least loss of the front with no more bits", CELL_F64 },
    { "bits_same_loss", "bit", "least bits of the front with no more loss", CELL_F64 },
    { "combinations", "", "of the published groups", CELL_F64 },
    { "in_space", "", "constant in each group and of its candidates", CELL_BOOL },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

/* A surrogate that knows whole models only: every layer weighs the same. */
struct surrogate {
    const char *name;
    double pair_loss[KV_N_PAIRS]; /* NaN = unknown */
};

static bool error_surrogate(const struct kv_anchors *k, struct surrogate *s)
{
    const struct kv_anchor *a = kv_anchor_find(k, "Meta-Llama-3.1-8B-Instruct", "pertoken", "e_o");

    if (!a)
        return false;
    s->name = "e_o of Table 3 (Llama-3.1-8B, per token)";
    memcpy(s->pair_loss, a->value, sizeof s->pair_loss);
    return true;
}

/* ln(ppl / least ppl of the nine); a pair that measured better than KV8 gets its small value. */
static bool perplexity_surrogate(const struct kv_anchors *k, const struct kv_preset *p,
                                 struct surrogate *s)
{
    const bool llama = !strcmp(p->model, "Meta-Llama-3.1-8B-Instruct");
    const struct kv_anchor *a =
        kv_anchor_find(k, llama ? "Llama-3-8B-Instruct" : p->model, p->mode, "perplexity");
    double least = INF_F64;

    if (!a)
        return false;
    for (size_t i = 0; i < KV_N_PAIRS; i++)
        if (is_known(a->value[i]))
            least = min_f64(least, a->value[i]);
    s->name = llama ? "ln ppl of Table 2 (Llama-3-8B)" : "ln ppl of Table 2";
    for (size_t i = 0; i < KV_N_PAIRS; i++)
        s->pair_loss[i] = is_known(a->value[i]) ? log(a->value[i] / least) : UNKNOWN_F64;
    return true;
}

static bool in_space(const struct kv_preset *p, const struct kv_grouping *g)
{
    for (size_t i = 0; i < g->n_groups; i++)
        for (size_t k = 0; k < g->group[i].n_layers; k++) {
            const size_t pair = p->pair[g->group[i].layer[k]];
            if (pair != p->pair[g->group[i].layer[0]] || !(g->group[i].set >> pair & 1u))
                return false;
        }
    return g->n_layers == p->n_layers;
}

static cosim_status make_space(const struct kv_grouping *g, const struct surrogate *s,
                               struct kv_space *space, struct arena *a, cosim_error *e)
{
    double *cost = ARENA_NEW(a, double, g->n_layers *KV_N_PAIRS);
    double *loss = ARENA_NEW(a, double, g->n_layers *KV_N_PAIRS);

    if (!cost || !loss)
        return err_set(e, COSIM_ENOMEM, "search space");
    for (size_t i = 0; i < g->n_layers * KV_N_PAIRS; i++) {
        const double x = s->pair_loss[i % KV_N_PAIRS];
        cost[i] = (double)kv_pair_bits(kv_pair_of(i % KV_N_PAIRS));
        loss[i] = is_known(x) ? x / (double)g->n_layers : 0; /* no candidate set holds these */
    }
    *space = (struct kv_space){ g->n_layers, g->n_groups, g->group, cost, loss, 0 };
    return COSIM_OK;
}

/* Two sums of the same terms in another order differ in the last bits only. */
#define SAME_RATIO 1e-12

static cosim_status judge(const struct kv_preset *p, const struct kv_grouping *g,
                          const struct surrogate *s, struct table *t, struct arena *a,
                          cosim_error *e)
{
    struct kv_space space;
    struct kv_front f;
    double cost, loss, fewest = UNKNOWN_F64;
    size_t row;

    TRY(make_space(g, s, &space, a, e));
    TRY(kv_search_enumerate(&space, &f, a, e));
    kv_space_evaluate(&space, p->pair, &cost, &loss);
    const struct kv_point *best = kv_front_within(&f, cost);
    for (size_t i = f.n; i-- > 0;)
        if (f.point[i].loss <= loss * (1 + SAME_RATIO))
            fewest = f.point[i].cost;
    const bool known = in_space(p, g) && best && is_known(fewest);
    const bool on = known && best->loss >= loss * (1 - SAME_RATIO) && fewest >= cost;
    const double bits = 2 * (double)p->n_layers;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, 0, p->model, e));
    TRY(table_set_str(t, row, 1, p->mode, e));
    TRY(table_set_str(t, row, 2, p->name, e));
    table_set_f64(t, row, 3, cost / bits);
    TRY(table_set_str(t, row, 4, s->name, e));
    table_set_f64(t, row, 5, loss);
    TRY(table_set_str(t, row, 6, !known ? "neither" : on ? "on the front" : "dominated", e));
    table_set_f64(t, row, 7, best ? best->loss : UNKNOWN_F64);
    table_set_f64(t, row, 8, fewest / bits);
    table_set_f64(t, row, 9, kv_combinations(g));
    table_set_flag(t, row, 10, in_space(p, g));
    return COSIM_OK;
}

static cosim_status check_all(const char *dir, struct table *t, struct arena *a, cosim_error *e)
{
    struct kv_groupings groups;
    struct kv_presets presets;
    struct kv_anchors anchors;
    struct surrogate s;
    const char *const path[3] = { arena_printf(a, "%s/groups.csv", dir),
                                  arena_printf(a, "%s/presets.csv", dir),
                                  arena_printf(a, "%s/anchors.csv", dir) };

    if (!path[0] || !path[1] || !path[2])
        return err_set(e, COSIM_ENOMEM, "file names");
    TRY(kv_groupings_load(&groups, path[0], a, e));
    TRY(kv_presets_load(&presets, path[1], a, e));
    TRY(kv_anchors_load(&anchors, path[2], a, e));
    for (size_t i = 0; i < presets.n; i++) {
        const struct kv_preset *p = &presets.preset[i];
        const struct kv_grouping *g = kv_grouping_find(&groups, p->model, p->mode);
        if (!g)
            return err_set(e, COSIM_EUNKNOWN, "no groups of %s, %s", p->model, p->mode);
        if (g->n_layers != p->n_layers)
            return err_set(e, COSIM_ESYNTAX, "preset %s of %s, %s has %zu layers, its groups %zu",
                           p->name, p->model, p->mode, p->n_layers, g->n_layers);
        if (error_surrogate(&anchors, &s))
            TRY(judge(p, g, &s, t, a, e));
        if (perplexity_surrogate(&anchors, p, &s))
            TRY(judge(p, g, &s, t, a, e));
    }
    TRY(table_note(t, e,
                   "published per-layer errors do not exist: each surrogate is one number "
                   "per pair, the same in all layers"));
    return table_note(t, e,
                      "a preset inside the enumerated space is on the front or dominated by "
                      "construction; how far off it is, is what the columns say");
}

cosim_status kv_presets_check(const char *dir, struct table **t, cosim_error *e)
{
    struct arena a = { 0 };

    *t = NULL;
    cosim_status st = table_new(t, "Published KVTuner presets", columns, COUNT(columns), e);
    if (st == COSIM_OK)
        st = check_all(dir, *t, &a, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
