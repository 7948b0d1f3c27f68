/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * exp and log made of + - * / and exact bit operations only: the same bits on every machine, so
 * that an accept decision cannot depend on the C library. Within 1e-15 relative of the true value.
 *
 * source   argument reduction by ln 2 in two parts (W. Cody and W. Waite, "Software Manual for the
 *          Elementary Functions", 1980), then series: exp by Taylor, log by 2 artanh(s)
 */
#ifndef CORE_DETMATH_H
#define CORE_DETMATH_H

/** e^x; 0 below -745.2, infinity above 709.8, NaN for NaN. Subnormal results are less exact. */
double det_exp(double x);

/** Natural logarithm; -infinity for 0, NaN below 0. Near 1 the error is relative to the result. */
double det_log(double x);

/** base^y for base >= 0 by det_exp(y det_log(base)); relative error about |y ln base| 2^-52. */
double det_pow(double base, double y);

#endif
