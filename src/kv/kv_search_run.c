/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "kv/kv.h"
#include "kv/preset.h"
#include "kv/quantise.h"
#include "kv/search.h"
#include "kv/sens_table.h"

#include <stdio.h>
#include <string.h>

static const struct column columns[] = {
    { "average_bits", "bit", "nominal bits of K and V, mean over layers", CELL_F64 },
    { "kv_bytes_per_token", "byte", "stored, with scales and the residual window", CELL_F64 },
    { "loss", "", "surrogate of the accuracy lost", CELL_F64 },
    { "decode_kv_s", "s", "reading one sequence's cache once", CELL_F64 },
    { "decode_kv_j", "J", "reading one sequence's cache once", CELL_F64 },
    { "within_limit", "", "best point within the limit", CELL_BOOL },
    { "pairs", "", "pair of each layer", CELL_STR },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

/* All that one search needs; everything lives in the arena. */
struct plan {
    const struct kv_search_options *o;
    const struct kv_scheme *scheme;
    struct kv_sens sens;
    struct kv_space space;
    double context_tokens, width, head_dim;
    double *error; /* the chosen column, [layer][pair] */
    bool is_kl;
};

static cosim_status choose_loss(struct plan *p, struct arena *a, cosim_error *e)
{
    const struct kv_search_options *o = p->o;
    const bool kl = o->loss && !strcmp(o->loss, "kl_nats");
    const size_t n = p->sens.n_layers * KV_N_PAIRS;
    double *loss = ARENA_NEW(a, double, n);

    if (o->loss && !kl && strcmp(o->loss, "e_o") != 0)
        return err_set(e, COSIM_EUNKNOWN, "unknown loss '%s': e_o or kl_nats", o->loss);
    p->is_kl = kl;
    p->error = ARENA_NEW(a, double, n);
    if (!loss || !p->error)
        return err_set(e, COSIM_ENOMEM, "losses");
    if (kl)
        memcpy(p->error, p->sens.kl_nats, n * sizeof *loss);
    else
        kv_sens_e_o(&p->sens, p->error);
    const double omega = o->omega > 0 ? o->omega : kl ? 1 : 1 / (double)p->sens.n_layers;
    for (size_t i = 0; i < n; i++) /* unknown pairs are never candidates */
        loss[i] = is_known(p->error[i]) ? omega * p->error[i] : 0;
    p->space.loss = loss;
    p->space.gamma = o->gamma;
    return COSIM_OK;
}

/* Bits of the whole context in one layer: whole numbers, so that sums are exact. */
static cosim_status price(struct plan *p, struct arena *a, cosim_error *e)
{
    const size_t n_layers = p->sens.n_layers;
    double *cost = ARENA_NEW(a, double, n_layers *KV_N_PAIRS);

    if (!cost)
        return err_set(e, COSIM_ENOMEM, "costs");
    for (size_t i = 0; i < n_layers * KV_N_PAIRS; i++) {
        const struct kv_pair b = kv_pair_of(i % KV_N_PAIRS);
        const size_t dim = (size_t)p->head_dim;
        cost[i] = rint(p->width * p->context_tokens
                       * (kv_bits_eff(p->scheme, b.k_bits, dim, p->context_tokens)
                          + kv_bits_eff(p->scheme, b.v_bits, dim, p->context_tokens)));
    }
    p->space.cost = cost;
    return COSIM_OK;
}

static cosim_status published_groups(struct plan *p, struct arena *a, cosim_error *e)
{
    struct kv_groupings all;

    TRY(kv_groupings_load(&all, p->o->groups, a, e));
    const struct kv_grouping *g =
        kv_grouping_find(&all, p->o->model ? p->o->model : "", p->scheme->name);
    if (!g)
        return err_set(e, COSIM_EUNKNOWN, "'%s' has no groups of model '%s', mode %s", p->o->groups,
                       p->o->model ? p->o->model : "", p->scheme->name);
    if (g->n_layers != p->sens.n_layers)
        return err_set(e, COSIM_ERANGE, "%s has %zu layers, the sensitivities %zu", g->model,
                       g->n_layers, p->sens.n_layers);
    const kv_pair_set known = kv_sens_known(p->error, g->n_layers);
    for (size_t i = 0; i < g->n_groups; i++)
        if (g->group[i].set & ~known)
            return err_set(e, COSIM_ERANGE, "the sensitivities lack pairs of group %zu of %s", i,
                           g->model);
    p->space.group = g->group;
    p->space.n_groups = g->n_groups;
    return COSIM_OK;
}

static cosim_status own_groups(struct plan *p, struct arena *a, cosim_error *e)
{
    const size_t n = p->sens.n_layers;
    const kv_pair_set known = kv_sens_known(p->error, n);
    kv_pair_set *set = ARENA_NEW(a, kv_pair_set, n);
    size_t *group = ARENA_NEW(a, size_t, n), *layer = ARENA_NEW(a, size_t, n);
    struct kv_group *g = ARENA_NEW(a, struct kv_group, n);

    if (!set || !group || !layer || !g)
        return err_set(e, COSIM_ENOMEM, "layer groups");
    for (size_t l = 0; l < n; l++) {
        const double *x = p->error + l * KV_N_PAIRS;
        set[l] = p->o->no_prune ? known : kv_prune(x, (kv_pair_set)(known & KV_SET_KVTUNER));
        group[l] = l;
    }
    p->space.n_groups = n;
    if (!p->o->no_prune && (p->o->eps > 0 || !p->is_kl))
        TRY(kv_group_layers(p->error, set, n, p->o->eps > 0 ? p->o->eps : KV_DBSCAN_EPS,
                            KV_DBSCAN_MIN, group, &p->space.n_groups, e));
    for (size_t i = 0, at = 0; i < p->space.n_groups; i++) {
        g[i].layer = layer + at;
        for (size_t l = 0; l < n; l++)
            if (group[l] == i) {
                layer[at++] = l;
                g[i].n_layers++;
                g[i].set = set[l];
            }
    }
    p->space.group = g;
    return COSIM_OK;
}

static cosim_status note_groups(const struct kv_space *s, struct table *t, cosim_error *e)
{
    for (size_t g = 0; g < s->n_groups; g++) {
        char layers[400] = "", pairs[200] = "";
        size_t nl = 0, np = 0;
        for (size_t i = 0; i < s->group[g].n_layers && nl < sizeof layers - 8; i++)
            nl += (size_t)snprintf(layers + nl, sizeof layers - nl, " %zu", s->group[g].layer[i]);
        for (size_t p = 0; p < KV_N_PAIRS; p++)
            if (s->group[g].set >> p & 1u)
                np += (size_t)snprintf(pairs + np, sizeof pairs - np, " %s", kv_pair_name(p));
        TRY(table_note(t, e, "group %zu: layers%s; pairs%s", g, layers, pairs));
    }
    return COSIM_OK;
}

static cosim_status point_row(const struct plan *p, const struct kv_point *x, bool within,
                              struct table *t, cosim_error *e)
{
    size_t pair[KV_LAYERS_MAX], row, at = 0;
    char text[KV_LAYERS_MAX * 6] = "";
    const double bytes = x->cost / 8;

    kv_point_layers(&p->space, x, pair);
    for (size_t l = 0; l < p->space.n_layers; l++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", l ? " " : "",
                               kv_pair_name(pair[l]));
    TRY(table_add_row(t, &row, e));
    table_set_f64(t, row, 0, kv_average_bits(pair, p->space.n_layers));
    table_set_f64(t, row, 1, bytes / p->context_tokens);
    table_set_f64(t, row, 2, x->loss);
    if (p->o->bytes_per_s > 0)
        table_set_f64(t, row, 3, bytes / p->o->bytes_per_s);
    if (p->o->j_per_byte > 0)
        table_set_f64(t, row, 4, bytes * p->o->j_per_byte);
    table_set_flag(t, row, 5, within);
    return table_set_str(t, row, 6, text, e);
}

/* The last point (least loss) whose average nominal bits stay within the limit. */
static size_t best_within(const struct plan *p, const struct kv_front *f)
{
    size_t best = SIZE_MAX, pair[KV_LAYERS_MAX];

    for (size_t i = 0; i < f->n && p->o->limit_bits > 0; i++) {
        kv_point_layers(&p->space, &f->point[i], pair);
        if (kv_average_bits(pair, p->space.n_layers) <= p->o->limit_bits)
            best = i;
    }
    return best;
}

static cosim_status save_preset(const struct plan *p, const struct kv_point *x, cosim_error *e)
{
    const struct src_pos at = { p->o->preset_out, 0, 0 };
    size_t pair[KV_LAYERS_MAX];
    FILE *f = fopen(p->o->preset_out, "w");

    if (!f)
        return err_at(e, COSIM_EIO, &at, "cannot write the preset");
    kv_point_layers(&p->space, x, pair);
    const cosim_status st = kv_preset_write(f, pair, p->space.n_layers, e);
    return fclose(f) && st == COSIM_OK ? err_at(e, COSIM_EIO, &at, "cannot write the preset") : st;
}

static cosim_status fill_table(const struct plan *p, const struct kv_front *f, bool dp,
                               struct table *t, cosim_error *e)
{
    const struct kv_grouping all = { .n_groups = p->space.n_groups, .group = p->space.group };
    const size_t best = best_within(p, f);

    for (size_t i = 0; i < f->n; i++)
        TRY(point_row(p, &f->point[i], i == best, t, e));
    TRY(note_groups(&p->space, t, e));
    TRY(table_note(t, e, "%.6g combinations, exact %s, %.6g %s", kv_combinations(&all),
                   dp ? "dynamic programming" : "enumeration", f->n_visited,
                   dp ? "states" : "visited"));
    TRY(table_note(t, e, "loss is a surrogate of ours (weighted sum of %s), no measured accuracy",
                   p->o->loss ? p->o->loss : "e_o"));
    if (!p->o->preset_out)
        return COSIM_OK;
    if (best == SIZE_MAX)
        return err_set(e, COSIM_ENO, "no point within %g bits to write", p->o->limit_bits);
    return save_preset(p, &f->point[best], e);
}

static cosim_status run(const struct kv_search_options *o, struct table **t, struct arena *a,
                        cosim_error *e)
{
    struct plan p = { .o = o, .scheme = kv_scheme_find(o->mode ? o->mode : "pertoken") };
    struct kv_front f;

    if (!p.scheme)
        return err_set(e, COSIM_EUNKNOWN, "unknown mode '%s': pertoken or kivi", o->mode);
    if (!o->sensitivity)
        return err_set(e, COSIM_EUSAGE, "a table of sensitivities is needed");
    p.head_dim = o->head_dim > 0 ? o->head_dim : 128;
    p.width = p.head_dim * (o->n_kv_heads > 0 ? o->n_kv_heads : 1);
    p.context_tokens = o->context_tokens > 0 ? o->context_tokens : 1024;
    TRY(kv_sens_load(&p.sens, o->sensitivity, a, e));
    p.space.n_layers = p.sens.n_layers;
    TRY(choose_loss(&p, a, e));
    TRY(price(&p, a, e));
    TRY(o->groups ? published_groups(&p, a, e) : own_groups(&p, a, e));
    const bool dp = !(o->gamma > 0);
    TRY(dp ? kv_search_dp(&p.space, &f, a, e) : kv_search_enumerate(&p.space, &f, a, e));
    TRY(table_new(t, "KV precision search", columns, COUNT(columns), e));
    return fill_table(&p, &f, dp, *t, e);
}

cosim_status kv_search_run(const struct kv_search_options *o, struct table **t, cosim_error *e)
{
    struct arena a = { 0 };

    *t = NULL;
    const cosim_status st = run(o, t, &a, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
