/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/num.h"
#include "kv/kv.h"
#include "kv/lm_measure.h"
#include "kv/preset.h"
#include "kv/tensor.h"

#include <string.h>

static const struct column columns[] = {
    { "format", "", "what K, V or the weights were rounded to", CELL_STR },
    { "kv_bytes_per_token", "byte", "K and V of all layers", CELL_F64 },
    { "weight_bytes", "byte", "matrices, metadata included", CELL_F64 },
    { "loss_nats", "nat", "mean over the scored bytes", CELL_F64 },
    { "ppl", "", "perplexity per byte", CELL_F64 },
    { "kl_nats", "nat", "mean divergence from the unquantised run", CELL_F64 },
    { "top1_ratio", "", "share of bytes with the same likeliest next byte", CELL_F64 },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

struct bench {
    const struct kv_measure_options *o;
    const struct kv_scheme *scheme;
    struct lm m;
    struct lm_text text;
    struct lm_reference ref;
    struct lm_kv *kv; /* n_layers */
    struct arena *a;
};

static cosim_status use_pairs(struct bench *b, const size_t *pair, size_t step)
{
    for (size_t l = 0; l < b->m.c.n_layers; l++) {
        const struct kv_pair p = kv_pair_of(pair[l * step]);
        b->kv[l] = (struct lm_kv){ .scheme = b->scheme, .k_bits = p.k_bits, .v_bits = p.v_bits };
    }
    return COSIM_OK;
}

static cosim_status use_preset(struct bench *b, const char *path, cosim_error *e)
{
    struct kv_preset_file p;

    TRY(kv_preset_load(&p, path, b->a, e));
    if (p.n_layers != b->m.c.n_layers)
        return err_set(e, COSIM_ERANGE, "'%s' has %zu layers, the model %zu", path, p.n_layers,
                       b->m.c.n_layers);
    return use_pairs(b, p.pair, 1);
}

static cosim_status use_ggml(struct bench *b, const char *name, const char *slash, cosim_error *e)
{
    char k_name[16] = "";
    const size_t n = (size_t)(slash - name);

    if (n < sizeof k_name)
        memcpy(k_name, name, n);
    const struct fq_format *k = fq_find(k_name), *v = fq_find(slash + 1);
    if (!k || !v)
        return err_set(e, COSIM_EUNKNOWN, "unknown K/V formats '%s'", name);
    if (b->m.c.head_dim % k->block || b->m.c.head_dim % v->block)
        return err_set(e, COSIM_ERANGE, "heads of %zu do not divide into blocks of '%s'",
                       b->m.c.head_dim, name);
    if (b->o->hadamard && (b->m.c.head_dim & (b->m.c.head_dim - 1)))
        return err_set(e, COSIM_ERANGE, "heads of %zu cannot be rotated", b->m.c.head_dim);
    for (size_t l = 0; l < b->m.c.n_layers; l++)
        b->kv[l] = (struct lm_kv){ .k_format = k, .v_format = v, .hadamard = b->o->hadamard };
    return COSIM_OK;
}

static cosim_status use_weights(struct bench *b, const struct fq_format *f, cosim_error *e)
{
    for (size_t i = 0; i < b->m.n_matrices; i++)
        TRY(lm_set_format(&b->m, i, f, e));
    return COSIM_OK;
}

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

static cosim_status use_format(struct bench *b, const char *name, const struct fq_format **weights,
                               cosim_error *e)
{
    const size_t pair = kv_pair_parse(name);
    const char *slash = strchr(name, '/');

    *weights = fq_find("f16");
    memset(b->kv, 0, b->m.c.n_layers * sizeof *b->kv);
    if (pair < KV_N_PAIRS)
        return use_pairs(b, &pair, 0);
    if (ends_with(name, ".yaml") || ends_with(name, ".yml"))
        return use_preset(b, name, e);
    if (!strncmp(name, "w:", 2)) {
        *weights = fq_find(name + 2);
        return *weights ? use_weights(b, *weights, e)
                        : err_set(e, COSIM_EUNKNOWN, "unknown weight format '%s'", name + 2);
    }
    if (slash)
        return use_ggml(b, name, slash, e);
    return err_set(e, COSIM_EUNKNOWN, "'%s' is no pair, K/V format, weight format or preset", name);
}

static cosim_status measure_one(struct bench *b, const char *name, struct table *t, cosim_error *e)
{
    const struct fq_format *weights;
    struct lm_quality q;
    double n_weights = 0;
    size_t row;

    TRY(use_format(b, name, &weights, e));
    TRY(lm_measure(&b->m, &b->text, &b->ref, b->kv, 0, &q, NULL, e));
    TRY(use_weights(b, NULL, e));
    for (size_t i = 0; i < b->m.n_matrices; i++)
        n_weights += (double)(b->m.matrix[i].n_in * b->m.matrix[i].n_out);
    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, 0, name, e));
    const double v[] = { lm_kv_bytes_per_token(&b->m, b->kv, (double)b->text.window),
                         n_weights * weights->bits / 8,
                         q.loss_nats,
                         q.ppl,
                         q.kl_nats,
                         q.top1_ratio };
    for (size_t c = 0; c < COUNT(v); c++)
        table_set_f64(t, row, 1 + c, v[c]);
    return COSIM_OK;
}

static cosim_status measure_all(struct bench *b, struct table *t, cosim_error *e)
{
    b->kv = ARENA_NEW(b->a, struct lm_kv, b->m.c.n_layers);
    if (!b->kv)
        return err_set(e, COSIM_ENOMEM, "formats");
    TRY(lm_reference_new(&b->ref, &b->m, &b->text, e));
    cosim_status st = COSIM_OK;
    for (const char *s = b->o->formats ? b->o->formats : "KV16"; *s && st == COSIM_OK;) {
        const size_t n = strcspn(s, ",");
        const char *name = arena_strndup(b->a, s, n);
        st = name ? measure_one(b, name, t, e) : err_set(e, COSIM_ENOMEM, "format name");
        s += n + (s[n] == ',');
    }
    lm_reference_free(&b->ref);
    return st;
}

cosim_status kv_measure_run(const struct kv_measure_options *o, struct table **t, cosim_error *e)
{
    struct arena a = { 0 };
    struct file_bytes f = { 0 };
    struct bench b = { .o = o, .scheme = kv_scheme_find(o->mode ? o->mode : "pertoken"), .a = &a };

    *t = NULL;
    if (!b.scheme)
        return err_set(e, COSIM_EUNKNOWN, "unknown mode '%s': pertoken or kivi", o->mode);
    if (!o->model || !o->text)
        return err_set(e, COSIM_EUSAGE, "a model and a text are needed");
    cosim_status st = lm_load(&b.m, o->model, &a, e);
    if (st == COSIM_OK)
        st = file_read(&f, o->text, KV_FILE_BYTES_MAX, e);
    if (st == COSIM_OK)
        st = lm_text_span(&b.text, f.data, f.n, o->span_windows, o->n_windows ? o->n_windows : 16,
                          e);
    if (st == COSIM_OK)
        st = table_new(t, "Measured quality", columns, COUNT(columns), e);
    if (st == COSIM_OK)
        st = measure_all(&b, *t, e);
    file_release(&f);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
