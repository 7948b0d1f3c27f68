/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sensitivity tables: what a tensor adds to the loss when it is stored in a format. CSV with the
 * columns tensor, layer and one of three forms a row, in nats per token:
 *   format, loss_nats                          measured or calibrated
 *   scale_nats                                 scale 4^-bits, any format (loss_from_bits)
 *   format, hessian_trace, squared_error       1/2 tr(H)/n ||dW||^2 (loss_from_curvature)
 * tensor: a class of quant/scheme.h or "*"; layer: "7", "4-7" or "*". The value is of each single
 * tensor of each layer named, not of their sum. A row with a format goes before a scale.
 */
#ifndef API_ALLOCATE_SENSITIVITY_H
#define API_ALLOCATE_SENSITIVITY_H

#include "core/arena.h"
#include "core/csv.h"
#include "quant/scheme.h"

struct sensitivity_row {
    unsigned tensors; /* bit per enum tensor_id */
    size_t first, last;
    const struct format *format;                                /* NULL: a scale */
    double loss_nats, scale_nats, hessian_trace, squared_error; /* NaN = not given */
    struct src_pos at;
};

struct sensitivity {
    const struct sensitivity_row *row;
    size_t n;
};

/** Reads a table; every error has file, line and column. */
cosim_status sensitivity_parse(struct sensitivity *s, const struct csv_doc *doc,
                               const struct format_db *formats, struct arena *a, cosim_error *e);

/* The same looked up by tensor, layer and format. */
struct sensitivity_index {
    size_t n_layers, n_formats;
    const struct sensitivity_row **of; /* [tensor][layer][n_formats + 1]; the last: a scale */
};

/**
 * For a model's layers and some formats. ERANGE: a layer that the model lacks; ESYNTAX: a tensor
 * of a layer is given twice for the same format.
 */
cosim_status sensitivity_bind(struct sensitivity_index *x, const struct sensitivity *s,
                              size_t n_layers, const struct format *const *format, size_t n_formats,
                              struct arena *a, cosim_error *e);

/** Added loss of one tensor of n_weights in a format by its index in bind; NaN = not in the table.
 */
double sensitivity_loss(const struct sensitivity_index *x, enum tensor_id t, size_t layer,
                        size_t format, const struct format *f, double n_weights);

#endif
