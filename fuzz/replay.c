/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feeds every file of fuzz/corpus/NAME to the harness of program fuzz_NAME.replay. */
#include "core/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *path)
{
    struct file_bytes f;

    if (file_read(&f, path, 64u << 20, NULL) != COSIM_OK)
        return 0;
    (void)LLVMFuzzerTestOneInput(f.data, f.n);
    file_release(&f);
    return 1;
}

int main(int argc, char **argv)
{
    char name[128], path[1024];
    const char *base = strrchr(argv[0], '/');
    int n = 0;

    (void)argc;
    (void)snprintf(name, sizeof name, "%s", base ? base + 1 : argv[0]);
    if (strncmp(name, "fuzz_", 5) != 0 || !strstr(name, ".replay"))
        return 2;
    *strstr(name, ".replay") = '\0';
    (void)snprintf(path, sizeof path, "fuzz/corpus/%s", name + 5);
    DIR *d = opendir(path);
    if (!d) {
        (void)fprintf(stderr, "%s: no corpus\n", path);
        return 1;
    }
    for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
        if (entry->d_name[0] != '.') {
            char file[2048];
            (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            n += feed(file);
        }
    (void)closedir(d);
    (void)printf("%s: %d inputs\n", path, n);
    return n > 0 ? 0 : 1;
}
