/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/sens_table.h"

#include "core/csv.h"
#include "core/num.h"
#include "kv/groups.h"

struct row {
    const char *pair;
    double layer, e_k, e_v, e_a, e_o, o_rel, kl_nats;
};

static const struct rec_field fields[] = {
    { "layer", REC_F64, offsetof(struct row, layer), 0, 0, KV_LAYERS_MAX - 1, REC_REQUIRED },
    { "pair", REC_STR, offsetof(struct row, pair), 0, 0, 0, REC_REQUIRED },
    { "e_k", REC_F64, offsetof(struct row, e_k), 0, 0, 1e300, 0 },
    { "e_v", REC_F64, offsetof(struct row, e_v), 0, 0, 1e300, 0 },
    { "e_a", REC_F64, offsetof(struct row, e_a), 0, 0, 1e300, 0 },
    { "e_o", REC_F64, offsetof(struct row, e_o), 0, 0, 1e300, REC_REQUIRED },
    { "o_rel", REC_F64, offsetof(struct row, o_rel), 0, 0, 1e300, REC_OPTIONAL_COLUMN },
    { "kl_nats", REC_F64, offsetof(struct row, kl_nats), 0, 0, 1e300, REC_OPTIONAL_COLUMN },
};

cosim_status kv_sens_new(struct kv_sens *s, size_t n_layers, struct arena *a, cosim_error *e)
{
    *s = (struct kv_sens){ .n_layers = n_layers,
                           .error = ARENA_NEW(a, struct kv_errors, n_layers * KV_N_PAIRS),
                           .kl_nats = ARENA_NEW(a, double, n_layers *KV_N_PAIRS) };
    if (!s->error || !s->kl_nats)
        return err_set(e, COSIM_ENOMEM, "sensitivities of %zu layers", n_layers);
    for (size_t i = 0; i < n_layers * KV_N_PAIRS; i++) {
        const double v = i % KV_N_PAIRS ? UNKNOWN_F64 : 0;
        s->error[i] = (struct kv_errors){ v, v, v, v, v };
        s->kl_nats[i] = v;
    }
    return COSIM_OK;
}

cosim_status kv_sens_load(struct kv_sens *s, const char *path, struct arena *a, cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;
    double last = 0;

    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, fields, sizeof fields / sizeof *fields, sizeof(struct row), &rows, a, e));
    for (size_t r = 0; r < doc.n_rows; r++)
        last = max_f64(last, ((const struct row *)rows)[r].layer);
    TRY(kv_sens_new(s, (size_t)last + 1, a, e));
    for (size_t r = 0; r < doc.n_rows; r++) {
        const struct row *x = (const struct row *)rows + r;
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, r, csv_column(&doc, "pair")));
        size_t pair, n;
        TRY(kv_pairs_parse(x->pair, &at, &pair, 1, &n, e));
        if (x->layer > floor(x->layer))
            return err_at(e, COSIM_ERANGE, &at, "layer %g is no whole number", x->layer);
        const size_t i = (size_t)x->layer * KV_N_PAIRS + pair;
        if (pair && is_known(s->error[i].e_o))
            return err_at(e, COSIM_ESYNTAX, &at, "layer %.0f and %s stand in the file already",
                          x->layer, x->pair);
        s->error[i] = (struct kv_errors){ x->e_k, x->e_v, x->e_a, x->e_o, x->o_rel };
        s->kl_nats[i] = x->kl_nats;
    }
    for (size_t l = 0; l < s->n_layers; l++) {
        size_t known = 0;
        for (size_t p = 1; p < KV_N_PAIRS; p++)
            known += is_known(s->error[l * KV_N_PAIRS + p].e_o);
        if (!known) {
            const struct src_pos at = { doc.path, 0, 0 };
            return err_at(e, COSIM_ESYNTAX, &at, "layer %zu is missing", l);
        }
    }
    return COSIM_OK;
}

static int put(FILE *f, double v, const char *end)
{
    return is_known(v) ? fprintf(f, "%.17g%s", v, end) : fprintf(f, "%s", end);
}

cosim_status kv_sens_write(FILE *f, const struct kv_sens *s, cosim_error *e)
{
    bool ok = fprintf(f, "layer,pair,e_k,e_v,e_a,e_o,o_rel,kl_nats\n") > 0;

    for (size_t i = 0; ok && i < s->n_layers * KV_N_PAIRS; i++) {
        const struct kv_errors *x = &s->error[i];
        if (i % KV_N_PAIRS == 0 || !is_known(x->e_o))
            continue;
        ok = fprintf(f, "%zu,%s,", i / KV_N_PAIRS, kv_pair_name(i % KV_N_PAIRS)) > 0
             && put(f, x->e_k, ",") > 0 && put(f, x->e_v, ",") > 0 && put(f, x->e_a, ",") > 0
             && put(f, x->e_o, ",") > 0 && put(f, x->o_rel, ",") > 0
             && put(f, s->kl_nats[i], "\n") > 0;
    }
    return ok && !fflush(f) ? COSIM_OK : err_set(e, COSIM_EIO, "cannot write the sensitivities");
}

kv_pair_set kv_sens_known(const double *value, size_t n_layers)
{
    kv_pair_set known = KV_SET_ALL;

    for (size_t i = 0; i < n_layers * KV_N_PAIRS; i++)
        if (!is_known(value[i]))
            known = (kv_pair_set)(known & ~(1u << i % KV_N_PAIRS));
    return known;
}

void kv_sens_e_o(const struct kv_sens *s, double *value)
{
    for (size_t i = 0; i < s->n_layers * KV_N_PAIRS; i++)
        value[i] = s->error[i].e_o;
}

static double squared(double x)
{
    return x * x;
}

void kv_sens_predict(struct kv_sens *s, unsigned probe_bits, const double *kl_k, const double *kl_v)
{
    const size_t probe_k = kv_pair_id((struct kv_pair){ probe_bits, 16 });
    const size_t probe_v = kv_pair_id((struct kv_pair){ 16, probe_bits });

    for (size_t l = 0; l < s->n_layers; l++) {
        const struct kv_errors *x = s->error + l * KV_N_PAIRS;
        const double w_k = kl_k[l] / squared(x[probe_k].o_rel);
        const double w_v = kl_v[l] / squared(x[probe_v].o_rel);
        for (size_t p = 0; p < KV_N_PAIRS; p++) {
            const struct kv_pair b = kv_pair_of(p);
            const size_t k = kv_pair_id((struct kv_pair){ b.k_bits, 16 });
            const size_t v = kv_pair_id((struct kv_pair){ 16, b.v_bits });
            s->kl_nats[l * KV_N_PAIRS + p] = w_k * squared(x[k].o_rel) + w_v * squared(x[v].o_rel);
        }
    }
}
