/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a KVTuner preset: an error with a line, or valid pairs for every layer. */
#include "kv/pair.h"
#include "kv/preset.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kv_preset_file p;
    struct arena a = { 0 };
    cosim_error e = { 0 };

    if (kv_preset_parse(&p, "fuzz.yaml", (const char *)data, size, &a, &e) == COSIM_OK) {
        for (size_t l = 0; l < p.n_layers; l++)
            if (p.pair[l] >= KV_N_PAIRS)
                abort();
    } else if (!e.line) {
        abort();
    }
    arena_release(&a);
    return 0;
}
