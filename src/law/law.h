/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Scaling laws: a law is a formula with named inputs and parameters; its published parameter sets
 * are rows. Loss is in nats per token. Nothing here knows a model or a device: numbers in, loss
 * out.
 *
 * Formulas, sources and worked numbers: docs/laws.md.
 */
#ifndef LAW_LAW_H
#define LAW_LAW_H

#include "core/err.h"
#include "core/sourced.h"
#include "core/table.h"

#include <stddef.h>

#define LAW_INPUTS_MAX 8
#define LAW_PARAMS_MAX 12

/* An input of a law and the column of that name in a data file. */
struct law_input {
    const char *name, *unit, *doc;
    double lo, hi;  /* allowed range, both ends included */
    double if_none; /* value when not given; unknown (NaN) = the input is required */
};

enum law_sign { LAW_POSITIVE, LAW_FREE }; /* positive parameters are fitted as logarithms */

/* A parameter; lo..hi is where a fit starts looking, not a limit. */
struct law_param {
    const char *name, *doc;
    enum law_sign sign;
    double lo, hi;
};

/* A published parameter set. */
struct law_constants {
    const char *name, *source;
    enum origin origin;
    double p[LAW_PARAMS_MAX];
};

struct law {
    const char *name, *doc, *source;
    const char *result; /* "loss", or "added_loss" for laws of a degradation only */
    const struct law_input *input;
    size_t n_inputs;
    const struct law_param *param;
    size_t n_params;
    const struct law_constants *constants; /* the first is the default; none: fit it yourself */
    size_t n_constants;
    size_t fold_input; /* the input whose values are held out one at a time in cross-validation */
    /* Value at x[n_inputs] with p[n_params]; writes d value / d p when `gradient` is not NULL. */
    double (*value)(const double *x, const double *p, double *gradient);
};

#define LAW(id) extern const struct law law_##id;
#include "law/law_list.h"
#undef LAW

size_t law_count(void);
const struct law *law_at(size_t i);

/** The law of that name; EUNKNOWN with a suggestion. */
cosim_status law_find(const struct law **law, const char *name, cosim_error *e);

/** The parameter set of that name, or the default one for NULL; EUNKNOWN names those there are. */
cosim_status law_constants_find(const struct law_constants **c, const struct law *law,
                                const char *name, cosim_error *e);

/** Index of an input or parameter by name, SIZE_MAX when there is none. */
size_t law_input_index(const struct law *law, const char *name);
size_t law_param_index(const struct law *law, const char *name);

/** Fills unknown (NaN) inputs with their defaults and checks ranges; EUSAGE or ERANGE names it. */
cosim_status law_complete(const struct law *law, double *x, cosim_error *e);

/** Checked value; `x` as for law_complete (not changed). */
cosim_status law_loss(double *loss, const struct law *law, const double *x, const double *p,
                      cosim_error *e);

/** All laws: name, formula, result, inputs, parameter sets, source. */
cosim_status law_list_table(struct table **t, cosim_error *e);

/** The parameters of a law in each of its published sets, one row per (set, parameter). */
cosim_status law_constants_table(struct table **t, const struct law *law, cosim_error *e);

/** The law at x with every published set (or only `set` when not NULL): value and source. */
cosim_status law_value_table(struct table **t, const struct law *law, const double *x,
                             const char *set, cosim_error *e);

#endif
