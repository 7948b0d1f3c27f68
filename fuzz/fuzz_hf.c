/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hugging Face config.json: any bytes give a model or an error, never both. */
#include "model/model.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct model m;
    cosim_error e = { 0 };
    const cosim_status st = model_hf_parse(&m, "fuzz/config.json", data, size, &a, &e);

    if ((st == COSIM_OK) != (e.status == COSIM_OK))
        abort();
    if (st == COSIM_OK && !m.unsupported && !(m.n_params > 0.0))
        abort();
    arena_release(&a);
    return 0;
}
