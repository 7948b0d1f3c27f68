/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/preset.h"

#include "core/file.h"
#include "kv/groups.h"

#include <string.h>

#define PRESET_BYTES_MAX (1u << 20)

/* The subset of YAML that these files use; `line`, `col` of the next character. */
struct yaml {
    const char *path, *at, *end;
    unsigned line, col;
    cosim_error *e;
};

static cosim_status fail(const struct yaml *y, cosim_status st, const char *what)
{
    const struct src_pos at = { y->path, y->line, y->col };

    return err_at(y->e, st, &at, "%s", what);
}

static char look(const struct yaml *y)
{
    return y->at < y->end ? *y->at : '\0';
}

static void step(struct yaml *y)
{
    if (look(y) == '\n') {
        y->line++;
        y->col = 0;
    }
    y->at++;
    y->col++;
}

static void blanks(struct yaml *y)
{
    while (look(y) == ' ')
        step(y);
}

/* Spaces, comments and line ends; afterwards col - 1 is the indentation of the next word. */
static void lines(struct yaml *y)
{
    for (;;) {
        blanks(y);
        if (look(y) == '#')
            while (y->at < y->end && look(y) != '\n')
                step(y);
        if (look(y) != '\n' && look(y) != '\r')
            return;
        step(y);
    }
}

static cosim_status expect(struct yaml *y, char c, const char *what)
{
    blanks(y);
    if (look(y) != c)
        return fail(y, COSIM_ESYNTAX, what);
    step(y);
    return COSIM_OK;
}

static cosim_status whole(struct yaml *y, const char *what, size_t *v)
{
    blanks(y);
    if (look(y) < '0' || look(y) > '9')
        return fail(y, COSIM_ESYNTAX, what);
    for (*v = 0; look(y) >= '0' && look(y) <= '9'; step(y))
        if ((*v = *v * 10 + (size_t)(look(y) - '0')) >= KV_LAYERS_MAX)
            return fail(y, COSIM_ERANGE, "a number of 1024 or more");
    return COSIM_OK;
}

/* "nbits_key: 8" or "nbits_value: 4". */
static cosim_status entry(struct yaml *y, struct kv_pair *p)
{
    static const char *const name[2] = { "nbits_key", "nbits_value" };
    size_t which = 0, bits = 0;

    blanks(y);
    if (look(y) >= '0' && look(y) <= '9')
        return fail(y, COSIM_EUNSUPPORTED, "bits per head are not read, only bits per layer");
    while (which < 2
           && ((size_t)(y->end - y->at) < strlen(name[which])
               || strncmp(y->at, name[which], strlen(name[which])) != 0))
        which++;
    if (which == 2)
        return fail(y, COSIM_ESYNTAX, "nbits_key or nbits_value is missing");
    unsigned *slot = which ? &p->v_bits : &p->k_bits;
    if (*slot)
        return fail(y, COSIM_ESYNTAX, "the same key twice in a layer");
    for (size_t i = strlen(name[which]); i > 0; i--)
        step(y);
    TRY(expect(y, ':', "':' is missing"));
    blanks(y);
    const struct yaml before = *y;
    TRY(whole(y, "a number of bits is missing", &bits));
    if (bits != 2 && bits != 4 && bits != 8 && bits != 16)
        return fail(&before, COSIM_ERANGE, "bits are 2, 4, 8 or 16");
    *slot = (unsigned)bits;
    return COSIM_OK;
}

static cosim_status flow_layer(struct yaml *y, struct kv_pair *p)
{
    step(y); /* the brace */
    TRY(entry(y, p));
    TRY(expect(y, ',', "',' is missing"));
    TRY(entry(y, p));
    return expect(y, '}', "'}' is missing");
}

static cosim_status block_layer(struct yaml *y, unsigned indent, struct kv_pair *p)
{
    for (int i = 0; i < 2; i++) {
        lines(y);
        if (y->col <= indent)
            return fail(y, COSIM_ESYNTAX, "nbits_key and nbits_value belong here, indented");
        TRY(entry(y, p));
    }
    return COSIM_OK;
}

static cosim_status layer(struct yaml *y, struct kv_pair pair[KV_LAYERS_MAX], size_t *n_layers)
{
    const struct yaml before = *y;
    size_t l = 0;

    TRY(whole(y, "a layer number is missing", &l));
    if (pair[l].k_bits)
        return fail(&before, COSIM_ESYNTAX, "this layer stands in the file already");
    TRY(expect(y, ':', "':' is missing"));
    blanks(y);
    if (look(y) == '{')
        TRY(flow_layer(y, &pair[l]));
    else
        TRY(block_layer(y, before.col, &pair[l]));
    if (l + 1 > *n_layers)
        *n_layers = l + 1;
    blanks(y);
    if (look(y) && look(y) != '\n' && look(y) != '\r' && look(y) != '#')
        return fail(y, COSIM_ESYNTAX, "text after the end of a layer");
    return COSIM_OK;
}

cosim_status kv_preset_parse(struct kv_preset_file *p, const char *path, const char *text, size_t n,
                             struct arena *a, cosim_error *e)
{
    struct yaml y = { path, text, text + n, 1, 1, e };
    struct kv_pair pair[KV_LAYERS_MAX] = { 0 };

    *p = (struct kv_preset_file){ 0 };
    for (lines(&y); y.at < y.end; lines(&y))
        TRY(layer(&y, pair, &p->n_layers));
    if (!p->n_layers)
        return fail(&y, COSIM_ESYNTAX, "no layers");
    size_t *id = ARENA_NEW(a, size_t, p->n_layers);
    if (!id)
        return err_set(e, COSIM_ENOMEM, "preset of %zu layers", p->n_layers);
    for (size_t l = 0; l < p->n_layers; l++) {
        if (!pair[l].k_bits) {
            const struct src_pos at = { path, y.line, 0 };
            return err_at(e, COSIM_ESYNTAX, &at, "layer %zu is missing", l);
        }
        id[l] = kv_pair_id(pair[l]);
    }
    p->pair = id;
    return COSIM_OK;
}

cosim_status kv_preset_load(struct kv_preset_file *p, const char *path, struct arena *a,
                            cosim_error *e)
{
    struct file_bytes f = { 0 };
    const char *own = arena_strdup(a, path);

    if (!own)
        return err_set(e, COSIM_ENOMEM, "file name");
    TRY(file_read(&f, path, PRESET_BYTES_MAX, e));
    const cosim_status st = kv_preset_parse(p, own, (const char *)f.data, f.n, a, e);
    file_release(&f);
    return st;
}

cosim_status kv_preset_write(FILE *f, const size_t *pair, size_t n_layers, cosim_error *e)
{
    for (size_t l = 0; l < n_layers; l++) {
        const struct kv_pair p = kv_pair_of(pair[l]);
        if (fprintf(f, "%zu:\n  nbits_key: %u\n  nbits_value: %u\n", l, p.k_bits, p.v_bits) < 0)
            return err_set(e, COSIM_EIO, "cannot write the preset");
    }
    return fflush(f) ? err_set(e, COSIM_EIO, "cannot write the preset") : COSIM_OK;
}
