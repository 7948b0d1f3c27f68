/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The safetensors format: u64 header length, a JSON object, then the data without holes. */
#include "kv/tensor.h"

#include <jansson.h>
#include <string.h>

#define HEADER_BYTES_MAX 100000000u /* the format's own limit */

static cosim_status field_error(const struct byte_reader *r, const char *name, const char *what,
                                cosim_error *e)
{
    return bytes_fail(r, 8, COSIM_ESYNTAX, e, "tensor '%.100s': %s", name, what);
}

static bool size_of(const json_t *v, size_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return false;
    *out = (size_t)json_integer_value(v);
    return true;
}

/* `base` is where the data begins. Integer tensors are checked and skipped (t->data stays NULL). */
static cosim_status one_tensor(const struct byte_reader *r, size_t base, const char *name,
                               const json_t *o, struct kv_tensor *t, struct arena *a,
                               cosim_error *e)
{
    const char *dtype = json_string_value(json_object_get(o, "dtype"));
    const json_t *shape = json_object_get(o, "shape"), *off = json_object_get(o, "data_offsets");
    size_t begin, end, bytes;

    if (!dtype || !json_is_array(shape) || json_array_size(off) != 2
        || !size_of(json_array_get(off, 0), &begin) || !size_of(json_array_get(off, 1), &end))
        return field_error(r, name, "dtype, shape or data_offsets is missing or malformed", e);
    if (begin > end || end > r->n - base)
        return bytes_fail(r, base, COSIM_ESYNTAX, e,
                          "tensor '%.100s': data %zu to %zu lies outside the %zu bytes of data",
                          name, begin, end, r->n - base);
    const struct kv_dtype *d = kv_dtype_safetensors(dtype);
    if (!d || !d->decode)
        return COSIM_OK;
    *t = (struct kv_tensor){ .name = arena_strdup(a, name), .n_dims = json_array_size(shape) };
    if (!t->name)
        return err_set(e, COSIM_ENOMEM, "tensor name");
    if (t->n_dims > KV_DIMS_MAX)
        return field_error(r, name, "more than 6 dimensions", e);
    for (size_t i = 0; i < t->n_dims; i++)
        if (!size_of(json_array_get(shape, i), &t->dim[i]))
            return field_error(r, name, "a dimension is no whole number", e);
    if (!kv_shape_elems(t->dim, t->n_dims, &t->n) || !size_mul(t->n, d->bytes, &bytes))
        return field_error(r, name, "the shape is empty or too large", e);
    if (bytes != end - begin)
        return bytes_fail(r, base + begin, COSIM_ESYNTAX, e,
                          "tensor '%.100s': the shape needs %zu bytes, data_offsets give %zu", name,
                          bytes, end - begin);
    return kv_tensor_decode(t, d, r->data + base + begin, a, e);
}

static cosim_status all_tensors(struct kv_tensors *s, const struct byte_reader *r, size_t base,
                                json_t *root, struct arena *a, cosim_error *e)
{
    struct kv_tensor *t = ARENA_NEW(a, struct kv_tensor, json_object_size(root) + 1);
    const char *name;
    json_t *o;

    if (!t)
        return err_set(e, COSIM_ENOMEM, "%zu tensors", json_object_size(root));
    *s = (struct kv_tensors){ .path = r->path, .tensor = t };
    json_object_foreach(root, name, o)
    {
        if (!strcmp(name, "__metadata__"))
            continue;
        TRY(one_tensor(r, base, name, o, &t[s->n], a, e));
        if (t[s->n].data)
            s->n++;
        else
            s->n_skipped++;
    }
    return COSIM_OK;
}

cosim_status kv_safetensors_parse(struct kv_tensors *s, const char *path, const void *data,
                                  size_t n, struct arena *a, cosim_error *e)
{
    struct byte_reader r = { path, data, n, 0 };
    uint64_t n_header;
    const uint8_t *p;
    json_error_t je;

    TRY(bytes_u64(&r, "the safetensors header length", &n_header, e));
    if (n_header > HEADER_BYTES_MAX || n_header > r.n - r.at)
        return bytes_fail(&r, 0, COSIM_ESYNTAX, e,
                          "no .npy or GGUF file, and as safetensors a header of %llu bytes does "
                          "not fit",
                          (unsigned long long)n_header);
    TRY(bytes_take(&r, (size_t)n_header, "the safetensors header", &p, e));
    json_t *root = json_loadb((const char *)p, (size_t)n_header, JSON_REJECT_DUPLICATES, &je);
    if (!root || !json_is_object(root)) {
        json_decref(root);
        return bytes_fail(&r, 8 + (root ? 0 : (size_t)je.position), COSIM_ESYNTAX, e, "%s",
                          root ? "the header is no JSON object" : je.text);
    }
    const cosim_status st = all_tensors(s, &r, r.at, root, a, e);
    json_decref(root);
    return st;
}
