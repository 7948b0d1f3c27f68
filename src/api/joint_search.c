/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/joint_search.h"

#include "api/joint.h"
#include "api/rows.h"
#include "core/hash.h"
#include "core/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Blocks that change places add up to the same sums but for the last bits: those are no trade. */
static double rounded(double v)
{
    int exponent;
    const double mantissa = frexp(v, &exponent);

    return ldexp(nearbyint(ldexp(mantissa, 40)), exponent - 40);
}

/* Rows are priced one by one, each with memory of its own: threads share nothing. */
static void evaluate(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation)
{
    const struct joint *j = ctx;
    const struct sweep_request *q = &j->r.request;

    for (size_t i = 0; i < n; i++) {
        struct arena a = { NULL };
        struct joint_choice c;
        struct joint_point p;
        joint_read(j, x + i * j->n_axes, &c);
        /* memory that is out makes a point that cannot be priced, as a broken layout does */
        if (joint_price(j, &c, false, &p, &a, NULL) != COSIM_OK)
            p.point.reject = REJECT_UNKNOWN;
        violation[i] = job_violation(q, &p.point, p.over_ratio);
        job_objectives(q, &p.point, obj, i);
        for (size_t k = 0; k < q->n_objectives; k++)
            obj[k][i] = rounded(obj[k][i]);
        arena_release(&a);
    }
}

static uint64_t hash_labels(const struct joint *j)
{
    uint64_t h = job_hash_request(&j->r.request);

    for (size_t i = 0; i < j->n_axes; i++) {
        const char *name = j->search[i].name;
        h = hash_bytes(h, name, strlen(name) + 1);
        for (size_t v = 0; v < j->search[i].n; v++) {
            char buffer[64];
            const char *label = joint_label(j, i, v, buffer);
            h = hash_bytes(h, label, strlen(label) + 1);
        }
    }
    return h;
}

#define SEEDS_MAX 64u

/* Rows to start from: one weight format and one cache everywhere, all nodes on one member, the
 * rest of the axes at their first values. */
static cosim_status make_seeds(const struct joint *j, struct search_problem *p, struct arena *a,
                               cosim_error *e)
{
    const size_t n_w = j->n_parts > 0 ? j->r.space.n[AXIS_W] : 1,
                 n_kv = j->n_kv_blocks > 1 ? j->r.space.n[AXIS_KV] : 1,
                 n_members = j->platform ? j->platform->n_members : 1;
    const size_t all = n_w * n_kv * n_members, n = all < SEEDS_MAX ? all : SEEDS_MAX;
    double *row = ARENA_NEW(a, double, n * j->n_axes);

    if (!row)
        return err_set(e, COSIM_ENOMEM, "out of memory for a joint search");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < j->n_axes; k++) {
            double *x = &row[i * j->n_axes + k];
            if (j->axis[k].kind == JOINT_WEIGHT)
                *x = (double)(i % n_w);
            else if (j->axis[k].kind == JOINT_CACHE)
                *x = (double)(i / n_w % n_kv);
            else if (j->axis[k].kind == JOINT_MEMBER)
                *x = (double)(i / n_w / n_kv);
        }
    p->seed = row;
    p->n_seeds = n;
    return COSIM_OK;
}

static cosim_status add_rows(struct table *t, const struct joint *j, const struct search_job *job,
                             cosim_error *e)
{
    const size_t n = archive_size(job->front);
    struct arena a = { NULL };
    size_t *order = ARENA_NEW(&a, size_t, n);
    double *x = ARENA_NEW(&a, double, j->n_axes);
    cosim_status st = order && x ? front_order(job->front, order, &a, e)
                                 : err_set(e, COSIM_ENOMEM, "out of memory for %zu points", n);

    for (size_t i = 0; st == COSIM_OK && i < n; i++) {
        struct arena scratch = { NULL };
        if (!search_result_point(&job->result, archive_ids(job->front)[order[i]], x))
            st = err_set(e, COSIM_EINTERNAL, "a member of the front has no row");
        else
            st = joint_table_add(t, j, x, &scratch, e);
        arena_release(&scratch);
    }
    arena_release(&a);
    return st;
}

/* "2 weight formats in 4 blocks of 2 sets": what was varied beyond the axes of a sweep. */
static cosim_status note_space(struct table *t, const struct joint *j, cosim_error *e)
{
    double log10_points = 0.0;

    for (size_t i = 0; i < j->n_axes; i++)
        log10_points += log10((double)j->search[i].n);
    TRY(table_note(t, e, "joint space: %zu axes, 10^%.1f points", j->n_axes, log10_points));
    if (j->n_parts > 0)
        TRY(table_note(t, e, "weights: %zu formats in %zu blocks of layers, %zu sets of tensors",
                       j->r.space.n[AXIS_W], j->n_blocks, j->n_parts));
    if (j->n_kv_blocks > 1)
        TRY(table_note(t, e, "cache: %zu pairs in %zu blocks of layers", j->r.space.n[AXIS_KV],
                       j->n_kv_blocks));
    if (j->platform)
        TRY(table_note(t, e, "places: %zu stages on the %zu members of %s", j->n_stages,
                       j->platform->n_members, j->platform->id));
    if (j->n_parts > 0 || j->n_kv_blocks > 1)
        TRY(table_note(t, e, "mixed formats: %s are added (assumed)",
                       j->w_loss || j->kv_loss
                           ? "losses of layers from sensitivity tables"
                           : "measured losses of whole models, shared out by parameters and "
                             "layers,"));
    return COSIM_OK;
}

static cosim_status search(struct joint *j, struct search_job *job, cosim *c, const struct study *s,
                           struct table **t, cosim_error *e)
{
    TRY(joint_resolve(j, c, s, e));
    TRY(job_from_study(job, s, &j->r.request, e));
    struct search_problem problem = {
        .name = "joint design space",
        .n_axes = j->n_axes,
        .n_obj = j->r.request.n_objectives,
        .axis = j->search,
        .ctx = j,
        .evaluate = evaluate,
        .costly = true,
    };
    TRY(make_seeds(j, &problem, &j->arena, e));
    TRY(job_run(job, &problem, study_get(s, STUDY_JOURNAL), hash_labels(j), e));
    TRY(joint_table_new(t, j, e));
    TRY(add_rows(*t, j, job, e));
    TRY(point_table_describe_request(*t, &j->r.request, e));
    TRY(note_space(*t, j, e));
    return job_note(*t, job, e);
}

cosim_status joint_search(struct search_job *job, cosim *c, const struct study *s, struct table **t,
                          cosim_error *e)
{
    struct joint *j = calloc(1, sizeof *j);

    if (!j)
        return err_set(e, COSIM_ENOMEM, "out of memory for a joint search");
    const cosim_status st = search(j, job, c, s, t, e);
    search_result_release(&job->result); /* it points to the axes */
    joint_release(j);
    free(j);
    return st;
}
