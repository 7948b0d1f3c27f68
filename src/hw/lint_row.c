/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lint rules on what a device is: names, provenance, silicon, power, money. */
#include "hw/lint_rules.h"

#include <string.h>

#define N_OF(x) (sizeof(x) / sizeof *(x))

void lint_slug(struct lint *l)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const char *s = l->d->id;

    for (;;) {
        const size_t n = strspn(s, letters);
        if (n == 0 || (s[n] != '-' && s[n] != '\0')) {
            lint_blame(l, AT(id), "write it as h100-sxm", "'%s' is not a slug", l->d->id);
            return;
        }
        if (s[n] == '\0')
            return;
        s += n + 1;
    }
}

/* Devices are sorted when loaded: a line before that of the predecessor was out of order. */
void lint_sorted(struct lint *l)
{
    if (l->i_device == 0)
        return;
    const struct device *before = l->d - 1;
    if (before->line > l->d->line)
        lint_blame(l, AT(id), "sort the rows by id", "'%s' stands before '%s'", l->d->id,
                   before->id);
}

/* Class, and TDP of one device of it in watts. */
static const struct {
    const char *name;
    double tdp_lo_w, tdp_hi_w;
} classes[] = {
    { "gpu", 15, 2500 }, { "cpu", 5, 700 },     { "npu", 0.5, 100 }, { "tpu", 20, 1500 },
    { "fpga", 5, 400 },  { "asic", 10, 30000 }, { "soc", 1, 200 },
};

void lint_class(struct lint *l)
{
    for (size_t i = 0; i < N_OF(classes); i++)
        if (strcmp(classes[i].name, l->d->device_class) == 0)
            return;
    lint_blame(l, AT(device_class), "one of gpu cpu npu tpu fpga asic soc", "no class '%s'",
               l->d->device_class);
}

void lint_source(struct lint *l)
{
    enum { SHORTEST = 6 };

    if (strlen(l->d->source) < SHORTEST)
        lint_blame(l, AT(source), "name the document", "'%s' cannot be looked up", l->d->source);
}

void lint_from_memory(struct lint *l)
{
    static const double recalled_most = 0.5;
    const char *s = l->d->fields_from_memory;

    if (!s)
        return;
    if (strcmp(s, "all") == 0) {
        if (!(l->d->confidence_ratio <= recalled_most))
            lint_blame(l, AT(confidence_ratio), "see the rule in hwdb/README.md",
                       "%g is too sure of a row that was recalled", l->d->confidence_ratio);
        return;
    }
    while (*s) {
        const size_t n = strcspn(s, " ");
        if (!device_has_column(s, n))
            lint_blame(l, AT(fields_from_memory), "write the column without its unit",
                       "no column '%.*s'", (int)n, s);
        s += n + strspn(s + n, " ");
    }
}

void lint_year(struct lint *l)
{
    lint_window(l, AT(year), 2010, 2028, "a year of launch");
}

/* Marketing nodes and the year in which the first logic product on each was sold. */
static const struct {
    double node_nm, year;
} nodes[] = {
    { 45, 2007 }, { 40, 2008 }, { 32, 2010 }, { 28, 2011 }, { 22, 2012 }, { 20, 2014 },
    { 16, 2015 }, { 14, 2014 }, { 12, 2017 }, { 10, 2017 }, { 8, 2018 },  { 7, 2018 },
    { 6, 2020 },  { 5, 2020 },  { 4, 2021 },  { 3, 2022 },  { 2, 2025 },
};

void lint_process(struct lint *l)
{
    const double node_nm = lint_value(l, AT(process_nm)), year = lint_value(l, AT(year));

    if (!is_known(node_nm))
        return;
    if (lint_begins(l->d->vendor, "Intel") && node_nm == 10.0 && year >= 2022.0) {
        lint_blame(l, AT(process_nm), "write 7: Intel 7 was called 10 nm before",
                   "10 nm for an Intel part of %g", year);
        return;
    }
    for (size_t i = 0; i < N_OF(nodes); i++)
        if (nodes[i].node_nm == node_nm) {
            if (year < nodes[i].year)
                lint_blame(l, AT(process_nm), NULL, "%g nm was first sold in %g, not in %g",
                           node_nm, nodes[i].year, year);
            return;
        }
    lint_blame(l, AT(process_nm), "write the marketing node: Intel 4 is 4, TSMC N5 is 5",
               "no process is called %g nm", node_nm);
}

void lint_density(struct lint *l)
{
    const double per_mm2 = lint_value(l, AT(transistors)) / lint_value(l, AT(die_mm2));

    if (per_mm2 < 3e6 || per_mm2 > 350e6)
        lint_blame(l, AT(transistors), "the column counts 10^9; multi-die parts give the sum",
                   "%.3g million transistors per mm2 (3 to 350)", per_mm2 / 1e6);
}

void lint_tdp(struct lint *l)
{
    for (size_t i = 0; i < N_OF(classes); i++)
        if (strcmp(classes[i].name, l->d->device_class) == 0)
            lint_window(l, AT(tdp_w), classes[i].tdp_lo_w, classes[i].tdp_hi_w,
                        "the power of one device of its class");
}

/* Parts whose vendors state no TDP; figures in circulation are guesses or measurements. */
void lint_unpublished(struct lint *l)
{
    static const char *const prefix[] = { "apple-m3",  "apple-m4", "snapdragon-8-",
                                          "dimensity", "tpu-v5",   "tpu-v6",
                                          "tpu-v7",    "trainium", "inferentia" };

    for (size_t i = 0; i < N_OF(prefix); i++)
        if (lint_begins(l->d->id, prefix[i]) && is_known(lint_value(l, AT(tdp_w))))
            lint_blame(l, AT(tdp_w), "leave the cell empty", "no TDP of '%s' is published",
                       l->d->id);
}

void lint_idle(struct lint *l)
{
    if (lint_value(l, AT(idle_w)) >= lint_value(l, AT(tdp_w)))
        lint_blame(l, AT(idle_w), NULL, "%g W idle, %g W TDP", l->d->idle_w, l->d->tdp_w);
}

void lint_price(struct lint *l)
{
    lint_window(l, AT(price_usd), 30, 60000, "the price of one device in USD");
    lint_window(l, AT(cloud_usd_per_s), 0.02, 25, "the rent of one device in USD per hour");
}
