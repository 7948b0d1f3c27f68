/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmocka with a relative comparison of doubles (its own narrows to float). */
#ifndef TESTS_SUPPORT_CLOSE_H
#define TESTS_SUPPORT_CLOSE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define assert_rel(got, want, tolerance)                                                           \
    do {                                                                                           \
        const double got_ = (got), want_ = (want), tol_ = (tolerance);                             \
        if (!(fabs(got_ - want_) <= tol_ * fabs(want_)))                                           \
            fail_msg("%s = %.17g, want %.17g (relative tolerance %g)", #got, got_, want_, tol_);   \
    } while (0)

#endif
