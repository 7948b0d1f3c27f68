/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine predicts for an observation of a measured file, as `cosim estimate` would. */
#ifndef API_PREDICT_H
#define API_PREDICT_H

#include "api/context.h"
#include "validate/measured.h"
#include "validate/names.h"

/* Prompt and output when the source states none: the defaults of a study. */
#define PREDICT_PROMPT_TOKENS 512.0
#define PREDICT_OUTPUT_TOKENS 128.0

/* The largest batch that is tried for "whatever fits". */
#define PREDICT_BATCH_MAX 4096.0

struct prediction {
    const char *skip, *skipped_name; /* why there is none, and the name or number concerned */
    const struct device *device;
    bool any_device; /* the value does not depend on it */
    const struct model *model;
    const char *runtime;    /* family of the runtime */
    const char *w, *a, *kv; /* our formats */
    double tp, pp, ep, dp, batch, prompt_tokens, output_tokens;
    double value; /* SI, as observation.value */
    enum reject reject;
    const char *assumed; /* what the source does not say; "" = nothing */
};

/**
 * Translates the observation's names and evaluates the point with the rates as they are: data
 * sheets and labelled assumptions, nothing fitted. What cannot be translated gives p->skip and
 * COSIM_OK; errors are broken tables (an id in measured_names.csv that does not exist) and memory.
 */
cosim_status predict(cosim *c, const struct foreign_names *names, const struct observation *o,
                     struct prediction *p, struct arena *a, cosim_error *e);

#endif
