/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/si.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds stop at s: nobody reads ks. Ratios and counts of things stay plain. */
static const struct si_unit unit_table[] = {
    { "s", "s", "_s", -4, 0 },
    { "byte", "B", "_bytes", 0, 6 },
    { "byte/s", "B/s", "_bytes_per_s", 0, 6 },
    { "bit", "bit", "_bits", 0, 0 },
    { "J", "J", "_j", -4, 6 },
    { "W", "W", "_w", -3, 6 },
    { "Hz", "Hz", "_hz", 0, 5 },
    { "flop", "flop", "_flops", 0, 6 },
    { "flop/s", "flop/s", "_flops_per_s", 0, 6 },
    { "flop/byte", "flop/byte", "_flops_per_byte", 0, 0 },
    { "s/flop", "s/flop", "_s_per_flop", -4, 0 },
    { "s/byte", "s/B", "_s_per_byte", -4, 0 },
    { "J/flop", "J/flop", "_j_per_flop", -4, 0 },
    { "J/byte", "J/B", "_j_per_byte", -4, 0 },
    { "J/token", "J/token", "_j_per_token", -4, 6 },
    { "s/token", "s/token", "_s_per_token", -4, 0 },
    { "byte/token", "B/token", "_bytes_per_token", 0, 6 },
    { "token", "token", "_tokens", 0, 0 },
    { "token/s", "token/s", "_tokens_per_s", 0, 0 },
    { "USD", "USD", "_usd", 0, 0 },
    { "ratio", "", "_ratio", 0, 0 },
    { "1", "", "", 0, 0 },
    { "", "", "", 0, 0 },
};

static const char *const prefix_table[] = { "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E" };

#define PREFIX_MIN (-4)

struct si_unit si_unit_of(const char *unit)
{
    const size_t base = strcspn(unit, "/");
    struct si_unit u = { unit, unit, "", 0, 0 };

    for (size_t i = 0; i < sizeof unit_table / sizeof *unit_table; i++) {
        if (strcmp(unit_table[i].unit, unit) == 0)
            return unit_table[i];
        if (unit[base] && strncmp(unit_table[i].unit, unit, base) == 0
            && unit_table[i].unit[base] == '\0') {
            u.lo = unit_table[i].lo;
            u.hi = unit_table[i].hi;
        }
    }
    return u;
}

const char *si_prefix(int p)
{
    return prefix_table[p - PREFIX_MIN];
}

double si_scale(int p)
{
    static const double power[] = { 1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18 };

    return power[p - PREFIX_MIN];
}

/* Decimal exponent after rounding to four digits: 999.96 counts as 1000. */
static int exponent(double v)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.3e", v);
    const char *e = strchr(text, 'e');
    return e ? (int)strtol(e + 1, NULL, 10) : 0;
}

int si_power(double v, const struct si_unit *u)
{
    if (!isfinite(v) || v == 0.0)
        return 0;
    const int x = exponent(v), p = x >= 0 ? x / 3 : -((2 - x) / 3);
    return p < u->lo ? u->lo : p > u->hi ? u->hi : p;
}

static void trim_zeros(char *text)
{
    if (!strchr(text, '.') || strchr(text, 'e'))
        return;
    size_t n = strlen(text);
    while (text[n - 1] == '0')
        text[--n] = '\0';
    if (text[n - 1] == '.')
        text[n - 1] = '\0';
}

static void four_digits(char *buf, size_t n, double v)
{
    const int x = v == 0.0 ? 0 : exponent(v);

    if (!isfinite(v))
        (void)snprintf(buf, n, "%s", v > 0 ? "inf" : "-inf");
    else if (v == 0.0)
        (void)snprintf(buf, n, "0");
    else if (x < -4 || x > 5)
        (void)snprintf(buf, n, "%.3e", v);
    else
        (void)snprintf(buf, n, "%.*f", x < 3 ? 3 - x : 0, v);
}

void si_symbol(char *buf, size_t n, const char *unit, int power)
{
    const struct si_unit u = si_unit_of(unit);

    (void)snprintf(buf, n, "%s%s", si_prefix(power), u.symbol);
}

static char *format(char *buf, size_t n, double v, const char *unit, bool short_form)
{
    const struct si_unit u = si_unit_of(unit);
    const bool plain = u.lo == 0 && u.hi == 0;
    const int p = si_power(v, &u);
    char number[40], symbol[64];

    if (isnan(v)) {
        (void)snprintf(buf, n, "-");
        return buf;
    }
    /* whole numbers are counts: 2048 is not 2.048e+03 */
    const bool whole = (plain || fabs(v) < 1000) && fabs(v) < 1e15 && floor(v) == v;
    if (whole)
        (void)snprintf(number, sizeof number, "%.0f", v == 0.0 ? 0.0 : v);
    else
        four_digits(number, sizeof number, v / si_scale(p));
    if (short_form && !whole)
        trim_zeros(number);
    si_symbol(symbol, sizeof symbol, unit, whole ? 0 : p);
    (void)snprintf(buf, n, "%s%s%s", number, *symbol ? " " : "", symbol);
    return buf;
}

char *si_format(char *buf, size_t n, double v, const char *unit)
{
    return format(buf, n, v, unit, false);
}

char *si_format_short(char *buf, size_t n, double v, const char *unit)
{
    return format(buf, n, v, unit, true);
}

char *si_heading(char *buf, size_t n, const char *name, const char *unit)
{
    const struct si_unit u = si_unit_of(unit);
    const size_t len = strlen(name), suffix = strlen(u.suffix);
    const bool match = len > suffix && strcmp(name + len - suffix, u.suffix) == 0;

    (void)snprintf(buf, n, "%.*s", (int)(match ? len - suffix : len), name);
    return buf;
}
