/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moving nodes off overfull memories, for the search over placements. */
#ifndef API_ROUTE_REPAIR_H
#define API_ROUTE_REPAIR_H

#include "api/route.h"

/** Bytes over the capacities, each relative to its own. */
double route_overflow(const struct route_problem *p, const double *pool_bytes);

/**
 * search_problem.repair of a route_space: while a memory is overfull, the one change of a row that
 * leaves the least overflow, and of those that end it the one that costs the least time: a cut
 * slides, or else a slot gets another option.
 */
void route_repair(const void *space, double *x);

size_t route_space_slot(const struct route_space *s, const double *x, size_t node);
void route_space_place(const struct route_space *s, const double *x, size_t node,
                       struct placement *plan);
double route_node_s(const struct route_problem *p, size_t node, const struct route_option *o);

#endif
