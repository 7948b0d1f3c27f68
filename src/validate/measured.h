/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of measurements made elsewhere become observations: one number each, in SI, with what the
 * source says about the run. Names stay the source's; validate/names.h translates them.
 */
#ifndef VALIDATE_MEASURED_H
#define VALIDATE_MEASURED_H

#include "core/arena.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/* id, name (column "phase" of the tables), unit, doc */
#define QUANTITY_LIST(X)                                                                           \
    X(PREFILL, "prefill", "token/s", "prompt tokens over the time to the first token")             \
    X(DECODE, "decode", "token/s", "output tokens while decoding, all sequences")                  \
    X(OUTPUT, "output", "token/s", "output tokens over the whole time, prefill included")          \
    X(TOTAL, "total", "token/s", "prompt and output tokens over the whole time")                   \
    X(SERVING, "serving", "token/s", "output tokens of an offline batch over the whole time")      \
    X(TTFT, "ttft", "s", "time to the first token")                                                \
    X(TPOT, "tpot", "s", "time of a decode step")                                                  \
    X(DECODE_TIME, "decode_time", "s", "time of all output tokens")                                \
    X(E2E, "e2e", "s", "whole time of a request")                                                  \
    X(WEIGHTS, "weights", "byte", "stored weights")                                                \
    X(PEAK, "peak_memory", "byte", "memory in use, all devices")                                   \
    X(FITS, "fits", "1", "1 = runs, 0 = out of memory; the error is the difference")               \
    X(J_PER_TOKEN, "j_per_token", "J/token", "energy per output token")                            \
    X(POWER, "power", "W", "mean power of all devices")

enum quantity {
#define QUANTITY_ENUM(id, name, unit, doc) QUANTITY_##id,
    QUANTITY_LIST(QUANTITY_ENUM)
#undef QUANTITY_ENUM
        N_QUANTITIES
};

const char *quantity_name(enum quantity q);
const char *quantity_unit(enum quantity q);

/* Texts are "" when the source says nothing; numbers NaN. */
struct observation {
    unsigned line;
    enum quantity quantity;
    double value; /* SI */
    const char *device, *model, *runtime, *format, *a_bits, *kv_bits;
    const char *threads, *scope, *use, *source;
    double n_devices, tp, pp, ep, dp; /* layout NaN = not stated */
    double batch;
    bool largest_batch; /* whatever batch was best and fitted */
    double prompt_tokens, output_tokens;
    const char *skip; /* why it cannot be predicted whatever the names mean, or NULL */
};

struct measured {
    const char *path;
    struct observation *row;
    size_t n;
};

struct measured_kind {
    const char *name, *doc;
    cosim_status (*load)(struct measured *m, const char *path, struct arena *a, cosim_error *e);
    /* from n bytes in memory; `path` stands for the file in errors */
    cosim_status (*parse)(struct measured *m, const char *path, const void *data, size_t n,
                          struct arena *a, cosim_error *e);
};

/* Ends with NULL. To read another schema: a file measured_<kind>.c and an entry. */
extern const struct measured_kind *const measured_kind_list[];

/** EUNKNOWN with a suggestion. */
cosim_status measured_kind_find(const char *name, const struct measured_kind **k, cosim_error *e);

/** "TP2 DP1 EP8" anywhere in a text; degrees that are not named keep their value. */
void layout_of_text(const char *text, struct observation *o);

#endif
