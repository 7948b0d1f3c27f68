/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/staircase.h"

#include <stdlib.h>

cosim_status stair_init(struct staircase *s, size_t n, cosim_error *e)
{
    size_t n_words[STAIR_LEVELS], total = 0, at = 0;

    *s = (struct staircase){ .n = n };
    for (size_t bits = n ? n : 1; s->n_levels < STAIR_LEVELS; bits = n_words[s->n_levels - 1]) {
        n_words[s->n_levels] = (bits + 63) / 64;
        total += n_words[s->n_levels++];
        if (n_words[s->n_levels - 1] == 1)
            break;
    }
    s->words = calloc(total, sizeof *s->words);
    if (!s->words)
        return err_set(e, COSIM_ENOMEM, "no memory to order %zu points", n);
    for (size_t l = 0; l < s->n_levels; at += n_words[l++])
        s->level[l] = s->words + at;
    return COSIM_OK;
}

void stair_release(struct staircase *s)
{
    free(s->words);
    *s = (struct staircase){ 0 };
}

void stair_insert(struct staircase *s, size_t rank)
{
    for (size_t l = 0; l < s->n_levels; l++, rank >>= 6)
        s->level[l][rank >> 6] |= UINT64_C(1) << (rank & 63);
}

void stair_remove(struct staircase *s, size_t rank)
{
    for (size_t l = 0; l < s->n_levels; l++, rank >>= 6) {
        s->level[l][rank >> 6] &= ~(UINT64_C(1) << (rank & 63));
        if (s->level[l][rank >> 6])
            return;
    }
}

static unsigned highest(uint64_t w)
{
    return 63u - (unsigned)__builtin_clzll(w);
}

static unsigned lowest(uint64_t w)
{
    return (unsigned)__builtin_ctzll(w);
}

size_t stair_at_or_before(const struct staircase *s, size_t rank)
{
    size_t l = 0;
    uint64_t w = s->level[0][rank >> 6] & (~UINT64_C(0) >> (63 - (rank & 63)));

    while (!w) { /* up until a word holds something before */
        rank >>= 6;
        if (++l == s->n_levels)
            return STAIR_NONE;
        w = s->level[l][rank >> 6] & ((UINT64_C(1) << (rank & 63)) - 1);
    }
    rank = (rank >> 6 << 6) | highest(w);
    while (l-- > 0)
        rank = rank << 6 | highest(s->level[l][rank]);
    return rank;
}

size_t stair_after(const struct staircase *s, size_t rank)
{
    size_t l = 0;
    uint64_t w;

    for (;;) { /* bits above `rank`; the shift by 64 is split in two */
        w = s->level[l][rank >> 6] & (~UINT64_C(0) << (rank & 63) << 1);
        if (w)
            break;
        rank >>= 6;
        if (++l == s->n_levels)
            return STAIR_NONE;
    }
    rank = (rank >> 6 << 6) | lowest(w);
    while (l-- > 0)
        rank = rank << 6 | lowest(s->level[l][rank]);
    return rank;
}
