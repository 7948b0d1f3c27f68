/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fast evaluator: one load on many devices at once. Prices stand in columns over the devices,
 * so the inner loops are multiply, add and max on contiguous doubles. It gives the bits of
 * point_eval (eval/point.h): same expressions, same order, no contraction.
 */
#ifndef EVAL_BLOCK_H
#define EVAL_BLOCK_H

#include "eval/load.h"
#include "eval/metric.h"
#include "hw/rates.h"

#include <stdint.h>

/* Devices in a chunk whose sums stay in the first-level cache; long enough to be vectorised. */
#define BLOCK_LANES 32u

/* Prices of n devices as columns of `stride` doubles (a multiple of BLOCK_LANES, padded). */
struct rate_columns {
    size_t n, stride;
    double *s_per_flop[N_PREC], *j_per_flop[N_PREC], *rate[N_RATES], *device_price_usd;
};

/** Columns from rates[0..n): all in the arena. */
cosim_status rate_columns_make(struct rate_columns *c, const struct rates *r, size_t n,
                               struct arena *a, cosim_error *e);

/* Results of one block and what is kept between blocks; one per thread. */
struct block {
    const struct rate_columns *columns;
    uint8_t *graph_reject;     /* n: what the graph alone decides */
    uint8_t *reject;           /* n: enum reject */
    double *metric[N_METRICS]; /* n each; only the asked ones are filled */
    double *prefill_s, *decode_s, *prefill_j, *decode_j;
    bool prefill_known; /* prefill_s and prefill_j are those of the current load */
};

cosim_status block_init(struct block *b, const struct rate_columns *c, struct arena *a,
                        cosim_error *e);

/** Call when the graph of the following loads changes. */
void block_set_graph(struct block *b, const struct load *l);

/** Call when the prefill of the following loads changes. */
static inline void block_set_prefill(struct block *b)
{
    b->prefill_known = false;
}

/** Fills reject[] and, if any device is feasible, the metrics whose bit is set in `asked`. */
void block_eval(struct block *b, const struct load *l, double ppl_increase_ratio, uint32_t asked);

#endif
