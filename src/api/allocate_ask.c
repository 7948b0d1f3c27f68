/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objectives, their weights, and limits of an allocation. */
#include "api/allocate.h"

#include "core/num.h"
#include "core/text.h"

#include <string.h>

static const char *const metric_name[N_ALLOCATE_METRICS] = {
#define METRIC_NAME(id, name, unit) name,
    ALLOCATE_METRIC_LIST(METRIC_NAME)
#undef METRIC_NAME
};

const char *allocate_metric_name(enum allocate_metric m)
{
    return metric_name[m];
}

static cosim_status find_metric(const char *name, struct src_pos at, enum allocate_metric *m,
                                cosim_error *e)
{
    for (int i = 0; i < N_ALLOCATE_METRICS; i++)
        if (strcmp(metric_name[i], name) == 0) {
            *m = (enum allocate_metric)i;
            return COSIM_OK;
        }
    const cosim_status st =
        err_at(e, COSIM_EUNKNOWN, &at, "an allocation is not judged by '%.40s'", name);
    err_hint(e, "there are ppl_increase_ratio, memory_bytes, tpot_s and j_per_token; "
                "as a limit also weight_bytes");
    return st;
}

static cosim_status read_objectives(struct allocation *al, cosim_error *e)
{
    struct allocate_ask *ask = &al->ask;
    struct list_walk w = { .list = al->study->value[STUDY_OBJECTIVES] };
    cosim_status st = COSIM_OK;

    while (w.list.text && list_next(&w, &st, e)) {
        enum allocate_metric m = ALLOCATE_PPL;
        TRY(find_metric(w.token, w.at, &m, e));
        for (size_t i = 0; i < ask->n_objectives; i++)
            if (ask->objective[i] == m)
                return err_at(e, COSIM_ESYNTAX, &w.at, "objective '%s' is given twice", w.token);
        ask->objective[ask->n_objectives++] = m;
    }
    if (!ask->n_objectives)
        ask->objective[ask->n_objectives++] = ALLOCATE_PPL;
    return st;
}

/* One number an objective, in the same order. */
static cosim_status read_weights(struct allocation *al, cosim_error *e)
{
    struct allocate_ask *ask = &al->ask;
    struct list_walk w = { .list = { al->o->weigh, { "--weigh", 0, 0 } } };
    cosim_status st = COSIM_OK;
    size_t n = 0;

    for (size_t i = 0; i < ask->n_objectives; i++)
        ask->weight[ask->objective[i]] = 1.0;
    if (!al->o->weigh)
        return COSIM_OK;
    while (list_next(&w, &st, e)) {
        double v;
        if (!text_to_f64(w.token, &v) || !(v > 0.0) || v > 1e6)
            return err_at(e, COSIM_EUSAGE, &w.at, "'%.40s' is no weight above 0 up to 1e6",
                          w.token);
        if (n < ask->n_objectives)
            ask->weight[ask->objective[n]] = v;
        n++;
    }
    TRY(st);
    if (n != ask->n_objectives)
        return err_set(e, COSIM_EUSAGE, "%zu weights for %zu objectives", n, ask->n_objectives);
    return COSIM_OK;
}

static cosim_status read_limit(struct allocation *al, const struct limit *l, cosim_error *e)
{
    struct allocate_ask *ask = &al->ask;
    const char *text = l->setting.text, *equal = strchr(text, '=');
    enum allocate_metric m = ALLOCATE_PPL;
    char name[64];
    double v;

    if (!equal || equal == text || (size_t)(equal - text) >= sizeof name)
        return err_at(e, COSIM_ESYNTAX, &l->setting.at, "'%.60s' is not METRIC=VALUE", text);
    memcpy(name, text, (size_t)(equal - text));
    name[equal - text] = '\0';
    if (l->sense < 0) {
        const cosim_status st =
            err_at(e, COSIM_EUSAGE, &l->setting.at, "an allocation has upper limits only");
        err_hint(e, "write --max tpot_s=... for a least speed");
        return st;
    }
    if (!text_to_f64(equal + 1, &v))
        return err_at(e, COSIM_ESYNTAX, &l->setting.at, "'%.40s' is not a finite number",
                      equal + 1);
    if (strcmp(name, "weight_bytes") == 0) {
        ask->max_weight_bytes = v;
        return COSIM_OK;
    }
    TRY(find_metric(name, l->setting.at, &m, e));
    ask->max[m] = v;
    return COSIM_OK;
}

cosim_status allocate_read_ask(struct allocation *al, cosim_error *e)
{
    al->ask.max_weight_bytes = UNKNOWN_F64;
    for (int m = 0; m < N_ALLOCATE_METRICS; m++)
        al->ask.max[m] = UNKNOWN_F64;
    TRY(read_objectives(al, e));
    TRY(read_weights(al, e));
    for (size_t i = 0; i < al->study->n_limits; i++)
        TRY(read_limit(al, &al->study->limit[i], e));
    return COSIM_OK;
}
