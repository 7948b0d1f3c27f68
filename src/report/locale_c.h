/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with a point, whatever locale the program that uses the library has chosen. */
#ifndef REPORT_LOCALE_C_H
#define REPORT_LOCALE_C_H

#include <locale.h>

struct locale_c {
    locale_t ours, before;
};

/* Of this thread only. Without memory for a locale the caller's one stays. */
static inline void locale_c_enter(struct locale_c *c)
{
    c->ours = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    c->before = c->ours ? uselocale(c->ours) : (locale_t)0;
}

static inline void locale_c_leave(struct locale_c *c)
{
    if (!c->ours)
        return;
    (void)uselocale(c->before);
    freelocale(c->ours);
}

#endif
