/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the chain solvers. */
#ifndef ALLOC_ROUTE_CHECK_H
#define ALLOC_ROUTE_CHECK_H

#include "alloc/route.h"

#include <stdbool.h>

/** Counts within limits, costs >= 0 and known. EUSAGE, ERANGE. */
cosim_status route_check(const struct route_chain *c, cosim_error *e);

#endif
