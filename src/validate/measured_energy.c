/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energy per token, power and speed of the same runs (schema: device, n_devices, model, precision,
 * runtime, task, batch, prompt_len, gen_len, phase, tok_s, power_w, j_per_token, j_per_request,
 * ttft_ms, tpot_ms, power_scope, source, notes). Batch is the mean number of running requests.
 */
#include "validate/measured_priv.h"

#include <string.h>

enum {
    DEVICE,
    N_DEVICES,
    MODEL,
    PRECISION,
    RUNTIME,
    BATCH,
    PROMPT,
    GEN,
    PHASE,
    TOK_S,
    POWER,
    J_PER_TOKEN,
    TPOT,
    SCOPE,
    SOURCE,
    NOTES
};

static const char *const columns[] = { "device",  "n_devices",   "model",      "precision",
                                       "runtime", "batch",       "prompt_len", "gen_len",
                                       "phase",   "tok_s",       "power_w",    "j_per_token",
                                       "tpot_ms", "power_scope", "source",     "notes" };

#define S_PER_MS 1e-3

static cosim_status add(struct reader *r, const struct observation *like, size_t column,
                        enum quantity q, double scale, cosim_error *e)
{
    struct observation o = *like;

    o.quantity = q;
    TRY(reader_f64(r, column, 0, 1e12, &o.value, e));
    o.value *= scale;
    if (is_known(o.value))
        reader_add(r, &o);
    return COSIM_OK;
}

static cosim_status read_row(struct reader *r, cosim_error *e)
{
    struct observation o = reader_blank(r);
    const bool decode_only = strcmp(reader_text(r, PHASE), "decode") == 0;

    o.device = reader_text(r, DEVICE);
    o.model = reader_text(r, MODEL);
    o.format = reader_text(r, PRECISION);
    o.runtime = reader_text(r, RUNTIME);
    o.scope = reader_text(r, SCOPE);
    o.source = reader_text(r, SOURCE);
    layout_of_text(reader_text(r, NOTES), &o);
    TRY(reader_f64(r, N_DEVICES, 1, 1e6, &o.n_devices, e));
    TRY(reader_f64(r, BATCH, 0.1, 1e6, &o.batch, e));
    TRY(reader_f64(r, PROMPT, 0, 1e8, &o.prompt_tokens, e));
    TRY(reader_f64(r, GEN, 0, 1e8, &o.output_tokens, e));
    if (strstr(o.scope, "some may idle"))
        o.skip = "power of idle devices is included";
    TRY(add(r, &o, J_PER_TOKEN, QUANTITY_J_PER_TOKEN, 1.0, e));
    TRY(add(r, &o, POWER, QUANTITY_POWER, 1.0, e));
    TRY(add(r, &o, TOK_S, decode_only ? QUANTITY_DECODE : QUANTITY_OUTPUT, 1.0, e));
    return add(r, &o, TPOT, QUANTITY_TPOT, S_PER_MS, e);
}

READER_DEFINE(energy, columns, 4, read_row)

const struct measured_kind measured_energy = { "energy",
                                               "joules per token, watts and speed of the same runs",
                                               energy_load, energy_parse };
