/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/search_job.h"

#include "core/hash.h"
#include "core/num.h"
#include "core/text.h"
#include "search/thin.h"

#include <stdlib.h>
#include <string.h>

#define PROBES 16u   /* points whose prices go into the signature of a journal */
#define HOPELESS 1e6 /* worse than any violation that can be priced */

cosim_status job_algorithm(struct search_job *job, struct setting name, cosim_error *e)
{
    struct nearest near = { .want = name.text };

    job->algo = search_algo_find(name.text);
    if (job->algo)
        return COSIM_OK;
    for (size_t i = 0; i < n_search_algos; i++)
        nearest_offer(&near, search_algos[i]->name);
    const cosim_status st =
        err_at(e, COSIM_EUNKNOWN, &name.at, "unknown algorithm '%s'", name.text);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'? 'cosim list algorithms' shows all",
                 nearest_suggestion(&near));
    else
        err_hint(e, "'cosim list algorithms' shows all");
    return st;
}

cosim_status job_from_study(struct search_job *job, const struct study *s,
                            const struct sweep_request *q, cosim_error *e)
{
    struct setting name = s->value[STUDY_ALGORITHM];

    if (!name.text)
        name.text = "pgsam";
    TRY(job_algorithm(job, name, e));
    job->epsilon = q->epsilon;
    job->options = (struct search_options){
        .budget = q->samples,
        .seed = q->seed,
        .threads = sweep_threads(q->threads),
        .stop = (const volatile int *)q->stop,
    };
    return COSIM_OK;
}

uint64_t job_hash_request(const struct sweep_request *q)
{
    uint64_t h = HASH_START;

    for (size_t i = 0; i < q->n_objectives; i++) {
        const char *name = metric_table[q->objective[i]].name;
        h = hash_bytes(h, name, strlen(name) + 1);
    }
    for (size_t i = 0; i < q->n_limits; i++) {
        const char *name = metric_table[q->limit[i].metric].name;
        h = hash_bytes(h, name, strlen(name) + 1);
        h = hash_bytes(h, &q->limit[i].sense, sizeof q->limit[i].sense);
        h = hash_bytes(h, &q->limit[i].bound, sizeof q->limit[i].bound);
    }
    return h;
}

/* Other tables or another version price differently: a few points show it. */
static cosim_status add_probes(uint64_t *h, const struct search_problem *p, cosim_error *e)
{
    const size_t n_vars = problem_n_vars(p);
    double *x = calloc(PROBES * n_vars, sizeof *x), violation[PROBES];
    double *column = calloc(PROBES * p->n_obj, sizeof *column), *obj[ARCHIVE_MAX_OBJ];
    cosim_status st = x && column ? COSIM_OK : err_set(e, COSIM_ENOMEM, "no memory for a journal");
    struct rng r;

    rng_stream(&r, 0, 0);
    if (st == COSIM_OK) {
        for (size_t i = 0; i < PROBES; i++)
            problem_random(p, &r, x + i * n_vars);
        for (size_t j = 0; j < p->n_obj; j++)
            obj[j] = column + j * PROBES;
        p->evaluate(p->ctx, PROBES, x, obj, violation);
        *h = hash_bytes(*h, violation, sizeof violation);
        *h = hash_bytes(*h, column, PROBES * p->n_obj * sizeof *column);
    }
    free(x);
    free(column);
    return st;
}

cosim_status job_run(struct search_job *job, const struct search_problem *p, struct setting journal,
                     uint64_t labels, cosim_error *e)
{
    struct search_journal *j = NULL;
    cosim_status st = archive_new(&job->front, p->n_obj, e);

    if (st == COSIM_OK && journal.text) {
        st = add_probes(&labels, p, e);
        if (st == COSIM_OK)
            st = journal_open(&j, journal.text, labels, problem_n_vars(p), p->n_obj, e);
    }
    job->options.journal = j;
    if (st == COSIM_OK)
        st = search_run(p, job->algo, &job->options, job->front, &job->result, e);
    job->options.journal = NULL;
    journal_close(j);
    TRY(st);
    job->n_all = archive_size(job->front);
    return job->epsilon > 0.0 ? archive_thin(&job->front, job->epsilon, e)
                              : archive_sort(job->front, e);
}

cosim_status job_note(struct table *t, const struct search_job *job, cosim_error *e)
{
    const struct search_result *r = &job->result;

    TRY(table_note(t, e, "seed %llu", (unsigned long long)job->options.seed));
    TRY(table_note(t, e, "%s: %llu evaluations, %llu infeasible, %zu points; stop: %s",
                   job->algo->name, (unsigned long long)r->evaluations,
                   (unsigned long long)r->infeasible, job->n_all, search_stop_name[r->stop]));
    if (job->epsilon > 0.0)
        TRY(table_note(t, e, "thinned to %zu points: one in each box of %g %%",
                       archive_size(job->front), 100.0 * job->epsilon));
    if (r->evaluations_to_99 > 0)
        TRY(table_note(t, e, "99 %% of the final hypervolume after %llu evaluations",
                       (unsigned long long)r->evaluations_to_99));
    if (r->proof.n_bounds > 0)
        TRY(table_note(t, e, "bounds pruned %llu points in %llu subtrees",
                       (unsigned long long)r->proof.n_pruned_points,
                       (unsigned long long)r->proof.n_pruned_subtrees));
    return COSIM_OK;
}

void job_release(struct search_job *job)
{
    search_result_release(&job->result);
    archive_free(job->front);
    *job = (struct search_job){ 0 };
}

double job_violation(const struct sweep_request *q, const struct point *p, double over_ratio)
{
    double v = p->reject == REJECT_NONE       ? 0.0
               : p->reject == REJECT_CAPACITY ? over_ratio
                                              : HOPELESS;

    for (size_t i = 0; i < q->n_limits && v < HOPELESS; i++) {
        const struct sweep_limit *l = &q->limit[i];
        const double x = p->metric[l->metric];
        const double over = l->sense > 0 ? x - l->bound : l->bound - x;
        if (!is_known(x))
            v = HOPELESS;
        else if (over > 0.0)
            v += over / max_f64(fabs(l->bound), 1e-300);
    }
    for (size_t i = 0; i < q->n_objectives; i++)
        if (!is_known(p->metric[q->objective[i]]))
            v = HOPELESS;
    return v;
}

void job_objectives(const struct sweep_request *q, const struct point *p, double *const *obj,
                    size_t i)
{
    for (size_t j = 0; j < q->n_objectives; j++) {
        const double v = metric_table[q->objective[j]].sense * p->metric[q->objective[j]];
        obj[j][i] = is_known(v) ? v : 0.0;
    }
}

void job_design_axes(const struct space *s, struct search_axis axis[N_AXES])
{
    for (int a = 0; a < N_AXES; a++)
        axis[a] = (struct search_axis){
            .name = axis_name((enum axis)a),
            .kind = a >= AXIS_TP && a != AXIS_DEVICE ? AXIS_ORDINAL : AXIS_CATEGORICAL,
            .n = (uint32_t)s->n[a],
        };
}

void job_price_design(const struct sweep_request *q, struct walker *w, const double *x,
                      double *const *obj, size_t i, double *violation)
{
    const struct space *s = q->space;
    size_t digit[N_AXES];
    uint64_t id = 0;
    struct point p;

    for (int a = 0; a < N_AXES; a++) {
        digit[a] = (size_t)x[a];
        id = id * s->n[a] + digit[a];
    }
    if (walker_point(w, id, &p, NULL) != COSIM_OK)
        p = (struct point){ .reject = REJECT_UNKNOWN };
    const double usable_bytes = s->rates[space_lane(s, digit)].rate[RATE_MEM_USABLE_BYTES].value;
    *violation = job_violation(q, &p, p.metric[METRIC_MEMORY] / usable_bytes - 1.0);
    job_objectives(q, &p, obj, i);
}
