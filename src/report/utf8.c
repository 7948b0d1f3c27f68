/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/utf8.h"

struct lead {
    unsigned char mask, value;
    unsigned n;
    uint32_t least; /* smaller values are overlong */
};

static const struct lead lead_table[] = {
    { 0x80, 0x00, 1, 0 },
    { 0xE0, 0xC0, 2, 0x80 },
    { 0xF0, 0xE0, 3, 0x800 },
    { 0xF8, 0xF0, 4, 0x10000 },
};

static size_t decode(const struct lead *l, const unsigned char *s, uint32_t *c)
{
    uint32_t v = (uint32_t)(s[0] & (unsigned char)~l->mask);

    for (unsigned i = 1; i < l->n; i++) {
        if ((s[i] & 0xC0u) != 0x80u)
            return 0;
        v = v << 6 | (s[i] & 0x3Fu);
    }
    if (v < l->least || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
        return 0;
    *c = v;
    return l->n;
}

size_t utf8_next(const char *s, uint32_t *c)
{
    const unsigned char *u = (const unsigned char *)s;

    *c = 0;
    if (!*u)
        return 0;
    for (size_t i = 0; i < sizeof lead_table / sizeof *lead_table; i++) {
        if ((u[0] & lead_table[i].mask) != lead_table[i].value)
            continue;
        const size_t n = decode(&lead_table[i], u, c);
        if (n > 0)
            return n;
    }
    *c = UTF8_REPLACEMENT;
    return 1;
}

void utf8_put(uint32_t c, FILE *out)
{
    if (c < 0x80) {
        (void)putc((int)c, out);
    } else if (c < 0x800) {
        (void)putc((int)(0xC0u | c >> 6), out);
        (void)putc((int)(0x80u | (c & 0x3Fu)), out);
    } else {
        if (c < 0x10000) {
            (void)putc((int)(0xE0u | c >> 12), out);
        } else {
            (void)putc((int)(0xF0u | c >> 18), out);
            (void)putc((int)(0x80u | (c >> 12 & 0x3Fu)), out);
        }
        (void)putc((int)(0x80u | (c >> 6 & 0x3Fu)), out);
        (void)putc((int)(0x80u | (c & 0x3Fu)), out);
    }
}

size_t utf8_columns(const char *s)
{
    size_t n = 0, step;
    uint32_t c;

    for (; (step = utf8_next(s, &c)) > 0; s += step)
        n++;
    return n;
}

size_t utf8_put_shown(const char *s, size_t columns, FILE *out)
{
    const size_t width = utf8_columns(s), shown = width > columns ? columns - 1 : width;
    uint32_t c;

    for (size_t i = 0; i < shown; i++) {
        s += utf8_next(s, &c);
        utf8_put(utf8_is_control(c) ? '?' : c, out);
    }
    if (shown < width)
        utf8_put(0x2026, out);
    return shown < width ? columns : width;
}
