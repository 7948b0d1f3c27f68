/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a journal: an error with a place, or points whose prices are known afterwards. */
#include "search/journal.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const double origin[2] = { 0.0, 0.0 };
    struct search_journal *j;
    struct priced f;
    cosim_error e = { 0 };
    size_t used;

    if (journal_new(&j, 1, 2, 2, &e) != COSIM_OK)
        return 0;
    if (journal_read(j, "fuzz", (const char *)data, size, &used, &e) != COSIM_OK) {
        if (e.status == COSIM_OK || e.line == 0 || e.col == 0)
            abort();
    } else if (used > size) {
        abort();
    }
    if (journal_get(j, origin, &f)
        && !(isfinite(f.violation) && isfinite(f.obj[0]) && isfinite(f.obj[1])))
        abort();
    journal_close(j);
    return 0;
}
