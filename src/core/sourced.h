/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A number with where it came from: every number of a report can be traced. */
#ifndef CORE_SOURCED_H
#define CORE_SOURCED_H

enum origin {
    ORIGIN_UNKNOWN,  /* value is not known (NaN) */
    ORIGIN_SHEET,    /* data sheet or vendor statement */
    ORIGIN_MEASURED, /* measured on silicon, by us or by the named source */
    ORIGIN_DERIVED,  /* computed by a formula from other sourced numbers */
    ORIGIN_ASSUMED   /* our assumption, or extrapolated: labelled so in every output */
};

struct sourced {
    double value; /* SI */
    enum origin origin;
    const char *source;
};

/** "unknown", "sheet", "measured", "derived" or "assumed". */
const char *origin_name(enum origin o);

#endif
