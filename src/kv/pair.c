/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/pair.h"

#include "core/text.h"

#include <stdio.h>

const unsigned kv_bits_of[KV_N_BITS] = { 16, 8, 4, 2 };

static const char *const names[KV_N_PAIRS] = {
    "KV16",  "K16V8", "K16V4", "K16V2", "K8V16", "KV8",  "K8V4", "K8V2",
    "K4V16", "K4V8",  "KV4",   "K4V2",  "K2V16", "K2V8", "K2V4", "KV2",
};

struct kv_pair kv_pair_of(size_t id)
{
    return (struct kv_pair){ kv_bits_of[id / KV_N_BITS], kv_bits_of[id % KV_N_BITS] };
}

size_t kv_pair_id(struct kv_pair p)
{
    for (size_t i = 0; i < KV_N_PAIRS; i++)
        if (kv_pair_of(i).k_bits == p.k_bits && kv_pair_of(i).v_bits == p.v_bits)
            return i;
    return KV_N_PAIRS;
}

const char *kv_pair_name(size_t id)
{
    return id < KV_N_PAIRS ? names[id] : "?";
}

size_t kv_pair_parse(const char *s)
{
    for (size_t i = 0; i < KV_N_PAIRS; i++) {
        const struct kv_pair p = kv_pair_of(i);
        char lengthy[16];
        (void)snprintf(lengthy, sizeof lengthy, "K%uV%u", p.k_bits, p.v_bits);
        if (text_equal_nocase(s, names[i]) || text_equal_nocase(s, lengthy))
            return i;
    }
    return KV_N_PAIRS;
}
