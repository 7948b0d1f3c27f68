/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eval/metric.h"

#include <string.h>

const struct metric_info metric_table[N_METRICS] = {
#define METRIC_ROW(id, name_, unit_, sense_, doc_)                                                 \
    { .name = name_, .unit = unit_, .doc = doc_, .sense = sense_ },
    METRIC_LIST(METRIC_ROW)
#undef METRIC_ROW
};

enum metric metric_find(const char *name)
{
    for (int m = 0; m < N_METRICS; m++)
        if (strcmp(metric_table[m].name, name) == 0)
            return (enum metric)m;
    return N_METRICS;
}

static const struct {
    const char *name, *doc;
} reject_table[N_REJECTS] = {
#define REJECT_ROW(id, name, doc) { name, doc },
    REJECT_LIST(REJECT_ROW)
#undef REJECT_ROW
};

const char *reject_name(enum reject r)
{
    return reject_table[r].name;
}

const char *reject_doc(enum reject r)
{
    return reject_table[r].doc;
}
