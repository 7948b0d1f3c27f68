/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scheme texts against the real formats and recipes (run from the root of the repository). */
#include "quant/scheme.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_scheme(const struct scheme_db *db, const char *text, struct arena *a)
{
    static const struct scheme_context context = { 32, 32, 8, 8, 8e9, false };
    const struct scheme *s[3] = { NULL };
    cosim_error e[3] = { { 0 } };
    const cosim_status st[3] = { scheme_parse(db, text, &s[0], a, &e[0]),
                                 scheme_parse_kv(db, text, ROLE_K, &s[1], a, &e[1]),
                                 scheme_parse_kv(db, text, ROLE_V, &s[2], a, &e[2]) };

    for (size_t i = 0; i < 3; i++) {
        if ((st[i] == COSIM_OK) != (e[i].status == COSIM_OK))
            abort();
        for (unsigned t = 0; st[i] == COSIM_OK && t < N_TENSORS; t++) {
            const struct scheme_tensor tensor = { (enum tensor_id)t, t, 4096, 4096 };
            if (!(scheme_tensor_bytes(s[i], &context, &tensor) > 0.0))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena tables;
    static struct format_db formats;
    static struct scheme_db db;
    struct arena a = { 0 };
    char *text = arena_strndup(&a, (const char *)data, size);

    if (!db.recipe
        && (format_db_load(&formats, "workloads/formats.csv", &tables, NULL) != COSIM_OK
            || scheme_db_load(&db, "workloads/recipes.csv", &formats, &tables, NULL) != COSIM_OK))
        abort();
    if (text)
        try_scheme(&db, text, &a);
    arena_release(&a);
    return 0;
}
