/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plain evaluator: one load on one device, operator by operator. The block evaluator
 * (eval/block.h) must give the same bits; estimate and explain use this one.
 */
#ifndef EVAL_POINT_H
#define EVAL_POINT_H

#include "eval/load.h"
#include "eval/metric.h"
#include "hw/rates.h"
#include "roofline/roofline.h"

/* One operator of a phase, priced: times are of one call. */
struct op_cost {
    const struct op *op;
    struct work work;
    struct streams t;
    double network_s, floor_s, call_s, total_s, total_j;
    enum bound bound;
    double flip_ratio; /* speed-up of the binding resource at which another one binds (1 = tie) */
    enum bound flip_to;
};

struct phase_cost {
    double busy_s, step_s, dynamic_j; /* one micro-batch through all stages; j of one rank */
    bool launch_bound;
};

struct point {
    enum reject reject;
    double metric[N_METRICS];
    struct phase_cost prefill, decode;
};

/** Judges one load. `ppl_increase_ratio` NaN = unknown. Metrics are NaN when not computable. */
void point_eval(struct point *p, const struct load *l, const struct rates *r,
                double ppl_increase_ratio);

/** The layout- and device-independent part of the judgement; REJECT_NONE when none applies. */
enum reject point_gate(const struct load *l, const struct rates *r);

/** Costs of one operator alone in a step. */
void point_price(struct op_cost *c, const struct op *op, const struct step *s,
                 const struct rates *r);

/** Costs of operator i of a phase, in graph order. */
void point_op(struct op_cost *c, const struct load *l, const struct phase *ph, size_t i,
              const struct rates *r);

#endif
