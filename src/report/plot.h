/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Pictures of result tables. Kinds are rows of plot_kind_list, one file each; what a picture looks
 * like is said in gnuplot templates (reports/<kind>.gp), what it shows is said here.
 *
 * Rules for every kind: an axis always covers all known values; bars start at zero; a logarithmic
 * axis is labelled as such; rows that cannot be drawn are counted in a line under the picture.
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "core/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum plot_scale { PLOT_AUTO, PLOT_LINEAR, PLOT_LOG }; /* auto: log beyond a range of 30 */

struct plot_axis {
    const char *column; /* of the table */
    const char *label;  /* NULL = from the column; its unit is added */
    enum plot_scale scale;
    bool maximise; /* larger is better */
};

/* A roof: exactly one of the two rates is known (> 0), the other 0. */
struct plot_ceiling {
    const char *device, *name; /* "H100 SXM", "bf16 dense" or "HBM3" */
    double flops_per_s, bytes_per_s;
};

/* Columns that a kind does not read stay zero. */
struct plot_spec {
    const char *kind;
    const char *title, *subtitle; /* NULL: the table's title, nothing */
    struct plot_axis x, y, value;
    const char *group; /* column whose values get colours and shapes, or NULL */
    const char *flag;  /* pareto: bool column, member of the front; NULL: the front in x and y */
    const char *label; /* column with texts to print beside points, or NULL */
    const char *mark;  /* pareto, curve: rows with a text there are pointed out by it; or NULL */
    const struct plot_ceiling *ceiling;
    size_t n_ceilings;
    bool shares;             /* breakdown: every bar is 100 % */
    unsigned labels_max;     /* 0 = 12 */
    unsigned width, height;  /* pixels; 0 = 1200 x 800 */
    unsigned columns, lines; /* characters for text; 0 = 79 x 24 */
    const char *template_dir;
    const char *script_path; /* also keep the gnuplot script there, or NULL */
};

struct plot;

struct plot_kind {
    const char *name, *doc; /* doc names the columns that the kind reads */
    cosim_status (*emit)(struct plot *p, cosim_error *e);
};

extern const struct plot_kind plot_kind_list[];
extern const size_t n_plot_kinds;

/**
 * Draws to `path` (kind of file by its ending: png, svg, pdf, txt, gp) or, when path is NULL, as
 * text to `out`.
 * EUNKNOWN: kind, column or file ending. ERANGE: nothing to draw, or no logarithm of a value.
 * EIO: template or gnuplot missing, gnuplot failed, output not writable.
 */
cosim_status report_plot(const struct table *t, const struct plot_spec *s, const char *path,
                         FILE *out, cosim_error *e);

#endif
