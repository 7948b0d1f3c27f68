/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/rng.h"

#include "core/detmath.h"

#include <math.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

uint64_t splitmix64(uint64_t x)
{
    uint64_t z = x + GOLDEN;

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void rng_stream(struct rng *r, uint64_t seed, uint64_t k)
{
    uint64_t x = splitmix64(seed ^ GOLDEN * (k + 1));

    for (int i = 0; i < 4; i++, x += GOLDEN)
        r->s[i] = splitmix64(x);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    const uint64_t out = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

double rng_f64(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    const uint64_t unfair = (0 - n) % n; /* 2^64 mod n low values would come once too often */
    uint64_t v;

    do
        v = rng_u64(r);
    while (v < unfair);
    return v % n;
}

double rng_normal(struct rng *r)
{
    for (;;) {
        const double u = 2 * rng_f64(r) - 1, v = 2 * rng_f64(r) - 1, q = u * u + v * v;
        if (q > 0 && q < 1)
            return u * sqrt(-2 * det_log(q) / q);
    }
}

void rng_shuffle(struct rng *r, uint32_t *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)rng_below(r, i);
        const uint32_t t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
}
