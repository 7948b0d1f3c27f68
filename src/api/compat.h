/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study counted and priced with another simulator's rules, its known errors included. */
#ifndef API_COMPAT_H
#define API_COMPAT_H

#include "api/resolve.h"
#include "core/table.h"

/** Totals of every point of the space by `peer` ("genz", "llm-viewer"). */
cosim_status compat_estimate(const struct resolved *r, const char *peer, struct table **t,
                             cosim_error *e);

/** Operators of one point. */
cosim_status compat_explain(const struct resolved *r, const char *peer, uint64_t id,
                            struct table **t, cosim_error *e);

#endif
