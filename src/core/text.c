/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool text_to_f64(const char *s, double *v)
{
    if (*s == '\0' || s[strspn(s, "0123456789+-.eE")] != '\0')
        return false;
    char *end = NULL;
    errno = 0;
    const double x = strtod(s, &end);
    if (*end != '\0' || end == s || !isfinite(x) || (errno == ERANGE && fabs(x) > 1.0))
        return false;
    *v = x;
    return true;
}

bool text_to_u64(const char *s, uint64_t *v)
{
    uint64_t x = 0;

    if (*s == '\0')
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        const uint64_t digit = (uint64_t)(*s - '0');
        if (x > (UINT64_MAX - digit) / 10)
            return false;
        x = 10 * x + digit;
    }
    *v = x;
    return true;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
    while (*a && lower((unsigned char)*a) == lower((unsigned char)*b)) {
        a++;
        b++;
    }
    return lower((unsigned char)*a) == lower((unsigned char)*b);
}

#define LEN_MAX 64u

static unsigned min_u(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned text_distance(const char *a, const char *b)
{
    unsigned d[3][LEN_MAX + 1];
    const size_t na = strnlen(a, LEN_MAX), nb = strnlen(b, LEN_MAX);

    for (size_t j = 0; j <= nb; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            const int ca = lower((unsigned char)a[i - 1]), cb = lower((unsigned char)b[j - 1]);
            row[j] = min_u(min_u(up[j] + 1, row[j - 1] + 1), up[j - 1] + (ca != cb));
            if (i > 1 && j > 1 && ca == lower((unsigned char)b[j - 2])
                && cb == lower((unsigned char)a[i - 2]))
                row[j] = min_u(row[j], up2[j - 2] + 1);
        }
    }
    return d[na % 3][nb];
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    const unsigned d = text_distance(n->want, candidate);

    if (!n->best || d < n->distance) {
        n->best = candidate;
        n->distance = d;
    }
}

const char *nearest_suggestion(const struct nearest *n)
{
    if (!n->best)
        return NULL;
    const size_t len = strlen(n->want);
    return n->distance <= 1 + len / 3 ? n->best : NULL;
}
