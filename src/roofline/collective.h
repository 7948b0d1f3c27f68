/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alpha-beta model of collectives: docs/model.md 4 (ring and tree forms are recalled there). */
#ifndef ROOFLINE_COLLECTIVE_H
#define ROOFLINE_COLLECTIVE_H

#include "core/num.h"

/* Two algorithms, each hops * alpha + volume * (payload time); the faster one runs. */
struct coll_form {
    double ring_hops, ring_volume, tree_hops, tree_volume;
};

struct coll_form coll_all_reduce(double ranks);
struct coll_form coll_all_gather(double ranks); /* payload = the full gathered buffer */
struct coll_form coll_all_to_all(double ranks); /* payload = what one rank sends */
struct coll_form coll_p2p(void);

/** Seconds without the launch floor; alpha_s per hop, payload_s = payload bytes * s_per_byte. */
static inline double coll_s(const struct coll_form *f, double alpha_s, double payload_s)
{
    const double ring_s = f->ring_hops * alpha_s + f->ring_volume * payload_s;
    const double tree_s = f->tree_hops * alpha_s + f->tree_volume * payload_s;

    return min_f64(ring_s, tree_s);
}

/** Payload at which ring and tree all-reduce take equally long (equation 4.1). */
double coll_crossover_bytes(double ranks, double alpha_s, double bytes_per_s);

#endif
