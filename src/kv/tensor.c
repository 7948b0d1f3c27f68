/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/tensor.h"

#include "core/file.h"
#include "kv/gguf.h"

#include <string.h>

bool kv_shape_elems(const size_t *dim, size_t n_dims, size_t *n)
{
    *n = 1;
    for (size_t i = 0; i < n_dims; i++)
        if (!dim[i] || !size_mul(*n, dim[i], n))
            return false;
    return *n <= SIZE_MAX / sizeof(float);
}

cosim_status kv_tensor_decode(struct kv_tensor *t, const struct kv_dtype *d, const uint8_t *p,
                              struct arena *a, cosim_error *e)
{
    float *v = ARENA_NEW(a, float, t->n);

    if (!v)
        return err_set(e, COSIM_ENOMEM, "tensor '%s' of %zu elements", t->name, t->n);
    d->decode(p, t->n / d->block, v);
    t->data = v;
    return COSIM_OK;
}

static cosim_status gguf_tensors(struct kv_tensors *s, const struct file_bytes *f, const char *path,
                                 struct arena *a, cosim_error *e)
{
    struct kv_gguf g;

    TRY(kv_gguf_parse(&g, path, f->data, f->n, a, e));
    struct kv_tensor *t = ARENA_NEW(a, struct kv_tensor, g.n_tensors + 1);
    if (!t)
        return err_set(e, COSIM_ENOMEM, "%zu tensors", g.n_tensors);
    *s = (struct kv_tensors){ .path = path, .tensor = t };
    for (size_t i = 0; i < g.n_tensors; i++) {
        if (!g.tensor[i].dtype || !g.tensor[i].dtype->decode)
            s->n_skipped++;
        else
            TRY(kv_gguf_tensor(&g, i, &t[s->n++], a, e));
    }
    return COSIM_OK;
}

static cosim_status npy_tensors(struct kv_tensors *s, const struct file_bytes *f, const char *path,
                                struct arena *a, cosim_error *e)
{
    struct kv_tensor *t = ARENA_NEW(a, struct kv_tensor, 1);

    if (!t)
        return err_set(e, COSIM_ENOMEM, "a tensor");
    TRY(kv_npy_parse(t, path, f->data, f->n, a, e));
    *s = (struct kv_tensors){ .path = path, .tensor = t, .n = 1 };
    return COSIM_OK;
}

cosim_status kv_tensors_load(struct kv_tensors *s, const char *path, struct arena *a,
                             cosim_error *e)
{
    struct file_bytes f = { 0 };
    const char *own = arena_strdup(a, path);

    if (!own)
        return err_set(e, COSIM_ENOMEM, "file name");
    TRY(file_read(&f, path, KV_FILE_BYTES_MAX, e));
    cosim_status st;
    if (f.n >= 6 && !memcmp(f.data, "\x93NUMPY", 6))
        st = npy_tensors(s, &f, own, a, e);
    else if (f.n >= 4 && !memcmp(f.data, "GGUF", 4))
        st = gguf_tensors(s, &f, own, a, e);
    else
        st = kv_safetensors_parse(s, own, f.data, f.n, a, e);
    file_release(&f);
    return st;
}

const struct kv_tensor *kv_tensors_find(const struct kv_tensors *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->tensor[i].name, name))
            return &s->tensor[i];
    return NULL;
}
