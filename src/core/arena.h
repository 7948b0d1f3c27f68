/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bump allocator: everything loaded into a context lives in one and dies with it. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* Zero-initialise to start. */
struct arena {
    struct arena_chunk *head;
};

/** Zeroed memory aligned to 64 bytes, or NULL when memory is out or n * size overflows. */
void *arena_alloc(struct arena *a, size_t n, size_t size);

/** Copies at most n bytes of s up to a NUL, terminates; NULL when memory is out. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);

/** printf into the arena; NULL when memory is out. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void arena_release(struct arena *a);

#define ARENA_NEW(a, type, n) ((type *)arena_alloc((a), (n), sizeof(type)))

#endif
