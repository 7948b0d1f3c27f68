/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A precision pair: bits of the keys and bits of the values of one layer, written K8V4 or KV8. */
#ifndef KV_PAIR_H
#define KV_PAIR_H

#include <stdbool.h>
#include <stddef.h>

/* The widths of KVTuner and 16 = not quantised. Index = position in the list. */
#define KV_N_BITS 4
extern const unsigned kv_bits_of[KV_N_BITS]; /* 16, 8, 4, 2 */

struct kv_pair {
    unsigned k_bits, v_bits;
};

/* All 16 pairs: id = KV_N_BITS * (index of K) + index of V, so id 0 = K16V16, id 15 = KV2. */
#define KV_N_PAIRS (KV_N_BITS * KV_N_BITS)

struct kv_pair kv_pair_of(size_t id);

/** Id of a pair, or KV_N_PAIRS when a width is not 2, 4, 8 or 16. */
size_t kv_pair_id(struct kv_pair p);

/** "KV8", "K8V4"; static storage. */
const char *kv_pair_name(size_t id);

/** Id of "K8V4", "k8v4", "KV8", "K8V8"; KV_N_PAIRS when it is none. */
size_t kv_pair_parse(const char *s);

/** Nominal bits of K and V together (KVTuner's average is half of it). */
static inline unsigned kv_pair_bits(struct kv_pair p)
{
    return p.k_bits + p.v_bits;
}

#endif
