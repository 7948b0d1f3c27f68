/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What number formats cost in loss by laws, where nothing was measured. Weights: the QAT law when
 * the formats were trained with and it has a set for them, else the term for quantising after
 * training; activations and cache: the effective size of the precision law. All laws are asked with
 * the parameters of the model and the training tokens of the co-design law. [combination: ours]
 */
#ifndef API_LAW_QUALITY_H
#define API_LAW_QUALITY_H

#include "model/graph.h"

/* Training tokens of the models behind the co-design law: what the precision laws are asked with.
 */
#define LAW_TRAINING_TOKENS 1e10

/** Added loss in nats per token; 0 at 16 bits. */
double law_added_loss(const struct plan *plan, double a_bits, bool trained);

#endif
