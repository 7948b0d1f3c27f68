/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/prune.h"

#include <stdbool.h>
#include <stdlib.h>

static bool has(kv_pair_set s, size_t pair)
{
    return s >> pair & 1u;
}

size_t kv_set_count(kv_pair_set s)
{
    size_t n = 0;

    for (size_t i = 0; i < KV_N_PAIRS; i++)
        n += has(s, i);
    return n;
}

static unsigned imbalance(size_t pair)
{
    const struct kv_pair p = kv_pair_of(pair);

    return p.k_bits > p.v_bits ? p.k_bits - p.v_bits : p.v_bits - p.k_bits;
}

/* a makes b superfluous. */
static bool beats(const double *error, size_t a, size_t b)
{
    const unsigned bits_a = kv_pair_bits(kv_pair_of(a)), bits_b = kv_pair_bits(kv_pair_of(b));

    if (bits_a > bits_b || error[a] > error[b])
        return false;
    if (bits_a < bits_b || error[a] < error[b])
        return true;
    return imbalance(a) != imbalance(b) ? imbalance(a) < imbalance(b) : a < b;
}

kv_pair_set kv_prune(const double error[KV_N_PAIRS], kv_pair_set candidates)
{
    kv_pair_set kept = 0;

    for (size_t b = 0; b < KV_N_PAIRS; b++) {
        bool stays = has(candidates, b);
        for (size_t a = 0; a < KV_N_PAIRS && stays; a++)
            stays = a == b || !has(candidates, a) || !beats(error, a, b);
        if (stays)
            kept = (kv_pair_set)(kept | 1u << b);
    }
    return kept;
}

static bool near(const double *x, size_t dim, size_t i, size_t j, double eps)
{
    double sum = 0;

    for (size_t d = 0; d < dim; d++)
        sum += (x[i * dim + d] - x[j * dim + d]) * (x[i * dim + d] - x[j * dim + d]);
    return sum <= eps * eps;
}

static bool is_core(const double *x, size_t n, size_t dim, size_t i, double eps, size_t min)
{
    size_t count = 0;

    for (size_t j = 0; j < n; j++)
        count += near(x, dim, i, j, eps);
    return count >= min;
}

cosim_status kv_dbscan(const double *x, size_t n, size_t dim, double eps, size_t min,
                       size_t *cluster, cosim_error *e)
{
    size_t *queue = calloc(n ? n : 1, sizeof *queue), n_clusters = 0;

    if (!queue)
        return err_set(e, COSIM_ENOMEM, "%zu points", n);
    for (size_t i = 0; i < n; i++)
        cluster[i] = KV_NOISE;
    for (size_t i = 0; i < n; i++) {
        if (cluster[i] != KV_NOISE || !is_core(x, n, dim, i, eps, min))
            continue;
        size_t head = 0, tail = 0;
        queue[tail++] = i;
        cluster[i] = n_clusters;
        while (head < tail) { /* breadth first; border points do not spread */
            const size_t c = queue[head++];
            if (!is_core(x, n, dim, c, eps, min))
                continue;
            for (size_t j = 0; j < n; j++)
                if (cluster[j] == KV_NOISE && near(x, dim, c, j, eps)) {
                    cluster[j] = n_clusters;
                    queue[tail++] = j;
                }
        }
        n_clusters++;
    }
    free(queue);
    return COSIM_OK;
}

/* Layers with the set of layer `first`, their errors over that set side by side. */
static size_t gather(const double *error, const kv_pair_set *set, size_t n_layers, size_t first,
                     size_t *member, double *x)
{
    size_t n = 0;

    for (size_t l = first; l < n_layers; l++) {
        if (set[l] != set[first])
            continue;
        for (size_t p = 0; p < KV_N_PAIRS; p++)
            if (has(set[l], p))
                *x++ = error[l * KV_N_PAIRS + p];
        member[n++] = l;
    }
    return n;
}

static void number_groups(size_t *group, size_t n_layers, size_t *n_groups)
{
    *n_groups = 0;
    /* labels are >= n_layers until here, so a new number never meets an old one */
    for (size_t l = 0; l < n_layers; l++) {
        const size_t label = group[l];
        if (label < n_layers)
            continue;
        for (size_t k = l; k < n_layers; k++)
            if (group[k] == label)
                group[k] = *n_groups;
        ++*n_groups;
    }
}

cosim_status kv_group_layers(const double *error, const kv_pair_set *set, size_t n_layers,
                             double eps, size_t min, size_t *group, size_t *n_groups,
                             cosim_error *e)
{
    double *x = calloc(n_layers * KV_N_PAIRS + 1, sizeof *x);
    size_t *member = calloc(2 * n_layers + 1, sizeof *member), *cluster = member + n_layers;
    cosim_status st = x && member ? COSIM_OK : err_set(e, COSIM_ENOMEM, "%zu layers", n_layers);

    for (size_t l = 0; l < n_layers; l++)
        group[l] = 0;
    for (size_t l = 0; st == COSIM_OK && l < n_layers; l++) {
        if (group[l])
            continue;
        const size_t n = gather(error, set, n_layers, l, member, x);
        st = kv_dbscan(x, n, kv_set_count(set[l]), eps, min, cluster, e);
        for (size_t i = 0; st == COSIM_OK && i < n; i++) /* unique labels: from a member's index */
            for (size_t k = 0; k <= i; k++)
                if (k == i || (cluster[i] != KV_NOISE && cluster[k] == cluster[i])) {
                    group[member[i]] = n_layers + member[k];
                    break;
                }
    }
    free(x);
    free(member);
    if (st == COSIM_OK)
        number_groups(group, n_layers, n_groups);
    return st;
}
