/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes: an error, or tensors whose every element can be read. */
#include "kv/gguf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct kv_tensor *t)
{
    size_t n = 1;

    for (size_t d = 0; d < t->n_dims; d++)
        n *= t->dim[d];
    if (n != t->n || !t->data)
        abort();
    for (size_t i = 0; i < n; i++) {
        const volatile float v = t->data[i];
        (void)v;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct kv_gguf g;
    struct kv_tensor t;

    if (kv_gguf_parse(&g, "fuzz.gguf", data, size, &a, NULL) == COSIM_OK)
        for (size_t i = 0; i < g.n_tensors; i++)
            if (kv_gguf_tensor(&g, i, &t, &a, NULL) == COSIM_OK)
                check(&t);
    arena_release(&a);
    return 0;
}
