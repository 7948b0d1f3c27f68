/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * FNV_PRIME;
    return h;
}

cosim_status hash_file(const char *path, uint64_t *h, cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };
    unsigned char piece[16384];
    FILE *in = fopen(path, "rb");
    size_t got;

    *h = HASH_START;
    if (!in)
        return err_at(e, COSIM_EIO, &at, "cannot open: %s", strerror(errno));
    while ((got = fread(piece, 1, sizeof piece, in)) > 0)
        *h = hash_bytes(*h, piece, got);
    const int failed = ferror(in) ? errno : 0;
    (void)fclose(in);
    return failed ? err_at(e, COSIM_EIO, &at, "cannot read: %s", strerror(failed)) : COSIM_OK;
}
