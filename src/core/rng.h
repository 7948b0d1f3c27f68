/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Random numbers that are the same on every machine: each run owns its streams, stream k of a seed
 * never depends on how many threads there are.
 *
 * source   xoshiro256** and splitmix64: D. Blackman and S. Vigna, "Scrambled linear pseudorandom
 *          number generators", ACM TOMS 47(4), 2021; G. Steele et al., "Fast splittable
 *          pseudorandom number generators", OOPSLA 2014
 */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/** The splitmix64 generator's output for the state x: a bijection of 64-bit numbers. */
uint64_t splitmix64(uint64_t x);

/** Stream k of a seed: seeded by splitmix64(seed ^ 0x9E3779B97F4A7C15 * (k + 1)). */
void rng_stream(struct rng *r, uint64_t seed, uint64_t k);

uint64_t rng_u64(struct rng *r);

/** Uniform in [0, 1), a multiple of 2^-53. */
double rng_f64(struct rng *r);

/** Uniform in 0 .. n - 1 without bias; n >= 1. */
uint64_t rng_below(struct rng *r, uint64_t n);

/** Standard normal by the polar method (det_log and the exactly rounded sqrt). */
double rng_normal(struct rng *r);

/** A random order of n numbers, in place. */
void rng_shuffle(struct rng *r, uint32_t *v, size_t n);

#endif
