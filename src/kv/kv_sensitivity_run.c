/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/num.h"
#include "kv/calibrate.h"
#include "kv/kv.h"
#include "kv/lm_measure.h"
#include "kv/sens_table.h"
#include "kv/tensor.h"

#include <stdio.h>
#include <stdlib.h>

static const struct column columns[] = {
    { "layer", "", "layer, from 0", CELL_U64 },
    { "pair", "", "bits of K and V", CELL_STR },
    { "e_k", "", "mean |K - K^| / |K|", CELL_F64 },
    { "e_v", "", "mean |V - V^| / |V|", CELL_F64 },
    { "e_a", "", "mean |a - a^| of attention weights", CELL_F64 },
    { "e_o", "", "mean |o - o^| / |o| of attention outputs", CELL_F64 },
    { "o_rel", "", "||o - o^|| / ||o|| (ours)", CELL_F64 },
    { "kl_nats", "nat", "predicted KL of this layer alone (ours)", CELL_F64 },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

static cosim_status find_scheme(const char *mode, bool repository, struct kv_scheme *s,
                                cosim_error *e)
{
    const struct kv_scheme *found = kv_scheme_find(mode ? mode : "pertoken");

    if (!found)
        return err_set(e, COSIM_EUNKNOWN, "unknown mode '%s': pertoken or kivi", mode);
    *s = *found;
    if (repository)
        s->rule = KV_RULE_REPOSITORY;
    return COSIM_OK;
}

/* One of a layer's tensors as [tokens][heads][dim] in double. */
struct plane {
    const float *data;
    size_t n_tokens, n_heads, dim;
};

static cosim_status plane_of(const struct kv_tensor *t, const char *path, size_t skip_dims,
                             size_t index, bool heads_first, struct plane *p, cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };
    size_t first = skip_dims;

    while (t->n_dims - first > 3 && t->dim[first] == 1) /* a batch of one */
        first++;
    if (t->n_dims < first + 3 || t->n_dims > first + 3)
        return err_at(e, COSIM_ESYNTAX, &at,
                      "tensor '%s' has %zu dimensions, not tokens, heads, "
                      "dim",
                      t->name, t->n_dims);
    const size_t *d = t->dim + first;
    *p = (struct plane){ t->data + index * d[0] * d[1] * d[2], d[heads_first ? 1 : 0],
                         d[heads_first ? 0 : 1], d[2] };
    return COSIM_OK;
}

static void widen_plane(const struct plane *p, bool heads_first, double *out)
{
    for (size_t t = 0; t < p->n_tokens; t++)
        for (size_t h = 0; h < p->n_heads; h++)
            for (size_t d = 0; d < p->dim; d++)
                *out++ =
                    (double)
                        p->data[(heads_first ? h * p->n_tokens + t : t * p->n_heads + h) * p->dim
                                + d];
}

static cosim_status layer_errors(const struct plane plane[3], bool heads_first,
                                 const struct kv_scheme *s, struct kv_errors *out, cosim_error *e)
{
    const struct plane *q = &plane[0], *k = &plane[1], *v = &plane[2];
    struct kv_error_sum sum[KV_N_PAIRS] = { 0 };
    double *block[3] = { NULL, NULL, NULL };
    cosim_status st = COSIM_OK;

    if (k->n_tokens != v->n_tokens || k->n_heads != v->n_heads || q->dim != k->dim
        || k->dim != v->dim)
        return err_set(e, COSIM_ERANGE, "shapes of Q, K and V do not fit together");
    for (size_t i = 0; i < 3; i++) {
        block[i] = calloc(plane[i].n_tokens * plane[i].n_heads * plane[i].dim, sizeof(double));
        if (!block[i])
            st = err_set(e, COSIM_ENOMEM, "a layer's tensors");
        else
            widen_plane(&plane[i], heads_first, block[i]);
    }
    const struct kv_layer_tensors t = { q->n_tokens, k->n_tokens, q->n_heads, k->n_heads, q->dim,
                                        true,        block[0],    block[1],   block[2] };
    if (st == COSIM_OK)
        st = kv_sensitivity_add(&t, s, sum, e);
    for (size_t p = 0; st == COSIM_OK && p < KV_N_PAIRS; p++)
        out[p] = kv_errors_of(&sum[p]);
    for (size_t i = 0; i < 3; i++)
        free(block[i]);
    return st;
}

static const char *const part_name[3] = { "q", "k", "v" };

static cosim_status from_named(const struct kv_sensitivity_options *o, const struct kv_scheme *s,
                               struct kv_sens *out, struct arena *a, cosim_error *e)
{
    const struct src_pos at = { o->tensors, 0, 0 };
    struct kv_tensors set;
    size_t n_layers = 0;
    char name[64];

    TRY(kv_tensors_load(&set, o->tensors, a, e));
    do
        (void)snprintf(name, sizeof name, "layer.%zu.q", n_layers);
    while (kv_tensors_find(&set, name) && ++n_layers);
    if (!n_layers)
        return err_at(e, COSIM_ESYNTAX, &at, "no tensor 'layer.0.q'");
    TRY(kv_sens_new(out, n_layers, a, e));
    for (size_t l = 0; l < n_layers; l++) {
        struct plane plane[3];
        for (size_t i = 0; i < 3; i++) {
            (void)snprintf(name, sizeof name, "layer.%zu.%s", l, part_name[i]);
            const struct kv_tensor *t = kv_tensors_find(&set, name);
            if (!t)
                return err_at(e, COSIM_ESYNTAX, &at, "no tensor '%s'", name);
            TRY(plane_of(t, o->tensors, 0, 0, o->heads_first, &plane[i], e));
        }
        TRY(layer_errors(plane, o->heads_first, s, out->error + l * KV_N_PAIRS, e));
    }
    return COSIM_OK;
}

static cosim_status from_arrays(const struct kv_sensitivity_options *o, const struct kv_scheme *s,
                                struct kv_sens *out, struct arena *a, cosim_error *e)
{
    const char *const path[3] = { o->q, o->k, o->v };
    const struct kv_tensor *t[3];

    for (size_t i = 0; i < 3; i++) {
        const struct src_pos at = { path[i], 0, 0 };
        struct kv_tensors set;
        TRY(kv_tensors_load(&set, path[i], a, e));
        if (set.n != 1 || set.tensor[0].n_dims < 4)
            return err_at(e, COSIM_ESYNTAX, &at, "not one array of layers, tokens, heads, dim");
        t[i] = &set.tensor[0];
        if (t[i]->dim[0] != t[0]->dim[0])
            return err_at(e, COSIM_ERANGE, &at, "%zu layers, but Q has %zu", t[i]->dim[0],
                          t[0]->dim[0]);
    }
    TRY(kv_sens_new(out, t[0]->dim[0], a, e));
    for (size_t l = 0; l < out->n_layers; l++) {
        struct plane plane[3];
        for (size_t i = 0; i < 3; i++)
            TRY(plane_of(t[i], path[i], 1, l, o->heads_first, &plane[i], e));
        TRY(layer_errors(plane, o->heads_first, s, out->error + l * KV_N_PAIRS, e));
    }
    return COSIM_OK;
}

static cosim_status from_model(const struct kv_sensitivity_options *o, const struct kv_scheme *s,
                               struct kv_sens *out, struct arena *a, cosim_error *e)
{
    struct file_bytes f = { 0 };
    struct lm_text text;
    struct lm m;

    TRY(lm_load(&m, o->model, a, e));
    TRY(file_read(&f, o->text, KV_FILE_BYTES_MAX, e));
    cosim_status st =
        lm_text_span(&text, f.data, f.n, o->span_windows, o->n_windows ? o->n_windows : 8, e);
    if (st == COSIM_OK)
        st = kv_calibrate(&m, &text, s, o->calibrate, out, a, e);
    file_release(&f);
    return st;
}

static cosim_status to_table(const struct kv_sens *s, struct table *t, cosim_error *e)
{
    for (size_t i = 0; i < s->n_layers * KV_N_PAIRS; i++) {
        const struct kv_errors *x = &s->error[i];
        size_t row;
        if (i % KV_N_PAIRS == 0)
            continue;
        TRY(table_add_row(t, &row, e));
        table_set_u64(t, row, 0, i / KV_N_PAIRS);
        TRY(table_set_str(t, row, 1, kv_pair_name(i % KV_N_PAIRS), e));
        const double v[] = { x->e_k, x->e_v, x->e_a, x->e_o, x->o_rel, s->kl_nats[i] };
        for (size_t c = 0; c < COUNT(v); c++)
            table_set_f64(t, row, 2 + c, v[c]);
    }
    return COSIM_OK;
}

cosim_status kv_sensitivity_run(const struct kv_sensitivity_options *o, struct table **t,
                                cosim_error *e)
{
    struct arena a = { 0 };
    struct kv_scheme s;
    struct kv_sens sens;
    cosim_status st;

    *t = NULL;
    TRY(find_scheme(o->mode, o->repository_rule, &s, e));
    if (o->model && o->text)
        st = from_model(o, &s, &sens, &a, e);
    else if (o->tensors)
        st = from_named(o, &s, &sens, &a, e);
    else if (o->q && o->k && o->v)
        st = from_arrays(o, &s, &sens, &a, e);
    else
        st = err_set(e, COSIM_EUSAGE, "give a model and a text, a tensor file, or Q, K and V");
    if (st == COSIM_OK)
        st = table_new(t, "KV sensitivity", columns, COUNT(columns), e);
    if (st == COSIM_OK)
        st = to_table(&sens, *t, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
