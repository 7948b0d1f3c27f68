/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Measured quality (workloads/quality.csv): how much perplexity a combination of formats costs.
 * Nothing is fitted and nothing is invented: what nobody measured is unknown (NaN).
 *   quality.csv        one measured number a row: model, method, metric, value, value at 16 bits
 *   quality_map.csv    method of the literature -> weight, activation, K and V format, rank
 *   quality_proxy.csv  model -> another model whose numbers may stand in for it, and why
 */
#ifndef QUANT_QUALITY_H
#define QUANT_QUALITY_H

#include "core/arena.h"
#include "core/err.h"
#include "core/sourced.h"

#include <stdbool.h>
#include <stddef.h>

struct quality_row;
struct quality_proxy;

struct quality_db {
    const char *path;
    const struct quality_row *row;
    size_t n;
    const struct quality_proxy *proxy;
    size_t n_proxies;
};

/** One measurement that a result rests on. */
struct quality_fact {
    const char *model, *method, *dataset, *source; /* NULL = none */
    double context_tokens;                         /* evaluation window, NaN = not stated */
};

struct quality {
    double ppl_increase_ratio; /* ppl / ppl at 16 bits - 1; NaN = unknown */
    double kl_nats;            /* mean KL divergence to 16 bits, NaN = unknown */
    enum origin origin;        /* measured; derived (16 bits: 0 by definition); assumed; unknown */
    bool proxy;                /* another model was measured: origin assumed */
    bool uncertain; /* the configuration that was measured is not certain: origin assumed */
    bool additive;  /* weights and cache measured apart, ln ratios added: assumed */
    struct quality_fact weights, cache;
    char doc[384]; /* one line for people: what was measured on what, and what is assumed */
};

/** Reads the three files of folder `dir`. A method that quality_map.csv lacks is an error. */
cosim_status quality_db_load(struct quality_db *db, const char *dir, struct arena *a,
                             cosim_error *e);

/**
 * The cost of a combination, by ids (case-blind). `weights` is a weight scheme's text, `a`, `k`,
 * `v` format ids; every 16- and 32-bit float is "16 bits". In this order: all 16 bits: 0 by
 * definition; the combination measured on this model; on a proxy; weights (with activations) and
 * cache measured apart and added; else unknown. Of several methods for the same storage the lowest
 * rank counts (1 = calibrated after training, 2 = other data or trained, 3 = plain rounding), then
 * the smallest increase.
 */
void quality_lookup(const struct quality_db *db, const char *model, const char *weights,
                    const char *a, const char *k, const char *v, struct quality *out);

#endif
