/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/sourced.h"

const char *origin_name(enum origin o)
{
    static const char *const name[] = { "unknown", "sheet", "measured", "derived", "assumed" };

    return name[o];
}
