/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/archive_parts.h"

#include <stdlib.h>
#include <string.h>

struct id_at {
    uint64_t id;
    size_t at;
};

static int by_id(const void *pa, const void *pb)
{
    const struct id_at *a = pa, *b = pb;

    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

cosim_status archive_sort(struct archive *a, cosim_error *e)
{
    const size_t n = a->tree.size, m = a->tree.n_obj;

    if (a->is_sorted)
        return COSIM_OK;
    uint64_t *id = malloc((n + 1) * sizeof *id);
    double *obj = malloc((n + 1) * m * sizeof *obj), *out = malloc((n + 1) * m * sizeof *out);
    struct id_at *order = malloc((n + 1) * sizeof *order);
    cosim_status st = COSIM_OK;

    if (!id || !obj || !out || !order) {
        st = err_set(e, COSIM_ENOMEM, "no memory to sort %zu points", n);
        free(id);
        free(out);
        goto done;
    }
    nd_members(&a->tree, id, obj);
    for (size_t i = 0; i < n; i++)
        order[i] = (struct id_at){ id[i], i };
    qsort(order, n, sizeof *order, by_id);
    for (size_t i = 0; i < n; i++) {
        id[i] = order[i].id;
        for (size_t j = 0; j < m; j++)
            out[j * n + i] = obj[j * n + order[i].at];
    }
    free(a->sorted_id);
    free(a->sorted_obj);
    a->sorted_id = id;
    a->sorted_obj = out;
    a->is_sorted = true;
done:
    free(obj);
    free(order);
    return st;
}

size_t archive_size(const struct archive *a)
{
    return a->tree.size;
}

size_t archive_n_obj(const struct archive *a)
{
    return a->tree.n_obj;
}

uint64_t archive_n_nan(const struct archive *a)
{
    return a->n_nan;
}

const uint64_t *archive_ids(const struct archive *a)
{
    return a->is_sorted ? a->sorted_id : NULL;
}

const double *archive_objective(const struct archive *a, size_t i_obj)
{
    return a->is_sorted ? a->sorted_obj + i_obj * a->tree.size : NULL;
}

int archive_covers(const struct archive *a, const double *x)
{
    struct nd_slot at;

    return nd_find_dominator(&a->tree, x, &at);
}

/* Were the member found equal to x, any other would dominate it: so it is the only one. */
int archive_dominates(const struct archive *a, const double *x)
{
    const size_t m = a->tree.n_obj;
    struct nd_slot at;

    if (!nd_find_dominator(&a->tree, x, &at))
        return 0;
    for (size_t j = 0; j < m; j++)
        if (a->tree.obj[((size_t)at.leaf * m + j) * ND_LEAF + at.slot] != x[j])
            return 1;
    return 0;
}
