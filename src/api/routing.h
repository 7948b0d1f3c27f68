/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a call of cosim_route works with. */
#ifndef API_ROUTING_H
#define API_ROUTING_H

#include "api/route.h"

struct routing {
    cosim *c;
    const struct study *s;
    const cosim_route_options *o;
    struct arena arena;
    const struct platform *platform;
    struct route_search search;
    struct route_sampling sampling; /* algorithm NULL: exact */
    bool forked;                    /* algorithm ilp */
    int lead; /* the first objective that was named: its best placement is shown */
    struct route_setup setup;
};

/** All best placements, or the one that is best in the first objective. */
cosim_status routing_solve(struct placement_front *f, struct routing *r,
                           const struct route_setup *u, bool only_lead, cosim_error *e);

/** The placement that is shown: number --pick of the front, else the best in the first objective.
 * note: how it was found. */
cosim_status routing_choose(const struct placement **plan, const char **note, struct routing *r,
                            cosim_error *e);

/** "gpu=0.5": half the clock. */
cosim_status routing_parse_throttle(struct routing *r, const char *text, struct route_event *event,
                                    cosim_error *e);

/** Plan, nodes and totals of the integer problem (--algorithm ilp). */
cosim_status routing_show_forked(struct routing *r, struct table **t, cosim_error *e);

cosim_status routing_show_events(struct routing *r, struct table **t, cosim_error *e);

#endif
