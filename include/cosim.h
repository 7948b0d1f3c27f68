/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * cosim: analytical performance and co-design simulator for large language models.
 *
 * Every function that can fail returns a cosim_status and fills an optional cosim_error.
 * The library never prints, never exits and keeps no global state: two contexts never
 * interact. A context must not be used by two threads at the same time.
 * Units are in the names: _s seconds, _j joules, _bytes bytes (1 GB = 1e9), _w watts.
 */
#ifndef COSIM_H
#define COSIM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COSIM_VERSION_MAJOR 0
#define COSIM_VERSION_MINOR 1
#define COSIM_VERSION_PATCH 0

#if defined(__GNUC__)
#define COSIM_API __attribute__((visibility("default")))
#else
#define COSIM_API
#endif

/* name, exit code of the command line, text. The one list of statuses: enum, names, texts, man page. */
#define COSIM_STATUS_MAP(X)                                            \
    X(OK, 0, "success")                                                \
    X(ENO, 1, "the answer is no: infeasible, or a check failed")       \
    X(EUSAGE, 2, "wrong usage")                                        \
    X(ESYNTAX, 3, "malformed input")                                   \
    X(ERANGE, 3, "value out of range")                                 \
    X(EUNKNOWN, 3, "unknown name")                                     \
    X(EUNSUPPORTED, 3, "input asks for something not computed yet")    \
    X(EIO, 4, "input or output failed")                                \
    X(ENOMEM, 4, "out of memory")                                      \
    X(EINTERNAL, 5, "internal error: please report it")                \
    X(EINTERRUPTED, 130, "interrupted: the result is partial")

typedef enum cosim_status {
#define COSIM_STATUS_ENUM(name, exit_code, text) COSIM_##name,
    COSIM_STATUS_MAP(COSIM_STATUS_ENUM)
#undef COSIM_STATUS_ENUM
        COSIM_STATUS_COUNT
} cosim_status;

/** Where and why something failed. line and col are 1-based, 0 = not applicable. */
typedef struct cosim_error {
    cosim_status status;
    unsigned line, col;
    char file[256], msg[512], hint[256];
} cosim_error;

#ifdef __cplusplus
}
#endif
#endif
