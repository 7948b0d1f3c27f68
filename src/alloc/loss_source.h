/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Where the added loss of an option comes from. One group's options must be comparable, so the
 * choice is made per group: the first source, in this order, that knows every allowed option.
 *   1. measured: the loss was measured with this format in this group (or model)
 *   2. sensitivity: a calibrated table or curvature, e.g. loss_from_curvature
 *   3. law: a precision scaling law, shared out by parameters; loss_from_law
 * The name of the source used travels with each option and into every table.
 */
#ifndef ALLOC_LOSS_SOURCE_H
#define ALLOC_LOSS_SOURCE_H

#include "alloc/alloc.h"

/* id, name in tables */
#define LOSS_SOURCE_LIST(X)                                                                        \
    X(MEASURED, "measured")                                                                        \
    X(SENSITIVITY, "sensitivity")                                                                  \
    X(LAW, "law")

enum loss_source {
#define LOSS_SOURCE_ENUM(id, name) LOSS_##id,
    LOSS_SOURCE_LIST(LOSS_SOURCE_ENUM)
#undef LOSS_SOURCE_ENUM
        N_LOSS_SOURCES
};

/** "measured", "sensitivity" or "law". */
const char *loss_source_name(enum loss_source s);

/* What each source says about one option; NaN = nothing. */
struct loss_known {
    double from[N_LOSS_SOURCES];
};

/**
 * Sets `loss` and `source` of n options from known[n]. ENO: no source covers all allowed ones.
 * Barred options are left alone.
 */
cosim_status loss_choose(struct alloc_option *option, const struct loss_known *known, size_t n,
                         const char *group, cosim_error *e);

/** 1/2 tr(H)/n ||dW||^2: mean curvature times squared weight error. [ours; second-order Taylor] */
double loss_from_curvature(double hessian_trace, double n_weights, double squared_error);

/** scale 4^-bits: the error of a uniform quantiser falls fourfold per bit (step^2/12). [ours] */
double loss_from_bits(double scale, double bits);

/** A law's added loss for the whole model at these bits, times this group's share of it. [ours] */
double loss_from_law(double added_loss_of_model, double group_weights, double model_weights);

#endif
