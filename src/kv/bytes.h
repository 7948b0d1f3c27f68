/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bounded little-endian reader: every error of a binary file names its byte offset. */
#ifndef KV_BYTES_H
#define KV_BYTES_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

struct byte_reader {
    const char *path;
    const uint8_t *data;
    size_t n, at; /* at <= n always */
};

/** Fails with "byte OFFSET: text". */
cosim_status bytes_fail(const struct byte_reader *r, size_t offset, cosim_status st, cosim_error *e,
                        const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/** The next n bytes, or ESYNTAX naming `what` when the file ends before. */
cosim_status bytes_take(struct byte_reader *r, size_t n, const char *what, const uint8_t **p,
                        cosim_error *e);

cosim_status bytes_u32(struct byte_reader *r, const char *what, uint32_t *v, cosim_error *e);
cosim_status bytes_u64(struct byte_reader *r, const char *what, uint64_t *v, cosim_error *e);

/** Unsigned little-endian number of n <= 8 bytes. */
uint64_t bytes_le(const uint8_t *p, size_t n);

/** a * b, false when it overflows. */
bool size_mul(size_t a, size_t b, size_t *product);

#endif
