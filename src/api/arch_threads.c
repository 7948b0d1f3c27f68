/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/arch_threads.h"

#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>
#endif

unsigned arch_n_threads(const struct arch_study *s)
{
#ifdef _OPENMP
    return s->r.request.threads > 0 ? s->r.request.threads : (unsigned)omp_get_max_threads();
#else
    (void)s;
    return 1;
#endif
}

struct worker {
    struct arch_engine engine;
    cosim_status st;
    cosim_error e;
};

struct job {
    const struct arch_study *s;
    cosim_status (*item)(struct arch_engine *g, void *user, uint64_t i, cosim_error *e);
    void *user;
    uint64_t n, next; /* next: shared, atomic */
    bool failed;      /* shared, atomic */
};

static void work(struct job *j, struct worker *w)
{
    const volatile sig_atomic_t *stop = j->s->r.request.stop;

    for (;;) {
        uint64_t i;
        bool failed;
#pragma omp atomic read
        failed = j->failed;
#pragma omp atomic capture
        i = j->next++;
        if (failed || i >= j->n)
            return;
        w->st = stop && *stop ? err_set(&w->e, COSIM_EINTERRUPTED, "interrupted")
                              : j->item(&w->engine, j->user, i, &w->e);
        if (w->st != COSIM_OK) {
#pragma omp atomic write
            j->failed = true;
            return;
        }
    }
}

cosim_status arch_for_each(const struct arch_study *s, uint64_t n,
                           cosim_status (*item)(struct arch_engine *g, void *user, uint64_t i,
                                                cosim_error *e),
                           void *user, cosim_error *e)
{
    const unsigned threads = arch_n_threads(s);
    struct worker *worker = calloc(threads, sizeof *worker);
    struct job j = { .s = s, .item = item, .user = user, .n = n };
    cosim_status st = COSIM_OK;

    if (!worker)
        return err_set(e, COSIM_ENOMEM, "out of memory for %u threads", threads);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (unsigned i = 0; i < threads; i++) {
        arch_engine_init(&worker[i].engine, s);
        work(&j, &worker[i]);
    }
    for (unsigned i = 0; i < threads; i++) {
        arch_engine_release(&worker[i].engine);
        if (st != COSIM_OK || worker[i].st == COSIM_OK)
            continue;
        st = worker[i].st;
        if (e && e->status == COSIM_OK)
            *e = worker[i].e;
    }
    free(worker);
    return st;
}
