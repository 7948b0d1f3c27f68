/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layers of a candidate on the members of a platform: stages of neighbours, one member each. */
#ifndef API_JOINT_PLACE_H
#define API_JOINT_PLACE_H

#include "api/route.h"
#include "eval/point.h"

#define JOINT_STAGES_MAX 8u

/* Rates of every member at every clock, made once. */
struct joint_members {
    size_t n_clocks;
    const double *clock_ratio;
    const struct rates *rates; /* [member][clock] */
};

/* A placement of stages. */
struct joint_platform_at {
    const struct platform *platform;
    const struct joint_members *members;
    size_t n_stages;
    const size_t *cut;       /* n_stages - 1 nodes at which a next stage begins, in any order */
    const size_t *member[2]; /* [phase][stage] */
    const size_t *clock;     /* of each member */
};

/** Opens the platforms of the context and finds one. */
cosim_status joint_platform(const struct platform **p, cosim *c, const struct setting *id,
                            struct arena *a, cosim_error *e);

cosim_status joint_members_make(struct joint_members *m, const struct platform *platform, cosim *c,
                                const double *clock_ratio, size_t n_clocks, struct arena *a,
                                cosim_error *e);

/**
 * Prices a placement into p, whose metrics are unknown so far: reject, times, joules, memory (of
 * the fullest one), underuse; money is not known. `over_ratio`: how much too full the fullest
 * memory is, or 0. `text`: the places, in the arena;
 * NULL: not wanted.
 */
cosim_status joint_place(struct point *p, double *over_ratio, const char **text, cosim *c,
                         const struct load *l, const struct joint_platform_at *at, struct arena *a,
                         cosim_error *e);

#endif
