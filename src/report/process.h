/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a program: bytes in, bytes out, what it complained about. No shell, no signal to us. */
#ifndef REPORT_PROCESS_H
#define REPORT_PROCESS_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

struct process_result {
    char *out; /* n_out bytes and a NUL; free with process_release */
    size_t n_out;
    char complaint[1024]; /* the start of its standard error */
    bool missing;         /* not found in PATH, or not executable */
    int exit_code;        /* -1: killed by a signal */
};

/**
 * Starts argv[0] (looked up in PATH), feeds it n bytes, collects its output and waits for it.
 * A program that stops reading early is no error here: see exit_code. When it cannot be started
 * because it is not there, `missing` is set and the status is EIO, as for every failure of the
 * system; ENOMEM for its output.
 */
cosim_status process_run(char *const argv[], const char *input, size_t n, struct process_result *r,
                         cosim_error *e);
void process_release(struct process_result *r);

#endif
