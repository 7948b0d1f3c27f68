/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Numbers for people: four significant digits, SI prefixes where the unit takes them.
 *
 * A unit is looked up whole ("flop/byte") and then by the part before its first '/' ("J/token").
 * Only decimal prefixes: 1 GB is 1e9 bytes.
 * source   The International System of Units (SI), 9th edition, table 7
 */
#ifndef REPORT_SI_H
#define REPORT_SI_H

#include <stdbool.h>
#include <stddef.h>

struct si_unit {
    const char *unit;   /* as in struct column */
    const char *symbol; /* for people; "" = print the number alone */
    const char *suffix; /* end of the column names that carry it: latency_s */
    int lo, hi;         /* smallest and largest prefix, powers of 1000; 0, 0 = none */
};

/** The row for a unit; unknown units get no prefix and stand for themselves. */
struct si_unit si_unit_of(const char *unit);

/** The prefix of power of 1000 p, -4..6: "p" "n" "µ" "m" "" "k" "M" ... */
const char *si_prefix(int p);

/** The power of 1000 that shows |v| best within the unit's limits. */
int si_power(double v, const struct si_unit *u);

/** 1000^p. */
double si_scale(int p);

/** "3.350 TB/s", "12.00 ms", "0.5000", "2048"; "-" for NaN. Returns buf. */
char *si_format(char *buf, size_t n, double v, const char *unit);

/** As si_format without trailing zeros: "3.35 TB/s"; for labels in pictures. */
char *si_format_short(char *buf, size_t n, double v, const char *unit);

/** Writes what follows the number: "ms/token", "flop/byte", "". */
void si_symbol(char *buf, size_t n, const char *unit, int power);

/** Column name without its unit suffix when the suffix matches the unit; else a copy. */
char *si_heading(char *buf, size_t n, const char *name, const char *unit);

#endif
