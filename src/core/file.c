/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static cosim_status grow(struct file_bytes *f, size_t *cap, size_t max, const struct src_pos *at,
                         cosim_error *e)
{
    if (f->n > max)
        return err_at(e, COSIM_ERANGE, at, "file is larger than %zu bytes", max);
    if (f->n + 1 < *cap)
        return COSIM_OK;
    const size_t bigger = *cap ? 2 * *cap : 65536;
    unsigned char *data = realloc(f->data, bigger);
    if (!data)
        return err_at(e, COSIM_ENOMEM, at, "out of memory");
    f->data = data;
    *cap = bigger;
    return COSIM_OK;
}

cosim_status file_read(struct file_bytes *f, const char *path, size_t max, cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };
    const int is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "rb");
    cosim_status st = COSIM_OK;
    size_t cap = 0;

    *f = (struct file_bytes){ NULL, 0 };
    if (!in)
        return err_at(e, COSIM_EIO, &at, "cannot open: %s", strerror(errno));
    while ((st = grow(f, &cap, max, &at, e)) == COSIM_OK) {
        const size_t got = fread(f->data + f->n, 1, cap - f->n - 1, in);
        f->n += got;
        if (got == 0)
            break;
    }
    if (st == COSIM_OK && ferror(in))
        st = err_at(e, COSIM_EIO, &at, "cannot read: %s", strerror(errno));
    if (!is_stdin)
        (void)fclose(in);
    if (st != COSIM_OK)
        file_release(f);
    else
        f->data[f->n] = '\0';
    return st;
}

void file_release(struct file_bytes *f)
{
    free(f->data);
    *f = (struct file_bytes){ NULL, 0 };
}
