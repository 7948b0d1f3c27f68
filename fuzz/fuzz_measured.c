/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a measured file of every kind and as a table of names: an error, or observations
 * whose texts and numbers can be used. */
#include "core/num.h"
#include "validate/measured.h"
#include "validate/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct measured *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct observation *o = &m->row[i];
        if (!is_known(o->value) || isinf(o->value) || o->quantity >= N_QUANTITIES
            || strlen(o->device) + strlen(o->format) + strlen(o->scope) > INPUT_MAX)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct foreign_names f;

    if (size > INPUT_MAX)
        return 0;
    for (size_t i = 0; measured_kind_list[i]; i++) {
        struct measured m;
        if (measured_kind_list[i]->parse(&m, "m.csv", data, size, &a, NULL) == COSIM_OK)
            use(&m);
    }
    if (names_parse(&f, "n.csv", data, size, &a, NULL) == COSIM_OK && f.n > 0
        && (!names_find(&f, f.row->kind, f.row->name)
            || !names_prefix(&f, f.row->kind, f.row->name)))
        abort();
    arena_release(&a);
    return 0;
}
