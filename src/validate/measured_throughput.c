/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tokens per second of prefill and decode (schema: device, n_devices, model, runtime, format,
 * threads, batch, prompt_len, gen_len, pp_tok_s, tg_tok_s, source, notes).
 */
#include "validate/measured_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEVICE,
    N_DEVICES,
    MODEL,
    RUNTIME,
    FORMAT,
    THREADS,
    BATCH,
    PROMPT,
    GEN,
    PP,
    TG,
    SOURCE,
    NOTES
};

static const char *const columns[] = { "device",   "n_devices", "model",      "runtime", "format",
                                       "threads",  "batch",     "prompt_len", "gen_len", "pp_tok_s",
                                       "tg_tok_s", "source",    "notes" };

/* Tokens in the cache before a llama-bench test, which is else made on an empty context. */
static double depth_of(const char *notes)
{
    static const char words[] = "context depth ";
    const char *s = strstr(notes, words);

    return s ? strtod(s + sizeof words - 1, NULL) : 0.0;
}

/*
 * llama-bench times P prompt tokens alone and G new tokens alone, the latter behind an empty
 * context. The engine's request has at least one token of each: P - 1 and 1, 1 and G - 1.
 */
static void as_bench(struct observation *pp, struct observation *tg, double depth)
{
    pp->prompt_tokens = max_f64(pp->prompt_tokens - 1.0, 1.0);
    pp->output_tokens = 1.0;
    if (depth > 0.0)
        pp->skip = "prefill behind a filled cache";
    tg->prompt_tokens = max_f64(depth, 1.0);
    tg->output_tokens = max_f64(tg->output_tokens - 1.0, 2.0);
}

static cosim_status read_row(struct reader *r, cosim_error *e)
{
    struct observation o = reader_blank(r);
    double pp_tok_s, tg_tok_s;

    o.device = reader_text(r, DEVICE);
    o.model = reader_text(r, MODEL);
    o.runtime = reader_text(r, RUNTIME);
    o.format = reader_text(r, FORMAT);
    o.threads = reader_text(r, THREADS);
    o.source = reader_text(r, SOURCE);
    TRY(reader_f64(r, N_DEVICES, 1, 1e6, &o.n_devices, e));
    TRY(reader_f64(r, BATCH, 1, 1e6, &o.batch, e));
    TRY(reader_f64(r, PROMPT, 0, 1e8, &o.prompt_tokens, e));
    TRY(reader_f64(r, GEN, 0, 1e8, &o.output_tokens, e));
    TRY(reader_f64(r, PP, 0, 1e12, &pp_tok_s, e));
    TRY(reader_f64(r, TG, 0, 1e12, &tg_tok_s, e));
    struct observation pp = o, tg = o;
    pp.quantity = QUANTITY_PREFILL;
    pp.value = pp_tok_s;
    tg.quantity = QUANTITY_DECODE;
    tg.value = tg_tok_s;
    if (strncmp(o.runtime, "llama.cpp", 9) == 0)
        as_bench(&pp, &tg, depth_of(reader_text(r, NOTES)));
    if (is_known(pp_tok_s))
        reader_add(r, &pp);
    if (is_known(tg_tok_s))
        reader_add(r, &tg);
    return COSIM_OK;
}

READER_DEFINE(throughput, columns, 2, read_row)

const struct measured_kind measured_throughput = { "throughput",
                                                   "tokens per second of prefill and decode",
                                                   throughput_load, throughput_parse };
