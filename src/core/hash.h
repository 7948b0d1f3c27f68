/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * FNV-1a, 64 bits: tells whether two inputs are the same bytes. Not a defence against forgery.
 *
 * source   G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm"
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/* The state before the first byte: also the hash of nothing. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

/** Continues a hash over n bytes; hash_bytes(hash_bytes(HASH_START, a), b) is the hash of "ab". */
uint64_t hash_bytes(uint64_t h, const void *data, size_t n);

/** Hash of a whole file, read in pieces. EIO with the path when it cannot be read. */
cosim_status hash_file(const char *path, uint64_t *h, cosim_error *e);

#endif
