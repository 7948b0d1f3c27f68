/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as devices.csv and as assumptions.csv: read, linted, priced, never a crash. */
#include "hw/lint.h"
#include "hw/rates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assumption_db assumptions;
    struct device_db devices;
    struct arena a = { 0 };
    cosim_error e = { 0 };

    (void)assumption_db_parse(&assumptions, "assumptions.csv", data, size, &a, &e);
    e = (cosim_error){ 0 };
    if (device_db_parse(&devices, "devices.csv", data, size, &a, &e) == COSIM_OK) {
        struct table *findings = NULL;
        if (device_db_lint(&devices, &findings, &e) == COSIM_OK)
            table_free(findings);
        for (size_t i = 0; i < devices.n; i++) {
            const struct device *d;
            struct rates r;
            (void)device_find(&devices, devices.device[i].name, &d, &e);
            (void)rates_make(&r, &devices.device[i], &assumptions, &a, &e);
        }
    }
    arena_release(&a);
    return 0;
}
