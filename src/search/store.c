/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/store.h"

#include <stdlib.h>
#include <string.h>

struct search_store {
    size_t n_vars, n, cap;
    uint64_t *id;
    double *row;
};

cosim_status store_new(struct search_store **out, size_t n_vars, cosim_error *e)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return err_set(e, COSIM_ENOMEM, "no memory for the points of a search");
    (*out)->n_vars = n_vars;
    return COSIM_OK;
}

void store_free(struct search_store *s)
{
    if (!s)
        return;
    free(s->id);
    free(s->row);
    free(s);
}

cosim_status store_put(struct search_store *s, uint64_t id, const double *x, cosim_error *e)
{
    if (s->n == s->cap) {
        const size_t cap = s->cap ? 2 * s->cap : 256;
        uint64_t *ids = realloc(s->id, cap * sizeof *ids);
        if (ids)
            s->id = ids;
        double *rows = ids ? realloc(s->row, cap * s->n_vars * sizeof *rows) : NULL;
        if (!rows)
            return err_set(e, COSIM_ENOMEM, "no memory for %zu points of a search", cap);
        s->row = rows;
        s->cap = cap;
    }
    s->id[s->n] = id;
    memcpy(s->row + s->n * s->n_vars, x, s->n_vars * sizeof *x);
    s->n++;
    return COSIM_OK;
}

const double *store_get(const struct search_store *s, uint64_t id)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (s->id[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->n && s->id[lo] == id ? s->row + lo * s->n_vars : NULL;
}

cosim_status store_trim(struct search_store *s, struct archive *a, cosim_error *e)
{
    if (s->n < 2 * archive_size(a) + 4096)
        return COSIM_OK;
    TRY(archive_sort(a, e));
    const uint64_t *keep = archive_ids(a);
    size_t w = 0, k = 0;
    for (size_t i = 0; i < s->n && k < archive_size(a); i++) {
        while (k < archive_size(a) && keep[k] < s->id[i])
            k++;
        if (k == archive_size(a) || keep[k] != s->id[i])
            continue;
        s->id[w] = s->id[i];
        memmove(s->row + w * s->n_vars, s->row + i * s->n_vars, s->n_vars * sizeof *s->row);
        w++;
    }
    s->n = w;
    return COSIM_OK;
}
