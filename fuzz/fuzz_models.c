/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of workloads/: models, formats, scenarios. The loaders take paths, so bytes go through
 * a file. */
#include "model/model.h"
#include "model/model_scenario.h"
#include "quant/format.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load_all(const char *path)
{
    struct model_db models;
    struct format_db formats;
    struct scenario_db scenarios;
    struct arena a = { 0 };
    cosim_error e[3] = { { 0 } };

    if (model_db_load(&models, path, &a, &e[0]) != COSIM_OK && models.n != 0)
        abort();
    if (format_db_load(&formats, path, &a, &e[1]) != COSIM_OK && formats.n != 0)
        abort();
    if (scenario_db_load(&scenarios, path, &a, &e[2]) != COSIM_OK && scenarios.n != 0)
        abort();
    for (size_t i = 0; i < formats.n; i++)
        if (!(format_bits(&formats.format[i], 4096, 4096.0 * 4096.0) > 0.0)
            || !format_for_row(&formats, &formats.format[i], 80))
            abort();
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/fuzz_models_XXXXXX";
    const int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;

    if (!f)
        return 0;
    const size_t n = fwrite(data, 1, size, f);
    if (fclose(f) == 0 && n == size)
        load_all(path);
    (void)unlink(path);
    return 0;
}
