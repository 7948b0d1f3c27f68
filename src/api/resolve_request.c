/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objectives, limits and how to search: what a study asks of a space. */
#include "api/resolve.h"

#include "core/num.h"
#include "core/text.h"

#include <string.h>

static cosim_status find_metric(const char *name, struct src_pos at, enum metric *m, cosim_error *e)
{
    struct nearest near = { .want = name };

    *m = metric_find(name);
    if (*m != N_METRICS)
        return COSIM_OK;
    for (int i = 0; i < N_METRICS; i++)
        nearest_offer(&near, metric_table[i].name);
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "unknown metric '%s'", name);
    err_hint(e, nearest_suggestion(&near) ? "did you mean '%s'?" : "see 'cosim list objectives'%s",
             nearest_suggestion(&near) ? nearest_suggestion(&near) : "");
    return st;
}

static cosim_status pick_objectives(struct sweep_request *q, const struct study *s, cosim_error *e)
{
    struct list_walk w = { .list = study_get(s, STUDY_OBJECTIVES) };
    cosim_status st;

    while (list_next(&w, &st, e)) {
        enum metric m;
        TRY(find_metric(w.token, w.at, &m, e));
        for (size_t i = 0; i < q->n_objectives; i++)
            if (q->objective[i] == m)
                return err_at(e, COSIM_ESYNTAX, &w.at, "objective '%s' is given twice", w.token);
        if (q->n_objectives == SWEEP_OBJECTIVES_MAX)
            return err_at(e, COSIM_ERANGE, &w.at, "more than %u objectives", SWEEP_OBJECTIVES_MAX);
        q->objective[q->n_objectives++] = m;
    }
    if (st == COSIM_OK && q->n_objectives < 2)
        return err_at(e, COSIM_ERANGE, &w.at, "a trade needs 2 to %u objectives",
                      SWEEP_OBJECTIVES_MAX);
    return st;
}

static cosim_status pick_limits(struct sweep_request *q, const struct study *s, cosim_error *e)
{
    for (size_t i = 0; i < s->n_limits; i++) {
        const struct setting v = s->limit[i].setting;
        struct sweep_limit *l = &q->limit[i];
        const char *equal = strchr(v.text, '=');
        char name[64];

        if (!equal || equal == v.text || (size_t)(equal - v.text) >= sizeof name)
            return err_at(e, COSIM_ESYNTAX, &v.at, "'%.60s' is not METRIC=VALUE", v.text);
        memcpy(name, v.text, (size_t)(equal - v.text));
        name[equal - v.text] = '\0';
        l->sense = s->limit[i].sense;
        TRY(find_metric(name, v.at, &l->metric, e));
        if (!text_to_f64(equal + 1, &l->bound))
            return err_at(e, COSIM_ESYNTAX, &v.at, "'%.40s' is not a finite number", equal + 1);
    }
    q->n_limits = s->n_limits;
    return COSIM_OK;
}

static cosim_status pick_search(struct sweep_request *q, const struct study *s, cosim_error *e)
{
    const struct setting samples = study_get(s, STUDY_SAMPLES), seed = study_get(s, STUDY_SEED);
    const struct setting epsilon = study_get(s, STUDY_EPSILON);
    const struct setting threads = study_get(s, STUDY_THREADS), cloud = study_get(s, STUDY_CLOUD);
    uint64_t n_threads = 0;

    TRY(setting_u64(&samples, 1, UINT64_C(1) << 53, &q->samples, e));
    TRY(setting_u64(&seed, 0, UINT64_MAX, &q->seed, e));
    TRY(setting_u64(&threads, 0, 1024, &n_threads, e));
    TRY(setting_u64(&cloud, 0, 10000000, &q->cloud, e));
    q->threads = (unsigned)n_threads;
    if (epsilon.text
        && (!text_to_f64(epsilon.text, &q->epsilon) || !(q->epsilon > 0.0 && q->epsilon <= 1.0)))
        return err_at(e, COSIM_ERANGE, &epsilon.at, "'%.40s' is no ratio above 0, up to 1",
                      epsilon.text);
    return COSIM_OK;
}

cosim_status resolve_request(struct sweep_request *q, const struct study *s, cosim_error *e)
{
    TRY(pick_objectives(q, s, e));
    TRY(pick_limits(q, s, e));
    return pick_search(q, s, e);
}
