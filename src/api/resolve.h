/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study's texts become a space and a request; errors point at the text they came from. */
#ifndef API_RESOLVE_H
#define API_RESOLVE_H

#include "api/context.h"
#include "api/sweep.h"

/* Lives as long as its arena; the request points into it. */
struct resolved {
    struct arena arena;
    struct space space;
    struct sweep_request request;
    const struct sweep_algorithm *algorithm; /* set by a sweep */
    const struct quality_db *quality;
    char signature[17]; /* of axes and values: point ids mean something only with it */
};

/** Zero-initialises `r`; resolved_release also after an error. */
cosim_status resolve(struct resolved *r, cosim *c, const struct study *s, cosim_error *e);

/** The part of `resolve` that needs no space: objectives, limits, samples, seed, threads, cloud. */
cosim_status resolve_request(struct sweep_request *q, const struct study *s, cosim_error *e);

/** Measured quality of the formats of a point. */
void resolved_quality(const struct resolved *r, const size_t digit[N_AXES], struct quality *q);

void resolved_release(struct resolved *r);

#endif
