/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The .npy format: numpy/lib/format.py, versions 1.0 to 3.0. */
#include "kv/tensor.h"

#include <string.h>

struct npy_header {
    const char *descr; /* into the file */
    size_t n_descr;
    bool fortran, has_fortran, has_shape;
    size_t n_dims, dim[KV_DIMS_MAX];
};

/* The header is a Python dictionary literal: only the three keys that the format defines. */
struct literal {
    struct byte_reader *r;
    size_t end;
    cosim_error *e;
};

static cosim_status bad(const struct literal *l, const char *what)
{
    return bytes_fail(l->r, l->r->at, COSIM_ESYNTAX, l->e, "%s in the .npy header", what);
}

static char peek(struct literal *l)
{
    while (l->r->at < l->end && strchr(" \t\r\n", l->r->data[l->r->at]) && l->r->data[l->r->at])
        l->r->at++;
    return l->r->at < l->end ? (char)l->r->data[l->r->at] : '\0';
}

static bool accept(struct literal *l, char c)
{
    if (peek(l) != c || c == '\0')
        return false;
    l->r->at++;
    return true;
}

static cosim_status quoted(struct literal *l, const char **s, size_t *n)
{
    const char quote = peek(l);

    if (quote != '\'' && quote != '"')
        return bad(l, "a quoted name is missing");
    const size_t start = ++l->r->at;
    while (l->r->at < l->end && l->r->data[l->r->at] != (uint8_t)quote)
        l->r->at++;
    if (l->r->at == l->end)
        return bad(l, "a quote is not closed");
    *s = (const char *)l->r->data + start;
    *n = l->r->at++ - start;
    return COSIM_OK;
}

static cosim_status boolean(struct literal *l, bool *v)
{
    static const char *const word[2] = { "False", "True" };

    (void)peek(l);
    for (size_t i = 0; i < 2; i++) {
        const size_t n = strlen(word[i]);
        if (l->end - l->r->at >= n && !memcmp(l->r->data + l->r->at, word[i], n)) {
            l->r->at += n;
            *v = i == 1;
            return COSIM_OK;
        }
    }
    return bad(l, "True or False is missing");
}

static cosim_status shape(struct literal *l, struct npy_header *h)
{
    if (!accept(l, '('))
        return bad(l, "'(' is missing");
    while (!accept(l, ')')) {
        size_t v = 0;
        if (peek(l) < '0' || peek(l) > '9')
            return bad(l, "a dimension is missing");
        for (; l->r->at < l->end && l->r->data[l->r->at] >= '0' && l->r->data[l->r->at] <= '9';
             l->r->at++)
            if (!size_mul(v, 10, &v) || v > SIZE_MAX - 9)
                return bad(l, "a dimension is too large");
            else
                v += (size_t)(l->r->data[l->r->at] - '0');
        if (h->n_dims == KV_DIMS_MAX)
            return bad(l, "more than 6 dimensions");
        h->dim[h->n_dims++] = v;
        if (!accept(l, ',') && peek(l) != ')')
            return bad(l, "',' or ')' is missing");
    }
    return COSIM_OK;
}

static cosim_status dictionary(struct literal *l, struct npy_header *h)
{
    if (!accept(l, '{'))
        return bad(l, "'{' is missing");
    while (!accept(l, '}')) {
        const char *key;
        size_t n;
        TRY(quoted(l, &key, &n));
        if (!accept(l, ':'))
            return bad(l, "':' is missing");
        if (n == 5 && !memcmp(key, "descr", n) && !h->descr) {
            TRY(quoted(l, &h->descr, &h->n_descr));
        } else if (n == 13 && !memcmp(key, "fortran_order", n) && !h->has_fortran) {
            TRY(boolean(l, &h->fortran));
            h->has_fortran = true;
        } else if (n == 5 && !memcmp(key, "shape", n) && !h->has_shape) {
            TRY(shape(l, h));
            h->has_shape = true;
        } else {
            return bad(l, "an unknown or repeated key");
        }
        if (!accept(l, ',') && peek(l) != '}')
            return bad(l, "',' or '}' is missing");
    }
    if (!h->descr || !h->has_fortran || !h->has_shape)
        return bad(l, "descr, fortran_order or shape is missing");
    return COSIM_OK;
}

/* Fortran order: index i counts the first dimension fastest. */
static cosim_status to_c_order(struct kv_tensor *t, struct arena *a, cosim_error *e)
{
    float *v = ARENA_NEW(a, float, t->n);
    size_t digit[KV_DIMS_MAX] = { 0 };

    if (!v)
        return err_set(e, COSIM_ENOMEM, "tensor of %zu elements", t->n);
    for (size_t i = 0; i < t->n; i++) {
        size_t at = 0;
        for (size_t d = 0; d < t->n_dims; d++)
            at = at * t->dim[d] + digit[d];
        v[at] = t->data[i];
        for (size_t d = 0; d < t->n_dims && ++digit[d] == t->dim[d]; d++)
            digit[d] = 0;
    }
    t->data = v;
    return COSIM_OK;
}

cosim_status kv_npy_parse(struct kv_tensor *t, const char *path, const void *data, size_t n,
                          struct arena *a, cosim_error *e)
{
    struct byte_reader r = { path, data, n, 0 };
    struct npy_header h = { 0 };
    const uint8_t *p;
    size_t bytes;

    TRY(bytes_take(&r, 8, "the .npy magic", &p, e));
    if (memcmp(p, "\x93NUMPY", 6) != 0)
        return bytes_fail(&r, 0, COSIM_ESYNTAX, e, "no .npy file");
    if (p[6] < 1 || p[6] > 3)
        return bytes_fail(&r, 6, COSIM_EUNSUPPORTED, e, ".npy version %u", (unsigned)p[6]);
    const size_t width = p[6] == 1 ? 2 : 4;
    TRY(bytes_take(&r, width, "the .npy header length", &p, e));
    const size_t n_header = (size_t)bytes_le(p, width);
    if (n_header > r.n - r.at)
        return bytes_fail(&r, r.at, COSIM_ESYNTAX, e, "header of %zu bytes, the file has %zu left",
                          n_header, r.n - r.at);
    struct literal l = { &r, r.at + n_header, e };
    TRY(dictionary(&l, &h));
    if (peek(&l))
        return bad(&l, "text after the dictionary");
    r.at = l.end;

    const struct kv_dtype *d = kv_dtype_npy(h.descr, h.n_descr);
    if (!d || !d->decode)
        return bytes_fail(&r, (size_t)(h.descr - (const char *)r.data), COSIM_EUNSUPPORTED, e,
                          "element type '%.*s', not <f2, <f4 or <f8",
                          (int)(h.n_descr < 32 ? h.n_descr : 32), h.descr);
    *t = (struct kv_tensor){ .name = "", .n_dims = h.n_dims };
    memcpy(t->dim, h.dim, sizeof h.dim);
    if (!kv_shape_elems(t->dim, t->n_dims, &t->n) || !size_mul(t->n, d->bytes, &bytes))
        return bytes_fail(&r, r.at, COSIM_ERANGE, e, "the shape is empty or too large");
    if (bytes != r.n - r.at)
        return bytes_fail(&r, r.at, COSIM_ESYNTAX, e, "the shape needs %zu bytes, there are %zu",
                          bytes, r.n - r.at);
    TRY(kv_tensor_decode(t, d, r.data + r.at, a, e));
    return h.fortran && t->n_dims > 1 ? to_c_order(t, a, e) : COSIM_OK;
}
