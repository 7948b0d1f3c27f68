/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Items spread over threads, an engine each. */
#ifndef API_ARCH_THREADS_H
#define API_ARCH_THREADS_H

#include "api/arch.h"

/** Threads of a study: what it asks for, else all. */
unsigned arch_n_threads(const struct arch_study *s);

/** Calls item(engine, user, i) once for each i < n, in any order and thread. The first error in the
 * order of threads is given; EINTERRUPTED when the context was asked to stop. */
cosim_status arch_for_each(const struct arch_study *s, uint64_t n,
                           cosim_status (*item)(struct arch_engine *g, void *user, uint64_t i,
                                                cosim_error *e),
                           void *user, cosim_error *e);

#endif
