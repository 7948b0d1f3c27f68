/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/sort.h"

#include <string.h>

#define DIGIT_BITS 11
#define N_DIGITS (1u << DIGIT_BITS)
#define N_PASSES 6
#define SMALL 256u

/* Unsigned integers in the order of the doubles. */
static uint64_t key_of(double v)
{
    uint64_t b;

    v += 0.0; /* -0.0 is 0.0 */
    memcpy(&b, &v, sizeof b);
    return b >> 63 ? ~b : b | (UINT64_C(1) << 63);
}

static void insertion_sort(uint32_t *order, uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint32_t o = order[i];
        const uint64_t k = key[i];
        size_t w = i;
        for (; w > 0 && key[w - 1] > k; w--) {
            key[w] = key[w - 1];
            order[w] = order[w - 1];
        }
        key[w] = k;
        order[w] = o;
    }
}

void sort_order(const double *v, size_t n, uint32_t *order, uint32_t *spare, uint64_t *keys)
{
    uint64_t *key = keys, *key2 = keys + n;
    uint32_t *from = order, *to = spare;

    for (size_t i = 0; i < n; i++)
        key[i] = key_of(v[order[i]]);
    if (n <= SMALL) {
        insertion_sort(order, key, n);
        return;
    }
    for (int pass = 0; pass < N_PASSES; pass++) {
        const int shift = pass * DIGIT_BITS;
        size_t start[N_DIGITS + 1] = { 0 };
        for (size_t i = 0; i < n; i++)
            start[((key[i] >> shift) & (N_DIGITS - 1)) + 1]++;
        if (start[((key[0] >> shift) & (N_DIGITS - 1)) + 1] == n)
            continue; /* all share this digit */
        for (size_t d = 0; d < N_DIGITS; d++)
            start[d + 1] += start[d];
        for (size_t i = 0; i < n; i++) {
            const size_t at = start[(key[i] >> shift) & (N_DIGITS - 1)]++;
            key2[at] = key[i];
            to[at] = from[i];
        }
        uint64_t *const k = key;
        uint32_t *const o = from;
        key = key2;
        key2 = k;
        from = to;
        to = o;
    }
    if (from != order)
        memcpy(order, from, n * sizeof *order);
}
