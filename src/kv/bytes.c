/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/bytes.h"

#include <stdarg.h>
#include <stdio.h>

cosim_status bytes_fail(const struct byte_reader *r, size_t offset, cosim_status st, cosim_error *e,
                        const char *fmt, ...)
{
    const struct src_pos at = { r->path, 0, 0 };
    char text[384];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_at(e, st, &at, "byte %zu: %s", offset, text);
}

cosim_status bytes_take(struct byte_reader *r, size_t n, const char *what, const uint8_t **p,
                        cosim_error *e)
{
    if (n > r->n - r->at)
        return bytes_fail(r, r->at, COSIM_ESYNTAX, e, "%s needs %zu bytes, the file has %zu left",
                          what, n, r->n - r->at);
    *p = r->data + r->at;
    r->at += n;
    return COSIM_OK;
}

uint64_t bytes_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

cosim_status bytes_u64(struct byte_reader *r, const char *what, uint64_t *v, cosim_error *e)
{
    const uint8_t *p = NULL;

    TRY(bytes_take(r, 8, what, &p, e));
    *v = bytes_le(p, 8);
    return COSIM_OK;
}

cosim_status bytes_u32(struct byte_reader *r, const char *what, uint32_t *v, cosim_error *e)
{
    const uint8_t *p = NULL;

    TRY(bytes_take(r, 4, what, &p, e));
    *v = (uint32_t)bytes_le(p, 4);
    return COSIM_OK;
}

bool size_mul(size_t a, size_t b, size_t *product)
{
    if (b && a > SIZE_MAX / b)
        return false;
    *product = a * b;
    return true;
}
