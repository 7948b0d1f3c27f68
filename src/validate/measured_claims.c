/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Published figures: of the metrics throughput_tok_s, latency_ms, ttft_ms, memory_gb and feasible
 * those that one prediction answers; other metrics are left alone (schema: metric, value, unit,
 * model, device, n_devices, batch, prompt_len, output_len, weight_format, act_bits, kv_bits,
 * source, phase, system, threads, use).
 */
#include "validate/measured_priv.h"

#include <string.h>

enum {
    METRIC,
    VALUE,
    UNIT,
    MODEL,
    DEVICE,
    N_DEVICES,
    BATCH,
    PROMPT,
    OUTPUT,
    FORMAT,
    A_BITS,
    KV_BITS,
    SOURCE,
    PHASE,
    SYSTEM,
    THREADS,
    USE
};

static const char *const columns[] = {
    "metric", "value",      "unit",       "model",         "device",   "n_devices",
    "batch",  "prompt_len", "output_len", "weight_format", "act_bits", "kv_bits",
    "source", "phase",      "system",     "threads",       "use",
};

static const struct {
    const char *metric, *phase;
    enum quantity quantity;
} answered[] = {
    { "throughput_tok_s", "prefill", QUANTITY_PREFILL },
    { "throughput_tok_s", "decode", QUANTITY_DECODE },
    { "throughput_tok_s", "e2e_out", QUANTITY_OUTPUT },
    { "throughput_tok_s", "e2e_total", QUANTITY_TOTAL },
    { "throughput_tok_s", "serving_out", QUANTITY_SERVING },
    { "latency_ms", "prefill", QUANTITY_TTFT },
    { "latency_ms", "decode", QUANTITY_TPOT },
    { "latency_ms", "decode_total", QUANTITY_DECODE_TIME },
    { "latency_ms", "e2e", QUANTITY_E2E },
    { "ttft_ms", "prefill", QUANTITY_TTFT },
    { "memory_gb", "weights", QUANTITY_WEIGHTS },
    { "memory_gb", "peak", QUANTITY_PEAK },
    { "feasible", "memory_fit", QUANTITY_FITS },
};

static const char *const asked[] = { "throughput_tok_s", "latency_ms", "ttft_ms", "memory_gb",
                                     "feasible" };

static const struct {
    const char *unit;
    double si;
} units[] = {
    { "tok/s", 1.0 }, { "ms", 1e-3 },          { "ms/token", 1e-3 },
    { "GB", 1e9 },    { "GiB", 1073741824.0 }, { "bool", 1.0 },
};

static bool is_asked(const char *metric)
{
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (strcmp(asked[i], metric) == 0)
            return true;
    return false;
}

static void choose_quantity(const struct reader *r, struct observation *o)
{
    const char *metric = reader_text(r, METRIC), *phase = reader_text(r, PHASE);

    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++)
        if (strcmp(answered[i].metric, metric) == 0 && strcmp(answered[i].phase, phase) == 0) {
            o->quantity = answered[i].quantity;
            return;
        }
    o->skip = strcmp(phase, "kernel") == 0 ? "a single kernel" : "training, states or an odd phase";
}

static void scale_value(const struct reader *r, struct observation *o)
{
    const char *unit = reader_text(r, UNIT);

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].unit, unit) == 0) {
            o->value *= units[i].si;
            return;
        }
    o->skip = o->skip ? o->skip : "a unit per device";
}

static cosim_status read_batch(const struct reader *r, struct observation *o, cosim_error *e)
{
    o->largest_batch = strcmp(reader_text(r, BATCH), "max-fit") == 0;
    return o->largest_batch ? COSIM_OK : reader_f64(r, BATCH, 1, 1e6, &o->batch, e);
}

static cosim_status read_row(struct reader *r, cosim_error *e)
{
    struct observation o = reader_blank(r);

    if (!is_asked(reader_text(r, METRIC)))
        return COSIM_OK;
    o.device = reader_text(r, DEVICE);
    o.model = reader_text(r, MODEL);
    o.runtime = reader_text(r, SYSTEM);
    o.format = reader_text(r, FORMAT);
    o.a_bits = reader_text(r, A_BITS);
    o.kv_bits = reader_text(r, KV_BITS);
    o.threads = reader_text(r, THREADS);
    o.use = reader_text(r, USE);
    o.source = reader_text(r, SOURCE);
    TRY(reader_f64(r, VALUE, 0, 1e15, &o.value, e));
    TRY(reader_f64(r, N_DEVICES, 1, 1e6, &o.n_devices, e));
    TRY(reader_f64(r, PROMPT, 0, 1e8, &o.prompt_tokens, e));
    TRY(reader_f64(r, OUTPUT, 0, 1e8, &o.output_tokens, e));
    TRY(read_batch(r, &o, e));
    layout_of_text(o.runtime, &o);
    choose_quantity(r, &o);
    scale_value(r, &o);
    if (is_known(o.value))
        reader_add(r, &o);
    return COSIM_OK;
}

READER_DEFINE(claims, columns, 1, read_row)

const struct measured_kind measured_claims = {
    "claims", "throughput, latency and memory that papers and projects report", claims_load,
    claims_parse
};
