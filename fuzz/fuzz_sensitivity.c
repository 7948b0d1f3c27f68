/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a sensitivity table and as a table of engines: an error, or losses that are numbers
 * and not negative. */
#include "api/allocate_engine.h"
#include "api/allocate_sensitivity.h"
#include "core/num.h"

#include <stdint.h>
#include <stdlib.h>

#define INPUT_MAX 65536u
#define LAYERS 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct format formats[] = {
    { .id = "int4", .roles = ROLE_W, .payload_bits = 4 },
    { .id = "int8", .roles = ROLE_W, .payload_bits = 8 },
    { .id = "kv4", .roles = ROLE_K | ROLE_V, .payload_bits = 4 },
};
static const struct format_db db = { "formats.csv", formats, 3 };

static void use(const struct sensitivity *s, struct arena *a)
{
    const struct format *const candidate[] = { &formats[0], &formats[1] };
    struct sensitivity_index x;

    if (sensitivity_bind(&x, s, LAYERS, candidate, 2, a, NULL) != COSIM_OK)
        return;
    for (unsigned t = 0; t < N_TENSORS; t++)
        for (size_t l = 0; l < LAYERS; l++)
            for (size_t f = 0; f < 2; f++)
                if (sensitivity_loss(&x, (enum tensor_id)t, l, f, candidate[f], 64.0) < 0.0)
                    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct sensitivity s;
    struct engine_db engines;
    struct csv_doc doc;

    if (size > INPUT_MAX)
        return 0;
    if (csv_doc_parse(&doc, "s.csv", data, size, &a, NULL) == COSIM_OK) {
        if (sensitivity_parse(&s, &doc, &db, &a, NULL) == COSIM_OK)
            use(&s, &a);
        if (engine_db_parse(&engines, &doc, &db, &a, NULL) == COSIM_OK)
            for (size_t i = 0; i < engines.n; i++)
                if (engine_find(&engines, engines.row[i].engine, engines.row[i].format)
                    != &engines.row[i])
                    abort();
    }
    arena_release(&a);
    return 0;
}
