/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lint rules on what moves bytes: memory, caches, links. */
#include "hw/lint_rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(x) (sizeof(x) / sizeof *(x))

/* Per kind of memory: GB/s, full reads per second (bandwidth / capacity), GB; each from the devices
 * in the table with a margin that an 8-fold mistake leaves. First match. */
static const struct family {
    const char *prefix;
    double bw_lo, bw_hi, reads_lo, reads_hi, gb_lo, gb_hi;
} families[] = {
    { "HBM4", 5000, 40000, 30, 120, 96, 1024 },  { "HBM", 300, 12000, 12, 120, 4, 600 },
    { "GDDR", 200, 2500, 8, 80, 2, 192 },        { "LPDDR", 16, 1000, 1.4, 15, 1, 1024 },
    { "MRDIMM", 100, 2000, 0.01, 6, 16, 16384 }, { "DDR", 10, 1000, 0.01, 6, 2, 16384 },
    { "SRAM", 1e4, 1e8, 1e4, 1e6, 0.01, 100 },
};

static const struct family *family_of(const struct device *d)
{
    for (size_t i = 0; i < N_OF(families); i++)
        if (lint_begins(d->mem_type, families[i].prefix))
            return &families[i];
    return NULL;
}

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * fabs(b);
}

static bool near_integer(double v)
{
    return v >= 1.0 && near(v, round(v), 1e-3);
}

/* Vendors sell whole GB; 85.9 is 80 GiB in 10^9 bytes and 74.5 is 80 * 10^9 bytes in GiB. */
void lint_gib(struct lint *l)
{
    static const double gib_per_gb = 1.073741824;
    const double gb = lint_cell(l, AT(mem_bytes));

    if (!is_known(gb) || near_integer(gb))
        return;
    if (near_integer(gb / gib_per_gb) || near_integer(gb * gib_per_gb))
        lint_blame(l, AT(mem_bytes), "write the GB of the data sheet: 80",
                   "%g GB looks like a conversion between GB and GiB", gb);
}

void lint_capacity(struct lint *l)
{
    const struct family *f = family_of(l->d);

    if (l->d->mem_type && !f)
        lint_blame(l, AT(mem_type), "begin with HBM, GDDR, LPDDR, DDR, MRDIMM or SRAM",
                   "unknown kind of memory '%s'", l->d->mem_type);
    if (f)
        lint_window(l, AT(mem_bytes), f->gb_lo, f->gb_hi, "a capacity in GB of this memory");
}

void lint_socket(struct lint *l)
{
    const bool dimm = lint_begins(l->d->mem_type, "DDR") || lint_begins(l->d->mem_type, "MRDIMM");

    if (strcmp(l->d->device_class, "cpu") == 0 && dimm && is_known(lint_value(l, AT(mem_bytes)))
        && !(l->d->notes && strstr(l->d->notes, "most the ")))
        lint_blame(l, AT(mem_bytes), "add to the notes: mem_GB: most the socket takes",
                   "a socketed CPU has no memory of its own");
}

/* "DDR5-4800 x12": 12 channels of 8 bytes at 4800 MT/s. Without channels: any number of 32-bit
 * ones. 0 when the type names no speed. */
static double speed_grade_ratio(const char *mem_type, double bytes_per_s)
{
    double mega_transfers = 0, channels = 0;
    const char *dash = strchr(mem_type, '-');
    char *end;

    if (!dash)
        return 0.0;
    mega_transfers = strtod(dash + 1, &end);
    if (mega_transfers <= 0.0)
        return 0.0;
    if (end[0] == ' ' && end[1] == 'x')
        channels = strtod(end + 2, NULL);
    if (channels > 0.0)
        return bytes_per_s / (mega_transfers * 1e6 * 8.0 * channels);
    const double words = bytes_per_s / (mega_transfers * 1e6 * 4.0);
    /* a part with one speed-graded device has at most 512 bits of it */
    return words > 16.0 || words < 0.5 ? words : words / round(words);
}

void lint_mem_bw(struct lint *l)
{
    const double bytes_per_s = lint_value(l, AT(mem_bytes_per_s));
    const double reads_per_s = bytes_per_s / lint_value(l, AT(mem_bytes));
    const struct family *f = family_of(l->d);

    if (!f || !is_known(bytes_per_s))
        return;
    const double graded = speed_grade_ratio(l->d->mem_type, bytes_per_s);
    if (graded != 0.0 && !near(graded, 1.0, 0.012))
        lint_blame(l, AT(mem_bytes_per_s), "GB/s = MT/s * 8 byte * channels / 1000",
                   "%g GB/s does not fit '%s'", bytes_per_s / 1e9, l->d->mem_type);
    lint_window(l, AT(mem_bytes_per_s), f->bw_lo, f->bw_hi, "a bandwidth in GB/s of this memory");
    if (reads_per_s < f->reads_lo || reads_per_s > f->reads_hi)
        lint_blame(l, AT(mem_bytes_per_s), "GB/s, not Gbit/s",
                   "reads its whole memory %.3g times a second (%g to %g for %s)", reads_per_s,
                   f->reads_lo, f->reads_hi, f->prefix);
}

void lint_cache(struct lint *l)
{
    lint_window(l, AT(l1_bytes_per_core), 4, 1e5, "a size in KB of one core's memory");
    lint_window(l, AT(l2_bytes), 0.5, 2000, "a size in MB of on-chip memory");
    if (lint_value(l, AT(l2_bytes_per_s)) < lint_value(l, AT(mem_bytes_per_s)))
        lint_blame(l, AT(l2_bytes_per_s), NULL, "slower than the memory");
}

/* GB/s in one direction of a whole device. */
static const struct {
    const char *prefix;
    double most;
} links[] = {
    { "NVLink2", 150 },       { "NVLink3", 300 },        { "NVLink4", 450 },
    { "NVLink5", 900 },       { "NVLink6", 1800 },       { "NeuronLink-v2", 192 },
    { "NeuronLink-v3", 640 }, { "NeuronLink-v4", 1280 }, { "Infinity Fabric", 600 },
    { "CXL", 128 },           { "ICI", 1200 },
};

/* "ICI 6x50" 300 GB/s, "24x100GbE RoCE" 300 GB/s; 0 when the name holds no such product. */
static double link_product_gb_per_s(const char *type)
{
    for (const char *s = type; *s; s++) {
        unsigned n, each;
        char unit[4] = "";
        const bool starts = s == type || s[-1] == ' ';
        const int got = starts ? sscanf(s, "%3ux%5u%3[A-Za-z]", &n, &each, unit) : 0;
        if (got >= 2)
            return (double)n * (double)each / (strncmp(unit, "GbE", 3) == 0 ? 8.0 : 1.0);
    }
    return 0.0;
}

void lint_link(struct lint *l)
{
    const double gb_per_s = lint_cell(l, AT(link_bytes_per_s));

    if (!is_known(gb_per_s))
        return;
    if (!l->d->link_type || strcmp(l->d->link_type, "none") == 0) {
        lint_blame(l, AT(link_type), NULL, "a link of %g GB/s without a name", gb_per_s);
        return;
    }
    const double product = link_product_gb_per_s(l->d->link_type);
    if (product > 0.0 && !near(gb_per_s, product, 0.02))
        lint_blame(l, AT(link_bytes_per_s), "one direction, in GB/s", "%g GB/s, but '%s' makes %g",
                   gb_per_s, l->d->link_type, product);
    for (size_t i = 0; i < N_OF(links); i++)
        if (lint_begins(l->d->link_type, links[i].prefix) && gb_per_s > 1.02 * links[i].most)
            lint_blame(l, AT(link_bytes_per_s), "one direction: half of the advertised sum",
                       "%g GB/s, but %s has at most %g in one direction", gb_per_s, links[i].prefix,
                       links[i].most);
}

/* Nominal GB/s of one lane and direction, PCIe 1 to 7. */
static const double lane_gb_per_s[] = { 0.25, 0.5, 1, 2, 4, 8, 16 };

void lint_host(struct lint *l)
{
    const double gb_per_s = lint_cell(l, AT(host_bytes_per_s));
    unsigned gen = 0, lanes = 0;

    if (!is_known(gb_per_s) || !lint_begins(l->d->host_type, "PCIe"))
        return;
    if (sscanf(l->d->host_type, "PCIe%1u x%2u", &gen, &lanes) != 2 || gen < 1
        || gen > N_OF(lane_gb_per_s)) {
        lint_blame(l, AT(host_type), "write PCIe5 x16", "'%s' is not a PCIe link", l->d->host_type);
        return;
    }
    const double want = lane_gb_per_s[gen - 1] * lanes;
    if (!near(gb_per_s, want, 0.06))
        lint_blame(l, AT(host_bytes_per_s), "one direction, in GB/s", "%g GB/s, but '%s' makes %g",
                   gb_per_s, l->d->host_type, want);
}
