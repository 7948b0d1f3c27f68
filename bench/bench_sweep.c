/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed of the flagship kind of sweep; one `name value unit` a line. */
#include "api/context.h"
#include "api/resolve.h"
#include "core/hash.h"

#include <sys/resource.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void line(const char *name, double value, const char *unit)
{
    (void)printf("%s %.6g %s\n", name, value, unit);
}

/* Hash of the frontier: ids and objectives of all members. */
static uint64_t front_hash(const struct archive *a)
{
    const size_t n = archive_size(a);
    uint64_t h = hash_bytes(HASH_START, archive_ids(a), n * sizeof(uint64_t));

    for (size_t i = 0; i < archive_n_obj(a); i++)
        h = hash_bytes(h, archive_objective(a, i), n * sizeof(double));
    return h;
}

static cosim_status time_sweep(struct resolved *r, unsigned threads, uint64_t *hash, cosim_error *e)
{
    struct sweep_result res;
    char name[64];

    r->request.threads = threads;
    const double start_s = now_s();
    TRY(r->algorithm->run(&r->request, &res, e));
    const double s = now_s() - start_s;
    (void)snprintf(name, sizeof name, "sweep_points_per_s_t%u", threads);
    line(name, (double)res.evaluated / s, "point/s");
    if (threads == 1) {
        line("sweep_points", (double)res.evaluated, "point");
        line("sweep_frontier", (double)archive_size(res.front), "point");
        line("sweep_ns_per_point", s / (double)res.evaluated * 1e9, "ns");
    }
    *hash = front_hash(res.front);
    sweep_release(&res);
    return COSIM_OK;
}

/* Every 16th block without judging or archiving: the evaluator alone. */
static cosim_status time_engine(const struct resolved *r, cosim_error *e)
{
    struct walker w;
    uint32_t asked = 0;
    uint64_t points = 0;

    for (size_t i = 0; i < r->request.n_objectives; i++)
        asked |= 1u << r->request.objective[i];
    cosim_status st = walker_init(&w, &r->space, e);
    const double start_s = now_s();
    for (uint64_t chunk = 0; st == COSIM_OK && chunk * 64 < r->space.n_blocks; chunk += 16)
        for (uint64_t b = chunk * 64;
             st == COSIM_OK && b < chunk * 64 + 64 && b < r->space.n_blocks; b++) {
            st = walker_eval(&w, b, asked, e);
            points += r->space.n_lanes;
        }
    line("engine_ns_per_point", (now_s() - start_s) / (double)points * 1e9, "ns");
    walker_release(&w);
    return st;
}

static cosim_status run(cosim *c, struct study *s, struct resolved *r, cosim_error *e)
{
    uint64_t hash[2];
    struct rusage usage;

    TRY(study_load(s, "bench/sweep.study", e));
    TRY(resolve(r, c, s, e));
    TRY(sweep_algorithm_find("exhaustive", (struct src_pos){ 0 }, &r->algorithm, e));
    TRY(time_engine(r, e));
    TRY(time_sweep(r, 1, &hash[0], e));
    TRY(time_sweep(r, 2, &hash[1], e));
    line("sweep_frontier_identical", hash[0] == hash[1] ? 1.0 : 0.0, "bool");
    (void)getrusage(RUSAGE_SELF, &usage);
    line("sweep_resident_bytes", (double)usage.ru_maxrss * 1024.0, "byte");
    return COSIM_OK;
}

int main(void)
{
    const cosim_options o = { sizeof o, "hwdb", "workloads", NULL };
    cosim_error e = { .status = COSIM_OK };
    struct study study = { .n_limits = 0 };
    struct resolved r = { .algorithm = NULL };
    cosim *c = NULL;
    cosim_status st = cosim_open(&c, &o, &e);

    if (st == COSIM_OK)
        st = run(c, &study, &r, &e);
    if (st != COSIM_OK)
        (void)fprintf(stderr, "bench_sweep: %s: %s\n", e.file, e.msg);
    resolved_release(&r);
    arena_release(&study.arena);
    cosim_close(c);
    return cosim_status_exit_code(st);
}
