/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/detmath.h"

#include "core/num.h"

#include <stdint.h>
#include <string.h>

/* ln 2 in two parts; the high one has 32 significant bits, so k * LN2_HI is exact for |k| < 2^21 */
#define LN2_HI 0x1.62e42feep-1
#define LN2_LO 0x1.a39ef35793c76p-33
#define INV_LN2 0x1.71547652b82fep+0

static double pow2(int k) /* 2^k, k in -1022 .. 1023 */
{
    const uint64_t bits = (uint64_t)(k + 1023) << 52;
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* e^r - 1 for |r| <= 0.35: 14 terms, the first left out is below 2^-60 */
static double expm1_small(double r)
{
    double p = 1.0;

    for (int i = 15; i > 2; i--)
        p = 1.0 + p * r / i;
    return r + r * r / 2 * p;
}

double det_exp(double x)
{
    if (!is_known(x))
        return x;
    if (x > 709.79)
        return INF_F64;
    if (x < -745.2)
        return 0;
    const double kf = x * INV_LN2;
    const int k = (int)(kf + (kf < 0 ? -0.5 : 0.5));
    const double hi = x - k * LN2_HI, lo = k * LN2_LO, r = hi - lo;
    const double tail = (hi - r) - lo; /* what r lost in rounding */
    const double v = 1.0 + (expm1_small(r) + tail * (1.0 + r));

    /* two factors, because 2^1024 and 2^-1074 are not normal numbers */
    return v * pow2(k / 2) * pow2(k - k / 2);
}

double det_log(double x)
{
    uint64_t bits;
    int k = 0;

    if (!is_known(x) || x == INF_F64)
        return x;
    if (x <= 0)
        return x < 0 ? UNKNOWN_F64 : -INF_F64;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    memcpy(&bits, &x, sizeof bits);
    k += (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    memcpy(&x, &bits, sizeof x);
    if (x > 1.4142135623730951) {
        x /= 2;
        k++;
    }
    /* x = (1 + s) / (1 - s), |s| <= 0.172; f = x - 1 is exact, ln x = f - f^2/2 + s (f^2/2 + R) */
    const double f = x - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f;
    double p = 0;

    for (int i = 23; i >= 3; i -= 2)
        p = p * z + 2.0 / i;
    return k * LN2_HI - ((half - (s * (half + p * z) + k * LN2_LO)) - f);
}

double det_pow(double base, double y)
{
    if (y == 0)
        return 1;
    if (base == 0)
        return y > 0 ? 0 : INF_F64;
    return det_exp(y * det_log(base));
}
