/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as observations of every law: an error, or finite data that a short fit survives. */
#include "law/law_fit.h"

#include <gsl/gsl_errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct law_fit_options quick = { .n_starts = 1, .n_bootstrap = 2 };
    struct arena a = { 0 };
    struct csv_doc doc;

    (void)gsl_set_error_handler_off();
    if (size < 4096 && csv_doc_parse(&doc, "data.csv", data, size, &a, NULL) == COSIM_OK)
        for (size_t i = 0; i < law_count(); i++) {
            struct law_data observed;
            struct law_fit fit;
            struct table *t;

            if (law_data_read(&observed, law_at(i), &doc, &a, NULL) != COSIM_OK
                || law_fit(&fit, &observed, &quick, &a, NULL) != COSIM_OK)
                continue;
            if (law_fit_table(&t, &fit, NULL) == COSIM_OK)
                table_free(t);
            if (law_fold_table(&t, &fit, NULL) == COSIM_OK)
                table_free(t);
        }
    arena_release(&a);
    return 0;
}
