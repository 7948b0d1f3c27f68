/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden files of any schema: must end in a verdict or in an error with a place. */
#include "compat/peer.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table *summary, *worst;
    struct arena a = { 0 };
    struct csv_doc doc;
    cosim_error e = { 0 };
    bool ok;

    if (csv_doc_parse(&doc, "fuzz.csv", data, size, &a, &e) == COSIM_OK) {
        const cosim_status st = peer_validate_doc(&doc, &summary, &worst, &ok, &e);

        if ((st == COSIM_OK) != (summary != NULL) || (st != COSIM_OK && ok))
            abort();
        table_free(summary);
        table_free(worst);
    }
    arena_release(&a);
    return 0;
}
