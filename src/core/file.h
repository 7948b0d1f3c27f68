/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole input files in memory, with a size limit and clear errors. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/err.h"

#include <stddef.h>

struct file_bytes {
    unsigned char *data; /* n bytes and a NUL after them */
    size_t n;
};

/** Reads a file ("-" = stdin) of at most `max` bytes. EIO names the reason. Free with file_release.
 */
cosim_status file_read(struct file_bytes *f, const char *path, size_t max, cosim_error *e);
void file_release(struct file_bytes *f);

#endif
