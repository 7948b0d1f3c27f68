/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

#define ALIGN 64u
/* Under AddressSanitizer every object is a chunk of its own, so that overruns stay visible. */
#ifdef ARENA_ASAN
#define CHUNK_BYTES 0u
#else
#define CHUNK_BYTES (64u * 1024u)
#endif

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    unsigned char *data; /* 64-byte aligned */
};

static struct arena_chunk *chunk_new(size_t need)
{
    const size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    struct arena_chunk *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->data = aligned_alloc(ALIGN, size);
    if (!c->data) {
        free(c);
        return NULL;
    }
    c->size = size;
    return c;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
    if (n == 0 || size == 0)
        n = size = 1;
    if (size > (SIZE_MAX - ALIGN) / n)
        return NULL;
    const size_t need = (n * size + ALIGN - 1) / ALIGN * ALIGN;

    if (!a->head || a->head->size - a->head->used < need) {
        struct arena_chunk *c = chunk_new(need);
        if (!c)
            return NULL;
        c->next = a->head;
        a->head = c;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += need;
    memset(p, 0, need);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    const size_t len = strnlen(s, n);
    char *p = arena_alloc(a, len + 1, 1);

    if (p)
        memcpy(p, s, len);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, SIZE_MAX);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *p = NULL;

    va_start(ap, fmt);
    va_copy(again, ap);
    const int len = vsnprintf(NULL, 0, fmt, ap);
    if (len >= 0 && (p = arena_alloc(a, (size_t)len + 1, 1)) != NULL)
        (void)vsnprintf(p, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return p;
}

void arena_release(struct arena *a)
{
    while (a->head) {
        struct arena_chunk *c = a->head;
        a->head = c->next;
        free(c->data);
        free(c);
    }
}
