/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/algo.h"

#include <string.h>

const struct search_algo *const search_algos[] = {
#define ALGO(name) &algo_##name,
#include "search/algo_list.h"
#undef ALGO
};
const size_t n_search_algos = sizeof search_algos / sizeof *search_algos;

const struct search_algo *search_algo_find(const char *name)
{
    for (size_t i = 0; i < n_search_algos; i++)
        if (strcmp(search_algos[i]->name, name) == 0)
            return search_algos[i];
    return NULL;
}
