/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placements by the algorithms of src/search. */
#include "api/route.h"
#include "core/text.h"
#include "search/run.h"

#include <stdlib.h>
#include <string.h>

#define ENUMERATED_MAX 100000000u

static cosim_status find_algorithm(const char *name, const struct search_algo **algo,
                                   cosim_error *e)
{
    struct nearest near = { .want = name };

    *algo = search_algo_find(name);
    if (*algo)
        return COSIM_OK;
    for (size_t i = 0; i < n_search_algos; i++)
        nearest_offer(&near, search_algos[i]->name);
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "unknown algorithm '%.40s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    else
        err_hint(e, "'cosim list algorithms' shows all; routing has exact and ilp as well");
    return st;
}

/* Points of equal sums up to rounding are one; the first found stays. */
static cosim_status take_front(struct placement_front *f, const struct route_space *s,
                               const struct archive *archive, const struct search_result *r,
                               struct arena *a, cosim_error *e)
{
    double *x = calloc(s->n_axes, sizeof *x);
    cosim_status st = x ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for placements");

    for (size_t i = 0; st == COSIM_OK && i < archive_size(archive); i++) {
        struct placement *plan = route_plan_new(s->p, 0, a);
        if (!plan)
            st = err_set(e, COSIM_ENOMEM, "out of memory for placements");
        else if (search_result_point(r, archive_ids(archive)[i], x)) {
            route_space_decode(s, x, plan);
            route_plan_sum(s->p, plan);
            st = placement_front_add(f, plan, s->wanted, a, e);
        }
    }
    free(x);
    placement_front_sort(f, s->wanted);
    return st;
}

static cosim_status note_run(struct placement_front *f, const struct search_algo *algo,
                             const struct search_options *o, const struct route_space *s,
                             const struct search_result *r, struct arena *a, cosim_error *e)
{
    const char *space =
        s->n_kinds ? arena_printf(a, "%zu ranges of layers", s->n_cuts + 1) : "every node apart";

    f->note = algo == &algo_exhaustive && space
                  ? arena_printf(a, "exhaustive, %s: all %llu placements priced", space,
                                 (unsigned long long)r->evaluations)
                  : arena_printf(a,
                                 "%s, %s, seed %llu: %llu evaluations, %llu infeasible; stop: %s; "
                                 "nothing is proved",
                                 algo->name, space ? space : "", (unsigned long long)o->seed,
                                 (unsigned long long)r->evaluations,
                                 (unsigned long long)r->infeasible, search_stop_name[r->stop]);
    return f->note ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for placements");
}

static cosim_status run(struct placement_front *f, const struct route_space *s,
                        const struct search_algo *algo, const struct search_options *o,
                        struct arena *a, cosim_error *e)
{
    const struct search_problem problem = route_space_problem(s);
    struct archive *archive = NULL;
    struct search_result r = { .stop = STOP_DONE };

    cosim_status st = archive_new(&archive, problem.n_obj, e);
    if (st == COSIM_OK)
        st = search_run(&problem, algo, o, archive, &r, e);
    if (st == COSIM_OK)
        st = archive_sort(archive, e);
    if (st == COSIM_OK)
        st = take_front(f, s, archive, &r, a, e);
    if (st == COSIM_OK)
        st = note_run(f, algo, o, s, &r, a, e);
    search_result_release(&r);
    archive_free(archive);
    if (st == COSIM_OK && r.stop == STOP_SIGNAL)
        return err_set(e, COSIM_EINTERRUPTED, "stopped while searching placements");
    if (st == COSIM_OK && f->n == 0)
        return err_set(e, COSIM_ENO, "%s found no placement that fits the memories", algo->name);
    return st;
}

cosim_status route_sample(struct placement_front *f, const struct route_problem *p,
                          const bool *wanted, const struct route_sampling *how, struct arena *a,
                          cosim_error *e)
{
    const size_t usual = p->n_nodes > ROUTE_NODES_APART ? ROUTE_RANGES : 0;
    const size_t n_ranges = how->n_ranges == SIZE_MAX ? 0 : how->n_ranges ? how->n_ranges : usual;
    struct search_options o = {
        .budget = how->samples, .seed = how->seed, .threads = 1, .stop = how->stop, .no_trace = true
    };
    const struct search_algo *algo;
    struct route_space s;

    *f = (struct placement_front){ 0 };
    TRY(find_algorithm(how->algorithm, &algo, e));
    TRY(route_space_make(&s, p, wanted, n_ranges, a, e));
    if (algo == &algo_exhaustive) {
        const struct search_problem problem = route_space_problem(&s);
        const uint64_t n = problem_n_points(&problem);
        if (n == 0 || n > ENUMERATED_MAX) {
            const cosim_status st =
                err_set(e, COSIM_ERANGE, "too many placements to price them all");
            err_hint(e, "without --algorithm the front is exact all the same");
            return st;
        }
        o.budget = 0; /* the whole space */
    }
    return run(f, &s, algo, &o, a, e);
}
