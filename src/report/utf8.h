/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text on its way out: whatever bytes come in, valid UTF-8 leaves. */
#ifndef REPORT_UTF8_H
#define REPORT_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UTF8_REPLACEMENT 0xFFFDu

/**
 * Decodes one character of a NUL-terminated string and gives the bytes it took (0 at the end).
 * Malformed, overlong, surrogate and out-of-range sequences: one byte, UTF8_REPLACEMENT.
 * source   RFC 3629 section 4
 */
size_t utf8_next(const char *s, uint32_t *c);

void utf8_put(uint32_t c, FILE *out);

/** Characters in s: one terminal column each (no table of wide or combining characters). */
size_t utf8_columns(const char *s);

/** True for C0, DEL and C1: they would let a cell drive the reader's terminal. */
static inline int utf8_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

/** Writes at most `columns` characters, controls as '?', cut with an ellipsis; gives the width. */
size_t utf8_put_shown(const char *s, size_t columns, FILE *out);

#endif
