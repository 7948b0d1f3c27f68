/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/kv_preset.h"

#include "kv/pair.h"
#include "kv/preset.h"

#include <stdio.h>
#include <string.h>

#define LAYERS_MAX 4096u
#define ROW_ELEMS 256.0 /* a row that every block format divides */

/* What a scheme asks about: nothing of a cache scheme depends on the model but the layer. */
static unsigned bits_of(const struct scheme *s, enum tensor_id id, size_t layer, size_t n_layers)
{
    const struct scheme_context context = { .n_layers = n_layers };
    const struct scheme_tensor t = { id, layer, ROW_ELEMS, 1.0 };
    const double bits = format_nominal_bits(scheme_format(s, &context, &t));

    return bits > 16.0 ? 16 : (unsigned)bits;
}

static cosim_status find_pairs(const struct scheme *k, const struct scheme *v, size_t n,
                               size_t *pair, cosim_error *e)
{
    for (size_t l = 0; l < n; l++) {
        const struct kv_pair p = { bits_of(k, TENSOR_ATTN_K, l, n),
                                   bits_of(v, TENSOR_ATTN_V, l, n) };
        pair[l] = kv_pair_id(p);
        if (pair[l] == KV_N_PAIRS)
            return err_set(e, COSIM_ERANGE,
                           "layer %zu has %u and %u bits: a preset knows 2, 4, 8 and 16", l,
                           p.k_bits, p.v_bits);
    }
    return COSIM_OK;
}

static cosim_status write_file(const char *path, const size_t *pair, size_t n, cosim_error *e)
{
    FILE *f = fopen(path, "w");

    if (!f)
        return err_set(e, COSIM_EIO, "cannot write '%s'", path);
    cosim_status st = kv_preset_write(f, pair, n, e);
    if (fclose(f) != 0 && st == COSIM_OK)
        st = err_set(e, COSIM_EIO, "cannot write '%s'", path);
    return st;
}

static cosim_status write_table(struct table **t, const size_t *pair, size_t n, cosim_error *e)
{
    static const struct column columns[] = {
        { "layer", "", "", CELL_U64 },
        { "pair", "", "", CELL_STR },
        { "k_bits", "bit", "nominal", CELL_U64 },
        { "v_bits", "bit", "nominal", CELL_U64 },
    };
    double bits = 0.0;

    TRY(table_new(t, "preset", columns, sizeof columns / sizeof *columns, e));
    for (size_t l = 0; l < n; l++) {
        const struct kv_pair p = kv_pair_of(pair[l]);
        size_t row;
        TRY(table_add_row(*t, &row, e));
        table_set_u64(*t, row, 0, l);
        TRY(table_set_str(*t, row, 1, kv_pair_name(pair[l]), e));
        table_set_u64(*t, row, 2, p.k_bits);
        table_set_u64(*t, row, 3, p.v_bits);
        bits += kv_pair_bits(p);
    }
    return table_note(*t, e, "%.4f nominal bits in the mean", bits / (2.0 * (double)n));
}

static cosim_status run(cosim *c, const struct kv_preset_options *o, struct arena *a,
                        struct table **t, cosim_error *e)
{
    const struct scheme *k, *v;

    if (!o->cache || o->n_layers == 0 || o->n_layers > LAYERS_MAX)
        return err_set(e, COSIM_EUSAGE, "give --cache and --layers (1 to %u)", LAYERS_MAX);
    char *text = arena_strdup(a, o->cache);
    size_t *pair = ARENA_NEW(a, size_t, o->n_layers);
    if (!text || !pair)
        return err_set(e, COSIM_ENOMEM, "out of memory for a preset");
    char *colon = strchr(text, ':');
    if (colon)
        *colon = '\0';
    TRY(scheme_parse_kv(&c->schemes, text, ROLE_K, &k, a, e));
    TRY(scheme_parse_kv(&c->schemes, colon ? colon + 1 : text, ROLE_V, &v, a, e));
    TRY(find_pairs(k, v, o->n_layers, pair, e));
    if (o->preset_out)
        TRY(write_file(o->preset_out, pair, o->n_layers, e));
    return write_table(t, pair, o->n_layers, e);
}

cosim_status kv_preset_run(cosim *c, const struct kv_preset_options *o, struct table **t,
                           cosim_error *e)
{
    struct arena a = { NULL };
    const cosim_status st = run(c, o, &a, t, e);

    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
