/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as platforms.csv and platform_links.csv over the shipped devices: never a crash.
 * The two files are divided by a line "---". Runs in the root of the repository. */
#include "hw/platform.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t find_divider(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 5 <= size; i++)
        if (memcmp(data + i, "\n---\n", 5) == 0)
            return i + 1;
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t n = find_divider(data, size), rest = n + 4 <= size ? n + 4 : size;
    struct platform_db platforms;
    struct device_db devices;
    struct arena a = { 0 };
    cosim_error e = { 0 };

    if (device_db_load(&devices, "hwdb/devices.csv", &a, &e) == COSIM_OK
        && platform_db_parse(&platforms, &devices, "platforms.csv", data, n, "platform_links.csv",
                             data + rest, size - rest, &a, &e)
               == COSIM_OK) {
        const struct platform *p;
        for (size_t i = 0; i < platforms.n; i++)
            (void)platform_find(&platforms, platforms.platform[i].id, &p, &e);
    }
    arena_release(&a);
    return 0;
}
