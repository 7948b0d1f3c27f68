/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/gguf.h"

#include <string.h>

enum { GGUF_STRING = 8, GGUF_ARRAY = 9 };

#define ALIGNMENT_DEFAULT 32u
#define ALIGNMENT_MAX 65536u

/* value types of ggml's gguf.md: bytes, and how the bytes become a number */
static const struct scalar {
    size_t bytes;
    enum { UNSIGNED, SIGNED, REAL, NOT_SCALAR } kind;
} scalars[13] = {
    [0] = { 1, UNSIGNED },   [1] = { 1, SIGNED },     [2] = { 2, UNSIGNED },  [3] = { 2, SIGNED },
    [4] = { 4, UNSIGNED },   [5] = { 4, SIGNED },     [6] = { 4, REAL },      [7] = { 1, UNSIGNED },
    [8] = { 0, NOT_SCALAR }, [9] = { 0, NOT_SCALAR }, [10] = { 8, UNSIGNED }, [11] = { 8, SIGNED },
    [12] = { 8, REAL },
};

static cosim_status read_string(struct byte_reader *r, const char *what, const char **s,
                                struct arena *a, cosim_error *e)
{
    const uint8_t *p;
    uint64_t n;

    TRY(bytes_u64(r, what, &n, e));
    if (n > r->n - r->at)
        return bytes_fail(r, r->at - 8, COSIM_ESYNTAX, e, "%s of %llu bytes, the file has %zu left",
                          what, (unsigned long long)n, r->n - r->at);
    TRY(bytes_take(r, (size_t)n, what, &p, e));
    *s = arena_strndup(a, (const char *)p, (size_t)n);
    return *s ? COSIM_OK : err_set(e, COSIM_ENOMEM, "%s", what);
}

static void read_scalar(struct kv_gguf_value *v, const uint8_t *p, const struct scalar *s)
{
    const uint64_t u = bytes_le(p, s->bytes);

    if (s->kind == REAL && s->bytes == 4) {
        const uint32_t u32 = (uint32_t)u;
        float f;
        memcpy(&f, &u32, 4);
        v->f64 = (double)f;
    } else if (s->kind == REAL) {
        memcpy(&v->f64, &u, 8);
    } else if (s->kind == SIGNED) {
        const uint64_t sign = (uint64_t)1 << (8 * s->bytes - 1);
        v->i64 = (int64_t)((u ^ sign) - sign);
        v->f64 = (double)v->i64;
        v->u64 = v->i64 < 0 ? 0 : (uint64_t)v->i64;
    } else {
        v->u64 = u;
        v->i64 = (int64_t)u;
        v->f64 = (double)u;
    }
}

static cosim_status skip_array(struct byte_reader *r, struct kv_gguf_value *v, cosim_error *e)
{
    const uint8_t *p;
    uint32_t type;
    size_t bytes;

    TRY(bytes_u32(r, "an array's type", &type, e));
    TRY(bytes_u64(r, "an array's length", &v->u64, e));
    if (type > 12 || type == GGUF_ARRAY)
        return bytes_fail(r, r->at - 12, COSIM_EUNSUPPORTED, e, "array of type %u", (unsigned)type);
    if (type != GGUF_STRING) {
        if (!size_mul((size_t)v->u64, scalars[type].bytes, &bytes))
            bytes = SIZE_MAX;
        return bytes_take(r, bytes, "an array", &p, e);
    }
    for (uint64_t i = 0; i < v->u64; i++) {
        uint64_t n;
        TRY(bytes_u64(r, "a string of an array", &n, e));
        TRY(bytes_take(r, n > SIZE_MAX ? SIZE_MAX : (size_t)n, "a string of an array", &p, e));
    }
    return COSIM_OK;
}

static cosim_status read_value(struct byte_reader *r, struct kv_gguf_value *v, struct arena *a,
                               cosim_error *e)
{
    const uint8_t *p;

    TRY(read_string(r, "a metadata key", &v->key, a, e));
    TRY(bytes_u32(r, "a value type", &v->type, e));
    v->offset = r->at;
    if (v->type > 12)
        return bytes_fail(r, r->at - 4, COSIM_ESYNTAX, e, "key '%.60s' has value type %u", v->key,
                          (unsigned)v->type);
    if (v->type == GGUF_STRING)
        return read_string(r, "a string", &v->str, a, e);
    if (v->type == GGUF_ARRAY)
        return skip_array(r, v, e);
    TRY(bytes_take(r, scalars[v->type].bytes, "a value", &p, e));
    read_scalar(v, p, &scalars[v->type]);
    return COSIM_OK;
}

/* `offset` is checked against the data section when its start is known. */
static cosim_status read_info(struct byte_reader *r, struct kv_gguf_info *t, uint64_t *offset,
                              struct arena *a, cosim_error *e)
{
    uint32_t n_dims;

    TRY(read_string(r, "a tensor name", &t->name, a, e));
    TRY(bytes_u32(r, "a tensor's dimensions", &n_dims, e));
    if (n_dims < 1 || n_dims > 4)
        return bytes_fail(r, r->at - 4, COSIM_ESYNTAX, e, "tensor '%.60s' has %u dimensions",
                          t->name, (unsigned)n_dims);
    t->n_dims = n_dims;
    for (size_t i = 0; i < n_dims; i++) {
        uint64_t d;
        TRY(bytes_u64(r, "a dimension", &d, e));
        t->dim[i] = (size_t)d;
    }
    if (!kv_shape_elems(t->dim, n_dims, &t->n))
        return bytes_fail(r, r->at - 8 * n_dims, COSIM_ERANGE, e,
                          "tensor '%.60s' is empty or too large", t->name);
    TRY(bytes_u32(r, "a tensor's type", &t->type, e));
    TRY(bytes_u64(r, "a tensor's offset", offset, e));
    t->dtype = kv_dtype_gguf(t->type);
    if (t->dtype && t->dim[0] % t->dtype->block)
        return bytes_fail(r, r->at - 12, COSIM_ESYNTAX, e,
                          "tensor '%.60s': rows of %zu elements do not divide into blocks of %zu",
                          t->name, t->dim[0], t->dtype->block);
    return COSIM_OK;
}

static cosim_status place_tensors(struct byte_reader *r, struct kv_gguf_info *t,
                                  const uint64_t *offset, size_t n, size_t alignment,
                                  cosim_error *e)
{
    const size_t past = r->at % alignment, pad = past ? alignment - past : 0;

    if (n && pad > r->n - r->at)
        return bytes_fail(r, r->at, COSIM_ESYNTAX, e, "the data section is missing");
    const size_t base = n ? r->at + pad : r->at, room = r->n - base;
    for (size_t i = 0; i < n; i++) {
        if (offset[i] > room || offset[i] % alignment)
            return bytes_fail(r, base, COSIM_ESYNTAX, e,
                              "tensor '%.60s': offset %llu lies outside the data or off the "
                              "alignment of %zu",
                              t[i].name, (unsigned long long)offset[i], alignment);
        t[i].data = r->data + base + (size_t)offset[i];
        if (!t[i].dtype)
            continue;
        size_t bytes;
        if (!size_mul(t[i].n / t[i].dtype->block, t[i].dtype->bytes, &bytes)
            || bytes > room - (size_t)offset[i])
            return bytes_fail(r, base + (size_t)offset[i], COSIM_ESYNTAX, e,
                              "tensor '%.60s' (%s, %zu elements) does not fit into the file",
                              t[i].name, t[i].dtype->name, t[i].n);
    }
    return COSIM_OK;
}

static cosim_status find_alignment(const struct kv_gguf *g, const struct byte_reader *r,
                                   size_t *alignment, cosim_error *e)
{
    const struct kv_gguf_value *v = kv_gguf_value(g, "general.alignment");

    *alignment = v ? (size_t)v->u64 : ALIGNMENT_DEFAULT;
    if (!*alignment || *alignment > ALIGNMENT_MAX || (*alignment & (*alignment - 1)))
        return bytes_fail(r, v ? v->offset : 0, COSIM_ERANGE, e, "alignment %zu", *alignment);
    return COSIM_OK;
}

cosim_status kv_gguf_parse(struct kv_gguf *g, const char *path, const void *data, size_t n,
                           struct arena *a, cosim_error *e)
{
    struct byte_reader r = { path, data, n, 0 };
    uint64_t n_tensors, n_values;
    const uint8_t *p;
    size_t alignment;

    *g = (struct kv_gguf){ .path = path };
    TRY(bytes_take(&r, 4, "the GGUF magic", &p, e));
    if (memcmp(p, "GGUF", 4) != 0)
        return bytes_fail(&r, 0, COSIM_ESYNTAX, e, "no GGUF file");
    TRY(bytes_u32(&r, "the GGUF version", &g->version, e));
    if (g->version < 2 || g->version > 3)
        return bytes_fail(&r, 4, COSIM_EUNSUPPORTED, e, "GGUF version %u (or big-endian)",
                          (unsigned)g->version);
    TRY(bytes_u64(&r, "the number of tensors", &n_tensors, e));
    TRY(bytes_u64(&r, "the number of keys", &n_values, e));
    /* a key takes 13 bytes and a tensor 32 at least: bounds the memory asked for */
    if (n_tensors > (r.n - r.at) / 32 || n_values > (r.n - r.at) / 13)
        return bytes_fail(&r, 8, COSIM_ESYNTAX, e, "%llu tensors and %llu keys do not fit",
                          (unsigned long long)n_tensors, (unsigned long long)n_values);
    struct kv_gguf_value *v = ARENA_NEW(a, struct kv_gguf_value, (size_t)n_values + 1);
    struct kv_gguf_info *t = ARENA_NEW(a, struct kv_gguf_info, (size_t)n_tensors + 1);
    uint64_t *offset = ARENA_NEW(a, uint64_t, (size_t)n_tensors + 1);
    if (!v || !t || !offset)
        return err_set(e, COSIM_ENOMEM, "GGUF header");
    g->value = v;
    g->tensor = t;
    for (; g->n_values < n_values; g->n_values++)
        TRY(read_value(&r, &v[g->n_values], a, e));
    TRY(find_alignment(g, &r, &alignment, e));
    for (; g->n_tensors < n_tensors; g->n_tensors++)
        TRY(read_info(&r, &t[g->n_tensors], &offset[g->n_tensors], a, e));
    return place_tensors(&r, t, offset, g->n_tensors, alignment, e);
}

cosim_status kv_gguf_tensor(const struct kv_gguf *g, size_t i, struct kv_tensor *t, struct arena *a,
                            cosim_error *e)
{
    const struct kv_gguf_info *s = &g->tensor[i];
    const struct src_pos at = { g->path, 0, 0 };

    if (!s->dtype || !s->dtype->decode)
        return err_at(e, COSIM_EUNSUPPORTED, &at, "tensor '%.100s' has type %s (%u)", s->name,
                      s->dtype ? s->dtype->name : "unknown", (unsigned)s->type);
    *t = (struct kv_tensor){ .name = s->name, .n_dims = s->n_dims, .n = s->n };
    for (size_t d = 0; d < s->n_dims; d++)
        t->dim[d] = s->dim[s->n_dims - 1 - d];
    return kv_tensor_decode(t, s->dtype, s->data, a, e);
}

size_t kv_gguf_find(const struct kv_gguf *g, const char *name)
{
    for (size_t i = 0; i < g->n_tensors; i++)
        if (!strcmp(g->tensor[i].name, name))
            return i;
    return SIZE_MAX;
}

const struct kv_gguf_value *kv_gguf_value(const struct kv_gguf *g, const char *key)
{
    for (size_t i = 0; i < g->n_values; i++)
        if (!strcmp(g->value[i].key, key))
            return &g->value[i];
    return NULL;
}
